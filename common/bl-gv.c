// SPDX-License-Identifier: Apache-2.0
/* The serialised form of a{sv} and av. */
#include "common/bl-gv.h"

#include <string.h>

/* Up to here comparing each key with each other is cheaper than sorting. */
#define FEW_KEYS 12

void
bl_gv_init (BlGvBuffer *self, gsize reserve)
{
  self->data = g_malloc (reserve);
  self->allocated = reserve;
  self->size = 0;
}

void
bl_gv_clear (BlGvBuffer *self)
{
  g_clear_pointer (&self->data, g_free);
  self->size = self->allocated = 0;
}

void
bl_gv_grow (BlGvBuffer *self, gsize more)
{
  self->allocated = MAX (self->allocated * 2, self->size + more);
  self->data = g_realloc (self->data, self->allocated);
}

void
bl_gv_align (BlGvBuffer *self)
{
  static const guint8 zeros[8];
  bl_gv_append (self, zeros, -self->size & 7);
}

/* Bytes of one framing offset in a container of @body bytes with @n offsets behind. */
static gsize
offset_size (gsize body, gsize n)
{
  if (body + n <= G_MAXUINT8)
    return 1;
  if (body + 2 * n <= G_MAXUINT16)
    return 2;
  if (body + 4 * n <= G_MAXUINT32)
    return 4;
  return 8;
}

static void
append_offset (BlGvBuffer *self, gsize value, gsize size)
{
  guint64 le = GUINT64_TO_LE ((guint64)value);
  bl_gv_append (self, &le, size);
}

void
bl_gv_end_entry (BlGvBuffer *self, gsize start, gsize key_len)
{
  append_offset (self, key_len, offset_size (self->size - start, 1));
}

static gboolean
same_key (const BlGvBuffer *self, const BlGvEntry *a, const BlGvEntry *b)
{
  return a->key_len == b->key_len && memcmp (self->data + a->start, self->data + b->start, a->key_len) == 0;
}

static gint
compare_entries (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const BlGvBuffer *self = user_data;
  const BlGvEntry *x = *(const BlGvEntry *const *)a, *y = *(const BlGvEntry *const *)b;
  if (x->key_len != y->key_len)
    return x->key_len < y->key_len ? -1 : 1;
  int order = memcmp (self->data + x->start, self->data + y->start, x->key_len);
  if (order != 0)
    return order;
  return x->start < y->start ? -1 : 1;
}

/* Marks every entry that a later one replaces by an end of 0. Returns how many. */
static guint
mark_duplicates (const BlGvBuffer *self, BlGvEntry *entries, guint n)
{
  guint dead = 0;
  if (n <= FEW_KEYS)
    {
      for (guint i = 0; i + 1 < n; i++)
        for (guint k = i + 1; k < n && entries[i].end != 0; k++)
          if (same_key (self, &entries[i], &entries[k]))
            {
              entries[i].end = 0;
              dead++;
            }
      return dead;
    }
  g_autofree BlGvEntry **sorted = g_new (BlGvEntry *, n);
  for (guint i = 0; i < n; i++)
    sorted[i] = &entries[i];
  g_qsort_with_data (sorted, (gint)n, sizeof *sorted, compare_entries, (gpointer)self);
  for (guint i = 0; i + 1 < n; i++)
    if (same_key (self, sorted[i], sorted[i + 1]))
      {
        sorted[i]->end = 0;
        dead++;
      }
  return dead;
}

/* Closes the gaps of dead entries. Entries hold no position of their own, so their bytes can move. */
static guint
compact (BlGvBuffer *self, gsize start, BlGvEntry *entries, guint n)
{
  guint kept = 0;
  self->size = start;
  for (guint i = 0; i < n; i++)
    {
      if (entries[i].end == 0)
        continue;
      gsize len = entries[i].end - entries[i].start;
      bl_gv_align (self);
      memmove (self->data + self->size, self->data + entries[i].start, len);
      entries[kept++] = (BlGvEntry){ self->size, self->size + len, entries[i].key_len };
      self->size += len;
    }
  return kept;
}

void
bl_gv_end_array (BlGvBuffer *self, gsize start, GArray *entries, guint first, gboolean object)
{
  guint n = entries->len - first;
  BlGvEntry *own = &g_array_index (entries, BlGvEntry, first);
  if (n > 0)
    {
      if (object && mark_duplicates (self, own, n) > 0)
        n = compact (self, start, own, n);
      gsize size = offset_size (self->size - start, n);
      for (guint i = 0; i < n; i++)
        append_offset (self, own[i].end - start, size);
    }
  g_array_set_size (entries, first);
}

GVariant *
bl_gv_finish (BlGvBuffer *self)
{
  /* The type is behind the last NUL. */
  const guint8 *nul = memrchr (self->data, 0, self->size);
  gsize body = (gsize)(nul - self->data);
  g_autofree char *type = g_strndup ((const char *)nul + 1, self->size - body - 1);
  guint8 *data = g_realloc (g_steal_pointer (&self->data), MAX (body, 1));
  self->size = self->allocated = 0;
  GVariant *value = g_variant_new_from_data (G_VARIANT_TYPE (type), data, body, TRUE, g_free, data);
  return g_variant_ref_sink (value);
}

/* --- reading --- */

static gsize
read_offset (const guint8 *at, gsize size)
{
  guint64 value = 0;
  memcpy (&value, at, size);
  return (gsize)GUINT64_FROM_LE (value);
}

/* Bytes of one framing offset in a finished container. */
static gsize
offset_size_of (gsize size)
{
  return size <= G_MAXUINT8 ? 1 : size <= G_MAXUINT16 ? 2 : size <= G_MAXUINT32 ? 4 : 8;
}

static gsize
align (gsize at)
{
  return (at + 7) & ~(gsize)7;
}

void
bl_gv_array_open (BlGvArray *self, const guint8 *data, gsize size)
{
  *self = (BlGvArray){ .data = data, .size = size };
  if (size == 0)
    return;
  self->offset_size = offset_size_of (size);
  gsize last = read_offset (data + size - self->offset_size, self->offset_size);
  self->n = (size - last) / self->offset_size;
}

const guint8 *
bl_gv_array_next (BlGvArray *self, gsize *len)
{
  if (self->next == self->n)
    return NULL;
  gsize start = align (self->end);
  const guint8 *offsets = self->data + self->size - self->n * self->offset_size;
  self->end = read_offset (offsets + self->next * self->offset_size, self->offset_size);
  self->next++;
  *len = self->end - start;
  return self->data + start;
}

void
bl_gv_read_variant (const guint8 *data, gsize len, BlGvValue *value)
{
  const guint8 *nul = memrchr (data, 0, len);
  gsize body = (gsize)(nul - data);
  *value = (BlGvValue){ data, body, (const char *)nul + 1, len - body - 1 };
}

void
bl_gv_read_entry (const guint8 *data, gsize len, gsize *key_len, BlGvValue *value)
{
  gsize offset_size = offset_size_of (len);
  *key_len = read_offset (data + len - offset_size, offset_size);
  gsize start = align (*key_len);
  bl_gv_read_variant (data + start, len - offset_size - start, value);
}
