// SPDX-License-Identifier: Apache-2.0
/*
 * BlGvBuffer: writes the serialised form of a{sv} and av without building a tree (GVariant specification, section 2).
 * For the JSON parser and the document helpers only. Not thread safe.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint8 *data;
  gsize size;
  gsize allocated;
} BlGvBuffer;

/* One finished entry of an open container: its bytes, and of these the key with its NUL. */
typedef struct
{
  gsize start;
  gsize end;
  gsize key_len;
} BlGvEntry;

void bl_gv_init (BlGvBuffer *self, gsize reserve);
void bl_gv_clear (BlGvBuffer *self);

static inline gsize
bl_gv_size (const BlGvBuffer *self)
{
  return self->size;
}

void bl_gv_grow (BlGvBuffer *self, gsize more);

static inline void
bl_gv_append (BlGvBuffer *self, gconstpointer data, gsize len)
{
  if (self->allocated - self->size < len)
    bl_gv_grow (self, len);
  __builtin_memcpy (self->data + self->size, data, len);
  self->size += len;
}

/** bl_gv_align: zeros up to the next multiple of eight, where every variant begins. */
void bl_gv_align (BlGvBuffer *self);

/** bl_gv_end_entry: closes a dictionary entry {sv} that began at @start and whose variant was just written. */
void bl_gv_end_entry (BlGvBuffer *self, gsize start, gsize key_len);

/**
 * bl_gv_end_array:
 * @entries: (element-type BlGvEntry): the entries from @first on are this array's; they are removed
 * @object: entries have keys; of equal keys only the last entry stays
 *
 * Closes an array that began at @start.
 */
void bl_gv_end_array (BlGvBuffer *self, gsize start, GArray *entries, guint first, gboolean object);

/**
 * bl_gv_finish:
 * The buffer must hold one variant. Returns: (transfer full): its value; the buffer is empty afterwards.
 */
GVariant *bl_gv_finish (BlGvBuffer *self);

G_END_DECLS
