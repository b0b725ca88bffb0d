// SPDX-License-Identifier: Apache-2.0
/*
 * Sessions through the server's relay: pairs of a viewer's and a device's socket with the same id. One thread.
 */
#pragma once

#include "bl-bench-conn.h"

G_BEGIN_DECLS

typedef struct _BlBenchRelay BlBenchRelay;

/** @loop: borrowed */
BlBenchRelay *bl_bench_relay_new (BlBenchLoop *loop);
void bl_bench_relay_free (BlBenchRelay *relay);

/** Opens the viewer's end of a new pair. @path: with the id and the viewer's cookie. */
void bl_bench_relay_add_viewer (BlBenchRelay *relay, const char *id, const char *path);
/** Opens the device's end, as the server ordered; does nothing for an id that has no viewer here. */
void bl_bench_relay_add_device (BlBenchRelay *relay, const char *path);
/** Waits until both ends of all pairs were told "c". Returns: how many pairs */
guint bl_bench_relay_wait_joined (BlBenchRelay *relay, double seconds);
/** Returns: (nullable): what went wrong first */
const char *bl_bench_relay_get_problem (BlBenchRelay *relay);

/** Every device sends @bytes as binary frames of @frame bytes to its viewer. Returns: bytes that arrived */
guint64 bl_bench_relay_stream (BlBenchRelay *relay, gsize frame, guint64 bytes, double seconds);
/** One after the other, through the first pair, there and back. Returns: round trips made */
guint bl_bench_relay_round_trips (BlBenchRelay *relay, gsize size, guint count, double seconds);
/** The first pair's viewer stops reading, its device sends what it can. Returns: bytes the server accepted */
guint64 bl_bench_relay_stall (BlBenchRelay *relay, gsize frame, double seconds);
void bl_bench_relay_drop_all (BlBenchRelay *relay);

G_END_DECLS
