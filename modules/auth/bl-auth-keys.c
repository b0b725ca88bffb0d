// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 3.3 */
#include "bl-auth-keys.h"

#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <sodium.h>
#include <string.h>

struct _BlAuthKeys
{
  BowlineHost *host;
  GPtrArray *keys; /* (element-type BlAuthKey): our own first, then the default one */
  BlAuthKey invitation;
};

static void
key_free (gpointer data)
{
  BlAuthKey *key = data;

  sodium_memzero (key->secret, sizeof key->secret);
  g_clear_pointer (&key->policy, bl_auth_policy_free);
  g_free (key->id);
  g_free (key);
}

BlAuthKeys *
bl_auth_keys_new (BowlineHost *host)
{
  BlAuthKeys *self = g_new0 (BlAuthKeys, 1);

  self->host = host;
  self->keys = g_ptr_array_new_with_free_func (key_free);
  return self;
}

void
bl_auth_keys_free (BlAuthKeys *self)
{
  g_ptr_array_unref (self->keys);
  sodium_memzero (self->invitation.secret, sizeof self->invitation.secret);
  g_free (self);
}

static GVariant *
make_document (const char *id)
{
  g_autofree char *key = bl_random_hex (BL_COOKIE_FULL_KEY_SIZE);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "_id", "s", id);
  g_variant_dict_insert (&dict, "type", "s", "server");
  g_variant_dict_insert (&dict, "key", "s", key);
  g_variant_dict_insert (&dict, "time", "x", g_get_real_time () / 1000);
  return g_variant_dict_end (&dict);
}

GVariant *
bl_auth_keys_make (BlAuthKeys *self)
{
  static const char *const ids[] = { BL_AUTH_LOGIN_KEY_ID, BL_AUTH_INVITATION_KEY_ID, BL_AUTH_OWN_KEY_ID };
  GVariantBuilder builder;
  guint made = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      if (bowline_directory_contains (self->host, ids[i]))
        continue;
      g_variant_builder_add_value (&builder, make_document (ids[i]));
      made++;
    }
  if (made > 0)
    return g_variant_builder_end (&builder);
  g_variant_builder_clear (&builder);
  return NULL;
}

static gboolean
decode_hex (const char *text, guint8 secret[BL_COOKIE_FULL_KEY_SIZE])
{
  return text != NULL && bl_hex_decode (text, strlen (text), secret, BL_COOKIE_FULL_KEY_SIZE);
}

/* Returns: %FALSE when @hex is no key */
static gboolean
add (BlAuthKeys *self, const char *id, const char *hex, GVariant *policy)
{
  BlAuthKey *key = g_new0 (BlAuthKey, 1);

  key->id = g_strdup (id);
  if (!decode_hex (hex, key->secret))
    {
      key_free (key);
      return FALSE;
    }
  if (id != NULL)
    {
      key->policy = bl_auth_policy_new (policy);
      bl_rate_init (&key->rate, key->policy->rate, MAX (key->policy->rate, 1), g_get_monotonic_time ());
    }
  g_ptr_array_add (self->keys, key);
  return TRUE;
}

static GVariant *
assign (BlAuthKeys *self, GVariant *document, const char *key, const char *setting, const char *value)
{
  g_autofree char *assignment = g_strconcat (key, "=", value, NULL);
  g_autoptr (GError) error = NULL;
  GVariant *changed = bl_auth_policy_set (document, assignment, g_get_real_time () / 1000, &error);

  if (changed == NULL)
    {
      bowline_host_log (self->host, BOWLINE_LOG_WARNING, NULL, "%s: %s; the default login key opens nothing",
                        setting, error->message);
      changed = bl_doc_set_int (document, "expire", 1);
    }
  g_variant_unref (document);
  return changed;
}

/* A setting that cannot be read must not widen the policy. */
static GVariant *
policy_of_settings (BlAuthKeys *self)
{
  static const char *const lists[] = { "users", "devices", "views", "addresses", "admin-from" };
  GVariant *document = bl_doc_new ();
  const char *rights = bowline_host_get_string (self->host, "login-key-rights");

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autofree char *setting = g_strconcat ("login-key-", lists[i], NULL);
      const char *const *items = bowline_host_get_list (self->host, setting);
      g_autofree char *value = items != NULL ? g_strjoinv (",", (char **)items) : NULL;

      if (value != NULL && *value != '\0')
        document = assign (self, document, lists[i], setting, value);
    }
  if (rights != NULL && *rights != '\0' && !g_str_equal (rights, "all"))
    document = assign (self, document, "rights", "login-key-rights", rights);
  if (bowline_host_get_boolean (self->host, "login-key-bind-node"))
    document = assign (self, document, "bind-node", "login-key-bind-node", "true");
  if (bowline_host_get_int (self->host, "login-key-rate") > 0)
    {
      g_autoptr (GVariant) before = document;

      document = bl_doc_set_int (before, "rate", bowline_host_get_int (self->host, "login-key-rate"));
    }
  return document;
}

GVariant *
bl_auth_keys_dup_default_policy (BlAuthKeys *self)
{
  GVariant *document = bowline_directory_dup (self->host, BL_AUTH_DEFAULT_KEY);

  return document != NULL ? document : policy_of_settings (self);
}

static gboolean
add_named (const char *id, GVariant *document, gpointer user_data)
{
  BlAuthKeys *self = user_data;

  if (g_str_equal (id, BL_AUTH_DEFAULT_KEY) || self->keys->len >= BL_AUTH_MAX_KEYS)
    return TRUE;
  if (!add (self, id, bl_variant_get_string (document, "key"), document))
    bowline_host_log (self->host, BOWLINE_LOG_WARNING, NULL,
                      "The login key in document \"%s\" cannot be used", id);
  return TRUE;
}

gboolean
bl_auth_keys_load (BlAuthKeys *self, GError **error)
{
  const char *configured = bowline_host_get_string (self->host, "login-cookie-key");
  g_autoptr (GVariant) login = bowline_directory_dup (self->host, BL_AUTH_LOGIN_KEY_ID);
  g_autoptr (GVariant) own = bowline_directory_dup (self->host, BL_AUTH_OWN_KEY_ID);
  g_autoptr (GVariant) invitation = bowline_directory_dup (self->host, BL_AUTH_INVITATION_KEY_ID);
  g_autoptr (GVariant) policy = bl_auth_keys_dup_default_policy (self);
  const char *hex
      = configured != NULL && *configured != '\0' ? configured : bl_variant_get_string (login, "key");

  g_ptr_array_set_size (self->keys, 0);
  if (!add (self, NULL, bl_variant_get_string (own, "key"), NULL))
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                 "The key in document \"%s\" is not %d hex digits", BL_AUTH_OWN_KEY_ID,
                 2 * BL_COOKIE_FULL_KEY_SIZE);
  else if (!decode_hex (bl_variant_get_string (invitation, "key"), self->invitation.secret))
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                 "The key in document \"%s\" is not %d hex digits", BL_AUTH_INVITATION_KEY_ID,
                 2 * BL_COOKIE_FULL_KEY_SIZE);
  else if (!add (self, BL_AUTH_DEFAULT_KEY, hex, policy))
    g_set_error (
        error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
        "The login cookie key (setting \"login-cookie-key\" or document \"%s\") is not %d hex digits",
        BL_AUTH_LOGIN_KEY_ID, 2 * BL_COOKIE_FULL_KEY_SIZE);
  else
    {
      bowline_directory_foreach (self->host, "loginkey", NULL, add_named, self);
      return TRUE;
    }
  return FALSE;
}

const BlAuthKey *
bl_auth_keys_own (BlAuthKeys *self)
{
  return self->keys->pdata[0];
}

const BlAuthKey *
bl_auth_keys_invitation (BlAuthKeys *self)
{
  return &self->invitation;
}

BlAuthKey *
bl_auth_keys_find (BlAuthKeys *self, const char *id)
{
  for (guint i = 1; i < self->keys->len; i++)
    {
      BlAuthKey *key = self->keys->pdata[i];

      if (g_str_equal (key->id, id))
        return key;
    }
  return NULL;
}

GVariant *
bl_auth_keys_open (BlAuthKeys *self, const char *text, gint64 now, guint minutes, BlAuthKey **key)
{
  GVariant *found = NULL;

  for (guint i = 0; i < self->keys->len; i++)
    {
      BlAuthKey *candidate = self->keys->pdata[i];
      /* what we seal ourselves has one form only */
      GVariant *object = candidate->id == NULL
                             ? bl_cookie_decode (candidate->secret, text, now, minutes, NULL)
                             : bl_cookie_decode_any (candidate->secret, text, now, minutes, NULL);

      if (object == NULL)
        continue;
      g_clear_pointer (&found, g_variant_unref);
      found = object;
      *key = candidate;
    }
  return found;
}

char *
bl_auth_key_dup_hex (const BlAuthKey *key)
{
  return bl_hex_encode (key->secret, sizeof key->secret, FALSE);
}

gboolean
bl_auth_key_name_is_valid (const char *name)
{
  gsize length = strlen (name);

  return length > 0 && length <= 32 && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}
