// SPDX-License-Identifier: Apache-2.0
#include "common/bl-nedb.h"

#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#define CBC_IV_SIZE 16
#define CBC_BLOCK 16
#define GCM_IV_SIZE 12
#define GCM_TAG_SIZE 16
#define SEALED "_CRYPT"

void
bl_nedb_derive_key (const char *text, guint8 key[BL_NEDB_KEY_SIZE])
{
  guint8 hash[BL_SHA384_SIZE];

  bl_sha384 (text, strlen (text), hash);
  memcpy (key, hash, BL_NEDB_KEY_SIZE);
}

/* --- ciphers --- */

/* Returns: (nullable): the text of a line that is base64 (iv, ciphertext) */
static GBytes *
open_line (const char *line, gsize len, const guint8 *key)
{
  g_autoptr (GBytes) raw = bl_base64_decode (line, len);
  gnutls_datum_t key_datum = { (guint8 *)key, BL_NEDB_KEY_SIZE };
  gnutls_cipher_hd_t cipher;
  gsize size = 0;
  const guint8 *bytes = raw != NULL ? g_bytes_get_data (raw, &size) : NULL;

  if (size < CBC_IV_SIZE + CBC_BLOCK || (size - CBC_IV_SIZE) % CBC_BLOCK != 0)
    return NULL;
  gnutls_datum_t iv = { (guint8 *)bytes, CBC_IV_SIZE };
  gsize plain_len = size - CBC_IV_SIZE;
  g_autofree guint8 *plain = g_memdup2 (bytes + CBC_IV_SIZE, plain_len);
  if (gnutls_cipher_init (&cipher, GNUTLS_CIPHER_AES_256_CBC, &key_datum, &iv) < 0)
    return NULL;
  int rc = gnutls_cipher_decrypt (cipher, plain, plain_len);
  gnutls_cipher_deinit (cipher);
  guint8 padding = plain[plain_len - 1];
  if (rc < 0 || padding == 0 || padding > CBC_BLOCK)
    return NULL;
  for (guint i = 1; i <= padding; i++)
    {
      if (plain[plain_len - i] != padding)
        return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&plain), plain_len - padding);
}

/* Returns: (nullable): the object in base64 (iv, tag, ciphertext) */
static GVariant *
open_sealed (const char *text, const guint8 *key)
{
  g_autoptr (GBytes) raw = bl_base64_decode (text, strlen (text));
  gnutls_datum_t key_datum = { (guint8 *)key, BL_NEDB_KEY_SIZE };
  gnutls_aead_cipher_hd_t cipher;
  gsize size = 0;
  const guint8 *bytes = raw != NULL ? g_bytes_get_data (raw, &size) : NULL;

  if (size < GCM_IV_SIZE + GCM_TAG_SIZE)
    return NULL;
  /* GnuTLS wants the tag behind the ciphertext. */
  gsize len = size - GCM_IV_SIZE;
  gsize plain_len = len - GCM_TAG_SIZE;
  g_autofree guint8 *sealed = g_malloc (len);
  g_autofree char *plain = g_malloc (plain_len + 1);
  memcpy (sealed, bytes + GCM_IV_SIZE + GCM_TAG_SIZE, plain_len);
  memcpy (sealed + plain_len, bytes + GCM_IV_SIZE, GCM_TAG_SIZE);
  if (gnutls_aead_cipher_init (&cipher, GNUTLS_CIPHER_AES_256_GCM, &key_datum) < 0)
    return NULL;
  int rc = gnutls_aead_cipher_decrypt (cipher, bytes, GCM_IV_SIZE, NULL, 0, GCM_TAG_SIZE, sealed, len, plain,
                                       &plain_len);
  gnutls_aead_cipher_deinit (cipher);
  GVariant *object
      = rc == 0 ? bl_json_parse_object (plain, plain_len, NULL, BL_JSON_REPLACE_INVALID_UTF8, NULL) : NULL;
  gnutls_memset (plain, 0, rc == 0 ? plain_len : 0);
  return object;
}

static GVariant *
open_members (GVariant *object, const guint8 *key, GError **error)
{
  const char *text = bl_variant_get_string (object, SEALED);

  if (text == NULL)
    return g_variant_ref (object);
  g_autoptr (GVariant) secret = key != NULL ? open_sealed (text, key) : NULL;
  if (secret == NULL)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_AUTH, "%s",
                   key != NULL ? "its secret members do not open with dbRecordsEncryptKey"
                               : "it has sealed members, and there is no dbRecordsEncryptKey");
      return NULL;
    }
  g_autoptr (GVariant) merged = bl_doc_merge (object, secret);
  return bl_doc_remove (merged, SEALED);
}

GVariant *
bl_nedb_open_record (GVariant *document, const guint8 *key, GError **error)
{
  static const char *const nested[] = { "intelamt", "amt", "kvm" };
  GVariant *opened = open_members (document, key, error);

  for (guint i = 0; opened != NULL && i < G_N_ELEMENTS (nested); i++)
    {
      g_autoptr (GVariant) object = bl_variant_get_object (opened, nested[i]);
      if (object == NULL || bl_variant_get_string (object, SEALED) == NULL)
        continue;
      g_autoptr (GVariant) before = g_steal_pointer (&opened);
      g_autoptr (GVariant) inner = open_members (object, key, error);
      if (inner != NULL)
        opened = bl_doc_set (before, nested[i], inner);
    }
  return opened;
}

/* --- values --- */

static GVariant *plain_value (GVariant *value);

/* Returns: (transfer full) (nullable): the date when @object is one */
static GVariant *
plain_date (GVariant *object)
{
  if (g_variant_n_children (object) != 1)
    return NULL;
  g_autoptr (GVariant) date = bl_variant_get_child (object, "$$date");
  if (date == NULL)
    return NULL;
  return g_variant_is_of_type (date, G_VARIANT_TYPE_INT64) ? g_steal_pointer (&date)
                                                           : g_variant_ref_sink (bl_variant_new_null ());
}

static GVariant *
plain_object (GVariant *object)
{
  GVariant *date = plain_date (object);
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (date != NULL)
    return date;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, object);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) held = value;
      g_autoptr (GVariant) plain = plain_value (held);
      g_variant_builder_add (&builder, "{sv}", key, plain);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GVariant *
plain_array (GVariant *array)
{
  GVariantBuilder builder;
  GVariantIter iter;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  g_variant_iter_init (&iter, array);
  while (g_variant_iter_next (&iter, "v", &value))
    {
      g_autoptr (GVariant) held = value;
      g_autoptr (GVariant) plain = plain_value (held);
      g_variant_builder_add (&builder, "v", plain);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* @value with dates as numbers. The parser limits the depth. */
static GVariant *
plain_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return plain_object (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    return plain_array (value);
  return g_variant_ref (value);
}

static GVariant *
parse_document (const char *text, gsize len)
{
  static const BlJsonLimits limits = { .max_bytes = BL_NEDB_MAX_LINE, .max_string = BL_NEDB_MAX_LINE };
  GVariant *document = bl_json_parse_object (text, len, &limits, BL_JSON_REPLACE_INVALID_UTF8, NULL);

  if (document == NULL || g_strstr_len (text, (gssize)len, "$$date") == NULL)
    return document;
  g_autoptr (GVariant) before = document;
  g_autoptr (GVariant) after = plain_value (before);
  /* A line that is nothing but a date is no document. */
  return g_variant_is_of_type (after, G_VARIANT_TYPE_VARDICT) ? g_steal_pointer (&after) : NULL;
}

gint64
bl_nedb_parse_time (GVariant *document, const char *key, gint64 fallback)
{
  const char *text = bl_variant_get_string (document, key);

  if (text == NULL)
    return bl_variant_get_int (document, key, fallback);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);
  return time != NULL ? g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000
                      : fallback;
}

/* --- files --- */

typedef struct
{
  GPtrArray *documents; /* GVariant, NULL where one was deleted */
  GHashTable *places;   /* id inside the document: index + 1 */
  BlNedbStats *stats;
  guint ended; /* lines whose decryption worked */
} Reading;

static void
reading_init (Reading *reading, BlNedbStats *stats)
{
  memset (stats, 0, sizeof *stats);
  reading->documents = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  reading->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  reading->stats = stats;
  reading->ended = 0;
}

static GPtrArray *
reading_end (Reading *reading)
{
  GPtrArray *documents = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);

  for (guint i = 0; i < reading->documents->len; i++)
    {
      if (g_ptr_array_index (reading->documents, i) != NULL)
        g_ptr_array_add (documents, g_steal_pointer (&g_ptr_array_index (reading->documents, i)));
    }
  g_ptr_array_set_free_func (reading->documents, NULL);
  g_ptr_array_unref (reading->documents);
  g_hash_table_unref (reading->places);
  return documents;
}

/* @document: (transfer full) (nullable) */
static void
reading_set (Reading *reading, const char *id, GVariant *document)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (reading->places, id));

  if (place > 0)
    {
      g_clear_pointer (&g_ptr_array_index (reading->documents, place - 1), g_variant_unref);
      g_ptr_array_index (reading->documents, place - 1) = document;
    }
  else if (document != NULL)
    {
      g_ptr_array_add (reading->documents, document);
      g_hash_table_insert (reading->places, g_strdup (id), GUINT_TO_POINTER (reading->documents->len));
    }
}

static void
reading_take (Reading *reading, const char *text, gsize len)
{
  g_autoptr (GVariant) document = parse_document (text, len);
  const char *id = document != NULL ? bl_variant_get_string (document, "_id") : NULL;
  gboolean is_mark
      = document != NULL
        && (bl_variant_has (document, "$$indexCreated") || bl_variant_has (document, "$$indexRemoved"));

  if (is_mark)
    return;
  if (id == NULL || reading->documents->len >= BL_NEDB_MAX_DOCUMENTS)
    {
      reading->stats->bad++;
      return;
    }
  if (bl_variant_get_bool (document, "$$deleted", FALSE))
    {
      reading->stats->deletes++;
      reading_set (reading, id, NULL);
      return;
    }
  reading_set (reading, id, g_variant_ref (document));
}

static void
reading_take_line (Reading *reading, const char *line, gsize len, const guint8 *key)
{
  if (len > 0 && line[len - 1] == '\r')
    len--;
  if (len == 0)
    return;
  reading->stats->lines++;
  if (key == NULL)
    {
      reading->ended++;
      reading_take (reading, line, len);
      return;
    }
  g_autoptr (GBytes) opened = len <= BL_NEDB_MAX_LINE ? open_line (line, len, key) : NULL;
  if (opened == NULL)
    {
      reading->stats->bad++;
      return;
    }
  gsize opened_len;
  const char *text = g_bytes_get_data (opened, &opened_len);
  reading->ended++;
  reading_take (reading, text, opened_len);
}

static void
skip_mark (const char **data, gsize *len)
{
  if (*len >= 3 && memcmp (*data, "\xef\xbb\xbf", 3) == 0)
    {
      *data += 3;
      *len -= 3;
    }
}

GPtrArray *
bl_nedb_read (
    const char *data, gsize len, const guint8 *key, gboolean strict, BlNedbStats *stats, GError **error)
{
  Reading reading;

  reading_init (&reading, stats);
  skip_mark (&data, &len);
  for (gsize at = 0; at < len;)
    {
      const char *end = memchr (data + at, '\n', len - at);
      gsize line = end != NULL ? (gsize)(end - (data + at)) : len - at;
      guint bad = stats->bad;

      reading_take_line (&reading, data + at, line, key);
      /* The last line may be whole without its end, or cut off; only the second is no fault of the file. */
      if (end == NULL && stats->bad > bad)
        {
          stats->bad--;
          stats->torn = TRUE;
        }
      at += line + 1;
    }
  g_autoptr (GPtrArray) documents = reading_end (&reading);
  if (key != NULL && stats->lines > 0 && reading.ended == 0)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_AUTH, "not one line opens with dbEncryptKey");
      return NULL;
    }
  if (strict && (guint64)stats->bad * 100 > (guint64)stats->lines * BL_NEDB_MAX_BAD_PERCENT)
    {
      g_set_error (
          error, BL_ERROR, BL_ERROR_INVALID,
          "%u of %u lines are no documents: this is no database of MeshCentral, it is damaged, or it is "
          "encrypted and config.json has no dbEncryptKey",
          stats->bad, stats->lines);
      return NULL;
    }
  return g_steal_pointer (&documents);
}

/* --- the export --- */

/* Returns: length of the object at @text, 0 when it does not end */
static gsize
object_length (const char *text, gsize len)
{
  guint depth = 0;
  gboolean quoted = FALSE;

  for (gsize i = 0; i < len; i++)
    {
      if (quoted && text[i] == '\\')
        i++;
      else if (text[i] == '"')
        quoted = !quoted;
      else if (!quoted && (text[i] == '{' || text[i] == '['))
        depth++;
      else if (!quoted && (text[i] == '}' || text[i] == ']') && --depth == 0)
        return i + 1;
    }
  return 0;
}

static gsize
skip_blanks (const char *data, gsize len, gsize at)
{
  while (at < len && strchr (" \t\r\n", data[at]) != NULL && data[at] != '\0')
    at++;
  return at;
}

static gboolean
export_fail (GError **error, gsize at, const char *expected)
{
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "byte %" G_GSIZE_FORMAT ": expected %s", at, expected);
  return FALSE;
}

static gboolean
read_elements (Reading *reading, const char *data, gsize len, gsize at, GError **error)
{
  if (at < len && data[at] == ']')
    return TRUE;
  for (;;)
    {
      gsize size = at < len && data[at] == '{' ? object_length (data + at, len - at) : 0;

      if (size == 0)
        return export_fail (error, at, "a document, whole");
      reading->stats->lines++;
      reading_take (reading, data + at, size);
      at = skip_blanks (data, len, at + size);
      if (at < len && data[at] == ']')
        return TRUE;
      if (at >= len || data[at] != ',')
        return export_fail (error, at, "a comma or the end of the array");
      at = skip_blanks (data, len, at + 1);
    }
}

GPtrArray *
bl_nedb_read_export (const char *data, gsize len, BlNedbStats *stats, GError **error)
{
  Reading reading;

  reading_init (&reading, stats);
  skip_mark (&data, &len);
  gsize at = skip_blanks (data, len, 0);
  gboolean ok = at < len && data[at] == '['
                    ? read_elements (&reading, data, len, skip_blanks (data, len, at + 1), error)
                    : export_fail (error, at, "an array of documents");
  g_autoptr (GPtrArray) documents = reading_end (&reading);
  return ok ? g_steal_pointer (&documents) : NULL;
}

/* --- keys --- */

static char *
replace_all (const char *text, const char *what, const char *with)
{
  g_auto (GStrv) parts = g_strsplit (text, what, -1);

  return g_strjoinv (with, parts);
}

char *
bl_nedb_unescape_key (const char *key)
{
  if (strchr (key, '%') == NULL)
    return g_strdup (key);
  g_autofree char *commas = replace_all (key, "%2C", ",");
  g_autofree char *dots = replace_all (commas, "%2E", ".");
  g_autofree char *dollars = replace_all (dots, "%24", "$");
  return replace_all (dollars, "%25", "%");
}

char *
bl_nedb_escape_key (const char *key)
{
  g_autofree char *percents = replace_all (key, "%", "%25");
  g_autofree char *dollars = replace_all (percents, "$", "%24");
  g_autofree char *dots = replace_all (dollars, ".", "%2E");
  return replace_all (dots, ",", "%2C");
}

typedef char *(*KeyFunc) (const char *key);

static GVariant *
map_keys (GVariant *object, KeyFunc map)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, object);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) held = value;
      char *mapped = map (key);
      if (g_hash_table_add (seen, mapped)) /* two ways to write one key: the first counts */
        g_variant_builder_add (&builder, "{sv}", mapped, held);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* Returns: (transfer full): @document; @document is consumed */
static GVariant *
map_member (GVariant *document, const char *name, KeyFunc map)
{
  g_autoptr (GVariant) before = document;
  g_autoptr (GVariant) object = bl_variant_get_object (before, name);

  if (object == NULL)
    return g_steal_pointer (&before);
  g_autoptr (GVariant) mapped = map_keys (object, map);
  return bl_doc_set (before, name, mapped);
}

static GVariant *
map_document (GVariant *document, KeyFunc map)
{
  static const char *const members[] = { "links", "ssh", "rdp", "netif2" };
  GVariant *mapped = g_variant_ref (document);
  g_autoptr (GVariant) mesh = bl_variant_get_object (document, "mesh"); /* events carry a whole group */

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    mapped = map_member (mapped, members[i], map);
  if (mesh == NULL)
    return mapped;
  g_autoptr (GVariant) before = mapped;
  g_autoptr (GVariant) inner = map_member (g_steal_pointer (&mesh), "links", map);
  return bl_doc_set (before, "mesh", inner);
}

GVariant *
bl_nedb_unescape (GVariant *document)
{
  return map_document (document, bl_nedb_unescape_key);
}

GVariant *
bl_nedb_escape (GVariant *document)
{
  return map_document (document, bl_nedb_escape_key);
}
