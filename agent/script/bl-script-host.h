// SPDX-License-Identifier: Apache-2.0
// BlScriptHost: the script host program's state: one Duktape heap and the socket to the
// agent on descriptor 3. One thread.

#pragma once

#include <duktape.h>
#include <glib.h>

#include "bl-script-proto.h"

G_BEGIN_DECLS

#define BL_SCRIPT_HOST_FD 3

typedef struct
{
  duk_context *ctx;
  gsize memory_used;
  gsize memory_limit;
  guint memory_refusals; // since memory_refused_us
  gint64 memory_refused_us;
  gboolean memory_told;
  BlScriptParser parser;
  GQueue later; // of GBytes with a whole frame, received during a synchronous call
  gboolean closed; // the agent is gone
  GPtrArray *hashes; // of GChecksum
} BlScriptHost;

// Sends one frame, blocking; a failure closes the host.
void bl_script_host_post (BlScriptHost *host, guint8 type, guint8 flags, guint32 id, const void *data, gsize size);

// Waits at most TIMEOUT_MS (-1: for ever) for bytes of the agent.
void bl_script_host_receive (BlScriptHost *host, int timeout_ms);

// Gives the next frame, answering heartbeats. Returns: FALSE when none is there.
gboolean bl_script_host_next (BlScriptHost *host, BlScriptFrame *frame);

// Pushes the `native` object for the script side.
void bl_script_host_push_native (BlScriptHost *host);

// Pushes the object of a body (with "data" as a Buffer). Throws when it is malformed.
void bl_script_host_push_body (duk_context *ctx, const void *data, gsize size);

// Pushes a Buffer with a copy of DATA.
void bl_script_host_push_buffer (duk_context *ctx, const void *data, gsize size);

// RLIMITs, no new privileges, an unprivileged user, and a system call filter.
// Returns: FALSE when the process could not be confined.
gboolean bl_script_sandbox_limits (guint64 memory_bytes, guint cpu_seconds);
gboolean bl_script_sandbox_enter (void);

G_END_DECLS
