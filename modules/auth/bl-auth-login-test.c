// SPDX-License-Identifier: Apache-2.0
/* Tokens that a holder of a login key makes, on the test host: page, control channel, cookies that follow,
 * policies. */
#include "bl-auth-login.h"

#include "bowline-testing.h"
#include "common/bl-ids.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define NODE_TEXT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NODE "node//" NODE_TEXT
#define NODE_HEX                                                                                             \
  "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define OTHER_HEX                                                                                            \
  "FF0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define AWAY "192.0.2.9"

static BlTestHost *test;
static BowlineAuth auth;
static gpointer auth_self;
static guint8 secret[BL_COOKIE_FULL_KEY_SIZE];

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static gboolean
has_frame (gpointer data)
{
  return ((GPtrArray *)data)->len > 0;
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
  g_autoptr (GVariant) parsed = parse (arguments);
  g_autoptr (GPtrArray) frames = NULL;
  GVariantDict request;

  g_variant_dict_init (&request, parsed);
  g_variant_dict_insert (&request, "action", "s", action);
  g_variant_dict_insert (&request, "responseid", "s", "r");
  frames = bl_test_host_run_action (test, local, NULL, g_variant_dict_end (&request));
  g_assert_true (bl_test_host_wait (has_frame, frames, 20));
  return g_variant_ref (frames->pdata[0]);
}

static void
take_key (const char *name)
{
  g_autofree char *arguments = g_strdup_printf ("{'name': <'%s'>}", name);
  g_autoptr (GVariant) answer = run_local ("login-key", arguments);
  const char *hex = bl_variant_get_string (answer, "key");

  g_assert_nonnull (hex);
  g_assert_true (bl_hex_decode (hex, strlen (hex), secret, sizeof secret));
}

static BowlinePrincipal *page_principal;

static void
serve_page (BowlineHttpRequest *request, gpointer user_data)
{
  page_principal = auth.login_token (auth_self, request);
  bowline_http_request_respond (request, 200, NULL, NULL);
}

static void
begin_with (const char *setting, const char *value)
{
  static const char *const settings[][2] = {
    { "session-idle", "3600" },    { "session-lifetime", "86400" }, { "hash-memory", "8388608" },
    { "hash-passes", "1" },        { "account-failures", "5" },     { "account-window", "300" },
    { "account-max-wait", "60" },  { "address-failures", "8" },     { "address-window", "600" },
    { "address-max-wait", "600" }, { "cookie-ip-check", "lax" },    { "login-cookie-key", "" },
    { "login-key-rights", "all" }, { "login-key-rate", "0" },       { "login-key-bind-node", "false" },
    { "login-key-users", "" },     { "login-key-devices", "" },     { "login-key-views", "" },
    { "login-key-addresses", "" }, { "login-key-admin-from", "" },
  };
  g_autoptr (GError) error = NULL;
  const BowlineEndpoint page
      = { .struct_size = sizeof page, .path = "/", .methods = "GET", .request = serve_page };
  g_autoptr (GVariant) admin = NULL;
  g_autoptr (GVariant) person = NULL;

  test = bl_test_host_new ("auth");
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    bl_test_host_set (test, settings[i][0], settings[i][1]);
  if (setting != NULL)
    bl_test_host_set (test, setting, value);
  g_assert_true (bl_test_host_activate (test, bowline_plugin_query_1, &error));
  g_assert_no_error (error);
  g_assert_true (bowline_host_register_endpoint (bl_test_host_get (test), &page, NULL, &error) != 0);
  auth.struct_size = sizeof auth;
  g_assert_true (bowline_host_get_auth (bl_test_host_get (test), &auth, &auth_self));
  admin = run_local ("user.create",
                     "{'name': <'admin'>, 'password': <'Correct horse 1'>, 'siteadmin': <true>}");
  person = run_local ("user.create", "{'name': <'john___1'>, 'password': <'Correct horse 1'>}");
  g_assert_cmpstr (bl_variant_get_string (person, "result"), ==, "ok");
  take_key ("default");
}

static void
end (void)
{
  bl_test_host_deactivate (test, bowline_plugin_query_1);
  g_clear_pointer (&test, bl_test_host_free);
}

/* As another program makes it. Returns: (transfer full) */
static char *
token (const char *object)
{
  g_autoptr (GVariant) content = parse (object);

  return bl_cookie_encode (secret, content, g_get_real_time () / G_USEC_PER_SEC, NULL);
}

/* Opens the page. Returns: (transfer full) (nullable): whom it is for; @set_cookie: (out) (optional) */
static BowlinePrincipal *
open_page (const char *cookie, const char *node, const char *address, const char *site, char **set_cookie)
{
  const char *query[] = { "login", cookie, node != NULL ? "gotonode" : NULL, node, NULL };
  const char *headers[] = { "Sec-Fetch-Site", site, NULL };
  const BlTestRequest page
      = { .path = "/", .query = query, .headers = site != NULL ? headers : NULL, .address = address };
  g_autoptr (BowlineHttpRequest) request = bl_test_host_request (test, &page);

  if (set_cookie != NULL)
    *set_cookie = g_strdup (bl_test_request_get_answer_header (request, "Set-Cookie"));
  return g_steal_pointer (&page_principal);
}

static BowlinePrincipalInfo
info_of (BowlinePrincipal *principal)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  g_assert_nonnull (principal);
  bowline_principal_get_info (principal, &info);
  return info;
}

static BowlinePrincipal *
verify (const char *cookie, const char *address)
{
  return auth.cookie_verify (auth_self, BOWLINE_COOKIE_LOGIN, cookie, address, NULL);
}

#define LOGIN "{'u': <'user//john___1'>, 'a': <@x 3>}"
#define API "{'userid': <'user//admin'>, 'domainid': <''>}"

static void
test_page (void)
{
  g_autofree char *login = NULL, *api = NULL, *own = NULL, *set = NULL, *none = NULL;
  g_autoptr (BowlinePrincipal) who = NULL;
  g_autoptr (BowlinePrincipal) again = NULL;
  g_autofree char *value = NULL;

  begin_with (NULL, NULL);
  login = token (LOGIN);
  api = token (API);
  who = open_page (login, NODE_HEX, AWAY, NULL, &set);
  g_assert_cmpstr (info_of (who).user_id, ==, "user//john___1");
  g_assert_cmpuint (info_of (who).kind, ==, BOWLINE_PRINCIPAL_KEY);
  g_assert_cmpstr (info_of (who).token_id, ==, "loginkey-default");
  g_assert_true (g_str_has_prefix (set, "__Host-bowline="));
  value = g_strndup (set + strlen ("__Host-bowline="), 43);
  again = auth.session_lookup (auth_self, value, AWAY);
  g_assert_cmpuint (info_of (again).kind, ==, BOWLINE_PRINCIPAL_KEY);
  g_clear_pointer (&who, bowline_principal_unref);
  /* another site's page does not change whose session the browser has */
  who = open_page (login, NULL, AWAY, "cross-site", &none);
  g_assert_nonnull (who);
  g_assert_null (none);
  /* the other form is not for the page */
  g_assert_null (open_page (api, NULL, "127.0.0.1", NULL, NULL));
  {
    g_autoptr (GVariant) content = parse (LOGIN);

    own = auth.cookie_issue (auth_self, BOWLINE_COOKIE_LOGIN, content);
  }
  g_clear_pointer (&who, bowline_principal_unref);
  who = open_page (own, NULL, "127.0.0.1", NULL, NULL);
  g_assert_cmpuint (info_of (who).kind, ==, BOWLINE_PRINCIPAL_USER);
  g_assert_null (open_page ("", NULL, "127.0.0.1", NULL, NULL));
  end ();
}

/* What the key's holder writes into a token about sessions, tokens, keys and devices counts for nothing. */
static void
test_forged_members (void)
{
  static const char *const objects[] = {
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'bk': <'loginkey-other'>, 'nid': <'" NODE "'>}",
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'bs': <'session-x'>}",
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'bt': <'~t:x'>}",
  };

  begin_with (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      g_autofree char *text = token (objects[i]);
      g_autoptr (BowlinePrincipal) who = verify (text, AWAY);

      g_assert_cmpuint (info_of (who).kind, ==, BOWLINE_PRINCIPAL_KEY);
      g_assert_cmpstr (info_of (who).token_id, ==, "loginkey-default");
      g_assert_null (info_of (who).only_node);
    }
  {
    g_autofree char *relay = token ("{'ruserid': <'user//admin'>}");

    g_assert_null (auth.cookie_verify (auth_self, BOWLINE_COOKIE_RELAY, relay, "127.0.0.1", NULL));
  }
  end ();
}

static void
test_administrator (void)
{
  g_autofree char *api = NULL;
  g_autoptr (BowlinePrincipal) here = NULL;
  g_autoptr (BowlinePrincipal) away = NULL;

  begin_with (NULL, NULL);
  api = token (API);
  here = verify (api, "127.0.0.1");
  away = verify (api, AWAY);
  g_assert_cmphex (info_of (here).site_ceiling, ==, BL_SITE_FULL);
  g_assert_cmphex (info_of (away).site_ceiling, ==, 0);
  g_assert_cmphex (info_of (away).rights_ceiling & BL_RIGHT_MANAGE_USERS, ==, 0);
  end ();
}

/* A cookie made for such a login is held to the same limits, and ends with the key. */
static void
test_cookies_follow (void)
{
  g_autofree char *login = NULL, *cookie = NULL, *relay = NULL;
  g_autoptr (BowlinePrincipal) page = NULL;
  g_autoptr (BowlinePrincipal) control = NULL;
  g_autoptr (BowlinePrincipal) leg = NULL;
  g_autoptr (GVariant) answer = NULL;

  begin_with ("login-key-bind-node", "true");
  login = token (LOGIN);
  page = open_page (login, NODE_HEX, AWAY, NULL, NULL);
  g_assert_cmpstr (info_of (page).only_node, ==, NODE);
  cookie = auth.cookie_issue_for (auth_self, BOWLINE_COOKIE_LOGIN, page);
  relay = auth.cookie_issue_for (auth_self, BOWLINE_COOKIE_RELAY, page);
  control = verify (cookie, AWAY);
  g_assert_cmpstr (info_of (control).only_node, ==, NODE);
  g_assert_cmpuint (info_of (control).site_ceiling, ==, 0);
  g_assert_null (verify (cookie, "198.51.100.1"));
  leg = auth.cookie_verify (auth_self, BOWLINE_COOKIE_RELAY, relay, AWAY, NULL);
  g_assert_cmpstr (info_of (leg).only_node, ==, NODE);
  g_assert_null (open_page (cookie, NODE_HEX, AWAY, NULL, NULL));

  answer = run_local ("login-key.set", "{'name': <'default'>, 'policy': <[<'users=nobody'>]>}");
  g_assert_cmpstr (bl_variant_get_string (answer, "name"), ==, "default");
  g_assert_null (verify (cookie, AWAY));
  end ();
}

/* ---- cookies that lead to a port
 * ---------------------------------------------------------------------------- */

#define OTHER_NODE "node//$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$"

static BowlinePrincipal *
verify_port (const char *cookie, const char *address)
{
  g_autoptr (GVariant) target = NULL;
  BowlinePrincipal *principal = auth.port_cookie_verify (auth_self, cookie, address, &target, NULL);

  g_assert_true ((principal != NULL) == (target != NULL));
  if (principal == NULL)
    return NULL;
  g_assert_cmpstr (bl_variant_get_string (target, "nodeid"), ==, NODE);
  g_assert_cmpint (bl_variant_get_int (target, "tcpport", 0), ==, 5900);
  g_assert_cmpint (bl_variant_get_int (target, "p", 0), ==, 12);
  return principal;
}

static BowlinePrincipal *
make_person (const char *address)
{
  const BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                      .kind = BOWLINE_PRINCIPAL_USER,
                                      .user_id = "user//john___1",
                                      .address = address,
                                      .rights_ceiling = BL_RIGHT_ALL,
                                      .site_ceiling = BL_SITE_FULL };

  return bowline_principal_new (bl_test_host_get (test), &info);
}

#define VNC "{'nodeid': <'" NODE "'>, 'tcpport': <@x 5900>, 'p': <@x 12>}"

/* It is good for the one thing, from anywhere, and is no cookie of another purpose. */
static void
test_port_cookie (void)
{
  static const char *const bad[] = { "{'nodeid': <'" NODE "'>}", "{'nodeid': <'" NODE "'>, 'tcpport': <@x 65536>}",
                                     "{'nodeid': <'x'>, 'tcpport': <@x 1>}",
                                     "{'nodeid': <'" NODE "'>, 'tcpport': <@x 1>, 'tcpaddr': <'a b'>}" };
  g_autoptr (GVariant) target = parse (VNC);
  g_autoptr (BowlinePrincipal) person = NULL;
  g_autoptr (BowlinePrincipal) viewer = NULL;
  g_autofree char *cookie = NULL, *login = NULL;

  begin_with (NULL, NULL);
  person = make_person ("127.0.0.1");
  cookie = auth.port_cookie_issue (auth_self, person, target);
  viewer = verify_port (cookie, AWAY);
  g_assert_cmpstr (info_of (viewer).only_node, ==, NODE);
  g_assert_cmpstr (info_of (viewer).user_id, ==, "user//john___1");
  g_assert_cmpuint (info_of (viewer).site_ceiling, ==, 0);
  for (guint32 purpose = BOWLINE_COOKIE_LOGIN; purpose <= BOWLINE_COOKIE_PORT; purpose++)
    g_assert_null (auth.cookie_verify (auth_self, purpose, cookie, "127.0.0.1", NULL));
  g_assert_null (open_page (cookie, NODE_HEX, "127.0.0.1", NULL, NULL));
  g_assert_null (auth.cookie_issue_for (auth_self, BOWLINE_COOKIE_PORT, person));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GVariant) nothing = parse (bad[i]);

      g_assert_null (auth.port_cookie_issue (auth_self, person, nothing));
    }
  login = auth.cookie_issue_for (auth_self, BOWLINE_COOKIE_LOGIN, person);
  g_assert_null (verify_port (login, "127.0.0.1"));
  g_assert_null (verify_port ("x", "127.0.0.1"));
  end ();
}

/* As the server seals it. Returns: (transfer full) */
static char *
seal (const char *object)
{
  g_autoptr (GVariant) content = parse (object);

  return auth.cookie_issue (auth_self, BOWLINE_COOKIE_PORT, content);
}

/* Made by hand: with the login key, too old, or with members that do not go together. */
static void
test_port_cookie_forged (void)
{
  static const char *const bad[] = {
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'nodeid': <'" NODE "'>, 'tcpport': <@x 5900>, 'p': <@x 12>, "
    "'nid': <'" OTHER_NODE "'>}",
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'nodeid': <'" NODE "'>, 'tcpport': <@x 5900>, 'p': <@x 12>, "
    "'pid': <'share'>}",
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'nodeid': <'" NODE "'>}",
    "{'userid': <'user//john___1'>, 'domainid': <''>, 'tcpport': <@x 5900>}",
    "{'ruserid': <'user//john___1'>, 'nodeid': <'" NODE "'>, 'tcpport': <@x 5900>}",
    "{'userid': <'user//ghost'>, 'domainid': <''>, 'nodeid': <'" NODE "'>, 'tcpport': <@x 5900>}",
  };
#define GOOD                                                                                                 \
  "{'userid': <'user//john___1'>, 'domainid': <''>, 'nodeid': <'" NODE                                       \
  "'>, 'tcpport': <@x 5900>, 'p': <@x 12>}"
  g_autofree char *foreign = NULL, *old = NULL, *fresh = NULL;
  g_autoptr (BowlinePrincipal) viewer = NULL;

  begin_with (NULL, NULL);
  foreign = token (GOOD);
  g_assert_null (verify_port (foreign, "127.0.0.1"));
  fresh = seal (GOOD);
  viewer = verify_port (fresh, "127.0.0.1");
  g_assert_nonnull (viewer);
  old = seal ("{'userid': <'user//john___1'>, 'domainid': <''>, 'nodeid': <'" NODE
              "'>, 'tcpport': <@x 5900>, 'p': <@x 12>, 'expire': <@x -5>}");
  g_assert_null (verify_port (old, "127.0.0.1"));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = seal (bad[i]);

      g_assert_null (verify_port (text, "127.0.0.1"));
      g_assert_null (verify (text, "127.0.0.1"));
    }
  end ();
}

/* One that a login key's window asked for stays within that key's policy, and ends with the key. */
static void
test_port_cookie_policy (void)
{
  g_autofree char *login = NULL, *cookie = NULL, *elsewhere = NULL;
  g_autoptr (BowlinePrincipal) page = NULL;
  g_autoptr (BowlinePrincipal) viewer = NULL;
  g_autoptr (BowlinePrincipal) narrowed = NULL;
  g_autoptr (GVariant) target = parse (VNC);
  g_autoptr (GVariant) other = parse ("{'nodeid': <'" OTHER_NODE "'>, 'tcpport': <@x 5900>}");
  g_autoptr (GVariant) views = NULL;
  g_autoptr (GVariant) revoked = NULL;

  begin_with ("login-key-bind-node", "true");
  login = token (LOGIN);
  page = open_page (login, NODE_HEX, AWAY, NULL, NULL);
  cookie = auth.port_cookie_issue (auth_self, page, target);
  elsewhere = auth.port_cookie_issue (auth_self, page, other);
  viewer = verify_port (cookie, AWAY);
  g_assert_cmpuint (info_of (viewer).kind, ==, BOWLINE_PRINCIPAL_KEY);
  g_assert_cmpstr (info_of (viewer).token_id, ==, "loginkey-default");
  g_assert_null (verify_port (elsewhere, AWAY));
  views = run_local ("login-key.set", "{'name': <'default'>, 'policy': <[<'views=desktop'>]>}");
  narrowed = verify_port (cookie, AWAY);
  g_assert_cmphex (info_of (narrowed).rights_ceiling & BL_RIGHT_RELAY, ==, 0);
  revoked = run_local ("login-key.set", "{'name': <'default'>, 'policy': <[<'users=nobody'>]>}");
  g_assert_null (verify_port (cookie, AWAY));
  end ();
}

static void
test_bind_node (void)
{
  g_autofree char *login = NULL, *lasting = NULL, *api = NULL, *second = NULL;
  g_autoptr (BowlinePrincipal) first = NULL;
  g_autoptr (BowlinePrincipal) again = NULL;
  g_autoptr (BowlinePrincipal) by_id = NULL;
  g_autoptr (BowlinePrincipal) other = NULL;
  g_autoptr (BowlinePrincipal) program = NULL;

  begin_with ("login-key-bind-node", "true");
  login = token (LOGIN);
  second = token (LOGIN);
  lasting = token ("{'u': <'user//john___1'>, 'a': <@x 3>, 'expire': <@x 0>}");
  api = token (API);
  g_assert_null (verify (login, AWAY)); /* the token in the address is no ticket for the control channel */
  g_assert_null (open_page (login, NULL, AWAY, NULL, NULL));
  g_assert_null (open_page (login, "nonsense", AWAY, NULL, NULL));
  first = open_page (login, NODE_HEX, AWAY, NULL, NULL);
  again = open_page (login, NODE_TEXT, AWAY, NULL, NULL);
  by_id = open_page (login, NODE, AWAY, NULL, NULL);
  g_assert_cmpstr (info_of (again).only_node, ==, NODE);
  g_assert_cmpstr (info_of (by_id).only_node, ==, NODE);
  g_assert_null (open_page (login, OTHER_HEX, AWAY, NULL, NULL));
  other = open_page (second, OTHER_HEX, AWAY, NULL, NULL);
  g_assert_nonnull (other);
  g_assert_null (open_page (lasting, NODE_HEX, AWAY, NULL, NULL));
  program = verify (api, "127.0.0.1"); /* the program's own channel is not a window */
  g_assert_cmphex (info_of (program).site_ceiling, ==, BL_SITE_FULL);
  end ();
}

static void
test_named_keys (void)
{
  g_autofree char *login = NULL, *admin = NULL, *old = NULL, *made = NULL;
  g_autoptr (BowlinePrincipal) who = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GVariant) keys = NULL;

  begin_with (NULL, NULL);
  old = token (LOGIN);
  answer = run_local ("login-key.create",
                      "{'name': <'desk'>, 'policy': <[<'users=*___*'>, <'rights=remote-control'>]>}");
  g_assert_cmpuint (strlen (bl_variant_get_string (answer, "key")), ==, 160);
  take_key ("desk");
  login = token (LOGIN);
  admin = token ("{'u': <'user//admin'>, 'a': <@x 3>}");
  who = verify (login, AWAY);
  g_assert_cmpstr (info_of (who).token_id, ==, "loginkey-desk");
  g_assert_cmphex (info_of (who).rights_ceiling, ==, BL_RIGHT_REMOTE_CONTROL);
  g_assert_null (verify (admin, "127.0.0.1"));
  list = run_local ("login-key.list", "@a{sv} {}");
  keys = bl_variant_get_array (list, "keys");
  g_assert_cmpuint (g_variant_n_children (keys), ==, 2);
  made = g_variant_print (list, FALSE);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *hex = bl_hex_encode (secret, 16, FALSE);

      g_assert_null (strstr (made, hex)); /* a list shows no key (K4) */
      take_key ("default");
    }
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("login-key.create", "{'name': <'desk'>}");
  g_assert_nonnull (bl_variant_get_string (answer, "result"));
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("login-key.create", "{'name': <'A/b'>}");
  g_assert_null (bl_variant_get_string (answer, "key"));
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("login-key.revoke", "{'name': <'desk'>}");
  g_assert_null (verify (login, AWAY));
  g_clear_pointer (&who, bowline_principal_unref);
  who = verify (old, AWAY);
  g_assert_nonnull (who);
  g_clear_pointer (&answer, g_variant_unref);
  answer = run_local ("login-key.revoke", "{'name': <'default'>}"); /* made anew */
  g_assert_null (verify (old, AWAY));
  take_key ("default");
  g_free (old);
  old = token (LOGIN);
  g_clear_pointer (&who, bowline_principal_unref);
  who = verify (old, AWAY);
  g_assert_nonnull (who);
  end ();
}

static void
test_rate (void)
{
  guint good = 0;

  begin_with ("login-key-rate", "3");
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *text = token (API);
      g_autoptr (BowlinePrincipal) who = verify (text, "127.0.0.1");

      good += who != NULL;
    }
  g_assert_cmpuint (good, >=, 3);
  g_assert_cmpuint (good, <, 10);
  end ();
}

/* A policy that cannot be read opens nothing. */
static void
test_bad_setting (void)
{
  g_autofree char *api = NULL;

  begin_with ("login-key-rights", "everything");
  api = token (API);
  g_assert_null (verify (api, "127.0.0.1"));
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/auth/login/page", test_page);
  g_test_add_func ("/auth/login/forged-members", test_forged_members);
  g_test_add_func ("/auth/login/administrator", test_administrator);
  g_test_add_func ("/auth/login/cookies-follow", test_cookies_follow);
  g_test_add_func ("/auth/login/port-cookie", test_port_cookie);
  g_test_add_func ("/auth/login/port-cookie-forged", test_port_cookie_forged);
  g_test_add_func ("/auth/login/port-cookie-policy", test_port_cookie_policy);
  g_test_add_func ("/auth/login/bind-node", test_bind_node);
  g_test_add_func ("/auth/login/named-keys", test_named_keys);
  g_test_add_func ("/auth/login/rate", test_rate);
  g_test_add_func ("/auth/login/bad-setting", test_bad_setting);
  return g_test_run ();
}
