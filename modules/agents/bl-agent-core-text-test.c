// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-core-text.h"

#include <glib/gstdio.h>
#include <string.h>

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_mkdir_with_parents (parent, 0700);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static char *
build (const char *folder, const char *name, BlAgentCoreFlavour flavour)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  GString *text = bl_agent_core_text_build (path, flavour, &error);

  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

static void
remove_all (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        remove_all (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

#define ADD(name, text) "try { addModule(\"" name "\", \"" text "\"); addedModules.push(\"" name "\"); } catch (e) { }\n"

static void
test_modules (void)
{
  g_autofree char *folder = g_dir_make_tmp ("bowline-core-XXXXXX", NULL);
  g_autofree char *alone = NULL;
  g_autofree char *windows = NULL;
  g_autofree char *linux_x86 = NULL;
  g_autofree char *other = NULL;
  g_autofree char *smaller = NULL;
  g_autoptr (GError) error = NULL;

  put (folder, "core.js", "main();");
  put (folder, "core.min.js", "m();");
  alone = build (folder, "core.js", BL_AGENT_FLAVOUR_OTHER);
  g_assert_cmpstr (alone, ==, "main();");
  put (folder, "modules_meshcore/win-a.js", "w");
  put (folder, "modules_meshcore/linux-b.js", "l");
  put (folder, "modules_meshcore/amt-c.js", "a");
  put (folder, "modules_meshcore/smbios.js", "s");
  put (folder, "modules_meshcore/d.js", "say(\"\\n\");\n");
  put (folder, "modules_meshcore/e.json", "{\"k\":1}");
  put (folder, "modules_meshcore/f\"g.js", "no name of a module");
  put (folder, "modules_meshcore/README", "no module");
  put (folder, "modules_meshcore_min/d.min.js", "d");
  windows = build (folder, "core.js", BL_AGENT_FLAVOUR_WINDOWS);
  g_assert_cmpstr (windows, ==,
                   "var addedModules = [];\n" ADD ("amt-c", "a") ADD ("d", "say(\\\"\\\\n\\\");\\n")
                       "var e = JSON.parse(\"{\\\"k\\\":1}\");\n" ADD ("smbios", "s") ADD ("win-a", "w") "main();");
  linux_x86 = build (folder, "core.js", BL_AGENT_FLAVOUR_LINUX_X86);
  g_assert_nonnull (strstr (linux_x86, ADD ("linux-b", "l")));
  g_assert_nonnull (strstr (linux_x86, ADD ("smbios", "s")));
  g_assert_null (strstr (linux_x86, "win-a"));
  other = build (folder, "core.js", BL_AGENT_FLAVOUR_OTHER);
  g_assert_null (strstr (other, "amt-c"));
  g_assert_null (strstr (other, "smbios"));
  /* The smaller form where there is one, the other modules as they are. */
  smaller = build (folder, "core.min.js", BL_AGENT_FLAVOUR_OTHER);
  g_assert_cmpstr (smaller, ==,
                   "var addedModules = [];\n" ADD ("d", "d") "var e = JSON.parse(\"{\\\"k\\\":1}\");\n" ADD ("linux-b", "l") "m();");
  g_assert_null (bl_agent_core_text_build ("/nonexistent/core.js", BL_AGENT_FLAVOUR_OTHER, &error));
  g_assert_nonnull (error);
  remove_all (folder);
}

static void
test_quote (void)
{
  static const char text[] = "a\"b\\c\r\n\t\x7f\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xff";
  GString *out = g_string_new (NULL);

  bl_agent_core_text_quote (out, text, sizeof text - 1);
  g_assert_cmpstr (out->str, ==, "\"a\\\"b\\\\c\\u000d\\n\\u0009\\u007f\\u00e4\\u20ac\\ud83d\\ude00\\ufffd\"");
  g_string_free (out, TRUE);
}

static void
test_flavours (void)
{
  g_assert_cmpint (bl_agent_core_text_flavour (3), ==, BL_AGENT_FLAVOUR_WINDOWS);
  g_assert_cmpint (bl_agent_core_text_flavour (43), ==, BL_AGENT_FLAVOUR_WINDOWS);
  g_assert_cmpint (bl_agent_core_text_flavour (6), ==, BL_AGENT_FLAVOUR_LINUX_X86);
  g_assert_cmpint (bl_agent_core_text_flavour (26), ==, BL_AGENT_FLAVOUR_OTHER);
  g_assert_cmpint (bl_agent_core_text_flavour (4711), ==, BL_AGENT_FLAVOUR_OTHER);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-core-text/modules", test_modules);
  g_test_add_func ("/agent-core-text/quote", test_quote);
  g_test_add_func ("/agent-core-text/flavours", test_flavours);
  return g_test_run ();
}
