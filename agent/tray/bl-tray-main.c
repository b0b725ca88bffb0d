// SPDX-License-Identifier: Apache-2.0
/* bowline-tray: shows the person at the device what bowline-agent does there, and asks. */
#include "bl-build-config.h"
#include "bl-tray-agent.h"
#include "bl-tray-item.h"
#include "bl-tray-windows.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>

#define PAUSE_SECONDS 3600
#define NOTICE_SECONDS 15
#define CHAT_SECONDS 3600 /* how long the menu offers a chat */

enum
{
  ROW_STATE = 1,
  ROW_SESSIONS,
  ROW_SEPARATOR,
  ROW_SHOW,
  ROW_STOP_ALL,
  ROW_PAUSE,
  ROW_RESUME,
  ROW_CHAT,
  ROW_HELP,
  ROW_HELP_BACK,
};

typedef struct
{
  GtkApplication *application;
  GBusType bus;
  BlTrayAgent *agent;
  BlTrayItem *item;
  BlTrayWindows *windows;
  gboolean started;
  char *chat_name; /* who offered a chat; NULL when nobody did lately */
  char *chat_address;
  guint chat_id;
} Tray;

/* ---- what is shown ------------------------------------------------------------------------------------ */

static char *
describe_state (Tray *tray)
{
  g_autofree char *server = bl_tray_agent_dup_server (tray->agent);
  const gint64 pause = bl_tray_agent_get_pause (tray->agent);

  if (!bl_tray_agent_is_there (tray->agent))
    return g_strdup (_ ("The Bowline agent is not running"));
  if (!bl_tray_agent_is_presenter (tray->agent))
    return g_strdup (_ ("Only the person at the screen sees remote sessions"));
  if (pause != 0)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (pause);
      g_autofree char *text = g_date_time_format (time, "%H:%M");
      return g_strdup_printf (_ ("Remote sessions are paused until %s"), text);
    }
  return g_strdup_printf (
      bl_tray_agent_is_connected (tray->agent) ? _ ("Connected to %s") : _ ("%s cannot be reached"), server);
}

static void
update_menu (Tray *tray, const char *state, guint n_sessions)
{
  g_autofree char *count
      = n_sessions == 0
            ? g_strdup (_ ("Nobody is connected"))
            : g_strdup_printf (g_dngettext (NULL, "%u remote session", "%u remote sessions", n_sessions),
                               n_sessions);
  g_autofree char *chat
      = tray->chat_name != NULL ? g_strdup_printf (_ ("Chat with %s…"), tray->chat_name) : NULL;
  const gboolean may = bl_tray_agent_is_presenter (tray->agent);
  const gboolean paused = bl_tray_agent_get_pause (tray->agent) != 0;
  const gboolean help = bl_tray_agent_has_help (tray->agent);
  BlTrayMenuRow rows[] = {
    { ROW_STATE, state, FALSE },
    { ROW_SESSIONS, count, FALSE },
    { ROW_SEPARATOR, NULL, FALSE },
    { ROW_SHOW, _ ("Remote sessions…"), may },
    { ROW_STOP_ALL, _ ("End all sessions"), n_sessions > 0 },
    { paused ? ROW_RESUME : ROW_PAUSE,
      paused ? _ ("Allow remote sessions again") : _ ("Pause remote sessions for an hour"), may },
    { help ? ROW_HELP_BACK : ROW_HELP, help ? _ ("Take the request for help back") : _ ("Ask for help…"),
      may },
    { ROW_CHAT, chat, TRUE },
  };

  bl_tray_item_set_menu (tray->item, rows, G_N_ELEMENTS (rows) - (chat == NULL ? 1 : 0));
}

static void
changed_cb (gpointer user_data)
{
  Tray *tray = user_data;
  const guint n = bl_tray_agent_get_sessions (tray->agent)->len;
  g_autofree char *state = describe_state (tray);

  bl_tray_item_set_state (tray->item,
                          n > 0                                      ? "network-transmit-receive-symbolic"
                          : bl_tray_agent_is_connected (tray->agent) ? "network-idle-symbolic"
                                                                     : "network-offline-symbolic",
                          state);
  update_menu (tray, state, n);
  bl_tray_windows_update (tray->windows);
}

static void
question_cb (const BlTrayQuestion *question, gpointer user_data)
{
  bl_tray_windows_ask (((Tray *)user_data)->windows, question);
}

static void
withdrawn_cb (guint32 question, gpointer user_data)
{
  bl_tray_windows_withdraw (((Tray *)user_data)->windows, question);
}

static void
forget_chat (Tray *tray)
{
  g_clear_handle_id (&tray->chat_id, g_source_remove);
  g_clear_pointer (&tray->chat_name, g_free);
  g_clear_pointer (&tray->chat_address, g_free);
}

static void
dismissed_cb (gpointer user_data)
{
  Tray *tray = user_data;

  bl_tray_windows_withdraw_all (tray->windows);
  forget_chat (tray);
}

static gboolean
chat_over_cb (gpointer user_data)
{
  Tray *tray = user_data;

  tray->chat_id = 0;
  forget_chat (tray);
  changed_cb (tray);
  return G_SOURCE_REMOVE;
}

static void
offer_chat (Tray *tray, const BlTrayMessage *message)
{
  forget_chat (tray);
  tray->chat_name = g_strdup (*message->title != '\0' ? message->title : _ ("an administrator"));
  tray->chat_address = g_strdup (message->text);
  tray->chat_id = g_timeout_add_seconds (CHAT_SECONDS, chat_over_cb, tray);
  bl_tray_windows_invite (tray->windows, tray->chat_name, tray->chat_address);
  changed_cb (tray);
}

typedef struct
{
  Tray *tray;
  char *title;
  char *text;
} Notice;

/* A desktop without such notices gets a window. */
static void
notified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) shown = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  Notice *notice = user_data;

  if (shown == NULL && notice->tray->windows != NULL)
    bl_tray_windows_message (notice->tray->windows, notice->title, notice->text, NOTICE_SECONDS);
  g_free (notice->title);
  g_free (notice->text);
  g_free (notice);
}

/* A short word in the corner of the screen. */
static void
show_notice (Tray *tray, const char *title, const char *text)
{
  GDBusConnection *connection = g_application_get_dbus_connection (G_APPLICATION (tray->application));
  g_autofree char *escaped = g_markup_escape_text (text, -1); /* the notice's body is markup */
  GVariantBuilder hints;
  Notice *notice;

  if (connection == NULL)
    {
      bl_tray_windows_message (tray->windows, title, text, NOTICE_SECONDS);
      return;
    }
  notice = g_new (Notice, 1);
  *notice = (Notice){ tray, g_strdup (title), g_strdup (text) };
  g_variant_builder_init (&hints, G_VARIANT_TYPE_VARDICT);
  g_dbus_connection_call (connection, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                          "org.freedesktop.Notifications", "Notify",
                          g_variant_new ("(susss@asa{sv}i)", "Bowline", 0u, "network-server",
                                         *title != '\0' ? title : "Bowline", escaped,
                                         g_variant_new_strv (NULL, 0), &hints, -1),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, notified_cb, notice);
}

static void
message_cb (const BlTrayMessage *message, gpointer user_data)
{
  Tray *tray = user_data;

  if (g_str_equal (message->kind, "message"))
    bl_tray_windows_message (tray->windows, message->title, message->text, message->timeout);
  else if (g_str_equal (message->kind, "url"))
    bl_tray_windows_open_address (tray->windows, message->text);
  else if (g_str_equal (message->kind, "chat"))
    offer_chat (tray, message);
  else if (*message->session.kind != '\0')
    {
      g_autofree char *text = bl_tray_describe_start (&message->session);
      show_notice (tray, message->title, text);
    }
  else
    show_notice (tray, message->title, message->text);
}

static void
failed_cb (const char *text, gpointer user_data)
{
  bl_tray_windows_message (((Tray *)user_data)->windows, _ ("This was refused"), _ (text), 0);
}

/* ---- what is chosen ----------------------------------------------------------------------------------- */

static void
activated_cb (gint32 id, gpointer user_data)
{
  Tray *tray = user_data;

  switch (id)
    {
    case ROW_STOP_ALL:
      bl_tray_agent_stop_all (tray->agent);
      break;
    case ROW_PAUSE:
    case ROW_RESUME:
      bl_tray_agent_pause (tray->agent, id == ROW_PAUSE ? PAUSE_SECONDS : 0);
      break;
    case ROW_CHAT:
      bl_tray_windows_open_address (tray->windows, tray->chat_address);
      break;
    case ROW_HELP:
      bl_tray_windows_ask_for_help (tray->windows);
      break;
    case ROW_HELP_BACK:
      bl_tray_agent_request_help (tray->agent, "");
      break;
    default:
      bl_tray_windows_show_sessions (tray->windows);
      break;
    }
}

/* ---- life --------------------------------------------------------------------------------------------- */

static gboolean
quit_cb (gpointer user_data)
{
  g_application_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static void
startup_cb (GApplication *application, gpointer user_data)
{
  static const BlTrayAgentEvents events = { .changed = changed_cb,
                                            .question = question_cb,
                                            .withdrawn = withdrawn_cb,
                                            .dismissed = dismissed_cb,
                                            .message = message_cb,
                                            .failed = failed_cb };
  Tray *tray = user_data;

  g_application_hold (application); /* it stays when its last window closes */
  tray->item = bl_tray_item_new (activated_cb, tray);
  tray->agent = bl_tray_agent_new (tray->bus, &events, tray);
  tray->windows = bl_tray_windows_new (tray->application, tray->agent);
  changed_cb (tray);
}

static void
activate_cb (GApplication *application, gpointer user_data)
{
  /* A second start shows what the first one does; the first one starts quietly. */
  Tray *tray = user_data;

  if (tray->started)
    bl_tray_windows_show_sessions (tray->windows);
  tray->started = TRUE;
}

static gint
options_cb (GApplication *application, GVariantDict *options, gpointer user_data)
{
  Tray *tray = user_data;
  const char *bus = "system";

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("bowline-tray " BL_VERSION "\n");
      return 0;
    }
  g_variant_dict_lookup (options, "bus", "&s", &bus);
  if (!g_str_equal (bus, "system") && !g_str_equal (bus, "session"))
    {
      g_printerr ("bowline-tray: --bus: expected system or session, found \"%s\"\n", bus);
      return 2;
    }
  tray->bus = g_str_equal (bus, "session") ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
  return -1;
}

int
main (int argc, char **argv)
{
  const char *locale_path = g_getenv ("BOWLINE_LOCALE_PATH");
  Tray tray = { 0 };
  int status;

  setlocale (LC_ALL, "");
  bindtextdomain ("bowline", locale_path != NULL ? locale_path : BL_LOCALEDIR);
  bind_textdomain_codeset ("bowline", "UTF-8");
  textdomain ("bowline");
  tray.application = gtk_application_new ("org.bowline.Tray", G_APPLICATION_DEFAULT_FLAGS);
  g_application_add_main_option (G_APPLICATION (tray.application), "bus", 0, 0, G_OPTION_ARG_STRING,
                                 _ ("bus on which the agent is: system (default) or session"), "BUS");
  g_application_add_main_option (G_APPLICATION (tray.application), "version", 0, 0, G_OPTION_ARG_NONE,
                                 _ ("print the version and end"), NULL);
  g_signal_connect (tray.application, "handle-local-options", G_CALLBACK (options_cb), &tray);
  g_signal_connect (tray.application, "startup", G_CALLBACK (startup_cb), &tray);
  g_signal_connect (tray.application, "activate", G_CALLBACK (activate_cb), &tray);
  g_unix_signal_add (SIGTERM, quit_cb, tray.application);
  g_unix_signal_add (SIGINT, quit_cb, tray.application);
  status = g_application_run (G_APPLICATION (tray.application), argc, argv);
  forget_chat (&tray);
  g_clear_pointer (&tray.windows, bl_tray_windows_free);
  g_clear_pointer (&tray.agent, bl_tray_agent_free);
  g_clear_pointer (&tray.item, bl_tray_item_free);
  g_object_unref (tray.application);
  return status;
}
