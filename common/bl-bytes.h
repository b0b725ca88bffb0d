// SPDX-License-Identifier: Apache-2.0
/*
 * BlReader and BlWriter: the only way wire formats are read and written (K9). The reader checks every access
 * and keeps a sticky failure, so a parser reads all its fields and asks once at the end. Both live on the
 * stack; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const guint8 *data;
  gsize len;
  gsize pos;
  gboolean failed;
} BlReader;

/**
 * bl_reader_init:
 * @data: (nullable): borrowed; must outlive @self and every pointer taken from it
 * @len: bytes at @data
 */
void bl_reader_init (BlReader *self, gconstpointer data, gsize len);

/** bl_reader_ok: TRUE while no read went past the end. */
gboolean bl_reader_ok (const BlReader *self);

/** bl_reader_remaining: bytes not read yet; 0 after a failure. */
gsize bl_reader_remaining (const BlReader *self);

/* Each returns 0 and marks the reader failed when too few bytes remain. */
guint8 bl_reader_u8 (BlReader *self);
guint16 bl_reader_u16be (BlReader *self);
guint32 bl_reader_u32be (BlReader *self);
guint64 bl_reader_u64be (BlReader *self);
guint16 bl_reader_u16le (BlReader *self);
guint32 bl_reader_u32le (BlReader *self);

/**
 * bl_reader_bytes:
 * Returns: (transfer none) (nullable): @n bytes, or NULL (and failed) when fewer remain. Never NULL
 * for n = 0.
 */
const guint8 *bl_reader_bytes (BlReader *self, gsize n);

/** bl_reader_rest: everything that remains, possibly nothing; NULL only after a failure. */
const guint8 *bl_reader_rest (BlReader *self, gsize *len);

void bl_reader_skip (BlReader *self, gsize n);

/**
 * bl_reader_finish:
 * @what: name of the message, for the error
 *
 * Returns: TRUE when nothing failed and nothing remains; otherwise %BL_ERROR_INVALID.
 */
gboolean bl_reader_finish (const BlReader *self, const char *what, GError **error);

typedef struct
{
  GByteArray *out;
} BlWriter;

/** bl_writer_init: @reserve is a hint of the final size. */
void bl_writer_init (BlWriter *self, gsize reserve);
void bl_writer_clear (BlWriter *self);

void bl_writer_u8 (BlWriter *self, guint8 value);
void bl_writer_u16be (BlWriter *self, guint16 value);
void bl_writer_u32be (BlWriter *self, guint32 value);
void bl_writer_u64be (BlWriter *self, guint64 value);
void bl_writer_u16le (BlWriter *self, guint16 value);
void bl_writer_u32le (BlWriter *self, guint32 value);
void bl_writer_bytes (BlWriter *self, gconstpointer data, gsize len);
void bl_writer_zeros (BlWriter *self, gsize n);

/** bl_writer_end: Returns: (transfer full): what was written; @self is empty and cleared afterwards. */
GBytes *bl_writer_end (BlWriter *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlWriter, bl_writer_clear)

G_END_DECLS
