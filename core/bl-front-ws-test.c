// SPDX-License-Identifier: Apache-2.0
/* WebSockets over real sockets: messages, limits, back-pressure, closing, pairs. */
#include "bl-host.h"
#include "bl-ws-socket.h"
#include "testing/bl-front-fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static BlFrontClient *
open_socket (BlFrontFixture *fixture, const char *target)
{
  BlFrontClient *client = bl_front_client_new (fixture->port, NULL);
  g_assert_nonnull (client);
  g_assert_cmpuint (bl_front_client_upgrade (client, fixture->authority, target, NULL), ==, 101);
  return client;
}

static void
assert_payload (GBytes *payload, gconstpointer data, gsize size)
{
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), data, size);
}

static void
assert_receives (BlFrontClient *client, int opcode, gconstpointer data, gsize size)
{
  g_autoptr (GBytes) payload = NULL;
  g_assert_cmpint (bl_front_client_receive (client, &payload, NULL), ==, opcode);
  assert_payload (payload, data, size);
}

static void
assert_closes (BlFrontClient *client, guint code)
{
  guint found = 0;
  g_assert_cmpint (bl_front_client_receive (client, NULL, &found), ==, BL_WS_CLOSE);
  g_assert_cmpuint (found, ==, code);
}

static void
send_close (BlFrontClient *client, guint code)
{
  const guint8 payload[2] = { (guint8) (code >> 8), (guint8) code };
  bl_front_client_send_frame (client, BL_WS_CLOSE, TRUE, payload, code != 0 ? 2 : 0);
}

static guint wanted;

static gboolean
closed_enough (BlFrontFixture *fixture)
{
  return fixture->closed >= wanted;
}

static void
await_closed (BlFrontFixture *fixture, guint n)
{
  wanted = n;
  bl_front_fixture_await (fixture, closed_enough, 15);
}

static void
run (void (*tune) (BlFrontOptions *options), void (*client) (BlFrontFixture *fixture))
{
  BlFrontFixture *fixture = bl_front_fixture_new (tune);
  bl_front_fixture_run (fixture, client);
  bl_front_fixture_free (fixture);
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void
client_echo (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = open_socket (fixture, "/echo.ws");
  const gsize size = 3 * 1024 * 1024 + 17;
  g_autofree guint8 *big = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    big[i] = (guint8) (i * 7 + i / 251);
  bl_front_client_send_frame (client, BL_WS_TEXT, TRUE, "grüße", strlen ("grüße"));
  assert_receives (client, BL_WS_TEXT, "grüße", strlen ("grüße"));
  bl_front_client_send_frame (client, BL_WS_BINARY, TRUE, NULL, 0);
  assert_receives (client, BL_WS_BINARY, "", 0);
  bl_front_client_send_frame (client, BL_WS_BINARY, TRUE, big, size);
  assert_receives (client, BL_WS_BINARY, big, size);

  bl_front_client_send_frame (client, BL_WS_TEXT, FALSE, "one ", 4);
  bl_front_client_send_frame (client, BL_WS_PING, TRUE, "between", 7);
  bl_front_client_send_frame (client, BL_WS_CONTINUATION, FALSE, "two ", 4);
  bl_front_client_send_frame (client, BL_WS_CONTINUATION, TRUE, "three", 5);
  assert_receives (client, BL_WS_PONG, "between", 7);
  assert_receives (client, BL_WS_TEXT, "one two three", 13);

  send_close (client, 4000);
  assert_closes (client, 4000);
  g_assert_cmpint (bl_front_client_read (client, big, size), ==, 0);
  await_closed (fixture, 1);
  g_assert_cmpuint (fixture->close_codes[0], ==, 4000);
}

static void
client_pipelined (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  static const guint8 frame[] = { 0x81, 0x82, 0, 0, 0, 0, 'h', 'i' };
  g_autofree char *head = g_strdup_printf ("GET /echo.ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                                           "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                                           "Sec-WebSocket-Version: 13\r\n\r\n", fixture->authority);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autofree char *answer = NULL;

  /* the first frame in the same record as the request */
  g_byte_array_append (all, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_append (all, frame, sizeof frame);
  bl_front_client_send (client, all->data, all->len);
  g_assert_cmpuint (bl_front_client_ask (client, NULL, &answer, NULL), ==, 101);
  g_assert_nonnull (strstr (answer, "Sec-WebSocket-Accept: "));
  g_assert_null (strstr (answer, "Content-Security-Policy"));
  bl_ws_parser_init (&client->parser, BL_WS_CLIENT, 1000);
  client->websocket = TRUE;
  assert_receives (client, BL_WS_TEXT, "hi", 2);
}

static void
client_limits (BlFrontFixture *fixture)
{
  g_autofree guint8 *bytes = g_malloc0 (2000);
  static const guint8 unmasked[] = { 0x81, 0x02, 'h', 'i' };
  static const guint8 huge[] = { 0x82, 0xff, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4 };
  g_autoptr (BlFrontClient) one = open_socket (fixture, "/hold.ws");
  g_autoptr (BlFrontClient) fragments = open_socket (fixture, "/hold.ws");
  g_autoptr (BlFrontClient) plain = open_socket (fixture, "/hold.ws");
  g_autoptr (BlFrontClient) text = open_socket (fixture, "/hold.ws");
  g_autoptr (BlFrontClient) length = open_socket (fixture, "/hold.ws");

  bl_front_client_send_frame (one, BL_WS_BINARY, TRUE, bytes, 1001);
  assert_closes (one, 1009);
  bl_front_client_send_frame (fragments, BL_WS_BINARY, FALSE, bytes, 600);
  bl_front_client_send_frame (fragments, BL_WS_CONTINUATION, FALSE, bytes, 600);
  assert_closes (fragments, 1009);
  bl_front_client_send (plain, unmasked, sizeof unmasked);
  assert_closes (plain, 1002);
  bl_front_client_send_frame (text, BL_WS_TEXT, TRUE, "\xff\xfe", 2);
  assert_closes (text, 1007);
  bl_front_client_send (length, huge, sizeof huge);
  assert_closes (length, 1009);
  await_closed (fixture, 5);

  g_autoptr (BlFrontClient) unhandled = open_socket (fixture, "/unhandled.ws");
  g_assert_cmpint (bl_front_client_receive (unhandled, NULL, NULL), ==, -1);
}

/* ---- a client that does not read ----------------------------------------------------------------------------------- */

static void
push_much (BlFrontFixture *fixture)
{
  g_autoptr (GBytes) message = g_bytes_new_take (g_malloc0 (65536), 65536);
  gsize queued = 0;
  for (guint i = 0; i < 1000 && fixture->sockets->len > 0 && queued <= 1024 * 1024; i++)
    queued = bowline_websocket_send (g_ptr_array_index (fixture->sockets, 0), BOWLINE_MESSAGE_BINARY, message);
}

static gboolean
push_until_closed (BlFrontFixture *fixture)
{
  push_much (fixture);
  return fixture->closed == 1;
}

static void
client_does_not_read (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = open_socket (fixture, "/hold.ws");
  bl_front_fixture_await (fixture, push_until_closed, 20);
  g_assert_cmpuint (fixture->close_codes[0], ==, 1013);
}

/* ---- a handler that is slower than its client ---------------------------------------------------------------------- */

static gsize most_pending;
static gint flood_done;

static gpointer
flood (gpointer data)
{
  BlFrontClient *client = data;
  g_autofree guint8 *bytes = g_malloc0 (100 * 1024);
  for (guint i = 0; i < 200; i++)
    g_assert_true (bl_front_client_send_frame (client, BL_WS_BINARY, TRUE, bytes, 100 * 1024));
  g_atomic_int_set (&flood_done, TRUE);
  return NULL;
}

static gboolean
slow_got_all (BlFrontFixture *fixture)
{
  if (fixture->sockets->len > 0)
    {
      BowlineWebSocket *socket = g_ptr_array_index (fixture->sockets, 0);
      most_pending = MAX (most_pending, (gsize) g_atomic_pointer_get (&socket->pending_main));
    }
  return fixture->messages == 200;
}

static void
client_floods (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = open_socket (fixture, "/slow.ws");
  GThread *thread = g_thread_new ("flood", flood, client);
  bl_front_fixture_await (fixture, slow_got_all, 30);
  g_thread_join (thread);
  /* 20 MB went through; what waited was the limit and what one round of reading adds */
  g_assert_cmpuint (most_pending, <=, BL_WS_MAX_PENDING_MAIN + 200 * 1024);
}

/* ---- closing ------------------------------------------------------------------------------------------------------- */

static void
close_first (BlFrontFixture *fixture)
{
  bowline_websocket_send_text (g_ptr_array_index (fixture->sockets, 0), "last words");
  bowline_websocket_close (g_ptr_array_index (fixture->sockets, 0), 4001, "enough");
  bowline_websocket_send_text (g_ptr_array_index (fixture->sockets, 0), "too late");
}

static void
client_closing (BlFrontFixture *fixture)
{
  BlFrontClient *left = open_socket (fixture, "/hold.ws");
  bl_front_client_free (left);
  await_closed (fixture, 1);
  g_assert_cmpuint (fixture->close_codes[0], ==, 1006);

  g_autoptr (BlFrontClient) client = open_socket (fixture, "/hold.ws");
  g_autoptr (GBytes) reason = NULL;
  guint code = 0;
  bl_front_fixture_call (fixture, close_first);
  assert_receives (client, BL_WS_TEXT, "last words", 10);
  g_assert_cmpint (bl_front_client_receive (client, &reason, &code), ==, BL_WS_CLOSE);
  g_assert_cmpuint (code, ==, 4001);
  assert_payload (reason, "enough", 6);
  send_close (client, 4001);
  await_closed (fixture, 2);
  g_assert_cmpuint (fixture->close_codes[1], ==, 4001);

  /* one that never answers our close frame is gone within the limit */
  g_autoptr (BlFrontClient) mute = open_socket (fixture, "/hold.ws");
  bl_front_fixture_call (fixture, close_first);
  await_closed (fixture, 3);
  g_assert_cmpuint (fixture->close_codes[2], ==, 1006);
}

static void
release_fixture (BlFrontFixture *fixture)
{
  bl_host_release (fixture->host);
}

static gboolean
no_sockets (BlFrontFixture *fixture)
{
  return bl_front_fixture_get_status (fixture, "websockets") == 0;
}

/* A module that stops: its sockets are closed, its paths are gone, and it is not called any more. */
static void
client_released (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = open_socket (fixture, "/echo.ws");
  bl_front_fixture_call (fixture, release_fixture);
  assert_closes (client, 1001);
  send_close (client, 1001);
  bl_front_fixture_await (fixture, no_sockets, 10);
  g_assert_cmpuint (fixture->closed, ==, 0);
  g_autoptr (BlFrontClient) again = bl_front_client_new (fixture->port, NULL);
  g_assert_cmpuint (bl_front_client_upgrade (again, fixture->authority, "/echo.ws", NULL), ==, 404);
  fixture->closed = fixture->opened;
}

static void
set_idle (BlFrontFixture *fixture)
{
  for (guint i = 0; i < fixture->sockets->len; i++)
    bowline_websocket_set_idle_timeout (g_ptr_array_index (fixture->sockets, i), 2);
}

static void
client_idle (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) silent = open_socket (fixture, "/hold.ws");
  bl_front_fixture_call (fixture, set_idle);
  g_assert_cmpint (bl_front_client_receive (silent, NULL, NULL), ==, BL_WS_PING);
  g_assert_cmpint (bl_front_client_receive (silent, NULL, NULL), ==, -1);
  await_closed (fixture, 1);
}

/* ---- the gate ------------------------------------------------------------------------------------------------------ */

static GPtrArray *paths;

static void
note_path (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data)
{
  if (endpoint->opened != NULL)
    g_ptr_array_add (paths, g_strdup (endpoint->path));
}

static void
collect_paths (BlFrontFixture *fixture)
{
  bl_http_front_foreach_endpoint (fixture->front, note_path, NULL);
}

static guint
try_origin (BlFrontFixture *fixture, const char *host, const char *path, const char *origin)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  g_autofree char *header = g_strdup_printf ("Origin: %s\r\nCookie: __Host-bowline=x\r\n", origin);
  return bl_front_client_upgrade (client, host, path, header);
}

static void
client_foreign_origin (BlFrontFixture *fixture)
{
  g_autofree char *other_port = g_strdup_printf ("https://localhost:%u", fixture->port ^ 1u);
  g_autofree char *plain = g_strdup_printf ("http://%s", fixture->authority);
  g_autofree char *own = g_strdup_printf ("https://%s", fixture->authority);
  g_autofree char *suffix = g_strdup_printf ("https://%s.evil.example", fixture->authority);
  const char *const origins[] = { "https://evil.example", "null", "", other_port, plain, suffix, "https://", "file://" };

  paths = g_ptr_array_new_with_free_func (g_free);
  bl_front_fixture_call (fixture, collect_paths);
  g_assert_cmpuint (paths->len, >=, 6);
  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = g_ptr_array_index (paths, i);
      for (guint j = 0; j < G_N_ELEMENTS (origins); j++)
        g_assert_cmpuint (try_origin (fixture, fixture->authority, path, origins[j]), ==, 403);
      /* a name the attacker controls, pointing at us */
      const gboolean device = strcmp (path, "/device.ws") == 0;
      g_assert_cmpuint (try_origin (fixture, "evil.example", path, "https://evil.example"), ==, device ? 403 : 421);
      g_assert_cmpuint (try_origin (fixture, fixture->authority, path, own), ==, device ? 403 : 101);
    }
  g_ptr_array_unref (paths);
}

/* ---- pairs --------------------------------------------------------------------------------------------------------- */

static void
make_pair (BlFrontFixture *fixture, BlFrontClient **a, BlFrontClient **b, const char *id)
{
  g_autofree char *target = g_strdup_printf ("/pair.ws?id=%s", id);
  *a = open_socket (fixture, target);
  *b = open_socket (fixture, target);
  assert_receives (*a, BL_WS_TEXT, "c", 1);
  assert_receives (*b, BL_WS_TEXT, "c", 1);
}

static void
inject (BlFrontFixture *fixture)
{
  for (guint i = 0; i < fixture->sockets->len; i++)
    bowline_websocket_send_text (g_ptr_array_index (fixture->sockets, i), "injected");
}

static void
check_pair_stats (BlFrontFixture *fixture)
{
  BowlineSocketStats stats = { .struct_size = sizeof stats };
  bowline_websocket_get_stats (g_ptr_array_index (fixture->sockets, 0), &stats);
  g_assert_cmpuint (stats.bytes_in, ==, 3 + 4 + 4 + 300000);
  g_assert_cmpuint (stats.messages_in, ==, 4);
  bowline_websocket_get_stats (g_ptr_array_index (fixture->sockets, 1), &stats);
  g_assert_cmpuint (stats.bytes_out, ==, 1 + 3 + 4 + 4 + 300000);
}

static void
client_pair (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) a = NULL, b = NULL;
  const gsize size = 300000;
  g_autofree guint8 *big = g_malloc (size);
  guint8 frame[BL_WS_MAX_HEADER];
  static const guint8 mask[4] = { 1, 2, 3, 4 };

  make_pair (fixture, &a, &b, "x");
  bl_front_client_send_frame (a, BL_WS_TEXT, TRUE, "one", 3);
  assert_receives (b, BL_WS_TEXT, "one", 3);
  bl_front_client_send_frame (a, BL_WS_PING, TRUE, "?", 1);
  assert_receives (a, BL_WS_PONG, "?", 1);

  /* a ping and the server's own message between the fragments of a message */
  bl_front_client_send_frame (a, BL_WS_BINARY, FALSE, "two ", 4);
  bl_front_client_send_frame (a, BL_WS_PING, TRUE, "!", 1);
  assert_receives (a, BL_WS_PONG, "!", 1);
  bl_front_fixture_call (fixture, inject);
  assert_receives (a, BL_WS_TEXT, "injected", 8);
  bl_front_client_send_frame (a, BL_WS_CONTINUATION, TRUE, "half", 4);
  assert_receives (b, BL_WS_BINARY, "two half", 8);
  assert_receives (b, BL_WS_TEXT, "injected", 8);

  /* and inside one long frame: first half, message, second half */
  for (gsize i = 0; i < size; i++)
    big[i] = (guint8) (i / 3);
  const gsize header = bl_ws_write_header (frame, BL_WS_BINARY, TRUE, size, mask);
  g_autofree guint8 *masked = g_memdup2 (big, size);
  bl_ws_mask (masked, size, mask, 0);
  bl_front_client_send (a, frame, header);
  bl_front_client_send (a, masked, size / 2);
  bl_front_fixture_call (fixture, inject);
  assert_receives (a, BL_WS_TEXT, "injected", 8);
  bl_front_client_send (a, masked + size / 2, size - size / 2);
  assert_receives (b, BL_WS_BINARY, big, size);
  assert_receives (b, BL_WS_TEXT, "injected", 8);

  bl_front_client_send_frame (b, BL_WS_BINARY, TRUE, "back", 4);
  assert_receives (a, BL_WS_BINARY, "back", 4);
  g_assert_cmpuint (fixture->messages, ==, 0);

  send_close (b, 1000);
  assert_closes (b, 1000);
  assert_closes (a, 1005);
  send_close (a, 0);
  await_closed (fixture, 2);
}

static void
client_pair_stats (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) a = NULL, b = NULL;
  g_autofree guint8 *big = g_malloc0 (300000);
  make_pair (fixture, &a, &b, "y");
  bl_front_client_send_frame (a, BL_WS_TEXT, TRUE, "one", 3);
  bl_front_client_send_frame (a, BL_WS_TEXT, FALSE, "two ", 4);
  bl_front_client_send_frame (a, BL_WS_CONTINUATION, TRUE, "half", 4);
  bl_front_client_send_frame (a, BL_WS_BINARY, TRUE, big, 300000);
  assert_receives (b, BL_WS_TEXT, "one", 3);
  assert_receives (b, BL_WS_TEXT, "two half", 8);
  assert_receives (b, BL_WS_BINARY, big, 300000);
  bl_front_fixture_call (fixture, check_pair_stats);
}

/* One side vanishes in the middle of a frame: there is no place for a close frame, the other side just ends. */
static void
client_pair_broken (BlFrontFixture *fixture)
{
  BlFrontClient *a = NULL;
  g_autoptr (BlFrontClient) b = NULL;
  static const guint8 begun[] = { 0x82, 0x80 | 100, 0, 0, 0, 0, 'x' };
  make_pair (fixture, &a, &b, "z");
  bl_front_client_send (a, begun, sizeof begun);
  bl_front_client_free (a);
  g_assert_cmpint (bl_front_client_receive (b, NULL, NULL), ==, -1);
  await_closed (fixture, 2);

  g_autoptr (BlFrontClient) c = NULL, d = NULL;
  static const guint8 bad[] = { 0xf2, 0x80, 0, 0, 0, 0 };
  make_pair (fixture, &c, &d, "w");
  bl_front_client_send (c, bad, sizeof bad);
  assert_closes (c, 1002);
  assert_closes (d, 1005);
}

/* ---- a reader that stalls ------------------------------------------------------------------------------------------ */

typedef struct
{
  BlFrontClient *client;
  gint sent; /* frames */
} Sender;

#define STALL_FRAMES 4000
#define STALL_FRAME 16384

static gpointer
send_frames (gpointer data)
{
  Sender *sender = data;
  g_autofree guint8 *bytes = g_malloc (STALL_FRAME);
  memset (bytes, 'x', STALL_FRAME);
  for (guint i = 0; i < STALL_FRAMES; i++)
    {
      g_assert_true (bl_front_client_send_frame (sender->client, BL_WS_BINARY, TRUE, bytes, STALL_FRAME));
      g_atomic_int_inc (&sender->sent);
    }
  return NULL;
}

static void
client_stall (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) a = NULL, b = NULL;
  make_pair (fixture, &a, &b, "stall");
  Sender sender = { a, 0 };
  GThread *thread = g_thread_new ("sender", send_frames, &sender);
  gint before = -1;

  /* until the sender stands still: the kernel's buffers are full and the server reads no more */
  const gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  for (guint quiet = 0; quiet < 20 && g_get_monotonic_time () < deadline;)
    {
      const gint now = g_atomic_int_get (&sender.sent);
      quiet = now == before && now > 0 ? quiet + 1 : 0;
      before = now;
      g_usleep (20000);
    }
  g_assert_cmpint (before, <, STALL_FRAMES);
  BowlineWebSocket *to = g_ptr_array_index (fixture->sockets, 1);
  gsize held = 0;
  for (const BlWsOut *out = to->wire.first; out != NULL; out = out->next)
    held += g_bytes_get_size (out->payload);
  g_assert_cmpuint (held, <=, 2 * BL_IO_BUFFER_SIZE);

  /* nothing was lost: the rest arrives once the reader reads */
  for (guint i = 0; i < STALL_FRAMES; i++)
    {
      g_autoptr (GBytes) payload = NULL;
      g_assert_cmpint (bl_front_client_receive (b, &payload, NULL), ==, BL_WS_BINARY);
      g_assert_cmpuint (g_bytes_get_size (payload), ==, STALL_FRAME);
    }
  g_thread_join (thread);
}

/* ---- stopping ------------------------------------------------------------------------------------------------------ */

#define STOP_PAIRS 100

static gboolean stopped;

static void
stop_done (gpointer user_data)
{
  stopped = TRUE;
}

static BlFrontClient *pairs[STOP_PAIRS][2];

static void
client_many_pairs (BlFrontFixture *fixture)
{
  for (guint i = 0; i < STOP_PAIRS; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      make_pair (fixture, &pairs[i][0], &pairs[i][1], id);
    }
}

static gboolean
is_stopped (BlFrontFixture *fixture)
{
  return stopped;
}

static gboolean
all_joined (BlFrontFixture *fixture)
{
  return bl_front_fixture_get_status (fixture, "joined") == 2 * STOP_PAIRS;
}

static void
test_stop (void)
{
  BlFrontFixture *fixture = bl_front_fixture_new (NULL);
  bl_front_fixture_run (fixture, client_many_pairs);
  bl_front_fixture_wait (fixture, all_joined, 10);

  /* the clients do not answer: this is the slow way to stop */
  const gint64 begin_us = g_get_monotonic_time ();
  stopped = FALSE;
  bl_http_front_stop_async (fixture->front, stop_done, NULL);
  bl_front_fixture_wait (fixture, is_stopped, 20);
  g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 5 * G_USEC_PER_SEC);
  g_assert_cmpuint (fixture->closed, ==, 2 * STOP_PAIRS);
  g_assert_cmpint (bl_front_client_dial (fixture->port), ==, -1);
  for (guint i = 0; i < STOP_PAIRS; i++)
    for (guint j = 0; j < 2; j++)
      {
        guint code = 0;
        g_assert_cmpint (bl_front_client_receive (pairs[i][j], NULL, &code), ==, BL_WS_CLOSE);
        g_assert_true (code == 1001 || code == 1005);
        bl_front_client_free (pairs[i][j]);
      }
  bl_front_fixture_free (fixture);
}

#define TEST(name)                                                                                           \
  static void test_##name (void)                                                                             \
  {                                                                                                          \
    run (NULL, client_##name);                                                                               \
  }

TEST (echo)
TEST (pipelined)
TEST (does_not_read)
TEST (closing)
TEST (released)
TEST (idle)
TEST (foreign_origin)
TEST (pair)
TEST (pair_stats)
TEST (pair_broken)
TEST (stall)

static void
test_limits (void)
{
  /* the socket without a handler never told anybody that it closed, nor that it opened */
  run (NULL, client_limits);
}

static void
client_floods_slowly (BlFrontFixture *fixture)
{
  fixture->slow_us = 5000;
  client_floods (fixture);
}

static void
test_flood (void)
{
  run (NULL, client_floods_slowly);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/front/ws/echo", test_echo);
  g_test_add_func ("/front/ws/pipelined", test_pipelined);
  g_test_add_func ("/front/ws/limits", test_limits);
  g_test_add_func ("/front/ws/does-not-read", test_does_not_read);
  g_test_add_func ("/front/ws/flood", test_flood);
  g_test_add_func ("/front/ws/closing", test_closing);
  g_test_add_func ("/front/ws/released", test_released);
  g_test_add_func ("/front/ws/idle", test_idle);
  g_test_add_func ("/front/ws/foreign-origin", test_foreign_origin);
  g_test_add_func ("/front/ws/pair", test_pair);
  g_test_add_func ("/front/ws/pair-stats", test_pair_stats);
  g_test_add_func ("/front/ws/pair-broken", test_pair_broken);
  g_test_add_func ("/front/ws/stall", test_stall);
  g_test_add_func ("/front/ws/stop", test_stop);
  return g_test_run ();
}
