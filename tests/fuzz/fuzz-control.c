// SPDX-License-Identifier: Apache-2.0
/* Text from a control socket: parsed, checked by the dispatcher and run by the control module, for an
 * administrator, an account with few rights, a restricted key and the local socket. Every frame that comes
 * back has a JSON form. */
#include "fuzz.h"

#include "bl-control-test-world.h"
#include "common/bl-json.h"

#define RUNS_OF_A_WORLD 200u

static BowlinePrincipal *principals[4];

static void
renew (void)
{
  static guint runs;
  BowlinePrincipalInfo key = { .struct_size = sizeof key,
                               .kind = BOWLINE_PRINCIPAL_KEY,
                               .user_id = ADMIN,
                               .rights_ceiling = 8,
                               .site_ceiling = 2,
                               .only_node = NODE };

  if (runs++ % RUNS_OF_A_WORLD != 0)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (principals); i++)
    g_clear_pointer (&principals[i], bowline_principal_unref);
  if (world.test != NULL)
    world_end ();
  world_begin ();
  bl_test_host_set_online (world.test, NODE, TRUE);
  principals[0] = world_principal (BOWLINE_PRINCIPAL_USER, ADMIN);
  principals[1] = world_principal (BOWLINE_PRINCIPAL_USER, ALICE);
  principals[2] = bowline_principal_new (world.host, &key);
  principals[3] = world_principal (BOWLINE_PRINCIPAL_LOCAL, "user//~local");
}

static void
check_frame (GVariant *frame, gpointer user_data)
{
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GVariant) again = NULL;
  BlJsonLimits limits
      = { .max_bytes = 64 << 20, .max_string = 64 << 20, .max_depth = 64, .max_values = 1 << 20 };

  if (g_variant_is_of_type (frame, G_VARIANT_TYPE_BYTESTRING))
    text = g_variant_get_data_as_bytes (frame);
  else
    text = bl_json_from_variant (frame, NULL);
  g_assert_nonnull (text);
  again = bl_json_parse_object (g_bytes_get_data (text, NULL), g_bytes_get_size (text), &limits,
                                BL_JSON_DEFAULT, NULL);
  g_assert_nonnull (again);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GVariant) request
      = bl_json_parse_object (size > 0 ? (const char *)data : "", size, NULL, BL_JSON_DEFAULT, NULL);

  if (request == NULL)
    return 0;
  renew ();
  for (guint i = 0; i < G_N_ELEMENTS (principals); i++)
    bowline_action_dispatch (world.host, principals[i], i < 3 ? "user//admin/1" : NULL, request, NULL,
                             check_frame, NULL, NULL);
  bl_test_host_settle ();
  return 0;
}
