// SPDX-License-Identifier: Apache-2.0
// What the parts of the script runner share.

#pragma once

#include "bl-script-process.h"
#include "bl-script-runner.h"

G_BEGIN_DECLS

// BlScriptLink: from calls to the process run they came from; cleared when that run ends.
typedef struct
{
  guint refs;
  BlScriptRunner *runner;
  BlScriptProcess *process;
} BlScriptLink;

BlScriptLink *bl_script_link_new (BlScriptRunner *runner, BlScriptProcess *process);
BlScriptLink *bl_script_link_ref (BlScriptLink *link);
void bl_script_link_unref (BlScriptLink *link);

BlScriptCall *bl_script_call_new (BlScriptLink *link, guint32 id);

// BlScriptStreams: the streams of one process run, by id.
typedef struct _BlScriptStreams BlScriptStreams;

BlScriptStreams *bl_script_streams_new (BlScriptProcess *process);
// Closes every stream; the peers' close () are called.
void bl_script_streams_free (BlScriptStreams *streams);
guint bl_script_streams_count (BlScriptStreams *streams);
// Returns: (transfer none) (nullable): NULL when ID is in use.
BlScriptStream *bl_script_streams_add (BlScriptStreams *streams, guint32 id);
// A frame of the host about a stream. Returns: FALSE when it is no such frame. Frames for
// streams that are gone are ignored: both ends may close at once.
gboolean bl_script_streams_frame (BlScriptStreams *streams, const BlScriptFrame *frame);

#define BL_SCRIPT_ACCEPTED_MAX 64   // connections of a script's servers that it has not taken
#define BL_SCRIPT_DATAGRAMS_MAX 256 // of a port that a script has not taken; the rest is dropped

// BlScriptEnv: what the runner's own operations work on, for one process run.
typedef struct
{
  GHashTable *files; // number -> fd
  gint next_file;
  GHashTable *accepted; // number -> fd: connections the script has not taken yet
  gint next_accepted;
  char *data_path; // data store; NULL: in memory
  GKeyFile *data;  // loaded on first use
} BlScriptEnv;

BlScriptEnv *bl_script_env_new (const char *state_dir);
void bl_script_env_free (BlScriptEnv *env);
// Takes FD. Returns: its number, 0 when too many wait; then it is closed
gint bl_script_env_add_accepted (BlScriptEnv *env, int fd);
// Returns: the descriptor, -1 when there is none of this number
int bl_script_env_take_accepted (BlScriptEnv *env, gint64 number);

// An operation that is answered at once. ARGS is a{sv}. Returns: floating a{sv}, or NULL
// with ERROR.
typedef GVariant *(*BlScriptOperation) (BlScriptEnv *env, GVariant *args, GError **error);

typedef struct
{
  const char *name;
  BlScriptOperation run;
} BlScriptOperationEntry;

extern const BlScriptOperationEntry bl_script_fs_operations[];
extern const BlScriptOperationEntry bl_script_os_operations[];
extern const BlScriptOperationEntry bl_script_db_operations[];

// Returns: (nullable): the operation NAME of the three tables.
BlScriptOperation bl_script_operation_find (const char *name);

// Streams the runner serves itself. Each binds STREAM or closes it with an error.
void bl_script_spawn_open (BlScriptStream *stream, GVariant *args);
void bl_script_net_open (BlScriptStream *stream, GVariant *args, gboolean tls);
void bl_script_net_accept (BlScriptEnv *env, BlScriptStream *stream, GVariant *args);
void bl_script_listen_open (BlScriptEnv *env, BlScriptStream *stream, GVariant *args);
void bl_script_udp_open (BlScriptEnv *env, BlScriptStream *stream, GVariant *args);
// Whether ARGS of one of the last two name an address that other machines reach.
gboolean bl_script_listen_is_public (GVariant *args);

// Arguments of operations.
const char *bl_script_arg_string (GVariant *args, const char *key, GError **error);
gint64 bl_script_arg_int (GVariant *args, const char *key, gint64 otherwise);

G_END_DECLS
