// SPDX-License-Identifier: Apache-2.0
#include "bl-archive.h"

#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-ustar.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST "manifest.json"
#define BLOCK (128u * 1024u)

static void
member_free (gpointer data)
{
  BlArchiveMember *member = data;

  g_free (member->name);
  g_free (member->path);
  g_free (member);
}

GPtrArray *
bl_archive_members_new (void)
{
  return g_ptr_array_new_with_free_func (member_free);
}

void
bl_archive_members_add (GPtrArray *members, const char *name, const char *path)
{
  BlArchiveMember *member = g_new (BlArchiveMember, 1);

  *member = (BlArchiveMember){ g_strdup (name), g_strdup (path) };
  g_ptr_array_add (members, member);
}

gboolean
bl_archive_name_is_known (const char *name)
{
  if (g_str_equal (name, BL_ARCHIVE_STORE))
    return TRUE;
  return bl_ustar_name_is_safe (name) && g_str_has_prefix (name, BL_ARCHIVE_CERTS "/")
         && strchr (name + strlen (BL_ARCHIVE_CERTS "/"), '/') == NULL;
}

static gboolean
fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%s: %s", path, g_strerror (saved));
  return FALSE;
}

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "archive: %s", text);
  return FALSE;
}

gboolean
bl_archive_sync_directory (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  if (!ok)
    fail_errno (error, path);
  if (fd >= 0)
    close (fd);
  return ok;
}

/* ---- bytes
 * ------------------------------------------------------------------------------------------------------ */

static gboolean
write_bytes (int fd, gconstpointer data, gsize size)
{
  const char *at = data;

  while (size > 0)
    {
      ssize_t n = write (fd, at, size);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      at += n;
      size -= (gsize)n;
    }
  return TRUE;
}

/* Returns: bytes read, less than @size only at the end; -1 */
static gssize
read_bytes (int fd, gpointer data, gsize size)
{
  char *at = data;
  gsize done = 0;

  while (done < size)
    {
      ssize_t n = read (fd, at + done, size - done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      if (n == 0)
        break;
      done += (gsize)n;
    }
  return (gssize)done;
}

/* Copies @size bytes and their hash. @to: -1: nowhere. @digest: (out) (transfer full): hex */
static gboolean
copy_bytes (int from, int to, guint64 size, char **digest)
{
  g_autofree char *block = g_malloc (BLOCK);
  guint8 hash[BL_SHA384_SIZE];
  gnutls_hash_hd_t hasher;
  gboolean ok = gnutls_hash_init (&hasher, GNUTLS_DIG_SHA384) >= 0;

  if (!ok)
    {
      errno = ENOMEM;
      return FALSE;
    }
  while (ok && size > 0)
    {
      gsize part = (gsize)MIN (size, BLOCK);
      gssize n = read_bytes (from, block, part);
      if (n >= 0 && (gsize)n < part)
        errno = ENODATA;
      ok = n == (gssize)part && (to < 0 || write_bytes (to, block, part))
           && gnutls_hash (hasher, block, part) >= 0;
      size -= part;
    }
  gnutls_hash_deinit (hasher, hash);
  if (ok)
    *digest = bl_hex_encode (hash, sizeof hash, FALSE);
  return ok;
}

/* ---- writing
 * ---------------------------------------------------------------------------------------------------- */

/* Adds a member's line to the manifest; the file is read once for it, and must be the same when it is copied.
 */
static gboolean
describe (const BlArchiveMember *member, GVariantBuilder *rows, GError **error)
{
  g_autofree char *digest = NULL;
  GVariantDict row;
  struct stat st;
  int fd = open (member->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  gboolean ok = fd >= 0 && fstat (fd, &st) == 0 && copy_bytes (fd, -1, (guint64)st.st_size, &digest);

  if (!ok)
    fail_errno (error, member->path);
  if (fd >= 0)
    close (fd);
  if (!ok)
    return FALSE;
  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, "name", "s", member->name);
  g_variant_dict_insert (&row, "size", "x", (gint64)st.st_size);
  g_variant_dict_insert (&row, "sha384", "s", digest);
  g_variant_builder_add (rows, "v", g_variant_dict_end (&row));
  return TRUE;
}

static char *
make_manifest (GPtrArray *members, const char *version, GError **error)
{
  GVariantBuilder rows;
  GVariantDict manifest;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < members->len; i++)
    {
      if (describe (g_ptr_array_index (members, i), &rows, error))
        continue;
      g_variant_builder_clear (&rows);
      return NULL;
    }
  g_variant_dict_init (&manifest, NULL);
  g_variant_dict_insert (&manifest, "format", "x", (gint64)BL_ARCHIVE_FORMAT);
  g_variant_dict_insert (&manifest, "program", "s", "bowline");
  g_variant_dict_insert (&manifest, "version", "s", version);
  g_variant_dict_insert (&manifest, "created", "x", g_get_real_time () / G_USEC_PER_SEC);
  g_variant_dict_insert_value (&manifest, "members", g_variant_builder_end (&rows));
  g_autoptr (GVariant) object = g_variant_ref_sink (g_variant_dict_end (&manifest));
  return bl_json_to_string (object, error);
}

static gboolean
write_head (int fd, const char *name, guint64 size)
{
  BlUstarEntry entry = { .size = size, .mode = 0600, .mtime = g_get_real_time () / G_USEC_PER_SEC };
  guint8 block[BL_USTAR_BLOCK];

  g_strlcpy (entry.name, name, sizeof entry.name);
  errno = EFBIG;
  return bl_ustar_write (&entry, block) && write_bytes (fd, block, sizeof block);
}

static gboolean
write_padding (int fd, guint64 size)
{
  static const guint8 zeros[2 * BL_USTAR_BLOCK];

  return write_bytes (fd, zeros, bl_ustar_padding (size));
}

static gboolean
write_member (int fd, const BlArchiveMember *member)
{
  g_autofree char *digest = NULL;
  struct stat st;
  int from = open (member->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  gboolean ok = from >= 0 && fstat (from, &st) == 0 && write_head (fd, member->name, (guint64)st.st_size)
                && copy_bytes (from, fd, (guint64)st.st_size, &digest)
                && write_padding (fd, (guint64)st.st_size);

  if (from >= 0)
    close (from);
  return ok;
}

static gboolean
write_all (int fd, const char *manifest, GPtrArray *members)
{
  static const guint8 end[2 * BL_USTAR_BLOCK];
  gsize length = strlen (manifest);

  if (!write_head (fd, MANIFEST, length) || !write_bytes (fd, manifest, length)
      || !write_padding (fd, length))
    return FALSE;
  for (guint i = 0; i < members->len; i++)
    {
      if (!write_member (fd, g_ptr_array_index (members, i)))
        return FALSE;
    }
  return write_bytes (fd, end, sizeof end) && fsync (fd) == 0;
}

gboolean
bl_archive_write (const char *path, GPtrArray *members, const char *version, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  g_autofree char *manifest = make_manifest (members, version, error);
  int fd;
  gboolean ok;

  if (manifest == NULL)
    return FALSE;
  fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail_errno (error, path);
  /* link() refuses to replace a file, which rename() would do. */
  ok = write_all (fd, manifest, members) && link (temporary, path) == 0;
  if (!ok)
    fail_errno (error, path);
  close (fd);
  (void)g_unlink (temporary); /* it has its name now, or is not wanted */
  return ok && bl_archive_sync_directory (directory, error);
}

/* ---- reading
 * ---------------------------------------------------------------------------------------------------- */

static gboolean
read_head (int fd, BlUstarEntry *entry, gboolean *end, GError **error)
{
  guint8 block[BL_USTAR_BLOCK];

  if (read_bytes (fd, block, sizeof block) != (gssize)sizeof block)
    return fail (error, "it is cut off");
  switch (bl_ustar_read (block, entry, error))
    {
    case BL_USTAR_ENTRY:
      *end = FALSE;
      return TRUE;
    case BL_USTAR_END:
      *end = TRUE;
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
read_padding (int fd, guint64 size, GError **error)
{
  guint8 block[BL_USTAR_BLOCK];
  gsize padding = bl_ustar_padding (size);

  return read_bytes (fd, block, padding) == (gssize)padding || fail (error, "it is cut off");
}

/* Returns: (transfer full): "members" of the manifest, av of a{sv} */
static GVariant *
read_manifest (int fd, GError **error)
{
  BlUstarEntry entry;
  gboolean end = TRUE;

  if (!read_head (fd, &entry, &end, error))
    return NULL;
  if (end || !g_str_equal (entry.name, MANIFEST) || entry.size > BL_ARCHIVE_MAX_MANIFEST)
    {
      fail (error, "expected " MANIFEST " as its first member");
      return NULL;
    }
  g_autofree char *text = g_malloc (entry.size + 1);
  if (read_bytes (fd, text, entry.size) != (gssize)entry.size || !read_padding (fd, entry.size, NULL))
    {
      fail (error, "it is cut off");
      return NULL;
    }
  g_autoptr (GVariant) manifest = bl_json_parse_object (text, entry.size, NULL, BL_JSON_DEFAULT, error);
  if (manifest == NULL)
    {
      g_prefix_error (error, "archive: " MANIFEST ": ");
      return NULL;
    }
  if (bl_variant_get_int (manifest, "format", 0) != BL_ARCHIVE_FORMAT)
    {
      fail (error, "expected format %d, found %" G_GINT64_FORMAT "; use the Bowline that wrote it",
            BL_ARCHIVE_FORMAT, bl_variant_get_int (manifest, "format", 0));
      return NULL;
    }
  GVariant *members = bl_variant_get_array (manifest, "members");
  if (members != NULL && g_variant_n_children (members) <= BL_ARCHIVE_MAX_MEMBERS)
    return members;
  g_clear_pointer (&members, g_variant_unref);
  fail (error, MANIFEST " does not tell its members");
  return NULL;
}

static gboolean
extract_member (int fd, GVariant *row, const char *to, GError **error)
{
  const char *name = bl_variant_get_string (row, "name");
  const char *wanted = bl_variant_get_string (row, "sha384");
  g_autofree char *digest = NULL;
  BlUstarEntry entry;
  gboolean end = TRUE;

  if (!read_head (fd, &entry, &end, error))
    return FALSE;
  if (name == NULL || wanted == NULL || !bl_archive_name_is_known (name))
    return fail (error, MANIFEST " names a member that no back-up has");
  if (end || !g_str_equal (entry.name, name) || entry.size != (guint64)bl_variant_get_int (row, "size", -1))
    return fail (error, "%s: it is not what " MANIFEST " says", end ? name : entry.name);
  g_autofree char *path = g_build_filename (to, name, NULL);
  int out = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (out < 0)
    return fail_errno (error, path);
  gboolean ok = copy_bytes (fd, out, entry.size, &digest) && fsync (out) == 0;
  if (!ok && errno == ENODATA)
    fail (error, "it is cut off in %s", name);
  else if (!ok)
    fail_errno (error, path);
  close (out);
  if (!ok || !read_padding (fd, entry.size, error))
    return FALSE;
  return bl_str_equal_ct (digest, wanted) || fail (error, "%s: its hash is not what " MANIFEST " says", name);
}

static gboolean
extract_all (int fd, const char *to, GError **error)
{
  g_autoptr (GVariant) members = read_manifest (fd, error);
  g_autofree char *certs = g_build_filename (to, BL_ARCHIVE_CERTS, NULL);
  gboolean has_store = FALSE;
  BlUstarEntry entry;
  gboolean end = FALSE;

  if (members == NULL)
    return FALSE;
  if (g_mkdir (certs, 0700) != 0)
    return fail_errno (error, certs);
  for (gsize i = 0; i < g_variant_n_children (members); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (members, i);
      g_autoptr (GVariant) row = g_variant_get_variant (boxed);

      if (!g_variant_is_of_type (row, G_VARIANT_TYPE_VARDICT))
        return fail (error, MANIFEST " does not tell its members");
      if (!extract_member (fd, row, to, error))
        return FALSE;
      has_store = has_store || g_strcmp0 (bl_variant_get_string (row, "name"), BL_ARCHIVE_STORE) == 0;
    }
  if (!has_store)
    return fail (error, "it has no " BL_ARCHIVE_STORE);
  if (!read_head (fd, &entry, &end, error))
    return FALSE;
  if (!end)
    return fail (error, "%s: " MANIFEST " does not tell of it", entry.name);
  return bl_archive_sync_directory (certs, error) && bl_archive_sync_directory (to, error);
}

gboolean
bl_archive_extract (const char *path, const char *to, GError **error)
{
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gboolean ok = fd >= 0 && fstat (fd, &st) == 0;

  if (!ok)
    fail_errno (error, path);
  else if (!S_ISREG (st.st_mode))
    ok = fail (error, "%s: expected a file", path);
  else
    ok = extract_all (fd, to, error);
  if (fd >= 0)
    close (fd);
  return ok;
}
