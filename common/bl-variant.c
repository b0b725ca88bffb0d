// SPDX-License-Identifier: Apache-2.0
/*
 * Documents. Look-ups walk the serialised form, which GVariant keeps anyway; changes copy entries as bytes,
 * because an entry of a{sv} holds no position of its own.
 */
#include "common/bl-variant.h"

#include <math.h>
#include <string.h>

#include "common/bl-gv.h"

/* One entry of a document. */
typedef struct
{
  const guint8 *data; /* begins with the key */
  gsize len;
  gsize key_len; /* with NUL */
  BlGvValue value;
} Entry;

/* FALSE for anything but a well-formed document; then there is nothing to walk. */
static gboolean
dict_open (GVariant *doc, BlGvArray *dict)
{
  *dict = (BlGvArray){ 0 };
  if (doc == NULL || !g_variant_is_of_type (doc, G_VARIANT_TYPE_VARDICT) || !g_variant_is_normal_form (doc))
    return FALSE;
  bl_gv_array_open (dict, g_variant_get_data (doc), g_variant_get_size (doc));
  return TRUE;
}

static gboolean
dict_next (BlGvArray *dict, Entry *entry)
{
  entry->data = bl_gv_array_next (dict, &entry->len);
  if (entry->data == NULL)
    return FALSE;
  bl_gv_read_entry (entry->data, entry->len, &entry->key_len, &entry->value);
  return TRUE;
}

static gboolean
entry_has_key (const Entry *entry, const char *key, gsize key_len)
{
  return entry->key_len == key_len && memcmp (entry->data, key, key_len) == 0;
}

static gboolean
dict_find (GVariant *doc, const char *key, Entry *entry, gsize *index)
{
  BlGvArray dict;
  gsize key_len = strlen (key) + 1;
  dict_open (doc, &dict);
  while (dict_next (&dict, entry))
    if (entry_has_key (entry, key, key_len))
      {
        *index = dict.next - 1;
        return TRUE;
      }
  return FALSE;
}

const char *
bl_variant_get_string (GVariant *doc, const char *key)
{
  Entry entry;
  gsize index;
  if (!dict_find (doc, key, &entry, &index) || !bl_gv_value_is (&entry.value, "s"))
    return NULL;
  return (const char *)entry.value.data;
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
  if (!dict_find (doc, key, &e, &index) || e.value.type_len != 1 || e.value.len > sizeof value)
    return 0;
  memcpy (&value, e.value.data, e.value.len);
  switch (*e.value.type)
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
      *integer = (gint64)value.t;
      *real = (double)value.t;
      return value.t <= (guint64)G_MAXINT64 ? 'x' : 'd';
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
    return (gint64)real;
  return fallback;
}

double
bl_variant_get_double (GVariant *doc, const char *key, double fallback)
{
  gint64 integer = 0;
  double real = 0;
  char type = get_number (doc, key, &integer, &real);
  return type == 'x' ? (double)integer : type == 'd' ? real : fallback;
}

gboolean
bl_variant_get_bool (GVariant *doc, const char *key, gboolean fallback)
{
  Entry entry;
  gsize index;
  if (!dict_find (doc, key, &entry, &index) || !bl_gv_value_is (&entry.value, "b"))
    return fallback;
  return entry.value.data[0] != 0;
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
  if (type && !bl_gv_value_is (&found.value, type))
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

void
bl_doc_builder_init (BlDocBuilder *self, gsize reserve)
{
  bl_gv_init (&self->out, reserve + 64);
  self->entries = g_array_sized_new (FALSE, FALSE, sizeof (BlGvEntry), 32);
}

GVariant *
bl_doc_builder_end (BlDocBuilder *self)
{
  bl_gv_end_array (&self->out, 0, self->entries, 0, FALSE);
  bl_gv_append (&self->out, "\0a{sv}", 6);
  g_array_unref (self->entries);
  GVariant *doc = bl_gv_finish (&self->out);
  bl_gv_clear (&self->out);
  return doc;
}

static void
builder_copy (BlDocBuilder *self, const Entry *entry)
{
  BlGvEntry made = { .key_len = entry->key_len };
  bl_gv_align (&self->out);
  made.start = bl_gv_size (&self->out);
  bl_gv_append (&self->out, entry->data, entry->len);
  made.end = bl_gv_size (&self->out);
  g_array_append_val (self->entries, made);
}

static void
builder_put (BlDocBuilder *self, const char *key, gconstpointer data, gsize size, const char *type)
{
  BlGvEntry made = { .key_len = strlen (key) + 1 };
  bl_gv_align (&self->out);
  made.start = bl_gv_size (&self->out);
  bl_gv_append (&self->out, key, made.key_len);
  bl_gv_align (&self->out);
  if (size > 0)
    bl_gv_append (&self->out, data, size);
  bl_gv_append (&self->out, "", 1);
  bl_gv_append (&self->out, type, strlen (type));
  bl_gv_end_entry (&self->out, made.start, made.key_len);
  made.end = bl_gv_size (&self->out);
  g_array_append_val (self->entries, made);
}

void
bl_doc_builder_add (BlDocBuilder *self, const char *key, GVariant *value)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (value ? value : bl_variant_new_null ());
  g_autoptr (GVariant) normal = g_variant_get_normal_form (sunk);
  builder_put (self, key, g_variant_get_data (normal), g_variant_get_size (normal),
               g_variant_get_type_string (normal));
}

void
bl_doc_builder_add_string (BlDocBuilder *self, const char *key, const char *text)
{
  if (text)
    builder_put (self, key, text, strlen (text) + 1, "s");
  else
    bl_doc_builder_add (self, key, NULL);
}

void
bl_doc_builder_add_int (BlDocBuilder *self, const char *key, gint64 value)
{
  builder_put (self, key, &value, sizeof value, "x");
}

GVariant *
bl_doc_new (void)
{
  BlDocBuilder builder;
  bl_doc_builder_init (&builder, 0);
  return bl_doc_builder_end (&builder);
}

GVariant *
bl_doc_set (GVariant *doc, const char *key, GVariant *value)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (value ? value : bl_variant_new_null ());
  gsize key_len = strlen (key) + 1;
  gboolean placed = FALSE;
  BlDocBuilder builder;
  BlGvArray dict;
  Entry entry;
  dict_open (doc, &dict);
  bl_doc_builder_init (&builder, dict.size + g_variant_get_size (sunk) + key_len);
  while (dict_next (&dict, &entry))
    {
      if (!entry_has_key (&entry, key, key_len))
        {
          builder_copy (&builder, &entry);
          continue;
        }
      if (!placed)
        bl_doc_builder_add (&builder, key, sunk);
      placed = TRUE;
    }
  if (!placed)
    bl_doc_builder_add (&builder, key, sunk);
  return bl_doc_builder_end (&builder);
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
  BlDocBuilder builder;
  BlGvArray dict;
  Entry entry;
  if (dict_open (doc, &dict) && !bl_variant_has (doc, key))
    return g_variant_ref (doc);
  bl_doc_builder_init (&builder, dict.size);
  while (dict_next (&dict, &entry))
    if (!entry_has_key (&entry, key, key_len))
      builder_copy (&builder, &entry);
  return bl_doc_builder_end (&builder);
}

static gboolean
entry_is_null (const Entry *entry)
{
  return entry->value.len == 0 && bl_gv_value_is (&entry->value, "mv");
}

GVariant *
bl_doc_merge (GVariant *doc, GVariant *patch)
{
  gsize index;
  BlDocBuilder builder;
  BlGvArray old, new;
  Entry entry, other;
  dict_open (doc, &old);
  dict_open (patch, &new);
  bl_doc_builder_init (&builder, old.size + new.size);
  while (dict_next (&old, &entry))
    {
      if (!dict_find (patch, (const char *)entry.data, &other, &index))
        builder_copy (&builder, &entry);
      else if (!entry_is_null (&other))
        builder_copy (&builder, &other);
    }
  while (dict_next (&new, &entry))
    if (!entry_is_null (&entry) && !dict_find (doc, (const char *)entry.data, &other, &index))
      builder_copy (&builder, &entry);
  return bl_doc_builder_end (&builder);
}
