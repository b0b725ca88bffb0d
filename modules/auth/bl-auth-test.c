// SPDX-License-Identifier: Apache-2.0
/* The module as a whole on the test host: logins, sessions, cookies, limits, second factors, local actions.
 */
#include "bl-auth-cookie.h"
#include "bl-auth-totp.h"
#include "bowline-testing.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

/* MeshCentral's hash of "MeshPass1" with this salt: PBKDF2-HMAC-SHA384, 12000 rounds, 128 bytes. */
#define MESH_SALT "c2FsdCBmb3IgdGhlIHRlc3Qgb2YgQm93bGluZQ=="
#define MESH_HASH                                                                                            \
  "6miCr3WcCo342BC2JKKrzHjWaY2XTKuEttIThXel6WFAeC8zi7kwLTMYEeigVS0nWFvHJfRKz2PKYYywBjIM0i"                   \
  "CGUMdLxBq2+g7HFvEYfieJ3X9MtjxZDYBXly71sEwgLiYuM2D99YpY4+pGBLiTwBlCFiIUNiuzjcf2odKq6nk="
#define TOTP_SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define PASSWORD "Correct horse 1"

static BlTestHost *test;
static BowlineAuth auth;
static gpointer auth_self;

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
start (void)
{
  static const char *const settings[][2] = {
    { "session-idle", "3600" },         { "session-lifetime", "86400" },
    { "hash-memory", "8388608" },       { "hash-passes", "1" },
    { "account-failures", "5" },        { "account-window", "300" },
    { "account-max-wait", "60" },       { "address-failures", "8" },
    { "address-window", "600" },        { "address-max-wait", "600" },
    { "cookie-ip-check", "lax" },       { "login-cookie-key", "" },
    { "two-factor-cookie-days", "30" },
  };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    bl_test_host_set (test, settings[i][0], settings[i][1]);
  g_assert_true (bl_test_host_activate (test, bowline_plugin_query_1, &error));
  g_assert_no_error (error);
  auth.struct_size = sizeof auth;
  g_assert_true (bowline_host_get_auth (bl_test_host_get (test), &auth, &auth_self));
}

static void
stop (void)
{
  bl_test_host_deactivate (test, bowline_plugin_query_1);
}

static gboolean
has_frame (gpointer data)
{
  return ((GPtrArray *)data)->len > 0;
}

/* Runs a local action. Returns: (transfer full): the answer */
static GVariant *
run_as (BowlinePrincipal *who, const char *action, const char *arguments)
{
  GVariantDict request;
  g_autoptr (GVariant) parsed = parse (arguments);
  g_autoptr (GPtrArray) frames = NULL;

  g_variant_dict_init (&request, parsed);
  g_variant_dict_insert (&request, "action", "s", action);
  g_variant_dict_insert (&request, "responseid", "s", "r");
  frames = bl_test_host_run_action (test, who, NULL, g_variant_dict_end (&request));
  g_assert_true (bl_test_host_wait (has_frame, frames, 20));
  return g_variant_ref (frames->pdata[0]);
}

static GVariant *
run_local (const char *action, const char *arguments)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = BOWLINE_PRINCIPAL_LOCAL,
                                .user_id = "user//~local",
                                .rights_ceiling = G_MAXUINT32,
                                .site_ceiling = G_MAXUINT32 };
  g_autoptr (BowlinePrincipal) local = bowline_principal_new (bl_test_host_get (test), &info);

  return run_as (local, action, arguments);
}

static void
begin (void)
{
  g_autoptr (GVariant) answer = NULL;

  test = bl_test_host_new ("auth");
  start ();
  answer
      = run_local ("user.create", "{'name': <'Admin'>, 'password': <'" PASSWORD "'>, 'siteadmin': <true>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, "ok");
  g_assert_cmpstr (bl_variant_get_string (answer, "userid"), ==, "user//admin");
}

static void
end (void)
{
  stop ();
  g_clear_pointer (&test, bl_test_host_free);
}

/* ---- asking
 * ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gboolean done;
  int code; /* -1: accepted */
  BowlinePrincipal *principal;
} Outcome;

static void
on_checked (BowlinePrincipal *principal, const GError *error, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_false (outcome->done);
  outcome->done = TRUE;
  outcome->code = error != NULL ? error->code : -1;
  outcome->principal = principal != NULL ? bowline_principal_ref (principal) : NULL;
}

static gboolean
is_done (gpointer outcome)
{
  return ((Outcome *)outcome)->done;
}

static int
check_from (const char *address, const char *user, const char *password, const char *token)
{
  Outcome outcome = { 0 };

  auth.check_password (auth_self, user, password, token, address, on_checked, &outcome);
  g_assert_true (bl_test_host_wait (is_done, &outcome, 20));
  g_clear_pointer (&outcome.principal, bowline_principal_unref);
  return outcome.code;
}

static BowlineHttpRequest *
post (const char *path, const char *json, const char *cookie)
{
  const char *headers[]
      = { "Content-Type", "application/json; charset=utf-8", "User-Agent", "Tester/1", NULL };
  const char *cookies[] = { "__Host-bowline", cookie, NULL };
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));
  const BlTestRequest request = { .method = "POST",
                                  .path = path,
                                  .headers = headers,
                                  .cookies = cookie != NULL ? cookies : NULL,
                                  .body = body };

  return bl_test_host_request (test, &request);
}

static gboolean
is_answered (gpointer request)
{
  return bl_test_request_get_status (request) != 0;
}

static GVariant *
answer_of (BowlineHttpRequest *request, guint status)
{
  g_autoptr (GBytes) body = NULL;
  gsize size;
  const char *text;
  GVariant *answer;

  g_assert_true (bl_test_host_wait (is_answered, request, 20));
  g_assert_cmpuint (bl_test_request_get_status (request), ==, status);
  body = bl_test_request_dup_answer (request);
  text = g_bytes_get_data (body, &size);
  answer = bl_json_parse_object (text, size, NULL, BL_JSON_DEFAULT, NULL);
  g_assert_nonnull (answer);
  return answer;
}

/* Logs in as admin. Returns: (transfer full): the cookie's value */
static char *
login (void)
{
  g_autoptr (BowlineHttpRequest) request
      = post ("/api/login", "{\"username\":\"ADMIN\",\"password\":\"" PASSWORD "\"}", NULL);
  g_autoptr (GVariant) answer = answer_of (request, 200);
  const char *cookie = bl_test_request_get_answer_header (request, "Set-Cookie");

  g_assert_true (bl_variant_get_bool (answer, "ok", FALSE));
  g_assert_true (g_str_has_prefix (cookie, "__Host-bowline="));
  return g_strndup (cookie + strlen ("__Host-bowline="), 43);
}

static const char *
user_of (BowlinePrincipal *principal)
{
  return principal != NULL ? bowline_principal_get_user_id (principal) : NULL;
}

/* ---- tests
 * -------------------------------------------------------------------------------------------------------- */

static void
test_login (void)
{
  g_autofree char *value = NULL;
  g_autoptr (BowlineHttpRequest) request = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) user = NULL;
  const char *cookie;

  begin ();
  request
      = post ("/api/login", "{\"username\":\"Admin\",\"password\":\"" PASSWORD "\",\"token\":null}", NULL);
  answer = answer_of (request, 200);
  cookie = bl_test_request_get_answer_header (request, "Set-Cookie");
  g_assert_nonnull (strstr (cookie, "; Secure; HttpOnly; SameSite=Strict; Path=/"));
  g_assert_null (strstr (cookie, "Domain"));
  user = bl_variant_get_object (answer, "user");
  g_assert_cmpstr (bl_variant_get_string (user, "_id"), ==, "user//admin");
  g_assert_cmpstr (bl_variant_get_string (user, "name"), ==, "Admin");
  g_assert_false (bl_variant_has (user, "hash"));
  g_assert_cmpint (bl_variant_get_int (user, "siteadmin", 0), ==, 4294967295);
  end ();
}

/* @extra: members behind the first, each with a comma before it. Returns: (transfer full): the answer */
static GVariant *
say (guint status, const char *first, const char *extra)
{
  g_autofree char *body = g_strdup_printf ("{%s%s}", first, extra);
  g_autoptr (BowlineHttpRequest) request = post ("/api/login", body, NULL);
  const gboolean cookie = bl_test_request_get_answer_header (request, "Set-Cookie") != NULL;

  g_assert_true (cookie == (status == 200));
  return answer_of (request, status);
}

static void
test_demanded_change (void)
{
  static const char *const names = "\"username\":\"admin\",\"password\":\"" PASSWORD "\"";
  g_autoptr (GVariant) demanded = NULL, same = NULL, forged = NULL, done = NULL, again = NULL, old = NULL, fresh = NULL;
  g_autofree char *ticket = NULL;

  begin ();
  bowline_directory_patch (bl_test_host_get (test), "user//admin", g_variant_new_parsed ("{'passchange': <int64 -1>}"));
  demanded = say (401, names, "");
  g_assert_cmpstr (bl_variant_get_string (demanded, "error"), ==, "password-change-required");
  ticket = g_strdup_printf ("\"ticket\":\"%s\"", bl_variant_get_string (demanded, "ticket"));
  same = say (400, ticket, ",\"password\":\"" PASSWORD "\",\"newPassword\":\"" PASSWORD "\"");
  g_assert_cmpstr (bl_variant_get_string (same, "error"), ==, "same-password");
  forged = say (401, "\"ticket\":\"AAAA\"", ",\"newPassword\":\"another 1\"");
  g_assert_cmpstr (bl_variant_get_string (forged, "error"), ==, "expired");
  done = say (200, ticket, ",\"newPassword\":\"another 1\"");
  g_assert_true (bl_variant_get_bool (done, "ok", FALSE));
  again = say (401, ticket, ",\"newPassword\":\"a third 1\"");
  g_assert_cmpstr (bl_variant_get_string (again, "error"), ==, "expired");
  old = say (401, names, "");
  g_assert_cmpstr (bl_variant_get_string (old, "error"), ==, "invalid");
  fresh = say (200, "\"username\":\"admin\"", ",\"password\":\"another 1\"");
  end ();
}

static void
test_bad_bodies (void)
{
  static const char *const bodies[] = { "",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"username\":1,\"password\":2}",
                                        "{\"username\":\"a\"}",
                                        "{\"username\":{\"a\":{\"b\":1}},\"password\":\"x\"}" };

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (BowlineHttpRequest) request = post ("/api/login", bodies[i], NULL);
      g_autoptr (GVariant) answer = answer_of (request, 400);

      g_assert_null (bl_test_request_get_answer_header (request, "Set-Cookie"));
    }
  end ();
}

static void
test_refusals (void)
{
  g_autoptr (BowlineHttpRequest) wrong = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autofree char *huge = NULL;

  begin ();
  wrong = post ("/api/login", "{\"username\":\"admin\",\"password\":\"nope\"}", NULL);
  answer = answer_of (wrong, 401);
  g_assert_cmpstr (bl_variant_get_string (answer, "error"), ==, "invalid");
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, NULL), ==, -1);
  g_assert_cmpint (check_from ("192.0.2.1", "ghost", PASSWORD, NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.2", "a/b", PASSWORD, NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.3", "", "", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.4", "~t:none", "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.5", "ad\xffmin", "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  huge = g_strnfill (2000, 'x');
  g_assert_cmpint (check_from ("192.0.2.6", "admin", huge, NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.7", huge, "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  end ();
}

static gboolean
log_holds (const char *part)
{
  GPtrArray *log = bl_test_host_get_log (test);

  for (guint i = 0; i < log->len; i++)
    {
      if (strstr (log->pdata[i], part) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
test_failure_line (void)
{
  begin ();
  check_from ("192.0.2.9", "ad\nmin=x ip=1.2.3.4", "wrong", NULL);
  g_assert_true (log_holds ("auth failure user=ad?min?x?ip?1.2.3.4 ip=192.0.2.9 method=control"));
  g_assert_false (log_holds ("wrong"));
  end ();
}

static void
test_session (void)
{
  g_autofree char *value = NULL;
  g_autoptr (BowlinePrincipal) who = NULL;
  g_autoptr (BowlinePrincipal) later = NULL;
  g_autoptr (BowlineHttpRequest) out = NULL;
  g_autoptr (GVariant) answer = NULL;

  begin ();
  value = login ();
  who = auth.session_lookup (auth_self, value, "127.0.0.1");
  g_assert_cmpstr (user_of (who), ==, "user//admin");
  g_assert_null (auth.session_lookup (auth_self, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "127.0.0.1"));
  g_assert_null (auth.session_lookup (auth_self, "", "127.0.0.1"));
  stop ();
  start (); /* a restart keeps sessions */
  later = auth.session_lookup (auth_self, value, "127.0.0.1");
  g_assert_cmpstr (user_of (later), ==, "user//admin");
  out = post ("/api/logout", "{\"everywhere\":false}", value);
  answer = answer_of (out, 200);
  g_assert_nonnull (strstr (bl_test_request_get_answer_header (out, "Set-Cookie"), "Max-Age=0"));
  g_assert_null (auth.session_lookup (auth_self, value, "127.0.0.1"));
  end ();
}

static void
test_everywhere (void)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  begin ();
  first = login ();
  second = login ();
  auth.session_close (auth_self, first, TRUE);
  g_assert_null (auth.session_lookup (auth_self, first, "127.0.0.1"));
  g_assert_null (auth.session_lookup (auth_self, second, "127.0.0.1"));
  end ();
}

static gboolean
stores_text (const char *text)
{
  GPtrArray *published = bl_test_host_get_published (test);

  for (guint i = 0; i < published->len; i++)
    {
      g_autofree char *shown = g_variant_print (published->pdata[i], FALSE);

      if (strstr (shown, text) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
test_locked_account (void)
{
  g_autofree char *value = NULL;
  g_autoptr (GVariant) account = NULL;
  g_autoptr (BowlinePrincipal) gone = NULL;

  begin ();
  value = login ();
  g_assert_false (stores_text (value));
  account = bowline_directory_dup (bl_test_host_get (test), "user//admin");
  bl_test_host_put_document (
      test, g_variant_new_parsed ("{'_id': <'user//admin'>, 'type': <'user'>, 'siteadmin': <@x 32>,"
                                  " 'hash': <%s>}",
                                  bl_variant_get_string (account, "hash")));
  bl_test_host_settle ();
  gone = auth.session_lookup (auth_self, value, "127.0.0.1");
  g_assert_null (gone);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, NULL), ==, BOWLINE_ERROR_DENIED);
  g_assert_cmpint (check_from ("192.0.2.2", "admin", "wrong", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  end ();
}

static void
put_account (const char *more)
{
  g_autoptr (GVariant) old = bowline_directory_dup (bl_test_host_get (test), "user//admin");
  g_autoptr (GVariant) patch = parse (more);
  g_autoptr (GVariant) merged = bl_doc_merge (old, patch);

  bl_test_host_put_document (test, merged);
}

static void
test_second_factor (void)
{
  g_autofree char *code = NULL;
  g_autofree char *other = NULL;
  gint number;

  begin ();
  put_account ("{'otpsecret': <'" TOTP_SECRET
               "'>, 'otpkeys': <{'keys': <[<{'p': <@x 11112222>, 'u': <true>}>]>}>}");
  number = bl_auth_totp_code (TOTP_SECRET, g_get_real_time () / G_USEC_PER_SEC / 30);
  code = g_strdup_printf ("%06d", number);
  other = g_strdup_printf ("%06d", (number + 500000) % 1000000);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, NULL), ==, BOWLINE_ERROR_SECOND_FACTOR);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, "**email**"), ==, BOWLINE_ERROR_SECOND_FACTOR);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", "wrong", code), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, other), ==, BOWLINE_ERROR_SECOND_FACTOR);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, code), ==, -1);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, code), ==, BOWLINE_ERROR_SECOND_FACTOR);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, "11112222"), ==, -1);
  bl_test_host_settle ();
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, "11112222"), ==, BOWLINE_ERROR_SECOND_FACTOR);
  end ();
}

static void
test_limits (void)
{
  g_autofree char *value = NULL;
  g_autoptr (BowlineHttpRequest) request = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (BowlinePrincipal) who = NULL;

  begin ();
  value = login (); /* at 127.0.0.1 */
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("guess%u", i);

      g_assert_cmpint (check_from ("192.0.2.1", name, "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
      g_assert_cmpint (check_from ("127.0.0.1", name, "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
    }
  g_assert_cmpint (check_from ("192.0.2.1", "another", "x", NULL), ==, BOWLINE_ERROR_THROTTLED);
  /* programs on this machine share an address; an account is limited there too */
  g_assert_cmpint (check_from ("127.0.0.1", "another", "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (check_from ("127.0.0.1", "another", "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("127.0.0.1", "another", "x", NULL), ==, BOWLINE_ERROR_THROTTLED);
  request = post ("/api/login", "{\"username\":\"another\",\"password\":\"x\"}", NULL);
  answer = answer_of (request, 401);
  g_assert_cmpstr (bl_variant_get_string (answer, "error"), ==, "throttled");
  g_assert_cmpint (bl_variant_get_int (answer, "retryAfter", 0), >, 0);
  g_assert_nonnull (bl_test_request_get_answer_header (request, "Retry-After"));
  /* the neighbour with a session goes on, and may log in once more */
  who = auth.session_lookup (auth_self, value, "127.0.0.1");
  g_assert_nonnull (who);
  g_assert_cmpint (check_from ("127.0.0.1", "admin", PASSWORD, NULL), ==, -1);
  end ();
}

static void
test_login_token (void)
{
  g_autoptr (GVariant) account = NULL;
  Outcome outcome = { 0 };
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  begin ();
  account = bowline_directory_dup (bl_test_host_get (test), "user//admin");
  for (guint i = 0; i < 2; i++)
    bl_test_host_put_document (
        test, g_variant_new_parsed (
                  "{'_id': <%s>, 'type': <'logintoken'>, 'userid': <'user//admin'>, 'expire': <%x>,"
                  " 'hash': <%s>}",
                  i == 0 ? "logintoken-~t:good" : "logintoken-~t:old", (gint64)(i == 0 ? 0 : 1),
                  bl_variant_get_string (account, "hash")));
  put_account ("{'otpsecret': <'" TOTP_SECRET "'>}"); /* tokens need no second factor */
  auth.check_password (auth_self, "~t:good", PASSWORD, NULL, "192.0.2.1", on_checked, &outcome);
  g_assert_true (bl_test_host_wait (is_done, &outcome, 20));
  g_assert_cmpint (outcome.code, ==, -1);
  bowline_principal_get_info (outcome.principal, &info);
  g_assert_cmpuint (info.kind, ==, BOWLINE_PRINCIPAL_TOKEN);
  g_assert_cmpstr (info.user_id, ==, "user//admin");
  g_assert_cmpstr (info.token_id, ==, "~t:good");
  bowline_principal_unref (outcome.principal);
  g_assert_cmpint (check_from ("192.0.2.1", "~t:old", PASSWORD, NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  end ();
}

static void
test_meshcentral_hash (void)
{
  g_autoptr (GVariant) upgraded = NULL;

  begin ();
  put_account ("{'hash': <'" MESH_HASH "'>, 'salt': <'" MESH_SALT "'>}");
  g_assert_cmpint (check_from ("192.0.2.1", "admin", "wrong", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", "MeshPass1", NULL), ==, -1);
  bl_test_host_settle ();
  upgraded = bowline_directory_dup (bl_test_host_get (test), "user//admin");
  g_assert_true (g_str_has_prefix (bl_variant_get_string (upgraded, "hash"), "$argon2id$"));
  g_assert_false (bl_variant_has (upgraded, "salt"));
  g_assert_cmpint (check_from ("192.0.2.1", "admin", "MeshPass1", NULL), ==, -1);
  end ();
}

static char *
issue (const char *object)
{
  g_autoptr (GVariant) content = parse (object);

  return auth.cookie_issue (auth_self, BOWLINE_COOKIE_LOGIN, content);
}

static void
test_cookies (void)
{
  static const struct
  {
    const char *object;
    guint32 purpose;
    gboolean good;
  } cases[] = {
    { "{'userid': <'user//admin'>, 'domainid': <''>}", BOWLINE_COOKIE_LOGIN, TRUE },
    { "{'userid': <'user//admin'>, 'domainid': <''>, 'ip': <'10.1.1.1'>}", BOWLINE_COOKIE_LOGIN, TRUE },
    { "{'userid': <'user//admin'>, 'domainid': <''>, 'ip': <'192.0.2.1'>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'userid': <'user//Admin'>, 'domainid': <''>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'userid': <'user//admin'>, 'domainid': <'x'>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'userid': <'user//admin'>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'u': <'user//admin'>, 'a': <@x 3>}", BOWLINE_COOKIE_LOGIN, TRUE },
    { "{'u': <'user//admin'>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'u': <'user//admin'>, 'a': <@x 4>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'userid': <'user//admin'>, 'domainid': <''>, 'ruserid': <'user//admin'>}", BOWLINE_COOKIE_LOGIN,
      FALSE },
    { "{'userid': <'user//admin'>, 'domainid': <''>}", BOWLINE_COOKIE_RELAY, FALSE },
    { "{'ruserid': <'user//admin'>}", BOWLINE_COOKIE_RELAY, TRUE },
    { "{'ruserid': <'user//admin'>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'ruserid': <'user//ghost'>}", BOWLINE_COOKIE_RELAY, FALSE },
    { "{'ruserid': <'node//x'>}", BOWLINE_COOKIE_RELAY, FALSE },
    { "{'userid': <@x 1>, 'domainid': <''>}", BOWLINE_COOKIE_LOGIN, FALSE },
    { "{'userid': <'user//admin'>, 'domainid': <''>, 'pid': <'abc'>}", BOWLINE_COOKIE_LOGIN, FALSE },
  };

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = issue (cases[i].object);
      g_autoptr (GError) error = NULL;
      g_autoptr (BowlinePrincipal) who
          = auth.cookie_verify (auth_self, cases[i].purpose, text, "127.0.0.1", &error);

      if (cases[i].good)
        g_assert_cmpstr (user_of (who), ==, "user//admin");
      else
        g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS);
    }
  end ();
}

static void
test_cookie_bounds (void)
{
  g_autofree char *once = NULL;
  g_autofree char *bound = NULL;
  g_autofree char *value = NULL;
  g_autofree char *object = NULL;
  g_autofree char *huge = g_strnfill (100000, 'A');
  g_autoptr (BowlinePrincipal) first = NULL;
  g_autoptr (BowlinePrincipal) live = NULL;
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  begin ();
  once = issue ("{'u': <'user//admin'>, 'a': <@x 3>, 'once': <'x'>}");
  first = auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, once, "127.0.0.1", NULL);
  g_assert_nonnull (first);
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, once, "127.0.0.1", NULL));
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, "", "127.0.0.1", NULL));
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, huge, "127.0.0.1", NULL));

  value = login ();
  live = auth.session_lookup (auth_self, value, "127.0.0.1");
  bowline_principal_get_info (live, &info);
  object = g_strdup_printf ("{'userid': <'user//admin'>, 'domainid': <''>, 'bs': <'%s'>}", info.token_id);
  bound = issue (object);
  g_clear_pointer (&first, bowline_principal_unref);
  first = auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, bound, "127.0.0.1", NULL);
  g_assert_nonnull (first);
  auth.session_close (auth_self, value, FALSE); /* logging out ends the cookies made for the page */
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, bound, "127.0.0.1", NULL));
  end ();
}

static BowlinePrincipal *
verify_guest (const char *object, guint32 purpose)
{
  g_autoptr (GVariant) content = parse (object);
  g_autofree char *text = auth.cookie_issue (auth_self, BOWLINE_COOKIE_GUEST, content);

  return auth.cookie_verify (auth_self, purpose, text, "127.0.0.1", NULL);
}

#define GUEST "{'userid': <'user//admin'>, 'domainid': <''>, 'nid': <'node//n'>, 'pid': <'abc'>}"

static void
put_share (const char *members)
{
  g_autofree char *text
      = g_strdup_printf ("{'_id': <'deviceshare-abc'>, 'type': <'deviceshare'>, 'nodeid': <'node//n'>,"
                         " 'userid': <'user//admin'>, 'p': <@x 2>%s}",
                         members);

  bl_test_host_put_document (test, g_variant_new_parsed (text));
}

/* A guest's cookie is good for its share and for nothing else. */
static void
test_guests (void)
{
  g_autoptr (BowlinePrincipal) guest = NULL;
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  begin ();
  bl_test_host_grant (test, "user//admin", "node//n", 0x80008);
  g_assert_null (verify_guest (GUEST, BOWLINE_COOKIE_GUEST)); /* no share */
  put_share (", 'startTime': <@x 1000>, 'expireTime': <@x 4102444800000>");
  g_assert_null (verify_guest (GUEST, BOWLINE_COOKIE_LOGIN));
  g_assert_null (verify_guest (GUEST, BOWLINE_COOKIE_RELAY));
  guest = verify_guest (GUEST, BOWLINE_COOKIE_GUEST);
  g_assert_nonnull (guest);
  bowline_principal_get_info (guest, &info);
  g_assert_cmpuint (info.kind, ==, BOWLINE_PRINCIPAL_GUEST);
  g_assert_cmpstr (info.only_node, ==, "node//n");
  g_assert_cmpstr (info.token_id, ==, "abc");
  g_assert_cmpuint (info.rights_added & 0x600, ==, 0x600); /* neither terminal nor files */
  g_assert_cmpint (info.expires_ms, ==, G_GINT64_CONSTANT (4102444800000));
  g_assert_null (
      verify_guest ("{'userid': <'user//admin'>, 'domainid': <''>, 'nid': <'node//m'>, 'pid': <'abc'>}",
                    BOWLINE_COOKIE_GUEST)); /* another device than the share's */
  g_assert_null (verify_guest ("{'userid': <'user//admin'>, 'domainid': <''>}", BOWLINE_COOKIE_GUEST));
  put_share (", 'startTime': <@x 1000>, 'expireTime': <@x 2000>");
  g_assert_null (verify_guest (GUEST, BOWLINE_COOKIE_GUEST)); /* over */
  put_share (", 'startTime': <@x 4102444800000>, 'expireTime': <@x 4102444900000>");
  g_assert_null (verify_guest (GUEST, BOWLINE_COOKIE_GUEST)); /* early */
  put_share ("");
  bl_test_host_grant (test, "user//admin", "node//n", 8);
  g_assert_null (verify_guest (GUEST, BOWLINE_COOKIE_GUEST)); /* may not share any more */
  end ();
}

static void
test_invitations (void)
{
  g_autoptr (GVariant) content = NULL;
  g_autoptr (GVariant) opened = NULL;
  g_autofree char *text = NULL;
  g_autofree char *login_text = NULL;

  begin ();
  content = parse ("{'a': <@x 6>, 'pid': <'abc'>}");
  text = auth.cookie_issue (auth_self, BOWLINE_COOKIE_INVITATION, content);
  opened = auth.cookie_open (auth_self, BOWLINE_COOKIE_INVITATION, text, 0, NULL);
  g_assert_cmpstr (bl_variant_get_string (opened, "pid"), ==, "abc");
  g_assert_null (auth.cookie_open (auth_self, BOWLINE_COOKIE_LOGIN, text, 0, NULL));
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_INVITATION, text, "127.0.0.1", NULL));
  g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, text, "127.0.0.1", NULL));
  login_text = issue ("{'a': <@x 6>, 'pid': <'abc'>}"); /* under the other key */
  g_assert_null (auth.cookie_open (auth_self, BOWLINE_COOKIE_INVITATION, login_text, 0, NULL));
  g_assert_null (auth.cookie_open (auth_self, BOWLINE_COOKIE_INVITATION, NULL, 0, NULL));
  end ();
}

static void
test_local_actions (void)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) links = NULL;
  g_autoptr (GVariant) group = NULL;
  g_autofree char *value = NULL;

  begin ();
  answer = run_local ("user.create", "{'name': <'admin'>, 'password': <'x'>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, "User already exists");
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("user.create", "{'name': <'a b'>, 'password': <'x'>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, "Invalid username");
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("user.password", "{'name': <'ghost'>, 'password': <'x'>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, "User does not exist");
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("login-key", "@a{sv} {}");
  g_assert_cmpuint (strlen (bl_variant_get_string (answer, "key")), ==, 160);
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("login-token", "{'userid': <'admin'>}");
  g_assert_cmpuint (strlen (bl_variant_get_string (answer, "cookie")), >, 40);
  g_clear_pointer (&answer, g_variant_unref);

  value = login ();
  answer = run_local ("user.password", "{'name': <'admin'>, 'password': <'Second one 2'>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, "ok");
  g_assert_null (auth.session_lookup (auth_self, value, "127.0.0.1")); /* a new password ends sessions */
  g_assert_cmpint (check_from ("192.0.2.1", "admin", PASSWORD, NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (check_from ("192.0.2.1", "admin", "Second one 2", NULL), ==, -1);
  g_clear_pointer (&answer, g_variant_unref);

  g_autoptr (GVariant) mesh
      = parse ("{'_id': <'mesh//m'>, 'type': <'mesh'>, 'links': <{'user//admin': <{'rights': <@x 1>}>,"
               " 'user//other': <{'rights': <@x 1>}>}>}");

  g_autoptr (GVariant) share
      = parse ("{'_id': <'deviceshare-a'>, 'type': <'deviceshare'>, 'userid': <'user//admin'>}");
  g_autoptr (GVariant) foreign
      = parse ("{'_id': <'deviceshare-b'>, 'type': <'deviceshare'>, 'userid': <'user//other'>}");

  bl_test_host_put_document (test, mesh);
  bl_test_host_put_document (test, share);
  bl_test_host_put_document (test, foreign);
  answer = run_local ("user.delete", "{'name': <'admin'>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, "ok");
  g_assert_false (bowline_directory_contains (bl_test_host_get (test), "user//admin"));
  group = bowline_directory_dup (bl_test_host_get (test), "mesh//m");
  links = bl_variant_get_object (group, "links");
  g_assert_false (bl_variant_has (links, "user//admin"));
  g_assert_true (bl_variant_has (links, "user//other"));
  g_assert_false (bowline_directory_contains (bl_test_host_get (test), "deviceshare-a"));
  g_assert_true (bowline_directory_contains (bl_test_host_get (test), "deviceshare-b"));
  end ();
}

static void
test_storage_failure (void)
{
  g_autoptr (GVariant) answer = NULL;

  begin ();
  bl_test_host_fail_commits (test, TRUE);
  answer = run_local ("user.create", "{'name': <'bob'>, 'password': <'x'>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "result"), !=, "ok");
  bl_test_host_fail_commits (test, FALSE);
  g_assert_cmpint (check_from ("192.0.2.1", "bob", "x", NULL), ==, BOWLINE_ERROR_CREDENTIALS);
  end ();
}

/* ---- sign-ins
 * ----------------------------------------------------------------------------------------------------- */

static char *
open_session (const char *user_id, guint32 kind, const char *agent)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = kind,
                                .user_id = user_id,
                                .address = "192.0.2.1",
                                .rights_ceiling = G_MAXUINT32,
                                .site_ceiling = G_MAXUINT32 };
  g_autoptr (BowlinePrincipal) who = bowline_principal_new (bl_test_host_get (test), &info);

  return auth.session_open (auth_self, who, agent);
}

/* Returns: (transfer full): how the sign-in of @agent looks in the list of @who, or NULL */
static GVariant *
find_signin (BowlinePrincipal *who, const char *agent)
{
  g_autoptr (GVariant) answer = run_as (who, "blsessions", "{}");
  g_autoptr (GVariant) list = g_variant_lookup_value (answer, "sessions", G_VARIANT_TYPE ("aa{sv}"));

  g_assert_nonnull (list);
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) one = g_variant_get_child_value (list, i);

      if (g_str_equal (bl_variant_get_string (one, "agent"), agent))
        return g_steal_pointer (&one);
    }
  return NULL;
}

static void
assert_end (BowlinePrincipal *who, const char *arguments, const char *result)
{
  g_autoptr (GVariant) answer = run_as (who, "blendsession", arguments);

  g_assert_cmpstr (bl_variant_get_string (answer, "result"), ==, result);
}

static gboolean
is_signed_in (const char *value)
{
  g_autoptr (BowlinePrincipal) who = auth.session_lookup (auth_self, value, "192.0.2.1");

  return who != NULL;
}

static void
test_signins (void)
{
  g_autofree char *here = NULL, *there = NULL, *third = NULL, *foreign = NULL, *arguments = NULL, *other = NULL;
  g_autoptr (BowlinePrincipal) me = NULL, somebody = NULL;
  g_autoptr (GVariant) made = NULL, own = NULL, one = NULL, gone = NULL, hidden = NULL, theirs = NULL;

  begin ();
  made = run_local ("user.create", "{'name': <'bob'>, 'password': <'" PASSWORD "'>}");
  here = open_session ("user//admin", BOWLINE_PRINCIPAL_USER, "Here");
  there = open_session ("user//admin", BOWLINE_PRINCIPAL_USER, "There");
  third = open_session ("user//admin", BOWLINE_PRINCIPAL_USER, "Third");
  foreign = open_session ("user//bob", BOWLINE_PRINCIPAL_USER, "Foreign");
  me = auth.session_lookup (auth_self, here, "192.0.2.1");
  somebody = auth.session_lookup (auth_self, foreign, "192.0.2.1");
  own = find_signin (me, "Here");
  one = find_signin (me, "There");
  hidden = find_signin (me, "Foreign");
  theirs = find_signin (somebody, "Foreign");
  g_assert_true (bl_variant_get_bool (own, "own", FALSE));
  g_assert_false (bl_variant_get_bool (one, "own", TRUE));
  g_assert_cmpstr (bl_variant_get_string (one, "address"), ==, "192.0.2.1");
  g_assert_cmpuint (strlen (bl_variant_get_string (one, "id")), ==, 16);
  g_assert_null (hidden);
  other = g_strdup_printf ("{'id': <'%s'>}", bl_variant_get_string (theirs, "id"));
  assert_end (me, other, "Invalid session"); /* of another account */
  assert_end (me, "{'id': <'0'>}", "Invalid session");
  assert_end (me, "{}", "Invalid session");
  g_assert_true (is_signed_in (there));
  arguments = g_strdup_printf ("{'id': <'%s'>}", bl_variant_get_string (one, "id"));
  assert_end (me, arguments, "ok");
  gone = find_signin (me, "There");
  g_assert_null (gone);
  g_assert_false (is_signed_in (there));
  g_assert_true (is_signed_in (third));
  assert_end (me, "{'others': <true>}", "ok");
  g_assert_false (is_signed_in (third));
  g_assert_true (is_signed_in (here));
  g_assert_true (is_signed_in (foreign));
  end ();
}

/* Nobody but a person who signed in sees or ends sign-ins. */
static void
test_signins_of_programs (void)
{
  static const guint32 kinds[] = { BOWLINE_PRINCIPAL_TOKEN, BOWLINE_PRINCIPAL_KEY, BOWLINE_PRINCIPAL_GUEST };
  g_autofree char *here = NULL;

  begin ();
  here = open_session ("user//admin", BOWLINE_PRINCIPAL_USER, "Here");
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                    .kind = kinds[i],
                                    .user_id = "user//admin",
                                    .token_id = "t",
                                    .rights_ceiling = G_MAXUINT32,
                                    .site_ceiling = G_MAXUINT32 };
      g_autoptr (BowlinePrincipal) who = bowline_principal_new (bl_test_host_get (test), &info);
      g_autoptr (GVariant) answer = run_as (who, "blsessions", "{}");

      g_assert_false (bl_variant_has (answer, "sessions"));
      assert_end (who, "{'others': <true>}", "Access denied");
      g_assert_true (is_signed_in (here));
    }
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/auth/demanded-change", test_demanded_change);
  g_test_add_func ("/auth/login", test_login);
  g_test_add_func ("/auth/bad-bodies", test_bad_bodies);
  g_test_add_func ("/auth/refusals", test_refusals);
  g_test_add_func ("/auth/failure-line", test_failure_line);
  g_test_add_func ("/auth/session", test_session);
  g_test_add_func ("/auth/everywhere", test_everywhere);
  g_test_add_func ("/auth/locked", test_locked_account);
  g_test_add_func ("/auth/second-factor", test_second_factor);
  g_test_add_func ("/auth/limits", test_limits);
  g_test_add_func ("/auth/login-token", test_login_token);
  g_test_add_func ("/auth/meshcentral-hash", test_meshcentral_hash);
  g_test_add_func ("/auth/cookies", test_cookies);
  g_test_add_func ("/auth/guests", test_guests);
  g_test_add_func ("/auth/invitations", test_invitations);
  g_test_add_func ("/auth/cookie-bounds", test_cookie_bounds);
  g_test_add_func ("/auth/local-actions", test_local_actions);
  g_test_add_func ("/auth/storage-failure", test_storage_failure);
  g_test_add_func ("/auth/signins", test_signins);
  g_test_add_func ("/auth/signins-of-programs", test_signins_of_programs);
  return g_test_run ();
}
