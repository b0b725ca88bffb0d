// SPDX-License-Identifier: Apache-2.0
/*
 * The fleet: many distinct devices, each with its own key, node id and connection. One thread.
 */
#pragma once

#include "bl-bench-conn.h"

G_BEGIN_DECLS

typedef struct _BlBenchFleet BlBenchFleet;

/** The server told the device @index to open a tunnel. @path: what follows the server's address, from '/' on. */
typedef void (*BlBenchTunnel) (guint index, const char *path, gpointer user_data);

/** @loop: borrowed; @server_id, @mesh_id: 48 bytes */
BlBenchFleet *bl_bench_fleet_new (BlBenchLoop *loop,
                                  const guint8 *server_id,
                                  const guint8 *mesh_id,
                                  BlBenchTunnel tunnel,
                                  gpointer user_data);
void bl_bench_fleet_free (BlBenchFleet *fleet);

typedef struct
{
  guint first, count;
  guint parallel;       /* handshakes under way at the same time */
  gboolean known;       /* the agent knows the server: message 4, no signature of the server */
  gboolean resume;      /* with the TLS ticket of the last connection, if the server gave one */
  gboolean keep_ticket; /* for a later connection that resumes */
  double seconds;       /* at most */
} BlBenchConnect;

typedef struct
{
  guint connected; /* authenticated */
  guint resumed;   /* of these with a TLS ticket */
  guint failed;
  char *problem;   /* (nullable): of one that failed */
} BlBenchConnected;

/** Connects devices @first to @first + @count - 1 that are not connected. Free problem. */
void bl_bench_fleet_connect (BlBenchFleet *fleet, const BlBenchConnect *options, BlBenchConnected *result);
/** Every connected device sends one WebSocket ping, spread over @seconds. Returns: pongs that came. */
guint bl_bench_fleet_ping (BlBenchFleet *fleet, double seconds);
/** Closes the sockets of @count devices from @first. */
void bl_bench_fleet_drop (BlBenchFleet *fleet, guint first, guint count);
/** Returns: devices connected now */
guint bl_bench_fleet_get_connected (BlBenchFleet *fleet);
/** Returns: (transfer none) (nullable): node id of a device that was connected once */
const char *bl_bench_fleet_get_node_id (BlBenchFleet *fleet, guint index);

G_END_DECLS
