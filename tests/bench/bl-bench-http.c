// SPDX-License-Identifier: Apache-2.0
/* HTTP and TLS by the thousand. */
#include "bl-bench-http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/bl-ws-handshake.h"

typedef struct
{
  BlBenchLoop *loop;
  const BlBenchHandler *handler;
  BlBenchHttpResult *result;
  GPtrArray *lanes;
  char *request; /* NULL: handshakes only */
  guint count;
  guint started;
} Run;

/* One connection at a time. */
typedef struct
{
  Run *run;
  BlBenchConn *conn;
  GByteArray *answer;
  gboolean restart; /* the connection is used up */
} Lane;

static void
lane_free (gpointer data)
{
  Lane *lane = data;

  g_clear_pointer (&lane->conn, bl_bench_conn_free);
  g_byte_array_unref (lane->answer);
  g_free (lane);
}

static void
send_request (Lane *lane)
{
  Run *run = lane->run;

  if (run->started >= run->count)
    return;
  run->started++;
  g_byte_array_set_size (lane->answer, 0);
  bl_bench_conn_send (lane->conn, run->request, strlen (run->request));
}

/* The connection carries one answer at a time, so its last chunk is the last thing received. */
static gboolean
is_complete (Lane *lane, gsize head, const BlHttpResponse *response)
{
  const char *length = bl_http_response_get_header (response, "Content-Length");
  gsize body = lane->answer->len - head;

  if (length != NULL)
    return body >= strtoull (length, NULL, 10);
  return body >= 5 && memcmp (lane->answer->data + lane->answer->len - 5, "0\r\n\r\n", 5) == 0;
}

static void
conn_data (BlBenchConn *conn, const guint8 *data, gsize len)
{
  Lane *lane = conn->user_data;
  BlBenchHttpResult *result = lane->run->result;
  g_autoptr (BlHttpResponse) response = bl_http_response_new ();
  gsize head = 0;

  if (lane->run->request == NULL)
    return;
  g_byte_array_append (lane->answer, data, (guint) len);
  if (bl_http_response_feed (response, lane->answer->data, lane->answer->len, &head, NULL) != BL_HTTP_DONE
      || !is_complete (lane, head, response))
    return;
  result->done++;
  result->status = bl_http_response_get_status (response);
  result->bytes += lane->answer->len;
  send_request (lane);
}

static void
conn_opened (BlBenchConn *conn)
{
  Lane *lane = conn->user_data;

  if (lane->run->request != NULL)
    {
      send_request (lane);
      return;
    }
  /* Says goodbye and lets the server close: a reset could reach it before our last flight is read. */
  gnutls_bye (conn->tls, GNUTLS_SHUT_WR);
  shutdown (conn->fd, SHUT_WR);
  lane->run->result->done++;
}

static void
conn_closed (BlBenchConn *conn)
{
  Lane *lane = conn->user_data;

  if (lane->run->request != NULL)
    lane->run->result->failed++;
  lane->restart = TRUE;
}

static const BlBenchHandler handler = {
  .opened = conn_opened,
  .data = conn_data,
  .closed = conn_closed,
};

static gboolean
keep_going (gpointer user_data)
{
  Run *run = user_data;
  guint busy = 0;

  for (guint i = 0; i < run->lanes->len; i++)
    {
      Lane *lane = g_ptr_array_index (run->lanes, i);

      if (lane->restart || lane->conn == NULL)
        {
          g_clear_pointer (&lane->conn, bl_bench_conn_free);
          lane->restart = FALSE;
          if (run->started >= run->count)
            continue;
          if (run->request == NULL)
            run->started++;
          lane->conn = bl_bench_conn_new (run->loop, NULL, NULL, &handler, lane);
        }
      busy++;
    }
  return busy == 0 || run->result->done + run->result->failed >= run->count;
}

static void
run_lanes (Run *run, guint parallel, double seconds)
{
  run->lanes = g_ptr_array_new_with_free_func (lane_free);
  for (guint i = 0; i < parallel; i++)
    {
      Lane *lane = g_new0 (Lane, 1);

      lane->run = run;
      lane->answer = g_byte_array_new ();
      g_ptr_array_add (run->lanes, lane);
    }
  bl_bench_loop_until (run->loop, keep_going, run, seconds);
  g_ptr_array_unref (run->lanes);
}

void
bl_bench_http_get (
    BlBenchLoop *loop, const char *path, guint count, guint parallel, double seconds, BlBenchHttpResult *result)
{
  Run run = { .loop = loop, .result = result, .count = count };

  *result = (BlBenchHttpResult){ 0 };
  run.request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept-Encoding: gzip, br\r\n\r\n", path,
                                 loop->port);
  run_lanes (&run, parallel, seconds);
  g_free (run.request);
}

void
bl_bench_http_handshakes (BlBenchLoop *loop, guint count, guint parallel, double seconds, BlBenchHttpResult *result)
{
  Run run = { .loop = loop, .result = result, .count = count };

  *result = (BlBenchHttpResult){ 0 };
  run_lanes (&run, parallel, seconds);
}
