// SPDX-License-Identifier: Apache-2.0
/* The test host keeps what it promises to tests. */
#include "bowline-testing.h"

#include <string.h>

static guint closed_calls;

static void
echo (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  bowline_websocket_send (socket, type, message);
}

static void
closed (BowlineWebSocket *socket, guint32 code, const char *reason, gpointer user_data)
{
  closed_calls++;
}

static void
opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  const BowlineSocketHandler handler = { .struct_size = sizeof handler, .message = echo, .closed = closed };

  if (bowline_http_request_get_query (request, "take") != NULL)
    bowline_websocket_set_handler (socket, &handler, NULL);
}

static void
request (BowlineHttpRequest *http, gpointer user_data)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("hello", 5);

  bowline_http_request_add_header (http, "X-Test", bowline_http_request_get_path (http));
  bowline_http_request_respond (http, 200, "text/plain", body);
}

static void
test_http (void)
{
  g_autoptr (BlTestHost) test = bl_test_host_new ("hello");
  const BowlineEndpoint endpoint
      = { .struct_size = sizeof endpoint, .path = "/hello", .request = request, .opened = opened };
  const char *const query[] = { "take", "1", NULL };
  const BlTestRequest plain = { .path = "/hello" }, taken = { .path = "/hello", .query = query };
  g_autoptr (BowlineHttpRequest) http = NULL;
  g_autoptr (BowlineWebSocket) socket = NULL;
  g_autofree char *text = NULL;

  g_assert_cmpuint (bowline_host_register_endpoint (bl_test_host_get (test), &endpoint, NULL, NULL), !=, 0);
  http = bl_test_host_request (test, &plain);
  g_assert_cmpuint (bl_test_request_get_status (http), ==, 200);
  g_assert_cmpstr (bl_test_request_get_answer_header (http, "x-test"), ==, "/hello");
  g_assert_true (bl_test_request_is_complete (http));
  g_assert_null (bl_test_host_open_socket (test, &plain));
  socket = bl_test_host_open_socket (test, &taken);
  bl_test_socket_receive_text (socket, "ping");
  text = bl_test_socket_dup_sent_text (socket, 0);
  g_assert_cmpstr (text, ==, "ping");
  bowline_websocket_close (socket, 1000, "done");
  bl_test_host_settle ();
  g_assert_cmpuint (closed_calls, ==, 1);
  g_assert_cmpuint (bl_test_socket_get_close_code (socket), ==, 1000);
}

static void
on_topic (const char *topic, GVariant *payload, gpointer user_data)
{
  (*(guint *)user_data)++;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *)user_data = bowline_directory_commit_finish (NULL, result, NULL);
}

static void
test_documents (void)
{
  g_autoptr (BlTestHost) test = bl_test_host_new ("hello");
  BowlineHost *host = bl_test_host_get (test);
  const char *const deletes[] = { "node//a", NULL };
  guint changes = 0;
  gboolean good = TRUE;

  bowline_topic_subscribe (host, "directory.changed", on_topic, &changes);
  bl_test_host_put_document (test, g_variant_new_parsed ("{'_id': <'node//a'>, 'type': <'node'>}"));
  g_assert_cmpuint (bowline_directory_count (host, "node"), ==, 1);
  g_assert_true (bowline_directory_patch (host, "node//a", g_variant_new_parsed ("{'name': <'x'>}")));
  g_assert_false (bowline_directory_patch (host, "node//a", g_variant_new_parsed ("{'name': <'x'>}")));
  bl_test_host_fail_commits (test, TRUE);
  bowline_directory_commit_async (host, NULL, deletes, 0, NULL, keep_result, &good);
  bl_test_host_settle ();
  g_assert_false (good);
  bl_test_host_fail_commits (test, FALSE);
  bowline_directory_commit_async (host, NULL, deletes, 0, NULL, keep_result, &good);
  bl_test_host_settle ();
  g_assert_true (good);
  g_assert_false (bowline_directory_contains (host, "node//a"));
  g_assert_cmpuint (changes, ==, 2);
}

static void
run (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_answer (call, g_variant_new_parsed ("{'value': <int64 1>}"));
}

static void
test_actions (void)
{
  g_autoptr (BlTestHost) test = bl_test_host_new ("hello");
  g_autoptr (BowlinePrincipal) user = bl_test_host_new_user (test, "user//a");
  const BowlineAction row = { .struct_size = sizeof row, .name = "hello", .run = run };
  g_autoptr (GPtrArray) frames = NULL;
  gint64 value = 0;

  g_assert_true (bowline_host_register_actions (bl_test_host_get (test), &row, 1, NULL, NULL));
  frames = bl_test_host_run_action (test, user, "s", g_variant_new_parsed ("{'action': <'hello'>}"));
  g_assert_cmpuint (frames->len, ==, 1);
  g_assert_true (g_variant_lookup (frames->pdata[0], "value", "x", &value));
  bl_test_host_grant (test, "user//a", "node//x", 8);
  g_assert_true (bowline_may (bl_test_host_get (test), user, "node//x", 8));
  g_assert_false (bowline_may (bl_test_host_get (test), user, "node//x", 9));
  g_assert_false (bowline_may_see (bl_test_host_get (test), user, "node//y"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/testing/http", test_http);
  g_test_add_func ("/testing/documents", test_documents);
  g_test_add_func ("/testing/actions", test_actions);
  return g_test_run ();
}
