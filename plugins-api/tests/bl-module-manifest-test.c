// SPDX-License-Identifier: Apache-2.0
/* The manifest parser: what it takes and how it refuses. */
#include "bl-module-manifest.h"

#include "bl-table.h"
#include <bowline/descriptor.h>
#include <bowline/error.h>
#include <string.h>

#define HEAD                                                                                                 \
  "[Module]\nId=hello\nVersion=1.2\nAbiMajor=1\nAbiMinMinor=0\nKind=server\nName=Hello\nSummary=Says it.\n"
#define SETTING "[Setting greeting]\nType=string\nDefault=hi\nMinimum=1\nMaximum=10\nSummary=What it says.\n"

static BlModuleManifest *
parse (const char *text, GError **error)
{
  return bl_module_manifest_parse ("/m/hello.module", text, strlen (text), error);
}

static void
test_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlModuleManifest) manifest
      = parse (HEAD "Name[de]=Hallo\nProvides=a;org.b.c;\nRequires=store\nEnabled=false\n" SETTING
                    "[Setting mode]\nType=choice\nValues=off;on\nDefault=on\nSummary=Mode.\n",
               &error);

  g_assert_no_error (error);
  g_assert_cmpstr (manifest->id, ==, "hello");
  g_assert_cmpstr (manifest->library, ==, "/m/bowline-module-hello.so");
  g_assert_cmpuint (manifest->kind, ==, BOWLINE_PLUGIN_KIND_SERVER);
  g_assert_cmpuint (g_strv_length (manifest->provides), ==, 2);
  g_assert_cmpstr (manifest->requires[0], ==, "store");
  g_assert_null (manifest->conflicts[0]);
  g_assert_false (manifest->enabled);
  g_assert_false (manifest->required);
  g_assert_cmpuint (manifest->n_settings, ==, 2);
  g_assert_cmpstr (manifest->settings[0].key, ==, "greeting");
  g_assert_cmpint (manifest->settings[0].maximum, ==, 10);
  g_assert_cmpstr (manifest->settings[1].values, ==, "off|on");
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *text;
    const char *expected;
  } cases[] = {
    { "[Other]\na=b\n", "/m/hello.module: expected a group [Module], found none" },
    { HEAD "Requiers=x\n",
      "/m/hello.module: [Module] Requiers: unknown field; the nearest known one is Requires" },
    { "[Module]\nId=other\n",
      "/m/hello.module: [Module] Id: expected \"hello\", as the file is called, found \"other\"" },
    { "[Module]\nId=hello\n", "/m/hello.module: [Module] Version: expected text, found nothing" },
    { "[Module]\nId=hello\nVersion=1\nAbiMajor=one\n",
      "/m/hello.module: [Module] AbiMajor: expected a number from 0 to 65535, found \"one\"" },
    { "[Module]\nId=hello\nVersion=1\nAbiMajor=1\nAbiMinMinor=0\nKind=client\n",
      "/m/hello.module: [Module] Kind: expected server or agent, found \"client\"" },
    { HEAD "Provides=A b\n",
      "/m/hello.module: [Module] Provides: expected names of a-z 0-9 - . _ :, found \"A b\"" },
    { HEAD "Required=maybe\n",
      "/m/hello.module: [Module] Required: expected true or false, found \"maybe\"" },
    { HEAD "[Settings x]\nType=int\n",
      "/m/hello.module: unknown group [Settings x]: expected [Module] or [Setting KEY]" },
    { HEAD "[Setting greeting]\nType=text\nSummary=S.\n",
      "/m/hello.module: [Setting greeting] Type: expected string, int, bool, list, choice, path, seconds or "
      "bytes, found"
      " \"text\"" },
    { HEAD "[Setting greeting]\nType=int\nDefault=0\nMinimum=1\nMaximum=5\nSummary=S.\n",
      "/m/hello.module: [Setting greeting] Default: expected an integer from 1 to 5, found \"0\"" },
    { HEAD "[Setting enabled]\nType=bool\nDefault=true\nSummary=S.\n",
      "/m/hello.module: [Setting enabled] name: expected 2 to 40 of a-z 0-9 -, other than \"enabled\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BlModuleManifest) manifest = parse (cases[i].text, &error);

      g_assert_null (manifest);
      g_assert_cmpstr (error->message, ==, cases[i].expected);
    }
}

static void
test_limits (void)
{
  g_autofree char *big = g_strnfill (BL_MODULE_MANIFEST_MAX_BYTES + 1, '#');
  g_autoptr (GString) many = g_string_new (HEAD);
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (big, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT);
  g_clear_error (&error);
  for (guint i = 0; i <= BL_MODULE_MANIFEST_MAX_SETTINGS; i++)
    g_string_append_printf (many, "[Setting key-%u]\nType=bool\nDefault=true\nSummary=S.\n", i);
  g_assert_null (parse (many->str, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT);
}

static void
test_ids (void)
{
  g_assert_true (bl_module_manifest_id_is_valid ("db-sqlite"));
  g_assert_false (bl_module_manifest_id_is_valid (""));
  g_assert_false (bl_module_manifest_id_is_valid ("server"));
  g_assert_false (bl_module_manifest_id_is_valid ("../x"));
  g_assert_false (bl_module_manifest_id_is_valid ("UPPER"));
  g_assert_false (bl_module_manifest_id_is_valid ("1st"));
}

typedef struct
{
  guint32 struct_size;
  guint32 a;
  guint64 b;
} Table;

static void
test_table (void)
{
  Table source = { sizeof source, 1, 2 }, copy;
  g_autoptr (GError) error = NULL;

  g_assert_true (bl_table_copy (&copy, sizeof copy, &source, 8, "table", &error));
  g_assert_cmpuint (copy.b, ==, 2);
  source.struct_size = 8; /* an older plugin */
  g_assert_true (bl_table_copy (&copy, sizeof copy, &source, 8, "table", &error));
  g_assert_cmpuint (copy.a, ==, 1);
  g_assert_cmpuint (copy.b, ==, 0);
  g_assert_cmpuint (copy.struct_size, ==, sizeof copy);
  source.struct_size = sizeof source; /* a newer one */
  g_assert_true (bl_table_copy (&copy, 8, &source, 8, "table", &error));
  g_assert_cmpuint (copy.struct_size, ==, 8);
  source.struct_size = 4;
  g_assert_false (bl_table_copy (&copy, sizeof copy, &source, 8, "table", &error));
  g_assert_cmpstr (error->message, ==, "table: struct_size: expected at least 8, found 4");
  g_assert_false (bl_table_copy (&copy, sizeof copy, NULL, 8, "table", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/manifest/good", test_good);
  g_test_add_func ("/manifest/refusals", test_refusals);
  g_test_add_func ("/manifest/limits", test_limits);
  g_test_add_func ("/manifest/ids", test_ids);
  g_test_add_func ("/table/copy", test_table);
  return g_test_run ();
}
