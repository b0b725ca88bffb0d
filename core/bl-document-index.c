// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-directory"

#include "bl-document-index.h"
#include "bl-directory.h"
#include "common/bl-variant.h"
#include <bowline/error.h>
#include <string.h>

/* Documents of one type, for nodes of one group, in a list that costs nothing beside the links. */
typedef struct
{
  char *type;
  char *meshid;
  BlDocument *first;
  BlDocument *last;
  guint count;
} Bucket;

struct _BlDocument
{
  gatomicrefcount refs;
  guint32 size;
  guint32 id; /* offsets into data */
  guint32 type;
  guint32 meshid; /* 0: none */
  Bucket *bucket; /* NULL: in no index */
  BlDocument *previous;
  BlDocument *next;
  guint8 data[] __attribute__ ((aligned (8))); /* what GVariant wants for a{sv} */
};

struct _BlDocumentIndex
{
  GHashTable *by_id;   /* id inside the document: BlDocument */
  GHashTable *buckets; /* type: (meshid: Bucket) */
  gsize bytes;
};

gboolean
bl_document_check_id (const char *id, GError **error)
{
  gsize length = id != NULL ? strlen (id) : 0;

  if (length == 0 || length > BL_DIRECTORY_MAX_ID)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "document: expected an _id of 1 to %u bytes, found %" G_GSIZE_FORMAT, BL_DIRECTORY_MAX_ID,
                   length);
      return FALSE;
    }
  for (gsize i = 0; i < length; i++)
    {
      if ((guchar)id[i] >= 0x20 && id[i] != 0x7f)
        continue;
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "document: control character 0x%02x in its _id at byte %" G_GSIZE_FORMAT, (guchar)id[i],
                   i);
      return FALSE;
    }
  if (!g_utf8_validate_len (id, length, NULL))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "document: its _id is not UTF-8");
      return FALSE;
    }
  return TRUE;
}

gboolean
bl_document_check (GVariant *document, GError **error)
{
  const char *id;
  const char *type;

  if (!g_variant_is_of_type (document, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "document: expected a{sv}, found %s",
                   g_variant_get_type_string (document));
      return FALSE;
    }
  id = bl_variant_get_string (document, "_id");
  if (!bl_document_check_id (id, error))
    return FALSE;
  type = bl_variant_get_string (document, "type");
  if (type == NULL || *type == '\0' || strlen (type) > 64)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "document %s: expected a type of 1 to 64 bytes", id);
      return FALSE;
    }
  if (g_variant_get_size (document) > BL_DIRECTORY_MAX_DOCUMENT)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "document %s: %" G_GSIZE_FORMAT " bytes, at most %u are kept", id,
                   g_variant_get_size (document), BL_DIRECTORY_MAX_DOCUMENT);
      return FALSE;
    }
  return TRUE;
}

/* Where the text of @key lies in the document's data; 0 when there is none. */
static guint32
bl_document_find (BlDocument *document, GVariant *variant, const char *key)
{
  const char *text = bl_variant_get_string (variant, key);

  return text != NULL ? (guint32)((const guint8 *)text - document->data) : 0;
}

BlDocument *
bl_document_new (GVariant *variant, GError **error)
{
  g_autoptr (GVariant) normal = NULL;
  g_autoptr (GVariant) stored = NULL;
  BlDocument *document;
  gsize size;

  if (!bl_document_check (variant, error))
    return NULL;
  normal = g_variant_get_normal_form (variant);
  size = g_variant_get_size (normal);
  document = g_malloc (sizeof *document + size);
  memset (document, 0, sizeof *document);
  g_atomic_ref_count_init (&document->refs);
  document->size = (guint32)size;
  g_variant_store (normal, document->data);
  stored = bl_document_dup_variant (document);
  document->id = bl_document_find (document, stored, "_id");
  document->type = bl_document_find (document, stored, "type");
  document->meshid = bl_document_find (document, stored, "meshid");
  return document;
}

BlDocument *
bl_document_ref (BlDocument *document)
{
  g_atomic_ref_count_inc (&document->refs);
  return document;
}

void
bl_document_unref (BlDocument *document)
{
  if (g_atomic_ref_count_dec (&document->refs))
    g_free (document);
}

const char *
bl_document_get_id (BlDocument *document)
{
  return (const char *)document->data + document->id;
}

const char *
bl_document_get_type (BlDocument *document)
{
  return (const char *)document->data + document->type;
}

GVariant *
bl_document_dup_variant (BlDocument *document)
{
  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, document->data, document->size,
                                                      TRUE, (GDestroyNotify)bl_document_unref,
                                                      bl_document_ref (document)));
}

static void
bucket_free (gpointer data)
{
  Bucket *bucket = data;

  g_free (bucket->type);
  g_free (bucket->meshid);
  g_free (bucket);
}

BlDocumentIndex *
bl_document_index_new (void)
{
  BlDocumentIndex *index = g_new0 (BlDocumentIndex, 1);

  index->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)bl_document_unref);
  index->buckets
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  return index;
}

void
bl_document_index_free (BlDocumentIndex *index)
{
  if (index == NULL)
    return;
  g_hash_table_unref (index->by_id);
  g_hash_table_unref (index->buckets);
  g_free (index);
}

static const char *
bl_document_get_bucket_name (BlDocument *document)
{
  if (document->meshid == 0 || !g_str_equal (bl_document_get_type (document), "node"))
    return "";
  return (const char *)document->data + document->meshid;
}

static void
bl_document_index_link (BlDocumentIndex *index, BlDocument *document)
{
  const char *type = bl_document_get_type (document);
  const char *meshid = bl_document_get_bucket_name (document);
  GHashTable *of_type = g_hash_table_lookup (index->buckets, type);
  Bucket *bucket;

  if (of_type == NULL)
    {
      of_type = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, bucket_free);
      g_hash_table_insert (index->buckets, g_strdup (type), of_type);
    }
  bucket = g_hash_table_lookup (of_type, meshid);
  if (bucket == NULL)
    {
      bucket = g_new0 (Bucket, 1);
      bucket->type = g_strdup (type);
      bucket->meshid = g_strdup (meshid);
      g_hash_table_insert (of_type, bucket->meshid, bucket);
    }
  document->bucket = bucket;
  document->previous = bucket->last;
  document->next = NULL;
  if (bucket->last != NULL)
    bucket->last->next = document;
  else
    bucket->first = document;
  bucket->last = document;
  bucket->count++;
  index->bytes += sizeof *document + document->size;
}

static void
bl_document_index_unlink (BlDocumentIndex *index, BlDocument *document)
{
  Bucket *bucket = document->bucket;

  if (document->previous != NULL)
    document->previous->next = document->next;
  else
    bucket->first = document->next;
  if (document->next != NULL)
    document->next->previous = document->previous;
  else
    bucket->last = document->previous;
  document->bucket = NULL;
  index->bytes -= sizeof *document + document->size;
  if (--bucket->count == 0)
    g_hash_table_remove (g_hash_table_lookup (index->buckets, bucket->type), bucket->meshid);
}

/* A new version takes the place of the old one: people see lists in the order in which things were made. */
static void
bl_document_index_replace (BlDocumentIndex *index, BlDocument *old, BlDocument *document)
{
  Bucket *bucket = old->bucket;

  document->bucket = bucket;
  document->previous = old->previous;
  document->next = old->next;
  *(old->previous != NULL ? &old->previous->next : &bucket->first) = document;
  *(old->next != NULL ? &old->next->previous : &bucket->last) = document;
  old->bucket = NULL;
  index->bytes += document->size;
  index->bytes -= old->size;
}

static gboolean
bl_document_shares_bucket (BlDocument *a, BlDocument *b)
{
  return g_str_equal (bl_document_get_type (a), bl_document_get_type (b))
         && g_str_equal (bl_document_get_bucket_name (a), bl_document_get_bucket_name (b));
}

void
bl_document_index_put (BlDocumentIndex *index, BlDocument *document)
{
  BlDocument *old = bl_document_index_lookup (index, bl_document_get_id (document));

  if (old == document)
    return;
  g_return_if_fail (document->bucket == NULL);
  if (old != NULL && bl_document_shares_bucket (old, document))
    bl_document_index_replace (index, old, document);
  else
    {
      if (old != NULL)
        bl_document_index_unlink (index, old);
      bl_document_index_link (index, document);
    }
  g_hash_table_replace (index->by_id, (gpointer)bl_document_get_id (document), bl_document_ref (document));
}

gboolean
bl_document_index_remove (BlDocumentIndex *index, const char *id)
{
  BlDocument *old = bl_document_index_lookup (index, id);

  if (old == NULL)
    return FALSE;
  bl_document_index_unlink (index, old);
  return g_hash_table_remove (index->by_id, id);
}

BlDocument *
bl_document_index_lookup (BlDocumentIndex *index, const char *id)
{
  return g_hash_table_lookup (index->by_id, id);
}

guint
bl_document_index_count (BlDocumentIndex *index, const char *type)
{
  GHashTable *of_type = g_hash_table_lookup (index->buckets, type);
  GHashTableIter iter;
  gpointer value;
  guint count = 0;

  if (of_type == NULL)
    return 0;
  g_hash_table_iter_init (&iter, of_type);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    count += ((Bucket *)value)->count;
  return count;
}

static void
bucket_collect (Bucket *bucket, GPtrArray *list)
{
  for (BlDocument *document = bucket->first; document != NULL; document = document->next)
    g_ptr_array_add (list, bl_document_ref (document));
}

GPtrArray *
bl_document_index_dup_list (BlDocumentIndex *index, const char *type, const char *meshid)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)bl_document_unref);
  GHashTable *of_type = g_hash_table_lookup (index->buckets, type);
  GHashTableIter iter;
  gpointer value;

  if (of_type == NULL)
    return list;
  if (meshid != NULL)
    {
      Bucket *bucket = g_hash_table_lookup (of_type, meshid);

      if (bucket != NULL)
        bucket_collect (bucket, list);
      return list;
    }
  g_hash_table_iter_init (&iter, of_type);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    bucket_collect (value, list);
  return list;
}

gsize
bl_document_index_get_memory (BlDocumentIndex *index)
{
  /* key, value and hash of an entry; GHashTable keeps its arrays between a half and fully used */
  return index->bytes + g_hash_table_size (index->by_id) * 2 * (2 * sizeof (gpointer) + sizeof (guint));
}
