// SPDX-License-Identifier: Apache-2.0
// BlScriptRunner: the agent's side of one script host process.
//
// The runner keeps one core script alive: it starts `bowline-script-host`, feeds it the
// core, watches it (heartbeat, CPU, memory), restarts it, and falls back to the last good
// core when a new one does not start. A script never acts by itself: it asks, and the
// runner answers from its own operations (files, processes, sockets, data store) or from
// the agent's BlScriptOps, within the list of allowed operations.
//
// Everything here belongs to the main context that was thread-default when the runner was
// made. A callback may send commands, answer calls and use streams; it must not call
// set_core (), start (), stop () or free (), which take the script away: do that later.

#pragma once

#include <gio/gio.h>

#include "bl-core-store.h"

G_BEGIN_DECLS

#define BL_SCRIPT_ERROR (bl_script_error_quark ())
GQuark bl_script_error_quark (void);

typedef enum
{
  BL_SCRIPT_ERROR_SPAWN,       // the host program cannot be started
  BL_SCRIPT_ERROR_EXCEPTION,   // the core threw while it was loaded (also: syntax error)
  BL_SCRIPT_ERROR_NOT_READY,   // no coreinfo within the start time
  BL_SCRIPT_ERROR_HUNG,        // did not come back to its loop
  BL_SCRIPT_ERROR_CPU,         // used more processor time than allowed
  BL_SCRIPT_ERROR_MEMORY,      // reached its memory limit
  BL_SCRIPT_ERROR_CRASHED,     // the process ended unexpectedly
  BL_SCRIPT_ERROR_PROTOCOL,    // the host sent something malformed
  BL_SCRIPT_ERROR_BAD_CORE,    // the core package is malformed or larger than the limit
  BL_SCRIPT_ERROR_NOT_ALLOWED, // the operation is not in the allow list
  BL_SCRIPT_ERROR_FAILED,      // the operation failed
} BlScriptError;

typedef enum
{
  BL_SCRIPT_STATE_STOPPED,  // no process
  BL_SCRIPT_STATE_STARTING, // process runs, no coreinfo yet
  BL_SCRIPT_STATE_RUNNING,  // coreinfo was sent: this core is good
  BL_SCRIPT_STATE_FAILED,   // given up; error says why. A new core or start() tries again
} BlScriptState;

typedef struct _BlScriptRunner BlScriptRunner;
typedef struct _BlScriptStream BlScriptStream;
typedef struct _BlScriptCall BlScriptCall;

// What the agent does for a script. Unset slots (NULL) make the operation unavailable,
// except that a NULL log goes to g_message().
typedef struct
{
  // The script sends FRAME on the agent channel: JSON text (TEXT) or a binary command.
  // FRAME is borrowed. Dropped silently by the agent while it is not connected.
  void (*send_command) (BlScriptRunner *runner, GBytes *frame, gboolean text, gpointer user_data);

  // One line from the script or about it, at most 1024 characters, valid UTF-8.
  void (*log) (BlScriptRunner *runner, GLogLevelFlags level, const char *text, gpointer user_data);

  // The state changed. ERROR is set for FAILED, and for STARTING when the reason is that
  // the former process or core failed (the agent should tell the server).
  void (*state_changed) (BlScriptRunner *runner, BlScriptState state, const GError *error, gpointer user_data);

  // Operation "ws.connect": open a WebSocket (relay tunnel). ARGS is a{sv}:
  //   url         s   wss://..., already absolute
  //   certs       as  accepted SHA-384 certificate hashes, hex without colons, upper case;
  //                   empty: whatever the agent accepts for its own channel
  //   deflate     b   the script asked for permessage-deflate (may be ignored)
  // Bind STREAM (bl_script_stream_bind) before returning, then report opened/received/
  // closed. Info of opened: a{sv}, may be NULL.
  void (*ws_connect) (BlScriptRunner *runner, BlScriptStream *stream, GVariant *args, gpointer user_data);

  // Operation "power": ACTION as in the server's poweraction. Answer CALL once.
  void (*power) (BlScriptRunner *runner, BlScriptCall *call, gint64 action, gboolean forced, gpointer user_data);

  // Any other operation in the allow list which the runner does not serve itself, such as
  // "message.toast", "message.box", "clipboard.read". Answer CALL once, now or later.
  void (*operation) (BlScriptRunner *runner, BlScriptCall *call, const char *name, GVariant *args, gpointer user_data);
} BlScriptOps;

// Zero (or NULL) fields mean the default given in brackets. Copied by the runner.
typedef struct
{
  const char *host_path;       // program [BL_LIBEXECDIR/bowline-script-host]
  const char *name;            // shown in the log ["core"]
  const char *state_dir;       // folder of the script's data store [none: kept in memory]
  const char *const *allowed;  // operations, "fs.*" style names end with * [bl_script_default_operations ()]
  guint64 memory_bytes;        // the script's heap [64 MiB]
  guint cpu_seconds;           // processor time within any 60 s [20]
  guint hang_ms;               // may stay away from its loop this long [5000]
  guint start_ms;              // time for coreinfo after the start [20000]
  guint crash_limit;           // crashes within 10 minutes before the core is given up [3]
  guint restart_ms;            // first restart delay, doubled each time [1000]
  guint max_streams;           // open streams [256]
} BlScriptOptions;

// The operations a server-pushed core gets when the options name none.
const char *const *bl_script_default_operations (void);

// STORE may be NULL (custom script: nothing is kept, no fallback); a reference is taken.
// Returns: (transfer full); free with bl_script_runner_free ().
BlScriptRunner *bl_script_runner_new (const BlScriptOptions *options,
                                      const BlScriptOps *ops,
                                      gpointer user_data,
                                      BlCoreStore *store);

// Kills the process; every stream peer gets its close (); no callback comes after it.
void bl_script_runner_free (BlScriptRunner *runner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlScriptRunner, bl_script_runner_free)

// What the script sees; a{sv}, sinks a floating reference. Takes effect at the next start
// of the script, except set_server_info, which is also passed to a running one.
// MSH: all keys of the settings file as strings.
// INFO: serverUrl s, serverId s (hex), meshId s (hex), serverIp s, serverUri s,
//   certDigest s and certFingerprint s (SHA-384, XX:XX:... upper case), hostname s,
//   archId x, nodeId s (hex), version s.
void bl_script_runner_set_msh (BlScriptRunner *runner, GVariant *msh);
void bl_script_runner_set_server_info (BlScriptRunner *runner, GVariant *info);

// Command 10 (and 20 after inflating): PACKAGE is 4 bytes and the source. It is stored as
// the current core and started in a fresh process. NULL: stop and forget the core.
// Returns: FALSE when the package is malformed or cannot be stored.
gboolean bl_script_runner_set_core (BlScriptRunner *runner, GBytes *package, GError **error);

// Command 16, or an hour without a server: run the stored core unless one runs already.
// Returns: FALSE with BL_SCRIPT_ERROR_BAD_CORE when there is none.
gboolean bl_script_runner_start (BlScriptRunner *runner, GError **error);

void bl_script_runner_stop (BlScriptRunner *runner);

// Answer to command 11: the SHA-384 (48 bytes) of the package the server pushed last, also
// when it failed and the last good one runs instead: a server would push it again for ever.
// Returns: FALSE when there is no core.
gboolean bl_script_runner_get_core_hash (BlScriptRunner *runner, guint8 hash[48]);

BlScriptState bl_script_runner_get_state (BlScriptRunner *runner);

// TRUE while the last good core runs in place of the pushed one.
gboolean bl_script_runner_is_fallback (BlScriptRunner *runner);

// Process id of the running host, 0 when there is none (for `status` and tests).
GPid bl_script_runner_get_pid (BlScriptRunner *runner);

// The agent channel came up or went down.
void bl_script_runner_set_connected (BlScriptRunner *runner, gboolean connected);

// A frame of the server for the core: JSON (first byte '{') or a binary command >= 1000.
// Dropped while no script runs, and when it is larger than 16 MiB.
void bl_script_runner_command (BlScriptRunner *runner, GBytes *frame);

// --- calls ------------------------------------------------------------------------------

// Both take CALL; RESULT (nullable) is sunk when floating and must be convertible to JSON.
// Safe after the script has gone.
void bl_script_call_return (BlScriptCall *call, GVariant *result);
void bl_script_call_fail (BlScriptCall *call, const GError *error);

// --- streams ----------------------------------------------------------------------------

// The agent's end of one stream. close () comes exactly once, is the last one called, and
// means: release everything. It also comes after bl_script_stream_closed ().
typedef struct
{
  // DATA is borrowed. Report its bytes with bl_script_stream_written () once they have
  // left; the script is told to wait when more than 256 KiB are outstanding.
  void (*write) (BlScriptStream *stream, GBytes *data, gboolean text, gpointer peer);
  // Stop (TRUE) or go on (FALSE) reading: the script does not take any more now.
  void (*set_paused) (BlScriptStream *stream, gboolean paused, gpointer peer);
  // Something special: a{sv} with "op" s, e.g. {"op":"resize","cols":100,"rows":30}, {"op":"ping"}.
  void (*control) (BlScriptStream *stream, GVariant *args, gpointer peer);
  void (*close) (BlScriptStream *stream, gpointer peer);
} BlScriptStreamPeer;

// PEER is static (kept by pointer). STREAM stays valid until close () returns.
void bl_script_stream_bind (BlScriptStream *stream, const BlScriptStreamPeer *peer, gpointer peer_data);
void bl_script_stream_opened (BlScriptStream *stream, GVariant *info);
void bl_script_stream_received (BlScriptStream *stream, GBytes *data, gboolean text);
void bl_script_stream_written (BlScriptStream *stream, gsize bytes);
// An event of its own, such as {"event":"pong"} or {"event":"exit","code":0}; a{sv}.
void bl_script_stream_event (BlScriptStream *stream, GVariant *event);
// The far end is gone; ERROR NULL for an orderly end. Calls close () before it returns.
void bl_script_stream_closed (BlScriptStream *stream, const GError *error);

G_END_DECLS
