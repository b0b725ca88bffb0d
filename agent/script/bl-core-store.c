// SPDX-License-Identifier: Apache-2.0
// Core scripts on disk: a file is the SHA-384 of the package and then the package.

#include "bl-core-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bl-hash.h"

struct _BlCoreStore
{
  gatomicrefcount refs;
  char *directory;
};

void
bl_core_hash (const void *data, gsize size, guint8 hash[BL_CORE_HASH_SIZE])
{
  bl_sha384 (data, size, hash);
}

static gboolean
fail_errno (GError **error, const char *what, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), "%s %s: %s", what, path, g_strerror (code));
  return FALSE;
}

BlCoreStore *
bl_core_store_new (const char *directory, GError **error)
{
  BlCoreStore *self;

  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      fail_errno (error, "cannot make folder", directory);
      return NULL;
    }
  self = g_new0 (BlCoreStore, 1);
  g_atomic_ref_count_init (&self->refs);
  self->directory = g_strdup (directory);
  return self;
}

BlCoreStore *
bl_core_store_ref (BlCoreStore *store)
{
  g_atomic_ref_count_inc (&store->refs);
  return store;
}

void
bl_core_store_unref (BlCoreStore *store)
{
  if (!g_atomic_ref_count_dec (&store->refs))
    return;
  g_free (store->directory);
  g_free (store);
}

static char *
slot_path (BlCoreStore *store, BlCoreSlot slot)
{
  return g_build_filename (store->directory, slot == BL_CORE_SLOT_CURRENT ? "core" : "core.good", NULL);
}

static char *
bad_path (BlCoreStore *store)
{
  return g_build_filename (store->directory, "core.bad", NULL);
}

GBytes *
bl_core_store_load (BlCoreStore *store, BlCoreSlot slot)
{
  g_autofree char *path = slot_path (store, slot);
  g_autofree char *text = NULL;
  g_autoptr (GBytes) whole = NULL;
  guint8 hash[BL_CORE_HASH_SIZE];
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return NULL;
  if (size <= BL_CORE_HASH_SIZE || size > BL_CORE_HASH_SIZE + (gsize) BL_CORE_MAX_SIZE)
    return NULL;
  bl_core_hash (text + BL_CORE_HASH_SIZE, size - BL_CORE_HASH_SIZE, hash);
  if (memcmp (hash, text, BL_CORE_HASH_SIZE) != 0)
    return NULL;
  whole = g_bytes_new_take (g_steal_pointer (&text), size);
  return g_bytes_new_from_bytes (whole, BL_CORE_HASH_SIZE, size - BL_CORE_HASH_SIZE);
}

gboolean
bl_core_store_get_hash (BlCoreStore *store, BlCoreSlot slot, guint8 hash[BL_CORE_HASH_SIZE])
{
  g_autoptr (GBytes) package = bl_core_store_load (store, slot);

  if (package == NULL)
    return FALSE;
  bl_core_hash (g_bytes_get_data (package, NULL), g_bytes_get_size (package), hash);
  return TRUE;
}

static gboolean
write_slot (BlCoreStore *store, BlCoreSlot slot, GBytes *package, GError **error)
{
  g_autofree char *path = slot_path (store, slot);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  gsize size;
  const void *data = g_bytes_get_data (package, &size);
  guint8 hash[BL_CORE_HASH_SIZE];

  bl_core_hash (data, size, hash);
  g_byte_array_append (file, hash, sizeof hash);
  g_byte_array_append (file, data, (guint) size);
  if (!g_file_set_contents_full (path, (const char *) file->data, (gssize) file->len,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error))
    {
      g_prefix_error (error, "cannot store the core: ");
      return FALSE;
    }
  return TRUE;
}

static gboolean
remove_file (const char *path, GError **error)
{
  if (g_unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  return fail_errno (error, "cannot remove", path);
}

gboolean
bl_core_store_set_current (BlCoreStore *store, GBytes *package, GError **error)
{
  g_autofree char *path = slot_path (store, BL_CORE_SLOT_CURRENT);
  g_autofree char *bad = bad_path (store);

  if (package != NULL && g_bytes_get_size (package) > BL_CORE_MAX_SIZE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "core of %" G_GSIZE_FORMAT " bytes, at most %d are kept",
                   g_bytes_get_size (package), BL_CORE_MAX_SIZE);
      return FALSE;
    }
  if (!remove_file (bad, error))
    return FALSE;
  return package != NULL ? write_slot (store, BL_CORE_SLOT_CURRENT, package, error) : remove_file (path, error);
}

gboolean
bl_core_store_mark_good (BlCoreStore *store, GBytes *package, GError **error)
{
  g_autoptr (GBytes) kept = bl_core_store_load (store, BL_CORE_SLOT_LAST_GOOD);

  if (kept != NULL && g_bytes_equal (kept, package))
    return TRUE;
  return write_slot (store, BL_CORE_SLOT_LAST_GOOD, package, error);
}

gboolean
bl_core_store_mark_bad (BlCoreStore *store, GError **error)
{
  g_autofree char *path = bad_path (store);

  return g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

gboolean
bl_core_store_is_bad (BlCoreStore *store)
{
  g_autofree char *path = bad_path (store);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}
