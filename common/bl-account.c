// SPDX-License-Identifier: Apache-2.0
#include "common/bl-account.h"

#include "common/bl-variant.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define MAX_NAME 64u
#define PBKDF2_ROUNDS 12000u
#define PBKDF2_BYTES 128u

typedef enum
{
  SHOWN,
  HIDDEN,
  PRESENCE,
  NUMBER,
  NUMBER_OF_KEYS,
} Form;

static Form
form_of (const char *name)
{
  static const struct
  {
    const char *name;
    Form form;
  } forms[] = {
    { "hash", HIDDEN },          { "salt", HIDDEN },        { "type", HIDDEN },
    { "domain", HIDDEN },        { "passhint", HIDDEN },    { "passtype", HIDDEN },
    { "subscriptions", HIDDEN }, { "otpsms", HIDDEN },      { "otpmsg", HIDDEN },
    { "otpstep", HIDDEN },       { "otpsecret", PRESENCE }, { "otpekey", PRESENCE },
    { "otpdev", PRESENCE },      { "otpduo", PRESENCE },    { "otpkeys", NUMBER_OF_KEYS },
    { "otphkeys", NUMBER },      { "webpush", NUMBER },     { "oldpasswords", HIDDEN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      if (g_str_equal (forms[i].name, name))
        return forms[i].form;
    }
  return SHOWN;
}

static gint64
count_items (GVariant *value, Form form)
{
  g_autoptr (GVariant) keys = NULL;

  if (form == PRESENCE)
    return 1;
  if (form == NUMBER_OF_KEYS && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      keys = g_variant_lookup_value (value, "keys", NULL);
      return keys != NULL && g_variant_is_container (keys) ? (gint64)g_variant_n_children (keys) : 0;
    }
  return g_variant_is_container (value) ? (gint64)g_variant_n_children (value) : 0;
}

static void
add_member (GVariantBuilder *builder, const char *name, GVariant *value)
{
  Form form = form_of (name);

  if (form == SHOWN)
    g_variant_builder_add (builder, "{sv}", name, value);
  else if (form != HIDDEN)
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_int64 (count_items (value, form)));
}

/* Clients print members as they come: those of every account first, always in the same order. */
static const char *const first_members[]
    = { "_id",        "name",     "creation", "siteadmin", "email", "emailVerified",
        "passchange", "realname", "phone",    "links",     NULL };

GVariant *
bl_account_public (GVariant *account)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; first_members[i] != NULL; i++)
    {
      g_autoptr (GVariant) member = g_variant_lookup_value (account, first_members[i], NULL);

      if (member != NULL)
        add_member (&builder, first_members[i], member);
    }
  g_variant_iter_init (&iter, account);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (!g_strv_contains (first_members, name))
        add_member (&builder, name, value);
      g_variant_unref (value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
bl_account_name_is_valid (const char *name)
{
  gsize length = strlen (name);

  if (length == 0 || length > MAX_NAME || *name == '~' || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (const char *c = name; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      if (character == '/' || g_unichar_isspace (character) || g_unichar_iscntrl (character))
        return FALSE;
    }
  return TRUE;
}

char *
bl_account_id (const char *domain, const char *name)
{
  g_autofree char *lower = g_utf8_strdown (name, -1);

  return g_strconcat ("user/", domain, "/", lower, NULL);
}

GVariant *
bl_account_without_factors (GVariant *account)
{
  static const char *const factors[]
      = { "otpkeys", "otpsecret", "otphkeys", "otpekey", "phone", "otpdev", "otpduo", "otpstep" };
  GVariant *left = g_variant_ref (account);

  for (guint i = 0; i < G_N_ELEMENTS (factors); i++)
    {
      g_autoptr (GVariant) before = left;

      left = bl_doc_remove (before, factors[i]);
    }
  return left;
}

char *
bl_account_pbkdf2 (const char *password, const char *salt, gboolean old)
{
  guint8 key[PBKDF2_BYTES];
  const gnutls_datum_t secret = { (guint8 *)password, (unsigned int)strlen (password) };
  const gnutls_datum_t salted = { (guint8 *)salt, (unsigned int)strlen (salt) };
  char *encoded = NULL;

  if (gnutls_pbkdf2 (old ? GNUTLS_MAC_SHA1 : GNUTLS_MAC_SHA384, &secret, &salted, PBKDF2_ROUNDS, key, sizeof key) == 0)
    encoded = g_base64_encode (key, sizeof key);
  gnutls_memset (key, 0, sizeof key);
  return encoded;
}
