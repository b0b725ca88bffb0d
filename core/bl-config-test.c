// SPDX-License-Identifier: Apache-2.0
/* Strictness, precedence and messages of the configuration. */
#include "bl-config.h"

#include <bowline/error.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const char manifest_text[]
    = "[Module]\nId=relay\nVersion=1\nAbiMajor=1\nAbiMinMinor=0\nKind=server\n"
      "Name=Relay\nSummary=Joins two ends.\n"
      "[Setting max-sessions]\nType=int\nDefault=100\nMinimum=1\nMaximum=1000\nSummary=Limit.\n"
      "[Setting pass]\nType=string\nMaximum=4\nSecret=true\nSummary=Secret.\n";

static BlModuleManifest *
relay_manifest (void)
{
  g_autoptr (GError) error = NULL;
  BlModuleManifest *manifest
      = bl_module_manifest_parse ("/lib/relay.module", manifest_text, strlen (manifest_text), &error);

  g_assert_no_error (error);
  return manifest;
}

static BlConfig *
parsed (const char *text, GError **error)
{
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (BlModuleManifest) manifest = relay_manifest ();

  bl_config_add_module (config, manifest);
  if (!bl_config_parse (config, "test.conf", text, strlen (text), error) || !bl_config_check (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlConfig) config = parsed ("", &error);

  g_assert_no_error (error);
  g_assert_cmpint (bl_config_server_int (config, "port"), ==, 443);
  g_assert_cmpint (bl_config_server_int (config, "cert-url-interval"), ==, 3600);
  g_assert_cmpint (bl_config_server_int (config, "max-header-bytes"), ==, 32768);
  g_assert_false (bl_config_server_boolean (config, "tls-cbc-suites"));
  g_assert_null (bl_config_server_list (config, "trusted-proxies")[0]);
  g_assert_cmpstr (bl_config_server_string (config, "log-level"), ==, "info");
  g_assert_false (bl_config_is_set (config, "server", "port"));
  g_assert_true (bl_config_module_is_enabled (config, "relay"));
  g_assert_false (bl_config_module_is_enabled (config, "absent"));
}

/* Every default of the table passes its own check; a broken one would be a critical warning. */
static void
test_table (void)
{
  guint n;
  const BlSetting *settings = bl_config_get_server_settings (&n);

  g_assert_cmpuint (n, >, 20);
  for (guint i = 0; i < n; i++)
    {
      BlSettingValue value = { 0 };
      g_autoptr (GError) error = NULL;
      gsize length = strlen (settings[i].summary);

      g_assert_true (bl_setting_check (&settings[i], settings[i].default_value, &value, &error));
      g_assert_no_error (error);
      g_assert_cmpint (settings[i].summary[length - 1], ==, '.');
      bl_setting_value_clear (&value);
    }
}

static void
test_values (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlConfig) config
      = parsed ("# comment\n\n[server]\nport = 8443\ntrusted-proxies=127.0.0.1; ::1, 10.0.0.0/8\n"
                "handshake-timeout=1m\nmax-body-bytes=2M\ntls-offload=yes\n"
                "[module relay]\nenabled=false\nmax-sessions=7\n",
                &error);

  g_assert_no_error (error);
  g_assert_cmpint (bl_config_server_int (config, "port"), ==, 8443);
  g_assert_true (bl_config_is_set (config, "server", "port"));
  g_assert_cmpuint (g_strv_length ((char **)bl_config_server_list (config, "trusted-proxies")), ==, 3);
  g_assert_cmpint (bl_config_server_int (config, "handshake-timeout"), ==, 60);
  g_assert_cmpint (bl_config_server_int (config, "max-body-bytes"), ==, 2 * 1024 * 1024);
  g_assert_true (bl_config_server_boolean (config, "tls-offload"));
  g_assert_false (bl_config_module_is_enabled (config, "relay"));
  g_assert_cmpint (bl_config_get_int (config, "module relay", "max-sessions"), ==, 7);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *text;
    const char *expected;
  } cases[] = {
    { "[server]\n\nprot=1\n", "test.conf:3: [server] prot: unknown key; the nearest known one is port" },
    { "[server]\nxyzzyx=1\n", "test.conf:2: [server] xyzzyx: unknown key" },
    { "[sever]\nport=1\n", "test.conf:2: [sever] port: unknown section; the nearest known one is [server]" },
    { "[module rely]\nenabled=1\n",
      "test.conf:2: [module rely] enabled: unknown section; the nearest known one is [module relay]" },
    { "[server]\nport=70000\n",
      "test.conf:2: [server] port: expected an integer from 1 to 65535, found \"70000\"" },
    { "[server]\nport=\n", "test.conf:2: [server] port: expected an integer from 1 to 65535, found nothing" },
    { "[server]\nport=0\n", "test.conf:2: [server] port: expected an integer from 1 to 65535, found \"0\"" },
    { "[server]\nport=1\nport=2\n",
      "test.conf:3: [server] port: expected a key once in a file, found it on line 2 too" },
    { "port=1\n", "test.conf:1: port: expected a section such as [server] first, found none" },
    { "[server]\nnonsense\n", "test.conf:2: expected KEY=VALUE, [SECTION] or # comment, found \"nonsense\"" },
    { "[server\nport=1\n", "test.conf:1: expected a section such as [server], found \"[server\"" },
    { "[server]\nname=\xff\n", "test.conf:2: expected UTF-8 text, found other bytes" },
    { "[server]\ndata-dir=var\n",
      "test.conf:2: [server] data-dir: expected an absolute path, or nothing, found \"var\"" },
    { "[server]\nlog-level=loud\n", "test.conf:2: [server] log-level: expected one of error, warning, "
                                    "notice, info, debug, found \"loud\"" },
    { "[server]\naccepted-web-hashes=abc\n",
      "test.conf:2: [server] accepted-web-hashes: expected a list of items of 96 hex digits, found \"abc\"" },
    { "[module relay]\npass=longer\n",
      "test.conf:2: [module relay] pass: expected text of up to 4 bytes, found other text" },
    { "[module relay]\nmax-sessions=0\n",
      "test.conf:2: [module relay] max-sessions: expected an integer from 1 to 1000, found \"0\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BlConfig) config = parsed (cases[i].text, &error);

      g_assert_null (config);
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, cases[i].expected);
    }
}

static void
test_all_problems (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlConfig) config = parsed ("[server]\nprot=1\nredirect-port=x\n", &error);

  g_assert_null (config);
  g_assert_nonnull (strstr (error->message, "test.conf:2:"));
  g_assert_nonnull (strstr (error->message, "\ntest.conf:3:"));
}

static void
test_limits (void)
{
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *big = g_malloc0 (BL_CONFIG_MAX_BYTES + 1);

  memset (big, '#', BL_CONFIG_MAX_BYTES + 1);
  g_assert_false (bl_config_parse (config, "big.conf", big, BL_CONFIG_MAX_BYTES + 1, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT);
}

static void
test_overrides (void)
{
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (BlModuleManifest) manifest = relay_manifest ();
  g_autoptr (GError) error = NULL;

  bl_config_add_module (config, manifest);
  g_assert_true (bl_config_override (config, "server.port=9000", &error));
  g_assert_true (bl_config_override (config, "relay.max-sessions=5", &error));
  g_assert_true (bl_config_override (config, "module relay.enabled=no", &error));
  g_assert_true (bl_config_parse (config, "a", "[server]\nport=1\n", 16, &error));
  g_assert_true (bl_config_check (config, &error));
  g_assert_no_error (error);
  g_assert_cmpint (bl_config_server_int (config, "port"), ==, 9000);
  g_assert_cmpint (bl_config_get_int (config, "module relay", "max-sessions"), ==, 5);
  g_assert_false (bl_config_module_is_enabled (config, "relay"));
  g_assert_false (bl_config_override (config, "port=9000", &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_true (bl_config_override (config, "server.prot=9000", &error));
  g_assert_false (bl_config_check (config, &error));
  g_assert_cmpstr (error->message, ==,
                   "--set server.prot: [server] prot: unknown key; the nearest known one is port");
}

static void
write_file (const char *directory, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
test_drop_ins (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = g_dir_make_tmp ("bowline-config-XXXXXX", &error);
  g_autofree char *file = g_build_filename (root, "bowline.conf", NULL);
  g_autofree char *drop_ins = g_build_filename (root, "conf.d", NULL);
  g_autofree char *written = g_build_filename (drop_ins, "50-module-relay.conf", NULL);
  g_autofree char *first = g_build_filename (drop_ins, "10-a.conf", NULL);
  g_autofree char *second = g_build_filename (drop_ins, "20-b.conf", NULL);
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (BlModuleManifest) manifest = relay_manifest ();
  g_autofree char *got = NULL;
  GStatBuf info;
  mode_t before;

  g_assert_cmpint (g_mkdir (drop_ins, 0755), ==, 0);
  write_file (root, "bowline.conf", "[server]\nport=1\nredirect-port=1\nmps-port=1\n");
  write_file (drop_ins, "20-b.conf", "[server]\nport=3\n");
  write_file (drop_ins, "10-a.conf", "[server]\nport=2\nredirect-port=2\n");
  before = umask (0077);
  g_assert_true (bl_config_set_module_enabled (drop_ins, "relay", FALSE, &error));
  umask (before);
  g_assert_false (bl_config_set_module_enabled (drop_ins, "../relay", FALSE, NULL));
  g_assert_cmpint (g_stat (written, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0644);
  g_assert_true (bl_config_load (config, file, NULL, &error));
  g_assert_no_error (error);
  got = bl_config_dup_drop_in_directory (config);
  g_assert_cmpstr (got, ==, drop_ins);
  bl_config_add_module (config, manifest);
  g_assert_true (bl_config_check (config, &error));
  g_assert_cmpint (bl_config_server_int (config, "port"), ==, 3);
  g_assert_cmpint (bl_config_server_int (config, "redirect-port"), ==, 2);
  g_assert_cmpint (bl_config_server_int (config, "mps-port"), ==, 1);
  g_assert_false (bl_config_module_is_enabled (config, "relay"));
  g_remove (written);
  g_remove (first);
  g_remove (second);
  g_remove (file);
  g_rmdir (drop_ins);
  g_rmdir (root);
}

static void
test_missing_file (void)
{
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (bl_config_load (config, "/nonexistent/bowline.conf", NULL, &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent/bowline.conf"));
}

static void
test_unchecked_module (void)
{
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (GError) error = NULL;
  const char *text = "[module broken]\nanything=1\n";

  bl_config_add_unchecked_module (config, "broken");
  g_assert_true (bl_config_parse (config, "a", text, strlen (text), &error));
  g_assert_true (bl_config_check (config, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/defaults", test_defaults);
  g_test_add_func ("/config/table", test_table);
  g_test_add_func ("/config/values", test_values);
  g_test_add_func ("/config/refusals", test_refusals);
  g_test_add_func ("/config/all-problems", test_all_problems);
  g_test_add_func ("/config/limits", test_limits);
  g_test_add_func ("/config/overrides", test_overrides);
  g_test_add_func ("/config/drop-ins", test_drop_ins);
  g_test_add_func ("/config/missing-file", test_missing_file);
  g_test_add_func ("/config/unchecked-module", test_unchecked_module);
  return g_test_run ();
}
