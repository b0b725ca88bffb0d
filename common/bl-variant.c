// SPDX-License-Identifier: Apache-2.0
/*
 * Documents. Look-ups walk the serialised form, which GVariant keeps anyway; changes copy entries as bytes, because an
 * entry of a{sv} holds no position of its own.
 */
#include "common/bl-variant.h"

#include <math.h>
#include <string.h>

#include "common/bl-gv.h"

/* The serialised form of one a{sv}. */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize offset_size;
  gsize n;
} Dict;

/* One entry: its bytes, and where in the dictionary key and value are. */
typedef struct
{
  const guint8 *data;
  gsize len;
  gsize key_len; /* with NUL */
  const guint8 *value;
  gsize value_len;
  const char *type;
  gsize type_len;
} Entry;

static gsize
read_offset (const guint8 *at, gsize size)
{
  guint64 value = 0;
  memcpy (&value, at, size);
  return (gsize) GUINT64_FROM_LE (value);
}

static gsize
offset_size_for (gsize size)
{
  return size <= G_MAXUINT8 ? 1 : size <= G_MAXUINT16 ? 2 : size <= G_MAXUINT32 ? 4 : 8;
}

/* FALSE for anything but a well-formed document. */
static gboolean
dict_open (GVariant *doc, Dict *dict)
{
  *dict = (Dict){ 0 };
  if (doc == NULL || !g_variant_is_of_type (doc, G_VARIANT_TYPE_VARDICT) || !g_variant_is_normal_form (doc))
    return FALSE;
  dict->data = g_variant_get_data (doc);
  dict->size = g_variant_get_size (doc);
  if (dict->size == 0)
    return TRUE;
  dict->offset_size = offset_size_for (dict->size);
  gsize last = read_offset (dict->data + dict->size - dict->offset_size, dict->offset_size);
  dict->n = (dict->size - last) / dict->offset_size;
  return TRUE;
}

/* Reads entry @i, which begins behind @end; @end moves to its own end. Normal form makes the arithmetic safe. */
static void
dict_read (const Dict *dict, gsize i, gsize *end, Entry *entry)
{
  gsize start = (*end + 7) & ~(gsize) 7;
  const guint8 *offsets = dict->data + dict->size - dict->n * dict->offset_size;
  *end = read_offset (offsets + i * dict->offset_size, dict->offset_size);
  entry->data = dict->data + start;
  entry->len = *end - start;
  gsize offset_size = offset_size_for (entry->len);
  entry->key_len = read_offset (entry->data + entry->len - offset_size, offset_size);
  gsize value = (entry->key_len + 7) & ~(gsize) 7;
  gsize variant_len = entry->len - offset_size - value;
  entry->value = entry->data + value;
  const guint8 *nul = memrchr (entry->value, 0, variant_len);
  entry->value_len = (gsize) (nul - entry->value);
  entry->type = (const char *) nul + 1;
  entry->type_len = variant_len - entry->value_len - 1;
}

static gboolean
dict_find (GVariant *doc, const char *key, Entry *entry, gsize *index)
{
  Dict dict;
  gsize end = 0;
  gsize key_len = strlen (key) + 1;
  if (!dict_open (doc, &dict))
    return FALSE;
  for (gsize i = 0; i < dict.n; i++)
    {
      dict_read (&dict, i, &end, entry);
      if (entry->key_len == key_len && memcmp (entry->data, key, key_len) == 0)
        {
          *index = i;
          return TRUE;
        }
    }
  return FALSE;
}

const char *
bl_variant_get_string (GVariant *doc, const char *key)
{
  Entry entry;
  gsize index;
  if (!dict_find (doc, key, &entry, &index) || entry.type_len != 1 || *entry.type != 's')
    return NULL;
  return (const char *) entry.value;
}

/* Reads any number type; integers in @integer, doubles in @real. Returns the type, 0 for none. */
static char
get_number (GVariant *doc, const char *key, gint64 *integer, double *real)
{
  Entry e;
  gsize index;
  union
  {
    guint8 y;
    gint16 n;
    guint16 q;
    gint32 i;
    guint32 u;
    gint64 x;
    guint64 t;
    double d;
  } value = { .x = 0 };
  if (!dict_find (doc, key, &e, &index) || e.type_len != 1 || e.value_len > sizeof value)
    return 0;
  memcpy (&value, e.value, e.value_len);
  switch (*e.type)
    {
    case 'y':
      *integer = value.y;
      return 'x';
    case 'n':
      *integer = value.n;
      return 'x';
    case 'q':
      *integer = value.q;
      return 'x';
    case 'i':
      *integer = value.i;
      return 'x';
    case 'u':
      *integer = value.u;
      return 'x';
    case 'x':
      *integer = value.x;
      return 'x';
    case 't':
      *integer = (gint64) value.t;
      *real = (double) value.t;
      return value.t <= (guint64) G_MAXINT64 ? 'x' : 'd';
    case 'd':
      *real = value.d;
      return 'd';
    default:
      return 0;
    }
}

gint64
bl_variant_get_int (GVariant *doc, const char *key, gint64 fallback)
{
  gint64 integer = 0;
  double real = 0;
  char type = get_number (doc, key, &integer, &real);
  if (type == 'x')
    return integer;
  /* 2^63 itself is out of range, and is the first double that is. */
  if (type == 'd' && real >= -0x1p63 && real < 0x1p63 && real == trunc (real))
    return (gint64) real;
  return fallback;
}

double
bl_variant_get_double (GVariant *doc, const char *key, double fallback)
{
  gint64 integer = 0;
  double real = 0;
  char type = get_number (doc, key, &integer, &real);
  return type == 'x' ? (double) integer : type == 'd' ? real : fallback;
}

gboolean
bl_variant_get_bool (GVariant *doc, const char *key, gboolean fallback)
{
  Entry entry;
  gsize index;
  if (!dict_find (doc, key, &entry, &index) || entry.type_len != 1 || *entry.type != 'b')
    return fallback;
  return entry.value[0] != 0;
}

gboolean
bl_variant_has (GVariant *doc, const char *key)
{
  Entry entry;
  gsize index;
  return dict_find (doc, key, &entry, &index);
}

static GVariant *
child_of_type (GVariant *doc, const char *key, const char *type)
{
  Entry found;
  gsize index;
  if (!dict_find (doc, key, &found, &index))
    return NULL;
  if (type && (found.type_len != strlen (type) || memcmp (found.type, type, found.type_len) != 0))
    return NULL;
  g_autoptr (GVariant) entry = g_variant_get_child_value (doc, index);
  g_autoptr (GVariant) box = g_variant_get_child_value (entry, 1);
  return g_variant_get_variant (box);
}

GVariant *
bl_variant_get_child (GVariant *doc, const char *key)
{
  return child_of_type (doc, key, NULL);
}

GVariant *
bl_variant_get_object (GVariant *doc, const char *key)
{
  return child_of_type (doc, key, "a{sv}");
}

GVariant *
bl_variant_get_array (GVariant *doc, const char *key)
{
  return child_of_type (doc, key, "av");
}

char **
bl_variant_get_strv (GVariant *doc, const char *key)
{
  g_autoptr (GVariant) array = bl_variant_get_child (doc, key);
  if (array == NULL)
    return NULL;
  if (g_variant_is_of_type (array, G_VARIANT_TYPE_STRING_ARRAY))
    return g_variant_dup_strv (array, NULL);
  if (!g_variant_is_of_type (array, G_VARIANT_TYPE ("av")))
    return NULL;
  g_autoptr (GStrvBuilder) out = g_strv_builder_new ();
  for (gsize i = 0, n = g_variant_n_children (array); i < n; i++)
    {
      g_autoptr (GVariant) box = g_variant_get_child_value (array, i);
      g_autoptr (GVariant) item = g_variant_get_variant (box);
      if (!g_variant_is_of_type (item, G_VARIANT_TYPE_STRING))
        return NULL;
      g_strv_builder_add (out, g_variant_get_string (item, NULL));
    }
  return g_strv_builder_end (out);
}

gboolean
bl_variant_is_null (GVariant *value)
{
  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE) && g_variant_n_children (value) == 0;
}

GVariant *
bl_variant_new_null (void)
{
  return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
}

/* --- changes --- */

typedef struct
{
  BlGvBuffer out;
  GArray *entries;
} Writer;

static void
writer_init (Writer *self, gsize reserve)
{
  bl_gv_init (&self->out, reserve + 64);
  self->entries = g_array_sized_new (FALSE, FALSE, sizeof (BlGvEntry), 32);
}

static GVariant *
writer_end (Writer *self)
{
  bl_gv_end_array (&self->out, 0, self->entries, 0, FALSE);
  bl_gv_append (&self->out, "\0a{sv}", 6);
  g_array_unref (self->entries);
  GVariant *doc = bl_gv_finish (&self->out);
  bl_gv_clear (&self->out);
  return doc;
}

static void
writer_copy (Writer *self, const Entry *entry)
{
  BlGvEntry made = { .key_len = entry->key_len };
  bl_gv_align (&self->out);
  made.start = bl_gv_size (&self->out);
  bl_gv_append (&self->out, entry->data, entry->len);
  made.end = bl_gv_size (&self->out);
  g_array_append_val (self->entries, made);
}

static void
writer_add (Writer *self, const char *key, GVariant *value)
{
  g_autoptr (GVariant) normal = g_variant_get_normal_form (value);
  const char *type = g_variant_get_type_string (normal);
  BlGvEntry made = { .key_len = strlen (key) + 1 };
  gsize size = g_variant_get_size (normal);
  bl_gv_align (&self->out);
  made.start = bl_gv_size (&self->out);
  bl_gv_append (&self->out, key, made.key_len);
  bl_gv_align (&self->out);
  if (size > 0)
    bl_gv_append (&self->out, g_variant_get_data (normal), size);
  bl_gv_append (&self->out, "", 1);
  bl_gv_append (&self->out, type, strlen (type));
  bl_gv_end_entry (&self->out, made.start, made.key_len);
  made.end = bl_gv_size (&self->out);
  g_array_append_val (self->entries, made);
}

GVariant *
bl_doc_new (void)
{
  Writer writer;
  writer_init (&writer, 0);
  return writer_end (&writer);
}

GVariant *
bl_doc_set (GVariant *doc, const char *key, GVariant *value)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (value ? value : bl_variant_new_null ());
  gsize key_len = strlen (key) + 1;
  gboolean placed = FALSE;
  gsize end = 0;
  Writer writer;
  Dict dict;
  Entry entry;
  dict_open (doc, &dict);
  writer_init (&writer, dict.size + g_variant_get_size (sunk) + key_len);
  for (gsize i = 0; i < dict.n; i++)
    {
      dict_read (&dict, i, &end, &entry);
      if (entry.key_len != key_len || memcmp (entry.data, key, key_len) != 0)
        {
          writer_copy (&writer, &entry);
          continue;
        }
      if (!placed)
        writer_add (&writer, key, sunk);
      placed = TRUE;
    }
  if (!placed)
    writer_add (&writer, key, sunk);
  return writer_end (&writer);
}

GVariant *
bl_doc_set_string (GVariant *doc, const char *key, const char *text)
{
  return bl_doc_set (doc, key, text ? g_variant_new_string (text) : NULL);
}

GVariant *
bl_doc_set_int (GVariant *doc, const char *key, gint64 value)
{
  return bl_doc_set (doc, key, g_variant_new_int64 (value));
}

GVariant *
bl_doc_set_bool (GVariant *doc, const char *key, gboolean value)
{
  return bl_doc_set (doc, key, g_variant_new_boolean (value));
}

GVariant *
bl_doc_remove (GVariant *doc, const char *key)
{
  gsize key_len = strlen (key) + 1;
  gsize end = 0;
  Writer writer;
  Dict dict;
  Entry entry;
  if (dict_open (doc, &dict) && !bl_variant_has (doc, key))
    return g_variant_ref (doc);
  writer_init (&writer, dict.size);
  for (gsize i = 0; i < dict.n; i++)
    {
      dict_read (&dict, i, &end, &entry);
      if (entry.key_len != key_len || memcmp (entry.data, key, key_len) != 0)
        writer_copy (&writer, &entry);
    }
  return writer_end (&writer);
}

static gboolean
entry_is_null (const Entry *entry)
{
  return entry->value_len == 0 && entry->type_len == 2 && memcmp (entry->type, "mv", 2) == 0;
}

GVariant *
bl_doc_merge (GVariant *doc, GVariant *patch)
{
  gsize end = 0, index;
  Writer writer;
  Dict old, new;
  Entry entry, other;
  dict_open (doc, &old);
  dict_open (patch, &new);
  writer_init (&writer, old.size + new.size);
  for (gsize i = 0; i < old.n; i++)
    {
      dict_read (&old, i, &end, &entry);
      if (!dict_find (patch, (const char *) entry.data, &other, &index))
        writer_copy (&writer, &entry);
      else if (!entry_is_null (&other))
        writer_copy (&writer, &other);
    }
  end = 0;
  for (gsize i = 0; i < new.n; i++)
    {
      dict_read (&new, i, &end, &entry);
      if (!entry_is_null (&entry) && !dict_find (doc, (const char *) entry.data, &other, &index))
        writer_copy (&writer, &entry);
    }
  return writer_end (&writer);
}
