// SPDX-License-Identifier: Apache-2.0
/* Writes what is said about the configuration from the tables that check it, so that both always agree:
 *   bl-conf-doc conf MANIFEST...   data/bowline.conf: every key with its default, as a comment
 *   bl-conf-doc man MANIFEST...    docs/man/bowline.conf.5.md
 * A build-time tool; the test "conf-doc" compares its output with the committed files. */
#include "bl-config.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 110u

/* ---- text -------------------------------------------------------------------------------------------------
 */

/* A sentence, whatever the table ends with. */
static char *
sentence (const char *summary)
{
  return g_str_has_suffix (summary, ".") ? g_strdup (summary) : g_strconcat (summary, ".", NULL);
}

static void
append_wrapped (GString *out, const char *first, const char *prefix, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  gsize column = 0;

  for (char **word = words; *word != NULL; word++)
    {
      if (column == 0 || column + 1 + strlen (*word) > WIDTH)
        {
          g_string_append_printf (out, "%s%s%s", column == 0 ? "" : "\n", column == 0 ? first : prefix,
                                  *word);
          column = strlen (prefix) + strlen (*word);
          continue;
        }
      g_string_append_printf (out, " %s", *word);
      column += 1 + strlen (*word);
    }
  g_string_append_c (out, '\n');
}

static const char *
shown_default (const BlSetting *setting)
{
  return *setting->default_value != '\0' ? setting->default_value : "(nothing)";
}

/* ---- the default file -------------------------------------------------------------------------------------
 */

static void
conf_setting (GString *out, const BlSetting *setting)
{
  g_autofree char *summary = sentence (setting->summary);
  g_autofree char *expected = bl_setting_dup_expectation (setting);
  g_autofree char *text = g_strdup_printf ("%s Value: %s.", summary, expected);

  g_string_append_c (out, '\n');
  append_wrapped (out, "# ", "# ", text);
  g_string_append_printf (out, "#%s=%s\n", setting->key, setting->default_value);
}

static void
conf_module (GString *out, const BlModuleManifest *manifest)
{
  g_autofree char *summary = sentence (manifest->summary);

  g_string_append_c (out, '\n');
  append_wrapped (out, "# ", "# ", summary);
  g_string_append_printf (out, "[module %s]\n#enabled=%s\n", manifest->id,
                          manifest->enabled ? "true" : "false");
  for (guint i = 0; i < manifest->n_settings; i++)
    conf_setting (out, &manifest->settings[i]);
}

static void
write_conf (GString *out, GPtrArray *manifests)
{
  guint n;
  const BlSetting *settings = bl_config_get_server_settings (&n);

  g_string_append (out,
                   "# SPDX-License-Identifier: Apache-2.0\n"
                   "# Configuration of bowlined: see bowline.conf(5). Every key is shown with its default.\n"
                   "# Files in conf.d beside this one are read after it, in the order of their names.\n"
                   "# Check a change with: bowlined --check-config\n\n[server]\n");
  for (guint i = 0; i < n; i++)
    conf_setting (out, &settings[i]);
  for (guint i = 0; i < manifests->len; i++)
    conf_module (out, manifests->pdata[i]);
}

/* ---- the manual page --------------------------------------------------------------------------------------
 */

static void
man_setting (GString *out, const BlSetting *setting)
{
  g_autofree char *summary = sentence (setting->summary);
  g_autofree char *expected = bl_setting_dup_expectation (setting);
  g_autofree char *text
      = g_strdup_printf ("%s Value: %s. Default: %s.%s", summary, expected, shown_default (setting),
                         (setting->flags & BL_SETTING_SECRET) ? " Never shown in a log." : "");

  g_string_append_printf (out, "\n`%s`\n\n", setting->key);
  append_wrapped (out, ":   ", "    ", text);
}

static void
man_module (GString *out, const BlModuleManifest *manifest)
{
  g_autofree char *summary = sentence (manifest->summary);

  g_string_append_printf (out, "\n## [module %s]\n\n", manifest->id);
  append_wrapped (out, "", "", summary);
  g_string_append_printf (
      out, "\n`enabled`\n\n:   Whether the module is loaded. Value: true or false. Default: %s.\n",
      manifest->enabled ? "true" : "false");
  for (guint i = 0; i < manifest->n_settings; i++)
    man_setting (out, &manifest->settings[i]);
}

static const char man_head[]
    = "---\ntitle: BOWLINE.CONF\nsection: 5\nheader: Bowline\n---\n\n"
      "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
      "<!-- Written by bl-conf-doc from the tables of the program and the manifests: change those. -->\n\n"
      "# NAME\n\nbowline.conf - configuration of the Bowline server\n\n"
      "# SYNOPSIS\n\n"
      "*/etc/bowline/bowline.conf*, */etc/bowline/conf.d/\\*.conf*,\n"
      "`bowlined --set SECTION.KEY=VALUE`\n\n"
      "# DESCRIPTION\n\n"
      "The main file is read first, then the files in *conf.d* beside it in the order of their names,\n"
      "then what `--set` gives. The later one of two values counts. Nothing has to be written down:\n"
      "every key has a default.\n\n"
      "A file is made of sections such as `[server]`, keys such as `port=443`, and comments, which begin\n"
      "with `#`. It is UTF-8 text of at most 1 MiB. In a value, `\\s`, `\\n`, `\\t`, `\\r` and `\\\\`\n"
      "stand for a space, line feed, tabulator, carriage return and backslash. A key may stand once in a\n"
      "file.\n\n"
      "An unknown section or key, or a value out of range, keeps the server from starting;\n"
      "`bowlined --check-config` finds all of them. The message names file, line, section and key, what was\n"
      "expected, and the known key that is closest.\n\n"
      "For true, yes, on and 1 serve as well; for false, no, off and 0. The items of a list are separated\n"
      "by `;` or `,`.\n\n"
      "`--set` takes the section of a module as `module NAME` or simply as `NAME`:\n"
      "`--set relay.max-sessions=50`.\n\n"
      "# SECTIONS\n\n## [server]\n";

static const char man_tail[]
    = "\n# FILES\n\n*/etc/bowline/bowline.conf*\n\n:   The main file; `--config` names another one.\n\n"
      "*/etc/bowline/conf.d/50-module-NAME.conf*\n\n:   Written by `bowlinectl module enable` and "
      "`bowlinectl module disable`.\n\n"
      "# SEE ALSO\n\n**bowlined**(8), **bowlinectl**(8)\n";

static void
write_man (GString *out, GPtrArray *manifests)
{
  guint n;
  const BlSetting *settings = bl_config_get_server_settings (&n);

  g_string_append (out, man_head);
  for (guint i = 0; i < n; i++)
    man_setting (out, &settings[i]);
  for (guint i = 0; i < manifests->len; i++)
    man_module (out, manifests->pdata[i]);
  g_string_append (out, man_tail);
}

/* ---- manifests --------------------------------------------------------------------------------------------
 */

/* @path: NAME.module.in; what the build puts in for @...@ does not matter here. */
static BlModuleManifest *
load_template (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GString) text = NULL;
  g_autofree char *shown
      = g_str_has_suffix (path, ".in") ? g_strndup (path, strlen (path) - 3) : g_strdup (path);

  if (!g_file_get_contents (path, &data, NULL, error))
    return NULL;
  text = g_string_new (data);
  g_string_replace (text, "@VERSION@", "0", 0);
  g_string_replace (text, "@ABI_MAJOR@", "1", 0);
  g_string_replace (text, "@ABI_MINOR@", "0", 0);
  return bl_module_manifest_parse (shown, text->str, text->len, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) manifests = g_ptr_array_new_with_free_func ((GDestroyNotify)bl_module_manifest_unref);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (argc < 2 || (strcmp (argv[1], "conf") != 0 && strcmp (argv[1], "man") != 0))
    {
      fprintf (stderr, "usage: bl-conf-doc conf|man MANIFEST...\n");
      return 2;
    }
  for (int i = 2; i < argc; i++)
    {
      BlModuleManifest *manifest = load_template (argv[i], &error);

      if (manifest == NULL)
        {
          fprintf (stderr, "%s\n", error->message);
          return 1;
        }
      g_ptr_array_add (manifests, manifest);
    }
  if (strcmp (argv[1], "conf") == 0)
    write_conf (out, manifests);
  else
    write_man (out, manifests);
  fputs (out->str, stdout);
  return 0;
}
