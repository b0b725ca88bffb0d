// SPDX-License-Identifier: Apache-2.0
/*
 * RFC 6455 framing, both ends. BlWsParser assembles bounded messages for the control and agent channels;
 * BlWsRewriter streams frames through a relay without ever holding one. Neither does I/O; a caller owns the
 * buffers. Not thread safe; each object belongs to one thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-limits.h"

G_BEGIN_DECLS

typedef enum
{
  BL_WS_CONTINUATION = 0,
  BL_WS_TEXT = 1,
  BL_WS_BINARY = 2,
  BL_WS_CLOSE = 8,
  BL_WS_PING = 9,
  BL_WS_PONG = 10,
} BlWsOpcode;

/* Which end we are. A server receives masked frames and sends unmasked ones, a client the other way round. */
typedef enum
{
  BL_WS_SERVER,
  BL_WS_CLIENT,
} BlWsRole;

/* RFC 6455 section 7.4.1; the ones we send or look at. */
typedef enum
{
  BL_WS_CODE_NORMAL = 1000,
  BL_WS_CODE_GOING_AWAY = 1001,
  BL_WS_CODE_PROTOCOL = 1002,
  BL_WS_CODE_UNSUPPORTED = 1003,
  BL_WS_CODE_NONE = 1005,     /* never on the wire: a close frame without a code */
  BL_WS_CODE_ABNORMAL = 1006, /* never on the wire: no close frame at all */
  BL_WS_CODE_BAD_DATA = 1007,
  BL_WS_CODE_POLICY = 1008,
  BL_WS_CODE_TOO_BIG = 1009,
  BL_WS_CODE_INTERNAL = 1011,
} BlWsCloseCode;

typedef enum
{
  BL_WS_NEED_MORE, /* all input is consumed */
  BL_WS_MESSAGE,   /* a whole message or control frame is ready; call again with the rest */
  BL_WS_ERROR,     /* the connection must be closed with the parser's close code */
} BlWsResult;

/**
 * BlWsMessage:
 * @opcode: text, binary, close, ping or pong
 * @data: borrowed from the input or the parser: valid until the next call on the parser and as long as the
 * input buffer. Not NUL-terminated. For close: the reason.
 * @close_code: for close, %BL_WS_CODE_NONE when the frame had none
 */
typedef struct
{
  BlWsOpcode opcode;
  guint16 close_code;
  const guint8 *data;
  gsize len;
} BlWsMessage;

/* All fields private. Idle, it holds no memory besides itself. */
typedef struct
{
  guint8 *buffer; /* partial message, or the last delivered one until the next call */
  gsize used;
  gsize allocated;
  gsize max_message;
  guint64 frame_left; /* payload bytes of the current frame still to come */
  guint32 mask_phase;
  guint16 close_code;
  guint8 role;
  guint8 state;
  guint8 frame_opcode;
  guint8 frame_fin;
  guint8 message_opcode; /* 0: no data message is open */
  guint8 header_len;
  guint8 control_len;
  guint8 release; /* the buffer was delivered; free it on the next call */
  guint8 mask[4];
  guint8 header[BL_WS_MAX_HEADER];
  guint8 control[BL_WS_MAX_CONTROL_PAYLOAD];
} BlWsParser;

G_STATIC_ASSERT (sizeof (BlWsParser) <= 256);

/**
 * bl_ws_parser_init:
 * @role: our end
 * @max_message: longest message in bytes, over all its fragments
 */
void bl_ws_parser_init (BlWsParser *self, BlWsRole role, gsize max_message);
void bl_ws_parser_clear (BlWsParser *self);

/**
 * bl_ws_parser_set_max_message: e.g. after authentication. Applies to frames whose header is read
 * afterwards.
 */
void bl_ws_parser_set_max_message (BlWsParser *self, gsize max_message);

/**
 * bl_ws_parser_feed:
 * @data: input; unmasked in place, so its content is undefined afterwards except for what @message points to
 * @consumed: (out): bytes used; with %BL_WS_MESSAGE call again with the rest
 * @message: (out): set with %BL_WS_MESSAGE
 * @error: %BL_ERROR_INVALID or %BL_ERROR_TOO_LARGE, with what was expected and found
 *
 * A message that lies whole in @data is not copied. Memory grows with received bytes, never with announced
 * ones.
 */
BlWsResult bl_ws_parser_feed (
    BlWsParser *self, guint8 *data, gsize len, gsize *consumed, BlWsMessage *message, GError **error);

/** bl_ws_parser_get_close_code: what to send after %BL_WS_ERROR: 1002, 1007 or 1009. */
guint16 bl_ws_parser_get_close_code (const BlWsParser *self);

/** bl_ws_parser_get_buffered: bytes of memory held besides the struct. */
gsize bl_ws_parser_get_buffered (const BlWsParser *self);

typedef enum
{
  BL_WS_REWRITE_MORE,    /* all input consumed, or the output is full */
  BL_WS_REWRITE_CONTROL, /* a control frame was taken out of the stream; call again with the rest */
  BL_WS_REWRITE_ERROR,   /* close both ends */
} BlWsRewriteResult;

/* A control frame found in the stream; it is not forwarded. Ping wants a pong back, close ends the pump. */
typedef struct
{
  BlWsOpcode opcode;
  guint16 close_code; /* for close */
  gsize len;
  guint8 data[BL_WS_MAX_CONTROL_PAYLOAD]; /* ping and pong payload; reason of a close */
} BlWsControl;

/* Fields up to the counters are private. */
typedef struct
{
  guint64 frame_left;
  guint64 max_frame;
  guint32 mask_phase_in;
  guint32 mask_phase_out;
  guint8 input_masked;
  guint8 output_masked;
  guint8 state;
  guint8 frame_opcode;
  guint8 frame_fin;
  guint8 message_open;
  guint8 header_len;
  guint8 control_len;
  guint8 pending_len; /* output header not written yet */
  guint8 pending_pos;
  guint8 mask_in[4];
  guint8 mask_out[4];
  guint8 header[BL_WS_MAX_HEADER];
  guint8 pending[BL_WS_MAX_HEADER];
  guint8 control[BL_WS_MAX_CONTROL_PAYLOAD];
  /* counters, readable at any time */
  guint64 data_frames; /* data frames begun */
  guint64 data_bytes;  /* payload forwarded */
  guint64 control_frames;
} BlWsRewriter;

/* Room before the input that lets input and output share one buffer (unmasked output only). */
#define BL_WS_REWRITE_HEADROOM 16

/**
 * bl_ws_rewriter_init:
 * @role: our end towards the sender: a server takes masked frames, a client unmasked ones
 * @mask_output: TRUE when the frames go on to a server, that is we are the client of the next hop
 * @max_frame: longest data frame, 0 for none
 */
void bl_ws_rewriter_init (BlWsRewriter *self, BlWsRole role, gboolean mask_output, guint64 max_frame);

/**
 * bl_ws_rewriter_feed:
 * @in: received bytes
 * @consumed: (out): bytes of @in used
 * @out: where forwarded frames go. May be the same buffer when @out + %BL_WS_REWRITE_HEADROOM <= @in, the
 * output is not masked and @out_size >= @in_len + %BL_WS_REWRITE_HEADROOM; then all of @in fits.
 * @out_size: at least %BL_WS_MAX_HEADER
 * @produced: (out): bytes written to @out; forward these before acting on @control
 * @control: (out): set with %BL_WS_REWRITE_CONTROL
 *
 * Keeps frame boundaries, opcode and FIN (relay-tunnel.md section 10); refuses reserved bits and opcodes,
 * wrong masking, non-minimal lengths, wrong fragmentation and oversized control frames. Text is not checked
 * for UTF-8: the far end does that with the whole message in hand.
 */
BlWsRewriteResult bl_ws_rewriter_feed (BlWsRewriter *self,
                                       const guint8 *in,
                                       gsize in_len,
                                       gsize *consumed,
                                       guint8 *out,
                                       gsize out_size,
                                       gsize *produced,
                                       BlWsControl *control,
                                       GError **error);

/**
 * bl_ws_rewriter_at_frame_boundary: TRUE when a control frame of ours may be sent to the receiving side
 * now.
 */
gboolean bl_ws_rewriter_at_frame_boundary (const BlWsRewriter *self);

/**
 * bl_ws_rewriter_at_message_boundary: TRUE when a data message of ours may be sent to the receiving side
 * now.
 */
gboolean bl_ws_rewriter_at_message_boundary (const BlWsRewriter *self);

/**
 * bl_ws_write_header:
 * @mask: (nullable): four bytes
 *
 * Returns: bytes written to @out, 2 to 14
 */
gsize bl_ws_write_header (
    guint8 out[BL_WS_MAX_HEADER], BlWsOpcode opcode, gboolean fin, guint64 len, const guint8 *mask);

/** bl_ws_mask: XOR @data with @mask, starting at @phase bytes into the mask; its own inverse. */
void bl_ws_mask (guint8 *data, gsize len, const guint8 mask[4], guint phase);

/**
 * bl_ws_append_frame: appends one unfragmented frame; masked with a fresh random key when @role is the
 * client.
 */
void bl_ws_append_frame (GByteArray *out, BlWsRole role, BlWsOpcode opcode, gconstpointer data, gsize len);

/** bl_ws_build_frame: Returns: (transfer full): one unfragmented frame, as bl_ws_append_frame(). */
GBytes *bl_ws_build_frame (BlWsRole role, BlWsOpcode opcode, gconstpointer data, gsize len);

/**
 * bl_ws_build_close:
 * @code: 0 or %BL_WS_CODE_NONE for a frame without code
 * @reason: (nullable): cut to 123 bytes at a character
 */
GBytes *bl_ws_build_close (BlWsRole role, guint16 code, const char *reason);

/** bl_ws_close_code_is_valid: TRUE when @code may appear on the wire. */
gboolean bl_ws_close_code_is_valid (guint16 code);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlWsParser, bl_ws_parser_clear)

G_END_DECLS
