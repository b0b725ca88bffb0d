// SPDX-License-Identifier: Apache-2.0
// Operations "fs.*": the files of this machine for a script.

#include "bl-script-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bl-variant.h"

#define OPEN_FILES_MAX 64
#define READ_MAX (1024 * 1024)
#define WHOLE_FILE_MAX (8u * 1024 * 1024)
#define NAMES_MAX 50000

static GVariant *
fail_errno (GError **error, const char *what, const char *path)
{
  g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "%s %s: %s", what, path, g_strerror (errno));
  return NULL;
}

static GVariant *
empty_result (void)
{
  return g_variant_new ("a{sv}", NULL);
}

static GVariant *
int_result (const char *key, gint64 value)
{
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, key, "x", value);
  return g_variant_dict_end (&dict);
}

static GVariant *
data_result (const void *data, gsize size)
{
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "data", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1));
  return g_variant_dict_end (&dict);
}

// Node's flags plus "b" (binary) and "N" (not inherited), which are always so here.
static int
open_flags (const char *text)
{
  gboolean plus = strchr (text, '+') != NULL;

  if (text[0] == 'w')
    return (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
  if (text[0] == 'a')
    return (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
  return plus ? O_RDWR : O_RDONLY;
}

static int
open_regular (const char *path, const char *flags, GError **error)
{
  struct stat info;
  // A FIFO or device must not block the agent.
  int fd = open (path, open_flags (flags) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);

  if (fd < 0)
    {
      fail_errno (error, "open", path);
      return -1;
    }
  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      close (fd);
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "open %s: not a regular file", path);
      return -1;
    }
  return fd;
}

static GVariant *
fs_open (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);
  const char *flags = path != NULL ? bl_script_arg_string (args, "flags", error) : NULL;
  int fd;

  if (flags == NULL)
    return NULL;
  if (g_hash_table_size (env->files) >= OPEN_FILES_MAX)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "open %s: %d files are open", path, OPEN_FILES_MAX);
      return NULL;
    }
  fd = open_regular (path, flags, error);
  if (fd < 0)
    return NULL;
  g_hash_table_insert (env->files, GINT_TO_POINTER (env->next_file), GINT_TO_POINTER (fd));
  return int_result ("fd", env->next_file++);
}

// Returns: the descriptor of argument "fd", or -1 with ERROR.
static int
arg_fd (BlScriptEnv *env, GVariant *args, GError **error)
{
  gpointer fd;
  gint64 number = bl_script_arg_int (args, "fd", 0);

  if (number > 0 && number < G_MAXINT && g_hash_table_lookup_extended (env->files, GINT_TO_POINTER ((int) number), NULL, &fd))
    return GPOINTER_TO_INT (fd);
  g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "argument \"fd\": no open file");
  return -1;
}

static GVariant *
fs_close (BlScriptEnv *env, GVariant *args, GError **error)
{
  if (arg_fd (env, args, error) < 0)
    return NULL;
  g_hash_table_remove (env->files, GINT_TO_POINTER ((int) bl_script_arg_int (args, "fd", 0)));
  return empty_result ();
}

static GVariant *
fs_read (BlScriptEnv *env, GVariant *args, GError **error)
{
  int fd = arg_fd (env, args, error);
  gint64 length = CLAMP (bl_script_arg_int (args, "length", 0), 0, READ_MAX);
  gint64 position = bl_script_arg_int (args, "position", -1);
  g_autofree char *data = NULL;
  gssize size;

  if (fd < 0)
    return NULL;
  data = g_malloc (MAX (length, 1));
  size = position >= 0 ? pread (fd, data, (gsize) length, position) : read (fd, data, (gsize) length);
  return size < 0 ? fail_errno (error, "read", "file") : data_result (data, (gsize) size);
}

static gboolean
write_all (int fd, const char *data, gsize size)
{
  while (size > 0)
    {
      gssize written = write (fd, data, size);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      data += written;
      size -= (gsize) written;
    }
  return TRUE;
}

static const char *
arg_data (GVariant *args, gsize *size, GVariant **holder)
{
  *holder = g_variant_lookup_value (args, "data", G_VARIANT_TYPE_BYTESTRING);
  *size = 0;
  return *holder != NULL ? g_variant_get_fixed_array (*holder, size, 1) : "";
}

static GVariant *
fs_write (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autoptr (GVariant) holder = NULL;
  int fd = arg_fd (env, args, error);
  gsize size;
  const char *data = arg_data (args, &size, &holder);

  if (fd < 0)
    return NULL;
  return write_all (fd, data, size) ? int_result ("written", (gint64) size) : fail_errno (error, "write", "file");
}

static GVariant *
fs_read_file (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autofree guint8 *chunk = g_malloc (65536);
  gssize size = 0;
  int fd = path != NULL ? open_regular (path, "r", error) : -1;

  if (fd < 0)
    return NULL;
  // Files of /proc have no size: read to the end.
  while (all->len < WHOLE_FILE_MAX && (size = read (fd, chunk, 65536)) > 0)
    g_byte_array_append (all, chunk, (guint) size);
  close (fd);
  return size < 0 ? fail_errno (error, "read", path) : data_result (all->data, all->len);
}

static GVariant *
fs_write_file (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autoptr (GVariant) holder = NULL;
  const char *path = bl_script_arg_string (args, "path", error);
  const char *flags = bl_variant_get_string (args, "flags");
  gsize size;
  const char *data = arg_data (args, &size, &holder);
  int fd = path != NULL ? open_regular (path, flags != NULL ? flags : "w", error) : -1;
  gboolean done;

  if (fd < 0)
    return NULL;
  done = write_all (fd, data, size);
  close (fd);
  return done ? empty_result () : fail_errno (error, "write", path);
}

static GVariant *
fs_readdir (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);
  g_autoptr (GDir) dir = path != NULL ? g_dir_open (path, 0, NULL) : NULL;
  GVariantBuilder builder;
  g_auto (GVariantDict) dict;
  const char *name;

  g_variant_dict_init (&dict, NULL);
  if (path == NULL)
    return NULL;
  // A folder that cannot be read is an empty one, as on MeshAgent.
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint n = 0; dir != NULL && n < NAMES_MAX && (name = g_dir_read_name (dir)) != NULL; n++)
    if (g_utf8_validate (name, -1, NULL))
      g_variant_builder_add (&builder, "s", name);
  g_variant_dict_insert_value (&dict, "names", g_variant_builder_end (&builder));
  return g_variant_dict_end (&dict);
}

static void
insert_time (GVariantDict *dict, const char *key, gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  g_autofree char *text = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup ("");

  g_variant_dict_insert (dict, key, "s", text);
}

static GVariant *
stat_path (GVariant *args, gboolean follow, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);
  struct stat info;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (path == NULL)
    return NULL;
  if ((follow ? stat (path, &info) : lstat (path, &info)) != 0)
    return fail_errno (error, "stat", path);
  g_variant_dict_insert (&dict, "size", "x", (gint64) info.st_size);
  g_variant_dict_insert (&dict, "mode", "x", (gint64) info.st_mode);
  g_variant_dict_insert (&dict, "uid", "x", (gint64) info.st_uid);
  g_variant_dict_insert (&dict, "gid", "x", (gint64) info.st_gid);
  insert_time (&dict, "mtime", info.st_mtime);
  insert_time (&dict, "ctime", info.st_ctime);
  insert_time (&dict, "atime", info.st_atime);
  return g_variant_dict_end (&dict);
}

static GVariant *
fs_stat (BlScriptEnv *env, GVariant *args, GError **error)
{
  return stat_path (args, TRUE, error);
}

static GVariant *
fs_lstat (BlScriptEnv *env, GVariant *args, GError **error)
{
  return stat_path (args, FALSE, error);
}

static GVariant *
fs_mkdir (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);

  if (path == NULL)
    return NULL;
  return mkdir (path, 0755) == 0 ? empty_result () : fail_errno (error, "mkdir", path);
}

static GVariant *
fs_unlink (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);

  if (path == NULL)
    return NULL;
  return remove (path) == 0 ? empty_result () : fail_errno (error, "remove", path);
}

static GVariant *
fs_rename (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *from = bl_script_arg_string (args, "from", error);
  const char *to = from != NULL ? bl_script_arg_string (args, "to", error) : NULL;

  if (to == NULL)
    return NULL;
  return rename (from, to) == 0 ? empty_result () : fail_errno (error, "rename", from);
}

static GVariant *
fs_copy (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *from = bl_script_arg_string (args, "from", error);
  const char *to = from != NULL ? bl_script_arg_string (args, "to", error) : NULL;
  g_autoptr (GFile) source = from != NULL ? g_file_new_for_path (from) : NULL;
  g_autoptr (GFile) target = to != NULL ? g_file_new_for_path (to) : NULL;

  if (target == NULL)
    return NULL;
  return g_file_copy (source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error) ? empty_result () : NULL;
}

static GVariant *
fs_chmod (BlScriptEnv *env, GVariant *args, GError **error)
{
  const char *path = bl_script_arg_string (args, "path", error);

  if (path == NULL)
    return NULL;
  return chmod (path, (mode_t) bl_script_arg_int (args, "mode", 0) & 07777) == 0 ? empty_result ()
                                                                                 : fail_errno (error, "chmod", path);
}

const BlScriptOperationEntry bl_script_fs_operations[] = {
  { "fs.open", fs_open },           { "fs.close", fs_close },     { "fs.read", fs_read },     { "fs.write", fs_write },
  { "fs.readFile", fs_read_file },  { "fs.writeFile", fs_write_file }, { "fs.readdir", fs_readdir }, { "fs.stat", fs_stat },
  { "fs.mkdir", fs_mkdir },         { "fs.unlink", fs_unlink },   { "fs.rmdir", fs_unlink },  { "fs.rename", fs_rename },
  { "fs.copy", fs_copy },           { "fs.chmod", fs_chmod },     { "fs.lstat", fs_lstat },
  { NULL, NULL },
};
