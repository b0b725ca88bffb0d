// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-audit"

#include "bl-audit-chain.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"
#include <string.h>

#define NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

static void
hash_copy (char to[BL_AUDIT_HASH_LENGTH + 1], const char *from)
{
  g_strlcpy (to, from != NULL ? from : NO_HASH, BL_AUDIT_HASH_LENGTH + 1);
}

void
bl_audit_head_read (GVariant *document, BlAuditHead *head)
{
  head->first = bl_variant_get_int (document, "first", 1);
  head->last = bl_variant_get_int (document, "last", 0);
  hash_copy (head->anchor, bl_variant_get_string (document, "anchor"));
  hash_copy (head->hash, bl_variant_get_string (document, "hash"));
}

GVariant *
bl_audit_head_write (const BlAuditHead *head)
{
  return g_variant_new_parsed ("{'_id': <%s>, 'type': <'server'>, 'first': <%x>, 'last': <%x>, "
                               "'anchor': <%s>, 'hash': <%s>}",
                               BL_AUDIT_HEAD_ID, head->first, head->last, head->anchor, head->hash);
}

static GVariant *value_sort (GVariant *value);

static int
key_compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
builder_add_sorted (GVariantBuilder *builder, GVariant *object, const char *key)
{
  g_autoptr (GVariant) value = bl_variant_get_child (object, key);
  g_autoptr (GVariant) sorted = value_sort (value);

  g_variant_builder_add (builder, "{sv}", key, sorted);
}

static GVariant *
object_sort (GVariant *object)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, object);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
    g_ptr_array_add (keys, (gpointer)key);
  g_ptr_array_sort (keys, key_compare);
  for (guint i = 0; i < keys->len; i++)
    builder_add_sorted (&builder, object, g_ptr_array_index (keys, i));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* Returns: (transfer full): @value with the keys of all objects in it sorted; its depth is bl-json's */
static GVariant *
value_sort (GVariant *value)
{
  GVariantBuilder builder;
  gsize n;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return object_sort (value);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    return g_variant_ref (value);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  n = g_variant_n_children (value);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) child = g_variant_get_variant (boxed);
      g_autoptr (GVariant) sorted = value_sort (child);

      g_variant_builder_add (&builder, "v", sorted);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

char *
bl_audit_chain_canonical (GVariant *document)
{
  g_autoptr (GVariant) without = bl_doc_remove (document, "hash");
  g_autoptr (GVariant) sorted = object_sort (without);

  return bl_json_to_string (sorted, NULL);
}

static char *
record_hash (GVariant *record, const char *previous)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text = bl_audit_chain_canonical (record);

  if (text == NULL)
    return g_strdup (NO_HASH);
  g_checksum_update (checksum, (const guchar *)previous, BL_AUDIT_HASH_LENGTH);
  g_checksum_update (checksum, (const guchar *)text, (gssize)strlen (text));
  return g_strdup (g_checksum_get_string (checksum));
}

static char *
record_id (gint64 seq)
{
  return g_strdup_printf ("audit-%016" G_GINT64_MODIFIER "x", seq);
}

char *
bl_audit_chain_page_prefix (gint64 seq)
{
  return g_strdup_printf ("audit-%014" G_GINT64_MODIFIER "x", seq / BL_AUDIT_PAGE);
}

GVariant *
bl_audit_chain_append (BlAuditHead *head, GVariant *record)
{
  g_autofree char *id = record_id (head->last + 1);
  g_autoptr (GVariant) named = bl_doc_set_string (record, "_id", id);
  g_autoptr (GVariant) numbered = bl_doc_set_int (named, "seq", head->last + 1);
  g_autoptr (GVariant) linked = bl_doc_set_string (numbered, "prev", head->hash);
  g_autofree char *hash = record_hash (linked, head->hash);

  head->last++;
  hash_copy (head->hash, hash);
  return bl_doc_set_string (linked, "hash", hash);
}

static gint64
record_get_seq (GVariant *record)
{
  return bl_variant_get_int (record, "seq", -1);
}

static int
record_compare (gconstpointer a, gconstpointer b)
{
  gint64 first = record_get_seq (*(GVariant *const *)a);
  gint64 second = record_get_seq (*(GVariant *const *)b);

  return first < second ? -1 : first > second ? 1 : 0;
}

static GPtrArray *
page_sort (GVariant *page)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  gsize n = g_variant_n_children (page);

  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (records, g_variant_get_child_value (page, i));
  g_ptr_array_sort (records, record_compare);
  return records;
}

static gint64
record_get_time_ms (GVariant *record)
{
  const char *text = bl_variant_get_string (record, "time");
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  return time != NULL ? g_date_time_to_unix (time) * 1000 : G_MAXINT64;
}

void
bl_audit_chain_expire (BlAuditHead *head, GVariant *page, gint64 cutoff_ms, GStrvBuilder *deletes)
{
  g_autoptr (GPtrArray) records = page_sort (page);

  for (guint i = 0; i < records->len; i++)
    {
      GVariant *record = g_ptr_array_index (records, i);

      if (record_get_seq (record) < head->first) /* left over */
        {
          g_strv_builder_add (deletes, bl_variant_get_string (record, "_id"));
          continue;
        }
      if (record_get_seq (record) != head->first || head->first == head->last
          || record_get_time_ms (record) >= cutoff_ms)
        return;
      g_strv_builder_add (deletes, bl_variant_get_string (record, "_id"));
      hash_copy (head->anchor, bl_variant_get_string (record, "hash"));
      head->first++;
    }
}

void
bl_audit_verify_init (BlAuditVerify *verify, const BlAuditHead *head)
{
  verify->head = *head;
  verify->next = head->first;
  hash_copy (verify->previous, head->anchor);
  g_clear_pointer (&verify->problem, g_free);
}

void
bl_audit_verify_clear (BlAuditVerify *verify)
{
  g_clear_pointer (&verify->problem, g_free);
}

static void
bl_audit_verify_record (BlAuditVerify *verify, GVariant *record)
{
  g_autofree char *id = record_id (verify->next);
  g_autofree char *hash = record_hash (record, verify->previous);
  const char *found = bl_variant_get_string (record, "hash");
  const char *previous = bl_variant_get_string (record, "prev");

  if (g_strcmp0 (bl_variant_get_string (record, "_id"), id) != 0)
    verify->problem = g_strdup_printf ("record %" G_GINT64_FORMAT ": expected id %s, found %s", verify->next,
                                       id, bl_variant_get_string (record, "_id"));
  else if (g_strcmp0 (previous, verify->previous) != 0)
    verify->problem
        = g_strdup_printf ("record %" G_GINT64_FORMAT ": it follows hash %s, the record before it has %s",
                           verify->next, previous, verify->previous);
  else if (g_strcmp0 (found, hash) != 0)
    verify->problem = g_strdup_printf ("record %" G_GINT64_FORMAT " was changed: expected hash %s, found %s",
                                       verify->next, hash, found);
  hash_copy (verify->previous, hash);
  verify->next++;
}

void
bl_audit_verify_page (BlAuditVerify *verify, GVariant *page)
{
  g_autoptr (GPtrArray) records = page_sort (page);
  gint64 end = MIN ((verify->next / BL_AUDIT_PAGE + 1) * BL_AUDIT_PAGE, verify->head.last + 1);

  for (guint i = 0; i < records->len && verify->problem == NULL && verify->next < end; i++)
    {
      GVariant *record = g_ptr_array_index (records, i);

      if (record_get_seq (record) < verify->next)
        continue; /* older than the front: left over from an expiry that was not kept */
      if (record_get_seq (record) > verify->next)
        break;
      bl_audit_verify_record (verify, record);
    }
  if (verify->problem == NULL && verify->next < end)
    verify->problem = g_strdup_printf ("record %" G_GINT64_FORMAT " is missing", verify->next);
  if (verify->problem == NULL && verify->next > verify->head.last
      && !g_str_equal (verify->previous, verify->head.hash))
    verify->problem
        = g_strdup_printf ("record %" G_GINT64_FORMAT ": its hash is %s, the head of the chain says %s",
                           verify->head.last, verify->previous, verify->head.hash);
}

gboolean
bl_audit_verify_is_done (const BlAuditVerify *verify)
{
  return verify->problem != NULL || verify->next > verify->head.last;
}

GVariant *
bl_audit_verify_dup_report (const BlAuditVerify *verify)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "valid", "b", verify->problem == NULL);
  g_variant_dict_insert (&dict, "records", "x", verify->next - verify->head.first);
  g_variant_dict_insert (&dict, "first", "x", verify->head.first);
  g_variant_dict_insert (&dict, "last", "x", verify->head.last);
  g_variant_dict_insert (&dict, "hash", "s", verify->head.hash);
  if (verify->problem != NULL)
    g_variant_dict_insert (&dict, "problem", "s", verify->problem);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
