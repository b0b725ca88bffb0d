// SPDX-License-Identifier: Apache-2.0
#include "testing/bl-front-fixture.h"

#include "bl-host.h"

#include <string.h>

/* ---- endpoints ----------------------------------------------------------------------------------------------------- */

static void
hello_request (BowlineHttpRequest *request, gpointer user_data)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("hello\n", 6);
  bowline_http_request_respond (request, 200, "text/plain", body);
}

/* Tells what the module sees: address, host, secure, cookie, length of the body. */
static void
mirror_request (BowlineHttpRequest *request, gpointer user_data)
{
  const char *cookie = bowline_http_request_get_cookie (request, BL_FRONT_SESSION_COOKIE);
  const char *q = bowline_http_request_get_query (request, "q");
  g_autofree char *text = g_strdup_printf (
      "address=%s host=%s secure=%d cookie=%s q=%s body=%" G_GSIZE_FORMAT " hash=%" G_GSIZE_FORMAT "\n",
      bowline_http_request_get_address (request), bowline_http_request_get_host (request),
      bowline_http_request_is_secure (request), cookie != NULL ? cookie : "-", q != NULL ? q : "-",
      g_bytes_get_size (bowline_http_request_get_body (request)),
      g_bytes_get_size (bowline_http_request_get_certificate_hash (request)));
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  bowline_http_request_respond (request, 200, "text/plain", body);
}

static void
hash_request (BowlineHttpRequest *request, gpointer user_data)
{
  GBytes *hash = bowline_http_request_get_certificate_hash (request);
  g_autoptr (GString) hex = g_string_new (NULL);
  for (gsize i = 0; i < g_bytes_get_size (hash); i++)
    g_string_append_printf (hex, "%02x", ((const guint8 *) g_bytes_get_data (hash, NULL))[i]);
  g_autoptr (GBytes) body = g_bytes_new (hex->str, hex->len);
  bowline_http_request_respond (request, 200, "text/plain", body);
}

static void
headers_request (BowlineHttpRequest *request, gpointer user_data)
{
  bowline_http_request_add_header (request, "X-Frame-Options", "DENY");
  bowline_http_request_add_header (request, "X-Good", "yes");
  bowline_http_request_add_header (request, "Set-Cookie", "a=b\r\nEvil: 1");
  bowline_http_request_respond (request, 200, "text/plain", NULL);
}

static void
drop_request (BowlineHttpRequest *request, gpointer user_data)
{
}

static void
late_request (BowlineHttpRequest *request, gpointer user_data)
{
  BlFrontFixture *self = user_data;
  g_assert_null (self->late);
  self->late = bowline_http_request_ref (request);
}

#define STREAM_PIECE 65536

typedef struct
{
  BlFrontFixture *fixture;
  gint64 left;
} Stream;

static void
stream_more (BowlineHttpRequest *request, gpointer user_data)
{
  Stream *stream = user_data;
  g_autofree guint8 *piece = g_malloc0 (STREAM_PIECE);
  while (stream->left > 0)
    {
      const gsize n = (gsize) MIN (stream->left, STREAM_PIECE);
      g_autoptr (GBytes) bytes = g_bytes_new (piece, n);
      stream->left -= (gint64) n;
      if (!bowline_http_request_write (request, bytes))
        return;
    }
  bowline_http_request_end (request, TRUE);
  g_free (stream);
  bowline_http_request_unref (request);
}

static void
stream_gone (BowlineHttpRequest *request, gpointer user_data)
{
  Stream *stream = user_data;
  stream->fixture->gone++;
  g_free (stream);
  bowline_http_request_unref (request);
}

static void
stream_request (BowlineHttpRequest *request, gpointer user_data)
{
  const char *size = bowline_http_request_get_query (request, "size");
  Stream *stream = g_new0 (Stream, 1);
  stream->fixture = user_data;
  stream->left = g_ascii_strtoll (size, NULL, 10);
  bowline_http_request_ref (request);
  bowline_http_request_begin (request, 200, "application/octet-stream", stream->left, stream_more, stream_gone, stream);
  stream_more (request, stream);
}

static void
note_closed (BowlineWebSocket *socket, guint32 code, const char *reason, gpointer user_data)
{
  BlFrontFixture *self = user_data;
  self->closed++;
  if (self->n_close_codes < G_N_ELEMENTS (self->close_codes))
    self->close_codes[self->n_close_codes++] = code;
  g_free (self->close_reason);
  self->close_reason = g_strdup (reason);
  if (self->waiting == socket)
    self->waiting = NULL;
  g_ptr_array_remove_fast (self->sockets, socket);
}

static void
echo_message (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  BlFrontFixture *self = user_data;
  self->messages++;
  bowline_websocket_send (socket, type, message);
}

static void
slow_message (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  BlFrontFixture *self = user_data;
  self->messages++;
  g_usleep (self->slow_us);
}

static void
hold_message (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
  BlFrontFixture *self = user_data;
  self->messages++;
}

static void
open_with (BowlineWebSocket *socket,
           void (*message) (BowlineWebSocket *, guint32, GBytes *, gpointer),
           BlFrontFixture *self)
{
  const BowlineSocketHandler handler
      = { .struct_size = sizeof handler, .message = message, .closed = note_closed };
  self->opened++;
  g_ptr_array_add (self->sockets, socket);
  bowline_websocket_set_handler (socket, &handler, self);
}

static void
echo_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  open_with (socket, echo_message, user_data);
}

static void
slow_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  open_with (socket, slow_message, user_data);
}

static void
hold_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  open_with (socket, hold_message, user_data);
}

static void
pair_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  BlFrontFixture *self = user_data;
  g_autoptr (GError) error = NULL;

  open_with (socket, hold_message, self);
  if (self->waiting == NULL)
    {
      self->waiting = socket;
      bowline_websocket_pause (socket);
      return;
    }
  BowlineWebSocket *other = g_steal_pointer (&self->waiting);
  bowline_websocket_send_text (other, "c");
  bowline_websocket_send_text (socket, "c");
  bowline_websocket_join (other, socket, &error);
  g_assert_no_error (error);
}

static void
unhandled_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
}

static void
register_endpoints (BlFrontFixture *self)
{
  const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof (BowlineEndpoint), .path = "/hello", .request = hello_request,
      .flags = BOWLINE_ENDPOINT_REDIRECT_PORT },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/mirror", .methods = "GET,POST", .max_body = 1000,
      .flags = BOWLINE_ENDPOINT_COOKIE, .request = mirror_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/headers", .request = headers_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/hash", .request = hash_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/drop", .request = drop_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/late", .request = late_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/stream", .request = stream_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/health.ashx", .flags = BOWLINE_ENDPOINT_ANY_HOST,
      .request = hello_request },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/echo.ws", .flags = BOWLINE_ENDPOINT_COOKIE,
      .max_message = 4 * 1024 * 1024, .opened = echo_opened },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/hold.ws", .max_message = 1000, .max_queued = 1024 * 1024,
      .opened = hold_opened },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/slow.ws", .max_message = 1024 * 1024, .opened = slow_opened },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/device.ws",
      .flags = BOWLINE_ENDPOINT_DEVICE | BOWLINE_ENDPOINT_ANY_HOST, .opened = hold_opened },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/pair.ws", .affinity_query = "id", .opened = pair_opened },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/unhandled.ws", .opened = unhandled_opened },
  };
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    {
      bowline_host_register_endpoint (self->host, &endpoints[i], self, &error);
      g_assert_no_error (error);
    }
}

/* ---- the fixture --------------------------------------------------------------------------------------------------- */

BlFrontFixture *
bl_front_fixture_new (void (*tune) (BlFrontOptions *options))
{
  static const char *const loopback[] = { "127.0.0.1", NULL };
  BlFrontFixture *self = g_new0 (BlFrontFixture, 1);
  BlFrontOptions options;
  g_autoptr (GError) error = NULL;

  bl_front_options_init (&options);
  options.bind = loopback;
  options.any_port = TRUE;
  options.name = "server.example";
  options.io_threads = 2;
  if (tune != NULL)
    tune (&options);
  self->sockets = g_ptr_array_new ();
  self->front = bl_http_front_new (&options, &error);
  g_assert_no_error (error);
  bl_http_front_install (self->front);
  self->host = bl_host_get ("fixture");
  register_endpoints (self);
  self->credentials = bl_front_client_make_credentials ();
  bl_http_front_set_credentials (self->front, self->credentials);
  bl_http_front_start (self->front, &error);
  g_assert_no_error (error);
  self->port = bl_http_front_get_port (self->front);
  g_snprintf (self->authority, sizeof self->authority, "localhost:%u", self->port);
  return self;
}

void
bl_front_fixture_free (BlFrontFixture *self)
{
  bl_http_front_free (self->front);
  g_assert_cmpuint (self->opened, ==, self->closed);
  if (self->late != NULL)
    bowline_http_request_unref (self->late);
  bl_tls_credentials_unref (self->credentials);
  g_ptr_array_unref (self->sockets);
  g_free (self->close_reason);
  g_free (self);
}

typedef struct
{
  BlFrontFixture *fixture;
  void (*func) (BlFrontFixture *fixture);
  gint done;
} Run;

static gpointer
run_thread (gpointer data)
{
  Run *run = data;
  run->func (run->fixture);
  g_atomic_int_set (&run->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

void
bl_front_fixture_run (BlFrontFixture *self, void (*func) (BlFrontFixture *fixture))
{
  Run run = { self, func, FALSE };
  GThread *thread = g_thread_new ("client", run_thread, &run);
  while (!g_atomic_int_get (&run.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
bl_front_fixture_wait (BlFrontFixture *self, gboolean (*done) (BlFrontFixture *fixture), guint seconds)
{
  const gint64 end_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  const guint id = g_timeout_add (20, wake_cb, NULL);
  while (!done (self))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end_us);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (id);
}

static gboolean
call_cb (gpointer data)
{
  Run *run = data;
  run->func (run->fixture);
  g_atomic_int_set (&run->done, TRUE);
  return G_SOURCE_REMOVE;
}

void
bl_front_fixture_call (BlFrontFixture *self, void (*func) (BlFrontFixture *fixture))
{
  Run run = { self, func, FALSE };
  g_idle_add_full (G_PRIORITY_DEFAULT, call_cb, &run, NULL);
  while (!g_atomic_int_get (&run.done))
    g_usleep (1000);
}

typedef struct
{
  BlFrontFixture *fixture;
  gboolean (*func) (BlFrontFixture *fixture);
  gboolean result;
  gint done;
} Ask;

static gboolean
ask_cb (gpointer data)
{
  Ask *ask = data;
  ask->result = ask->func (ask->fixture);
  g_atomic_int_set (&ask->done, TRUE);
  return G_SOURCE_REMOVE;
}

void
bl_front_fixture_await (BlFrontFixture *self, gboolean (*done) (BlFrontFixture *fixture), guint seconds)
{
  const gint64 end_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  for (;;)
    {
      Ask ask = { self, done, FALSE, FALSE };
      g_idle_add_full (G_PRIORITY_DEFAULT, ask_cb, &ask, NULL);
      while (!g_atomic_int_get (&ask.done))
        g_usleep (1000);
      if (ask.result)
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, end_us);
      g_usleep (10000);
    }
}

gint64
bl_front_fixture_get_status (BlFrontFixture *self, const char *name)
{
  g_autoptr (GVariant) status = bl_http_front_dup_status (self->front);
  gint64 value = -1;
  g_assert_true (g_variant_lookup (status, name, "x", &value));
  return value;
}
