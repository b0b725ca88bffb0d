// SPDX-License-Identifier: Apache-2.0
/* Checked reading and writing of wire formats. */
#include "common/bl-bytes.h"

#include <string.h>

#include "common/bl-error.h"

void
bl_reader_init (BlReader *self, gconstpointer data, gsize len)
{
  *self = (BlReader){ .data = data ? data : (const guint8 *)"", .len = data ? len : 0 };
}

gboolean
bl_reader_ok (const BlReader *self)
{
  return !self->failed;
}

gsize
bl_reader_remaining (const BlReader *self)
{
  return self->failed ? 0 : self->len - self->pos;
}

const guint8 *
bl_reader_bytes (BlReader *self, gsize n)
{
  if (self->failed || n > self->len - self->pos)
    {
      self->failed = TRUE;
      return NULL;
    }
  const guint8 *at = self->data + self->pos;
  self->pos += n;
  return at;
}

const guint8 *
bl_reader_rest (BlReader *self, gsize *len)
{
  *len = bl_reader_remaining (self);
  return bl_reader_bytes (self, *len);
}

void
bl_reader_skip (BlReader *self, gsize n)
{
  (void)bl_reader_bytes (self, n);
}

static guint64
read_be (BlReader *self, gsize n)
{
  const guint8 *at = bl_reader_bytes (self, n);
  guint64 value = 0;
  if (at == NULL)
    return 0;
  for (gsize i = 0; i < n; i++)
    value = value << 8 | at[i];
  return value;
}

guint8
bl_reader_u8 (BlReader *self)
{
  return (guint8)read_be (self, 1);
}

guint16
bl_reader_u16be (BlReader *self)
{
  return (guint16)read_be (self, 2);
}

guint32
bl_reader_u32be (BlReader *self)
{
  return (guint32)read_be (self, 4);
}

guint64
bl_reader_u64be (BlReader *self)
{
  return read_be (self, 8);
}

guint16
bl_reader_u16le (BlReader *self)
{
  /* The macro evaluates its argument more than once. */
  guint16 value = bl_reader_u16be (self);
  return GUINT16_SWAP_LE_BE (value);
}

guint32
bl_reader_u32le (BlReader *self)
{
  /* The macro evaluates its argument more than once. */
  guint32 value = bl_reader_u32be (self);
  return GUINT32_SWAP_LE_BE (value);
}

gboolean
bl_reader_finish (const BlReader *self, const char *what, GError **error)
{
  if (self->failed)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "%s: too short: %" G_GSIZE_FORMAT " bytes, a field at offset %" G_GSIZE_FORMAT
                   " needs more",
                   what, self->len, self->pos);
      return FALSE;
    }
  if (self->pos != self->len)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "%s: too long: expected %" G_GSIZE_FORMAT " bytes, found %" G_GSIZE_FORMAT, what,
                   self->pos, self->len);
      return FALSE;
    }
  return TRUE;
}

void
bl_writer_init (BlWriter *self, gsize reserve)
{
  self->out = g_byte_array_sized_new ((guint)MIN (reserve, G_MAXINT32));
}

void
bl_writer_clear (BlWriter *self)
{
  g_clear_pointer (&self->out, g_byte_array_unref);
}

void
bl_writer_bytes (BlWriter *self, gconstpointer data, gsize len)
{
  /* GByteArray counts in 32 bits; no message of ours comes near. */
  g_return_if_fail (len <= G_MAXINT32 && self->out->len <= G_MAXINT32 - len);
  if (len > 0)
    g_byte_array_append (self->out, data, (guint)len);
}

void
bl_writer_zeros (BlWriter *self, gsize n)
{
  static const guint8 zeros[64];
  for (; n > sizeof zeros; n -= sizeof zeros)
    bl_writer_bytes (self, zeros, sizeof zeros);
  bl_writer_bytes (self, zeros, n);
}

void
bl_writer_u8 (BlWriter *self, guint8 value)
{
  bl_writer_bytes (self, &value, 1);
}

void
bl_writer_u16be (BlWriter *self, guint16 value)
{
  guint16 be = GUINT16_TO_BE (value);
  bl_writer_bytes (self, &be, sizeof be);
}

void
bl_writer_u32be (BlWriter *self, guint32 value)
{
  guint32 be = GUINT32_TO_BE (value);
  bl_writer_bytes (self, &be, sizeof be);
}

void
bl_writer_u64be (BlWriter *self, guint64 value)
{
  guint64 be = GUINT64_TO_BE (value);
  bl_writer_bytes (self, &be, sizeof be);
}

void
bl_writer_u16le (BlWriter *self, guint16 value)
{
  guint16 le = GUINT16_TO_LE (value);
  bl_writer_bytes (self, &le, sizeof le);
}

void
bl_writer_u32le (BlWriter *self, guint32 value)
{
  guint32 le = GUINT32_TO_LE (value);
  bl_writer_bytes (self, &le, sizeof le);
}

GBytes *
bl_writer_end (BlWriter *self)
{
  return g_byte_array_free_to_bytes (g_steal_pointer (&self->out));
}
