// SPDX-License-Identifier: Apache-2.0
/* The documents of the source, and what is to become of each. */
#include "bl-import-private.h"

#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <bowline/error.h>

#define GONE "what it belongs to is gone"

static gboolean
exists (BlImport *import, const char *id)
{
  return g_hash_table_contains (import->items, id) || bl_directory_contains (import->directory, id);
}

static gboolean
owners_exist (BlImport *import, const BlImportItem *item)
{
  return (item->owner == NULL || exists (import, item->owner))
         && (item->second_owner == NULL || exists (import, item->second_owner));
}

static void
collect_one (BlImport *import, GVariant *stored)
{
  g_auto (BlImportDocument) converted = { 0 };

  bl_import_convert (stored, import->now_ms, &converted);
  bl_import_report_count (import->report, bl_import_kind_name (converted.kind), BL_IMPORT_FOUND, 1);
  if (converted.document == NULL)
    {
      bl_import_report_left (import->report, bl_import_kind_name (converted.kind), converted.why, 1);
      return;
    }
  BlImportItem *item = g_new0 (BlImportItem, 1);
  const char *id = bl_variant_get_string (converted.document, "_id");
  item->kind = converted.kind;
  item->source = g_variant_ref (converted.document);
  item->owner = g_steal_pointer (&converted.owner);
  item->second_owner = g_steal_pointer (&converted.second_owner);
  item->outcome = BL_IMPORT_NEW;
  if (bl_import_kind_has_links (item->kind))
    item->existing = bl_directory_dup (import->directory, id);
  g_hash_table_replace (import->items, g_strdup (id), item);
}

/* Devices go before what belongs to devices. */
static void
drop_orphans (BlImport *import, gboolean devices)
{
  GHashTableIter iter;
  BlImportItem *item;

  g_hash_table_iter_init (&iter, import->items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    {
      if ((item->kind == BL_IMPORT_DEVICE) != devices || owners_exist (import, item))
        continue;
      bl_import_report_left (import->report, bl_import_kind_name (item->kind),
                             devices ? "its group is gone" : GONE, 1);
      g_hash_table_iter_remove (&iter);
    }
}

static int
compare_items (gconstpointer a, gconstpointer b)
{
  const BlImportItem *first = *(BlImportItem *const *)a;
  const BlImportItem *second = *(BlImportItem *const *)b;

  if (first->kind != second->kind)
    return first->kind < second->kind ? -1 : 1;
  return g_strcmp0 (bl_variant_get_string (first->source, "_id"),
                    bl_variant_get_string (second->source, "_id"));
}

static void
note_links (BlImport *import, const BlImportLinks *links)
{
  const struct
  {
    guint count;
    const char *text;
  } notes[] = {
    { links->unknown, "to accounts, groups or devices that do not exist were dropped" },
    { links->one_sided, "that only one of their two ends had were dropped" },
    { links->ours, "to things of this server were dropped: an import opens nothing that is here" },
    { links->differing, "had different rights on their two ends; those of the account or user group count" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      if (notes[i].count > 0)
        bl_import_report_note (import->report, "%u links %s.", notes[i].count, notes[i].text);
    }
}

/* Version 1 of its database is older than what the facts we go by describe. */
static gboolean
check_version (BlImport *import, GPtrArray *documents, GError **error)
{
  for (guint i = 0; i < documents->len; i++)
    {
      GVariant *document = g_ptr_array_index (documents, i);
      gint64 version = bl_variant_get_int (document, "value", 2);

      if (g_strcmp0 (bl_variant_get_string (document, "_id"), "SchemaVersion") != 0 || version == 2)
        continue;
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED,
                   "%s/%s: expected schema version 2, found %" G_GINT64_FORMAT
                   "; start a current MeshCentral on it once",
                   bl_import_source_get_path (import->source), bl_import_source_get_database (import->source),
                   version);
      return FALSE;
    }
  return TRUE;
}

gboolean
bl_import_collect (BlImport *import, GError **error)
{
  BlNedbStats stats;
  BlImportLinks links = { 0 };
  g_autoptr (GPtrArray) documents
      = bl_import_source_read (import->source, BL_IMPORT_TABLE_MAIN, &stats, error);
  GHashTableIter iter;
  BlImportItem *item;

  if (documents == NULL || !check_version (import, documents, error))
    return FALSE;
  if (stats.bad > 0)
    bl_import_report_left (import->report, "line", "damaged", stats.bad);
  if (stats.torn)
    bl_import_report_left (import->report, "line", "the last one, cut off", 1);
  for (guint i = 0; i < documents->len; i++)
    collect_one (import, g_ptr_array_index (documents, i));
  drop_orphans (import, TRUE);
  drop_orphans (import, FALSE);
  bl_import_links_clean (import->items, &links);
  bl_import_links_join (import->items, import->replace, &links);
  note_links (import, &links);

  g_hash_table_iter_init (&iter, import->items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    g_ptr_array_add (import->order, item);
  g_ptr_array_sort (import->order, compare_items);
  return TRUE;
}
