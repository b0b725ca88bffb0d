// SPDX-License-Identifier: Apache-2.0
/* One socket of a device. */
#include "bl-agent-session.h"

#include <string.h>

#include "common/bl-bytes.h"
#include "common/bl-json.h"

#define BYTE_BURST_SECONDS 8 /* a full inventory may come at once */

BlAgentSession *
bl_agent_session_ref (BlAgentSession *session)
{
  session->ref_count++;
  return session;
}

void
bl_agent_session_unref (BlAgentSession *session)
{
  if (--session->ref_count > 0)
    return;
  g_clear_pointer (&session->handshake, bl_agent_handshake_free);
  g_clear_pointer (&session->custom_core, bl_agent_core_unref);
  g_free (session->node_id);
  g_free (session->address);
  g_free (session);
}

/* ---- sending and ending ----------------------------------------------------------------------------------------- */

void
bl_agent_session_send (BlAgentSession *session, GBytes *message)
{
  if (session->socket != NULL)
    bowline_websocket_send (session->socket, BOWLINE_MESSAGE_BINARY, message);
  g_bytes_unref (message);
}

void
bl_agent_session_send_json (BlAgentSession *session, GVariant *message)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);
  g_autoptr (GError) error = NULL;
  GBytes *json = bl_json_from_variant (owned, &error);

  if (json != NULL)
    bl_agent_session_send (session, json);
  else
    bowline_host_log (session->host, BOWLINE_LOG_WARNING, NULL, "message to a device: %s", error->message);
}

void
bl_agent_session_close (BlAgentSession *session, guint32 code, const char *reason)
{
  if (session->socket == NULL)
    return;
  /* What it still sends counts no more. */
  session->state = BL_AGENT_STATE_CLOSED;
  bl_agent_deadline_clear (&session->deadline);
  bowline_websocket_close (session->socket, code, reason);
}

void
bl_agent_session_hold (BlAgentSession *session, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list arguments;

  if (session->state == BL_AGENT_STATE_HELD || session->state == BL_AGENT_STATE_CLOSED)
    return;
  va_start (arguments, format);
  why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  bowline_host_log (session->host, BOWLINE_LOG_NOTICE, g_variant_new_parsed ("{'address': <%s>}", session->address),
                    "an agent is refused: %s", why);
  bl_agents_hold (session->agents, session);
}

/* ---- receiving -------------------------------------------------------------------------------------------------- */

/* Reading stops while a device says more than it may: it feels the pressure, we hold nothing. */
static void
charge (BlAgentSession *session, gsize size)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean messages = bl_rate_take (&session->messages, 1, now_us);
  gboolean bytes = bl_rate_take (&session->bytes, (guint32) MIN (size, session->bytes.burst), now_us);

  if (messages && bytes)
    return;
  if (!session->is_paced)
    bl_agents_pace (session->agents, session);
}

static void
ready_message (BlAgentSession *session, GBytes *message)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);
  BlAgentMsg parsed;

  if (bl_agent_msg_is_json (data, size))
    {
      bl_agent_report_message (session, data, size);
      return;
    }
  /* Commands of the handshake and those for a core are none of ours; a malformed one is not worth a connection. */
  if (!bl_agent_msg_parse_from_agent (data, size, &parsed, NULL))
    return;
  if (parsed.command == BL_AGENT_CORE_HASH)
    bl_agent_push_hash (session, &parsed);
  else if (parsed.command == BL_AGENT_AGENT_HASH)
    bl_agent_update_hash (session, &parsed);
  else if (parsed.command == BL_AGENT_UPDATE_BLOCK)
    bl_agent_update_next (session, &parsed);
  else if (parsed.command == BL_AGENT_TAG)
    bl_agent_report_tag (session, parsed.text.text, parsed.text.len);
}

static void
message_cb (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  BlAgentSession *session = user_data;
  gsize size = g_bytes_get_size (message);

  bl_agent_session_ref (session);
  switch ((BlAgentState) session->state)
    {
    case BL_AGENT_STATE_HANDSHAKE:
      bl_agent_handshake_message (session, message);
      break;
    case BL_AGENT_STATE_READY:
      charge (session, size);
      ready_message (session, message);
      break;
    case BL_AGENT_STATE_HELD:
      charge (session, size);
      break;
    case BL_AGENT_STATE_ADMISSION:
    case BL_AGENT_STATE_CLOSED:
      break;
    }
  bl_agent_session_unref (session);
}

/* An address with a wrong key is held like any other that may not come in. */
static gboolean
has_key (BlAgents *agents, BowlineHttpRequest *request)
{
  const char *const *keys = bowline_host_get_list (agents->host, "agent-key");
  const char *key = bowline_http_request_get_query (request, "key");
  gboolean found = keys[0] == NULL;

  /* All are compared, however early one fits. */
  for (guint i = 0; keys[i] != NULL; i++)
    found |= key != NULL && strlen (key) == strlen (keys[i]) && bl_equal_ct (key, keys[i], strlen (key));
  return found;
}

static void
finish (BlAgentSession *session)
{
  BlAgents *agents = session->agents;

  session->state = BL_AGENT_STATE_CLOSED;
  g_clear_pointer (&session->socket, bowline_websocket_unref);
  bl_agent_deadline_clear (&session->deadline);
  bl_agent_update_drop (session);
  if (session->entered && bl_agents_leave (agents, session) && session->temporary)
    bl_agent_admission_forget (session);
  bl_agents_remove (agents, session);
  session->agents = NULL;
  bl_agent_session_unref (session);
}

static void
closed_cb (BowlineWebSocket *socket, guint32 code, const char *reason, gpointer user_data)
{
  finish (user_data);
}

static void
ignore_message_cb (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
}

void
bl_agent_session_detach (BlAgentSession *session)
{
  static const BowlineSocketHandler nobody = { .struct_size = sizeof nobody, .message = ignore_message_cb };

  bowline_websocket_set_handler (session->socket, &nobody, NULL);
  bowline_websocket_abort (session->socket);
  finish (session);
}

void
bl_agent_session_open (BlAgents *agents, BowlineWebSocket *socket, BowlineHttpRequest *request)
{
  static const BowlineSocketHandler handler = {
    .struct_size = sizeof handler,
    .message = message_cb,
    .closed = closed_cb,
  };
  const BlAgentsSettings *settings = &agents->settings;
  BlAgentSession *session = g_new0 (BlAgentSession, 1);
  gint64 now_us = g_get_monotonic_time ();

  session->ref_count = 1;
  session->agents = agents;
  session->host = agents->host;
  session->socket = bowline_websocket_ref (socket);
  session->address = g_strdup (bowline_http_request_get_address (request));
  session->handshake = bl_agent_handshake_new (agents, request);
  session->link.data = session;
  bl_rate_init (&session->messages, settings->message_rate, settings->message_burst, now_us);
  bl_rate_init (&session->bytes, settings->byte_rate,
                MAX (settings->byte_rate * BYTE_BURST_SECONDS, settings->max_message), now_us);
  bl_agents_add (agents, session);
  bl_agent_deadline_set (&session->deadline, &agents->handshakes, session, now_us);
  bowline_websocket_set_max_message (socket, BL_AGENT_MAX_HANDSHAKE);
  bowline_websocket_set_handler (socket, &handler, session);
  if (!has_key (agents, request))
    bl_agent_session_hold (session, "its address has no agent key of this server");
}
