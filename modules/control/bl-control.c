// SPDX-License-Identifier: Apache-2.0
#include "bl-control.h"

#include "bl-control-actions.h"
#include "bl-control-device-message.h"
#include "bl-control-image.h"
#include "bl-control-inner.h"
#include "bl-control-login.h"
#include "bl-control-message.h"
#include "bl-control-nodes.h"
#include "bl-control-presets.h"
#include "bl-control-runs.h"
#include "bl-control-shares.h"
#include "bl-control-stats.h"

#define TICK_SECONDS 1
#define CHECK_EVERY 30

BlControlSession *
bl_control_find_session (BlControl *self, const char *id)
{
  return id != NULL ? g_hash_table_lookup (self->sessions, id) : NULL;
}

void
bl_control_announce_count (BlControl *self, const char *user_id)
{
  GPtrArray *own = g_hash_table_lookup (self->users, user_id);
  g_autofree char *name = bl_control_dup_name (self, user_id);
  g_autofree char *domain = bl_control_domain_of (user_id);
  GVariantDict event;

  bl_control_event_init (&event, self, NULL, "user", "wssessioncount");
  g_variant_dict_insert (&event, "userid", "s", user_id);
  g_variant_dict_insert (&event, "username", "s", name != NULL ? name : "");
  g_variant_dict_insert (&event, "count", "x", (gint64)(own != NULL ? own->len : 0));
  g_variant_dict_insert (&event, "domain", "s", domain);
  g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  bl_control_event_emit (self, &event, "server-users", user_id, NULL);
}

/* ---- the end of sessions
 * ------------------------------------------------------------------------------------------ */

typedef gboolean (*SessionMatch) (BlControlSession *session, gconstpointer data);

/* Closing may call back at once, so that the table is not walked meanwhile. */
static void
close_matching (BlControl *self, SessionMatch match, gconstpointer data)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify)bl_control_session_unref);
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    {
      if (match (session, data))
        g_ptr_array_add (found, bl_control_session_ref (session));
    }
  for (guint i = 0; i < found->len; i++)
    bl_control_session_close (found->pdata[i], "expired", "expired-1");
}

static gboolean
belongs_to (BlControlSession *session, gconstpointer id)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };

  bowline_principal_get_info (session->principal, &who);
  return g_strcmp0 (who.user_id, id) == 0 || g_strcmp0 (who.token_id, id) == 0;
}

static gboolean
is_expired (BlControlSession *session, gconstpointer now_ms)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };

  bowline_principal_get_info (session->principal, &who);
  return who.expires_ms != 0 && who.expires_ms <= *(const gint64 *)now_ms;
}

void
bl_control_revoke (BlControl *self, const char *id)
{
  close_matching (self, belongs_to, id);
}

static void
ping_all (BlControl *self)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("{\"action\":\"ping\"}", 17);
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    bl_control_session_send_bytes (session, text);
}

static gboolean
on_tick (gpointer user_data)
{
  BlControl *self = user_data;
  gint64 now_ms = g_get_real_time () / 1000;

  self->ticks++;
  bl_control_runs_tick (self);
  if (self->ticks % CHECK_EVERY == 0)
    {
      close_matching (self, is_expired, &now_ms);
      bl_control_shares_sweep (self);
    }
  if (self->ticks % BL_CONTROL_STATS_SECONDS == 0)
    bl_control_stats_sample (self->stats);
  if (self->ping_interval != 0 && self->ticks % self->ping_interval == 0)
    ping_all (self);
  return G_SOURCE_CONTINUE;
}

/* ---- what happens in the server
 * ------------------------------------------------------------------------------------ */

static void
on_event (const char *topic, GVariant *payload, gpointer user_data)
{
  BlControl *self = user_data;
  g_autoptr (GVariant) event = g_variant_get_child_value (payload, 1);

  if (g_strcmp0 (bl_variant_get_string (event, "action"), "devicesessions") == 0
      && bl_variant_get_string (event, "nodeid") != NULL)
    bl_control_nodes_touch (self->nodes, bl_variant_get_string (event, "nodeid"));
  bl_control_events_push (self, payload);
}

static void
on_directory_changed (const char *topic, GVariant *payload, gpointer user_data)
{
  BlControl *self = user_data;
  const char *id;

  g_variant_get_child (payload, 0, "&s", &id);
  if (g_str_has_prefix (id, "node/"))
    bl_control_nodes_update (self->nodes, id);
}

static void
on_connectivity (const char *topic, GVariant *payload, gpointer user_data)
{
  BlControl *self = user_data;
  const char *id;

  g_variant_get_child (payload, 0, "&s", &id);
  bl_control_nodes_touch (self->nodes, id);
}

static void
on_device_message (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id;
  g_autoptr (GVariant) message = g_variant_get_child_value (payload, 1);

  g_variant_get_child (payload, 0, "&s", &id);
  bl_control_route_from_device (user_data, id, message);
}

static void
on_revoked (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id;

  g_variant_get_child (payload, 0, "&s", &id);
  bl_control_revoke (user_data, id);
}

static void
subscribe_all (BlControl *self)
{
  static const struct
  {
    const char *topic;
    BowlineTopicFunc func;
  } topics[] = {
    { "event", on_event },
    { "directory.changed", on_directory_changed },
    { "device.connectivity", on_connectivity },
    { "device.message", on_device_message },
    { "principal.revoked", on_revoked },
  };

  for (guint i = 0; i < G_N_ELEMENTS (topics); i++)
    self->subscriptions[self->n_subscriptions++]
        = bowline_topic_subscribe (self->host, topics[i].topic, topics[i].func, self);
}

/* ---- sockets
 * ------------------------------------------------------------------------------------------------------ */

static void
on_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  BlControl *self = user_data;
  g_autoptr (BlControlSession) session = NULL;

  if (self->waiting->len >= self->max_waiting)
    {
      bowline_websocket_close (socket, 1013, "Too many connections");
      return;
    }
  session = bl_control_session_new (self, socket, request);
  bl_control_login (session, request);
}

static gboolean
register_endpoint (BlControl *self, GError **error)
{
  const BowlineEndpoint endpoint = {
    .struct_size = sizeof endpoint,
    .flags = BOWLINE_ENDPOINT_COOKIE,
    .path = "/control.ashx",
    .methods = "GET",
    .max_message = (guint32)bowline_host_get_int (self->host, "max-message"),
    .max_queued = (guint32)bowline_host_get_int (self->host, "max-queued"),
    .opened = on_opened,
  };
  const BowlineEndpoint image = {
    .struct_size = sizeof image,
    .flags = BOWLINE_ENDPOINT_COOKIE,
    .path = "/userimage.ashx",
    .methods = "GET",
    .request = bl_control_image_serve,
  };

  self->endpoint = bowline_host_register_endpoint (self->host, &endpoint, self, error);
  if (self->endpoint == 0)
    return FALSE;
  self->image_endpoint = bowline_host_register_endpoint (self->host, &image, self, error);
  return self->image_endpoint != 0;
}

BlControl *
bl_control_new (BowlineHost *host, GError **error)
{
  g_autoptr (BlControl) self = g_new0 (BlControl, 1);

  g_atomic_ref_count_init (&self->count);
  self->host = host;
  self->sessions = g_hash_table_new (g_str_hash, g_str_equal);
  self->users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  self->waiting = g_ptr_array_new ();
  self->nodes = bl_control_nodes_new (self);
  self->stats = bl_control_stats_new (self);
  bl_control_runs_init (self);
  self->cancellable = g_cancellable_new ();
  self->max_sessions = (guint)bowline_host_get_int (host, "max-sessions");
  self->max_sessions_per_user = (guint)bowline_host_get_int (host, "max-sessions-per-user");
  self->max_waiting = (guint)bowline_host_get_int (host, "max-unauthenticated");
  self->ping_interval = (guint)bowline_host_get_int (host, "ping-interval");
  subscribe_all (self);
  self->timer = g_timeout_source_new_seconds (TICK_SECONDS);
  g_source_set_callback (self->timer, on_tick, self, NULL);
  g_source_attach (self->timer, bowline_host_get_main_context (host));
  if (!bl_control_presets_load (self, error) || !bl_control_actions_register (self, error) || !bl_control_message_register (self, error)
      || !register_endpoint (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* Sockets outlive the module: they lose their way back to it. */
static void
let_go (BlControlSession *session)
{
  bl_control_session_end (session);
  session->control = NULL;
  bl_control_session_stop_stats (session);
  bl_control_inner_end (session);
  g_cancellable_cancel (session->cancellable);
  if (session->resume != NULL)
    g_source_destroy (session->resume);
  g_clear_pointer (&session->resume, g_source_unref);
}

BlControl *
bl_control_ref (BlControl *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
bl_control_unref (BlControl *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  bl_control_nodes_free (self->nodes);
  bl_control_stats_free (self->stats);
  g_ptr_array_unref (self->runs);
  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->users);
  g_ptr_array_unref (self->waiting);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->told, g_variant_unref);
  g_free (self->told_by);
  g_clear_pointer (&self->presets, g_ptr_array_unref);
  g_free (self);
}

void
bl_control_stop (BlControl *self)
{
  g_autoptr (GList) sessions = g_hash_table_get_values (self->sessions);

  self->stopped = TRUE;
  bl_control_runs_clear (self);
  for (guint i = 0; i < self->n_subscriptions; i++)
    bowline_topic_unsubscribe (self->host, self->subscriptions[i]);
  if (self->endpoint != 0)
    bowline_host_unregister_endpoint (self->host, self->endpoint);
  if (self->image_endpoint != 0)
    bowline_host_unregister_endpoint (self->host, self->image_endpoint);
  g_cancellable_cancel (self->cancellable);
  for (GList *l = sessions; l != NULL; l = l->next)
    let_go (l->data);
  for (guint i = 0; i < self->waiting->len; i++)
    let_go (self->waiting->pdata[i]);
  g_hash_table_remove_all (self->sessions);
  g_hash_table_remove_all (self->users);
  g_ptr_array_set_size (self->waiting, 0);
  bl_control_nodes_stop (self->nodes);
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  bl_control_unref (self);
}
