// SPDX-License-Identifier: Apache-2.0
#include "bl-import-source.h"

#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <bowline/error.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT_NAME "meshcentral.db.json"
#define SQLITE_COPY "meshcentral-import.sqlite"

typedef enum
{
  FORMAT_NEDB,
  FORMAT_EXPORT,
  FORMAT_SQLITE,
} Format;

struct _BlImportSource
{
  char *path;
  int fd;
  GVariant *config;   /* nullable */
  GVariant *settings; /* nullable */
  Format format;
  char *database; /* file name inside the folder */
  char *copy;     /* of a SQLite file */
  gboolean has_line_key;
  guint8 line_key[BL_NEDB_KEY_SIZE];
  gboolean has_record_key;
  guint8 record_key[BL_NEDB_KEY_SIZE];
};

static gboolean
fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s", path, g_strerror (saved));
  return FALSE;
}

/* ---- files
 * ------------------------------------------------------------------------------------------------------ */

/* Reading leaves no trace, not even an access time, where the system allows it. */
static int
open_quietly (int directory, const char *name, int flags)
{
  int fd = openat (directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME | flags);

  return fd < 0 && errno == EPERM ? openat (directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags) : fd;
}

static GBytes *
read_all (int fd, gsize size, const char *name, GError **error)
{
  g_autofree char *data = g_try_malloc (size + 1);
  gsize length = 0;

  if (data == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "%s: no memory for its %" G_GSIZE_FORMAT " bytes", name, size);
      return NULL;
    }
  while (length < size)
    {
      ssize_t n = read (fd, data + length, size - length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          fail_errno (error, name);
          return NULL;
        }
      if (n == 0)
        break;
      length += (gsize)n;
    }
  return g_bytes_new_take (g_steal_pointer (&data), length);
}

GBytes *
bl_import_source_read_file (BlImportSource *source, const char *name, gsize max, GError **error)
{
  g_autofree char *path = g_build_filename (source->path, name, NULL);
  struct stat st;
  int fd = open_quietly (source->fd, name, 0);
  GBytes *bytes = NULL;

  if (fd < 0 && errno == ENOENT)
    return NULL;
  if (fd < 0 || fstat (fd, &st) != 0)
    fail_errno (error, path);
  else if (!S_ISREG (st.st_mode))
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected a file", path);
  else if ((guint64)st.st_size > max)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                 "%s: expected at most %" G_GSIZE_FORMAT " bytes, found %" G_GINT64_FORMAT, path, max,
                 (gint64)st.st_size);
  else
    bytes = read_all (fd, (gsize)st.st_size, path, error);
  if (fd >= 0)
    close (fd);
  return bytes;
}

/* ---- config.json
 * ------------------------------------------------------------------------------------------------ */

/* Returns: (transfer full) (nullable): the member called @name in any case */
static GVariant *
lookup_any_case (GVariant *object, const char *name)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (object == NULL)
    return NULL;
  g_variant_iter_init (&iter, object);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      if (g_ascii_strcasecmp (key, name) == 0)
        return value;
      g_variant_unref (value);
    }
  return NULL;
}

static gboolean
read_config (BlImportSource *source, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes = bl_import_source_read_file (source, "config.json", BL_IMPORT_MAX_CONFIG, &local);
  gsize length = 0;

  if (bytes == NULL)
    {
      if (local != NULL)
        g_propagate_error (error, g_steal_pointer (&local));
      return local == NULL && (error == NULL || *error == NULL);
    }
  const char *text = g_bytes_get_data (bytes, &length);
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    {
      text += 3;
      length -= 3;
    }
  source->config = bl_json_parse_object (text, length, NULL, BL_JSON_REPLACE_INVALID_UTF8, &local);
  if (source->config == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s/config.json: %s", source->path,
                   local->message);
      return FALSE;
    }
  source->settings = lookup_any_case (source->config, "settings");
  if (source->settings != NULL && !g_variant_is_of_type (source->settings, G_VARIANT_TYPE_VARDICT))
    g_clear_pointer (&source->settings, g_variant_unref);
  return TRUE;
}

GVariant *
bl_import_source_get_config (BlImportSource *source)
{
  return source->config;
}

GVariant *
bl_import_source_dup_setting (BlImportSource *source, const char *name)
{
  return lookup_any_case (source->settings, name);
}

static char *
dup_setting_text (BlImportSource *source, const char *name)
{
  g_autoptr (GVariant) value = lookup_any_case (source->settings, name);

  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
      || *g_variant_get_string (value, NULL) == '\0')
    return NULL;
  return g_variant_dup_string (value, NULL);
}

static void
derive_keys (BlImportSource *source)
{
  g_autofree char *lines = dup_setting_text (source, "dbEncryptKey");
  g_autofree char *records = dup_setting_text (source, "dbRecordsDecryptKey");

  if (records == NULL)
    records = dup_setting_text (source, "dbRecordsEncryptKey");
  source->has_line_key = lines != NULL;
  if (lines != NULL)
    bl_nedb_derive_key (lines, source->line_key);
  source->has_record_key = records != NULL;
  if (records != NULL)
    bl_nedb_derive_key (records, source->record_key);
}

/* ---- which database
 * --------------------------------------------------------------------------------------------- */

static gboolean
has_file (BlImportSource *source, const char *name)
{
  return faccessat (source->fd, name, F_OK, 0) == 0;
}

/* A database server keeps nothing in the folder: what lies there is an export, or old. */
static const char *
find_database_server (BlImportSource *source)
{
  static const char *const servers[] = { "mongoDb", "postgres", "mySQL", "mariaDB", "acebase", NULL };

  for (guint i = 0; servers[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = lookup_any_case (source->settings, servers[i]);
      if (value != NULL)
        return servers[i];
    }
  return NULL;
}

static gboolean
take_database (BlImportSource *source, Format format, const char *name)
{
  if (!has_file (source, name))
    return FALSE;
  source->format = format;
  source->database = g_strdup (name);
  return TRUE;
}

static char *
dup_sqlite_name (BlImportSource *source)
{
  g_autoptr (GVariant) value = lookup_any_case (source->settings, "SQLite3");

  if (value == NULL
      || (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean (value)))
    return NULL;
  g_autofree char *name = dup_setting_text (source, "SQLite3");
  return g_strconcat (name != NULL && strchr (name, '/') == NULL ? name : "meshcentral", ".sqlite", NULL);
}

static gboolean
find_database (BlImportSource *source, GError **error)
{
  const char *server = find_database_server (source);
  g_autofree char *sqlite = dup_sqlite_name (source);

  if (server == NULL && sqlite != NULL && take_database (source, FORMAT_SQLITE, sqlite))
    return TRUE;
  if (server == NULL
      && (take_database (source, FORMAT_NEDB, "meshcentral.db")
          || take_database (source, FORMAT_NEDB, "meshcentral.db~")
          || take_database (source, FORMAT_SQLITE, "meshcentral.sqlite")))
    return TRUE;
  if (take_database (source, FORMAT_EXPORT, EXPORT_NAME))
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND,
               server != NULL ? "%s: its database is %s, which is read from an export: make " EXPORT_NAME
                                " in the folder with \"node meshcentral --dbexport\""
                              : "%s: expected meshcentral.db, meshcentral.sqlite or " EXPORT_NAME " in it%s",
               source->path, server != NULL ? server : "");
  return FALSE;
}

/* ---- opening
 * ---------------------------------------------------------------------------------------------------- */

static gboolean
copy_file (BlImportSource *source, const char *name, const char *to, GError **error)
{
  g_autoptr (GBytes) bytes = bl_import_source_read_file (source, name, BL_IMPORT_MAX_FILE, error);
  gsize size = 0;
  gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  if (bytes == NULL)
    return FALSE;
  return g_file_set_contents_full (to, data != NULL ? data : "", (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600,
                                   error);
}

/* SQLite writes beside what it reads; so it gets a copy. */
static gboolean
copy_sqlite (BlImportSource *source, const char *scratch, GError **error)
{
  g_autofree char *log = g_strconcat (source->database, "-wal", NULL);
  g_autofree char *log_copy = NULL;

  source->copy = g_build_filename (scratch, SQLITE_COPY, NULL);
  log_copy = g_strconcat (source->copy, "-wal", NULL);
  return copy_file (source, source->database, source->copy, error)
         && (!has_file (source, log) || copy_file (source, log, log_copy, error));
}

static gboolean
refuse_running (BlImportSource *source, GError **error)
{
  int pid = bl_import_find_running (source->path);

  if (pid == 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED,
               "%s: the server of this folder runs (process %d); stop it first, it would go on writing",
               source->path, pid);
  return FALSE;
}

BlImportSource *
bl_import_source_open (const char *path, const char *scratch, GError **error)
{
  g_autoptr (BlImportSource) source = g_new0 (BlImportSource, 1);
  gboolean is_export = g_str_has_suffix (path, ".json") && g_file_test (path, G_FILE_TEST_IS_REGULAR);

  source->path = is_export ? g_path_get_dirname (path) : g_strdup (path);
  source->fd = open_quietly (AT_FDCWD, source->path, O_DIRECTORY);
  if (source->fd < 0)
    {
      fail_errno (error, source->path);
      return NULL;
    }
  if (!refuse_running (source, error) || !read_config (source, error))
    return NULL;
  derive_keys (source);
  if (is_export)
    {
      source->format = FORMAT_EXPORT;
      source->database = g_path_get_basename (path);
    }
  else if (!find_database (source, error))
    return NULL;
  if (source->format == FORMAT_SQLITE && !copy_sqlite (source, scratch, error))
    return NULL;
  return g_steal_pointer (&source);
}

void
bl_import_source_free (BlImportSource *source)
{
  static const char *const endings[] = { "", "-wal", "-shm" };

  for (guint i = 0; source->copy != NULL && i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *path = g_strconcat (source->copy, endings[i], NULL);
      (void)g_unlink (path); /* not all of them exist */
    }
  if (source->fd >= 0)
    close (source->fd);
  g_clear_pointer (&source->config, g_variant_unref);
  g_clear_pointer (&source->settings, g_variant_unref);
  g_free (source->database);
  g_free (source->copy);
  g_free (source->path);
  explicit_bzero (source->line_key, sizeof source->line_key);
  explicit_bzero (source->record_key, sizeof source->record_key);
  g_free (source);
}

const char *
bl_import_source_get_path (BlImportSource *source)
{
  return source->path;
}

const char *
bl_import_source_get_database (BlImportSource *source)
{
  return source->database;
}

/* ---- documents
 * -------------------------------------------------------------------------------------------------- */

static GPtrArray *
read_nedb (BlImportSource *source, BlImportTable table, BlNedbStats *stats, GError **error)
{
  static const char *const names[] = {
    [BL_IMPORT_TABLE_EVENTS] = "meshcentral-events.db",
    [BL_IMPORT_TABLE_POWER] = "meshcentral-power.db",
    [BL_IMPORT_TABLE_STATISTICS] = "meshcentral-stats.db",
  };
  const gboolean is_main = table == BL_IMPORT_TABLE_MAIN;
  const char *name = is_main ? source->database : names[table];
  g_autofree char *half = g_strconcat (name, "~", NULL);
  g_autoptr (GError) local = NULL;
  gsize length = 0;

  if (!has_file (source, name) && has_file (source, half)) /* it died while it compacted the file */
    name = half;
  g_autoptr (GBytes) bytes = bl_import_source_read_file (source, name, BL_IMPORT_MAX_FILE, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  GPtrArray *documents
      = bl_nedb_read (text != NULL ? text : "", length,
                      is_main && source->has_line_key ? source->line_key : NULL, is_main, stats, error);
  if (documents == NULL)
    g_prefix_error (error, "%s/%s: ", source->path, name);
  return documents;
}

static GPtrArray *
read_export (BlImportSource *source, BlNedbStats *stats, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes
      = bl_import_source_read_file (source, source->database, BL_IMPORT_MAX_FILE, &local);
  gsize length = 0;

  if (bytes == NULL)
    {
      if (local == NULL)
        g_set_error (&local, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "it is gone");
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  const char *text = g_bytes_get_data (bytes, &length);
  GPtrArray *documents = bl_nedb_read_export (text, length, stats, error);
  if (documents == NULL)
    g_prefix_error (error, "%s/%s: ", source->path, source->database);
  return documents;
}

static GPtrArray *
read_table (BlImportSource *source, BlImportTable table, BlNedbStats *stats, GError **error)
{
  static const char *const tables[] = {
    [BL_IMPORT_TABLE_MAIN] = "main",
    [BL_IMPORT_TABLE_EVENTS] = "events",
    [BL_IMPORT_TABLE_POWER] = "power",
    [BL_IMPORT_TABLE_STATISTICS] = "serverstats",
  };

  memset (stats, 0, sizeof *stats);
  if (source->format == FORMAT_NEDB)
    return read_nedb (source, table, stats, error);
  if (source->format == FORMAT_SQLITE)
    return bl_import_read_sqlite (source->copy, tables[table], stats, error);
  if (table == BL_IMPORT_TABLE_MAIN)
    return read_export (source, stats, error);
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
}

GPtrArray *
bl_import_source_read (BlImportSource *source, BlImportTable table, BlNedbStats *stats, GError **error)
{
  g_autoptr (GPtrArray) stored = read_table (source, table, stats, error);

  if (stored == NULL || table != BL_IMPORT_TABLE_MAIN)
    return g_steal_pointer (&stored);
  g_autoptr (GPtrArray) documents = g_ptr_array_new_full (stored->len, (GDestroyNotify)g_variant_unref);
  for (guint i = 0; i < stored->len; i++)
    {
      GVariant *document = g_ptr_array_index (stored, i);
      g_autoptr (GVariant) opened
          = bl_nedb_open_record (document, source->has_record_key ? source->record_key : NULL, error);

      if (opened == NULL)
        {
          g_prefix_error (error, "%s/%s: %s: ", source->path, source->database,
                          bl_variant_get_string (document, "_id"));
          return NULL;
        }
      g_ptr_array_add (documents, bl_nedb_unescape (opened));
    }
  return g_steal_pointer (&documents);
}
