// SPDX-License-Identifier: Apache-2.0
/* Login tokens: names and passwords of their own that stand for an account, for programs. Follows
 * control-channel 3.2 and 7.3. A session of a token makes and lists none, whatever way it came in. */
#include "bl-auth-own.h"

#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <sodium.h>
#include <string.h>

#define DOCUMENT_PREFIX "logintoken-"
#define NAME_BYTES 12u
#define PASSWORD_BYTES 15u
#define MAX_TOKENS 100u
#define MAX_MINUTES (100 * 366 * 24 * 60)

/* Letters and digits only, so that a token stands in addresses and headers as it is: 16 or 20 characters. */
static char *
random_text (gsize n)
{
  guint8 bytes[PASSWORD_BYTES];
  char *text;

  for (;;)
    {
      bl_random_bytes (bytes, n);
      text = g_base64_encode (bytes, n);
      if (strpbrk (text, "+/=") == NULL)
        break;
      g_free (text);
    }
  sodium_memzero (bytes, sizeof bytes);
  return text;
}

/* ---- the own tokens
 * ------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *user_id;
  char **remove;      /* (nullable): names "~t:..." */
  GPtrArray *removed; /* of char *: document ids */
  GVariantBuilder *list;
  guint count;
} Listing;

/* Clients print the members in the order they come in. */
static GVariant *
token_form (GVariant *token)
{
  const char *name = bl_variant_get_string (token, "name");
  GVariantBuilder form;

  g_variant_builder_init (&form, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&form, "{sv}", "name", g_variant_new_string (name != NULL ? name : ""));
  g_variant_builder_add (&form, "{sv}", "tokenUser",
                         g_variant_new_string (bl_variant_get_string (token, "tokenUser")));
  g_variant_builder_add (&form, "{sv}", "created",
                         g_variant_new_int64 (bl_variant_get_int (token, "created", 0)));
  g_variant_builder_add (&form, "{sv}", "expire",
                         g_variant_new_int64 (bl_variant_get_int (token, "expire", 0)));
  return g_variant_builder_end (&form);
}

static gboolean
visit_token (const char *id, GVariant *token, gpointer user_data)
{
  Listing *listing = user_data;
  const char *name = bl_variant_get_string (token, "tokenUser");
  gint64 expire = bl_variant_get_int (token, "expire", 0);

  if (g_strcmp0 (bl_variant_get_string (token, "userid"), listing->user_id) != 0)
    return TRUE;
  if (name == NULL || (expire != 0 && expire <= bl_auth_now_ms ())
      || (listing->remove != NULL && g_strv_contains ((const char *const *)listing->remove, name)))
    {
      g_ptr_array_add (listing->removed, g_strdup (id));
      return TRUE;
    }
  listing->count++;
  if (listing->list != NULL)
    g_variant_builder_add (listing->list, "v", token_form (token));
  return TRUE;
}

static void
emit_changed (BlAuth *auth, BowlineActionCall *call, GVariant *tokens, GPtrArray *removed)
{
  const char *targets[] = { bowline_principal_get_user_id (bowline_action_call_get_principal (call)), NULL };
  GVariantBuilder names;
  GVariantDict event;

  g_variant_builder_init (&names, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < removed->len && removed->pdata[i] != NULL; i++)
    g_variant_builder_add (&names, "v",
                           g_variant_new_string ((char *)removed->pdata[i] + strlen (DOCUMENT_PREFIX)));
  bl_auth_own_event_init (&event, auth, call, "loginTokenChanged");
  g_variant_dict_insert_value (&event, "loginTokens", tokens);
  g_variant_dict_insert_value (&event, "removed", g_variant_builder_end (&names));
  g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  bowline_event_emit (auth->host, targets, g_variant_dict_end (&event));
}

typedef struct
{
  BlAuth *auth;
  BowlineActionCall *call;
  GVariant *tokens;
  GPtrArray *removed;
} Removal;

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Removal *removal = user_data;
  g_autoptr (GError) error = NULL;

  if (!bowline_directory_commit_finish (removal->auth->host, result, &error))
    bowline_action_call_fail (removal->call, error);
  else if (!removal->auth->stopping)
    {
      bl_auth_own_answer (removal->call, "loginTokens", removal->tokens);
      emit_changed (removal->auth, removal->call, removal->tokens, removal->removed);
    }
  g_variant_unref (removal->tokens);
  g_ptr_array_unref (removal->removed);
  bowline_action_call_unref (removal->call);
  bl_auth_unref (removal->auth);
  g_free (removal);
}

static void
run_list (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_auto (GStrv) remove = bl_variant_get_strv (bowline_action_call_get_arguments (call), "remove");
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_free);
  GVariantBuilder list;
  Listing listing = { bowline_principal_get_user_id (bowline_action_call_get_principal (call)), remove,
                      removed, &list, 0 };
  g_autoptr (GVariant) tokens = NULL;
  Removal *removal;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (auth->host, "logintoken", NULL, visit_token, &listing);
  tokens = g_variant_ref_sink (g_variant_builder_end (&list));
  if (removed->len == 0)
    {
      bl_auth_own_answer (call, "loginTokens", tokens);
      return;
    }
  g_ptr_array_add (removed, NULL);
  removal = g_new (Removal, 1);
  *removal = (Removal){ bl_auth_ref (auth), bowline_action_call_ref (call), g_steal_pointer (&tokens),
                        g_steal_pointer (&removed) };
  bowline_directory_commit_async (auth->host, NULL, (const char *const *)removal->removed->pdata,
                                  BOWLINE_COMMIT_DURABLE, NULL, on_removed, removal);
}

/* ---- a new one
 * ---------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlAuth *auth;
  BowlineActionCall *call;
  char *name; /* "~t:..." */
  char *password;
  char *hash;
  gint64 created;
  gint64 expire;
} NewToken;

static void
new_token_free (gpointer data)
{
  NewToken *token = data;

  if (token->password != NULL)
    sodium_memzero (token->password, strlen (token->password));
  g_free (token->password);
  g_free (token->name);
  g_free (token->hash);
  bowline_action_call_unref (token->call);
  bl_auth_unref (token->auth);
  g_free (token);
}

static void
hash_token (gpointer data)
{
  NewToken *token = data;

  token->hash = bl_auth_hash_make (token->password, &token->auth->cost);
}

static GVariant *
make_document (const NewToken *token)
{
  const char *user_id = bowline_principal_get_user_id (bowline_action_call_get_principal (token->call));
  g_autoptr (GVariant) account = bl_auth_own_dup (token->auth, token->call);
  const char *domain = bl_variant_get_string (account, "domain");
  g_autofree char *id = g_strconcat (DOCUMENT_PREFIX, token->name, NULL);
  g_autofree char *owner = g_strconcat (DOCUMENT_PREFIX, user_id, NULL);
  GVariantDict document;

  g_variant_dict_init (&document, NULL);
  g_variant_dict_insert (&document, "_id", "s", id);
  g_variant_dict_insert (&document, "type", "s", "logintoken");
  g_variant_dict_insert (&document, "nodeid", "s",
                         owner); /* where MeshCentral looks an account's tokens up */
  g_variant_dict_insert (&document, "domain", "s", domain != NULL ? domain : "");
  g_variant_dict_insert (&document, "userid", "s", user_id);
  g_variant_dict_insert (&document, "name", "s",
                         bl_variant_get_string (bowline_action_call_get_arguments (token->call), "name"));
  g_variant_dict_insert (&document, "tokenUser", "s", token->name);
  g_variant_dict_insert (&document, "created", "x", token->created);
  g_variant_dict_insert (&document, "expire", "x", token->expire);
  g_variant_dict_insert (&document, "hash", "s", token->hash);
  return g_variant_ref_sink (g_variant_dict_end (&document));
}

static void
emit_added (const NewToken *token, GVariant *form)
{
  const char *targets[]
      = { "*", "server-users",
          bowline_principal_get_user_id (bowline_action_call_get_principal (token->call)), NULL };
  GVariantDict event;

  bl_auth_own_event_init (&event, token->auth, token->call, "loginTokenAdded");
  g_variant_dict_insert (&event, "msgid", "x", (gint64)115);
  g_variant_dict_insert (&event, "msg", "s", "Added login token");
  g_variant_dict_insert_value (&event, "newToken", form);
  bowline_event_emit (token->auth->host, targets, g_variant_dict_end (&event));
}

static void
on_token_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NewToken *token = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = g_strconcat (DOCUMENT_PREFIX, token->name, NULL);
  g_autoptr (GVariant) document = NULL;
  g_autoptr (GVariant) form = NULL;
  GVariantDict answer;

  if (!bowline_directory_commit_finish (token->auth->host, result, &error))
    bowline_action_call_fail (token->call, error);
  else if (!token->auth->stopping)
    document = bowline_directory_dup (token->auth->host, id);
  if (document != NULL)
    {
      form = g_variant_ref_sink (token_form (document));
      g_variant_dict_init (&answer, form);
      g_variant_dict_insert (&answer, "tokenPass", "s", token->password);
      bowline_action_call_answer (token->call, g_variant_dict_end (&answer));
      emit_added (token, form);
    }
  new_token_free (token);
}

/* The account may have been removed while its token was hashed. */
static void
keep_token (gpointer data)
{
  NewToken *hashed = data;
  NewToken *token;
  const char *user_id = bowline_principal_get_user_id (bowline_action_call_get_principal (hashed->call));

  if (hashed->hash == NULL || !bowline_directory_contains (hashed->auth->host, user_id))
    {
      bowline_action_call_result (hashed->call, "The token cannot be made");
      return;
    }
  token = g_memdup2 (hashed, sizeof *hashed);
  memset (hashed, 0, sizeof *hashed);
  hashed->auth = bl_auth_ref (token->auth);
  hashed->call = bowline_action_call_ref (token->call);
  bl_auth_commit (token->auth, make_document (token), on_token_kept, token);
}

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  gint64 minutes = bl_variant_get_int (bowline_action_call_get_arguments (call), "expire", 0);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_free);
  Listing listing
      = { bowline_principal_get_user_id (bowline_action_call_get_principal (call)), NULL, removed, NULL, 0 };
  g_autofree char *random = NULL;
  NewToken *token;

  bowline_directory_foreach (auth->host, "logintoken", NULL, visit_token, &listing);
  if (listing.count >= MAX_TOKENS)
    {
      bowline_action_call_result (call, "Too many login tokens");
      return;
    }
  random = random_text (NAME_BYTES);
  token = g_new0 (NewToken, 1);
  token->auth = bl_auth_ref (auth);
  token->call = bowline_action_call_ref (call);
  token->name = g_strconcat ("~t:", random, NULL);
  token->password = random_text (PASSWORD_BYTES);
  token->created = bl_auth_now_ms ();
  token->expire = minutes > 0 ? token->created + minutes * 60000 : 0;
  if (bowline_host_offload (auth->host, hash_token, keep_token, token, new_token_free))
    return;
  new_token_free (token);
  bowline_action_call_result (call, "The server is busy");
}

gboolean
bl_auth_tokens_register (BlAuth *auth, GError **error)
{
  static const BowlineArgument list[] = {
    { .name = "remove",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_LIST | BOWLINE_ARGUMENT_NULLABLE,
      .max = 64,
      .list_max = 1000 },
  };
  static const BowlineArgument create[] = {
    { .name = "name",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 100,
      .problem = "Invalid name" },
    { .name = "expire",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .max = MAX_MINUTES,
      .problem = "Invalid expire value" },
  };
  static const BowlineAction actions[] = {
    { BL_AUTH_ROW ("loginTokens", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN | BOWLINE_ACTION_SILENT,
                   "Lists the own login tokens, and removes some", run_list),
      BL_AUTH_ARGUMENTS (list) },
    { BL_AUTH_ROW ("createLoginToken", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN,
                   "Makes a login token", run_create),
      BL_AUTH_ARGUMENTS (create) },
  };

  return bowline_host_register_actions (auth->host, actions, G_N_ELEMENTS (actions), auth, error);
}
