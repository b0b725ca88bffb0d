// SPDX-License-Identifier: Apache-2.0
#include "bl-import-links.h"

#include "common/bl-ids.h"
#include "common/bl-nedb.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

/* Keys were escaped several times by faulty versions. */
#define MAX_UNESCAPES 4

void
bl_import_item_free (gpointer data)
{
  BlImportItem *item = data;

  g_variant_unref (item->source);
  g_clear_pointer (&item->existing, g_variant_unref);
  g_clear_pointer (&item->final, g_variant_unref);
  g_free (item->owner);
  g_free (item->second_owner);
  g_free (item);
}

static const char *
get_id (GVariant *document)
{
  return bl_variant_get_string (document, "_id");
}

/* Who is given rights, as opposed to what they are given on. A user group is both. */
static gboolean
is_subject_of (BlImportKind subject, BlImportKind object)
{
  if (subject == BL_IMPORT_USER)
    return object == BL_IMPORT_USER_GROUP || object == BL_IMPORT_DEVICE_GROUP || object == BL_IMPORT_DEVICE;
  return subject == BL_IMPORT_USER_GROUP && (object == BL_IMPORT_DEVICE_GROUP || object == BL_IMPORT_DEVICE);
}

/* Returns: (transfer full) (nullable): links[@id] */
static GVariant *
dup_link (GVariant *document, const char *id)
{
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");

  return links != NULL ? bl_variant_get_object (links, id) : NULL;
}

static GVariant *
with_link (GVariant *document, const char *id, GVariant *link)
{
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");
  g_autoptr (GVariant) more = bl_doc_set (links, id, link);

  return bl_doc_set (document, "links", more);
}

/* Returns: (transfer full) (nullable): the id a key of links means */
static char *
resolve (GHashTable *items, const char *key)
{
  g_autofree char *id = g_strdup (key);

  for (guint i = 0; i < MAX_UNESCAPES; i++)
    {
      if (g_hash_table_contains (items, id))
        return g_steal_pointer (&id);
      char *plain = bl_nedb_unescape_key (id);
      g_free (id);
      id = plain;
    }
  return g_hash_table_contains (items, id) ? g_steal_pointer (&id) : NULL;
}

typedef gboolean (*KeepFunc) (BlImportItem *item, BlImportItem *other, GVariant **link, gpointer user_data);

/* Rewrites the links of @document: only those to other items that @keep wants.
 * @unknown: (nullable): counts links to anything else; %NULL lets these pass */
static GVariant *
filter_links (GVariant *document,
              BlImportItem *item,
              GHashTable *items,
              KeepFunc keep,
              guint *unknown,
              gpointer user_data)
{
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantBuilder kept;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  guint refused = 0; /* no object: only the source has such, and it was cleaned */

  if (links == NULL)
    return bl_doc_remove (document, "links"); /* absent, or no object */
  g_variant_builder_init (&kept, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) link = value;
      char *id = resolve (items, key);
      BlImportItem *other = id != NULL ? g_hash_table_lookup (items, id) : NULL;

      if (other == NULL && unknown == NULL)
        g_variant_builder_add (&kept, "{sv}", key, link);
      else if (other == NULL || !g_variant_is_of_type (link, G_VARIANT_TYPE_VARDICT))
        *(unknown != NULL ? unknown : &refused) += 1;
      else if (!g_hash_table_contains (seen, id) && keep (item, other, &link, user_data))
        {
          g_variant_builder_add (&kept, "{sv}", id, link);
          g_hash_table_add (seen, g_steal_pointer (&id));
        }
      g_free (id);
    }
  return bl_doc_set (document, "links", g_variant_builder_end (&kept));
}

static void
filter_all (GHashTable *items, KeepFunc keep, BlImportLinks *counts)
{
  GHashTableIter iter;
  BlImportItem *item;
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  guint i = 0;

  /* All are judged by the state before. */
  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    {
      if (bl_import_kind_has_links (item->kind))
        g_ptr_array_add (changed, filter_links (item->source, item, items, keep, &counts->unknown, counts));
    }
  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    {
      if (!bl_import_kind_has_links (item->kind))
        continue;
      g_variant_unref (item->source);
      item->source = g_variant_ref (g_ptr_array_index (changed, i++));
    }
}

/* ---- within the source
 * ------------------------------------------------------------------------------------------ */

static gboolean
keep_possible (BlImportItem *item, BlImportItem *other, GVariant **link, gpointer user_data)
{
  BlImportLinks *counts = user_data;

  if (is_subject_of (item->kind, other->kind) || is_subject_of (other->kind, item->kind))
    return TRUE;
  counts->unknown++;
  return FALSE;
}

/* An object says what the account or user group says: that is what counted on the other server. */
static gboolean
keep_mutual (BlImportItem *item, BlImportItem *other, GVariant **link, gpointer user_data)
{
  BlImportLinks *counts = user_data;
  g_autoptr (GVariant) mirrored = dup_link (other->source, get_id (item->source));
  guint32 said, meant;

  if (mirrored == NULL)
    {
      counts->one_sided++;
      return FALSE;
    }
  if (item->kind != BL_IMPORT_DEVICE_GROUP && item->kind != BL_IMPORT_DEVICE)
    return TRUE;
  said = bl_rights_from_json (bl_variant_get_int (*link, "rights", 0));
  meant = bl_rights_from_json (bl_variant_get_int (mirrored, "rights", 0));
  if (said != meant)
    {
      g_autoptr (GVariant) before = *link;
      *link = bl_doc_set_int (before, "rights", bl_variant_get_int (mirrored, "rights", 0));
      counts->differing++;
    }
  return TRUE;
}

void
bl_import_links_clean (GHashTable *items, BlImportLinks *links)
{
  filter_all (items, keep_possible, links);
  filter_all (items, keep_mutual, links);
}

/* ---- with what is here
 * ------------------------------------------------------------------------------------------ */

static gboolean
is_written (const BlImportItem *item)
{
  return item->outcome == BL_IMPORT_NEW || item->outcome == BL_IMPORT_REPLACED;
}

/* @item is written, @other stays as it is here. */
static gboolean
keep_joined (BlImportItem *item, BlImportItem *other, GVariant **link, gpointer user_data)
{
  BlImportLinks *counts = user_data;
  const char *id = get_id (item->source);

  if (is_written (other))
    return TRUE;
  g_autoptr (GVariant) theirs = dup_link (other->final, id);
  if (theirs != NULL)
    return TRUE;
  if (!is_subject_of (other->kind, item->kind))
    {
      counts->ours++;
      return FALSE;
    }
  g_autoptr (GVariant) mirrored = dup_link (other->source, id);
  g_autoptr (GVariant) before = other->final;
  other->final = with_link (before, id, mirrored);
  other->outcome = BL_IMPORT_MERGED;
  return TRUE;
}

/* What replaces a document of ours keeps its links to what the source does not know. */
static GVariant *
carry_links (BlImportItem *item, GHashTable *items)
{
  g_autoptr (GVariant) links = bl_variant_get_object (item->existing, "links");
  GVariant *document = g_variant_ref (item->source);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (links == NULL)
    return document;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) link = value;
      if (g_hash_table_contains (items, key))
        continue;
      g_autoptr (GVariant) before = document;
      document = with_link (before, key, link);
    }
  return document;
}

static void
begin_join (BlImportItem *item, GHashTable *items, gboolean replace)
{
  if (item->existing == NULL)
    {
      item->outcome = BL_IMPORT_NEW;
      item->final = g_variant_ref (item->source);
    }
  else if (replace)
    {
      item->outcome = BL_IMPORT_REPLACED;
      item->final = carry_links (item, items);
    }
  else
    {
      item->outcome = BL_IMPORT_KEPT;
      item->final = g_variant_ref (item->existing);
    }
}

void
bl_import_links_join (GHashTable *items, gboolean replace, BlImportLinks *links)
{
  GHashTableIter iter;
  BlImportItem *item;

  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    {
      if (bl_import_kind_has_links (item->kind))
        begin_join (item, items, replace);
    }
  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    {
      if (!bl_import_kind_has_links (item->kind) || !is_written (item))
        continue;
      g_autoptr (GVariant) before = item->final;
      item->final = filter_links (before, item, items, keep_joined, NULL, links);
    }
  g_hash_table_iter_init (&iter, items);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&item))
    {
      if (!bl_import_kind_has_links (item->kind) || item->existing == NULL)
        continue;
      GVariant *wanted = item->outcome == BL_IMPORT_KEPT ? item->source : item->final;
      if (item->outcome != BL_IMPORT_MERGED && g_variant_equal (wanted, item->existing))
        item->outcome = BL_IMPORT_SAME;
    }
}
