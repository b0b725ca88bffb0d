// SPDX-License-Identifier: Apache-2.0
/* Accounts and user groups. Follows control-channel 7.1, 7.3 and 7.4; what needs passwords is done by the
 * auth module's local actions. */
#include "bl-control-actions.h"
#include "common/bl-account.h"
#include "common/bl-ids.h"

#include <string.h>

#define MAX_PASSWORD 1024
/* What an administrator who is not a full one may set. */
#define LESSER_SITE_RIGHTS (BL_SITE_LOCKED | BL_SITE_NO_NEW_GROUPS | BL_SITE_NO_TOOLS)

typedef struct
{
  BlControl *control;
  BowlinePrincipal *principal;
  GVariantBuilder *list;
} Collection;

/* ---- lists
 * -------------------------------------------------------------------------------------------------------- */

static gboolean
add_user (const char *id, GVariant *account, gpointer user_data)
{
  Collection *collection = user_data;
  g_autoptr (GVariant) form = NULL;

  if (!bowline_may_see (collection->control->host, collection->principal, id))
    return TRUE;
  form = bl_account_public (account);
  g_variant_builder_add (collection->list, "v", form);
  return TRUE;
}

static void
run_users (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariantBuilder list;
  Collection collection = { control, bowline_action_call_get_principal (call), &list };
  GVariantDict answer;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (control->host, "user", NULL, add_user, &collection);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, "users", g_variant_builder_end (&list));
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static gboolean
add_user_group (const char *id, GVariant *group, gpointer user_data)
{
  Collection *collection = user_data;
  BlControl *control = collection->control;
  g_autofree char *own = bl_control_domain_of (bowline_principal_get_user_id (collection->principal));
  g_autofree char *domain = bl_control_domain_of (id);
  guint32 site = bowline_site_rights (control->host, collection->principal);
  const char *name = bl_variant_get_string (group, "name");
  GVariantDict short_form;

  if (!g_str_equal (own, domain))
    return TRUE;
  if ((site & BL_SITE_USER_GROUPS) != 0)
    {
      g_variant_builder_add (collection->list, "{sv}", id, group);
      return TRUE;
    }
  g_variant_dict_init (&short_form, NULL);
  g_variant_dict_insert (&short_form, "name", "s", name != NULL ? name : "");
  g_variant_builder_add (collection->list, "{sv}", id, g_variant_dict_end (&short_form));
  return TRUE;
}

static void
run_user_groups (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariantBuilder list;
  Collection collection = { control, bowline_action_call_get_principal (call), &list };
  g_autoptr (GVariant) groups = NULL;
  GVariantDict answer;

  g_variant_builder_init (&list, G_VARIANT_TYPE_VARDICT);
  bowline_directory_foreach (control->host, "ugrp", NULL, add_user_group, &collection);
  groups = g_variant_ref_sink (g_variant_builder_end (&list));
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, "ugroups",
                               g_variant_n_children (groups) > 0 ? groups : bl_variant_new_null ());
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* ---- through the auth module's local actions
 * ------------------------------------------------------------------------ */

static void
answer_numbered (BowlineActionCall *call, const char *result, gint64 msgid)
{
  GVariantDict answer;

  if (!bowline_action_call_wants_answer (call))
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", result);
  if (msgid != 0)
    g_variant_dict_insert (&answer, "msgid", "x", msgid);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_local_frame (GVariant *frame, gpointer user_data)
{
  static const struct
  {
    const char *result;
    gint64 msgid;
  } known[] = { { "Invalid username", 2 }, { "Invalid password", 3 }, { "User already exists", 7 } };
  BowlineActionCall *call = user_data;
  const char *result = bl_variant_get_string (frame, "result");
  gint64 msgid = 0;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (g_strcmp0 (result, known[i].result) == 0)
        msgid = known[i].msgid;
    }
  answer_numbered (call, result != NULL ? result : "ok", msgid);
}

static void
unref_call (gpointer call)
{
  bowline_action_call_unref (call);
}

gboolean
bl_control_run_locally (BlControl *control,
                        BowlineActionCall *call,
                        const char *action,
                        GVariantDict *request,
                        BowlineFrameFunc done,
                        gpointer data,
                        GDestroyNotify free_data)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  BowlinePrincipalInfo caller = { .struct_size = sizeof caller };
  BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = BOWLINE_PRINCIPAL_LOCAL,
    .rights_ceiling = BL_RIGHT_ALL,
    .site_ceiling = BL_SITE_FULL,
  };
  g_autoptr (BowlinePrincipal) local = NULL;

  bowline_principal_get_info (who, &caller);
  info.user_id = caller.user_id; /* the audit trail names who asked */
  info.address = caller.address;
  local = bowline_principal_new (control->host, &info);
  g_variant_dict_insert (request, "action", "s", action);
  g_variant_dict_insert (request, "responseid", "s", "local");
  return bowline_action_dispatch (control->host, local, NULL, g_variant_dict_end (request),
                                  control->cancellable, done, data, free_data);
}

static void
run_locally (BlControl *control, BowlineActionCall *call, const char *action, GVariantDict *request)
{
  if (!bl_control_run_locally (control, call, action, request, on_local_frame, bowline_action_call_ref (call),
                               unref_call))
    answer_numbered (call, "Unable to add user in this mode", 8);
}

static gboolean
may_set_site_rights (BlControl *control, BowlinePrincipal *who, guint32 before, guint32 after)
{
  return bowline_site_rights (control->host, who) == BL_SITE_FULL
         || (before != BL_SITE_FULL && ((before ^ after) & ~LESSER_SITE_RIGHTS) == 0);
}

static void
copy_text (GVariantDict *to, const char *name, GVariant *from, const char *member)
{
  const char *text = bl_variant_get_string (from, member);

  if (text != NULL)
    g_variant_dict_insert (to, name, "s", text);
}

/* A manager of some realms makes accounts in them: otherwise he would not see what he made. */
static void
insert_realms (GVariantDict *request, BlControl *control, BowlineActionCall *call)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, bowline_principal_get_user_id (who));
  g_autoptr (GVariant) realms = account != NULL ? bl_variant_get_array (account, "groups") : NULL;

  if (realms != NULL && bowline_site_rights (control->host, who) != BL_SITE_FULL)
    g_variant_dict_insert_value (request, "groups", realms);
}

/* Returns: (nullable): what is wrong with the request, with its number */
static const char *
problem_of_new (BlControl *control, BowlineActionCall *call, gint64 *msgid)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *own = bl_control_domain_of (bowline_principal_get_user_id (who));
  const char *name = bl_variant_get_string (arguments, "username");
  const char *password = bl_variant_get_string (arguments, "pass");
  const char *email = bl_variant_get_string (arguments, "email");
  const char *domain = bl_variant_get_string (arguments, "domain");
  const struct
  {
    gboolean wrong;
    const char *result;
    gint64 msgid;
  } checks[] = {
    { name == NULL || !bl_account_name_is_valid (name), "Invalid username", 2 },
    { !bl_variant_get_bool (arguments, "randomPassword", FALSE)
          && (password == NULL || *password == '\0' || strlen (password) > MAX_PASSWORD),
      "Invalid password", 3 },
    { email != NULL && *email != '\0' && !bl_control_email_is_valid (email), "Invalid email", 4 },
    { domain != NULL && !g_str_equal (domain, own), "Invalid domain", 5 },
    { !may_set_site_rights (control, who, 0,
                            bl_rights_from_json (bl_variant_get_int (arguments, "siteadmin", 0))),
      "Invalid site permissions", 6 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      if (!checks[i].wrong)
        continue;
      *msgid = checks[i].msgid;
      return checks[i].result;
    }
  return NULL;
}

static void
run_add (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autofree char *domain
      = bl_control_domain_of (bowline_principal_get_user_id (bowline_action_call_get_principal (call)));
  gint64 msgid = 0;
  const char *problem = problem_of_new (control, call, &msgid);
  g_autofree char *random = NULL;
  GVariantDict request;

  if (problem != NULL)
    {
      answer_numbered (call, problem, msgid);
      return;
    }
  g_variant_dict_init (&request, NULL);
  copy_text (&request, "name", arguments, "username");
  copy_text (&request, "password", arguments, "pass");
  if (bl_variant_get_bool (arguments, "randomPassword", FALSE))
    {
      random = bl_random_hex (16);
      g_variant_dict_insert (&request, "password", "s", random);
    }
  copy_text (&request, "email", arguments, "email");
  copy_text (&request, "realname", arguments, "realname");
  copy_text (&request, "phone", arguments, "phone");
  g_variant_dict_insert (&request, "domain", "s", domain);
  g_variant_dict_insert (&request, "siterights", "x",
                         (gint64)bl_rights_from_json (bl_variant_get_int (arguments, "siteadmin", 0)));
  g_variant_dict_insert (&request, "consent", "x", bl_variant_get_int (arguments, "consent", 0));
  g_variant_dict_insert (&request, "emailVerified", "b",
                         bl_variant_get_bool (arguments, "emailVerified", FALSE));
  g_variant_dict_insert (&request, "resetNextLogin", "b",
                         bl_variant_get_bool (arguments, "resetNextLogin", FALSE));
  insert_realms (&request, control, call);
  run_locally (control, call, "user.create", &request);
}

static void
run_delete (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *user_id = bl_variant_get_string (bowline_action_call_get_arguments (call), "userid");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  GVariantDict request;

  if (!bowline_may_see (control->host, who, user_id))
    {
      bowline_action_call_result (call, "User does not exists"); /* the text clients know */
      return;
    }
  if (g_str_equal (user_id, bowline_principal_get_user_id (who))
      || !bowline_may (control->host, who, user_id, BL_RIGHT_ALL))
    {
      bowline_action_call_result (call, "Permission denied");
      return;
    }
  g_variant_dict_init (&request, NULL);
  g_variant_dict_insert (&request, "name", "s", user_id);
  run_locally (control, call, "user.delete", &request);
}

/* ---- edituser
 * ----------------------------------------------------------------------------------------------------- */

static const char *
target_of (GVariant *arguments, char **storage, const char *domain)
{
  const char *id = bl_variant_get_string (arguments, "userid");

  if (id == NULL)
    id = bl_variant_get_string (arguments, "id");
  if (id == NULL && bl_variant_get_string (arguments, "username") != NULL)
    id = *storage = bl_account_id (domain, bl_variant_get_string (arguments, "username"));
  return id;
}

static void
take (GVariant **account, GVariant *arguments, const char *member)
{
  g_autoptr (GVariant) value = bl_variant_get_child (arguments, member);
  gboolean clears;
  GVariant *changed;

  if (value == NULL)
    return;
  clears
      = (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) && *g_variant_get_string (value, NULL) == '\0')
        || (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64) && g_variant_get_int64 (value) == 0)
        || (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean (value));
  changed = clears ? bl_doc_remove (*account, member) : bl_doc_set (*account, member, value);
  g_variant_unref (*account);
  *account = changed;
}

static void
on_edited (BlControl *control, BowlineActionCall *call, gpointer data)
{
  bl_control_event_account (control, bowline_action_call_get_principal (call), data, 66, "Account changed: ");
  bowline_action_call_result (call, "ok");
}

/* Realms: an account that is in some may only put others into those. Returns: the reason why not, or %NULL */
static const char *
take_realms (BlControl *control, BowlinePrincipal *who, GVariant **account, GVariant *arguments)
{
  g_autoptr (GVariant) self = bowline_directory_dup (control->host, bowline_principal_get_user_id (who));
  g_auto (GStrv) own = bl_variant_get_strv (self, "groups");
  g_auto (GStrv) realms = bl_variant_get_strv (arguments, "groups");
  gboolean bound = own != NULL && own[0] != NULL && bowline_site_rights (control->host, who) != BL_SITE_FULL;
  GVariantBuilder list;
  GVariant *changed;

  if (realms == NULL)
    return NULL;
  if (bound && realms[0] == NULL)
    return "Invalid user group";
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; realms[i] != NULL; i++)
    {
      if (bound && !g_strv_contains ((const char *const *)own, realms[i]))
        {
          g_variant_builder_clear (&list);
          return "Invalid user group";
        }
      g_variant_builder_add (&list, "v", g_variant_new_string (realms[i]));
    }
  changed = bl_doc_set (*account, "groups", g_variant_builder_end (&list));
  if (realms[0] == NULL)
    {
      g_variant_unref (changed);
      changed = bl_doc_remove (*account, "groups");
    }
  g_variant_unref (*account);
  *account = changed;
  return NULL;
}

/* Returns: the reason why the site rights cannot be set, or %NULL. */
static const char *
take_site_rights (
    BlControl *control, BowlinePrincipal *who, GVariant **account, const char *user_id, GVariant *arguments)
{
  guint32 before = bl_rights_from_json (bl_variant_get_int (*account, "siteadmin", 0));
  guint32 after = bl_rights_from_json (bl_variant_get_int (arguments, "siteadmin", 0));
  GVariant *changed;

  if (!bl_variant_has (arguments, "siteadmin") || g_str_equal (user_id, bowline_principal_get_user_id (who)))
    return NULL;
  if (!may_set_site_rights (control, who, before, after))
    return "Permission denied";
  changed
      = after == 0 ? bl_doc_remove (*account, "siteadmin") : bl_doc_set_int (*account, "siteadmin", after);
  g_variant_unref (*account);
  *account = changed;
  return NULL;
}

static gboolean
has_valid_email (GVariant *arguments)
{
  const char *email = bl_variant_get_string (arguments, "email");

  return email == NULL || *email == '\0' || bl_control_email_is_valid (email);
}

/* What was taken from an account it does not give back to itself. */
static void
take_own_limits (
    BlControl *control, BowlinePrincipal *who, GVariant **account, const char *user_id, GVariant *arguments)
{
  GVariant *changed;

  if (!g_str_equal (user_id, bowline_principal_get_user_id (who))
      || bowline_site_rights (control->host, who) == BL_SITE_FULL)
    take (account, arguments, "removeRights");
  if (!bl_variant_get_bool (arguments, "resetNextLogin", FALSE))
    return;
  changed = bl_doc_set_int (*account, "passchange", -1);
  g_variant_unref (*account);
  *account = changed;
}

static void
run_edit (BowlineActionCall *call, gpointer user_data)
{
  static const char *const members[]
      = { "email", "realname", "emailVerified", "consent", "phone", "flags", "msghandle" };
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *domain = bl_control_domain_of (bowline_principal_get_user_id (who));
  g_autofree char *storage = NULL;
  const char *user_id = target_of (arguments, &storage, domain);
  g_autoptr (GVariant) before = user_id != NULL ? bowline_directory_dup (control->host, user_id) : NULL;
  g_autoptr (GVariant) account = before != NULL ? g_variant_ref (before) : NULL;
  const char *problem = NULL;
  BlControlChange change;

  if (user_id == NULL)
    problem = "Invalid userid";
  else if (account == NULL || !bowline_may_see (control->host, who, user_id))
    problem = "User does not exists";
  else if (!bowline_may (control->host, who, user_id, BL_RIGHT_ALL))
    problem = "Permission denied";
  else
    problem = take_site_rights (control, who, &account, user_id, arguments);
  if (problem == NULL && !has_valid_email (arguments))
    problem = "Invalid email";
  if (problem == NULL)
    problem = take_realms (control, who, &account, arguments);
  if (problem != NULL)
    {
      bowline_action_call_result (call, problem);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    take (&account, arguments, members[i]);
  take_own_limits (control, who, &account, user_id, arguments);
  if (bl_variant_has (arguments, "quota"))
    take (&account, arguments, "quota");
  else
    {
      GVariant *without = bl_doc_remove (account, "quota");

      g_variant_unref (account);
      account = without;
    }
  if (g_variant_equal (account, before))
    {
      bowline_action_call_result (call, "ok"); /* nothing to tell anybody */
      return;
    }
  bl_control_change_init (&change);
  bl_control_change_put (&change, g_variant_ref (account));
  bl_control_commit (control, &change, call, on_edited, g_strdup (user_id), g_free);
}

/* ---- changepassword
 * ----------------------------------------------------------------------------------------------- */

static void
notify (BowlineActionCall *call, const char *text)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "msg");
  g_variant_dict_insert (&frame, "type", "s", "notify");
  g_variant_dict_insert (&frame, "title", "s", "Account Settings");
  g_variant_dict_insert (&frame, "value", "s", text);
  g_variant_dict_insert (&frame, "tag", "s", "ServerNotify");
  g_variant_dict_insert (&frame, "id", "d", (double)g_get_real_time ());
  bowline_action_call_push (call, g_variant_dict_end (&frame));
}

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
} PasswordChange;

static void
on_password_set (BowlinePrincipal *none, const GError *error, gpointer user_data)
{
  PasswordChange *change = user_data;

  notify (change->call, error == NULL ? "Password changed." : "Password was not changed.");
  bowline_action_call_unref (change->call);
  bl_control_unref (change->control);
  g_free (change);
}

/* A missing second factor says that the password is right, which is all that is asked here. */
static void
on_old_checked (BowlinePrincipal *principal, const GError *error, gpointer user_data)
{
  PasswordChange *change = user_data;
  BowlineAuth auth = { .struct_size = sizeof auth };
  gboolean right = principal != NULL || g_error_matches (error, BOWLINE_ERROR, BOWLINE_ERROR_SECOND_FACTOR);
  gpointer self;

  if (right && bowline_host_get_auth (change->control->host, &auth, &self))
    {
      auth.set_password (self,
                         bowline_principal_get_user_id (bowline_action_call_get_principal (change->call)),
                         bl_variant_get_string (bowline_action_call_get_arguments (change->call), "newpass"),
                         on_password_set, change);
      return;
    }
  notify (change->call, "Current password not correct.");
  bowline_action_call_unref (change->call);
  bl_control_unref (change->control);
  g_free (change);
}

static void
run_change_password (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  BowlineAuth auth = { .struct_size = sizeof auth };
  PasswordChange *change;
  gpointer self;

  bowline_principal_get_info (bowline_action_call_get_principal (call), &who);
  if (who.kind != BOWLINE_PRINCIPAL_USER || bl_control_settings_are_locked (control, call)
      || !bowline_host_get_auth (control->host, &auth, &self))
    return;
  change = g_new (PasswordChange, 1);
  *change = (PasswordChange){ bl_control_ref (control), bowline_action_call_ref (call) };
  auth.check_password (self, strrchr (who.user_id, '/') + 1,
                       bl_variant_get_string (bowline_action_call_get_arguments (call), "oldpass"), NULL,
                       who.address, on_old_checked, change);
}

#define SECRET(word)                                                                                         \
  {                                                                                                          \
    .name = (word), .type = BOWLINE_ARGUMENT_STRING,                                                         \
    .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_SECRET, .min = 1, .max = MAX_PASSWORD,             \
    .problem = "Invalid password"                                                                            \
  }

const BowlineAction *
bl_control_user_actions (guint *n)
{
  /* Names, passwords and addresses are judged by the handler: its answers carry numbers. */
  static const BowlineArgument add[] = {
    { .name = "username",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .max = 4096,
      .problem = "Invalid username" },
    { .name = "pass",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE | BOWLINE_ARGUMENT_SECRET,
      .max = 4096,
      .problem = "Invalid password" },
    { .name = "email",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .max = 4096,
      .problem = "Invalid email" },
    BL_CONTROL_TEXT ("realname", 256),
    BL_CONTROL_TEXT ("phone", 64),
    BL_CONTROL_TEXT ("domain", 64),
    BL_CONTROL_NUMBER ("siteadmin", -1, G_MAXUINT32),
    BL_CONTROL_NUMBER ("consent", 0, BL_CONSENT_ALL),
    { .name = "emailVerified", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "resetNextLogin", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "randomPassword", .type = BOWLINE_ARGUMENT_BOOLEAN },
  };
  static const BowlineArgument edit[] = {
    { .name = "userid", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_NULLABLE },
    { .name = "id", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_TEXT ("username", 64),
    BL_CONTROL_TEXT ("email", 256),
    BL_CONTROL_TEXT ("realname", 256),
    BL_CONTROL_TEXT ("phone", 64),
    BL_CONTROL_TEXT ("msghandle", 256),
    { .name = "emailVerified", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "resetNextLogin", .type = BOWLINE_ARGUMENT_BOOLEAN },
    BL_CONTROL_NUMBER ("quota", 0, G_MAXINT64),
    BL_CONTROL_NUMBER ("consent", 0, BL_CONSENT_ALL),
    BL_CONTROL_NUMBER ("flags", 0, 0xFFFF),
    BL_CONTROL_NUMBER ("removeRights", 0, G_MAXUINT32),
    BL_CONTROL_NUMBER ("siteadmin", -1, G_MAXUINT32),
    { .name = "groups",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_LIST | BOWLINE_ARGUMENT_NULLABLE,
      .min = 1,
      .max = 64,
      .list_max = 100,
      .problem = "Invalid user group" },
  };
  static const BowlineArgument remove[] = {
    { .name = "userid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "user",
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .problem = "Invalid userid" },
  };
  static const BowlineArgument password[] = { SECRET ("oldpass"), SECRET ("newpass") };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("users", 0, "Lists accounts", run_users), .site_rights = BL_SITE_MANAGE_USERS },
    { BL_CONTROL_ROW ("usergroups", 0, "Lists user groups", run_user_groups) },
    { BL_CONTROL_ROW ("adduser", BOWLINE_ACTION_CHANGES, "Makes an account", run_add),
      BL_CONTROL_ARGUMENTS (add), .site_rights = BL_SITE_MANAGE_USERS, .denied = "Permission denied" },
    { BL_CONTROL_ROW ("edituser", BOWLINE_ACTION_CHANGES, "Changes an account", run_edit),
      BL_CONTROL_ARGUMENTS (edit), .site_rights = BL_SITE_MANAGE_USERS, .denied = "Permission denied" },
    { BL_CONTROL_ROW ("deleteuser", BOWLINE_ACTION_CHANGES, "Removes an account", run_delete),
      BL_CONTROL_ARGUMENTS (remove), .site_rights = BL_SITE_MANAGE_USERS, .denied = "Permission denied" },
    { BL_CONTROL_ROW ("changepassword", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN,
                      "Changes the own password", run_change_password),
      BL_CONTROL_ARGUMENTS (password) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
