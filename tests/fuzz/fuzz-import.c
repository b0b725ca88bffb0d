// SPDX-License-Identifier: Apache-2.0
/* Documents of another server: what is taken over fits the store, and every link is on both of its ends. */
#include "fuzz.h"

#include "bl-document-index.h"
#include "bl-import-links.h"
#include "common/bl-nedb.h"
#include "common/bl-variant.h"

#define NOW G_GINT64_CONSTANT (1800000000000)

static void
take (GHashTable *items, GVariant *stored)
{
  g_auto (BlImportDocument) converted = { 0 };
  g_auto (GStrv) targets = NULL;
  gint64 time_ms = 0;
  const char *why;
  g_autoptr (GVariant) event = bl_import_convert_event (stored, NOW, &targets, &time_ms, &why);

  g_assert_true ((event == NULL) == (why != NULL));
  bl_import_convert (stored, NOW, &converted);
  g_assert_true ((converted.document == NULL) == (converted.why != NULL));
  if (converted.document == NULL)
    return;
  g_assert_true (bl_document_check (converted.document, NULL));
  BlImportItem *item = g_new0 (BlImportItem, 1);
  item->kind = converted.kind;
  item->source = g_variant_ref (converted.document);
  g_hash_table_replace (items, g_strdup (bl_variant_get_string (item->source, "_id")), item);
}

static void
check_links (GHashTable *items, BlImportItem *item, const char *id)
{
  g_autoptr (GVariant) links = bl_variant_get_object (item->final, "links");
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (links == NULL)
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      BlImportItem *other = g_hash_table_lookup (items, key);
      g_autoptr (GVariant) link = value;
      g_assert_nonnull (other);
      g_autoptr (GVariant) theirs = bl_variant_get_object (other->final, "links");
      g_autoptr (GVariant) mirrored = theirs != NULL ? bl_variant_get_object (theirs, id) : NULL;
      g_assert_nonnull (mirrored);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = data != NULL ? (const char *)data : "";
  g_autoptr (GHashTable) items = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bl_import_item_free);
  BlImportLinks links = { 0 };
  BlNedbStats stats;
  GHashTableIter iter;
  const char *id;
  BlImportItem *item;
  g_autoptr (GPtrArray) documents = bl_nedb_read (text, size, NULL, FALSE, &stats, NULL);

  for (guint i = 0; i < documents->len; i++)
    {
      g_autoptr (GVariant) plain = bl_nedb_unescape (g_ptr_array_index (documents, i));
      take (items, plain);
    }
  bl_import_links_clean (items, &links);
  bl_import_links_join (items, FALSE, &links);
  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, (gpointer *)&id, (gpointer *)&item))
    {
      if (bl_import_kind_has_links (item->kind))
        check_links (items, item, id);
    }
  return 0;
}
