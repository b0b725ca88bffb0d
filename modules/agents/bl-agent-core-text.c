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

/* Returns: (transfer full) (nullable) */
static char *
find_modules (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  const gboolean is_min = g_str_has_suffix (path, ".min.js");
  const char *const names[] = { is_min ? "modules_meshcore_min" : "modules_meshcore", "modules_meshcore" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *modules = g_build_filename (folder, names[i], NULL);
      if (g_file_test (modules, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&modules);
    }
  return NULL;
}

gboolean
bl_agent_core_text_has_modules (const char *path)
{
  g_autofree char *modules = find_modules (path);

  return modules != NULL;
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

/* x.js and x.min.js are module x; y.json becomes variable y. */
static gboolean
add_module (GString *out, const char *folder, const char *file, BlAgentCoreFlavour flavour, GError **error)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *text = NULL;
  g_autofree char *name = g_strndup (file, (gsize) (strrchr (file, '.') - file));
  const gboolean is_data = g_str_has_suffix (file, ".json");
  gsize length;

  if (g_str_has_suffix (name, ".min"))
    name[strlen (name) - 4] = '\0';
  if (!is_plain_name (name) || !is_for (name, flavour))
    return TRUE;
  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  if (is_data)
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

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
add_modules (GString *out, const char *folder, BlAgentCoreFlavour flavour, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, error);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (directory == NULL)
    return FALSE;
  while (files->len < MAX_MODULES && (name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_suffix (name, ".js") || g_str_has_suffix (name, ".json"))
      g_ptr_array_add (files, g_strdup (name));
  /* The hash of a core must not depend on how a disk sorts. */
  g_ptr_array_sort (files, compare_names);
  g_string_append (out, "var addedModules = [];\n");
  for (guint i = 0; i < files->len && out->len <= BL_CORE_MAX; i++)
    if (!add_module (out, folder, g_ptr_array_index (files, i), flavour, error))
      return FALSE;
  return TRUE;
}

GString *
bl_agent_core_text_build (const char *path, BlAgentCoreFlavour flavour, GError **error)
{
  g_autofree char *modules = find_modules (path);
  g_autofree char *script = NULL;
  GString *text;
  gsize length = 0;

  if (!g_file_get_contents (path, &script, &length, error))
    return NULL;
  text = g_string_new (NULL);
  if (modules != NULL && !add_modules (text, modules, flavour, error))
    {
      g_string_free (text, TRUE);
      return NULL;
    }
  g_string_append_len (text, script, (gssize) length);
  return text;
}
