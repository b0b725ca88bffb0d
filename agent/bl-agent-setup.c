// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-setup.h"

#include "bl-agent-release.h"
#include "bl-build-tree.h"
#include "common/bl-error.h"
#include "common/bl-ids.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define UNIT BL_AGENT_SERVICE ".service"
#define UNIT_DIRECTORY "/etc/systemd/system"
#define UNIT_IN_ARCHIVE "agent/systemd/" UNIT
#define SETTINGS_NAME "bowline-agent.msh"
#define KEY_NAME "node.pem"
#define NAME_DIGITS 16

static char *
locate (const BlAgentSetup *setup, const char *path)
{
  return setup->root_dir != NULL ? g_build_filename (setup->root_dir, path, NULL) : g_strdup (path);
}

static const char *
install_path (const BlAgentSetup *setup)
{
  return setup->install_path != NULL ? setup->install_path : BL_AGENT_INSTALL_PATH;
}

// Ends with NULL.
static gboolean
run_program (GError **error, const char *program, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  va_list args;
  g_ptr_array_add (words, (char *)program);
  va_start (args, program);
  for (const char *word = va_arg (args, const char *); word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (words, (char *)word);
  va_end (args);
  g_ptr_array_add (words, NULL);
  g_autoptr (GSubprocess) process
      = g_subprocess_newv ((const char *const *)words->pdata, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, error);
  if (process != NULL && g_subprocess_wait_check (process, NULL, error))
    return TRUE;
  g_prefix_error (error, "%s: ", program);
  return FALSE;
}

static gboolean
enable_service (const BlAgentSetup *setup, GError **error)
{
  if (setup->root_dir != NULL)
    {
      g_autofree char *root = g_strconcat ("--root=", setup->root_dir, NULL);
      return run_program (error, "systemctl", root, "enable", UNIT, NULL);
    }
  return run_program (error, "systemctl", "daemon-reload", NULL)
         && run_program (error, "systemctl", "enable", UNIT, NULL)
         && run_program (error, "systemctl", "restart", UNIT, NULL);
}

// STOP: also end it now
static gboolean
disable_service (const BlAgentSetup *setup, gboolean stop, GError **error)
{
  if (setup->root_dir == NULL)
    return stop ? run_program (error, "systemctl", "disable", "--now", UNIT, NULL)
                : run_program (error, "systemctl", "disable", UNIT, NULL);
  g_autofree char *root = g_strconcat ("--root=", setup->root_dir, NULL);
  return run_program (error, "systemctl", root, "disable", UNIT, NULL);
}

// ---- install -------------------------------------------------------------------------------------------------------

static gboolean
write_settings (const BlAgentSetup *setup, GError **error)
{
  g_autofree char *directory = locate (setup, setup->state_dir);
  g_autofree char *path = g_build_filename (directory, SETTINGS_NAME, NULL);
  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", directory, g_strerror (errno));
      return FALSE;
    }
  if (setup->msh == NULL)
    {
      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return TRUE;
      g_set_error (error, BL_ERROR, BL_ERROR_NOT_FOUND,
                   "settings: expected a .msh beside the program, --config FILE, or %s from an installation before", path);
      return FALSE;
    }
  g_autofree char *text = bl_msh_to_text (setup->msh);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error);
}

// The unit of the archive, with the places of this installation in it.
static gboolean
write_unit (const BlAgentSetup *setup, const char *release, GError **error)
{
  g_autofree char *source = g_build_filename (release, UNIT_IN_ARCHIVE, NULL);
  g_autofree char *directory = locate (setup, UNIT_DIRECTORY);
  g_autofree char *path = g_build_filename (directory, UNIT, NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (source, &text, NULL, error))
    return FALSE;
  g_autoptr (GString) unit = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "ExecStart="))
        // The previous release looks whether the one on trial was started too often; there is none most of the time.
        g_string_append_printf (unit,
                                "ExecStartPre=-%s/previous/bin/bowline-agent --trial-guard\n"
                                "ExecStart=%s/current/bin/bowline-agent --foreground --state-dir %s\n",
                                install_path (setup), install_path (setup), setup->state_dir);
      else if (g_str_has_prefix (lines[i], "ConditionPathExistsGlob="))
        g_string_append_printf (unit, "ConditionPathExistsGlob=%s/*.msh\n", setup->state_dir);
      else if (lines[i][0] != '\0' || lines[i + 1] != NULL)
        g_string_append_printf (unit, "%s\n", lines[i]);
    }
  if (g_mkdir_with_parents (directory, 0755) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", directory, g_strerror (errno));
      return FALSE;
    }
  return g_file_set_contents_full (path, unit->str, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

static gboolean
hash_archive (const char *path, guint8 hash[BL_SHA384_SIZE], GError **error)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, error);
  if (file == NULL)
    return FALSE;
  bl_sha384 (g_mapped_file_get_contents (file), g_mapped_file_get_length (file), hash);
  return TRUE;
}

// A path that goes into a unit as it is, and that is removed as a whole one day.
static gboolean
check_path (const char *path, GError **error)
{
  const gsize length = strlen (path);
  if (length > 1 && length <= 200 && path[0] == '/' && path[length - 1] != '/' && strstr (path, "//") == NULL
      && strstr (path, "/.") == NULL
      && strspn (path, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") == length
      && strchr (path + 1, '/') != NULL)
    return TRUE;
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
               "\"%s\": expected an absolute path of at least two plain names, at most 200 characters", path);
  return FALSE;
}

static gboolean
copy_program (const BlAgentSetup *setup, const char *unpacked, GError **error)
{
  guint8 hash[BL_SHA384_SIZE];
  g_autofree char *root = locate (setup, install_path (setup));
  g_autofree char *releases = g_build_filename (root, "releases", NULL);
  g_autofree char *copy = g_build_filename (releases, ".installing", NULL);
  g_autofree char *name = NULL;
  if (setup->archive != NULL && !hash_archive (setup->archive, hash, error))
    return FALSE;
  if (setup->archive != NULL)
    name = bl_hex_encode (hash, sizeof hash, FALSE);
  else
    name = g_strdup_printf ("local-%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
  if (setup->archive != NULL)
    name[NAME_DIGITS] = '\0';
  if (g_mkdir_with_parents (releases, 0755) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", releases, g_strerror (errno));
      return FALSE;
    }
  g_autofree char *current = g_build_filename (root, "current", NULL);
  g_autofree char *target = g_file_read_link (current, NULL);
  if (target != NULL && g_str_has_suffix (target, name)) // the same once more: settings and unit may be new
    return write_unit (setup, unpacked, error);
  if (!bl_agent_release_remove_tree (copy, error)
      || !run_program (error, "cp", "-R", "--preserve=mode,timestamps,links", "--", unpacked, copy, NULL)
      || !bl_agent_release_take (root, copy, name, setup->archive != NULL ? hash : NULL, FALSE, error))
    return FALSE;
  bl_agent_release_confirm (root);
  return write_unit (setup, unpacked, error);
}

gboolean
bl_agent_setup_install (const BlAgentSetup *setup, GError **error)
{
  g_autofree char *unpacked = bl_build_tree_find ();
  g_autofree char *marker
      = unpacked != NULL ? g_build_filename (unpacked, BL_AGENT_ARCHIVE_MARKER, NULL) : NULL;
  const gboolean is_archive = marker != NULL && g_file_test (marker, G_FILE_TEST_EXISTS);
  if (!is_archive && setup->install_path != NULL)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_UNSUPPORTED,
                           "--installPath: this agent belongs to a package, whose files stay where they are; leave it out");
      return FALSE;
    }
  return check_path (install_path (setup), error) && check_path (setup->state_dir, error) && write_settings (setup, error)
         && (!is_archive || copy_program (setup, unpacked, error)) && enable_service (setup, error);
}

// ---- uninstall -----------------------------------------------------------------------------------------------------

static gboolean
remove_file (const BlAgentSetup *setup, const char *directory, const char *name, GError **error)
{
  g_autofree char *place = locate (setup, directory);
  g_autofree char *path = g_build_filename (place, name, NULL);
  if (g_unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  return FALSE;
}

// Removes DIRECTORY only when it is one of ours: it holds SIGN.
static gboolean
remove_ours (const BlAgentSetup *setup, const char *directory, const char *sign, GError **error)
{
  g_autofree char *path = locate (setup, directory);
  g_autofree char *mark = g_build_filename (path, sign, NULL);
  if (!check_path (directory, error))
    return FALSE;
  return !g_file_test (mark, G_FILE_TEST_EXISTS) || bl_agent_release_remove_tree (path, error);
}

static gboolean
remove_files (const BlAgentSetup *setup, gboolean full, GError **error)
{
  g_autofree char *mark = locate (setup, install_path (setup));
  g_autofree char *releases = g_build_filename (mark, "releases", NULL);
  const gboolean is_ours = g_file_test (releases, G_FILE_TEST_IS_DIR);
  if (is_ours
      && (!remove_file (setup, UNIT_DIRECTORY, UNIT, error)
          || !remove_ours (setup, install_path (setup), "releases", error)))
    return FALSE;
  if (full && (!remove_ours (setup, setup->state_dir, KEY_NAME, error)
               || !remove_ours (setup, setup->state_dir, SETTINGS_NAME, error)))
    return FALSE;
  return !is_ours || setup->root_dir != NULL || run_program (error, "systemctl", "daemon-reload", NULL);
}

gboolean
bl_agent_setup_uninstall (const BlAgentSetup *setup, gboolean full, GError **error)
{
  return disable_service (setup, TRUE, error) && remove_files (setup, full, error);
}

gboolean
bl_agent_setup_remove_self (const BlAgentSetup *setup, GError **error)
{
  g_autofree char *root = bl_agent_release_find_root ();
  BlAgentSetup own = *setup;
  // Started by hand, it is nobody's service, and another agent's is none of its business.
  const gboolean is_service = g_getenv ("INVOCATION_ID") != NULL;
  own.install_path = root;
  if (is_service && !disable_service (&own, FALSE, error))
    return FALSE;
  if (is_service && root != NULL)
    return remove_files (&own, TRUE, error);
  return remove_ours (&own, own.state_dir, KEY_NAME, error);
}
