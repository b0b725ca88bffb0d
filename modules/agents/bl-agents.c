// SPDX-License-Identifier: Apache-2.0
/* The module: its endpoint, its table of devices, its clock. */
#include "bl-agents.h"

#include <string.h>

#include "bl-agent-session.h"

#define TICK_SECONDS 1
/* What may wait in memory for one device that does not read: a core script, and messages behind it. */
#define MAX_QUEUED (BL_AGENT_MAX_FROM_SERVER + 1024 * 1024)

/* ---- the table -------------------------------------------------------------------------------------------------- */

guint
bl_agents_get_disconnections (BlAgents *agents, const char *node_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (agents->disconnections, node_id));
}

void
bl_agents_enter (BlAgents *agents, BlAgentSession *session)
{
  BlAgentSession *older = g_hash_table_lookup (agents->connected, session->node_id);

  session->entered = TRUE;
  /* The key belongs to the session, so it is replaced with it. */
  g_hash_table_replace (agents->connected, session->node_id, session);
  if (older != NULL)
    {
      bowline_host_log (agents->host, BOWLINE_LOG_INFO, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                        "a device connected again; its older connection is closed");
      bl_agent_session_close (older, 1000, "replaced");
    }
  bowline_device_connected (agents->host, session->node_id, BOWLINE_CONNECTIVITY_AGENT, 1);
}

gboolean
bl_agents_leave (BlAgents *agents, BlAgentSession *session)
{
  guint before = bl_agents_get_disconnections (agents, session->node_id);

  g_hash_table_replace (agents->disconnections, g_strdup (session->node_id), GUINT_TO_POINTER (before + 1));
  if (g_hash_table_lookup (agents->connected, session->node_id) != session)
    return FALSE;
  g_hash_table_remove (agents->connected, session->node_id);
  bowline_device_disconnected (agents->host, session->node_id, BOWLINE_CONNECTIVITY_AGENT);
  return TRUE;
}

void
bl_agents_hold (BlAgents *agents, BlAgentSession *session)
{
  BlAgentSession *oldest;

  session->state = BL_AGENT_STATE_HELD;
  g_clear_pointer (&session->handshake, bl_agent_handshake_free);
  bl_agent_deadline_set (&session->deadline, &agents->holds, session, g_get_monotonic_time ());
  if (agents->holds.queue.length <= agents->settings.max_holds)
    return;
  oldest = bl_agent_deadlines_take_oldest (&agents->holds);
  bl_agent_session_close (oldest, 0, NULL);
}

void
bl_agents_pace (BlAgents *agents, BlAgentSession *session)
{
  if (session->socket == NULL)
    return;
  session->is_paced = TRUE;
  bowline_websocket_pause (session->socket);
  g_ptr_array_add (agents->paced, bl_agent_session_ref (session));
}

/* ---- the clock -------------------------------------------------------------------------------------------------- */

/* A device that was slowed down may go on; one that never stops is ended. */
static void
resume_paced (BlAgents *agents)
{
  g_autoptr (GPtrArray) paced = g_steal_pointer (&agents->paced);

  agents->paced = g_ptr_array_new_with_free_func ((GDestroyNotify) bl_agent_session_unref);
  for (guint i = 0; i < paced->len; i++)
    {
      BlAgentSession *session = g_ptr_array_index (paced, i);
      gint64 now_us = g_get_monotonic_time ();

      if (session->socket == NULL)
        continue;
      session->is_paced = FALSE;
      if (++session->paced > BL_AGENTS_MAX_PACED)
        {
          bowline_host_log (agents->host, BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'address': <%s>}", session->address),
                            "a device sends more than it may for %u seconds; its connection is ended",
                            BL_AGENTS_MAX_PACED);
          bowline_websocket_abort (session->socket);
        }
      else if (bl_rate_wait (&session->bytes, 1, now_us) == 0 && bl_rate_wait (&session->messages, 1, now_us) == 0)
        bowline_websocket_resume (session->socket);
      else
        bl_agents_pace (agents, session);
    }
}

/* Sends @json to so many sessions that each gets one every @seconds: the list is walked round, a piece a tick. */
static void
ping_some (BlAgents *agents, guint seconds, guint *credit, const char *json)
{
  guint n;

  if (seconds == 0 || agents->sessions.length == 0)
    return;
  *credit += agents->sessions.length * TICK_SECONDS;
  for (n = *credit / seconds, *credit %= seconds; n > 0; n--)
    {
      GList *link = g_queue_pop_head_link (&agents->sessions);
      BlAgentSession *session = link->data;

      g_queue_push_tail_link (&agents->sessions, link);
      if (session->state == BL_AGENT_STATE_READY)
        bl_agent_session_send (session, g_bytes_new_static (json, strlen (json)));
    }
}

static void
end_window (BlAgents *agents, gint64 now_us)
{
  if (now_us < agents->window_end_us)
    return;
  g_hash_table_remove_all (agents->disconnections);
  agents->window_end_us = now_us + BL_AGENTS_STORM_WINDOW * G_USEC_PER_SEC;
}

static gboolean
tick_cb (gpointer user_data)
{
  BlAgents *agents = user_data;
  gint64 now_us = g_get_monotonic_time ();
  BlAgentSession *session;

  end_window (agents, now_us);
  resume_paced (agents);
  while ((session = bl_agent_deadlines_take_due (&agents->handshakes, now_us)) != NULL)
    bl_agent_session_close (session, 0, NULL);
  while ((session = bl_agent_deadlines_take_due (&agents->holds, now_us)) != NULL)
    bl_agent_session_close (session, 0, NULL);
  while ((session = bl_agent_deadlines_take_due (&agents->cores_due, now_us)) != NULL)
    bl_agent_push_mute (session);
  bl_agent_updates_tick (agents->updates, now_us);
  ping_some (agents, agents->settings.ping_seconds, &agents->ping_credit, "{\"action\":\"ping\"}");
  ping_some (agents, agents->settings.pong_seconds, &agents->pong_credit, "{\"action\":\"pong\"}");
  if (agents->sessions.length > 0)
    return G_SOURCE_CONTINUE;
  agents->tick = 0;
  return G_SOURCE_REMOVE;
}

void
bl_agents_add (BlAgents *agents, BlAgentSession *session)
{
  g_queue_push_tail_link (&agents->sessions, &session->link);
  if (agents->tick == 0)
    agents->tick = g_timeout_add_seconds (TICK_SECONDS, tick_cb, agents);
}

void
bl_agents_remove (BlAgents *agents, BlAgentSession *session)
{
  g_queue_unlink (&agents->sessions, &session->link);
}

/* ---- what the host asks ----------------------------------------------------------------------------------------- */

BlAgentSession *
bl_agents_find (BlAgents *agents, const char *node_id)
{
  BlAgentSession *session = g_hash_table_lookup (agents->connected, node_id);

  return session != NULL && session->state == BL_AGENT_STATE_READY ? session : NULL;
}

static gboolean
transport_send (gpointer self, const char *node_id, GVariant *message)
{
  BlAgentSession *session = bl_agents_find (self, node_id);

  if (session == NULL)
    return FALSE;
  bl_agent_session_send_json (session, message);
  return TRUE;
}

static void
transport_disconnect (gpointer self, const char *node_id)
{
  BlAgents *agents = self;
  BlAgentSession *session = g_hash_table_lookup (agents->connected, node_id);

  if (session != NULL)
    bl_agent_session_close (session, 0, NULL);
}

static void
opened_cb (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  bl_agent_session_open (user_data, socket, request);
}

/* A device that was removed must not stay connected under its old identity. */
static void
directory_changed_cb (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id, *kind;

  g_variant_get (payload, "(&sm&s)", &id, &kind);
  if (g_strcmp0 (kind, "delete") == 0 && g_str_has_prefix (id, "node/"))
    transport_disconnect (user_data, id);
}

/* ---- start and end ---------------------------------------------------------------------------------------------- */

static void
read_settings (BlAgents *agents)
{
  BlAgentsSettings *settings = &agents->settings;
  BowlineHost *host = agents->host;

  settings->ping_seconds = (guint) bowline_host_get_int (host, "agent-ping");
  settings->pong_seconds = (guint) bowline_host_get_int (host, "agent-pong");
  settings->idle_seconds = (guint) bowline_host_get_int (host, "idle-timeout");
  settings->hold_seconds = (guint) bowline_host_get_int (host, "hold-time");
  settings->max_holds = (guint) bowline_host_get_int (host, "max-holds");
  settings->handshake_seconds = (guint) bowline_host_get_int (host, "handshake-timeout");
  settings->core_seconds = (guint) bowline_host_get_int (host, "core-timeout");
  settings->max_message = (guint) bowline_host_get_int (host, "max-message");
  settings->max_devices = (guint) bowline_host_get_int (host, "max-devices");
  settings->message_rate = (guint) bowline_host_get_int (host, "message-rate");
  settings->message_burst = settings->message_rate * 10;
  settings->storm_clear = (guint) bowline_host_get_int (host, "storm-clear");
  settings->storm_refuse = (guint) bowline_host_get_int (host, "storm-refuse");
  settings->updates = bowline_host_get_boolean (host, "agent-updates");
  settings->max_updates = (guint) bowline_host_get_int (host, "max-updates");
  settings->update_seconds = (guint) bowline_host_get_int (host, "update-timeout");
  settings->byte_rate = (guint) bowline_host_get_int (host, "byte-rate");
}

static void
load_other_core (BlAgents *agents, BlAgentCoreKind kind, const char *file)
{
  g_autofree char *path = bl_agent_downloads_find (agents->host, "core", file);
  g_autoptr (GError) error = NULL;

  if (!bl_agent_cores_load_other (agents->cores, kind, path, &error))
    bowline_host_log (agents->host, BOWLINE_LOG_WARNING, NULL, "core script: %s", error->message);
}

static void
load_cores (BlAgents *agents)
{
  const char *configured = bowline_host_get_string (agents->host, "core");
  g_autofree char *good
      = g_build_filename (bowline_host_get_data_dir (agents->host), "core", "last-good.js", NULL);
  g_autofree char *path = *configured != '\0' ? g_strdup (configured)
                                              : bl_agent_downloads_find (agents->host, "core", "bowline-core.js");
  g_autoptr (GError) error = NULL;

  agents->cores = bl_agent_cores_new (good);
  if (!bl_agent_cores_load (agents->cores, path, &error))
    bowline_host_log (agents->host, BOWLINE_LOG_ERROR, NULL, "core script: %s; devices run what they have",
                      error->message);
  if (bl_agent_core_text_has_modules (path))
    load_other_core (agents, BL_AGENT_CORE_DEFAULT, "bowline-core.js");
  load_other_core (agents, BL_AGENT_CORE_RECOVERY, "bowline-recovery.js");
  load_other_core (agents, BL_AGENT_CORE_TINY, "bowline-tiny.js");
}

static gboolean
register_all (BlAgents *agents, GError **error)
{
  const BowlineEndpoint channel = {
    .struct_size = sizeof channel,
    .flags = BOWLINE_ENDPOINT_DEVICE | BOWLINE_ENDPOINT_ANY_HOST,
    .path = "/agent.ashx",
    .methods = "GET",
    .max_message = agents->settings.max_message,
    .max_queued = MAX_QUEUED,
    .idle_timeout = agents->settings.idle_seconds,
    .opened = opened_cb,
  };
  const BowlineDeviceTransport transport = {
    .struct_size = sizeof transport,
    .connectivity = BOWLINE_CONNECTIVITY_AGENT,
    .send = transport_send,
    .disconnect = transport_disconnect,
  };

  if (!bowline_host_register_device_transport (agents->host, &transport, agents, error) || !bl_agents_offer (agents, error))
    return FALSE;
  agents->endpoint = bowline_host_register_endpoint (agents->host, &channel, agents, error);
  if (agents->endpoint == 0)
    return FALSE;
  agents->downloads = bl_agent_downloads_new (agents->host, agents->binaries, error);
  return agents->downloads != NULL;
}

BlAgents *
bl_agents_new (BowlineHost *host, GError **error)
{
  BlAgents *agents = g_new0 (BlAgents, 1);

  agents->host = host;
  agents->cancellable = g_cancellable_new ();
  agents->connected = g_hash_table_new (g_str_hash, g_str_equal);
  agents->disconnections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  agents->helps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  agents->paced = g_ptr_array_new_with_free_func ((GDestroyNotify) bl_agent_session_unref);
  agents->server_id = bowline_identity_dup_server_id (host);
  agents->server_certificate = bowline_identity_dup_certificate (host, BOWLINE_CERTIFICATE_AGENT_SERVER);
  agents->binaries = bl_agent_binaries_new (host);
  read_settings (agents);
  agents->updates = bl_agent_updates_new (agents);
  bl_agent_deadlines_init (&agents->handshakes, agents->settings.handshake_seconds);
  bl_agent_deadlines_init (&agents->holds, agents->settings.hold_seconds);
  bl_agent_deadlines_init (&agents->cores_due, agents->settings.core_seconds);
  load_cores (agents);
  agents->subscription = bowline_topic_subscribe (host, "directory.changed", directory_changed_cb, agents);
  if (register_all (agents, error))
    return agents;
  bl_agents_free (agents);
  return NULL;
}

void
bl_agents_free (BlAgents *agents)
{
  g_cancellable_cancel (agents->cancellable);
  if (agents->endpoint != 0)
    bowline_host_unregister_endpoint (agents->host, agents->endpoint);
  g_clear_pointer (&agents->downloads, bl_agent_downloads_free);
  bowline_topic_unsubscribe (agents->host, agents->subscription);
  g_clear_handle_id (&agents->tick, g_source_remove);
  for (GList *link = agents->sessions.head, *next; link != NULL; link = next)
    {
      BlAgentSession *session = link->data;
      next = link->next;
      bl_agent_session_detach (session);
    }
  bl_agent_updates_free (agents->updates);
  bl_agent_binaries_free (agents->binaries);
  g_ptr_array_unref (agents->paced);
  g_hash_table_unref (agents->connected);
  g_hash_table_unref (agents->disconnections);
  g_hash_table_unref (agents->helps);
  g_clear_pointer (&agents->server_id, g_bytes_unref);
  g_clear_pointer (&agents->server_certificate, g_bytes_unref);
  g_clear_pointer (&agents->cores, bl_agent_cores_free);
  g_object_unref (agents->cancellable);
  g_free (agents);
}
