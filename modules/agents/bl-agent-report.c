// SPDX-License-Identifier: Apache-2.0
/* What a device's core reports: agent-channel.md section 10. Everything passed the schema of bl-agent-json first (K2). */
#include "bl-agent-session.h"

#include <string.h>

#include "bl-agent-node.h"
#include "common/bl-agent-json.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

/* Of a request for help, in the log: people, and characters. */
#define MAX_HELPS 4u
#define MAX_HELP_NAME 64
#define MAX_HELP_TEXT 256

typedef struct
{
  const char *action;
  void (*handle) (BlAgentSession *session, GVariant *report);
} Handler;

static void
emit (BlAgentSession *session, BlDocBuilder *event, const char *mesh_id)
{
  const char *targets[] = { mesh_id, session->node_id, "*", NULL };
  g_autoptr (GVariant) complete = NULL;

  bl_doc_builder_add_string (event, "etype", "node");
  bl_doc_builder_add_string (event, "nodeid", session->node_id);
  bl_doc_builder_add_string (event, "domain", "");
  complete = bl_doc_builder_end (event);
  bowline_event_emit (session->host, targets, complete);
}

/* ---- the device's document -------------------------------------------------------------------------------------- */

void
bl_agent_report_changed (BlAgentSession *session, const char *what)
{
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  g_autoptr (GVariant) mesh = mesh_id != NULL ? bowline_directory_dup (session->host, mesh_id) : NULL;
  const char *name = bl_variant_get_string (node, "name");
  const char *mesh_name = bl_variant_get_string (mesh, "name");
  g_autofree char *text = NULL;
  g_autoptr (GVariant) safe = NULL;
  BlDocBuilder event;

  if (mesh == NULL)
    return;
  safe = bl_agent_node_safe (node);
  bl_doc_builder_init (&event, 0);
  bl_doc_builder_add_string (&event, "action", "changenode");
  bl_doc_builder_add (&event, "node", safe);
  if (what != NULL)
    {
      text = g_strdup_printf ("Changed device %s from group %s: %s", name != NULL ? name : "",
                              mesh_name != NULL ? mesh_name : "", what);
      bl_doc_builder_add_string (&event, "msg", text);
    }
  bl_doc_builder_add_int (&event, "nolog", 1);
  emit (session, &event, mesh_id);
}

/* @patch: (transfer none) */
static void
change_node (BlAgentSession *session, GVariant *patch, const char *what)
{
  if (g_variant_n_children (patch) > 0 && bowline_directory_patch (session->host, session->node_id, patch))
    bl_agent_report_changed (session, what);
}

static void
handle_core_info (BlAgentSession *session, GVariant *report)
{
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  g_autoptr (GVariant) patch = NULL;
  g_autofree char *what = NULL;

  bl_agent_push_spoke (session);
  if (node == NULL)
    return;
  patch = bl_agent_node_apply_core_info (node, report, &what);
  change_node (session, patch, what);
}

void
bl_agent_report_greet (BlAgentSession *session)
{
  bl_agent_session_send_json (session, g_variant_new_parsed ("{'action': <'serverInfo'>}"));
}

void
bl_agent_report_no_core (BlAgentSession *session)
{
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  g_autoptr (GVariant) patch = NULL;

  if (node == NULL)
    return;
  patch = bl_agent_node_apply_no_core (node);
  change_node (session, patch, NULL);
}

void
bl_agent_report_tag (BlAgentSession *session, const char *text, gsize length)
{
  g_autoptr (GVariant) node = session->recovery ? NULL : bowline_directory_dup (session->host, session->node_id);
  g_autoptr (GVariant) patch = NULL;

  if (node == NULL || length > BL_AGENT_MAX_TAG)
    return;
  patch = bl_agent_node_apply_tag (node, text, length, bowline_host_get_list (session->host, "agent-tag"));
  change_node (session, patch, NULL);
}

/* ---- documents beside it ---------------------------------------------------------------------------------------- */

static GVariant *
wrap (GVariant *document)
{
  return g_variant_new_array (G_VARIANT_TYPE_VARDICT, &document, 1);
}

typedef struct
{
  BlAgentSession *session;
  GVariant *report;
} Pending;

static Pending *
pending_new (BlAgentSession *session, GVariant *report)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->session = bl_agent_session_ref (session);
  pending->report = report != NULL ? g_variant_ref (report) : NULL;
  return pending;
}

static void
pending_free (Pending *pending)
{
  bl_agent_session_unref (pending->session);
  g_clear_pointer (&pending->report, g_variant_unref);
  g_free (pending);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pending, pending_free)

static void
emit_details_changed (BlAgentSession *session, const char *action, const char *hash)
{
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  BlDocBuilder event;

  if (mesh_id == NULL)
    return;
  bl_doc_builder_init (&event, 0);
  bl_doc_builder_add_string (&event, "action", action);
  if (hash != NULL)
    bl_doc_builder_add_string (&event, "hash", hash);
  bl_doc_builder_add_int (&event, "nolog", 1);
  emit (session, &event, mesh_id);
}

static void
network_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const forms[] = { "netif2", "netif" };
  g_autoptr (Pending) pending = user_data;
  BlAgentSession *session = pending->session;
  g_autoptr (GVariant) before = bowline_directory_read_finish (session->host, result, NULL);
  g_autofree char *id = g_strconcat ("if", session->node_id, NULL);
  gboolean differs = FALSE;
  GVariantDict document;

  if (session->socket == NULL || !bowline_directory_contains (session->host, session->node_id))
    return;
  g_variant_dict_init (&document, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autoptr (GVariant) now = bl_variant_get_child (pending->report, forms[i]);
      g_autoptr (GVariant) then = bl_variant_get_child (before, forms[i]);

      if (now == NULL)
        continue;
      differs |= then == NULL || !g_variant_equal (now, then);
      g_variant_dict_insert_value (&document, forms[i], now);
    }
  if (!differs)
    {
      g_variant_dict_clear (&document);
      return;
    }
  g_variant_dict_insert (&document, "_id", "s", id);
  g_variant_dict_insert (&document, "type", "s", "ifinfo");
  g_variant_dict_insert (&document, "domain", "s", "");
  g_variant_dict_insert (&document, "updateTime", "x", g_get_real_time () / 1000);
  bowline_directory_commit_async (session->host, wrap (g_variant_dict_end (&document)), NULL, 0, NULL, NULL, NULL);
  emit_details_changed (session, "ifchange", NULL);
}

static void
handle_network (BlAgentSession *session, GVariant *report)
{
  g_autofree char *id = g_strconcat ("if", session->node_id, NULL);

  bowline_directory_read_async (session->host, id, NULL, network_read_cb, pending_new (session, report));
}

static void
handle_system (BlAgentSession *session, GVariant *report)
{
  g_autoptr (GVariant) data = bl_variant_get_object (report, "data");
  g_autofree char *id = g_strconcat ("si", session->node_id, NULL);
  GVariantDict document;

  if (data == NULL || !bowline_directory_contains (session->host, session->node_id))
    return;
  g_variant_dict_init (&document, data);
  g_variant_dict_insert (&document, "_id", "s", id);
  g_variant_dict_insert (&document, "type", "s", "sysinfo");
  g_variant_dict_insert (&document, "domain", "s", "");
  g_variant_dict_insert (&document, "time", "x", g_get_real_time () / 1000);
  bowline_directory_commit_async (session->host, wrap (g_variant_dict_end (&document)), NULL, 0, NULL, NULL, NULL);
  emit_details_changed (session, "sysinfohash", bl_variant_get_string (data, "hash"));
}

static void
system_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) pending = user_data;
  BlAgentSession *session = pending->session;
  g_autoptr (GVariant) stored = bowline_directory_read_finish (session->host, result, NULL);
  const char *hash = bl_variant_get_string (stored, "hash");

  if (session->socket == NULL)
    return;
  if (hash != NULL)
    bl_agent_session_send_json (session, g_variant_new_parsed ("{'action': <'sysinfo'>, 'hash': <%s>}", hash));
  else
    bl_agent_session_send_json (session, g_variant_new_parsed ("{'action': <'sysinfo'>}"));
}

void
bl_agent_report_ask_sysinfo (BlAgentSession *session)
{
  g_autofree char *id = g_strconcat ("si", session->node_id, NULL);

  bowline_directory_read_async (session->host, id, NULL, system_read_cb, pending_new (session, NULL));
}

static void
handle_system_check (BlAgentSession *session, GVariant *report)
{
  bl_agent_report_ask_sysinfo (session);
}

static void
handle_location (BlAgentSession *session, GVariant *report)
{
  g_autoptr (GVariant) value = bl_variant_get_object (report, "value");
  const char *ip = bl_variant_get_string (value, "ip");
  g_autoptr (GVariant) patch = NULL;

  if (ip == NULL)
    return;
  patch = g_variant_ref_sink (g_variant_new_parsed ("{'publicip': <%s>}", ip));
  change_node (session, patch, NULL);
}

/* ---- live things ------------------------------------------------------------------------------------------------ */

static char *
cut (const char *text, glong characters)
{
  return g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), characters));
}

static void
log_help (BlAgentSession *session, const char *mesh_id, const char *user, GVariant *words)
{
  g_autofree char *name = cut (user, MAX_HELP_NAME);
  g_autofree char *asked = cut (g_variant_get_string (words, NULL), MAX_HELP_TEXT);
  g_autofree char *text = g_strdup_printf ("%s asks for help: %s", name, asked);
  BlDocBuilder event;

  bl_doc_builder_init (&event, 0);
  bl_doc_builder_add_string (&event, "action", "help");
  bl_doc_builder_add_string (&event, "msg", text);
  emit (session, &event, mesh_id);
}

/* A person at a device asks for help: that is an entry of its log as well. It is told again after every connection, and
 * written down once. @value: (nullable) */
static void
note_help (BlAgentSession *session, GVariant *value)
{
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  g_autofree char *all = value != NULL ? g_variant_print (value, FALSE) : NULL;
  gpointer hash = all != NULL ? GUINT_TO_POINTER (g_str_hash (all)) : NULL;

  if (all == NULL)
    g_hash_table_remove (session->agents->helps, session->node_id);
  if (all == NULL || mesh_id == NULL || hash == g_hash_table_lookup (session->agents->helps, session->node_id))
    return;
  g_hash_table_replace (session->agents->helps, g_strdup (session->node_id), hash);
  for (gsize i = 0; i < MIN (g_variant_n_children (value), MAX_HELPS); i++)
    {
      g_autoptr (GVariant) words = NULL;
      const char *user;

      g_variant_get_child (value, i, "{&sv}", &user, &words);
      if (g_variant_is_of_type (words, G_VARIANT_TYPE_STRING))
        log_help (session, mesh_id, user, words);
    }
}

static void
handle_sessions (BlAgentSession *session, GVariant *report)
{
  const char *type = bl_variant_get_string (report, "type");
  g_autoptr (GVariant) value = bl_variant_get_object (report, "value");

  if (type == NULL)
    return;
  if (value != NULL && g_variant_n_children (value) == 0)
    g_clear_pointer (&value, g_variant_unref);
  if (g_str_equal (type, "help"))
    note_help (session, value);
  bowline_device_set_sessions (session->host, session->node_id, type, value);
}

/* A console script that loops says the same again and again. Returns: whether the connection was ended. */
static gboolean
count_console (BlAgentSession *session, GVariant *report)
{
  const char *text = bl_variant_get_string (report, "value");
  guint32 hash;

  if (g_strcmp0 (bl_variant_get_string (report, "type"), "console") != 0 || text == NULL)
    return FALSE;
  hash = g_str_hash (text);
  session->console_repeats = hash == session->console_hash ? session->console_repeats + 1 : 0;
  session->console_hash = hash;
  if (session->console_repeats < BL_AGENTS_SAME_CONSOLE)
    return FALSE;
  bowline_host_log (session->host, BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                    "a device repeats one console message; its connection is closed");
  bl_agent_session_close (session, 1008, "repeated console message");
  return TRUE;
}

static void
handle_message (BlAgentSession *session, GVariant *report)
{
  if (!count_console (session, report))
    bowline_topic_publish (session->host, "device.message", g_variant_new ("(s@a{sv})", session->node_id, report));
}

/* An entry of the event log that the device asks for. Who acted is told by the relay and the control channel, which know
 * it; a name the device gives is not taken (K13). */
static void
handle_log (BlAgentSession *session, GVariant *report)
{
  static const char *const taken[] = { "msg", "msgid", "msgArgs", "sessionid", "remoteaddr", "guestname" };
  g_autoptr (GVariant) node = bowline_directory_dup (session->host, session->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  BlDocBuilder event;

  if (mesh_id == NULL)
    return;
  bl_doc_builder_init (&event, 0);
  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (report, taken[i]);
      if (value != NULL && !bl_variant_is_null (value))
        bl_doc_builder_add (&event, taken[i], value);
    }
  bl_doc_builder_add_string (&event, "action", "agentlog");
  emit (session, &event, mesh_id);
}

static void
handle_ping (BlAgentSession *session, GVariant *report)
{
  static const char pong[] = "{\"action\":\"pong\"}";

  bl_agent_session_send (session, g_bytes_new_static (pong, sizeof pong - 1));
}

static void
handle_nothing (BlAgentSession *session, GVariant *report)
{
}

static void
handle_update (BlAgentSession *session, GVariant *report)
{
  bl_agent_update_tell (session, bl_variant_get_string (report, "sessionid"));
}

static void
handle_fetched (BlAgentSession *session, GVariant *report)
{
  bl_agent_update_fetched (session);
}

/* ---- dispatch --------------------------------------------------------------------------------------------------- */

static const Handler handlers[] = {
  { "msg", handle_message },
  { "openUrl", handle_message }, /* whether an address was opened, for who had it sent */
  { "pong", handle_nothing },
  { "ping", handle_ping },
  { "coreinfo", handle_core_info },
  { "sessions", handle_sessions },
  { "netinfo", handle_network },
  { "sysinfo", handle_system },
  { "sysinfocheck", handle_system_check },
  { "iplocation", handle_location },
  { "log", handle_log },
  { "agentupdate", handle_update },
  { "agentupdatedownloaded", handle_fetched },
  { "agentName", handle_nothing }, /* only before authentication */
  { "smbios", handle_nothing },    /* what it holds is in sysinfo */
};

void
bl_agent_report_message (BlAgentSession *session, const char *text, gsize length)
{
  const BlJsonLimits limits = { .max_bytes = session->agents->settings.max_message };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) parsed = bl_json_parse_object (text, length, &limits, BL_JSON_REPLACE_INVALID_UTF8, &error);
  g_autoptr (GVariant) report = parsed != NULL ? bl_agent_json_check (parsed, &error) : NULL;
  const char *action;

  if (report == NULL)
    {
      bowline_host_log (session->host, BOWLINE_LOG_DEBUG, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                        "a message of a device is dropped: %s", error->message);
      return;
    }
  /* A recovery agent has no document that a report could change. */
  if (session->recovery)
    return;
  action = bl_variant_get_string (report, "action");
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      if (g_strcmp0 (action, handlers[i].action) != 0)
        continue;
      handlers[i].handle (session, report);
      return;
    }
  /* For modules that know more. */
  bowline_topic_publish (session->host, "device.report", g_variant_new ("(s@a{sv})", session->node_id, report));
}
