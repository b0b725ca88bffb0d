// SPDX-License-Identifier: Apache-2.0
#include "bl-desktop-link.h"

guint32
bl_desktop_link_get_u32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | (guint32)data[1] << 16 | (guint32)data[2] << 8 | data[3];
}

void
bl_desktop_link_put_u32 (guint8 *data, guint32 value)
{
  data[0] = (guint8)(value >> 24);
  data[1] = (guint8)(value >> 16);
  data[2] = (guint8)(value >> 8);
  data[3] = (guint8)value;
}

gboolean
bl_desktop_link_next (const GByteArray *buffer,
                      gsize *offset,
                      BlDesktopLinkMessage *message,
                      gboolean *broken)
{
  const gsize left = buffer->len - *offset;
  const guint8 *at = buffer->data + *offset;
  gsize length;

  *broken = FALSE;
  if (left < BL_DESKTOP_LINK_HEADER)
    return FALSE;
  length = bl_desktop_link_get_u32 (at);
  *broken = length > BL_DESKTOP_LINK_MAX;
  if (*broken || left - BL_DESKTOP_LINK_HEADER < length)
    return FALSE;
  *message = (BlDesktopLinkMessage){ .kind = at[4], .data = at + BL_DESKTOP_LINK_HEADER, .length = length };
  *offset += BL_DESKTOP_LINK_HEADER + length;
  return TRUE;
}

void
bl_desktop_link_put (
    GByteArray *out, guint8 kind, gconstpointer head, gsize head_length, gconstpointer data, gsize length)
{
  guint8 header[BL_DESKTOP_LINK_HEADER];

  bl_desktop_link_put_u32 (header, (guint32)(head_length + length));
  header[4] = kind;
  g_byte_array_append (out, header, sizeof header);
  if (head_length > 0)
    g_byte_array_append (out, head, (guint)head_length);
  if (length > 0)
    g_byte_array_append (out, data, (guint)length);
}
