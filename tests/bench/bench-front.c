// SPDX-License-Identifier: Apache-2.0
/*
 * What the front costs: memory of an idle TLS WebSocket and of an idle pair, handshakes and requests per CPU-second, and
 * the relay's CPU per gigabyte and per round trip. The server is a child process, so that only its own memory and CPU
 * count; the client is this one. Usage: bench-front [SCENARIO...]; without one all run. Numbers are decimal.
 */
#include "bl-host.h"
#include "bl-http-front.h"
#include "testing/bl-front-client.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t server_pid;
static guint16 server_port;
static char authority[32];

/* ---- the server ---------------------------------------------------------------------------------------------------- */

static GHashTable *waiting;

static void
on_message (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data)
{
}

static void
on_opened (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  const BowlineSocketHandler handler = { .struct_size = sizeof handler, .message = on_message };
  bowline_websocket_set_handler (socket, &handler, NULL);
}

static void
on_pair (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data)
{
  const char *id = bowline_http_request_get_query (request, "id");
  g_autoptr (GError) error = NULL;

  on_opened (socket, request, NULL);
  BowlineWebSocket *other = g_hash_table_lookup (waiting, id);
  if (other == NULL)
    {
      bowline_websocket_pause (socket);
      g_hash_table_insert (waiting, g_strdup (id), socket);
      return;
    }
  g_hash_table_remove (waiting, id);
  bowline_websocket_send_text (other, "c");
  bowline_websocket_send_text (socket, "c");
  if (!bowline_websocket_join (other, socket, &error))
    g_printerr ("join: %s\n", error->message);
}

static void
on_request (BowlineHttpRequest *request, gpointer user_data)
{
  static GBytes *page;
  if (page == NULL)
    page = g_bytes_new_take (g_strnfill (4096, 'x'), 4096);
  bowline_http_request_respond (request, 200, "text/html", page);
}

static gboolean
on_trim (gpointer user_data)
{
  malloc_trim (0);
  return G_SOURCE_CONTINUE;
}

static void
serve (int report_fd)
{
  static const char *const loopback[] = { "127.0.0.1", NULL };
  const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof (BowlineEndpoint), .path = "/idle.ws", .opened = on_opened },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/pair.ws", .opened = on_pair, .affinity_query = "id" },
    { .struct_size = sizeof (BowlineEndpoint), .path = "/page", .request = on_request },
  };
  g_autoptr (GError) error = NULL;
  BlFrontOptions options;

  bl_front_options_init (&options);
  options.bind = loopback;
  options.any_port = TRUE;
  options.name = "localhost";
  options.io_threads = 1;
  options.idle_timeout = 0;
  BlHttpFront *front = bl_http_front_new (&options, &error);
  g_assert_no_error (error);
  bl_http_front_install (front);
  waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    bowline_host_register_endpoint (bl_host_get ("bench"), &endpoints[i], NULL, &error);
  g_autoptr (BlTlsCredentials) credentials = bl_front_client_make_credentials ();
  bl_http_front_set_credentials (front, credentials);
  bl_http_front_start (front, &error);
  g_assert_no_error (error);
  const guint16 port = bl_http_front_get_port (front);
  g_assert_cmpint (write (report_fd, &port, sizeof port), ==, sizeof port);
  g_timeout_add (200, on_trim, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (loop);
}

static void
start_server (const char *program)
{
  int fds[2];
  char fd_text[16];
  g_assert_cmpint (pipe (fds), ==, 0);
  server_pid = fork ();
  if (server_pid == 0)
    {
      close (fds[0]);
      g_snprintf (fd_text, sizeof fd_text, "%d", fds[1]);
      execl (program, program, "--serve", fd_text, NULL);
      _exit (1);
    }
  close (fds[1]);
  g_assert_cmpint (read (fds[0], &server_port, sizeof server_port), ==, sizeof server_port);
  close (fds[0]);
  g_snprintf (authority, sizeof authority, "localhost:%u", server_port);
}

static void
stop_server (void)
{
  kill (server_pid, SIGTERM);
  waitpid (server_pid, NULL, 0);
}

/* ---- measuring ----------------------------------------------------------------------------------------------------- */

static gint64
read_memory (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", server_pid);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  const char *line = strstr (text, "\nPss:");
  return line != NULL ? g_ascii_strtoll (line + 5, NULL, 10) * 1024 : 0;
}

/* Returns: proportional set size of the server in bytes, once it has not changed for half a second */
static gint64
get_memory (void)
{
  const gint64 give_up_us = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  gint64 value = read_memory (), since_us = g_get_monotonic_time ();

  while (g_get_monotonic_time () < MIN (since_us + G_USEC_PER_SEC / 2, give_up_us))
    {
      poll (NULL, 0, 50);
      const gint64 now = read_memory ();
      if (now == value)
        continue;
      value = now;
      since_us = g_get_monotonic_time ();
    }
  return value;
}

/* Returns: CPU seconds of the server */
static double
get_cpu (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/schedstat", server_pid);
  g_autofree char *task_dir = g_strdup_printf ("/proc/%d/task", server_pid);
  g_autoptr (GDir) dir = g_dir_open (task_dir, 0, NULL);
  const char *task;
  double total = 0;
  while (dir != NULL && (task = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (task_dir, task, "schedstat", NULL);
      g_autofree char *text = NULL;
      if (g_file_get_contents (file, &text, NULL, NULL))
        total += (double) g_ascii_strtoull (text, NULL, 10) / 1e9;
    }
  return total;
}

static BlFrontClient *
open_socket (const char *target)
{
  BlFrontClient *client = bl_front_client_new (server_port, NULL);
  g_assert_nonnull (client);
  g_assert_cmpuint (bl_front_client_upgrade (client, authority, target, NULL), ==, 101);
  return client;
}

static void
open_pair (BlFrontClient **a, BlFrontClient **b, guint number)
{
  g_autofree char *target = g_strdup_printf ("/pair.ws?id=%u", number);
  *a = open_socket (target);
  *b = open_socket (target);
  g_assert_cmpint (bl_front_client_receive (*a, NULL, NULL), ==, BL_WS_TEXT);
  g_assert_cmpint (bl_front_client_receive (*b, NULL, NULL), ==, BL_WS_TEXT);
}

/* ---- scenarios ----------------------------------------------------------------------------------------------------- */

#define IDLE_SOCKETS 1000

static void
bench_idle (void)
{
  static BlFrontClient *clients[IDLE_SOCKETS];
  for (guint i = 0; i < 100; i++)
    clients[i] = open_socket ("/idle.ws");
  const gint64 before = get_memory ();
  for (guint i = 100; i < IDLE_SOCKETS; i++)
    clients[i] = open_socket ("/idle.ws");
  const gint64 after = get_memory ();
  printf ("idle TLS WebSocket: %.1f kB\n", (double) (after - before) / (IDLE_SOCKETS - 100) / 1000);
  for (guint i = 0; i < IDLE_SOCKETS; i++)
    bl_front_client_send_frame (clients[i], BL_WS_TEXT, TRUE, "{\"action\":\"ping\"}", 17);
  const gint64 used = get_memory ();
  printf ("idle TLS WebSocket after a message: %.1f kB\n", (double) (used - before) / (IDLE_SOCKETS - 100) / 1000);
  for (guint i = 0; i < IDLE_SOCKETS; i++)
    bl_front_client_free (clients[i]);
}

static void
bench_pairs (void)
{
  static BlFrontClient *clients[400][2];
  for (guint i = 0; i < 50; i++)
    open_pair (&clients[i][0], &clients[i][1], i);
  const gint64 before = get_memory ();
  const double cpu = get_cpu ();
  for (guint i = 50; i < 400; i++)
    open_pair (&clients[i][0], &clients[i][1], i);
  const double spent = get_cpu () - cpu;
  printf ("pair: set up with %.2f ms CPU, idle %.1f kB\n", spent / 350 * 1000,
          (double) (get_memory () - before) / 350 / 1000);
  for (guint i = 0; i < 400; i++)
    for (guint j = 0; j < 2; j++)
      bl_front_client_free (clients[i][j]);
}

static void
bench_handshakes (void)
{
  static const struct { const char *name, *priority; } kinds[]
      = { { "ECDSA P-256", NULL }, { "RSA-2048", "NORMAL:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256" } };
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      const double cpu = get_cpu ();
      for (guint i = 0; i < 500; i++)
        bl_front_client_free (bl_front_client_new (server_port, kinds[k].priority));
      printf ("full TLS 1.3 handshakes, %s: %.0f per CPU-s\n", kinds[k].name, 500 / (get_cpu () - cpu));
    }
  BlFrontClient *first = bl_front_client_new (server_port, NULL);
  g_autofree char *text = g_strdup_printf ("GET /page HTTP/1.1\r\nHost: %s\r\n\r\n", authority);
  bl_front_client_ask (first, text, NULL, NULL);
  g_autoptr (GBytes) session = bl_front_client_dup_session (first);
  bl_front_client_free (first);
  const double cpu = get_cpu ();
  for (guint i = 0; i < 500; i++)
    bl_front_client_free (bl_front_client_new_resumed (server_port, NULL, NULL, session));
  printf ("resumed TLS 1.3 handshakes: %.0f per CPU-s\n", 500 / (get_cpu () - cpu));
}

static void
bench_requests (void)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (server_port, NULL);
  g_autofree char *text = g_strdup_printf ("GET /page HTTP/1.1\r\nHost: %s\r\n\r\n", authority);
  const double cpu = get_cpu ();
  for (guint i = 0; i < 5000; i++)
    g_assert_cmpuint (bl_front_client_ask (client, text, NULL, NULL), ==, 200);
  printf ("requests of 4 kB on one connection: %.0f per CPU-s\n", 5000 / (get_cpu () - cpu));
}

typedef struct
{
  BlFrontClient *client;
  gsize frame;
  gsize total;
} Transfer;

static gpointer
send_all (gpointer data)
{
  Transfer *transfer = data;
  g_autofree guint8 *bytes = g_malloc0 (transfer->frame);
  for (gsize sent = 0; sent < transfer->total; sent += transfer->frame)
    bl_front_client_send_frame (transfer->client, BL_WS_BINARY, TRUE, bytes, transfer->frame);
  return NULL;
}

static void
relay (guint n_pairs, gsize frame, gsize total)
{
  static guint number = 100000;
  static guint8 buffer[65536];
  BlFrontClient *clients[8][2];
  Transfer transfers[8];
  GThread *threads[8];
  gsize received = 0;

  for (guint i = 0; i < n_pairs; i++)
    open_pair (&clients[i][0], &clients[i][1], number++);
  const double cpu = get_cpu ();
  for (guint i = 0; i < n_pairs; i++)
    {
      transfers[i] = (Transfer){ clients[i][0], frame, total / n_pairs };
      threads[i] = g_thread_new ("send", send_all, &transfers[i]);
    }
  for (guint i = 0; i < n_pairs; i++)
    {
      gsize mine = 0;
      gssize n;
      while (mine < total / n_pairs && (n = bl_front_client_read (clients[i][1], buffer, sizeof buffer)) > 0)
        mine += (gsize) n;
      received += mine;
    }
  const double spent = get_cpu () - cpu;
  if (total > 10000000)
    printf ("relay, %u pair(s), frames of %" G_GSIZE_FORMAT ": %.2f CPU-s/GB\n", n_pairs, frame,
          spent / ((double) received / 1e9));
  for (guint i = 0; i < n_pairs; i++)
    {
      g_thread_join (threads[i]);
      bl_front_client_free (clients[i][0]);
      bl_front_client_free (clients[i][1]);
    }
}

static void
bench_relay (void)
{
  relay (1, 65536, 400000000);
  relay (1, 16384, 400000000);
  relay (8, 16384, 400000000);
  relay (1, 1024, 100000000);
}

static void
bench_round_trip (void)
{
  BlFrontClient *a, *b;
  guint8 payload[64] = { 0 };
  open_pair (&a, &b, 99999);
  const double cpu = get_cpu ();
  for (guint i = 0; i < 5000; i++)
    {
      bl_front_client_send_frame (a, BL_WS_BINARY, TRUE, payload, sizeof payload);
      bl_front_client_receive (b, NULL, NULL);
      bl_front_client_send_frame (b, BL_WS_BINARY, TRUE, payload, sizeof payload);
      bl_front_client_receive (a, NULL, NULL);
    }
  printf ("relay round trip of 64 bytes: %.1f us CPU\n", (get_cpu () - cpu) / 5000 * 1e6);
  bl_front_client_free (a);
  bl_front_client_free (b);
}

static void
bench_stalled (void)
{
  BlFrontClient *a, *b;
  /* the buffers of the thread count for all pairs: fill them first */
  relay (1, 16384, 10000000);
  open_pair (&a, &b, 99998);
  const gint64 before = get_memory ();
  Transfer transfer = { a, 16384, 300000000 };
  GThread *thread = g_thread_new ("send", send_all, &transfer);
  printf ("reader of a pair stalls: server grows by %.0f kB\n", (double) (get_memory () - before) / 1000);
  bl_front_client_free (b);
  g_thread_join (thread);
  bl_front_client_free (a);
}

int
main (int argc, char **argv)
{
  static const struct { const char *name; void (*run) (void); } scenarios[]
      = { { "idle", bench_idle }, { "pairs", bench_pairs }, { "handshakes", bench_handshakes },
          { "requests", bench_requests }, { "relay", bench_relay }, { "round-trip", bench_round_trip },
          { "stalled", bench_stalled } };
  struct rlimit limit;

  signal (SIGPIPE, SIG_IGN);
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if (argc == 3 && strcmp (argv[1], "--serve") == 0)
    {
      serve (atoi (argv[2]));
      return 0;
    }
  setvbuf (stdout, NULL, _IOLBF, 0);
  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      if (argc > 1 && !g_strv_contains ((const char *const *) argv + 1, scenarios[i].name))
        continue;
      start_server ("/proc/self/exe");
      scenarios[i].run ();
      stop_server ();
    }
  return 0;
}
