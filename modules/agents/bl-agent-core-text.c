// SPDX-License-Identifier: Apache-2.0
/* The text of a core script. */
#include "bl-agent-core-text.h"

#include <string.h>

#include <bowline/error.h>

#include "common/bl-limits.h"

#define MAX_MODULES 256u

BlAgentCoreFlavour
bl_agent_core_text_flavour (guint agent_id)
{
  switch (agent_id)
    {
    case 1:
    case 2:
    case 3:
    case 4:
    case 21:
    case 22:
    case 34:
    case 42:
    case 43:
      return BL_AGENT_FLAVOUR_WINDOWS;
    case 0:
    case 5:
    case 6:
    case 8:
    case 19:
    case 20:
      return BL_AGENT_FLAVOUR_LINUX_X86;
    default:
      return BL_AGENT_FLAVOUR_OTHER;
    }
}

/* Folders of modules beside @path, the first one first. The smaller forms beside x.min.js are not always complete. */
static GPtrArray *
find_folders (const char *path)
{
  static const char *const names[] = { "modules_meshcore_min", "modules_meshcore" };
  g_autofree char *beside = g_path_get_dirname (path);
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);

  for (guint i = g_str_has_suffix (path, ".min.js") ? 0 : 1; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *folder = g_build_filename (beside, names[i], NULL);
      if (g_file_test (folder, G_FILE_TEST_IS_DIR))
        g_ptr_array_add (folders, g_steal_pointer (&folder));
    }
  return folders;
}

gboolean
bl_agent_core_text_has_modules (const char *path)
{
  g_autoptr (GPtrArray) folders = find_folders (path);

  return folders->len > 0;
}

void
bl_agent_core_text_quote (GString *out, const char *text, gsize length)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);

  g_string_append_c (out, '"');
  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      if (character == '"' || character == '\\')
        g_string_append_printf (out, "\\%c", (int) character);
      else if (character == '\n')
        g_string_append (out, "\\n");
      else if (character >= 0x20 && character < 0x7F)
        g_string_append_c (out, (char) character);
      else if (character < 0x10000)
        g_string_append_printf (out, "\\u%04x", character);
      else
        g_string_append_printf (out, "\\u%04x\\u%04x", 0xD800 + ((character - 0x10000) >> 10),
                                0xDC00 + ((character - 0x10000) & 0x3FF));
    }
  g_string_append_c (out, '"');
}

/* Names of modules say where they can run; smbios ends agents on other processors. */
static gboolean
is_for (const char *name, BlAgentCoreFlavour flavour)
{
  if (g_str_has_prefix (name, "amt-") || g_str_equal (name, "smbios"))
    return flavour != BL_AGENT_FLAVOUR_OTHER;
  if (g_str_has_prefix (name, "win-"))
    return flavour == BL_AGENT_FLAVOUR_WINDOWS;
  if (g_str_has_prefix (name, "linux-"))
    return flavour != BL_AGENT_FLAVOUR_WINDOWS;
  return TRUE;
}

static gboolean
is_plain_name (const char *name)
{
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_' && *c != '.')
      return FALSE;
  return *name != '\0';
}

/* x.js and x.min.js are module x; y.json becomes variable y. Returns: (transfer full) (nullable): x or y */
static char *
dup_module_name (const char *file)
{
  const char *dot = strrchr (file, '.');
  g_autofree char *name = NULL;

  if (!g_str_has_suffix (file, ".js") && !g_str_has_suffix (file, ".json"))
    return NULL;
  name = g_strndup (file, (gsize) (dot - file));
  if (g_str_has_suffix (name, ".min"))
    name[strlen (name) - 4] = '\0';
  return is_plain_name (name) ? g_steal_pointer (&name) : NULL;
}

static gboolean
add_module (GString *out, const char *name, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  if (g_str_has_suffix (path, ".json"))
    {
      g_string_append_printf (out, "var %s = JSON.parse(", name);
      bl_agent_core_text_quote (out, text, length);
      g_string_append (out, ");\n");
      return TRUE;
    }
  /* One that the engine of an agent does not understand must not keep the others from starting. */
  g_string_append_printf (out, "try { addModule(\"%s\", ", name);
  bl_agent_core_text_quote (out, text, length);
  g_string_append_printf (out, "); addedModules.push(\"%s\"); } catch (e) { }\n", name);
  return TRUE;
}

/* Adds to @modules, name -> path, what is not there yet. */
static gboolean
collect (GHashTable *modules, const char *folder, BlAgentCoreFlavour flavour, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, error);
  const char *file;

  if (directory == NULL)
    return FALSE;
  while (g_hash_table_size (modules) < MAX_MODULES && (file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *name = dup_module_name (file);

      if (name != NULL && is_for (name, flavour) && !g_hash_table_contains (modules, name))
        g_hash_table_insert (modules, g_steal_pointer (&name), g_build_filename (folder, file, NULL));
    }
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static gboolean
add_modules (GString *out, GPtrArray *folders, BlAgentCoreFlavour flavour, GError **error)
{
  g_autoptr (GHashTable) modules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GList) names = NULL;

  for (guint i = 0; i < folders->len; i++)
    if (!collect (modules, g_ptr_array_index (folders, i), flavour, error))
      return FALSE;
  /* The hash of a core must not depend on how a disk sorts. */
  names = g_list_sort (g_hash_table_get_keys (modules), compare_names);
  g_string_append (out, "var addedModules = [];\n");
  for (GList *link = names; link != NULL && out->len <= BL_CORE_MAX; link = link->next)
    if (!add_module (out, link->data, g_hash_table_lookup (modules, link->data), error))
      return FALSE;
  return TRUE;
}

GString *
bl_agent_core_text_build (const char *path, BlAgentCoreFlavour flavour, GError **error)
{
  g_autoptr (GPtrArray) folders = find_folders (path);
  g_autofree char *script = NULL;
  GString *text;
  gsize length = 0;

  if (!g_file_get_contents (path, &script, &length, error))
    return NULL;
  text = g_string_new (NULL);
  if (folders->len > 0 && !add_modules (text, folders, flavour, error))
    {
      g_string_free (text, TRUE);
      return NULL;
    }
  g_string_append_len (text, script, (gssize) length);
  return text;
}
