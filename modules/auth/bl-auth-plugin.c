// SPDX-License-Identifier: Apache-2.0
/* What the auth module tells the host about itself. */
#include "bl-auth.h"
#include "bl-build-config.h"

static BlAuth *the_auth;

static gboolean
activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  the_auth = bl_auth_start_finish (result, error);
  return the_auth != NULL;
}

static void
deactivate (BowlineHost *host)
{
  g_clear_pointer (&the_auth, bl_auth_stop);
}

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  static const BowlinePluginDescriptor descriptor = {
    .struct_size = sizeof descriptor,
    .abi_major = BOWLINE_ABI_MAJOR,
    .abi_minor = BOWLINE_ABI_MINOR,
    .min_host_minor = 0,
    .kind = BOWLINE_PLUGIN_KIND_SERVER,
    .id = "auth",
    .version = BL_VERSION,
    .license = "Apache-2.0",
    .activate_async = bl_auth_start_async,
    .activate_finish = activate_finish,
    .deactivate = deactivate,
  };
  return &descriptor;
}
