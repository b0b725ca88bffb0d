// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-actions.h"

#include "bl-auth-account.h"
#include "common/bl-account.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

static GVariant *
arguments_of (BowlineActionCall *call)
{
  return bowline_action_call_get_arguments (call);
}

/* Returns: (transfer full): the account that "name" or "userid" means: a name, or a full id */
static char *
dup_target (BowlineActionCall *call, const char *argument)
{
  const char *text = bl_variant_get_string (arguments_of (call), argument);

  return g_str_has_prefix (text, "user/") ? g_strdup (text) : bl_account_id ("", text);
}

static void
answer_account (const char *user_id, const GError *error, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;
  GVariantDict answer;

  if (error != NULL)
    {
      bowline_action_call_fail (call, error);
      return;
    }
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  g_variant_dict_insert (&answer, "userid", "s", user_id);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
answer_plain (BowlinePrincipal *none, const GError *error, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;

  if (error != NULL)
    bowline_action_call_fail (call, error);
  else
    bowline_action_call_result (call, "ok");
}

static gboolean
add_account (const char *id, GVariant *document, gpointer user_data)
{
  g_autoptr (GVariant) public_form = bl_account_public (document);

  g_variant_builder_add (user_data, "v", public_form);
  return TRUE;
}

static void
run_list (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  GVariantBuilder users;
  GVariantDict answer;

  g_variant_builder_init (&users, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (auth->host, "user", NULL, add_account, &users);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, "users", g_variant_builder_end (&users));
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static guint32
site_rights_of (GVariant *arguments)
{
  if (bl_variant_get_bool (arguments, "siteadmin", FALSE))
    return BL_SITE_FULL;
  return bl_rights_from_json (bl_variant_get_int (arguments, "siterights", 0));
}

/* Returns: (transfer full) (nullable): "groups" as documents hold it */
static GVariant *
dup_realms (GVariant *arguments)
{
  g_auto (GStrv) names = bl_variant_get_strv (arguments, "groups");
  GVariantBuilder list;

  if (names == NULL)
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; names[i] != NULL; i++)
    g_variant_builder_add (&list, "v", g_variant_new_string (names[i]));
  return g_variant_ref_sink (g_variant_builder_end (&list));
}

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  GVariant *arguments = arguments_of (call);
  const char *domain = bl_variant_get_string (arguments, "domain");
  g_autoptr (GVariant) realms = dup_realms (arguments);
  const BlAuthNewAccount account = {
    .name = bl_variant_get_string (arguments, "name"),
    .domain = domain != NULL ? domain : "",
    .password = bl_variant_get_string (arguments, "password"),
    .hash = bl_variant_get_string (arguments, "hash"),
    .salt = bl_variant_get_string (arguments, "salt"),
    .email = bl_variant_get_string (arguments, "email"),
    .realname = bl_variant_get_string (arguments, "realname"),
    .phone = bl_variant_get_string (arguments, "phone"),
    .realms = realms,
    .site_rights = site_rights_of (arguments),
    .consent = bl_variant_get_int (arguments, "consent", 0),
    .email_verified = bl_variant_get_bool (arguments, "emailVerified", FALSE),
    .reset = bl_variant_get_bool (arguments, "resetNextLogin", FALSE),
  };

  bl_auth_account_create (auth, &account, answer_account, bowline_action_call_ref (call));
}

static void
run_password (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_autofree char *user_id = dup_target (call, "name");

  bl_auth_set_password (auth, user_id, bl_variant_get_string (arguments_of (call), "password"), answer_plain,
                        bowline_action_call_ref (call));
}

static void
run_site_admin (BowlineActionCall *call, gpointer user_data)
{
  g_autofree char *user_id = dup_target (call, "name");

  bl_auth_account_make_admin (user_data, user_id, answer_account, bowline_action_call_ref (call));
}

static void
run_reset (BowlineActionCall *call, gpointer user_data)
{
  g_autofree char *user_id = dup_target (call, "name");

  bl_auth_account_reset (user_data, user_id, bl_variant_get_string (arguments_of (call), "password"),
                         answer_account, bowline_action_call_ref (call));
}

static void
run_delete (BowlineActionCall *call, gpointer user_data)
{
  g_autofree char *user_id = dup_target (call, "name");

  bl_auth_account_remove (user_data, user_id, answer_account, bowline_action_call_ref (call));
}

#define NAME(member)                                                                                         \
  {                                                                                                          \
    .name = (member), .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1,         \
    .max = 300                                                                                               \
  }
#define PASSWORD                                                                                             \
  {                                                                                                          \
    .name = "password", .type = BOWLINE_ARGUMENT_STRING,                                                     \
    .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_SECRET, .min = 1, .max = BL_AUTH_MAX_PASSWORD      \
  }

#define SECRET(member, size)                                                                                 \
  {                                                                                                          \
    .name = (member), .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_SECRET, .min = 1,           \
    .max = (size)                                                                                            \
  }

static const BowlineArgument create_arguments[] = {
  NAME ("name"),
  SECRET ("password", BL_AUTH_MAX_PASSWORD),
  SECRET ("hash", 1024), /* instead of a password: MeshCentral's form of it */
  SECRET ("salt", 1024),
  { .name = "domain", .type = BOWLINE_ARGUMENT_STRING, .max = 64 },
  { .name = "email", .type = BOWLINE_ARGUMENT_STRING, .max = 256 },
  { .name = "realname", .type = BOWLINE_ARGUMENT_STRING, .max = 256 },
  { .name = "siteadmin", .type = BOWLINE_ARGUMENT_BOOLEAN },
  { .name = "siterights", .type = BOWLINE_ARGUMENT_INTEGER, .max = G_MAXUINT32 },
  { .name = "phone", .type = BOWLINE_ARGUMENT_STRING, .max = 64 },
  { .name = "consent", .type = BOWLINE_ARGUMENT_INTEGER, .max = 0x7F },
  { .name = "emailVerified", .type = BOWLINE_ARGUMENT_BOOLEAN },
  { .name = "resetNextLogin", .type = BOWLINE_ARGUMENT_BOOLEAN },
  { .name = "groups",
    .type = BOWLINE_ARGUMENT_STRING,
    .flags = BOWLINE_ARGUMENT_LIST,
    .max = 64,
    .list_max = 100 },
};
static const BowlineArgument password_arguments[] = { NAME ("name"), PASSWORD };
static const BowlineArgument name_arguments[] = { NAME ("name") };

#define ROW(word, more_flags, text, function)                                                                \
  .struct_size = sizeof (BowlineAction), .flags = BOWLINE_ACTION_LOCAL | (more_flags), .name = (word),       \
  .summary = (text), .argument_size = sizeof (BowlineArgument), .run = (function)
#define ARGUMENTS(table) .arguments = (table), .n_arguments = G_N_ELEMENTS (table)

gboolean
bl_auth_actions_register (BlAuth *auth, GError **error)
{
  static const BowlineAction actions[] = {
    { ROW ("user.list", 0, "Lists the accounts", run_list) },
    { ROW ("user.create", BOWLINE_ACTION_CHANGES, "Makes an account", run_create),
      ARGUMENTS (create_arguments) },
    { ROW ("user.password", BOWLINE_ACTION_CHANGES, "Sets an account's password", run_password),
      ARGUMENTS (password_arguments) },
    { ROW ("user.siteadmin", BOWLINE_ACTION_CHANGES, "Gives an account all site rights", run_site_admin),
      ARGUMENTS (name_arguments) },
    { ROW ("user.reset", BOWLINE_ACTION_CHANGES, "Sets a password, and removes second factors and lock", run_reset),
      ARGUMENTS (password_arguments) },
    { ROW ("user.delete", BOWLINE_ACTION_CHANGES, "Removes an account", run_delete),
      ARGUMENTS (name_arguments) },
  };

  return bowline_host_register_actions (auth->host, actions, G_N_ELEMENTS (actions), auth, error);
}
