// SPDX-License-Identifier: Apache-2.0
/* Whether the server whose folder is read still runs on this machine. */
#include "bl-import-source.h"

#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_ANCESTORS 32u

typedef struct
{
  dev_t device;
  ino_t inode;
} Place;

static gboolean
is_place (const char *path, const Place *place)
{
  struct stat st;

  return stat (path, &st) == 0 && st.st_dev == place->device && st.st_ino == place->inode;
}

/* Returns: (transfer full): @path as the process means it */
static char *
resolve_for (const char *process, const char *path)
{
  g_autofree char *link = g_build_filename (process, "cwd", NULL);
  g_autofree char *directory = g_file_read_link (link, NULL);

  return g_canonicalize_filename (path, directory != NULL ? directory : "/");
}

/* The program lies in .../meshcentral or .../node_modules/meshcentral; its folder is beside, unless told
 * otherwise. */
static gboolean
serves (const char *process, char **arguments, const Place *place)
{
  const char *told = NULL, *program = NULL;
  g_autofree char *interpreter = arguments[0] != NULL ? g_path_get_basename (arguments[0]) : NULL;

  /* An editor or this very import has such words on its command line, too. */
  if (interpreter == NULL || !g_str_has_prefix (interpreter, "node"))
    return FALSE;
  for (guint i = 0; arguments[i] != NULL; i++)
    {
      if (g_str_equal (arguments[i], "--datapath") && arguments[i + 1] != NULL)
        told = arguments[i + 1];
      else if (g_str_has_prefix (arguments[i], "--datapath="))
        told = arguments[i] + strlen ("--datapath=");
      else if (program == NULL && arguments[i][0] != '-' && i > 0
               && strstr (arguments[i], "meshcentral") != NULL)
        program = arguments[i];
    }
  if (program == NULL)
    return FALSE;
  if (told != NULL)
    {
      g_autofree char *path = resolve_for (process, told);
      return is_place (path, place);
    }
  g_autofree char *script = resolve_for (process, program);
  g_autofree char *directory
      = g_file_test (script, G_FILE_TEST_IS_DIR) ? g_strdup (script) : g_path_get_dirname (script);
  g_autofree char *near = g_build_filename (directory, "..", "meshcentral-data", NULL);
  g_autofree char *far = g_build_filename (directory, "..", "..", "meshcentral-data", NULL);
  return is_place (near, place) || is_place (far, place);
}

static char **
read_arguments (const char *process)
{
  g_autofree char *path = g_build_filename (process, "cmdline", NULL);
  g_autofree char *text = NULL;
  gsize length = 0;
  GPtrArray *arguments = g_ptr_array_new ();

  if (g_file_get_contents (path, &text, &length, NULL))
    {
      for (gsize at = 0; at < length; at += strlen (text + at) + 1)
        g_ptr_array_add (arguments, g_strdup (text + at));
    }
  g_ptr_array_add (arguments, NULL);
  return (char **)g_ptr_array_free (arguments, FALSE);
}

/* Returns: the parent of process @name, 0 for none */
static int
parent_of (const char *name)
{
  g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL);
  g_autofree char *text = NULL;
  const char *after;
  int parent = 0;

  /* "PID (COMMAND) STATE PARENT ..."; the command may hold anything */
  if (!g_file_get_contents (path, &text, NULL, NULL) || (after = strrchr (text, ')')) == NULL)
    return 0;
  return sscanf (after, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Who asked for the import is no server, whatever its command line looks like. */
static gboolean
asked_for_this (const char *name)
{
  g_autofree char *at = g_strdup ("self");

  for (guint depth = 0; depth < MAX_ANCESTORS; depth++)
    {
      const int parent = parent_of (at);

      if (parent <= 1)
        return FALSE;
      g_free (at);
      at = g_strdup_printf ("%d", parent);
      if (g_str_equal (at, name))
        return TRUE;
    }
  return FALSE;
}

int
bl_import_find_running (const char *path)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  struct stat st;
  const char *name;

  if (processes == NULL || stat (path, &st) != 0)
    return 0;
  const Place place = { st.st_dev, st.st_ino };
  while ((name = g_dir_read_name (processes)) != NULL)
    {
      if (!g_ascii_isdigit (name[0]))
        continue;
      g_autofree char *process = g_build_filename ("/proc", name, NULL);
      g_auto (GStrv) arguments = read_arguments (process);
      if (serves (process, arguments, &place) && !asked_for_this (name))
        return (int)g_ascii_strtoll (name, NULL, 10);
    }
  return 0;
}
