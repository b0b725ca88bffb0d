// SPDX-License-Identifier: Apache-2.0
/* Database files of another server: every document has an id, ids are unique, and what was read is read back
 * the same. */
#include "fuzz.h"

#include "common/bl-json.h"
#include "common/bl-nedb.h"
#include "common/bl-variant.h"

static void
read_back (GPtrArray *documents)
{
  g_autoptr (GString) text = g_string_new (NULL);
  BlNedbStats stats;

  for (guint i = 0; i < documents->len; i++)
    {
      g_assert_nonnull (bl_variant_get_string (g_ptr_array_index (documents, i), "_id"));
      g_autoptr (GVariant) plain = bl_nedb_unescape (g_ptr_array_index (documents, i));
      g_autoptr (GVariant) opened = bl_nedb_open_record (plain, NULL, NULL);
      g_assert_true (bl_json_append (text, g_ptr_array_index (documents, i), NULL));
      g_string_append_c (text, '\n');
    }
  g_autoptr (GPtrArray) again = bl_nedb_read (text->str, text->len, NULL, FALSE, &stats, NULL);
  g_assert_nonnull (again);
  /* Escapes may make a line longer than the limit; and a stored date mark is a date the second time. */
  g_assert_cmpuint (again->len + stats.bad + stats.deletes, <=, documents->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = data != NULL ? (const char *)data : "";
  guint8 key[BL_NEDB_KEY_SIZE];
  BlNedbStats stats;

  bl_nedb_derive_key ("a passphrase", key);
  g_autoptr (GPtrArray) lines = bl_nedb_read (text, size, NULL, FALSE, &stats, NULL);
  g_assert_nonnull (lines);
  read_back (lines);
  g_autoptr (GPtrArray) encrypted = bl_nedb_read (text, size, key, FALSE, &stats, NULL);
  if (encrypted != NULL)
    read_back (encrypted);
  g_autoptr (GPtrArray) exported = bl_nedb_read_export (text, size, &stats, NULL);
  if (exported != NULL)
    read_back (exported);
  return 0;
}
