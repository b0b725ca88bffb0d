// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-agents.h"

#include "common/bl-agent-programs.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_REFUSED 1
#define FOLDER "agents"
#define MAX_PACKAGE_JSON (1024u * 1024u)
#define MAX_FILES 4096u // in the folder programs are taken from

static const char *const archives[]
    = { "bowline-agent-linux-x86_64.tar.gz", "bowline-agent-linux-aarch64.tar.gz",
        "bowline-agent-linux-armv7l.tar.gz", "bowline-agent-linux-riscv64.tar.gz" };

typedef struct
{
  int from;              // directory
  int to;                // directory
  char *source;          // "meshcentral 1.1.55", or the folder's name
  GVariantDict programs; // the new list
  GVariantBuilder rows;  // what happened to each file
  GVariant *before;      // the old list
  guint n_taken;
  guint n_kept;
  guint n_refused;
} Import;

static gboolean
fail (GError **error, int number, const char *what, const char *name)
{
  g_set_error (error, G_IO_ERROR, (gint)g_io_error_from_errno (number), "%s%s%s: %s", what,
               *what != '\0' ? " " : "", name, g_strerror (number));
  return FALSE;
}

// ---- files
// ---------------------------------------------------------------------------------------------------------

// Reads a regular file of @directory, never through a symbolic link. @when: (out) (optional): its time
static GBytes *
read_file (int directory, const char *name, gsize max, struct timespec *when, GError **error)
{
  int fd = openat (directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;
  if (fd < 0)
    {
      if (errno == ELOOP)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "a symbolic link");
      else
        fail (error, errno, "", name);
      return NULL;
    }
  g_autofree guint8 *data = NULL;
  gsize length = 0;
  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "not a regular file");
  else if (st.st_size < 0 || (guint64)st.st_size > max)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "larger than %" G_GSIZE_FORMAT " bytes",
                 max);
  else
    {
      data = g_malloc (st.st_size + 1);
      for (ssize_t n = 1; n > 0 && length <= (gsize)st.st_size; length += n > 0 ? n : 0)
        n = read (fd, data + length, st.st_size + 1 - length);
      if (length != (gsize)st.st_size)
        {
          g_clear_pointer (&data, g_free);
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "it changes while it is read");
        }
      if (when != NULL)
        *when = st.st_mtim;
    }
  close (fd);
  return data != NULL ? g_bytes_new_take (g_steal_pointer (&data), length) : NULL;
}

static gboolean
write_all (int fd, GBytes *content)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (content, &length);
  while (length > 0)
    {
      const ssize_t n = write (fd, data, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= n;
    }
  return TRUE;
}

// Puts a file in place as one step: others see the old one or the new one. It keeps the time of its source,
// which clients are told.
static gboolean
write_file (int directory, const char *name, GBytes *content, const struct timespec *when, GError **error)
{
  const struct timespec times[2] = { when != NULL ? *when : (struct timespec){ .tv_nsec = UTIME_NOW },
                                     when != NULL ? *when : (struct timespec){ .tv_nsec = UTIME_NOW } };
  g_autofree char *temporary = g_strdup_printf (".%s.new", name);
  (void)unlinkat (directory, temporary,
                  0); // left by an import that was broken off; the next line tells if it stays
  int fd = openat (directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail (error, errno, "cannot create", temporary);
  const gboolean written
      = write_all (fd, content) && fchmod (fd, 0644) == 0 && futimens (fd, times) == 0 && fsync (fd) == 0;
  int number = written ? 0 : errno;
  close (fd);
  if (number == 0 && renameat (directory, temporary, directory, name) != 0)
    number = errno;
  if (number == 0)
    return TRUE;
  (void)unlinkat (directory, temporary, 0); // the failure that counts is told below
  return fail (error, number, "cannot write", name);
}

static int
open_folder (const char *data_dir, gboolean create, GError **error)
{
  int data = open (data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (data < 0)
    {
      fail (error, errno, "data directory", data_dir);
      return -1;
    }
  if (create && mkdirat (data, FOLDER, 0755) != 0 && errno != EEXIST)
    fail (error, errno, "cannot create", FOLDER);
  int folder = openat (data, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (folder < 0 && (error == NULL || *error == NULL))
    fail (error, errno, "cannot open", FOLDER);
  close (data);
  return folder;
}

// The list of what is there, or NULL when there is none or it cannot be read: then everything is taken again.
static GVariant *
read_index (int folder)
{
  g_autoptr (GBytes) bytes
      = read_file (folder, BL_AGENT_PROGRAMS_INDEX, BL_AGENT_PROGRAMS_MAX_INDEX, NULL, NULL);
  gsize length;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  return text != NULL ? bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL) : NULL;
}

// ---- import
// --------------------------------------------------------------------------------------------------------

static void
tell (Import *import, const char *file, const char *state, const char *detail, const char *hash)
{
  GVariantDict row;
  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, "file", "s", file);
  g_variant_dict_insert (&row, "state", "s", state);
  g_variant_dict_insert (&row, "detail", "s", detail);
  if (hash != NULL)
    g_variant_dict_insert (&row, "sha384", "s", hash);
  g_variant_builder_add (&import->rows, "v", g_variant_dict_end (&row));
}

static void
refuse (Import *import, const char *file, const char *why)
{
  import->n_refused++;
  tell (import, file, "refused", why, NULL);
}

// What is there already is left alone when it is the same in every respect.
static gboolean
is_there (Import *import, const char *file, const BlAgentProgramEntry *entry)
{
  BlAgentProgramEntry listed;
  if (import->before == NULL || !bl_agent_program_entry_read (import->before, file, &listed)
      || memcmp (&listed, entry, sizeof listed) != 0)
    return FALSE;
  g_autoptr (GBytes) present = read_file (import->to, file, BL_EXE_MAX, NULL, NULL);
  guint8 hash[BL_SHA384_SIZE];
  if (present == NULL)
    return FALSE;
  bl_sha384 (g_bytes_get_data (present, NULL), g_bytes_get_size (present), hash);
  return memcmp (hash, entry->hash, sizeof hash) == 0;
}

static gboolean
take (Import *import,
      const char *file,
      GBytes *content,
      const struct timespec *when,
      const BlAgentProgramEntry *entry,
      const char *format,
      GError **error)
{
  g_autofree char *hash = bl_hex_encode (entry->hash, BL_SHA384_SIZE, FALSE);
  if (is_there (import, file, entry))
    {
      import->n_kept++;
      tell (import, file, "unchanged", format, hash);
      return TRUE;
    }
  g_autoptr (GVariant) listed
      = bl_agent_program_entry_new (entry, format, import->source, g_get_real_time () / 1000);
  if (!write_file (import->to, file, content, when, error))
    return FALSE;
  g_variant_dict_insert_value (&import->programs, file, listed);
  import->n_taken++;
  tell (import, file, "taken", format, hash);
  return TRUE;
}

static gboolean
import_program (Import *import, const BlAgentProgram *program, GError **error)
{
  g_autoptr (GError) why = NULL;
  struct timespec when;
  g_autoptr (GBytes) content = read_file (import->from, program->file, BL_EXE_MAX, &when, &why);
  BlExe exe;
  if (content == NULL)
    {
      refuse (import, program->file, why->message);
      return TRUE;
    }
  gsize length;
  const guint8 *data = g_bytes_get_data (content, &length);
  if (!bl_exe_read (data, MIN (length, BL_EXE_HEAD), length, &exe, &why)
      || !bl_agent_program_check (program, &exe, &why))
    {
      refuse (import, program->file, why->message);
      return TRUE;
    }
  // Settings of some group inside would be installed with it, whatever group it is fetched for.
  g_autoptr (BlMsh) inside = bl_exe_find_msh (data, length, NULL);
  if (inside != NULL)
    {
      refuse (import, program->file, "it has settings of a device group in it");
      return TRUE;
    }
  g_autofree char *format = bl_exe_describe (&exe);
  BlAgentProgramEntry entry = { .size = length };
  bl_sha384 (data, length, entry.hash);
  bl_exe_update_hash (&exe, data, length, entry.update_hash);
  return take (import, program->file, content, &when, &entry, format, error);
}

static gboolean
import_archive (Import *import, const char *file, GError **error)
{
  g_autoptr (GError) why = NULL;
  struct timespec when;
  g_autoptr (GBytes) content = read_file (import->from, file, BL_EXE_MAX, &when, &why);
  gsize length = 0;
  const guint8 *data = content != NULL ? g_bytes_get_data (content, &length) : NULL;
  if (content == NULL || length < 18 || memcmp (data, "\x1f\x8b\x08", 3) != 0)
    {
      refuse (import, file, why != NULL ? why->message : "not a gzip archive");
      return TRUE;
    }
  BlAgentProgramEntry entry = { .size = length };
  bl_sha384 (data, length, entry.hash);
  memcpy (entry.update_hash, entry.hash, sizeof entry.hash);
  return take (import, file, content, &when, &entry, "bowline-agent archive", error);
}

static gboolean
import_one (Import *import, const char *file, GError **error)
{
  const BlAgentProgram *program = bl_agent_program_find_file (file);
  if (program != NULL)
    return import_program (import, program, error);
  for (guint i = 0; i < G_N_ELEMENTS (archives); i++)
    if (g_str_equal (archives[i], file))
      return import_archive (import, file, error);
  if (bl_agent_program_is_name (file))
    refuse (import, file, "there is no build of this name");
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
import_all (Import *import, const char *from, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (from, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  if (directory == NULL)
    return FALSE;
  for (const char *name; names->len < MAX_FILES && (name = g_dir_read_name (directory)) != NULL;)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!import_one (import, g_ptr_array_index (names, i), error))
      return FALSE;
  if (import->n_taken + import->n_kept + import->n_refused > 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "%s: expected agent programs, for example meshagent_x86-64, found none", from);
  return FALSE;
}

static gboolean
write_index (Import *import, GError **error)
{
  GVariantDict index;
  g_variant_dict_init (&index, NULL);
  g_variant_dict_insert_value (&index, "programs", g_variant_dict_end (&import->programs));
  g_autoptr (GVariant) document = g_variant_ref_sink (g_variant_dict_end (&index));
  g_autoptr (GBytes) text = bl_json_from_variant (document, error);
  return text != NULL && write_file (import->to, BL_AGENT_PROGRAMS_INDEX, text, NULL, error);
}

// A folder with programs, or one above it: an installed package meshcentral, or where npm installed it.
static char *
find_programs (const char *from, char **source)
{
  const char *const below[] = { "node_modules/meshcentral", "meshcentral", "." };
  for (guint i = 0; i < G_N_ELEMENTS (below); i++)
    {
      g_autofree char *package = g_build_filename (from, below[i], NULL);
      g_autofree char *agents = g_build_filename (package, "agents", NULL);
      int fd = open (package, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_autoptr (GBytes) json = fd >= 0 ? read_file (fd, "package.json", MAX_PACKAGE_JSON, NULL, NULL) : NULL;
      gsize length;
      const char *text = json != NULL ? g_bytes_get_data (json, &length) : NULL;
      g_autoptr (GVariant) object
          = text != NULL ? bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL) : NULL;
      const char *version = bl_variant_get_string (object, "version");
      if (fd >= 0)
        close (fd);
      if (!g_file_test (agents, G_FILE_TEST_IS_DIR) || object == NULL)
        continue;
      *source
          = g_strdup_printf ("%s %s", bl_variant_get_string (object, "name"), version != NULL ? version : "");
      return g_steal_pointer (&agents);
    }
  *source = g_path_get_basename (from);
  return g_strdup (from);
}

static void
print_rows (GVariant *rows)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) row = g_variant_get_variant (boxed);
      const char *hash = bl_variant_get_string (row, "sha384");
      g_print ("%-9s  %-34s  %.16s%s%s\n", bl_variant_get_string (row, "state"),
               bl_variant_get_string (row, "file"), hash != NULL ? hash : "", hash != NULL ? "  " : "",
               bl_variant_get_string (row, "detail"));
    }
}

static void
print_result (Import *import, gboolean json)
{
  g_autoptr (GVariant) rows = g_variant_ref_sink (g_variant_builder_end (&import->rows));
  if (!json)
    {
      print_rows (rows);
      g_print ("%u taken, %u unchanged, %u refused (%s)\n", import->n_taken, import->n_kept,
               import->n_refused, import->source);
      return;
    }
  GVariantDict answer;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "source", "s", import->source);
  g_variant_dict_insert (&answer, "taken", "u", import->n_taken);
  g_variant_dict_insert (&answer, "unchanged", "u", import->n_kept);
  g_variant_dict_insert (&answer, "refused", "u", import->n_refused);
  g_variant_dict_insert_value (&answer, "files", rows);
  g_autoptr (GVariant) document = g_variant_ref_sink (g_variant_dict_end (&answer));
  g_autofree char *text = bl_json_to_string (document, NULL); // made of texts and numbers
  g_print ("%s\n", text);
}

int
bl_ctl_agents_import (const char *data_dir, const char *from, gboolean json)
{
  g_autoptr (GError) error = NULL;
  Import import = { .from = -1, .to = -1 };
  g_autofree char *programs = find_programs (from, &import.source);
  g_variant_builder_init (&import.rows, G_VARIANT_TYPE ("av"));
  import.from = open (programs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (import.from < 0)
    fail (&error, errno, "cannot open", programs);
  else
    import.to = open_folder (data_dir, TRUE, &error);
  import.before = import.to >= 0 ? read_index (import.to) : NULL;
  g_autoptr (GVariant) listed
      = import.before != NULL ? bl_variant_get_object (import.before, "programs") : NULL;
  g_variant_dict_init (&import.programs, listed);
  const gboolean done = import.to >= 0 && import_all (&import, programs, &error);
  // What was taken before something went wrong is there, so it is listed too.
  if (import.n_taken > 0)
    write_index (&import, error == NULL ? &error : NULL);
  else
    g_variant_dict_clear (&import.programs);
  if (done && error == NULL)
    print_result (&import, json);
  else
    {
      g_variant_builder_clear (&import.rows);
      g_printerr ("bowlinectl: agents import: %s\n", error->message);
    }
  g_clear_pointer (&import.before, g_variant_unref);
  if (import.from >= 0)
    close (import.from);
  if (import.to >= 0)
    close (import.to);
  g_free (import.source);
  return error == NULL && import.n_taken + import.n_kept > 0 ? EXIT_SUCCESS : EXIT_REFUSED;
}

// ---- list
// ----------------------------------------------------------------------------------------------------------

static void
print_program (const char *file, GVariant *program)
{
  guint n;
  const BlAgentProgram *builds = bl_agent_programs (&n);
  g_autoptr (GString) ids = g_string_new (NULL);
  const char *hash = bl_variant_get_string (program, "sha384");
  for (guint i = 0; i < n; i++)
    if (g_str_equal (builds[i].file, file))
      g_string_append_printf (ids, "%s%u", ids->len > 0 ? "," : "", builds[i].id);
  g_print ("%s\t%s\t%s\t%" G_GINT64_FORMAT "\t%s\t%s\n", file, ids->len > 0 ? ids->str : "-",
           bl_variant_get_string (program, "format"), bl_variant_get_int (program, "size", 0),
           hash != NULL ? hash : "", bl_variant_get_string (program, "source"));
}

int
bl_ctl_agents_list (const char *data_dir, const char *operand, gboolean json)
{
  g_autoptr (GError) error = NULL;
  int folder = open_folder (data_dir, FALSE, &error);
  if (folder < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_printerr ("bowlinectl: agents list: %s\n", error->message);
      return EXIT_REFUSED;
    }
  g_autoptr (GVariant) index = folder >= 0 ? read_index (folder) : NULL;
  g_autoptr (GVariant) programs = index != NULL ? bl_variant_get_object (index, "programs") : NULL;
  if (programs == NULL)
    programs = bl_doc_new ();
  if (folder >= 0)
    close (folder);
  if (json)
    {
      g_autofree char *text = bl_json_to_string (programs, NULL); // it came as JSON
      g_print ("%s\n", text);
      return EXIT_SUCCESS;
    }
  if (g_variant_n_children (programs) == 0)
    g_printerr ("There are no agent programs yet; take some with: bowlinectl agents import DIR\n");
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  GVariantIter iter;
  const char *file;
  g_variant_iter_init (&iter, programs);
  while (g_variant_iter_next (&iter, "{&sv}", &file, NULL))
    g_ptr_array_add (files, (char *)file);
  g_ptr_array_sort (files, compare_names);
  for (guint i = 0; i < files->len; i++)
    {
      g_autoptr (GVariant) program = bl_variant_get_object (programs, g_ptr_array_index (files, i));
      if (program != NULL)
        print_program (g_ptr_array_index (files, i), program);
    }
  return EXIT_SUCCESS;
}
