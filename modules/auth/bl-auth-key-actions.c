// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-key-actions.h"

#include "common/bl-account.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_NAME 32
#define MAX_ASSIGNMENT (64 * 1024)
#define MAX_ASSIGNMENTS 32u
#define DEFAULT_NAME "default"

static GVariant *
arguments_of (BowlineActionCall *call)
{
  return bowline_action_call_get_arguments (call);
}

static void
answer_text (BowlineActionCall *call, const char *member, const char *text)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, member, "s", text);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
fail (BowlineActionCall *call, int code, const char *what, const char *detail)
{
  g_autoptr (GError) error = g_error_new (BOWLINE_ERROR, code, "%s \"%s\"", what, detail);

  bowline_action_call_fail (call, error);
}

/* Returns: (transfer none) (nullable): the key that "name" means, the default one without it; %NULL was
 * answered */
static BlAuthKey *
find_key (BlAuth *auth, BowlineActionCall *call)
{
  const char *name = bl_variant_get_string (arguments_of (call), "name");
  g_autofree char *id = g_strconcat ("loginkey-", name != NULL ? name : DEFAULT_NAME, NULL);
  BlAuthKey *key = bl_auth_keys_find (auth->keys, id);

  if (key == NULL)
    fail (call, BOWLINE_ERROR_NOT_FOUND, "There is no login key", name);
  return key;
}

static void
run_key (BowlineActionCall *call, gpointer user_data)
{
  const BlAuthKey *key = find_key (user_data, call);
  g_autofree char *hex = key != NULL ? bl_auth_key_dup_hex (key) : NULL;

  if (hex != NULL)
    answer_text (call, "key", hex);
}

static void
run_token (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  const char *given = bl_variant_get_string (arguments_of (call), "userid");
  g_autofree char *user_id = g_str_has_prefix (given, "user/") ? g_strdup (given) : bl_account_id ("", given);
  const BlAuthKey *key = find_key (auth, call);
  g_autofree char *cookie = NULL;
  GVariantDict object;

  if (key == NULL)
    return;
  if (!bowline_directory_contains (auth->host, user_id))
    {
      fail (call, BOWLINE_ERROR_NOT_FOUND, "There is no account", user_id);
      return;
    }
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "u", "s", user_id);
  g_variant_dict_insert (&object, "a", "x", (gint64)3);
  cookie = bl_auth_cookies_issue (auth->cookies, key, g_variant_dict_end (&object));
  answer_text (call, "cookie", cookie != NULL ? cookie : "");
}

/* ---- policies
 * ----------------------------------------------------------------------------------------------------- */

/* Returns: (transfer full): the document of the key's policy */
static GVariant *
dup_policy (BlAuth *auth, const char *id)
{
  return g_str_equal (id, BL_AUTH_DEFAULT_KEY) ? bl_auth_keys_dup_default_policy (auth->keys)
                                               : bowline_directory_dup (auth->host, id);
}

static gboolean
add_described (const char *id, GVariant *document, gpointer user_data)
{
  g_autoptr (GVariant) text = bl_auth_policy_describe (document);

  if (!g_str_equal (id, BL_AUTH_DEFAULT_KEY))
    g_variant_builder_add (user_data, "v", text);
  return TRUE;
}

static void
run_list (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_autoptr (GVariant) policy = bl_auth_keys_dup_default_policy (auth->keys);
  g_autoptr (GVariant) text = bl_auth_policy_describe (policy);
  GVariantBuilder keys;
  GVariantDict answer;

  g_variant_builder_init (&keys, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&keys, "v", text);
  bowline_directory_foreach (auth->host, "loginkey", NULL, add_described, &keys);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, "keys", g_variant_builder_end (&keys));
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
run_show (BowlineActionCall *call, gpointer user_data)
{
  const BlAuthKey *key = find_key (user_data, call);
  g_autoptr (GVariant) policy = key != NULL ? dup_policy (user_data, key->id) : NULL;

  if (policy != NULL)
    bowline_action_call_answer (call, bl_auth_policy_describe (policy));
}

typedef struct
{
  BlAuth *auth;
  BowlineActionCall *call;
  char *key; /* (nullable): what the answer shows */
} Change;

static Change *
change_new (BlAuth *auth, BowlineActionCall *call, const char *key)
{
  Change *change = g_new (Change, 1);

  *change = (Change){ bl_auth_ref (auth), bowline_action_call_ref (call), g_strdup (key) };
  return change;
}

/* The directory told the module already that the key changed. */
static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  g_autoptr (GError) error = NULL;

  if (!bowline_directory_commit_finish (change->auth->host, result, &error))
    bowline_action_call_fail (change->call, error);
  else if (change->key != NULL)
    answer_text (change->call, "key", change->key);
  else
    answer_text (change->call, "name", bl_variant_get_string (arguments_of (change->call), "name"));
  g_free (change->key);
  bowline_action_call_unref (change->call);
  bl_auth_unref (change->auth);
  g_free (change);
}

/* Applies the assignments of the request. Returns: (transfer full) (nullable): %NULL was answered */
static GVariant *
assign_all (BowlineActionCall *call, GVariant *document)
{
  g_auto (GStrv) assignments = bl_variant_get_strv (arguments_of (call), "policy");
  GVariant *changed = g_variant_ref (document);

  for (guint i = 0; changed != NULL && assignments != NULL && assignments[i] != NULL; i++)
    {
      g_autoptr (GVariant) before = changed;
      g_autoptr (GError) error = NULL;

      changed = bl_auth_policy_set (before, assignments[i], bl_auth_now_ms (), &error);
      if (changed == NULL)
        bowline_action_call_fail (call, error);
    }
  return changed;
}

static void
commit (BlAuth *auth, BowlineActionCall *call, GVariant *document, const char *key)
{
  bl_auth_commit (auth, document, on_kept, change_new (auth, call, key));
}

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  const char *name = bl_variant_get_string (arguments_of (call), "name");
  g_autofree char *id = g_strconcat ("loginkey-", name, NULL);
  g_autofree char *hex = bl_random_hex (BL_COOKIE_FULL_KEY_SIZE);
  g_autoptr (GVariant) document = NULL;
  GVariantDict dict;
  GVariant *changed;

  if (!bl_auth_key_name_is_valid (name))
    {
      fail (call, BOWLINE_ERROR_INVALID, "login key: expected a name of 1 to 32 of a-z, 0-9, - and _, found",
            name);
      return;
    }
  if (bl_auth_keys_find (auth->keys, id) != NULL)
    {
      fail (call, BOWLINE_ERROR_EXISTS, "There is already a login key", name);
      return;
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "_id", "s", id);
  g_variant_dict_insert (&dict, "type", "s", "loginkey");
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "key", "s", hex);
  g_variant_dict_insert (&dict, "created", "x", bl_auth_now_ms ());
  document = g_variant_ref_sink (g_variant_dict_end (&dict));
  changed = assign_all (call, document);
  if (changed != NULL)
    commit (auth, call, changed, hex);
}

static void
run_set (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  const BlAuthKey *key = find_key (auth, call);
  g_autoptr (GVariant) document = key != NULL ? dup_policy (auth, key->id) : NULL;
  g_autoptr (GVariant) named = NULL;
  g_autoptr (GVariant) typed = NULL;
  GVariant *changed;

  if (document == NULL)
    return;
  typed = bl_doc_set_string (document, "type", "loginkey");
  named = bl_doc_set_string (typed, "_id", key->id);
  changed = assign_all (call, named);
  if (changed != NULL)
    commit (auth, call, changed, NULL);
}

/* The default key cannot go away, since its holder must get a new one somewhere: it is made anew. */
static void
run_revoke (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  const char *configured = bowline_host_get_string (auth->host, "login-cookie-key");
  const BlAuthKey *key = find_key (auth, call);

  if (key == NULL)
    return;
  if (!g_str_equal (key->id, BL_AUTH_DEFAULT_KEY))
    {
      const char *ids[] = { key->id, NULL };

      bowline_directory_commit_async (auth->host, NULL, ids, BOWLINE_COMMIT_DURABLE, NULL, on_kept,
                                      change_new (auth, call, NULL));
    }
  else if (configured != NULL && *configured != '\0')
    fail (call, BOWLINE_ERROR_DENIED, "The default login key is set by", "login-cookie-key");
  else
    {
      g_autoptr (GVariant) document = bowline_directory_dup (auth->host, BL_AUTH_LOGIN_KEY_ID);
      g_autofree char *hex = bl_random_hex (BL_COOKIE_FULL_KEY_SIZE);

      commit (auth, call, bl_doc_set_string (document, "key", hex), NULL);
    }
}

#define NAME                                                                                                 \
  {                                                                                                          \
    .name = "name", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1,           \
    .max = MAX_NAME                                                                                          \
  }
#define POLICY                                                                                               \
  {                                                                                                          \
    .name = "policy", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_LIST, .min = 1,             \
    .max = MAX_ASSIGNMENT, .list_max = MAX_ASSIGNMENTS                                                       \
  }

static const BowlineArgument optional_name[]
    = { { .name = "name", .type = BOWLINE_ARGUMENT_STRING, .min = 1, .max = MAX_NAME } };
static const BowlineArgument token_arguments[] = {
  { .name = "userid",
    .type = BOWLINE_ARGUMENT_STRING,
    .flags = BOWLINE_ARGUMENT_REQUIRED,
    .min = 1,
    .max = 300 },
  { .name = "name", .type = BOWLINE_ARGUMENT_STRING, .min = 1, .max = MAX_NAME },
};
static const BowlineArgument name_arguments[] = { NAME };
static const BowlineArgument policy_arguments[] = { NAME, POLICY };

#define ROW(word, more_flags, text, function)                                                                \
  .struct_size = sizeof (BowlineAction), .flags = BOWLINE_ACTION_LOCAL | (more_flags), .name = (word),       \
  .summary = (text), .argument_size = sizeof (BowlineArgument), .run = (function)
#define ARGUMENTS(table) .arguments = (table), .n_arguments = G_N_ELEMENTS (table)

gboolean
bl_auth_key_actions_register (BlAuth *auth, GError **error)
{
  static const BowlineAction actions[] = {
    { ROW ("login-key", BOWLINE_ACTION_CHANGES, "Shows a key of login cookies", run_key),
      ARGUMENTS (optional_name) },
    { ROW ("login-token", BOWLINE_ACTION_CHANGES, "Makes a login cookie of an account", run_token),
      ARGUMENTS (token_arguments) },
    { ROW ("login-key.list", 0, "Lists the login keys and what each may do", run_list) },
    { ROW ("login-key.show", 0, "Shows what a login key may do", run_show), ARGUMENTS (name_arguments) },
    { ROW ("login-key.create", BOWLINE_ACTION_CHANGES, "Makes a login key", run_create),
      ARGUMENTS (policy_arguments) },
    { ROW ("login-key.set", BOWLINE_ACTION_CHANGES, "Changes what a login key may do", run_set),
      ARGUMENTS (policy_arguments) },
    { ROW ("login-key.revoke", BOWLINE_ACTION_CHANGES, "Ends a login key and all it opened", run_revoke),
      ARGUMENTS (name_arguments) },
  };

  return bowline_host_register_actions (auth->host, actions, G_N_ELEMENTS (actions), auth, error);
}
