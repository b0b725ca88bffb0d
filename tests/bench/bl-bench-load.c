// SPDX-License-Identifier: Apache-2.0
/*
 * The load generator. It is driven by lines on standard input and answers each with one line of JSON; run.mjs is who
 * drives it. Usage: bl-bench-load PID PORT SERVER-ID MESH-ID, ids as 96 hex digits; PID is the server's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bl-bench-agents.h"
#include "bl-bench-http.h"
#include "bl-bench-relay.h"
#include "common/bl-ids.h"

#define MAX_LINE 8192
#define MAX_WORDS 8
/* A server that used less than 2 % of a core in this time has nothing left to do. */
#define QUIET_SECONDS 0.3
#define QUIET_NS 6000000
#define SETTLE_SECONDS 15.0

typedef struct
{
  BlBenchWatch input;
  pid_t pid;
  clockid_t clock;
  gint64 mark_ns;
  BlBenchLoop *loop;
  BlBenchFleet *fleet;
  BlBenchRelay *relay;
  char line[MAX_LINE];
  gsize line_len;
  gboolean over;
} Load;

typedef struct
{
  const char *name;
  guint words; /* besides the name */
  void (*run) (Load *load, char **words);
} Command;

static guint
number (const char *word)
{
  return (guint) strtoul (word, NULL, 10);
}

static gint64
cpu_ns (Load *load)
{
  struct timespec now = { 0 };

  if (clock_gettime (load->clock, &now) < 0)
    return 0;
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
run_mark (Load *load, char **words)
{
  load->mark_ns = cpu_ns (load);
  puts ("{}");
}

/* Until the server is quiet: what it does afterwards because of the load belongs to the load. The quiet time itself is
 * not counted. */
static void
run_settle (Load *load, char **words)
{
  gint64 end = g_get_monotonic_time () + (gint64) (SETTLE_SECONDS * G_USEC_PER_SEC);
  gint64 before, after = cpu_ns (load);

  do
    {
      before = after;
      bl_bench_loop_for (load->loop, QUIET_SECONDS);
      after = cpu_ns (load);
    }
  while (after - before > QUIET_NS && g_get_monotonic_time () < end);
  printf ("{\"cpu_ns\":%" G_GINT64_FORMAT "}\n", before - load->mark_ns);
}

static void
run_connect (Load *load, char **words)
{
  BlBenchConnect options = {
    .first = number (words[0]),
    .count = number (words[1]),
    .parallel = number (words[2]),
    .known = strchr (words[3], 'k') != NULL,
    .resume = strchr (words[3], 'r') != NULL,
    .keep_ticket = strchr (words[3], 't') != NULL,
    .seconds = 600,
  };
  BlBenchConnected result;

  bl_bench_fleet_connect (load->fleet, &options, &result);
  printf ("{\"connected\":%u,\"resumed\":%u,\"failed\":%u,\"problem\":\"%s\"}\n", result.connected, result.resumed,
          result.failed, result.problem != NULL ? result.problem : "");
  g_free (result.problem);
}

static void
run_drop (Load *load, char **words)
{
  bl_bench_fleet_drop (load->fleet, number (words[0]), number (words[1]));
  puts ("{}");
}

static void
run_ping (Load *load, char **words)
{
  guint pongs = bl_bench_fleet_ping (load->fleet, g_ascii_strtod (words[0], NULL));

  printf ("{\"pongs\":%u}\n", pongs);
}

static void
run_node (Load *load, char **words)
{
  const char *id = bl_bench_fleet_get_node_id (load->fleet, number (words[0]));

  printf ("{\"id\":\"%s\",\"connected\":%u}\n", id != NULL ? id : "", bl_bench_fleet_get_connected (load->fleet));
}

static void
run_viewer (Load *load, char **words)
{
  bl_bench_relay_add_viewer (load->relay, words[0], words[1]);
  puts ("{}");
}

static void
answer_relay (Load *load, const char *what, guint64 value, gint64 start_us)
{
  const char *problem = bl_bench_relay_get_problem (load->relay);

  printf ("{\"%s\":%" G_GUINT64_FORMAT ",\"us\":%" G_GINT64_FORMAT ",\"problem\":\"%s\"}\n", what, value,
          g_get_monotonic_time () - start_us, problem != NULL ? problem : "");
}

static void
run_joined (Load *load, char **words)
{
  gint64 start = g_get_monotonic_time ();

  answer_relay (load, "joined", bl_bench_relay_wait_joined (load->relay, 20), start);
}

static void
run_stream (Load *load, char **words)
{
  gint64 start = g_get_monotonic_time ();
  guint64 bytes = g_ascii_strtoull (words[1], NULL, 10);

  answer_relay (load, "bytes", bl_bench_relay_stream (load->relay, number (words[0]), bytes, 300), start);
}

static void
run_trips (Load *load, char **words)
{
  gint64 start = g_get_monotonic_time ();

  answer_relay (load, "trips", bl_bench_relay_round_trips (load->relay, number (words[0]), number (words[1]), 120),
                start);
}

static void
run_stall (Load *load, char **words)
{
  gint64 start = g_get_monotonic_time ();
  double seconds = g_ascii_strtod (words[1], NULL);

  answer_relay (load, "bytes", bl_bench_relay_stall (load->relay, number (words[0]), seconds), start);
}

static void
run_unpair (Load *load, char **words)
{
  bl_bench_relay_drop_all (load->relay);
  puts ("{}");
}

static void
answer_http (const BlBenchHttpResult *result)
{
  printf ("{\"done\":%u,\"failed\":%u,\"status\":%u,\"bytes\":%" G_GUINT64_FORMAT "}\n", result->done, result->failed,
          result->status, result->bytes);
}

static void
run_get (Load *load, char **words)
{
  BlBenchHttpResult result;

  bl_bench_http_get (load->loop, words[0], number (words[1]), number (words[2]), 120, &result);
  answer_http (&result);
}

static void
run_handshakes (Load *load, char **words)
{
  BlBenchHttpResult result;

  bl_bench_http_handshakes (load->loop, number (words[0]), number (words[1]), 120, &result);
  answer_http (&result);
}

static const Command commands[] = {
  { "mark", 0, run_mark },
  { "settle", 0, run_settle },
  { "connect", 4, run_connect },      /* first count parallel flags: k known, r resume, t keep ticket, - none */
  { "drop", 2, run_drop },            /* first count */
  { "ping", 1, run_ping },            /* seconds */
  { "node", 1, run_node },            /* index */
  { "viewer", 2, run_viewer },        /* id path */
  { "joined", 0, run_joined },
  { "stream", 2, run_stream },        /* frame bytes */
  { "trips", 2, run_trips },          /* size count */
  { "stall", 2, run_stall },          /* frame seconds */
  { "unpair", 0, run_unpair },
  { "get", 3, run_get },              /* path count parallel */
  { "handshakes", 2, run_handshakes }, /* count parallel */
};

static void
take_line (Load *load, char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", MAX_WORDS);
  guint n = g_strv_length (words);

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (n == commands[i].words + 1 && g_str_equal (words[0], commands[i].name))
        {
          commands[i].run (load, words + 1);
          fflush (stdout);
          return;
        }
    }
  puts ("{\"problem\":\"unknown command\"}");
  fflush (stdout);
}

/* One command at a time: the driver waits for the answer before it sends the next. */
static void
input_ready (BlBenchWatch *watch, guint32 events)
{
  Load *load = (Load *) watch;
  gssize n = read (STDIN_FILENO, load->line + load->line_len, sizeof load->line - load->line_len);
  char *end;

  if (n <= 0)
    {
      load->over = TRUE;
      return;
    }
  load->line_len += (gsize) n;
  end = memchr (load->line, '\n', load->line_len);
  if (end == NULL)
    return;
  *end = '\0';
  load->line_len = 0;
  take_line (load, load->line);
}

static void
open_tunnel (guint index, const char *path, gpointer user_data)
{
  Load *load = user_data;

  bl_bench_relay_add_device (load->relay, path);
}

static gboolean
is_over (gpointer user_data)
{
  return ((Load *) user_data)->over;
}

static void
allow_many_sockets (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

int
main (int argc, char **argv)
{
  Load load = { .input.ready = input_ready };
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = &load.input };
  guint8 server_id[BL_ID48_SIZE], mesh_id[BL_ID48_SIZE];

  if (argc != 5 || !bl_hex_decode (argv[3], strlen (argv[3]), server_id, sizeof server_id)
      || !bl_hex_decode (argv[4], strlen (argv[4]), mesh_id, sizeof mesh_id))
    {
      fputs ("usage: bl-bench-load PID PORT SERVER-ID MESH-ID\n", stderr);
      return 2;
    }
  load.pid = (pid_t) number (argv[1]);
  if (clock_getcpuclockid (load.pid, &load.clock) != 0)
    {
      fprintf (stderr, "bl-bench-load: process %s: no such process\n", argv[1]);
      return 1;
    }
  allow_many_sockets ();
  load.loop = bl_bench_loop_new ((guint16) number (argv[2]));
  load.fleet = bl_bench_fleet_new (load.loop, server_id, mesh_id, open_tunnel, &load);
  load.relay = bl_bench_relay_new (load.loop);
  epoll_ctl (load.loop->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  puts ("{}");
  fflush (stdout);
  bl_bench_loop_until (load.loop, is_over, &load, G_MAXINT32);
  bl_bench_relay_free (load.relay);
  bl_bench_fleet_free (load.fleet);
  bl_bench_loop_free (load.loop);
  return 0;
}
