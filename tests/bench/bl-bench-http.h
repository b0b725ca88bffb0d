// SPDX-License-Identifier: Apache-2.0
/* Plain requests and bare TLS handshakes, one after the other on several connections. One thread. */
#pragma once

#include "bl-bench-conn.h"

G_BEGIN_DECLS

typedef struct
{
  guint done;
  guint failed;
  guint status;    /* of the last answer */
  guint64 bytes;   /* of all answers, heads included */
} BlBenchHttpResult;

/** GETs @path @count times on @parallel connections that stay open, accepting gzip and brotli. */
void bl_bench_http_get (
    BlBenchLoop *loop, const char *path, guint count, guint parallel, double seconds, BlBenchHttpResult *result);
/** Makes @count full TLS handshakes, @parallel at a time, and closes each connection. */
void bl_bench_http_handshakes (BlBenchLoop *loop, guint count, guint parallel, double seconds, BlBenchHttpResult *result);

G_END_DECLS
