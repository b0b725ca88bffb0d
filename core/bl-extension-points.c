// SPDX-License-Identifier: Apache-2.0
#include "bl-extension-points.h"

#include "bl-host.h"
#include "bl-table.h"

typedef struct
{
  BowlineHost *owner; // NULL while nobody provides it
  gpointer self;
} Provider;

static Provider auth_provider, relay_provider;
static BowlineAuth auth_table;
static BowlineRelay relay_table;

static gboolean
check_free (const Provider *provider, const char *what, GError **error)
{
  if (provider->owner == NULL)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "extension point %s is provided by module %s", what,
               provider->owner->id);
  return FALSE;
}

static gboolean
refuse_empty (const char *what, GError **error)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: a mandatory function is missing", what);
  return FALSE;
}

static gboolean
register_auth (BowlineHost *host, const BowlineAuth *auth, gpointer self, GError **error)
{
  BowlineAuth table;
  if (!check_free (&auth_provider, "auth", error)
      || !bl_table_copy (&table, sizeof table, auth, sizeof table, "auth", error))
    return FALSE;
  if (table.check_password == NULL || table.session_open == NULL || table.session_lookup == NULL
      || table.session_close == NULL || table.cookie_issue == NULL || table.cookie_verify == NULL
      || table.set_password == NULL)
    return refuse_empty ("auth", error);
  auth_table = table;
  auth_provider = (Provider){ .owner = host, .self = self };
  return TRUE;
}

static gboolean
get_auth (BowlineHost *host, BowlineAuth *auth, gpointer *self)
{
  if (auth_provider.owner == NULL)
    return FALSE;
  bl_table_fill (auth, &auth_table);
  if (self != NULL)
    *self = auth_provider.self;
  return TRUE;
}

static gboolean
register_relay (BowlineHost *host, const BowlineRelay *relay, gpointer self, GError **error)
{
  BowlineRelay table;
  if (!check_free (&relay_provider, "relay", error)
      || !bl_table_copy (&table, sizeof table, relay, sizeof table, "relay", error))
    return FALSE;
  if (table.order == NULL || table.end == NULL || table.status == NULL)
    return refuse_empty ("relay", error);
  relay_table = table;
  relay_provider = (Provider){ .owner = host, .self = self };
  return TRUE;
}

static gboolean
get_relay (BowlineHost *host, BowlineRelay *relay, gpointer *self)
{
  if (relay_provider.owner == NULL)
    return FALSE;
  bl_table_fill (relay, &relay_table);
  if (self != NULL)
    *self = relay_provider.self;
  return TRUE;
}

static void
release (BowlineHost *host, gpointer user_data)
{
  if (auth_provider.owner == host)
    auth_provider = (Provider){ 0 };
  if (relay_provider.owner == host)
    relay_provider = (Provider){ 0 };
}

void
bl_extension_points_install (void)
{
  static const BowlineAuthOps auth_ops = { .register_auth = register_auth, .get_auth = get_auth };
  static const BowlineRelayOps relay_ops = { .register_relay = register_relay, .get_relay = get_relay };
  bowline_private_install_auth_ops (&auth_ops);
  bowline_private_install_relay_ops (&relay_ops);
  bl_host_add_release_func (release, NULL);
}
