// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-release.h"

#include "bl-build-tree.h"
#include "common/bl-error.h"
#include "common/bl-ids.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define STARTS_MAX_TEXT 16

static char *
below (const char *root, const char *name)
{
  return g_build_filename (root, name, NULL);
}

static gboolean
fail (GError **error, const char *path)
{
  const int number = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (number), "%s: %s", path, g_strerror (number));
  return FALSE;
}

char *
bl_agent_release_find_root (void)
{
  g_autofree char *release = bl_build_tree_find ();
  g_autofree char *marker = release != NULL ? below (release, BL_AGENT_ARCHIVE_MARKER) : NULL;
  g_autofree char *releases = release != NULL ? g_path_get_dirname (release) : NULL;
  g_autofree char *name = releases != NULL ? g_path_get_basename (releases) : NULL;
  if (name == NULL || !g_str_equal (name, "releases") || !g_file_test (marker, G_FILE_TEST_EXISTS))
    return NULL;
  return g_path_get_dirname (releases);
}

static gboolean
read_hash (const char *path, guint8 hash[BL_SHA384_SIZE])
{
  g_autofree char *text = NULL;
  gsize length;
  return g_file_get_contents (path, &text, &length, NULL) && length == 2 * BL_SHA384_SIZE
         && bl_hex_decode (text, length, hash, BL_SHA384_SIZE);
}

static gboolean
write_text (const char *path, const char *text, GError **error)
{
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

gboolean
bl_agent_release_get_hash (const char *root, guint8 hash[BL_SHA384_SIZE])
{
  g_autofree char *path = g_build_filename (root, "current", BL_AGENT_ARCHIVE_HASH, NULL);
  return read_hash (path, hash);
}

gboolean
bl_agent_release_is_refused (const char *root, const guint8 hash[BL_SHA384_SIZE])
{
  g_autofree char *path = below (root, "refused");
  guint8 refused[BL_SHA384_SIZE];
  return read_hash (path, refused) && memcmp (refused, hash, sizeof refused) == 0;
}

// A link that is there is replaced in one step.
static gboolean
set_link (const char *root, const char *name, const char *target, GError **error)
{
  g_autofree char *path = below (root, name);
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  (void)g_unlink (temporary); // left by a crash; the next line tells if it stays
  if (symlink (target, temporary) != 0 || g_rename (temporary, path) != 0)
    return fail (error, path);
  return TRUE;
}

static void
forget (const char *root, const char *name)
{
  g_autofree char *path = below (root, name);
  if (g_unlink (path) != 0 && errno != ENOENT)
    g_warning ("%s: %s", path, g_strerror (errno));
}

gboolean
bl_agent_release_remove_tree (const char *path, GError **error)
{
  g_autoptr (GSubprocess) process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, error, "rm", "-rf",
                                                      "--one-file-system", "--", path, NULL);
  return process != NULL && g_subprocess_wait_check (process, NULL, error);
}

// Returns: (transfer full) (nullable): "releases/NAME", and nothing else
static char *
read_link (const char *root, const char *name)
{
  g_autofree char *path = below (root, name);
  g_autofree char *target = g_file_read_link (path, NULL);
  return target != NULL && g_str_has_prefix (target, "releases/") && strchr (target + 9, '/') == NULL
             ? g_steal_pointer (&target)
             : NULL;
}

static gboolean
keep_hash (const char *directory, const guint8 *hash, GError **error)
{
  g_autofree char *path = below (directory, BL_AGENT_ARCHIVE_HASH);
  g_autofree char *hex = hash != NULL ? bl_hex_encode (hash, BL_SHA384_SIZE, FALSE) : g_strdup ("");
  return write_text (path, hex, error);
}

gboolean
bl_agent_release_take (const char *root, const char *directory, const char *name, const guint8 *hash, gboolean trial,
                       GError **error)
{
  g_autofree char *target = g_build_filename ("releases", name, NULL);
  g_autofree char *place = below (root, target);
  g_autofree char *before = read_link (root, "current");
  g_autofree char *counter = below (root, "trial");
  if (before != NULL && g_str_equal (before, target))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: it is the one that runs", place);
      return FALSE;
    }
  if (!keep_hash (directory, hash, error)
      || (g_file_test (place, G_FILE_TEST_EXISTS) && !bl_agent_release_remove_tree (place, error)))
    return FALSE;
  if (g_rename (directory, place) != 0)
    return fail (error, place);
  // In this order a power cut leaves the old one current, or the new one with a way back.
  if (trial && before != NULL
      && (!write_text (counter, "0", error) || !set_link (root, "previous", before, error)))
    return FALSE;
  return set_link (root, "current", target, error) && set_link (root, "meshagent", "current/bin/bowline-agent", error);
}

gboolean
bl_agent_release_is_on_trial (const char *root)
{
  g_autofree char *counter = below (root, "trial");
  g_autofree char *previous = read_link (root, "previous");
  return previous != NULL && g_file_test (counter, G_FILE_TEST_EXISTS);
}

void
bl_agent_release_confirm (const char *root)
{
  g_autofree char *current = read_link (root, "current");
  g_autofree char *releases = below (root, "releases");
  g_autoptr (GDir) directory = current != NULL ? g_dir_open (releases, 0, NULL) : NULL;
  forget (root, "trial");
  forget (root, "previous");
  for (const char *name; directory != NULL && (name = g_dir_read_name (directory)) != NULL;)
    {
      g_autofree char *path = below (releases, name);
      g_autoptr (GError) error = NULL;
      if (!g_str_equal (name, current + strlen ("releases/")) && !bl_agent_release_remove_tree (path, &error))
        g_warning ("an old release stays: %s", error->message);
    }
}

gboolean
bl_agent_release_roll_back (const char *root, GError **error)
{
  g_autofree char *previous = read_link (root, "previous");
  g_autofree char *refused = below (root, "refused");
  guint8 hash[BL_SHA384_SIZE];
  if (previous == NULL)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_NOT_FOUND, "%s: there is no previous release", root);
      return FALSE;
    }
  if (bl_agent_release_get_hash (root, hash))
    {
      g_autofree char *hex = bl_hex_encode (hash, sizeof hash, FALSE);
      if (!write_text (refused, hex, error))
        return FALSE;
    }
  if (!set_link (root, "current", previous, error))
    return FALSE;
  forget (root, "trial");
  forget (root, "previous");
  return TRUE;
}

gboolean
bl_agent_release_guard (const char *root, GError **error)
{
  g_autofree char *counter = below (root, "trial");
  g_autofree char *text = NULL;
  guint64 starts = 0;
  if (!bl_agent_release_is_on_trial (root))
    return TRUE;
  // What cannot be read was not written by us, and counts as too often.
  if (!g_file_get_contents (counter, &text, NULL, error))
    return FALSE;
  if (!g_ascii_string_to_unsigned (text, 10, 0, BL_AGENT_RELEASE_STARTS, &starts, NULL))
    starts = BL_AGENT_RELEASE_STARTS;
  if (starts >= BL_AGENT_RELEASE_STARTS)
    return bl_agent_release_roll_back (root, error);
  char more[STARTS_MAX_TEXT];
  g_snprintf (more, sizeof more, "%u", (guint)starts + 1);
  return write_text (counter, more, error);
}
