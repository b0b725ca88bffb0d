// SPDX-License-Identifier: Apache-2.0
#include "bl-tray-agent.h"

#include <glib/gi18n.h>

#define NAME "org.bowline.Agent1"
#define PATH "/org/bowline/Agent1"
#define TIMEOUT_MS 120000 /* polkit may ask for a password */

struct _BlTrayAgent
{
  const BlTrayAgentEvents *events;
  gpointer user_data;
  GDBusConnection *connection; /* NULL while no agent is there */
  GCancellable *cancellable;
  guint watch_id;
  guint signal_id;
  gboolean presenter;
  gboolean connected;
  gboolean help;
  char *server;
  gint64 pause;
  GPtrArray *sessions;
};

/* ---- details ------------------------------------------------------------------------------------------ */

static char *
take_text (GVariant *details, const char *key)
{
  const char *text = NULL;

  return g_strdup (g_variant_lookup (details, key, "&s", &text) ? text : "");
}

void
bl_tray_session_read (BlTraySession *session, GVariant *details)
{
  g_autofree char *user = take_text (details, "user");
  g_autofree char *real_name = take_text (details, "realname");
  g_autofree char *guest = take_text (details, "guest");
  const char *name = *real_name != '\0' ? real_name : user;

  *session
      = (BlTraySession){ .kind = take_text (details, "kind"), .address = take_text (details, "address") };
  if (*guest != '\0')
    session->who = g_strdup_printf (_ ("%s (guest of %s)"), guest, name);
  else if (*real_name != '\0' && *user != '\0')
    session->who = g_strdup_printf ("%s (%s)", real_name, user);
  else
    session->who = g_strdup (name);
  g_variant_lookup (details, "id", "u", &session->id);
  g_variant_lookup (details, "started", "x", &session->started);
  g_variant_lookup (details, "bar", "b", &session->bar);
}

void
bl_tray_session_clear (BlTraySession *session)
{
  g_free (session->kind);
  g_free (session->who);
  g_free (session->address);
}

static void
session_free (gpointer data)
{
  bl_tray_session_clear (data);
  g_free (data);
}

/* ---- what the agent says ------------------------------------------------------------------------------ */

static void
sessions_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  BlTrayAgent *agent = user_data;
  GVariantIter iter;
  GVariant *details;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_ptr_array_set_size (agent->sessions, 0);
  if (reply != NULL)
    {
      g_autoptr (GVariant) list = g_variant_get_child_value (reply, 0);

      g_variant_iter_init (&iter, list);
      while ((details = g_variant_iter_next_value (&iter)) != NULL)
        {
          BlTraySession *session = g_new (BlTraySession, 1);

          bl_tray_session_read (session, details);
          g_ptr_array_add (agent->sessions, session);
          g_variant_unref (details);
        }
    }
  agent->events->changed (agent->user_data);
}

static void
properties_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  BlTrayAgent *agent = user_data;

  if (reply == NULL || g_cancellable_is_cancelled (agent->cancellable) || agent->connection == NULL)
    return;
  g_autoptr (GVariant) properties = g_variant_get_child_value (reply, 0);
  g_clear_pointer (&agent->server, g_free);
  agent->server = take_text (properties, "Server");
  g_variant_lookup (properties, "Connected", "b", &agent->connected);
  g_variant_lookup (properties, "PausedUntil", "x", &agent->pause);
  g_variant_lookup (properties, "HelpRequested", "b", &agent->help);
  g_dbus_connection_call (agent->connection, NAME, PATH, NAME, "ListSessions", NULL,
                          G_VARIANT_TYPE ("(aa{sv})"), G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, agent->cancellable,
                          sessions_cb, agent);
}

static void
get_properties (BlTrayAgent *agent)
{
  g_dbus_connection_call (agent->connection, NAME, PATH, "org.freedesktop.DBus.Properties", "GetAll",
                          g_variant_new ("(s)", NAME), G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE,
                          TIMEOUT_MS, agent->cancellable, properties_cb, agent);
}

/* A refusal is no news: it is said in the state, and tried again when something changed. */
static void
registered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  BlTrayAgent *agent = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || agent->connection == NULL)
    return;
  agent->presenter = reply != NULL;
  get_properties (agent);
}

static void
look (BlTrayAgent *agent)
{
  if (agent->presenter)
    get_properties (agent);
  else
    g_dbus_connection_call (agent->connection, NAME, PATH, NAME, "RegisterPresenter", NULL, NULL,
                            G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, TIMEOUT_MS, agent->cancellable,
                            registered_cb, agent);
}

static void
tell_question (BlTrayAgent *agent, GVariant *parameters)
{
  BlTrayQuestion question = { 0 };
  g_autoptr (GVariant) details = NULL;

  g_variant_get (parameters, "(u@a{sv})", &question.id, &details);
  bl_tray_session_read (&question.session, details);
  question.title = take_text (details, "title");
  question.message = take_text (details, "message");
  g_variant_lookup (details, "timeout", "u", &question.timeout);
  agent->events->question (&question, agent->user_data);
  bl_tray_session_clear (&question.session);
  g_free (question.title);
  g_free (question.message);
}

static void
tell_message (BlTrayAgent *agent, GVariant *parameters)
{
  g_autoptr (GVariant) details = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) session = g_variant_lookup_value (details, "session", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  BlTrayMessage message = { .kind = take_text (details, "kind"),
                            .title = take_text (details, "title"),
                            .text = take_text (details, "text") };

  g_variant_lookup (details, "timeout", "u", &message.timeout);
  bl_tray_session_read (&message.session, session != NULL ? session : none);
  agent->events->message (&message, agent->user_data);
  bl_tray_session_clear (&message.session);
  g_free (message.kind);
  g_free (message.title);
  g_free (message.text);
}

static void
signal_cb (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer user_data)
{
  BlTrayAgent *agent = user_data;
  guint32 question;

  if (g_str_equal (signal, "Changed"))
    look (agent);
  else if (g_str_equal (signal, "Dismissed"))
    {
      agent->presenter = FALSE;
      agent->events->dismissed (agent->user_data);
    }
  else if (g_str_equal (signal, "Question") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ua{sv})")))
    tell_question (agent, parameters);
  else if (g_str_equal (signal, "Message") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(a{sv})")))
    tell_message (agent, parameters);
  else if (g_str_equal (signal, "Withdrawn") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(u)")))
    {
      g_variant_get (parameters, "(u)", &question);
      agent->events->withdrawn (question, agent->user_data);
    }
}

/* ---- orders ------------------------------------------------------------------------------------------- */

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  BlTrayAgent *agent = user_data;

  if (reply != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_dbus_error_strip_remote_error (error);
  agent->events->failed (error->message, agent->user_data);
}

static void
order (BlTrayAgent *agent, const char *method, GVariant *parameters)
{
  if (agent->connection == NULL)
    {
      g_variant_unref (g_variant_ref_sink (parameters));
      return;
    }
  g_dbus_connection_call (agent->connection, NAME, PATH, NAME, method, parameters, NULL,
                          G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, TIMEOUT_MS, agent->cancellable,
                          done_cb, agent);
}

void
bl_tray_agent_answer (BlTrayAgent *agent, guint32 question, gboolean allow, gboolean remember)
{
  order (agent, "Answer", g_variant_new ("(ubb)", question, allow, remember));
}

void
bl_tray_agent_stop (BlTrayAgent *agent, guint32 session)
{
  order (agent, "StopSession", g_variant_new ("(u)", session));
}

void
bl_tray_agent_stop_all (BlTrayAgent *agent)
{
  order (agent, "StopAll", g_variant_new ("()"));
}

void
bl_tray_agent_pause (BlTrayAgent *agent, guint seconds)
{
  order (agent, "Pause", g_variant_new ("(u)", seconds));
}

void
bl_tray_agent_request_help (BlTrayAgent *agent, const char *text)
{
  order (agent, "RequestHelp", g_variant_new ("(s)", text));
}

/* ---- state -------------------------------------------------------------------------------------------- */

gboolean
bl_tray_agent_is_there (BlTrayAgent *agent)
{
  return agent->connection != NULL;
}

gboolean
bl_tray_agent_is_presenter (BlTrayAgent *agent)
{
  return agent->presenter;
}

gboolean
bl_tray_agent_has_help (BlTrayAgent *agent)
{
  return agent->help;
}

gboolean
bl_tray_agent_is_connected (BlTrayAgent *agent)
{
  return agent->connected;
}

char *
bl_tray_agent_dup_server (BlTrayAgent *agent)
{
  g_autoptr (GUri) uri = agent->server != NULL ? g_uri_parse (agent->server, G_URI_FLAGS_NONE, NULL) : NULL;

  return g_strdup (uri != NULL && g_uri_get_host (uri) != NULL ? g_uri_get_host (uri) : "");
}

gint64
bl_tray_agent_get_pause (BlTrayAgent *agent)
{
  return agent->pause;
}

GPtrArray *
bl_tray_agent_get_sessions (BlTrayAgent *agent)
{
  return agent->sessions;
}

/* ---- life --------------------------------------------------------------------------------------------- */

static void
appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  BlTrayAgent *agent = user_data;

  agent->connection = g_object_ref (connection);
  agent->signal_id = g_dbus_connection_signal_subscribe (connection, owner, NAME, NULL, PATH, NULL,
                                                         G_DBUS_SIGNAL_FLAGS_NONE, signal_cb, agent, NULL);
  look (agent);
}

static void
forget (BlTrayAgent *agent)
{
  if (agent->connection != NULL)
    g_dbus_connection_signal_unsubscribe (agent->connection, agent->signal_id);
  g_clear_object (&agent->connection);
  g_clear_pointer (&agent->server, g_free);
  g_ptr_array_set_size (agent->sessions, 0);
  agent->presenter = agent->connected = agent->help = FALSE;
  agent->pause = 0;
}

static void
vanished_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BlTrayAgent *agent = user_data;

  forget (agent);
  agent->events->changed (agent->user_data);
}

BlTrayAgent *
bl_tray_agent_new (GBusType bus, const BlTrayAgentEvents *events, gpointer user_data)
{
  BlTrayAgent *agent = g_new0 (BlTrayAgent, 1);

  agent->events = events;
  agent->user_data = user_data;
  agent->cancellable = g_cancellable_new ();
  agent->sessions = g_ptr_array_new_with_free_func (session_free);
  agent->watch_id
      = g_bus_watch_name (bus, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared_cb, vanished_cb, agent, NULL);
  return agent;
}

void
bl_tray_agent_free (BlTrayAgent *agent)
{
  if (agent == NULL)
    return;
  g_cancellable_cancel (agent->cancellable);
  g_object_unref (agent->cancellable);
  g_bus_unwatch_name (agent->watch_id);
  forget (agent);
  g_ptr_array_unref (agent->sessions);
  g_free (agent);
}
