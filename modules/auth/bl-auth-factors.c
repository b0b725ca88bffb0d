// SPDX-License-Identifier: Apache-2.0
/* Second factors of one's own account: authenticator app, backup codes, security keys. Follows
 * control-channel 7.2. Where MeshCentral skips them for a server whose name has no dot, this server does not.
 */
#include "bl-auth-own.h"

#include "bl-auth-totp.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <string.h>

#define SECRET_BYTES 20u
#define MAX_SECRET 64
#define BACKUP_CODES 10u

/* What otpauth-request says instead of a secret. */
#define REFUSED_TOKEN 3
#define REFUSED_LOCKED 5

static gboolean
is_account_itself (BowlineActionCall *call)
{
  return bowline_principal_get_kind (bowline_action_call_get_principal (call)) == BOWLINE_PRINCIPAL_USER;
}

static void
answer_bool (BowlineActionCall *call, const char *member, gboolean value)
{
  bl_auth_own_answer (call, member, g_variant_new_boolean (value));
}

static void
replace (GVariant **account, GVariant *changed)
{
  g_variant_unref (*account);
  *account = changed;
}

/* ---- the authenticator app
 * ---------------------------------------------------------------------------------------- */

static char *
app_url (BlAuth *auth, GVariant *account, const char *secret)
{
  const char *name = bl_variant_get_string (account, "name");
  g_autofree char *server = g_uri_escape_string (bowline_identity_get_name (auth->host), NULL, FALSE);
  g_autofree char *who = g_uri_escape_string (name != NULL ? name : "", NULL, FALSE);

  return g_strdup_printf ("otpauth://totp/%s:%s?secret=%s&period=30&digits=6&algorithm=SHA1&issuer=%s",
                          server, who, secret, server);
}

static void
run_app_request (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);
  gint64 refusal = !is_account_itself (call)            ? REFUSED_TOKEN
                   : bl_auth_own_is_locked (auth, call) ? REFUSED_LOCKED
                                                        : 0;
  guint8 bytes[SECRET_BYTES];
  g_autofree char *secret = NULL;
  g_autofree char *url = NULL;
  GVariantDict answer;

  if (refusal != 0)
    {
      bl_auth_own_answer (call, "err", g_variant_new_int64 (refusal));
      return;
    }
  bl_random_bytes (bytes, sizeof bytes);
  secret = bl_auth_base32_encode (bytes, sizeof bytes);
  url = app_url (auth, account, secret);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "secret", "s", secret);
  g_variant_dict_insert (&answer, "url", "s", url);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_succeeded (BlAuth *auth, BowlineActionCall *call, gpointer data)
{
  answer_bool (call, "success", TRUE);
}

static void
run_app_setup (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *secret = bl_variant_get_string (arguments, "secret");
  GVariant *account = bl_auth_own_dup (auth, call);
  gint64 step;

  if (account == NULL || bl_auth_own_is_locked (auth, call) || strlen (secret) < BL_AUTH_MIN_SECRET
      || !bl_auth_totp_check (secret, bl_variant_get_string (arguments, "token"),
                              g_get_real_time () / G_USEC_PER_SEC, -1, &step))
    {
      g_clear_pointer (&account, g_variant_unref);
      answer_bool (call, "success", FALSE);
      return;
    }
  replace (&account, bl_doc_set_string (account, "otpsecret", secret));
  replace (&account, bl_doc_set_int (account, "otpstep", step)); /* this code was used */
  bl_auth_own_keep (auth, call, account, 90, "Added authentication application", on_succeeded, NULL);
}

static void
run_app_clear (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  GVariant *account = bl_auth_own_dup (auth, call);

  if (account == NULL || bl_auth_own_is_locked (auth, call) || !bl_variant_has (account, "otpsecret"))
    {
      g_clear_pointer (&account, g_variant_unref);
      answer_bool (call, "success", FALSE);
      return;
    }
  replace (&account, bl_doc_remove (account, "otpsecret"));
  replace (&account, bl_doc_remove (account, "otpstep"));
  bl_auth_own_keep (auth, call, account, 91, "Removed authentication application", on_succeeded, NULL);
}

/* ---- backup codes
 * ------------------------------------------------------------------------------------------------- */

static guint32
random_code (void)
{
  guint32 number;

  do /* below the largest multiple, so that every code is as likely */
    bl_random_bytes (&number, sizeof number);
  while (number >= 4230000000u);
  return 10000000u + number % 90000000u;
}

static GVariant *
new_codes (void)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  GVariantBuilder list;
  GVariantDict keys;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  while (g_hash_table_size (taken) < BACKUP_CODES)
    {
      guint32 number = random_code ();
      GVariantDict code;

      if (!g_hash_table_add (taken, GUINT_TO_POINTER (number)))
        continue;
      g_variant_dict_init (&code, NULL);
      g_variant_dict_insert (&code, "p", "x", (gint64)number);
      g_variant_dict_insert (&code, "u", "b", TRUE);
      g_variant_builder_add (&list, "v", g_variant_dict_end (&code));
    }
  g_variant_dict_init (&keys, NULL);
  g_variant_dict_insert_value (&keys, "keys", g_variant_builder_end (&list));
  return g_variant_dict_end (&keys);
}

static void
answer_codes (BlAuth *auth, BowlineActionCall *call, gpointer data)
{
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);
  g_autoptr (GVariant) keys = account != NULL ? bl_variant_get_object (account, "otpkeys") : NULL;
  g_autoptr (GVariant) codes = keys != NULL ? bl_variant_get_array (keys, "keys") : NULL;

  bl_auth_own_answer (call, "passwords", codes != NULL ? codes : bl_variant_new_null ());
}

static gboolean
has_factor (GVariant *account)
{
  g_autoptr (GVariant) keys = bl_variant_get_array (account, "otphkeys");

  return bl_variant_get_string (account, "otpsecret") != NULL
         || (keys != NULL && g_variant_n_children (keys) > 0);
}

/* Backup codes alone are no second factor: they are shown once there is one. */
static void
run_codes (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  gint64 subaction = bl_variant_get_int (bowline_action_call_get_arguments (call), "subaction", 0);
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);

  if (account == NULL || !has_factor (account))
    return;
  if (subaction == 0 || bl_auth_own_is_locked (auth, call))
    answer_codes (auth, call, NULL);
  else if (subaction == 1)
    bl_auth_own_keep (auth, call, bl_doc_set (account, "otpkeys", new_codes ()), 92,
                      "New 2FA backup codes generated", answer_codes, NULL);
  else if (bl_variant_has (account, "otpkeys"))
    bl_auth_own_keep (auth, call, bl_doc_remove (account, "otpkeys"), 93, "2FA backup codes cleared",
                      answer_codes, NULL);
  else
    answer_codes (auth, call, NULL);
}

/* ---- codes by mail
 * ------------------------------------------------------------------------------------------------ */

static void
answer_mail (BowlineActionCall *call, gboolean success)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "success", "b", success);
  g_variant_dict_insert (&answer, "enabled", "b", FALSE);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_mail_off (BlAuth *auth, BowlineActionCall *call, gpointer data)
{
  answer_mail (call, TRUE);
}

/* There is no mail server to send codes with: an imported account can only switch it off. */
static void
run_mail (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);

  if (account == NULL || bl_auth_own_is_locked (auth, call)
      || bl_variant_get_bool (bowline_action_call_get_arguments (call), "enabled", FALSE))
    answer_mail (call, FALSE);
  else if (!bl_variant_has (account, "otpekey"))
    answer_mail (call, TRUE);
  else
    bl_auth_own_keep (auth, call, bl_doc_remove (account, "otpekey"), 89,
                      "Disabled email two-factor authentication.", on_mail_off, NULL);
}

/* ---- security keys
 * ------------------------------------------------------------------------------------------------ */

static GVariant *
key_form (GVariant *key)
{
  const char *name = bl_variant_get_string (key, "name");
  GVariantDict form;

  g_variant_dict_init (&form, NULL);
  g_variant_dict_insert (&form, "i", "x", bl_variant_get_int (key, "keyIndex", 0));
  g_variant_dict_insert (&form, "name", "s", name != NULL ? name : "");
  g_variant_dict_insert (&form, "type", "x", bl_variant_get_int (key, "type", 0));
  return g_variant_dict_end (&form);
}

/* @form: (nullable): how to list a key; %NULL: as it is. @without: index of the one that is left out, or -1
 */
static GVariant *
copy_keys (GVariant *account, GVariant *(*form) (GVariant *key), gint64 without, guint *left_out)
{
  g_autoptr (GVariant) keys = bl_variant_get_array (account, "otphkeys");
  GVariantBuilder list;

  *left_out = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; keys != NULL && i < g_variant_n_children (keys); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (keys, i);
      g_autoptr (GVariant) key = g_variant_get_variant (boxed);

      if (!g_variant_is_of_type (key, G_VARIANT_TYPE_VARDICT))
        continue;
      if (without >= 0 && bl_variant_get_int (key, "keyIndex", -1) == without)
        (*left_out)++;
      else
        g_variant_builder_add (&list, "v", form != NULL ? form (key) : key);
    }
  return g_variant_builder_end (&list);
}

static void
run_keys (BowlineActionCall *call, gpointer user_data)
{
  g_autoptr (GVariant) account = bl_auth_own_dup (user_data, call);
  guint left_out;

  if (account != NULL)
    bl_auth_own_answer (call, "keys", copy_keys (account, key_form, -1, &left_out));
}

static void
on_key_removed (BlAuth *auth, BowlineActionCall *call, gpointer data)
{
  bowline_action_call_result (call, "ok");
}

static void
run_key_remove (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  gint64 index = bl_variant_get_int (bowline_action_call_get_arguments (call), "index", -1);
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);
  g_autoptr (GVariant) keys = NULL;
  guint left_out;

  if (account == NULL || bl_auth_own_is_locked (auth, call))
    return;
  keys = g_variant_ref_sink (copy_keys (account, NULL, index, &left_out));
  if (left_out == 0)
    return;
  bl_auth_own_keep (auth, call,
                    g_variant_n_children (keys) > 0 ? bl_doc_set (account, "otphkeys", keys)
                                                    : bl_doc_remove (account, "otphkeys"),
                    94, "Removed security key", on_key_removed, NULL);
}

static void
run_key_unavailable (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "Unsupported feature");
}

static void
run_key_end (BowlineActionCall *call, gpointer user_data)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "otp-hkey-setup-response"); /* what pages wait for */
  g_variant_dict_insert (&frame, "result", "b", FALSE);
  bowline_action_call_push (call, g_variant_dict_end (&frame));
}

/* ---- a browser that is remembered
 * --------------------------------------------------------------------------------- */

static void
run_cookie (BowlineActionCall *call, gpointer user_data)
{
  BlAuth *auth = user_data;
  gint64 days = bowline_host_get_int (auth->host, "two-factor-cookie-days");
  g_autoptr (GVariant) account = bl_auth_own_dup (auth, call);
  g_autofree char *cookie = NULL;

  if (account == NULL || days == 0 || !has_factor (account))
    return;
  cookie = bl_auth_cookies_issue_factor (auth->cookies, account, days);
  if (cookie != NULL)
    bl_auth_own_answer (call, "cookie", g_variant_new_string (cookie));
}

#define NAME                                                                                                 \
  {                                                                                                          \
    .name = "name", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_NULLABLE, .max = 128          \
  }

gboolean
bl_auth_factors_register (BlAuth *auth, GError **error)
{
  static const BowlineArgument setup[] = {
    { .name = "secret",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_SECRET,
      .max = MAX_SECRET },
    { .name = "token",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_SECRET,
      .max = 16 },
  };
  static const BowlineArgument codes[] = {
    { .name = "subaction", .type = BOWLINE_ARGUMENT_INTEGER, .flags = BOWLINE_ARGUMENT_NULLABLE, .max = 2 },
  };
  static const BowlineArgument enabled[]
      = { { .name = "enabled", .type = BOWLINE_ARGUMENT_BOOLEAN, .flags = BOWLINE_ARGUMENT_REQUIRED } };
  static const BowlineArgument key_index[] = { { .name = "index",
                                                 .type = BOWLINE_ARGUMENT_INTEGER,
                                                 .flags = BOWLINE_ARGUMENT_REQUIRED,
                                                 .max = G_MAXINT32 } };
  static const BowlineArgument name[] = { NAME };
#define OWN (BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_NO_TOKEN | BOWLINE_ACTION_SILENT)
  static const BowlineAction actions[] = {
    { BL_AUTH_ROW ("otpauth-request", 0, "Makes a secret for an authenticator app", run_app_request) },
    { BL_AUTH_ROW ("otpauth-setup", OWN, "Adds an authenticator app", run_app_setup),
      BL_AUTH_ARGUMENTS (setup) },
    { BL_AUTH_ROW ("otpauth-clear", OWN, "Removes the authenticator app", run_app_clear) },
    { BL_AUTH_ROW ("otpauth-getpasswords", OWN, "Shows, makes or clears backup codes", run_codes),
      BL_AUTH_ARGUMENTS (codes) },
    { BL_AUTH_ROW ("otpemail", OWN, "Switches codes by mail off", run_mail), BL_AUTH_ARGUMENTS (enabled) },
    { BL_AUTH_ROW ("otp-hkey-get", BOWLINE_ACTION_NO_TOKEN | BOWLINE_ACTION_SILENT, "Lists security keys",
                   run_keys) },
    { BL_AUTH_ROW ("otp-hkey-remove", OWN, "Removes a security key", run_key_remove),
      BL_AUTH_ARGUMENTS (key_index) },
    { BL_AUTH_ROW ("webauthn-startregister", BOWLINE_ACTION_NO_TOKEN,
                   "Would add a security key; this server takes none yet", run_key_unavailable),
      BL_AUTH_ARGUMENTS (name) },
    { BL_AUTH_ROW ("webauthn-endregister", BOWLINE_ACTION_NO_TOKEN | BOWLINE_ACTION_SILENT,
                   "Would add a security key; this server takes none yet", run_key_end),
      BL_AUTH_ARGUMENTS (name) },
    { BL_AUTH_ROW ("twoFactorCookie", OWN, "Makes a cookie that stands for the second factor on this browser",
                   run_cookie) },
  };

  return bowline_host_register_actions (auth->host, actions, G_N_ELEMENTS (actions), auth, error);
}
