// SPDX-License-Identifier: Apache-2.0
/* The test host: store, auth, relay, devices and identity. */
#include "bowline-testing-private.h"

#include "bl-table.h"
#include <string.h>

static gboolean
register_store (BowlineHost *host, const BowlineStore *store, gpointer self, GError **error)
{
  BlTestHost *test = bl_test_host_from (host);

  test->store_self = self;
  return bl_table_copy (&test->store, sizeof test->store, store, sizeof (guint32), "store", error);
}

gboolean
bl_test_host_get_store (BlTestHost *test, BowlineStore *store, gpointer *self)
{
  *store = test->store;
  *self = test->store_self;
  return test->store.struct_size != 0;
}

void
bl_test_host_set_auth (BlTestHost *test, const BowlineAuth *auth, gpointer self)
{
  test->auth = *auth;
  test->auth_self = self;
}

static gboolean
register_auth (BowlineHost *host, const BowlineAuth *auth, gpointer self, GError **error)
{
  bl_test_host_set_auth (bl_test_host_from (host), auth, self);
  return TRUE;
}

static gboolean
get_auth (BowlineHost *host, BowlineAuth *auth, gpointer *self)
{
  BlTestHost *test = bl_test_host_from (host);

  *auth = test->auth;
  if (self != NULL)
    *self = test->auth_self;
  return test->auth.struct_size != 0;
}

void
bl_test_host_set_relay (BlTestHost *test, const BowlineRelay *relay, gpointer self)
{
  test->relay = *relay;
  test->relay_self = self;
}

static gboolean
register_relay (BowlineHost *host, const BowlineRelay *relay, gpointer self, GError **error)
{
  bl_test_host_set_relay (bl_test_host_from (host), relay, self);
  return TRUE;
}

static gboolean
get_relay (BowlineHost *host, BowlineRelay *relay, gpointer *self)
{
  BlTestHost *test = bl_test_host_from (host);

  *relay = test->relay;
  if (self != NULL)
    *self = test->relay_self;
  return test->relay.struct_size != 0;
}

/* ---- devices ----------------------------------------------------------------------------------------------
 */

static gboolean
register_device_transport (BowlineHost *host,
                           const BowlineDeviceTransport *transport,
                           gpointer self,
                           GError **error)
{
  BlTestHost *test = bl_test_host_from (host);

  test->transport = *transport;
  test->transport_self = self;
  return TRUE;
}

gboolean
bl_test_host_get_transport (BlTestHost *test, BowlineDeviceTransport *transport, gpointer *self)
{
  *transport = test->transport;
  *self = test->transport_self;
  return test->transport.struct_size != 0;
}

void
bl_test_host_set_online (BlTestHost *test, const char *node_id, gboolean online)
{
  if (online)
    g_hash_table_replace (test->online, g_strdup (node_id), GUINT_TO_POINTER (BOWLINE_CONNECTIVITY_AGENT));
  else
    g_hash_table_remove (test->online, node_id);
}

GPtrArray *
bl_test_host_get_device_messages (BlTestHost *test)
{
  return test->device_messages;
}

static void
set_connectivity (BowlineHost *host, const char *node_id, guint32 now)
{
  BlTestHost *test = bl_test_host_from (host);
  guint32 before = GPOINTER_TO_UINT (g_hash_table_lookup (test->online, node_id));

  if (now != 0)
    g_hash_table_replace (test->online, g_strdup (node_id), GUINT_TO_POINTER (now));
  else
    g_hash_table_remove (test->online, node_id);
  bowline_topic_publish (host, "device.connectivity", g_variant_new ("(suu)", node_id, now, before));
}

static void
connected (BowlineHost *host, const char *node_id, guint32 connectivity, guint32 power)
{
  guint32 before = GPOINTER_TO_UINT (g_hash_table_lookup (bl_test_host_from (host)->online, node_id));

  set_connectivity (host, node_id, before | connectivity);
}

static void
disconnected (BowlineHost *host, const char *node_id, guint32 connectivity)
{
  guint32 before = GPOINTER_TO_UINT (g_hash_table_lookup (bl_test_host_from (host)->online, node_id));

  set_connectivity (host, node_id, before & ~connectivity);
}

static gboolean
get_state (BowlineHost *host, const char *node_id, BowlineDeviceState *state)
{
  BowlineDeviceState now = { .struct_size = sizeof now };

  now.connectivity = GPOINTER_TO_UINT (g_hash_table_lookup (bl_test_host_from (host)->online, node_id));
  now.power = now.connectivity != 0;
  bl_table_fill (state, &now);
  return now.connectivity != 0;
}

static gboolean
send_message (BowlineHost *host, const char *node_id, GVariant *message)
{
  BlTestHost *test = bl_test_host_from (host);
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);

  if (!g_hash_table_contains (test->online, node_id))
    return FALSE;
  g_ptr_array_add (test->device_messages, g_variant_ref_sink (g_variant_new ("(sv)", node_id, owned)));
  return TRUE;
}

static void
disconnect (BowlineHost *host, const char *node_id)
{
  set_connectivity (host, node_id, 0);
}

static void
set_sessions (BowlineHost *host, const char *node_id, const char *type, GVariant *sessions)
{
  BlTestHost *test = bl_test_host_from (host);
  GVariantDict dict;

  g_variant_dict_init (&dict, g_hash_table_lookup (test->sessions, node_id));
  if (sessions != NULL)
    g_variant_dict_insert_value (&dict, type, sessions);
  else
    g_variant_dict_remove (&dict, type);
  g_hash_table_replace (test->sessions, g_strdup (node_id), g_variant_ref_sink (g_variant_dict_end (&dict)));
}

static GVariant *
dup_sessions (BowlineHost *host, const char *node_id)
{
  GVariant *sessions = g_hash_table_lookup (bl_test_host_from (host)->sessions, node_id);

  return sessions != NULL ? g_variant_ref (sessions) : NULL;
}

/* ---- identity ---------------------------------------------------------------------------------------------
 */

static GBytes *
dup_filled (guint8 byte, gsize length)
{
  guint8 *data = g_malloc (length);

  memset (data, byte, length);
  return g_bytes_new_take (data, length);
}

static GBytes *
dup_certificate (BowlineHost *host, guint32 which)
{
  return dup_filled ((guint8)which, 64);
}

static GBytes *
dup_server_id (BowlineHost *host)
{
  return dup_filled (0xab, 48);
}

static gboolean
accepts_web_hash (BowlineHost *host, gconstpointer hash, gsize length)
{
  return length == 48;
}

static gboolean
is_trusted (BowlineHost *host)
{
  return FALSE;
}

static const char *
get_name (BowlineHost *host)
{
  return "localhost";
}

static guint32
get_port (BowlineHost *host)
{
  return 8443;
}

static void
sign_async (BowlineHost *host,
            GBytes *data,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_return_pointer (task, dup_filled (0x5a, 384), (GDestroyNotify)g_bytes_unref);
}

static GBytes *
sign_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GBytes *
dup_agent_certificate (BowlineHost *host, gconstpointer server_id, gsize length)
{
  g_autoptr (GBytes) ours = dup_server_id (host);

  return length == g_bytes_get_size (ours) && memcmp (server_id, g_bytes_get_data (ours, NULL), length) == 0
             ? dup_certificate (host, BOWLINE_CERTIFICATE_AGENT_SERVER)
             : NULL;
}

static void
sign_as_async (BowlineHost *host,
               gconstpointer server_id,
               gsize length,
               GBytes *data,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  sign_async (host, data, cancellable, callback, user_data);
}

/* A ticket is the number of a record; nothing is encrypted. */
static char *
ticket_seal (BowlineHost *host, const char *purpose, GVariant *content, guint32 seconds)
{
  BlTestHost *test = bl_test_host_from (host);
  char *text = g_strdup_printf ("ticket-%" G_GUINT64_FORMAT, ++test->last_number);
  gint64 expires = g_get_real_time () / G_USEC_PER_SEC + seconds;

  g_hash_table_replace (test->tickets, g_strdup (text),
                        g_variant_ref_sink (g_variant_new ("(sx@a{sv})", purpose, expires, content)));
  return text;
}

static GVariant *
ticket_open (BowlineHost *host, const char *purpose, const char *text, GError **error)
{
  GVariant *ticket = g_hash_table_lookup (bl_test_host_from (host)->tickets, text);
  const char *sealed_for = "";
  gint64 expires = 0;

  if (ticket != NULL)
    g_variant_get (ticket, "(&sx@a{sv})", &sealed_for, &expires, NULL);
  if (strcmp (sealed_for, purpose) == 0 && expires >= g_get_real_time () / G_USEC_PER_SEC)
    return g_variant_get_child_value (ticket, 2);
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS, "not a valid ticket");
  return NULL;
}

static const BowlineStoreOps store_ops = { .register_store = register_store };
static const BowlineAuthOps auth_ops = { .register_auth = register_auth, .get_auth = get_auth };
static const BowlineRelayOps relay_ops = { .register_relay = register_relay, .get_relay = get_relay };

static const BowlineDeviceOps device_ops = {
  .register_device_transport = register_device_transport,
  .connected = connected,
  .disconnected = disconnected,
  .get_state = get_state,
  .send = send_message,
  .disconnect = disconnect,
  .set_sessions = set_sessions,
  .dup_sessions = dup_sessions,
};

static const BowlineIdentityOps identity_ops = {
  .dup_certificate = dup_certificate,
  .dup_server_id = dup_server_id,
  .accepts_web_hash = accepts_web_hash,
  .is_trusted = is_trusted,
  .get_name = get_name,
  .get_port = get_port,
  .sign_async = sign_async,
  .sign_finish = sign_finish,
  .ticket_seal = ticket_seal,
  .ticket_open = ticket_open,
  .dup_agent_certificate = dup_agent_certificate,
  .sign_as_async = sign_as_async,
};

void
bl_test_install_tables (void)
{
  bowline_private_install_store_ops (&store_ops);
  bowline_private_install_auth_ops (&auth_ops);
  bowline_private_install_relay_ops (&relay_ops);
  bowline_private_install_device_ops (&device_ops);
  bowline_private_install_identity_ops (&identity_ops);
}
