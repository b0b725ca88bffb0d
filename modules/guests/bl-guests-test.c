// SPDX-License-Identifier: Apache-2.0
/* The pages for people without an account, on the test host; cookies are texts of GVariants here. */
#include "bl-guests-invite.h"
#include "bl-guests-page.h"
#include "bl-guests-words.h"

#include "bowline-testing.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define MESH "mesh//QV31G6chBfMpqBTTeBmRbLuU$hhtxik@M7lneP33kcnml3veUO57fI7b6s2mxVrY"
#define LINK "{'a': <@x 6>, 'pid': <'abc'>}"

static BlTestHost *test;
static gboolean may_share;

static char *
cookie_issue (gpointer self, guint32 purpose, GVariant *object)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (object);

  return g_variant_print (owned, FALSE);
}

static BowlinePrincipal *
cookie_verify (gpointer self, guint32 purpose, const char *text, const char *address, GError **error)
{
  g_assert_cmpuint (purpose, ==, BOWLINE_COOKIE_GUEST);
  return may_share ? bl_test_host_new_user (test, "user//admin") : NULL;
}

static GVariant *
cookie_open (gpointer self, guint32 purpose, const char *text, guint32 minutes, GError **error)
{
  GVariant *object = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, error);

  g_assert_cmpuint (purpose, ==, BOWLINE_COOKIE_INVITATION);
  return object;
}

static void
begin (void)
{
  static const BowlineAuth auth = { .struct_size = sizeof auth,
                                    .cookie_issue = cookie_issue,
                                    .cookie_verify = cookie_verify,
                                    .cookie_open = cookie_open };
  g_autoptr (GError) error = NULL;

  test = bl_test_host_new ("guests");
  may_share = TRUE;
  bl_test_host_set_auth (test, &auth, NULL);
  g_assert_true (bl_test_host_activate (test, bowline_plugin_query_1, &error));
  g_assert_no_error (error);
  bl_test_host_put_document (
      test, g_variant_new_parsed ("{'_id': <'node//n'>, 'type': <'node'>, 'name': <'pc'>, 'meshid': <'" MESH
                                  "'>}"));
}

static void
end (void)
{
  bl_test_host_deactivate (test, bowline_plugin_query_1);
  g_clear_pointer (&test, bl_test_host_free);
}

static BowlineHttpRequest *
fetch (const char *method, const char *path, const char *cookie, const char *body)
{
  const char *query[] = { "c", cookie, NULL };
  g_autoptr (GBytes) bytes = body != NULL ? g_bytes_new_static (body, strlen (body)) : NULL;
  const BlTestRequest request
      = { .method = method, .path = path, .query = cookie != NULL ? query : NULL, .body = bytes };

  return bl_test_host_request (test, &request);
}

static GVariant *
visit (const char *cookie, guint32 status)
{
  g_autoptr (BowlineHttpRequest) request = fetch ("GET", "/sharing", cookie, NULL);
  g_autoptr (GBytes) answer = bl_test_request_dup_answer (request);
  gsize size;
  const char *text = g_bytes_get_data (answer, &size);

  g_assert_cmpuint (bl_test_request_get_status (request), ==, status);
  g_assert_cmpstr (bl_test_request_get_answer_header (request, "Cache-Control"), ==, "no-store");
  return bl_json_parse_object (text, size, NULL, BL_JSON_DEFAULT, NULL);
}

static void
put_share (const char *members)
{
  g_autofree char *text = g_strdup_printf (
      "{'_id': <'deviceshare-abc'>, 'type': <'deviceshare'>, 'publicid': <'abc'>, 'nodeid': <'node//n'>,"
      " 'userid': <'user//admin'>, 'guestName': <'Gast'>, 'p': <@x 3>, 'consent': <@x 8>%s}",
      members);

  bl_test_host_put_document (test, g_variant_new_parsed (text));
}

static void
assert_state (const char *cookie, const char *state)
{
  g_autoptr (GVariant) guest = visit (cookie, 404);

  g_assert_cmpstr (bl_variant_get_string (guest, "state"), ==, state);
  g_assert_false (bl_variant_has (guest, "authCookie"));
  g_assert_false (bl_variant_has (guest, "nodeName"));
}

static void
test_states (void)
{
  begin ();
  assert_state (NULL, "invalid");
  assert_state ("nonsense", "invalid");
  assert_state ("{'a': <@x 4>, 'mid': <'" MESH "'>}", "invalid"); /* an invitation is no share */
  assert_state (LINK, "revoked");
  assert_state ("{'a': <@x 6>, 'pid': <'abc'>, 'e': <@x 1000>}", "expired");
  put_share (", 'startTime': <@x 1000>, 'expireTime': <@x 2000>");
  assert_state (LINK, "expired");
  put_share (", 'startTime': <@x 4102444800000>, 'expireTime': <@x 4102444900000>");
  assert_state (LINK, "early");
  put_share ("");
  may_share = FALSE;
  assert_state (LINK, "revoked");
  end ();
}

static void
test_open (void)
{
  g_autoptr (GVariant) guest = NULL;
  const char *cookie;

  begin ();
  put_share (", 'viewOnly': <true>");
  guest = visit (LINK, 200);
  g_assert_cmpstr (bl_variant_get_string (guest, "state"), ==, "open");
  g_assert_cmpstr (bl_variant_get_string (guest, "name"), ==, "Gast");
  g_assert_cmpstr (bl_variant_get_string (guest, "nodeName"), ==, "pc");
  g_assert_cmpint (bl_variant_get_int (guest, "protocols", 0), ==, 3);
  g_assert_true (bl_variant_get_bool (guest, "viewOnly", FALSE));
  g_assert_false (bl_variant_has (guest, "expire"));
  cookie = bl_variant_get_string (guest, "authCookie");
  g_assert_nonnull (strstr (cookie, "'nid': <'node//n'>"));
  g_assert_nonnull (strstr (cookie, "'expire': <int64 720>"));
  end ();
}

static guint32
status_of (const char *method, const char *path, const char *cookie, const char *body)
{
  g_autoptr (BowlineHttpRequest) request = fetch (method, path, cookie, body);

  return bl_test_request_get_status (request);
}

static void
test_invitation (void)
{
  const char *cookie = "{'a': <@x 4>, 'mid': <'" MESH "'>, 'f': <@x 0>}";

  begin ();
  g_assert_cmpuint (status_of ("GET", "/agentinvite", NULL, NULL), ==, 404);
  g_assert_cmpuint (status_of ("GET", "/agentinvite", cookie, NULL), ==, 404); /* no such group */
  bl_test_host_put_document (
      test,
      g_variant_new_parsed ("{'_id': <'" MESH "'>, 'type': <'mesh'>, 'name': <'Lab'>, 'mtype': <@x 2>}"));
  g_assert_cmpuint (status_of ("GET", "/agentinvite", cookie, NULL), ==, 200);
  g_assert_cmpuint (status_of ("GET", "/agentinvite", LINK, NULL), ==, 404); /* a share is no invitation */
  g_assert_cmpuint (status_of ("GET", "/invite.css", NULL, NULL), ==, 200);
  end ();
}

static void
test_codes (void)
{
  begin ();
  g_assert_cmpuint (status_of ("GET", "/invite", NULL, NULL), ==, 404);
  bl_test_host_put_document (test,
                             g_variant_new_parsed ("{'_id': <'" MESH "'>, 'type': <'mesh'>, 'mtype': <@x 2>,"
                                                   " 'invite': <{'codes': <[<'a b'>]>, 'flags': <@x 2>}>}"));
  g_assert_cmpuint (status_of ("GET", "/invite", NULL, NULL), ==, 200);
  g_assert_cmpuint (status_of ("POST", "/invite", NULL, "inviteCode=a+b"), ==, 302);
  for (guint i = 1; i < BL_GUESTS_TRIES; i++)
    g_assert_cmpuint (status_of ("POST", "/invite", NULL, "inviteCode=no"), ==, 200);
  g_assert_cmpuint (status_of ("POST", "/invite", NULL, "inviteCode=a+b"), ==, 429);
  end ();
}

static void
test_page_escapes (void)
{
  const BlGuestsWay ways[] = { { "<a>", "n & n", "echo '<'", "/x?a=1&b=\"2\"" }, { NULL, NULL, NULL, NULL } };
  g_autoptr (GBytes) page = bl_guests_page_invitation ("en", "<script>\"", ways);
  g_autofree char *text = g_strndup (g_bytes_get_data (page, NULL), g_bytes_get_size (page));

  g_assert_null (strstr (text, "<script"));
  g_assert_null (strstr (text, "<a>"));
  g_assert_nonnull (strstr (text, "href=\"/x?a=1&amp;b=&quot;2&quot;\""));
}

static void
test_languages (void)
{
  static const struct
  {
    const char *accept;
    const char *language;
  } cases[] = {
    { NULL, "en" }, { "", "en" }, { "de", "de" }, { "de-AT,de;q=0.9,en;q=0.5", "de" }, { "en-GB,de;q=0.9", "en" },
    { "fr, de;q=0.3", "de" }, { "fr", "en" }, { "DE-de", "de" }, { "den", "en" }, { "de;q=0", "en" },
    { "en;q=0.2, de ; q=0.250", "de" }, { "de;q=x", "en" }, { ",,;q=1,", "en" },
  };
  const BlGuestsWay ways[] = { { "Linux", "This code is not valid.", NULL, "/x" }, { NULL, NULL, NULL, NULL } };
  g_autoptr (GBytes) page = bl_guests_page_invitation ("de", "%s <b>", ways);
  g_autofree char *text = g_strndup (g_bytes_get_data (page, NULL), g_bytes_get_size (page));
  g_autofree char *many = g_strnfill (BL_GUESTS_MAX_ACCEPT + 1, ',');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (bl_guests_language (cases[i].accept), ==, cases[i].language);
  memcpy (many, "de", 2);
  g_assert_cmpstr (bl_guests_language (many), ==, "en");
  g_assert_nonnull (strstr (text, "lang=\"de\""));
  g_assert_nonnull (strstr (text, "%s &lt;b&gt;"));
  g_assert_nonnull (strstr (text, "Herunterladen"));
  g_assert_nonnull (strstr (text, "Dieser Code ist ung\xc3\xbcltig."));
  g_assert_cmpstr (bl_guests_say ("de", "unknown"), ==, "unknown");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guests/states", test_states);
  g_test_add_func ("/guests/open", test_open);
  g_test_add_func ("/guests/invitation", test_invitation);
  g_test_add_func ("/guests/codes", test_codes);
  g_test_add_func ("/guests/page-escapes", test_page_escapes);
  g_test_add_func ("/guests/languages", test_languages);
  return g_test_run ();
}
