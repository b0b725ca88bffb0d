// SPDX-License-Identifier: Apache-2.0
#include "bl-presence.h"

#include "bl-build-config.h"
#include "bl-presence-access.h"
#include "bl-presence-bus.h"
#include "bl-presence-interface.h"
#include "common/bl-rights-bits.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <glib/gi18n.h> /* programs of the person translate what is marked */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define NAME "org.bowline.Agent1"
#define PATH "/org/bowline/Agent1"
#define HELP_MAX 1024u
#define MESSAGE_SECONDS_MAX 86400
#define MESSAGE_BOX_MS 120000  /* unless the message says otherwise, as MeshCentral does */
#define MESSAGE_ALERT_MS 9999000

typedef struct
{
  char *name; /* on the bus */
  uid_t uid;
  guint watch_id;
} Presenter;

typedef struct
{
  guint32 id;
  BowlineConsent *consent;
} Question;

struct _BlPresence
{
  gatomicrefcount count; /* checks under way hold one */
  BowlineHost *host;     /* NULL once it is stopped */
  gboolean use_system_bus;
  BlPresenceBus *bus;
  BlPresenceBus *logind_bus;   /* NULL when it is the same */
  BlPresenceSeat *seat;        /* NULL while logind cannot be asked */
  GCancellable *cancellable;   /* of the checks under way */
  GDBusConnection *connection; /* NULL while there is none */
  guint own_id;
  guint object_id;
  GPtrArray *presenters;
  GHashTable *questions;  /* number -> Question */
  GHashTable *remembered; /* "kind user" -> end, monotonic us, as gint64 * */
  GHashTable *bars;       /* BowlineTunnel that shows a bar; no references, checked against the list */
  guint32 last_question;
  uid_t person; /* who was at the screen last */
  char *help;   /* request for help that stands, or NULL */
  uid_t help_uid;
  gboolean connected; /* to the server, when it changed last */
};

/* ---- words -------------------------------------------------------------------------------------------- */

static const char *
kind_of (const BowlineTunnelInfo *info)
{
  if (bl_tunnel_is_screen (info->protocol))
    return "desktop";
  if (bl_tunnel_is_terminal (info->protocol))
    return "terminal";
  return bl_tunnel_is_files (info->protocol) ? "files" : "other";
}

static void
add_text (GVariantBuilder *details, const char *key, const char *text)
{
  g_autofree char *cut = g_strndup (text != NULL ? text : "", BL_PRESENCE_TEXT_MAX);
  g_autofree char *valid = g_utf8_make_valid (cut, -1);

  g_variant_builder_add (details, "{sv}", key, g_variant_new_string (valid));
}

static void
add_tunnel (GVariantBuilder *details, BowlineTunnel *tunnel)
{
  BowlineTunnelInfo info = { .struct_size = sizeof info };

  bowline_tunnel_get_info (tunnel, &info);
  add_text (details, "kind", kind_of (&info));
  add_text (details, "user", info.user_name);
  add_text (details, "realname", info.real_name);
  add_text (details, "guest", info.guest_name);
  add_text (details, "address", info.address);
  g_variant_builder_add (details, "{sv}", "started",
                         g_variant_new_int64 (bowline_tunnel_get_started (tunnel)));
}

/* ---- to presenters ------------------------------------------------------------------------------------ */

static void
tell_presenters (BlPresence *presence, const char *signal, GVariant *parameters)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);

  for (guint i = 0; i < presence->presenters->len; i++)
    (void)g_dbus_connection_emit_signal (presence->connection,
                                         ((Presenter *)presence->presenters->pdata[i])->name, PATH, NAME,
                                         signal, owned, NULL);
}

/* @session: (nullable): what the message says, for programs that word it themselves */
static void
show_message (BlPresence *presence,
              const char *kind,
              const char *title,
              const char *text,
              guint timeout,
              BowlineTunnel *session)
{
  GVariantBuilder details;

  g_variant_builder_init (&details, G_VARIANT_TYPE_VARDICT);
  add_text (&details, "kind", kind);
  add_text (&details, "title", title);
  add_text (&details, "text", text);
  g_variant_builder_add (&details, "{sv}", "timeout", g_variant_new_uint32 (timeout));
  if (session != NULL)
    {
      GVariantBuilder more;

      g_variant_builder_init (&more, G_VARIANT_TYPE_VARDICT);
      add_tunnel (&more, session);
      g_variant_builder_add (&details, "{sv}", "session", g_variant_builder_end (&more));
    }
  tell_presenters (presence, "Message", g_variant_new ("(a{sv})", &details));
}

/* The server forgets what a device told when it is gone. */
static void
send_help (BlPresence *presence)
{
  const struct passwd *account = getpwuid (presence->help_uid);
  GVariantBuilder value, message;

  g_variant_builder_init (&value, G_VARIANT_TYPE_VARDICT);
  if (presence->help != NULL)
    g_variant_builder_add (&value, "{sv}", account != NULL ? account->pw_name : "?",
                           g_variant_new_string (presence->help));
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "action", g_variant_new_string ("sessions"));
  g_variant_builder_add (&message, "{sv}", "type", g_variant_new_string ("help"));
  g_variant_builder_add (&message, "{sv}", "value", g_variant_builder_end (&value));
  bowline_agent_send (presence->host, g_variant_builder_end (&message));
}

static void
emit_changed (BlPresence *presence)
{
  if (presence->connection != NULL)
    (void)g_dbus_connection_emit_signal (presence->connection, NULL, PATH, NAME, "Changed", NULL, NULL);
}

void
bl_presence_changed (BlPresence *presence)
{
  const gboolean connected = bowline_agent_is_connected (presence->host);
  g_autoptr (GPtrArray) running = bowline_agent_list_tunnels (presence->host);
  GHashTableIter iter;
  gpointer tunnel;

  g_hash_table_iter_init (&iter, presence->bars);
  while (g_hash_table_iter_next (&iter, &tunnel, NULL))
    {
      if (!g_ptr_array_find (running, tunnel, NULL))
        g_hash_table_iter_remove (&iter);
    }
  if (connected && !presence->connected && presence->help != NULL)
    send_help (presence);
  presence->connected = connected;
  emit_changed (presence);
}

/* ---- questions ---------------------------------------------------------------------------------------- */

static void
question_free (gpointer data)
{
  Question *question = data;

  bowline_consent_unref (question->consent);
  g_free (question);
}

static char *
memory_key (BowlineConsent *consent)
{
  BowlineTunnelInfo info = { .struct_size = sizeof info };

  bowline_tunnel_get_info (bowline_consent_get_tunnel (consent), &info);
  return g_strdup_printf ("%s %s %s", kind_of (&info), info.user_id != NULL ? info.user_id : "",
                          info.guest_name != NULL ? info.guest_name : "");
}

static gboolean
is_remembered (BlPresence *presence, BowlineConsent *consent)
{
  g_autofree char *key = memory_key (consent);
  const gint64 *end = g_hash_table_lookup (presence->remembered, key);

  if (end == NULL)
    return FALSE;
  if (*end > g_get_monotonic_time ())
    return TRUE;
  g_hash_table_remove (presence->remembered, key);
  return FALSE;
}

static void
remember (BlPresence *presence, BowlineConsent *consent)
{
  gint64 *end = g_new (gint64, 1);

  *end = g_get_monotonic_time () + BL_PRESENCE_REMEMBER_SECONDS * G_USEC_PER_SEC;
  g_hash_table_insert (presence->remembered, memory_key (consent), end);
}

static void
allow (BlPresence *presence, BowlineConsent *consent, guint32 needs)
{
  BowlineTunnel *tunnel = bowline_consent_get_tunnel (consent);

  if ((needs & BOWLINE_CONSENT_BAR) != 0)
    g_hash_table_add (presence->bars, tunnel);
  bowline_consent_answer (consent, BOWLINE_CONSENT_ALLOW);
}

static void
notify (BlPresence *presence, BowlineConsent *consent, const BowlineConsentInfo *info)
{
  BowlineTunnel *tunnel = bowline_consent_get_tunnel (consent);
  BowlineTunnelInfo who = { .struct_size = sizeof who };
  g_autofree char *text = NULL;

  bowline_tunnel_get_info (tunnel, &who);
  text = g_strdup_printf ("%s: %s",
                          who.real_name != NULL   ? who.real_name
                          : who.user_name != NULL ? who.user_name
                                                  : "?",
                          kind_of (&who));
  if (info->message != NULL)
    show_message (presence, "notify", info->title, info->message, 0, NULL);
  else
    show_message (presence, "notify", info->title, text, 0, tunnel);
}

static gboolean
is_locked (BlPresence *presence)
{
  return presence->seat != NULL && bl_presence_seat_get_state (presence->seat) == BL_PRESENCE_SEAT_LOCKED;
}

void
bl_presence_ask (BlPresence *presence, BowlineConsent *consent)
{
  BowlineConsentInfo info = { .struct_size = sizeof info };
  GVariantBuilder details;
  Question *question;

  bowline_consent_get_info (consent, &info);
  if ((info.needs & BOWLINE_CONSENT_NOTIFY) != 0)
    notify (presence, consent, &info);
  if ((info.needs & BOWLINE_CONSENT_PROMPT) == 0 || is_remembered (presence, consent))
    {
      allow (presence, consent, info.needs);
      return;
    }
  if (is_locked (presence) || presence->presenters->len == 0)
    {
      bowline_consent_answer (consent,
                              is_locked (presence) ? BOWLINE_CONSENT_LOCKED : BOWLINE_CONSENT_NOBODY);
      return;
    }
  question = g_new (Question, 1);
  *question = (Question){ ++presence->last_question, bowline_consent_ref (consent) };
  g_hash_table_insert (presence->questions, GUINT_TO_POINTER (question->id), question);
  g_variant_builder_init (&details, G_VARIANT_TYPE_VARDICT);
  add_tunnel (&details, bowline_consent_get_tunnel (consent));
  add_text (&details, "title", info.title);
  add_text (&details, "message", info.message);
  g_variant_builder_add (&details, "{sv}", "timeout", g_variant_new_uint32 (info.timeout));
  tell_presenters (presence, "Question", g_variant_new ("(ua{sv})", question->id, &details));
}

static Question *
find_question (BlPresence *presence, BowlineConsent *consent)
{
  GHashTableIter iter;
  gpointer question;

  g_hash_table_iter_init (&iter, presence->questions);
  while (g_hash_table_iter_next (&iter, NULL, &question))
    {
      if (((Question *)question)->consent == consent)
        return question;
    }
  return NULL;
}

static void
end_question (BlPresence *presence, guint32 id)
{
  g_hash_table_remove (presence->questions, GUINT_TO_POINTER (id));
  tell_presenters (presence, "Withdrawn", g_variant_new ("(u)", id));
}

void
bl_presence_withdraw (BlPresence *presence, BowlineConsent *consent)
{
  const Question *question = find_question (presence, consent);

  if (question != NULL)
    end_question (presence, question->id);
}

static gboolean
answer_question (BlPresence *presence, guint32 id, gboolean yes, gboolean again)
{
  Question *question = g_hash_table_lookup (presence->questions, GUINT_TO_POINTER (id));
  BowlineConsentInfo info = { .struct_size = sizeof info };

  if (question == NULL)
    return FALSE;
  g_autoptr (BowlineConsent) consent = bowline_consent_ref (question->consent);
  end_question (presence, id); /* the other presenters close theirs */
  bowline_consent_get_info (consent, &info);
  if (yes && again)
    remember (presence, consent);
  if (yes)
    allow (presence, consent, info.needs);
  else
    bowline_consent_answer (consent, BOWLINE_CONSENT_DENY);
  return TRUE;
}

/* Nobody is left who could answer. */
static void
give_up_questions (BlPresence *presence)
{
  const guint32 answer = is_locked (presence) ? BOWLINE_CONSENT_LOCKED : BOWLINE_CONSENT_NOBODY;
  GHashTableIter iter;
  gpointer question;

  /* An answer may lead to another question. */
  g_autoptr (GHashTable) open = g_steal_pointer (&presence->questions);
  presence->questions = g_hash_table_new_full (NULL, NULL, NULL, question_free);
  g_hash_table_iter_init (&iter, open);
  while (g_hash_table_iter_next (&iter, NULL, &question))
    {
      tell_presenters (presence, "Withdrawn", g_variant_new ("(u)", ((Question *)question)->id));
      bowline_consent_answer (((Question *)question)->consent, answer);
    }
}

/* ---- presenters --------------------------------------------------------------------------------------- */

static void
presenter_free (gpointer data)
{
  Presenter *presenter = data;

  g_bus_unwatch_name (presenter->watch_id);
  g_free (presenter->name);
  g_free (presenter);
}

static Presenter *
find_presenter (BlPresence *presence, const char *name)
{
  for (guint i = 0; i < presence->presenters->len; i++)
    {
      Presenter *presenter = presence->presenters->pdata[i];

      if (g_str_equal (presenter->name, name))
        return presenter;
    }
  return NULL;
}

static void
vanished_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BlPresence *presence = user_data;
  Presenter *presenter = find_presenter (presence, name);

  if (presenter != NULL)
    g_ptr_array_remove (presence->presenters, presenter);
  if (presence->presenters->len == 0)
    give_up_questions (presence);
}

static gboolean
add_presenter (BlPresence *presence, const char *name, uid_t uid)
{
  Presenter *presenter;

  if (find_presenter (presence, name) != NULL)
    return TRUE;
  if (presence->presenters->len >= BL_PRESENCE_MAX_PRESENTERS)
    return FALSE;
  presenter = g_new0 (Presenter, 1);
  presenter->name = g_strdup (name);
  presenter->uid = uid;
  g_ptr_array_add (presence->presenters, presenter);
  presenter->watch_id = g_bus_watch_name_on_connection (
      presence->connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, vanished_cb, presence, NULL);
  return TRUE;
}

/* Another person is at the screen: who was there before is not asked and told any more. */
static void
dismiss_absent (BlPresence *presence)
{
  const uid_t present = bl_presence_seat_get_user (presence->seat);

  for (guint i = presence->presenters->len; i-- > 0;)
    {
      const Presenter *presenter = presence->presenters->pdata[i];

      if (presenter->uid == 0 || presenter->uid == present)
        continue;
      (void)g_dbus_connection_emit_signal (presence->connection, presenter->name, PATH, NAME, "Dismissed",
                                           NULL, NULL);
      g_ptr_array_remove_index (presence->presenters, i);
    }
}

/* ---- methods ------------------------------------------------------------------------------------------ */

static BlPresence *
presence_ref (BlPresence *presence)
{
  g_atomic_ref_count_inc (&presence->count);
  return presence;
}

static void
presence_unref (BlPresence *presence)
{
  if (g_atomic_ref_count_dec (&presence->count))
    g_free (presence);
}

static GVariant *
list_sessions (BlPresence *presence)
{
  g_autoptr (GPtrArray) running = bowline_agent_list_tunnels (presence->host);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < running->len; i++)
    {
      BowlineTunnel *tunnel = running->pdata[i];
      GVariantBuilder details;

      g_variant_builder_init (&details, G_VARIANT_TYPE_VARDICT);
      add_tunnel (&details, tunnel);
      g_variant_builder_add (&details, "{sv}", "id",
                             g_variant_new_uint32 (bowline_tunnel_get_number (tunnel)));
      g_variant_builder_add (&details, "{sv}", "bar",
                             g_variant_new_boolean (g_hash_table_contains (presence->bars, tunnel)));
      g_variant_builder_add (&list, "a{sv}", &details);
    }
  return g_variant_new ("(aa{sv})", &list);
}

static void
stop_sessions (BlPresence *presence, gboolean all, guint32 number)
{
  g_autoptr (GPtrArray) running = bowline_agent_list_tunnels (presence->host);

  for (guint i = 0; i < running->len; i++)
    {
      if (all || bowline_tunnel_get_number (running->pdata[i]) == number)
        bowline_tunnel_stop (running->pdata[i], NULL);
    }
}

static void
request_help (BlPresence *presence, const char *text, uid_t uid)
{
  g_free (presence->help);
  presence->help = *text != '\0' ? g_strdup (text) : NULL;
  presence->help_uid = uid;
  send_help (presence);
  emit_changed (presence);
}

/* Does what the caller UID may. Returns: (nullable): what is wrong with it */
static const char *
perform (BlPresence *presence, GDBusMethodInvocation *invocation, uid_t uid)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  guint32 number = 0;
  gboolean yes, again;
  const char *text;

  if (g_str_equal (method, "RegisterPresenter"))
    return add_presenter (presence, sender, uid) ? NULL : N_ ("Too many programs show questions already");
  if (g_str_equal (method, "Answer"))
    {
      g_variant_get (parameters, "(ubb)", &number, &yes, &again);
      if (find_presenter (presence, sender) == NULL)
        return N_ ("You were not asked");
      return answer_question (presence, number, yes, again) ? NULL : N_ ("The question is over");
    }
  if (g_str_equal (method, "Pause"))
    {
      g_variant_get (parameters, "(u)", &number);
      bowline_agent_pause (presence->host, number == 0 ? 0 : g_get_real_time () / G_USEC_PER_SEC + number);
      return NULL;
    }
  if (g_str_equal (method, "RequestHelp"))
    {
      g_variant_get (parameters, "(&s)", &text);
      if (strlen (text) > HELP_MAX)
        return N_ ("The text is too long");
      request_help (presence, text, uid);
      return NULL;
    }
  if (g_str_equal (method, "StopSession"))
    g_variant_get (parameters, "(u)", &number);
  stop_sessions (presence, g_str_equal (method, "StopAll"), number);
  return NULL;
}

static gboolean
is_list (GDBusMethodInvocation *invocation)
{
  return g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "ListSessions");
}

typedef struct
{
  BlPresence *presence;
  GDBusMethodInvocation *invocation;
} Call;

static void
checked_cb (gboolean allowed, uid_t uid, gpointer user_data)
{
  Call *call = user_data;
  const char *problem = NULL;

  if (!allowed || call->presence->host == NULL)
    g_dbus_method_invocation_return_error_literal (call->invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                                   N_ ("Only the person at the screen may do this"));
  else if (is_list (call->invocation))
    g_dbus_method_invocation_return_value (call->invocation, list_sessions (call->presence));
  else if ((problem = perform (call->presence, call->invocation, uid)) != NULL)
    g_dbus_method_invocation_return_error_literal (call->invocation, G_DBUS_ERROR, G_DBUS_ERROR_FAILED,
                                                   problem);
  else
    g_dbus_method_invocation_return_value (call->invocation, NULL);
  presence_unref (call->presence);
  g_free (call);
}

static void
method_cb (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *parameters,
           GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  BlPresence *presence = user_data;
  const char *action = BL_PRESENCE_ACTION_PRESENT;
  Call *call;

  if (is_list (invocation) && find_presenter (presence, sender) != NULL)
    {
      g_dbus_method_invocation_return_value (invocation, list_sessions (presence));
      return;
    }
  if (g_str_has_prefix (method, "Stop"))
    action = BL_PRESENCE_ACTION_STOP;
  else if (g_str_equal (method, "Pause"))
    action = BL_PRESENCE_ACTION_PAUSE;
  call = g_new (Call, 1);
  *call = (Call){ presence_ref (presence), invocation };
  bl_presence_access_check (connection, presence->use_system_bus ? presence->seat : NULL, sender, action,
                            presence->cancellable, checked_cb, call);
}

static GVariant *
property_cb (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *name,
             GError **error,
             gpointer user_data)
{
  BlPresence *presence = user_data;
  const char *server = bowline_agent_get_server (presence->host);

  if (g_str_equal (name, "Connected"))
    return g_variant_new_boolean (bowline_agent_is_connected (presence->host));
  if (g_str_equal (name, "Server"))
    return g_variant_new_string (server != NULL ? server : "");
  if (g_str_equal (name, "HelpRequested"))
    return g_variant_new_boolean (presence->help != NULL);
  if (g_str_equal (name, "PausedUntil"))
    return g_variant_new_int64 (bowline_agent_get_pause (presence->host));
  return g_variant_new_string (BL_VERSION);
}

/* ---- messages of the server --------------------------------------------------------------------------- */

/* Returns: (nullable): "url", or "chat" for a server's invitation to its messenger (webrtc-and-messenger.md
 * section 2.1); %NULL when it is no web address */
static const char *
kind_of_address (const char *text)
{
  g_autoptr (GUri) uri = text != NULL && strlen (text) <= BL_PRESENCE_TEXT_MAX
                             ? g_uri_parse (text, G_URI_FLAGS_NONE, NULL)
                             : NULL;

  if (uri == NULL
      || (!g_str_equal (g_uri_get_scheme (uri), "https") && !g_str_equal (g_uri_get_scheme (uri), "http")))
    return NULL;
  return g_str_has_suffix (g_uri_get_path (uri), "/messenger") && g_uri_get_query (uri) != NULL
                 && g_str_has_prefix (g_uri_get_query (uri), "id=meshmessenger")
             ? "chat"
             : "url";
}

static void
open_address (BlPresence *presence, BowlineMessageCall *call, GVariant *message)
{
  const char *url = bl_variant_get_string (message, "url");
  const char *kind = kind_of_address (url);
  const gboolean shown = kind != NULL && presence->presenters->len > 0;
  GVariantBuilder answer;

  if (shown)
    show_message (presence, kind, bl_variant_get_string (message, "username"), url, 0, NULL);
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&answer, "{sv}", "url", g_variant_new_string (url != NULL ? url : ""));
  g_variant_builder_add (&answer, "{sv}", "success", g_variant_new_boolean (shown));
  bowline_message_call_answer (call, g_variant_builder_end (&answer));
}

/* Milliseconds on the wire; 0 stays until it is closed. */
static guint
message_seconds (GVariant *message, const char *type)
{
  const gint64 usual = type == NULL ? 0 : g_str_equal (type, "alertbox") ? MESSAGE_ALERT_MS : MESSAGE_BOX_MS;
  const gint64 ms = bl_variant_get_int (message, "timeout", usual);

  return ms <= 0 ? 0 : (guint)MIN (ms / 1000 + (ms % 1000 != 0), MESSAGE_SECONDS_MAX);
}

void
bl_presence_message (BlPresence *presence, BowlineMessageCall *call)
{
  GVariant *message = bowline_message_call_get_message (call);
  const char *type = bl_variant_get_string (message, "type");
  const guint32 rights = bowline_message_call_get_rights (call);

  if (rights != BL_RIGHT_ALL && (rights & (BL_RIGHT_CHAT | BL_RIGHT_REMOTE_CONTROL)) == 0)
    return;
  if (g_strcmp0 (type, "openUrl") == 0 || g_str_equal (bl_variant_get_string (message, "action"), "openUrl"))
    open_address (presence, call, message);
  else if (presence->presenters->len == 0)
    bowline_host_log (presence->host, BOWLINE_LOG_INFO, NULL,
                      "a message was not shown: nobody is there to show it");
  else
    show_message (presence, type != NULL ? "message" : "toast", bl_variant_get_string (message, "title"),
                  bl_variant_get_string (message, "msg"), message_seconds (message, type), NULL);
}

/* ---- life --------------------------------------------------------------------------------------------- */

/* What one person allowed for a while is not allowed by the next one. */
static void
note_person (BlPresence *presence)
{
  const uid_t person = bl_presence_seat_get_user (presence->seat);

  if (bl_presence_seat_get_state (presence->seat) == BL_PRESENCE_SEAT_NOBODY
      || (person != BL_PRESENCE_NO_USER && person != presence->person))
    g_hash_table_remove_all (presence->remembered);
  if (person != BL_PRESENCE_NO_USER)
    presence->person = person;
}

static void
seat_cb (gpointer user_data)
{
  BlPresence *presence = user_data;
  const gboolean locked = is_locked (presence);

  note_person (presence);
  if (presence->use_system_bus)
    {
      dismiss_absent (presence);
      if (presence->help != NULL && presence->help_uid != 0 && !locked
          && presence->help_uid != bl_presence_seat_get_user (presence->seat))
        request_help (presence, "", presence->help_uid);
    }
  if (locked || presence->presenters->len == 0)
    give_up_questions (presence);
  emit_changed (presence);
}

static void
lost_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BlPresence *presence = user_data;

  if (connection != NULL && !g_dbus_connection_is_closed (connection))
    bowline_host_log (
        presence->host, BOWLINE_LOG_INFO, NULL,
        "%s: nobody at this device can be asked: another program has the name, or the bus refuses it", NAME);
}

static void
up_cb (GDBusConnection *connection, gpointer user_data)
{
  static const GDBusInterfaceVTable table = { .method_call = method_cb, .get_property = property_cb };
  BlPresence *presence = user_data;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (bl_presence_interface, NULL);

  presence->connection = g_object_ref (connection);
  presence->cancellable = g_cancellable_new ();
  presence->object_id = g_dbus_connection_register_object (connection, PATH, info->interfaces[0], &table,
                                                           presence, NULL, NULL);
  presence->own_id = g_bus_own_name_on_connection (connection, NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
                                                   lost_cb, presence, NULL);
  if (presence->use_system_bus)
    presence->seat = bl_presence_seat_new (connection, BL_PRESENCE_NO_USER, seat_cb, presence);
}

static void
forget_bus (BlPresence *presence)
{
  if (presence->connection == NULL)
    return;
  g_cancellable_cancel (presence->cancellable);
  g_ptr_array_set_size (presence->presenters, 0);
  g_bus_unown_name (presence->own_id);
  g_dbus_connection_unregister_object (presence->connection, presence->object_id);
  if (presence->use_system_bus)
    g_clear_pointer (&presence->seat, bl_presence_seat_free);
  g_clear_object (&presence->cancellable);
  g_clear_object (&presence->connection);
}

static void
down_cb (const char *reason, gpointer user_data)
{
  BlPresence *presence = user_data;

  bowline_host_log (presence->host, BOWLINE_LOG_INFO, NULL, "%s: nobody at this device can be asked: %s",
                    NAME, reason);
  forget_bus (presence);
  give_up_questions (presence);
}

static void
logind_up_cb (GDBusConnection *connection, gpointer user_data)
{
  BlPresence *presence = user_data;

  presence->seat = bl_presence_seat_new (connection, geteuid (), seat_cb, presence);
}

static void
logind_down_cb (const char *reason, gpointer user_data)
{
  g_clear_pointer (&((BlPresence *)user_data)->seat, bl_presence_seat_free);
}

BlPresence *
bl_presence_new (BowlineHost *host, gboolean use_system_bus)
{
  BlPresence *presence = g_new0 (BlPresence, 1);

  g_atomic_ref_count_init (&presence->count);
  presence->host = host;
  presence->use_system_bus = use_system_bus;
  presence->person = BL_PRESENCE_NO_USER;
  presence->presenters = g_ptr_array_new_with_free_func (presenter_free);
  presence->questions = g_hash_table_new_full (NULL, NULL, NULL, question_free);
  presence->remembered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  presence->bars = g_hash_table_new (NULL, NULL);
  presence->bus = bl_presence_bus_new (use_system_bus ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_SESSION, up_cb,
                                       down_cb, presence);
  if (!use_system_bus)
    presence->logind_bus = bl_presence_bus_new (G_BUS_TYPE_SYSTEM, logind_up_cb, logind_down_cb, presence);
  return presence;
}

void
bl_presence_free (BlPresence *presence)
{
  if (presence == NULL)
    return;
  presence->host = NULL;
  forget_bus (presence);
  g_clear_pointer (&presence->bus, bl_presence_bus_free);
  g_clear_pointer (&presence->seat, bl_presence_seat_free);
  g_clear_pointer (&presence->logind_bus, bl_presence_bus_free);
  g_ptr_array_unref (presence->presenters);
  g_hash_table_unref (presence->questions);
  g_hash_table_unref (presence->remembered);
  g_hash_table_unref (presence->bars);
  g_free (presence->help);
  presence_unref (presence);
}
