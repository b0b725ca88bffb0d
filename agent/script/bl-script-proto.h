// SPDX-License-Identifier: Apache-2.0
// BlScriptProto: frames between the agent and its script host, over a stream socket.
//
// A frame is [4] length of the rest, [1] type, [1] flags, [4] id, payload; numbers are
// big-endian. A body is [4] length of the JSON text, JSON object, binary rest; in GVariant
// it is a{sv} whose key "data" (ay) is the binary rest. Pure functions, any thread.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_SCRIPT_PROTO_VERSION 1
#define BL_SCRIPT_FRAME_HEADER 10
// Largest payload: a pushed core (8 MiB) and a server's command fit with room.
#define BL_SCRIPT_PAYLOAD_MAX (17u * 1024 * 1024)
// Bytes of one stream that may be under way without an acknowledgement.
#define BL_SCRIPT_STREAM_WINDOW (256u * 1024)

typedef enum
{
  // agent to host
  BL_SCRIPT_FRAME_START = 1,     // body: what the script sees, see bl-script-runner.h
  BL_SCRIPT_FRAME_CORE = 2,      // source text
  BL_SCRIPT_FRAME_COMMAND = 3,   // frame of the server
  BL_SCRIPT_FRAME_CONNECTED = 4, // id: 0 or 1
  BL_SCRIPT_FRAME_RESULT = 5,    // id: call; flags: 1 when it failed; body
  BL_SCRIPT_FRAME_PING = 6,      // id: number
  BL_SCRIPT_FRAME_INFO = 7,      // body: server information changed
  // host to agent
  BL_SCRIPT_FRAME_HELLO = 32,     // id: version
  BL_SCRIPT_FRAME_READY = 33,     // the core's top level has run
  BL_SCRIPT_FRAME_EXCEPTION = 34, // flags: 1 while the core was loaded; text
  BL_SCRIPT_FRAME_SEND = 35,      // flags: 1 text frame; bytes for the server
  BL_SCRIPT_FRAME_LOG = 36,       // flags: 0 message, 1 warning; text
  BL_SCRIPT_FRAME_CALL = 37,      // id: call; body with "op"
  BL_SCRIPT_FRAME_PONG = 38,      // id: number
  BL_SCRIPT_FRAME_MEMORY = 39,    // the heap limit was reached
  BL_SCRIPT_FRAME_STREAM_OPEN = 40,    // id: stream; body with "op"
  BL_SCRIPT_FRAME_STREAM_CONTROL = 41, // id: stream; body with "op"
  // both ways, id: stream
  BL_SCRIPT_FRAME_STREAM_DATA = 64,  // flags: 1 text
  BL_SCRIPT_FRAME_STREAM_ACK = 65,   // payload: [4] bytes taken
  BL_SCRIPT_FRAME_STREAM_CLOSE = 66, // to the host: body, perhaps with "error"
  // agent to host, id: stream
  BL_SCRIPT_FRAME_STREAM_OPENED = 67, // body: info
  BL_SCRIPT_FRAME_STREAM_EVENT = 68,  // body
} BlScriptFrameType;

typedef struct
{
  guint8 type;
  guint8 flags;
  guint32 id;
  const guint8 *payload; // borrowed from the parser until its next call
  gsize size;
} BlScriptFrame;

typedef struct
{
  GByteArray *buffer;
  gsize consumed; // bytes of the frame returned last
} BlScriptParser;

void bl_script_parser_init (BlScriptParser *self);
void bl_script_parser_clear (BlScriptParser *self);
void bl_script_parser_feed (BlScriptParser *self, const void *data, gsize size);

// Returns: TRUE with the next frame in FRAME; FALSE when none is complete, or with ERROR
// (BL_ERROR) when the peer broke the format: then the connection is useless.
gboolean bl_script_parser_next (BlScriptParser *self, BlScriptFrame *frame, GError **error);

// Reads the one frame that DATA is, as bl_script_frame_append () wrote it. Returns: FALSE when it is none.
gboolean bl_script_frame_read (const void *data, gsize size, BlScriptFrame *frame);

// Whether frames of this type to the host carry a body rather than bytes.
gboolean bl_script_frame_has_body (guint8 type);

// Appends one frame. PAYLOAD may be NULL with size 0; size at most BL_SCRIPT_PAYLOAD_MAX.
void bl_script_frame_append (GByteArray *out, guint8 type, guint8 flags, guint32 id, const void *payload, gsize size);

// BODY: a{sv}, "data" may be ay; sunk when floating; NULL is an empty object.
// Returns: (transfer full) or NULL with ERROR when a value has no JSON form.
GBytes *bl_script_body_encode (GVariant *body, GError **error);

// Returns: (transfer full): a{sv}, not floating; NULL with ERROR when malformed.
GVariant *bl_script_body_decode (const void *data, gsize size, GError **error);

// The same without GVariant: where the JSON text and the binary rest of a body are.
gboolean bl_script_body_split (const void *data,
                               gsize size,
                               const char **json,
                               gsize *json_size,
                               const guint8 **rest,
                               gsize *rest_size);

G_END_DECLS
