// SPDX-License-Identifier: Apache-2.0
// BlScriptProcess: one running `bowline-script-host`, its socket and its limits.
//
// Main context only. It ends by itself (crash, limits) or by kill; either way `ended`
// comes once, from the loop, and is the last event.

#pragma once

#include <gio/gio.h>

#include "bl-script-proto.h"

G_BEGIN_DECLS

typedef struct _BlScriptProcess BlScriptProcess;

typedef struct
{
  const char *host_path;
  guint64 memory_bytes;
  guint cpu_seconds; // within any 60 s
  guint hang_ms;
} BlScriptProcessLimits;

typedef struct
{
  void (*frame) (BlScriptProcess *process, const BlScriptFrame *frame, gpointer user_data);
  void (*ended) (BlScriptProcess *process, const GError *reason, gpointer user_data);
} BlScriptProcessEvents;

// EVENTS is static. Returns: (transfer full) or NULL with BL_SCRIPT_ERROR_SPAWN.
BlScriptProcess *bl_script_process_spawn (const BlScriptProcessLimits *limits,
                                          const BlScriptProcessEvents *events,
                                          gpointer user_data,
                                          GError **error);

// Kills without further events. Not from inside `frame`.
void bl_script_process_free (BlScriptProcess *process);

// Queues one frame. A host that lets 48 MiB pile up is killed as hung.
void bl_script_process_send (BlScriptProcess *process,
                             guint8 type,
                             guint8 flags,
                             guint32 id,
                             const void *payload,
                             gsize size);

// SIGKILL; REASON (transfer full) is what `ended` tells.
void bl_script_process_kill (BlScriptProcess *process, GError *reason);

GPid bl_script_process_get_pid (BlScriptProcess *process);

G_END_DECLS
