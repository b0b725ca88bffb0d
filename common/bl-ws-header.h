// SPDX-License-Identifier: Apache-2.0
/* What the assembler and the rewriter of bl-ws-frame.h share: strict parsing of frame headers, word-wise
 * masking. */
#pragma once

#include "common/bl-ws-frame.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 payload;
  guint8 opcode;
  gboolean fin;
  guint8 mask[4];
} BlWsHeader;

static inline gboolean
bl_ws_opcode_is_control (guint opcode)
{
  return (opcode & 8) != 0;
}

/**
 * bl_ws_header_parse:
 * @masked: whether the sender must mask
 * @in_message: whether a fragmented message is open
 *
 * Returns: length of the header, 0 when @len bytes are not enough, -1 with an error
 */
int bl_ws_header_parse (
    const guint8 *data, gsize len, gboolean masked, gboolean in_message, BlWsHeader *header, GError **error);

/**
 * bl_ws_mask_copy:
 * Copies @src to @dst while masking. @dst may be @src or lie before it in the same buffer.
 */
void bl_ws_mask_copy (guint8 *dst, const guint8 *src, gsize len, const guint8 mask[4], guint phase);

/**
 * bl_ws_close_parse:
 * Returns: FALSE with %BL_ERROR_INVALID for a bad length or code, %BL_ERROR_UNSUPPORTED for a reason that is
 * not UTF-8
 */
gboolean bl_ws_close_parse (const guint8 *payload, gsize len, guint16 *code, GError **error);

G_END_DECLS
