// SPDX-License-Identifier: Apache-2.0
/*
 * The serialised form of a{sv} and av (GVariant specification, section 2), without building a tree:
 * BlGvBuffer writes it, BlGvArray walks it. For JSON and the document helpers only.
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

/**
 * bl_gv_end_entry: closes a dictionary entry {sv} that began at @start and whose variant was just written.
 */
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

/* --- reading; everything must come from a GVariant in normal form, which makes the arithmetic safe --- */

/* One value inside a variant. Borrowed. */
typedef struct
{
  const guint8 *data;
  gsize len;
  const char *type; /* not terminated */
  gsize type_len;
} BlGvValue;

/* A walk through an av or a{sv}. */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize offset_size;
  gsize n; /* elements */
  gsize next;
  gsize end; /* of the element read last */
} BlGvArray;

void bl_gv_array_open (BlGvArray *self, const guint8 *data, gsize size);

/** bl_gv_array_next: Returns: (nullable): the bytes of the next element */
const guint8 *bl_gv_array_next (BlGvArray *self, gsize *len);

/** bl_gv_read_variant: what is in a variant of @len bytes. */
void bl_gv_read_variant (const guint8 *data, gsize len, BlGvValue *value);

/** bl_gv_read_entry: what is in a {sv}. @key_len counts the NUL; the key is at @data. */
void bl_gv_read_entry (const guint8 *data, gsize len, gsize *key_len, BlGvValue *value);

static inline gboolean
bl_gv_value_is (const BlGvValue *value, const char *type)
{
  gsize len = __builtin_strlen (type);
  return value->type_len == len && __builtin_memcmp (value->type, type, len) == 0;
}

G_END_DECLS
