// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-kept-script.h"

#include "common/bl-error.h"

#include <glib/gstdio.h>
#include <string.h>

#define SOURCE_NAME "source.js"
#define DATA_NAME "script-data" // the data store, as the runner names it
#define OWNER_NAME "owner"
#define OWNER_MAX 256

struct _BlAgentKeptScripts
{
  const BlScriptOptions *options;
  const BlAgentScriptServes *serves;
  char *directory;
  GPtrArray *list; // Kept
};

typedef struct
{
  char *name, *owner, *directory;
  char *last;  // line of output
  char *state; // nullable: it is over, and this is how
  BlAgentScript *script;
} Kept;

static void
kept_free (gpointer data)
{
  Kept *kept = data;
  bl_agent_script_free (kept->script);
  g_free (kept->name);
  g_free (kept->owner);
  g_free (kept->directory);
  g_free (kept->last);
  g_free (kept->state);
  g_free (kept);
}

static gboolean
name_is_good (const char *name)
{
  const gsize length = name != NULL ? strlen (name) : 0;
  return length > 0 && length <= BL_AGENT_KEPT_SCRIPT_NAME_MAX && name[0] != '.'
         && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.") == length;
}

static Kept *
find (BlAgentKeptScripts *self, const char *name)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      Kept *kept = self->list->pdata[i];
      if (g_strcmp0 (kept->name, name) == 0)
        return kept;
    }
  return NULL;
}

// ---- running -------------------------------------------------------------------------------------------------------

static void
said_cb (const char *text, gboolean is_error, gpointer user_data)
{
  Kept *kept = user_data;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      if (lines[i - 1][0] == '\0')
        continue;
      g_free (kept->last);
      kept->last = g_utf8_substring (lines[i - 1], 0, MIN (g_utf8_strlen (lines[i - 1], -1), BL_AGENT_KEPT_SCRIPT_LINE_MAX));
      // It would stand where the next column is looked for.
      g_strdelimit (kept->last, "\t\r", ' ');
      break;
    }
  if (is_error)
    g_message ("script %s: %s", kept->name, kept->last != NULL ? kept->last : "");
}

static void
ended_cb (int status, const char *why, gpointer user_data)
{
  Kept *kept = user_data;
  kept->state = status >= 0 ? g_strdup_printf ("ended with %d", status) : g_strdup ("given up");
  if (status != 0)
    g_warning ("the script \"%s\" %s%s%s", kept->name, kept->state, why != NULL ? ": " : "", why != NULL ? why : "");
}

static gboolean
start (BlAgentKeptScripts *self, Kept *kept, const char *source, GVariant *info, GError **error)
{
  static const BlAgentScriptEvents events = { .said = said_cb, .ended = ended_cb };
  BlScriptOptions options = *self->options;
  options.state_dir = kept->directory;
  options.name = kept->name;
  options.crash_limit = 0; // the runner's own
  kept->script = bl_agent_script_start (&options, source, info, 0, self->serves, &events, kept, error);
  return kept->script != NULL;
}

static Kept *
make (BlAgentKeptScripts *self, const char *name, const char *owner)
{
  Kept *kept = g_new0 (Kept, 1);
  kept->name = g_strdup (name);
  kept->owner = g_strndup (owner, OWNER_MAX);
  kept->directory = g_build_filename (self->directory, name, NULL);
  return kept;
}

// ---- on disk -------------------------------------------------------------------------------------------------------

static gboolean
write_file (Kept *kept, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (kept->directory, name, NULL);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static char *
read_file (Kept *kept, const char *name, gsize limit, GError **error)
{
  g_autofree char *path = g_build_filename (kept->directory, name, NULL);
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  if (length <= limit && g_utf8_validate (text, (gssize)length, NULL))
    return g_steal_pointer (&text);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: UTF-8 of at most %" G_GSIZE_FORMAT " bytes is expected.", path, limit);
  return NULL;
}

static void
forget (Kept *kept)
{
  static const char *const names[] = { SOURCE_NAME, DATA_NAME, OWNER_NAME };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (kept->directory, names[i], NULL);
      g_unlink (path); // not every script has every file
    }
  g_rmdir (kept->directory);
}

static void
start_stored (BlAgentKeptScripts *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  Kept *kept = make (self, name, "");
  g_autofree char *source = read_file (kept, SOURCE_NAME, BL_AGENT_SCRIPT_SIZE, &error);
  g_autofree char *owner = read_file (kept, OWNER_NAME, OWNER_MAX, NULL);
  if (owner != NULL)
    {
      g_free (kept->owner);
      kept->owner = g_steal_pointer (&owner);
    }
  // It stays in the list, so that it can be seen and removed.
  if (source == NULL || !start (self, kept, source, NULL, &error))
    {
      g_warning ("the script \"%s\" was not started: %s", name, error->message);
      kept->state = g_strdup ("not started");
    }
  g_ptr_array_add (self->list, kept);
}

BlAgentKeptScripts *
bl_agent_kept_scripts_new (const BlScriptOptions *options, const BlAgentScriptServes *serves, const char *directory)
{
  BlAgentKeptScripts *self = g_new0 (BlAgentKeptScripts, 1);
  self->options = options;
  self->serves = serves;
  self->directory = g_strdup (directory);
  self->list = g_ptr_array_new_with_free_func (kept_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL); // none was ever kept
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL && self->list->len < BL_AGENT_KEPT_SCRIPTS_MAX)
    if (name_is_good (name))
      start_stored (self, name);
  return self;
}

// ---- orders --------------------------------------------------------------------------------------------------------

gboolean
bl_agent_kept_scripts_keep (BlAgentKeptScripts *self, const char *name, const char *source, const char *owner, GVariant *info,
                            GError **error)
{
  if (!name_is_good (name))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "The name of a script has 1 to %d letters, digits, \"-\", \"_\" and \".\", and does not begin with \".\".",
                   BL_AGENT_KEPT_SCRIPT_NAME_MAX);
      return FALSE;
    }
  Kept *former = find (self, name);
  if (former == NULL && self->list->len >= BL_AGENT_KEPT_SCRIPTS_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "%d scripts are kept already.", BL_AGENT_KEPT_SCRIPTS_MAX);
      return FALSE;
    }
  if (strlen (source) > BL_AGENT_SCRIPT_SIZE)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "A script has at most %u bytes.", BL_AGENT_SCRIPT_SIZE);
      return FALSE;
    }
  if (former != NULL)
    g_ptr_array_remove (self->list, former);
  Kept *kept = make (self, name, owner);
  gboolean done = FALSE;
  if (g_mkdir_with_parents (kept->directory, 0700) != 0)
    g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%s cannot be made.", kept->directory);
  else
    done = write_file (kept, OWNER_NAME, kept->owner, error) && write_file (kept, SOURCE_NAME, source, error)
           && start (self, kept, source, info, error);
  if (done)
    {
      g_ptr_array_add (self->list, kept);
      return TRUE;
    }
  forget (kept);
  kept_free (kept);
  return FALSE;
}

gboolean
bl_agent_kept_scripts_stop (BlAgentKeptScripts *self, const char *name, GError **error)
{
  Kept *kept = find (self, name);
  if (kept == NULL)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_NOT_FOUND, "No script of this name is kept.");
      return FALSE;
    }
  g_message ("the script \"%s\" is stopped and forgotten", name);
  forget (kept);
  g_ptr_array_remove (self->list, kept);
  return TRUE;
}

char *
bl_agent_kept_scripts_list (BlAgentKeptScripts *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->list->len; i++)
    {
      const Kept *kept = self->list->pdata[i];
      g_string_append_printf (text, "%s\t%s\t%s\t%s\n", kept->name, kept->state != NULL ? kept->state : "running", kept->owner,
                              kept->last != NULL ? kept->last : "");
    }
  return g_string_free (text, FALSE);
}

void
bl_agent_kept_scripts_set_info (BlAgentKeptScripts *self, GVariant *info)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      Kept *kept = self->list->pdata[i];
      if (kept->script != NULL)
        bl_agent_script_set_info (kept->script, info);
    }
}

void
bl_agent_kept_scripts_free (BlAgentKeptScripts *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->list);
  g_free (self->directory);
  g_free (self);
}
