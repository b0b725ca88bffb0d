// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 7.3 and 9 (accountcreate, accountremove) */
#include "bl-auth-account.h"

#include "common/bl-account.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

typedef struct
{
  BlAuth *auth;
  char *user_id;
  BlAuthAccountFunc done;
  gpointer user_data;
} Change;

static Change *
change_new (BlAuth *auth, const char *user_id, BlAuthAccountFunc done, gpointer user_data)
{
  Change *change = g_new (Change, 1);

  *change = (Change){ bl_auth_ref (auth), g_strdup (user_id), done, user_data };
  return change;
}

static void
change_end (Change *change, const GError *error)
{
  change->done (error == NULL ? change->user_id : NULL, error, change->user_data);
  bl_auth_unref (change->auth);
  g_free (change->user_id);
  g_free (change);
}

static void
fail (BlAuthAccountFunc done, gpointer user_data, int code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (BOWLINE_ERROR, code, message);

  done (NULL, error, user_data);
}

/* ---- create
 * ------------------------------------------------------------------------------------------------------- */

static void
insert_text (GVariantDict *dict, const char *member, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (dict, member, "s", text);
}

static GVariant *
make_document (const BlAuthNewAccount *account, const char *user_id)
{
  GVariantDict dict;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "_id", "s", user_id);
  g_variant_dict_insert (&dict, "type", "s", "user");
  g_variant_dict_insert (&dict, "name", "s", account->name);
  g_variant_dict_insert (&dict, "domain", "s", account->domain);
  g_variant_dict_insert (&dict, "creation", "x", now);
  g_variant_dict_insert (&dict, "passchange", "x", account->reset ? -1 : now);
  if (account->site_rights != 0)
    g_variant_dict_insert (&dict, "siteadmin", "x", (gint64)account->site_rights);
  insert_text (&dict, "hash", account->hash);
  insert_text (&dict, "salt", account->salt);
  insert_text (&dict, "email", account->email);
  if (account->email_verified && account->email != NULL && *account->email != '\0')
    g_variant_dict_insert (&dict, "emailVerified", "b", TRUE);
  insert_text (&dict, "realname", account->realname);
  insert_text (&dict, "phone", account->phone);
  if (account->consent != 0)
    g_variant_dict_insert (&dict, "consent", "x", account->consent);
  if (account->realms != NULL && g_variant_n_children (account->realms) > 0)
    g_variant_dict_insert_value (&dict, "groups", account->realms);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
emit_created (BlAuth *auth, GVariant *account)
{
  const char *targets[] = { "*", "server-users", NULL };
  const char *name = bl_variant_get_string (account, "name");
  const char *email = bl_variant_get_string (account, "email");
  g_autoptr (GVariant) public_form = bl_account_public (account);
  g_autofree char *message = NULL;
  GVariantBuilder arguments;
  GVariantDict event;

  g_variant_builder_init (&arguments, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&arguments, "v", g_variant_new_string (email != NULL ? email : name));
  message = email != NULL ? g_strdup_printf ("Account created, email is %s", email)
                          : g_strdup_printf ("Account created, username is %s", name);
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "user");
  g_variant_dict_insert (&event, "userid", "s", bl_variant_get_string (account, "_id"));
  g_variant_dict_insert (&event, "username", "s", name);
  g_variant_dict_insert_value (&event, "account", public_form);
  g_variant_dict_insert (&event, "action", "s", "accountcreate");
  g_variant_dict_insert (&event, "msgid", "x", (gint64)(email != NULL ? 65 : 64));
  g_variant_dict_insert_value (&event, "msgArgs", g_variant_builder_end (&arguments));
  g_variant_dict_insert (&event, "msg", "s", message);
  g_variant_dict_insert (&event, "domain", "s", bl_variant_get_string (account, "domain"));
  bowline_event_emit (auth->host, targets, g_variant_dict_end (&event));
}

static void
on_password_set (BowlinePrincipal *none, const GError *error, gpointer user_data)
{
  change_end (user_data, error);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  g_autoptr (GError) error = NULL;

  bowline_directory_commit_finish (change->auth->host, result, &error);
  change_end (change, error);
}

static gboolean
password_is_valid (const BlAuthNewAccount *account)
{
  if (account->hash != NULL)
    return account->password == NULL && account->salt != NULL;
  return account->password != NULL && *account->password != '\0' && strlen (account->password) <= BL_AUTH_MAX_PASSWORD;
}

void
bl_auth_account_create (BlAuth *auth,
                        const BlAuthNewAccount *account,
                        BlAuthAccountFunc done,
                        gpointer user_data)
{
  g_autofree char *user_id = NULL;
  g_autoptr (GVariant) document = NULL;

  if (!bl_account_name_is_valid (account->name))
    {
      fail (done, user_data, BOWLINE_ERROR_INVALID, "Invalid username");
      return;
    }
  if (!password_is_valid (account))
    {
      fail (done, user_data, BOWLINE_ERROR_INVALID, "Invalid password");
      return;
    }
  user_id = bl_account_id (account->domain, account->name);
  if (bowline_directory_contains (auth->host, user_id))
    {
      fail (done, user_data, BOWLINE_ERROR_EXISTS, "User already exists");
      return;
    }
  document = make_document (account, user_id);
  if (account->hash != NULL)
    {
      bl_auth_commit (auth, g_variant_ref (document), on_kept, change_new (auth, user_id, done, user_data));
      emit_created (auth, document);
      return;
    }
  bl_auth_commit (auth, g_variant_ref (document), NULL, NULL);
  emit_created (auth, document);
  bl_auth_set_password (auth, user_id, account->password, on_password_set,
                        change_new (auth, user_id, done, user_data));
}

/* ---- change
 * ------------------------------------------------------------------------------------------------------- */

static void
emit_changed (BlAuth *auth, GVariant *account)
{
  const char *user_id = bl_variant_get_string (account, "_id");
  const char *targets[] = { "*", "server-users", user_id, NULL };
  g_autoptr (GVariant) public_form = bl_account_public (account);
  g_autoptr (GVariant) event = NULL;
  BlDocBuilder builder;

  bl_doc_builder_init (&builder, 0);
  bl_doc_builder_add_string (&builder, "etype", "user");
  bl_doc_builder_add_string (&builder, "userid", user_id);
  bl_doc_builder_add_string (&builder, "username", bl_variant_get_string (account, "name"));
  bl_doc_builder_add (&builder, "account", public_form);
  bl_doc_builder_add_string (&builder, "action", "accountchange");
  bl_doc_builder_add_string (&builder, "msg", "Account changed on the server's command line");
  bl_doc_builder_add_string (&builder, "domain", bl_variant_get_string (account, "domain"));
  event = bl_doc_builder_end (&builder);
  bowline_event_emit (auth->host, targets, event);
}

static void
keep_changed (Change *change, GVariant *document)
{
  bl_auth_commit (change->auth, g_variant_ref (document), on_kept, change);
  emit_changed (change->auth, document);
}

void
bl_auth_account_make_admin (BlAuth *auth, const char *user_id, BlAuthAccountFunc done, gpointer user_data)
{
  g_autoptr (GVariant) account = bowline_directory_dup (auth->host, user_id);
  g_autoptr (GVariant) changed = NULL;

  if (account == NULL)
    {
      fail (done, user_data, BOWLINE_ERROR_NOT_FOUND, "User does not exist");
      return;
    }
  changed = bl_doc_set_int (account, "siteadmin", BL_SITE_FULL);
  keep_changed (change_new (auth, user_id, done, user_data), changed);
}

static void
on_reset_password_set (BowlinePrincipal *none, const GError *error, gpointer user_data)
{
  Change *change = user_data;
  g_autoptr (GVariant) account = bowline_directory_dup (change->auth->host, change->user_id);
  g_autoptr (GVariant) plain = NULL, changed = NULL;
  g_autoptr (GVariant) site = NULL;

  if (error != NULL || account == NULL)
    {
      change_end (change, error);
      return;
    }
  plain = bl_account_without_factors (account);
  site = bl_variant_get_child (plain, "siteadmin");
  if (site != NULL && bl_variant_get_int (plain, "siteadmin", 0) != BL_SITE_FULL)
    changed = bl_doc_set_int (plain, "siteadmin", bl_variant_get_int (plain, "siteadmin", 0) & ~(gint64) BL_SITE_LOCKED);
  else
    changed = g_variant_ref (plain);
  keep_changed (change, changed);
}

void
bl_auth_account_reset (
    BlAuth *auth, const char *user_id, const char *password, BlAuthAccountFunc done, gpointer user_data)
{
  if (!bowline_directory_contains (auth->host, user_id))
    {
      fail (done, user_data, BOWLINE_ERROR_NOT_FOUND, "User does not exist");
      return;
    }
  bl_auth_set_password (auth, user_id, password, on_reset_password_set, change_new (auth, user_id, done, user_data));
}

/* ---- remove
 * ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *user_id;
  GVariantBuilder *puts;
  GPtrArray *deletes;
} Removal;

/* Drops the account from the links of a group, device or user group. */
static gboolean
unlink_from (const char *id, GVariant *document, gpointer user_data)
{
  Removal *removal = user_data;
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");
  g_autoptr (GVariant) fewer = NULL;
  g_autoptr (GVariant) changed = NULL;

  if (links == NULL || !bl_variant_has (links, removal->user_id))
    return TRUE;
  fewer = bl_doc_remove (links, removal->user_id);
  changed = bl_doc_set (document, "links", fewer);
  g_variant_builder_add_value (removal->puts, changed);
  return TRUE;
}

static gboolean
collect_owned (const char *id, GVariant *document, gpointer user_data)
{
  Removal *removal = user_data;

  if (g_strcmp0 (bl_variant_get_string (document, "userid"), removal->user_id) == 0)
    g_ptr_array_add (removal->deletes, g_strdup (id));
  return TRUE;
}

static void
emit_removed (BlAuth *auth, GVariant *account)
{
  const char *user_id = bl_variant_get_string (account, "_id");
  const char *name = bl_variant_get_string (account, "name");
  const char *domain = bl_variant_get_string (account, "domain");
  const char *targets[] = { "*", "server-users", NULL };
  GVariantDict event;

  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "user");
  g_variant_dict_insert (&event, "userid", "s", user_id);
  g_variant_dict_insert (&event, "username", "s", name != NULL ? name : "");
  g_variant_dict_insert (&event, "action", "s", "accountremove");
  g_variant_dict_insert (&event, "msgid", "x", (gint64)63);
  g_variant_dict_insert (&event, "msg", "s", "Account removed");
  g_variant_dict_insert (&event, "domain", "s", domain != NULL ? domain : "");
  bowline_event_emit (auth->host, targets, g_variant_dict_end (&event));
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  g_autoptr (GError) error = NULL;

  bowline_directory_commit_finish (change->auth->host, result, &error);
  change_end (change, error);
}

void
bl_auth_account_remove (BlAuth *auth, const char *user_id, BlAuthAccountFunc done, gpointer user_data)
{
  static const char *const linked[] = { "mesh", "node", "ugrp" };
  static const char *const own[] = { "ws", "nt", "im" }; /* page state, notes, picture */
  g_autoptr (GVariant) account = bowline_directory_dup (auth->host, user_id);
  g_autoptr (GPtrArray) deletes = NULL;
  GVariantBuilder puts;
  Removal removal;

  if (account == NULL || !g_str_has_prefix (user_id, "user/"))
    {
      fail (done, user_data, BOWLINE_ERROR_NOT_FOUND, "User does not exists"); /* the text clients know */
      return;
    }
  deletes = g_ptr_array_new_with_free_func (g_free);
  g_variant_builder_init (&puts, G_VARIANT_TYPE ("aa{sv}"));
  removal = (Removal){ user_id, &puts, deletes };
  for (guint i = 0; i < G_N_ELEMENTS (linked); i++)
    bowline_directory_foreach (auth->host, linked[i], NULL, unlink_from, &removal);
  bowline_directory_foreach (auth->host, "logintoken", NULL, collect_owned, &removal);
  bowline_directory_foreach (auth->host, "deviceshare", NULL, collect_owned, &removal);
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    g_ptr_array_add (deletes, g_strconcat (own[i], user_id, NULL));
  g_ptr_array_add (deletes, g_strdup (user_id));
  g_ptr_array_add (deletes, NULL);
  bowline_directory_commit_async (auth->host, g_variant_builder_end (&puts),
                                  (const char *const *)deletes->pdata, BOWLINE_COMMIT_DURABLE, NULL,
                                  on_removed, change_new (auth, user_id, done, user_data));
  emit_removed (auth, account);
}
