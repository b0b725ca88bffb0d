// SPDX-License-Identifier: Apache-2.0
/* What people change about their own account. Follows control-channel 7.1. Login tokens change none of it,
 * nor do accounts whose settings are locked. */
#include "bl-control-actions.h"
#include "bl-control-edit.h"
#include "bl-control-web-state.h"

#include <string.h>

#define MAX_LOGINS 500

gboolean
bl_control_settings_are_locked (BlControl *control, BowlineActionCall *call)
{
  guint32 site = bowline_site_rights (control->host, bowline_action_call_get_principal (call));

  return site != BL_SITE_FULL && (site & BL_SITE_LOCKED_SETTINGS) != 0;
}

gboolean
bl_control_email_is_valid (const char *text)
{
  const char *at = strchr (text, '@');
  gsize length = strlen (text);

  if (at == NULL || at == text || strchr (at + 1, '@') != NULL || length > BL_CONTROL_MAX_EMAIL)
    return FALSE;
  for (const char *c = text; *c != '\0'; c++)
    {
      if (g_ascii_isspace (*c) || g_ascii_iscntrl (*c) || strchr ("<>\"(),;:\\", *c) != NULL)
        return FALSE;
    }
  return at[1] != '\0' && at[1] != '.' && text[length - 1] != '.';
}

/* ---- one changed account and its event
 * ---------------------------------------------------------------------------- */

typedef struct
{
  gint64 msgid;
  char **arguments;
  char *message;
} OwnChange;

static void
own_change_free (gpointer data)
{
  OwnChange *change = data;

  g_strfreev (change->arguments);
  g_free (change->message);
  g_free (change);
}

static void
on_kept (BlControl *control, BowlineActionCall *call, gpointer data)
{
  OwnChange *change = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);

  bl_control_event_account_text (control, who, bowline_principal_get_user_id (who), change->msgid,
                                 (const char *const *)change->arguments, g_steal_pointer (&change->message));
  bowline_action_call_result (call, "ok");
}

/* @account: (transfer full); @arguments: (transfer full) (nullable); @message: (transfer full) */
static void
keep (BlControl *control,
      BowlineActionCall *call,
      GVariant *account,
      gint64 msgid,
      char **arguments,
      char *message)
{
  OwnChange *own = g_new (OwnChange, 1);
  BlControlChange change;

  *own = (OwnChange){ msgid, arguments, message };
  bl_control_change_init (&change);
  bl_control_change_put (&change, account);
  bl_control_commit (control, &change, call, on_kept, own, own_change_free);
}

/* Returns: (transfer full) (nullable): the own account, if it may be changed by this call */
static GVariant *
dup_own (BlControl *control, BowlineActionCall *call)
{
  if (bl_control_settings_are_locked (control, call))
    {
      bowline_action_call_result (call, "Settings are locked");
      return NULL;
    }
  return bowline_directory_dup (control->host,
                                bowline_principal_get_user_id (bowline_action_call_get_principal (call)));
}

/* ---- language and mail address
 * ------------------------------------------------------------------------------------ */

static void
run_change_language (BowlineActionCall *call, gpointer user_data)
{
  const char *given = bl_variant_get_string (bowline_action_call_get_arguments (call), "lang");
  g_autofree char *language = g_ascii_strdown (given, -1);
  g_autoptr (GVariant) account = dup_own (user_data, call);
  gboolean clears = g_str_equal (language, "*");
  const char *before;

  if (account == NULL)
    return;
  before = bl_variant_get_string (account, "lang");
  if (before == NULL)
    before = "default";
  keep (user_data, call,
        clears ? bl_doc_remove (account, "lang") : bl_doc_set_string (account, "lang", language), 3,
        g_strdupv ((char **)(const char *[]){ "", before, clears ? "default" : language, NULL }),
        g_strdup_printf ("Changed language from %s to %s", before, clears ? "default" : language));
}

typedef struct
{
  const char *email;
  const char *own_id;
  gboolean taken;
} EmailSearch;

static gboolean
match_email (const char *id, GVariant *account, gpointer user_data)
{
  EmailSearch *search = user_data;

  if (g_strcmp0 (bl_variant_get_string (account, "email"), search->email) == 0
      && bl_variant_get_bool (account, "emailVerified", FALSE) && !g_str_equal (id, search->own_id))
    search->taken = TRUE;
  return !search->taken;
}

static void
run_change_email (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *given = bl_variant_get_string (bowline_action_call_get_arguments (call), "email");
  g_autofree char *email = g_utf8_strdown (given, -1);
  g_autoptr (GVariant) account = dup_own (control, call);
  g_autoptr (GVariant) changed = NULL;
  const char *before = bl_variant_get_string (account, "email");
  const char *name = bl_variant_get_string (account, "name");
  EmailSearch search = { email, bl_variant_get_string (account, "_id"), FALSE };

  if (account == NULL)
    return;
  if (!bl_control_email_is_valid (email))
    {
      bowline_action_call_result (call, "Invalid email");
      return;
    }
  bowline_directory_foreach (control->host, "user", NULL, match_email, &search);
  if (search.taken)
    {
      bowline_action_call_result (call, "Another account uses this email address");
      return;
    }
  if (g_strcmp0 (before, email) == 0)
    {
      bowline_action_call_result (call, "ok");
      return;
    }
  changed = bl_doc_set_string (account, "email", email);
  keep (control, call, bl_doc_set_bool (changed, "emailVerified", FALSE), 0, NULL,
        before != NULL ? g_strdup_printf ("Changed email of user %s from %s to %s", name, before, email)
                       : g_strdup_printf ("Set email of user %s to %s", name, email));
}

/* ---- notifications
 * ------------------------------------------------------------------------------------------------ */

/* Flags on the link when there is one; for rights through a user group, in "notify" of the account. */
static GVariant *
set_notify (GVariant *account, const char *id, gint64 flags)
{
  g_autoptr (GVariant) link = bl_control_dup_link (account, id);
  g_autoptr (GVariant) table = bl_variant_get_object (account, "notify");
  g_autoptr (GVariant) changed = NULL;

  if (link != NULL)
    {
      changed = flags != 0 ? bl_doc_set_int (link, "notify", flags) : bl_doc_remove (link, "notify");
      return bl_control_set_link (account, id, changed);
    }
  if (flags == 0 && table == NULL)
    return g_variant_ref (account);
  changed = flags != 0 ? bl_doc_set_int (table, id, flags) : bl_doc_remove (table, id);
  return g_variant_n_children (changed) > 0 ? bl_doc_set (account, "notify", changed)
                                            : bl_doc_remove (account, "notify");
}

static void
change_notify (
    BlControl *control, BowlineActionCall *call, const char *member, gint64 msgid, const char *text)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autoptr (GVariant) account = dup_own (control, call);

  if (account == NULL)
    return;
  keep (control, call,
        set_notify (account, bl_variant_get_string (arguments, member),
                    bl_variant_get_int (arguments, "notify", 0)),
        msgid, NULL, g_strdup (text));
}

static void
run_mesh_notify (BowlineActionCall *call, gpointer user_data)
{
  change_notify (user_data, call, "meshid", 73, "Device group notification changed");
}

static void
run_node_notify (BowlineActionCall *call, gpointer user_data)
{
  change_notify (user_data, call, "nodeid", 130, "Device notification changed");
}

/* ---- the page's state
 * --------------------------------------------------------------------------------------------- */

static void
on_state_kept (BlControl *control, BowlineActionCall *call, gpointer data)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *user_id = bowline_principal_get_user_id (who);
  const char *targets[] = { user_id, NULL };
  g_autofree char *domain = bl_control_domain_of (user_id);
  GVariantDict event;

  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "user");
  g_variant_dict_insert (&event, "action", "s", "userWebState");
  g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  g_variant_dict_insert (&event, "domain", "s", domain);
  g_variant_dict_insert (&event, "state", "s", (const char *)data);
  bowline_event_emit (control->host, targets, g_variant_dict_end (&event));
  bowline_action_call_result (call, "ok");
}

static void
run_web_state (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *given = bl_variant_get_string (bowline_action_call_get_arguments (call), "state");
  g_autofree char *state = bl_control_web_state_filter (given);
  g_autofree char *id
      = g_strconcat ("ws", bowline_principal_get_user_id (bowline_action_call_get_principal (call)), NULL);
  GVariantDict document;
  BlControlChange change;

  if (state == NULL || bl_control_settings_are_locked (control, call))
    {
      bowline_action_call_result (call, state == NULL ? "Invalid state" : "Settings are locked");
      return;
    }
  g_variant_dict_init (&document, NULL);
  g_variant_dict_insert (&document, "_id", "s", id);
  g_variant_dict_insert (&document, "type", "s", "webstate");
  g_variant_dict_insert (&document, "state", "s", state);
  bl_control_change_init (&change);
  bl_control_change_put (&change, g_variant_ref_sink (g_variant_dict_end (&document)));
  bl_control_commit (control, &change, call, on_state_kept, g_steal_pointer (&state), g_free);
}

/* ---- previousLogins
 * ----------------------------------------------------------------------------------------------- */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  char *user_id;
  gboolean names_user;
  GVariant *logins;
} LoginQuery;

static void
login_query_free (LoginQuery *query)
{
  bowline_action_call_unref (query->call);
  bl_control_unref (query->control);
  g_clear_pointer (&query->logins, g_variant_unref);
  g_free (query->user_id);
  g_free (query);
}

static void
add_login (GVariantBuilder *list, GVariant *event)
{
  static const char *const members[][2]
      = { { "time", "t" }, { "msgid", "m" }, { "msgArgs", "a" }, { "tokenName", "tn" } };
  GVariantDict login;

  g_variant_dict_init (&login, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (event, members[i][0]);

      if (value != NULL)
        g_variant_dict_insert_value (&login, members[i][1], value);
    }
  g_variant_builder_add (list, "v", g_variant_dict_end (&login));
}

/* Two lists, each newest first, become one: ISO times order as texts do. */
static GVariant *
merge (GVariant *logins, GVariant *failures)
{
  GVariantBuilder list;
  gsize n_logins = g_variant_n_children (logins), n_failures = g_variant_n_children (failures);
  gsize i = 0, j = 0;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  while ((i < n_logins || j < n_failures) && i + j < MAX_LOGINS)
    {
      g_autoptr (GVariant) login = i < n_logins ? g_variant_get_child_value (logins, i) : NULL;
      g_autoptr (GVariant) failure = j < n_failures ? g_variant_get_child_value (failures, j) : NULL;
      gboolean takes_login
          = failure == NULL
            || (login != NULL
                && g_strcmp0 (bl_variant_get_string (login, "time"), bl_variant_get_string (failure, "time"))
                       >= 0);

      add_login (&list, takes_login ? login : failure);
      i += takes_login;
      j += !takes_login;
    }
  return g_variant_builder_end (&list);
}

static GVariant *
login_filter (const char *user_id, const char *action)
{
  GVariantDict filter;

  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "userid", "s", user_id);
  g_variant_dict_insert (&filter, "action", "s", action);
  g_variant_dict_insert (&filter, "limit", "x", (gint64)MAX_LOGINS);
  return g_variant_dict_end (&filter);
}

static void
on_failures (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LoginQuery *query = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) failures = bowline_event_query_finish (query->control->host, result, &error);
  GVariantDict answer;

  if (failures == NULL)
    bowline_action_call_fail (query->call, error);
  else
    {
      g_variant_dict_init (&answer, NULL);
      if (query->names_user)
        g_variant_dict_insert (&answer, "userid", "s", query->user_id);
      g_variant_dict_insert_value (&answer, "events", merge (query->logins, failures));
      bowline_action_call_answer (query->call, g_variant_dict_end (&answer));
    }
  login_query_free (query);
}

static void
on_logins (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LoginQuery *query = user_data;
  g_autoptr (GError) error = NULL;

  query->logins = bowline_event_query_finish (query->control->host, result, &error);
  if (query->logins == NULL)
    {
      bowline_action_call_fail (query->call, error);
      login_query_free (query);
      return;
    }
  bowline_event_query_async (query->control->host, login_filter (query->user_id, "authfail"), NULL,
                             on_failures, query);
}

static void
run_previous_logins (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *named = bl_variant_get_string (bowline_action_call_get_arguments (call), "userid");
  const char *user_id = named != NULL ? named : bowline_principal_get_user_id (who);
  LoginQuery *query;

  if (!bowline_may_see (control->host, who, user_id))
    return;
  query = g_new0 (LoginQuery, 1);
  query->control = bl_control_ref (control);
  query->call = bowline_action_call_ref (call);
  query->user_id = g_strdup (user_id);
  query->names_user = named != NULL;
  bowline_event_query_async (control->host, login_filter (user_id, "login"), NULL, on_logins, query);
}

/* ---- what this server has no means for
 * -------------------------------------------------------------------------------- */

static void
run_unavailable (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Unsupported feature");
}

const BowlineAction *
bl_control_own_actions (guint *n)
{
  static const BowlineArgument language[] = {
    { .name = "lang",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 6 },
  };
  static const BowlineArgument email[] = {
    { .name = "email",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 3,
      .max = BL_CONTROL_MAX_EMAIL,
      .problem = "Invalid email" },
  };
  static const BowlineArgument mesh[] = {
    { .name = "meshid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .problem = "Invalid group identifier" },
    { .name = "notify",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .max = 0x3FF,
      .problem = "Invalid notification flags" },
  };
  static const BowlineArgument node[] = {
    { .name = "nodeid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "node",
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .problem = "Invalid device identifier" },
    { .name = "notify",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .max = 0x3FF,
      .problem = "Invalid notification flags" },
  };
  static const BowlineArgument state[] = {
    { .name = "state",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = BL_CONTROL_MAX_WEB_STATE,
      .problem = "Invalid state" },
  };
  static const BowlineArgument logins[] = {
    { .name = "userid", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
#define OWN (BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN)
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("changelang", OWN, "Changes the own language", run_change_language),
      BL_CONTROL_ARGUMENTS (language) },
    { BL_CONTROL_ROW ("changeemail", OWN, "Changes the own mail address", run_change_email),
      BL_CONTROL_ARGUMENTS (email) },
    { BL_CONTROL_ROW ("verifyemail", OWN, "Would send a mail to check the address; there is no mail server",
                      run_unavailable),
      BL_CONTROL_ARGUMENTS (email) },
    { BL_CONTROL_ROW ("changemeshnotify", BOWLINE_ACTION_CHANGES,
                      "Sets what a device group is notified about", run_mesh_notify),
      BL_CONTROL_ARGUMENTS (mesh), .object = "meshid" },
    { BL_CONTROL_ROW ("changeusernotify", BOWLINE_ACTION_CHANGES, "Sets what a device is notified about",
                      run_node_notify),
      BL_CONTROL_ARGUMENTS (node), .object = "nodeid" },
    { BL_CONTROL_ROW ("userWebState", BOWLINE_ACTION_CHANGES, "Keeps the page's state", run_web_state),
      BL_CONTROL_ARGUMENTS (state) },
    { BL_CONTROL_ROW ("previousLogins", 0, "Lists logins and failed ones of an account", run_previous_logins),
      BL_CONTROL_ARGUMENTS (logins) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
