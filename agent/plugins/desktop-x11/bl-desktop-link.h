// SPDX-License-Identifier: Apache-2.0
/*
 * The link between the plugin and a capture helper: a stream socket with messages of a 32-bit length, a kind
 * and a payload. It is the interface that a capture for another display system implements: a program that
 * speaks it on descriptor 3. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_DESKTOP_LINK_FD 3
#define BL_DESKTOP_LINK_HEADER 5u
#define BL_DESKTOP_LINK_MAX (8u * 1024u * 1024u) /* payload */
#define BL_DESKTOP_CLIPBOARD_MAX (1024u * 1024u) /* bytes of text, each way */

/* To the helper. */
#define BL_DESKTOP_LINK_VIEWER 'P'        /* packets of the viewer */
#define BL_DESKTOP_LINK_ACK 'A'           /* u32: pictures the viewer has painted */
#define BL_DESKTOP_LINK_GET_CLIPBOARD 'G' /* u32: repeated in the answer */
#define BL_DESKTOP_LINK_SET_CLIPBOARD 'S' /* u32: repeated in the answer; text */

/* From the helper. */
#define BL_DESKTOP_LINK_PACKETS 'F'   /* for the viewer: one packet, one frame */
#define BL_DESKTOP_LINK_FAILED 'E'    /* text: it cannot go on, and ends */
#define BL_DESKTOP_LINK_CLIPBOARD 'C' /* u32 of the question, text */
#define BL_DESKTOP_LINK_OFFERED 'O'   /* u32 of the order, u8: whether the text is on offer now */
#define BL_DESKTOP_LINK_LOCKED 'L'    /* u8: whether the device's own input is locked now */

typedef struct
{
  guint8 kind;
  const guint8 *data; /* in the buffer */
  gsize length;
} BlDesktopLinkMessage;

/**
 * bl_desktop_link_next: takes the next complete message out of @buffer, beginning at *@offset, which moves
 * on.
 *
 * Returns: FALSE when none is complete, or with *@broken set when the length is beyond the limit
 */
gboolean bl_desktop_link_next (const GByteArray *buffer,
                               gsize *offset,
                               BlDesktopLinkMessage *message,
                               gboolean *broken);

/** bl_desktop_link_put: appends a message; @head (nullable) comes before @data. */
void bl_desktop_link_put (
    GByteArray *out, guint8 kind, gconstpointer head, gsize head_length, gconstpointer data, gsize length);

guint32 bl_desktop_link_get_u32 (const guint8 *data);
void bl_desktop_link_put_u32 (guint8 *data, guint32 value);

G_END_DECLS
