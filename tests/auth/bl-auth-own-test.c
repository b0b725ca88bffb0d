// SPDX-License-Identifier: Apache-2.0
/* Login tokens and second factors as people set them up, and then log in with them. */
#include "bl-action-call.h"
#include "bl-auth-totp.h"
#include "bl-principal.h"
#include "bowline-testing.h"
#include "common/bl-account.h"
#include "common/bl-variant.h"
#include "tests/lib/bl-test-hostile.h"

#include <string.h>

#define PASSWORD "Correct horse 1"
#define ADMIN "user//admin"

static BlTestHost *test;
static BowlineHost *host;
static BowlineAuth auth;
static gpointer auth_self;

static void
start (void)
{
  static const char *const settings[][2] = {
    { "session-idle", "3600" },         { "session-lifetime", "86400" },
    { "hash-memory", "8388608" },       { "hash-passes", "1" },
    { "account-failures", "50" },       { "account-window", "300" },
    { "account-max-wait", "60" },       { "address-failures", "80" },
    { "address-window", "600" },        { "address-max-wait", "600" },
    { "cookie-ip-check", "lax" },       { "login-cookie-key", "" },
    { "two-factor-cookie-days", "30" },
  };
  g_autoptr (GError) error = NULL;

  bl_action_install ();
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    bl_test_host_set (test, settings[i][0], settings[i][1]);
  g_assert_true (bl_test_host_activate (test, bowline_plugin_query_1, &error));
  g_assert_no_error (error);
  auth.struct_size = sizeof auth;
  host = bl_test_host_get (test);
  g_assert_true (bowline_host_get_auth (host, &auth, &auth_self));
}

static BowlinePrincipal *
principal (guint32 kind, const char *user)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = kind,
                                .user_id = user,
                                .rights_ceiling = G_MAXUINT32,
                                .site_ceiling = G_MAXUINT32 };

  return bowline_principal_new (host, &info);
}

static void
collect (GVariant *frame, gpointer frames)
{
  g_ptr_array_add (frames, g_variant_ref (frame));
}

static gboolean
has_frame (gpointer data)
{
  return ((GPtrArray *)data)->len > 0;
}

/* Returns: (transfer full) (nullable): the first answer; @silent: there must be none */
static GVariant *
run_as (guint32 kind, const char *user, const char *action, const char *arguments, gboolean silent)
{
  g_autoptr (BowlinePrincipal) who = principal (kind, user);
  g_autoptr (GVariant) parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, arguments, NULL, NULL, NULL);
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  GVariantDict request;

  g_assert_nonnull (parsed);
  g_variant_dict_init (&request, parsed);
  g_variant_dict_insert (&request, "action", "s", action);
  g_variant_dict_insert (&request, "responseid", "s", "r");
  g_assert_true (bowline_action_dispatch (host, who, NULL, g_variant_dict_end (&request), NULL, collect,
                                          g_ptr_array_ref (frames), (GDestroyNotify)g_ptr_array_unref));
  if (silent)
    {
      bl_test_host_settle ();
      g_assert_cmpuint (frames->len, ==, 0);
      return NULL;
    }
  g_assert_true (bl_test_host_wait (has_frame, frames, 20));
  return g_variant_ref (frames->pdata[0]);
}

static GVariant *
run (const char *action, const char *arguments)
{
  return run_as (BOWLINE_PRINCIPAL_USER, ADMIN, action, arguments, FALSE);
}

static void
begin (void)
{
  g_autoptr (GVariant) answer = NULL;

  test = bl_test_host_new ("auth");
  bl_principal_install (bl_test_host_get (test));
  start ();
  answer = run_as (BOWLINE_PRINCIPAL_LOCAL, "user//~local", "user.create",
                   "{'name': <'Admin'>, 'password': <'" PASSWORD "'>, 'siteadmin': <true>}", FALSE);
  g_assert_cmpstr (bl_variant_get_string (answer, "userid"), ==, ADMIN);
}

static void
stop (void)
{
  bl_test_host_deactivate (test, bowline_plugin_query_1);
  bl_test_host_settle ();
  bl_action_uninstall ();
}

static void
end (void)
{
  stop ();
  bl_principal_uninstall ();
  g_clear_pointer (&test, bl_test_host_free);
}

typedef struct
{
  gboolean done;
  int code; /* -1: accepted */
  guint32 kind;
  char *user;
} Outcome;

static void
on_checked (BowlinePrincipal *who, const GError *error, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->done = TRUE;
  outcome->code = error != NULL ? error->code : -1;
  if (who == NULL)
    return;
  outcome->kind = bowline_principal_get_kind (who);
  outcome->user = g_strdup (bowline_principal_get_user_id (who));
}

static gboolean
is_done (gpointer outcome)
{
  return ((Outcome *)outcome)->done;
}

static int
check (const char *user, const char *password, const char *token, guint32 kind)
{
  Outcome outcome = { 0 };

  auth.check_password (auth_self, user, password, token, "192.0.2.1", on_checked, &outcome);
  g_assert_true (bl_test_host_wait (is_done, &outcome, 20));
  if (outcome.code == -1)
    {
      g_assert_cmpuint (outcome.kind, ==, kind);
      g_assert_cmpstr (outcome.user, ==, ADMIN);
    }
  g_free (outcome.user);
  return outcome.code;
}

static int
log_in (const char *token)
{
  return check ("admin", PASSWORD, token, BOWLINE_PRINCIPAL_USER);
}

/* ---- login tokens
 * ------------------------------------------------------------------------------------------------- */

static GVariant *
list_tokens (const char *arguments, gsize expected)
{
  g_autoptr (GVariant) answer = run ("loginTokens", arguments);
  GVariant *tokens = bl_variant_get_array (answer, "loginTokens");

  g_assert_cmpuint (g_variant_n_children (tokens), ==, expected);
  return tokens;
}

static void
on_revoked (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id;

  g_variant_get_child (payload, 0, "&s", &id);
  g_ptr_array_add (user_data, g_strdup (id));
}

static void
test_tokens (void)
{
  g_autoptr (GVariant) made = NULL, none = NULL, one = NULL, left = NULL, kept = NULL;
  g_autoptr (GPtrArray) revoked = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *remove = NULL;
  const char *user, *password;
  guint64 subscription;

  begin ();
  none = list_tokens ("{}", 0);
  made = run ("createLoginToken", "{'name': <'ci'>, 'expire': <int64 60>}");
  g_assert_false (bl_variant_has (made, "result"));
  user = bl_variant_get_string (made, "tokenUser");
  password = bl_variant_get_string (made, "tokenPass");
  g_assert_true (g_str_has_prefix (user, "~t:"));
  g_assert_cmpuint (strlen (user), ==, 19);
  g_assert_cmpuint (strlen (password), ==, 20);
  g_assert_cmpint (bl_variant_get_int (made, "expire", 0) - bl_variant_get_int (made, "created", 0), ==,
                   3600000);
  g_assert_cmpint (check (user, password, NULL, BOWLINE_PRINCIPAL_TOKEN), ==, -1);
  g_assert_cmpint (check (user, "wrong", NULL, BOWLINE_PRINCIPAL_TOKEN), ==, BOWLINE_ERROR_CREDENTIALS);
  one = list_tokens ("{}", 1);
  kept = list_tokens ("{'remove': <['ci', 'no such thing']>}", 1); /* only the "~t:" name removes */
  subscription = bowline_topic_subscribe (host, "principal.revoked", on_revoked, revoked);
  remove = g_strdup_printf ("{'remove': <['%s']>}", user);
  left = list_tokens (remove, 0);
  bowline_topic_unsubscribe (host, subscription);
  g_assert_cmpuint (revoked->len, ==, 1);
  g_assert_cmpstr (revoked->pdata[0], ==, user);
  g_assert_cmpint (check (user, password, NULL, BOWLINE_PRINCIPAL_TOKEN), ==, BOWLINE_ERROR_CREDENTIALS);
  end ();
}

static void
test_token_refusals (void)
{
  static const char *const bad[][2] = {
    { "{'name': <''>, 'expire': <int64 0>}", "Invalid name" },
    { "{'expire': <int64 0>}", "Invalid name" },
    { "{'name': <'x'>, 'expire': <int64 -1>}", "Invalid expire value" },
    { "{'name': <'x'>, 'expire': <'60'>}", "Invalid expire value" },
  };
  g_autoptr (GVariant) refused = NULL;

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GVariant) answer = run ("createLoginToken", bad[i][0]);

      g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, bad[i][1]);
    }
  /* A token makes no further ones and sees none. */
  refused = run_as (BOWLINE_PRINCIPAL_TOKEN, ADMIN, "createLoginToken",
                    "{'name': <'x'>, 'expire': <int64 0>}", FALSE);
  g_assert_cmpstr (bl_variant_get_string (refused, "result"), ==, "Access denied");
  run_as (BOWLINE_PRINCIPAL_TOKEN, ADMIN, "loginTokens", "{}", TRUE);
  g_assert_cmpuint (bowline_directory_count (host, "logintoken"), ==, 0);
  end ();
}

/* ---- second factors
 * ----------------------------------------------------------------------------------------------- */

static char *
code_now (const char *secret, gint64 offset)
{
  return g_strdup_printf ("%06d",
                          bl_auth_totp_code (secret, g_get_real_time () / G_USEC_PER_SEC / 30 + offset));
}

/* Returns: (transfer full): the secret of the app that is now needed */
static char *
set_up (void)
{
  g_autoptr (GVariant) offered = run ("otpauth-request", "{}");
  g_autoptr (GVariant) wrong = NULL, right = NULL;
  char *secret = g_strdup (bl_variant_get_string (offered, "secret"));
  g_autofree char *code = code_now (secret, -1);
  g_autofree char *bad = g_strdup_printf ("{'secret': <'%s'>, 'token': <'abcdef'>}", secret);
  g_autofree char *good = g_strdup_printf ("{'secret': <'%s'>, 'token': <'%s'>}", secret, code);

  g_assert_cmpuint (strlen (secret), ==, 32);
  g_assert_true (g_str_has_prefix (bl_variant_get_string (offered, "url"), "otpauth://totp/"));
  wrong = run ("otpauth-setup", bad);
  g_assert_false (bl_variant_get_bool (wrong, "success", TRUE));
  right = run ("otpauth-setup", good);
  g_assert_true (bl_variant_get_bool (right, "success", FALSE));
  return secret;
}

static void
test_app (void)
{
  g_autoptr (GVariant) cleared = NULL, again = NULL, account = NULL, form = NULL;
  g_autofree char *secret = NULL, *used = NULL, *code = NULL;

  begin ();
  g_assert_cmpint (log_in (NULL), ==, -1);
  secret = set_up ();
  used = code_now (secret, -1);
  code = code_now (secret, 1);
  g_assert_cmpint (log_in (NULL), ==, BOWLINE_ERROR_SECOND_FACTOR);
  g_assert_cmpint (log_in (used), ==, BOWLINE_ERROR_SECOND_FACTOR); /* the code of the set-up */
  g_assert_cmpint (log_in (code), ==, -1);
  g_assert_cmpint (log_in (code), ==, BOWLINE_ERROR_SECOND_FACTOR); /* no code twice */
  stop ();
  start (); /* not after a restart either */
  g_assert_cmpint (log_in (code), ==, BOWLINE_ERROR_SECOND_FACTOR);
  account = bowline_directory_dup (host, ADMIN);
  form = bl_account_public (account);
  g_assert_cmpint (bl_variant_get_int (form, "otpsecret", 0), ==, 1);
  g_assert_false (bl_variant_has (form, "otpstep"));
  cleared = run ("otpauth-clear", "{}");
  g_assert_true (bl_variant_get_bool (cleared, "success", FALSE));
  again = run ("otpauth-clear", "{}");
  g_assert_false (bl_variant_get_bool (again, "success", TRUE));
  g_assert_cmpint (log_in (NULL), ==, -1);
  end ();
}

static char *
code_at (GVariant *answer, gsize index)
{
  g_autoptr (GVariant) codes = bl_variant_get_array (answer, "passwords");
  g_autoptr (GVariant) boxed = g_variant_get_child_value (codes, index);
  g_autoptr (GVariant) code = g_variant_get_variant (boxed);

  g_assert_cmpuint (g_variant_n_children (codes), ==, 10);
  return g_strdup_printf ("%" G_GINT64_FORMAT, bl_variant_get_int (code, "p", 0));
}

static void
test_backup_codes (void)
{
  g_autoptr (GVariant) made = NULL, shown = NULL, cleared = NULL, none = NULL;
  g_autofree char *secret = NULL, *first = NULL, *second = NULL, *same = NULL;

  begin ();
  run_as (BOWLINE_PRINCIPAL_USER, ADMIN, "otpauth-getpasswords", "{'subaction': <int64 1>}", TRUE);
  secret = set_up ();
  made = run ("otpauth-getpasswords", "{'subaction': <int64 1>}");
  first = code_at (made, 0);
  second = code_at (made, 9);
  g_assert_cmpuint (strlen (first), ==, 8);
  g_assert_cmpint (log_in (first), ==, -1);
  g_assert_cmpint (log_in (first), ==, BOWLINE_ERROR_SECOND_FACTOR);
  stop ();
  start ();
  g_assert_cmpint (log_in (first), ==, BOWLINE_ERROR_SECOND_FACTOR);
  shown = run ("otpauth-getpasswords", "{}");
  same = code_at (shown, 9);
  g_assert_cmpstr (same, ==, second);
  cleared = run ("otpauth-getpasswords", "{'subaction': <int64 2>}");
  none = bl_variant_get_child (cleared, "passwords");
  g_assert_true (bl_variant_is_null (none));
  g_assert_cmpint (log_in (second), ==, BOWLINE_ERROR_SECOND_FACTOR);
  end ();
}

static void
test_remembered (void)
{
  g_autoptr (GVariant) answer = NULL, kept = NULL;
  g_autofree char *secret = NULL, *token = NULL, *broken = NULL;
  g_autofree char *login_cookie = NULL, *as_token = NULL;
  const char *cookie;
  GVariantDict object;

  begin ();
  run_as (BOWLINE_PRINCIPAL_USER, ADMIN, "twoFactorCookie", "{}", TRUE); /* nothing to stand for */
  secret = set_up ();
  answer = run ("twoFactorCookie", "{}");
  cookie = bl_variant_get_string (answer, "cookie");
  token = g_strconcat ("cookie=", cookie, NULL);
  g_assert_cmpint (log_in (token), ==, -1);
  g_assert_cmpint (log_in (token), ==, -1);
  broken = g_strdup (token);
  broken[20] = broken[20] == 'A' ? 'B' : 'A';
  g_assert_cmpint (log_in (broken), ==, BOWLINE_ERROR_SECOND_FACTOR);
  /* It logs nobody in by itself, and a login cookie is no second factor (K11). */
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, cookie, "192.0.2.1", NULL));
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "userid", "s", ADMIN);
  g_variant_dict_insert (&object, "domainid", "s", "");
  g_variant_dict_insert (&object, "expire", "x", (gint64)100);
  login_cookie = auth.cookie_issue (auth_self, BOWLINE_COOKIE_LOGIN, g_variant_dict_end (&object));
  as_token = g_strconcat ("cookie=", login_cookie, NULL);
  g_assert_cmpint (log_in (as_token), ==, BOWLINE_ERROR_SECOND_FACTOR);
  kept = run ("otpauth-clear", "{}");
  g_clear_pointer (&secret, g_free);
  secret = set_up (); /* another app: the browser is asked again */
  g_assert_cmpint (log_in (token), ==, BOWLINE_ERROR_SECOND_FACTOR);
  end ();
}

static void
test_factor_refusals (void)
{
  static const char *const silent[]
      = { "otpauth-setup", "otpauth-clear", "otpauth-getpasswords", "otp-hkey-get", "twoFactorCookie" };
  g_autoptr (GVariant) answer = NULL, mail = NULL, key = NULL;

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    run_as (BOWLINE_PRINCIPAL_TOKEN, ADMIN, silent[i],
            "{'secret': <'AAAAAAAAAAAAAAAA'>, 'token': <'000000'>}", TRUE);
  answer = run_as (BOWLINE_PRINCIPAL_TOKEN, ADMIN, "otpauth-request", "{}", FALSE);
  g_assert_cmpint (bl_variant_get_int (answer, "err", 0), ==, 3);
  mail = run ("otpemail", "{'enabled': <true>}");
  g_assert_false (bl_variant_get_bool (mail, "success", TRUE));
  key = run ("webauthn-startregister", "{'name': <'k'>}");
  g_assert_cmpstr (bl_variant_get_string (key, "result"), ==, "Unsupported feature");
  end ();
}

static void
put (const char *text)
{
  GVariant *document = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  GVariant *puts = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &document, 1);

  bowline_directory_commit_async (host, puts, NULL, 0, NULL, NULL, NULL);
  g_variant_unref (document);
  bl_test_host_settle ();
}

static void
test_keys (void)
{
  g_autoptr (GVariant) answer = NULL, keys = NULL, removed = NULL, account = NULL, left = NULL;

  begin ();
  put ("{'_id': <'user//kim'>, 'type': <'user'>, 'name': <'kim'>, 'domain': <''>, 'otphkeys': <["
       "<{'type': <int64 3>, 'name': <'blue'>, 'keyIndex': <int64 7>, 'publicKey': <'secret'>}>,"
       "<{'type': <int64 3>, 'name': <'red'>, 'keyIndex': <int64 8>}>]>}");
  answer = run_as (BOWLINE_PRINCIPAL_USER, "user//kim", "otp-hkey-get", "{}", FALSE);
  keys = bl_variant_get_array (answer, "keys");
  g_assert_cmpuint (g_variant_n_children (keys), ==, 2);
  {
    g_autofree char *text = g_variant_print (keys, FALSE);

    g_assert_null (strstr (text, "secret"));
    g_assert_nonnull (strstr (text, "blue"));
  }
  removed = run_as (BOWLINE_PRINCIPAL_USER, "user//kim", "otp-hkey-remove", "{'index': <int64 7>}", FALSE);
  account = bowline_directory_dup (host, "user//kim");
  left = bl_variant_get_array (account, "otphkeys");
  g_assert_cmpuint (g_variant_n_children (left), ==, 1);
  end ();
}

/* ---- hostile arguments, made from the table itself
 * ------------------------------------------------------------------ */

static void
ignore (GVariant *frame, gpointer user_data)
{
}

static void
ask_hostile (guint32 kind, const BowlineAction *action, guint argument, guint value)
{
  g_autoptr (BowlinePrincipal) who
      = principal (kind, kind == BOWLINE_PRINCIPAL_LOCAL ? "user//~local" : ADMIN);
  GVariantDict request;
  gboolean found;

  g_variant_dict_init (&request, NULL);
  g_variant_dict_insert (&request, "action", "s", action->name);
  g_variant_dict_insert (&request, "responseid", "s", "r");
  for (guint i = 0; i < action->n_arguments; i++)
    {
      if (i == argument)
        g_variant_dict_insert_value (&request, action->arguments[i].name, bl_test_hostile (value));
      else
        g_variant_dict_insert (&request, action->arguments[i].name, "s", "x");
    }
  found = bowline_action_dispatch (host, who, NULL, g_variant_dict_end (&request), NULL, ignore, NULL, NULL);
  g_assert_true (found == (kind == BOWLINE_PRINCIPAL_LOCAL || (action->flags & BOWLINE_ACTION_LOCAL) == 0));
}

static void
test_hostile_arguments (void)
{
  static const guint32 kinds[] = { BOWLINE_PRINCIPAL_USER, BOWLINE_PRINCIPAL_TOKEN, BOWLINE_PRINCIPAL_LOCAL };
  g_autoptr (GPtrArray) rows = NULL;

  begin ();
  rows = bl_action_table_list (bl_action_get_table ());
  g_assert_cmpuint (rows->len, >, 10);
  for (guint r = 0; r < rows->len; r++)
    {
      const BowlineAction *action = &((BlActionRow *)rows->pdata[r])->action;

      for (guint i = 0; i <= action->n_arguments; i++)
        {
          for (guint value = 0; value < BL_TEST_HOSTILE_KINDS; value++)
            {
              for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
                ask_hostile (kinds[k], action, i, value);
            }
        }
      bl_test_host_settle ();
    }
  g_assert_true (bowline_directory_contains (host, ADMIN));
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/auth/own/tokens", test_tokens);
  g_test_add_func ("/auth/own/token-refusals", test_token_refusals);
  g_test_add_func ("/auth/own/app", test_app);
  g_test_add_func ("/auth/own/backup-codes", test_backup_codes);
  g_test_add_func ("/auth/own/remembered", test_remembered);
  g_test_add_func ("/auth/own/factor-refusals", test_factor_refusals);
  g_test_add_func ("/auth/own/keys", test_keys);
  g_test_add_func ("/auth/own/hostile-arguments", test_hostile_arguments);
  return g_test_run ();
}
