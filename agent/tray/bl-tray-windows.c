// SPDX-License-Identifier: Apache-2.0
#include "bl-tray-windows.h"

#include "bl-tray-bar.h"

#include <glib/gi18n.h>

#define SPACE 12
#define HELP_MAX 1000

struct _BlTrayWindows
{
  GtkApplication *application;
  BlTrayAgent *agent;
  GHashTable *questions; /* number -> GtkWindow */
  GtkWidget *sessions;   /* window, NULL while it is closed */
  GtkWidget *list;       /* in it */
  GtkWidget *invitation; /* window, likewise */
  GtkWidget *bar;        /* window, NULL while nobody sees the screen */
};

/* ---- pieces ------------------------------------------------------------------------------------------- */

static GtkWidget *
new_window (BlTrayWindows *windows, const char *title, GtkWidget **box)
{
  GtkWidget *window = gtk_application_window_new (windows->application);

  *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, SPACE);
  gtk_widget_set_margin_top (*box, SPACE * 2);
  gtk_widget_set_margin_bottom (*box, SPACE * 2);
  gtk_widget_set_margin_start (*box, SPACE * 2);
  gtk_widget_set_margin_end (*box, SPACE * 2);
  gtk_window_set_title (GTK_WINDOW (window), title);
  gtk_window_set_child (GTK_WINDOW (window), *box);
  gtk_window_set_resizable (GTK_WINDOW (window), FALSE);
  return window;
}

/* Text that came from elsewhere is never markup. */
static GtkWidget *
new_text (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_selectable (GTK_LABEL (label), FALSE);
  return label;
}

static GtkWidget *
new_heading (const char *text)
{
  GtkWidget *label = new_text (text);

  gtk_widget_add_css_class (label, "title-4");
  return label;
}

static GtkWidget *
new_button (GtkWidget *box, const char *text, GCallback clicked, gpointer user_data)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (text);

  g_signal_connect (button, "clicked", clicked, user_data);
  gtk_box_append (GTK_BOX (box), button);
  return button;
}

static GtkWidget *
new_buttons (GtkWidget *box)
{
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, SPACE);

  gtk_widget_set_halign (buttons, GTK_ALIGN_END);
  gtk_box_append (GTK_BOX (box), buttons);
  return buttons;
}

static const char *
kind_title (const char *kind)
{
  if (g_str_equal (kind, "desktop"))
    return _ ("Desktop");
  if (g_str_equal (kind, "terminal"))
    return _ ("Terminal");
  return g_str_equal (kind, "files") ? _ ("Files") : _ ("Connection");
}

char *
bl_tray_describe_session (const BlTraySession *session)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (session->started);
  g_autofree char *since = time != NULL ? g_date_time_format (time, "%H:%M") : g_strdup ("");

  /* Translators: what, who, when: "Desktop: Anna, since 12:30" */
  return g_strdup_printf (_ ("%s: %s, since %s"), kind_title (session->kind), session->who, since);
}

char *
bl_tray_describe_start (const BlTraySession *session)
{
  if (g_str_equal (session->kind, "desktop"))
    return g_strdup_printf (_ ("%s sees the screen of this computer."), session->who);
  if (g_str_equal (session->kind, "terminal"))
    return g_strdup_printf (_ ("%s has opened a terminal on this computer."), session->who);
  if (g_str_equal (session->kind, "files"))
    return g_strdup_printf (_ ("%s sees the files of this computer."), session->who);
  return g_strdup_printf (_ ("%s is connected to this computer."), session->who);
}

/* ---- questions ---------------------------------------------------------------------------------------- */

typedef struct
{
  BlTrayWindows *windows;
  guint32 id;
  guint left; /* seconds */
  guint timer_id;
  gboolean answered;
  GtkWidget *window;
  GtkWidget *countdown;
  GtkWidget *remember;
} Prompt;

static void
answer (Prompt *prompt, gboolean allow)
{
  const gboolean again = allow && gtk_check_button_get_active (GTK_CHECK_BUTTON (prompt->remember));

  if (!prompt->answered)
    bl_tray_agent_answer (prompt->windows->agent, prompt->id, allow, again);
  prompt->answered = TRUE;
  gtk_window_destroy (GTK_WINDOW (prompt->window));
}

static void
allow_cb (GtkButton *button, gpointer user_data)
{
  answer (user_data, TRUE);
}

static void
deny_cb (GtkButton *button, gpointer user_data)
{
  answer (user_data, FALSE);
}

static gboolean
prompt_close_cb (GtkWindow *window, gpointer user_data)
{
  answer (user_data, FALSE);
  return TRUE;
}

static void
prompt_destroy_cb (GtkWidget *window, gpointer user_data)
{
  Prompt *prompt = user_data;

  g_clear_handle_id (&prompt->timer_id, g_source_remove);
  g_hash_table_remove (prompt->windows->questions, GUINT_TO_POINTER (prompt->id));
  g_free (prompt);
}

static void
show_countdown (Prompt *prompt)
{
  g_autofree char *text
      = g_strdup_printf (g_dngettext (NULL, "Without an answer the request is over in %u second.",
                                      "Without an answer the request is over in %u seconds.", prompt->left),
                         prompt->left);

  gtk_label_set_text (GTK_LABEL (prompt->countdown), text);
}

static gboolean
second_cb (gpointer user_data)
{
  Prompt *prompt = user_data;

  if (prompt->left > 0)
    prompt->left--;
  show_countdown (prompt);
  return G_SOURCE_CONTINUE;
}

static char *
question_text (const BlTraySession *session)
{
  if (g_str_equal (session->kind, "desktop"))
    return g_strdup_printf (_ ("%s asks to see and control the screen of this computer."), session->who);
  if (g_str_equal (session->kind, "terminal"))
    return g_strdup_printf (_ ("%s asks to open a terminal on this computer."), session->who);
  if (g_str_equal (session->kind, "files"))
    return g_strdup_printf (_ ("%s asks to see and change the files of this computer."), session->who);
  return g_strdup_printf (_ ("%s asks to connect to this computer."), session->who);
}

void
bl_tray_windows_ask (BlTrayWindows *windows, const BlTrayQuestion *question)
{
  Prompt *prompt = g_new0 (Prompt, 1);
  GtkWidget *box, *buttons, *deny;
  g_autofree char *text = question_text (&question->session);

  prompt->windows = windows;
  prompt->id = question->id;
  prompt->left = question->timeout;
  prompt->window
      = new_window (windows, *question->title != '\0' ? question->title : _ ("Remote session"), &box);
  gtk_box_append (GTK_BOX (box), new_heading (*question->message != '\0' ? question->message : text));
  if (*question->message != '\0')
    gtk_box_append (GTK_BOX (box), new_text (text));
  if (*question->session.address != '\0')
    {
      g_autofree char *from = g_strdup_printf (_ ("From %s"), question->session.address);
      gtk_box_append (GTK_BOX (box), new_text (from));
    }
  prompt->countdown = new_text (NULL);
  gtk_widget_add_css_class (prompt->countdown, "dim-label");
  gtk_box_append (GTK_BOX (box), prompt->countdown);
  show_countdown (prompt);
  prompt->remember = gtk_check_button_new_with_mnemonic (_ ("Allow this also for the next _five minutes"));
  gtk_box_append (GTK_BOX (box), prompt->remember);
  buttons = new_buttons (box);
  deny = new_button (buttons, _ ("_Refuse"), G_CALLBACK (deny_cb), prompt);
  gtk_widget_add_css_class (new_button (buttons, _ ("_Allow"), G_CALLBACK (allow_cb), prompt),
                            "suggested-action");
  g_signal_connect (prompt->window, "close-request", G_CALLBACK (prompt_close_cb), prompt);
  g_signal_connect (prompt->window, "destroy", G_CALLBACK (prompt_destroy_cb), prompt);
  g_hash_table_insert (windows->questions, GUINT_TO_POINTER (prompt->id), prompt);
  prompt->timer_id = g_timeout_add_seconds (1, second_cb, prompt);
  gtk_window_present (GTK_WINDOW (prompt->window));
  gtk_widget_grab_focus (deny); /* a key pressed by chance must not be a yes */
}

void
bl_tray_windows_withdraw (BlTrayWindows *windows, guint32 question)
{
  Prompt *prompt = g_hash_table_lookup (windows->questions, GUINT_TO_POINTER (question));

  if (prompt == NULL)
    return;
  prompt->answered = TRUE;
  gtk_window_destroy (GTK_WINDOW (prompt->window));
}

void
bl_tray_windows_withdraw_all (BlTrayWindows *windows)
{
  g_autoptr (GList) open = g_hash_table_get_keys (windows->questions);

  for (const GList *link = open; link != NULL; link = link->next)
    bl_tray_windows_withdraw (windows, GPOINTER_TO_UINT (link->data));
}

/* ---- messages ----------------------------------------------------------------------------------------- */

static void
close_window_cb (GtkButton *button, gpointer user_data)
{
  gtk_window_destroy (user_data);
}

static gboolean
timeout_cb (gpointer user_data)
{
  g_object_set_data (user_data, "timer", NULL);
  gtk_window_destroy (user_data);
  return G_SOURCE_REMOVE;
}

static void
message_destroy_cb (GtkWidget *window, gpointer user_data)
{
  const guint timer = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (window), "timer"));

  if (timer != 0)
    g_source_remove (timer);
}

void
bl_tray_windows_message (BlTrayWindows *windows, const char *title, const char *text, guint timeout)
{
  GtkWidget *box, *window;

  if (g_list_length (gtk_application_get_windows (windows->application)) >= BL_TRAY_MAX_WINDOWS)
    return;
  window = new_window (windows, *title != '\0' ? title : _ ("Message"), &box);
  gtk_box_append (GTK_BOX (box), new_text (text));
  new_button (new_buttons (box), _ ("_Close"), G_CALLBACK (close_window_cb), window);
  if (timeout > 0)
    g_object_set_data (G_OBJECT (window), "timer",
                       GUINT_TO_POINTER (g_timeout_add_seconds (timeout, timeout_cb, window)));
  g_signal_connect (window, "destroy", G_CALLBACK (message_destroy_cb), NULL);
  gtk_window_present (GTK_WINDOW (window));
}

/* ---- chat --------------------------------------------------------------------------------------------- */

void
bl_tray_windows_open_address (BlTrayWindows *windows, const char *address)
{
  g_autoptr (GError) error = NULL;

  if (!g_app_info_launch_default_for_uri (address, NULL, &error))
    bl_tray_windows_message (windows, _ ("This could not be opened"), error->message, 0);
}

static void
open_chat_cb (GtkButton *button, gpointer user_data)
{
  BlTrayWindows *windows = user_data;

  bl_tray_windows_open_address (windows, g_object_get_data (G_OBJECT (windows->invitation), "address"));
  gtk_window_destroy (GTK_WINDOW (windows->invitation));
}

static void
invitation_destroy_cb (GtkWidget *window, gpointer user_data)
{
  ((BlTrayWindows *)user_data)->invitation = NULL;
}

void
bl_tray_windows_invite (BlTrayWindows *windows, const char *who, const char *address)
{
  g_autofree char *text = g_strdup_printf (_ ("%s wants to chat with you."), who);
  GtkWidget *box, *buttons;

  if (windows->invitation != NULL)
    gtk_window_destroy (GTK_WINDOW (windows->invitation));
  windows->invitation = new_window (windows, _ ("Chat"), &box);
  gtk_box_append (GTK_BOX (box), new_heading (text));
  gtk_box_append (GTK_BOX (box),
                  new_text (_ ("The chat opens in your browser. You can also open it later from the "
                               "menu of the icon.")));
  buttons = new_buttons (box);
  new_button (buttons, _ ("_Not now"), G_CALLBACK (close_window_cb), windows->invitation);
  gtk_widget_add_css_class (new_button (buttons, _ ("_Open the chat"), G_CALLBACK (open_chat_cb), windows),
                            "suggested-action");
  g_object_set_data_full (G_OBJECT (windows->invitation), "address", g_strdup (address), g_free);
  g_signal_connect (windows->invitation, "destroy", G_CALLBACK (invitation_destroy_cb), windows);
  gtk_window_present (GTK_WINDOW (windows->invitation));
}

/* ---- sessions ----------------------------------------------------------------------------------------- */

static void
stop_cb (GtkButton *button, gpointer user_data)
{
  BlTrayWindows *windows = user_data;

  bl_tray_agent_stop (windows->agent, GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "session")));
}

static void
stop_all_cb (GtkButton *button, gpointer user_data)
{
  bl_tray_agent_stop_all (((BlTrayWindows *)user_data)->agent);
}

static void
add_session (BlTrayWindows *windows, const BlTraySession *session)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, SPACE);
  g_autofree char *text = bl_tray_describe_session (session);
  GtkWidget *label = new_text (text), *button;

  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (row), label);
  button = new_button (row, _ ("_End"), G_CALLBACK (stop_cb), windows);
  g_object_set_data (G_OBJECT (button), "session", GUINT_TO_POINTER (session->id));
  gtk_box_append (GTK_BOX (windows->list), row);
}

static void
fill_sessions (BlTrayWindows *windows)
{
  GPtrArray *sessions = bl_tray_agent_get_sessions (windows->agent);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (windows->list)) != NULL)
    gtk_box_remove (GTK_BOX (windows->list), child);
  for (guint i = 0; i < sessions->len; i++)
    add_session (windows, sessions->pdata[i]);
  if (sessions->len == 0)
    gtk_box_append (GTK_BOX (windows->list), new_text (_ ("Nobody is connected to this computer.")));
  else
    new_button (new_buttons (windows->list), _ ("End _all"), G_CALLBACK (stop_all_cb), windows);
}

static void
sessions_destroy_cb (GtkWidget *window, gpointer user_data)
{
  BlTrayWindows *windows = user_data;

  windows->sessions = windows->list = NULL;
}

void
bl_tray_windows_show_sessions (BlTrayWindows *windows)
{
  if (windows->sessions == NULL)
    {
      GtkWidget *box;

      windows->sessions = new_window (windows, _ ("Remote sessions"), &box);
      windows->list = gtk_box_new (GTK_ORIENTATION_VERTICAL, SPACE);
      gtk_widget_set_size_request (windows->list, 420, -1);
      gtk_box_append (GTK_BOX (box), windows->list);
      g_signal_connect (windows->sessions, "destroy", G_CALLBACK (sessions_destroy_cb), windows);
      fill_sessions (windows);
    }
  gtk_window_present (GTK_WINDOW (windows->sessions));
}

/* ---- the bar ------------------------------------------------------------------------------------------ */

static void
bar_stop_cb (GtkButton *button, gpointer user_data)
{
  BlTrayWindows *windows = user_data;
  GPtrArray *sessions = bl_tray_agent_get_sessions (windows->agent);

  for (guint i = 0; i < sessions->len; i++)
    {
      const BlTraySession *session = sessions->pdata[i];

      if (session->bar)
        bl_tray_agent_stop (windows->agent, session->id);
    }
}

static void
update_bar (BlTrayWindows *windows)
{
  GPtrArray *sessions = bl_tray_agent_get_sessions (windows->agent);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < sessions->len; i++)
    {
      const BlTraySession *session = sessions->pdata[i];

      if (session->bar)
        g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", session->who);
    }
  if (names->len == 0)
    {
      if (windows->bar != NULL)
        gtk_window_destroy (GTK_WINDOW (windows->bar));
      windows->bar = NULL;
      return;
    }
  g_autofree char *text = g_strdup_printf (_ ("%s sees this screen"), names->str);
  if (windows->bar == NULL)
    windows->bar = bl_tray_bar_new (windows->application, G_CALLBACK (bar_stop_cb), windows);
  bl_tray_bar_set_text (windows->bar, text);
}

void
bl_tray_windows_update (BlTrayWindows *windows)
{
  if (windows->list != NULL)
    fill_sessions (windows);
  update_bar (windows);
}

/* ---- help --------------------------------------------------------------------------------------------- */

static void
send_help_cb (GtkWidget *widget, gpointer user_data)
{
  GtkWidget *window = user_data, *entry = g_object_get_data (G_OBJECT (window), "entry");
  BlTrayWindows *windows = g_object_get_data (G_OBJECT (window), "windows");
  const char *text = gtk_editable_get_text (GTK_EDITABLE (entry));

  if (*text == '\0')
    {
      gtk_widget_grab_focus (entry);
      return;
    }
  bl_tray_agent_request_help (windows->agent, text);
  gtk_window_destroy (GTK_WINDOW (window));
}

void
bl_tray_windows_ask_for_help (BlTrayWindows *windows)
{
  GtkWidget *box, *window = new_window (windows, _ ("Ask for help"), &box), *entry = gtk_entry_new (),
                  *buttons;

  gtk_box_append (GTK_BOX (box), new_text (_ ("What is the matter? Your administrators will see it.")));
  gtk_entry_set_max_length (GTK_ENTRY (entry), HELP_MAX);
  gtk_widget_set_size_request (entry, 420, -1);
  gtk_box_append (GTK_BOX (box), entry);
  g_object_set_data (G_OBJECT (window), "entry", entry);
  g_object_set_data (G_OBJECT (window), "windows", windows);
  g_signal_connect (entry, "activate", G_CALLBACK (send_help_cb), window);
  buttons = new_buttons (box);
  new_button (buttons, _ ("_Cancel"), G_CALLBACK (close_window_cb), window);
  gtk_widget_add_css_class (new_button (buttons, _ ("_Send"), G_CALLBACK (send_help_cb), window),
                            "suggested-action");
  gtk_window_present (GTK_WINDOW (window));
}

/* ---- life --------------------------------------------------------------------------------------------- */

BlTrayWindows *
bl_tray_windows_new (GtkApplication *application, BlTrayAgent *agent)
{
  BlTrayWindows *windows = g_new0 (BlTrayWindows, 1);

  windows->application = application;
  windows->agent = agent;
  windows->questions = g_hash_table_new (NULL, NULL);
  return windows;
}

void
bl_tray_windows_free (BlTrayWindows *windows)
{
  GList *open;

  if (windows == NULL)
    return;
  while ((open = gtk_application_get_windows (windows->application)) != NULL)
    gtk_window_destroy (open->data);
  g_hash_table_unref (windows->questions);
  g_free (windows);
}
