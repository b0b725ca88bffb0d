// SPDX-License-Identifier: Apache-2.0
#include "bl-web-files.h"

#include <glib/gstdio.h>

static const char manifest[]
    = "{\"version\":1,\"index\":\"/index.html\",\"files\":["
      "{\"path\":\"/index.html\",\"file\":\"index.html\",\"type\":\"text/html\",\"etag\":\"\\\"i\\\"\",\"immutable\":false,"
      "\"encodings\":{}},"
      "{\"path\":\"/assets/a-1.js\",\"file\":\"a.js\",\"type\":\"text/javascript\",\"etag\":\"\\\"a\\\"\","
      "\"immutable\":true,\"encodings\":{\"gzip\":{\"file\":\"a.js.gz\",\"size\":8},\"br\":{\"file\":\"a.js.br\",\"size\":4}}}"
      "]}";

typedef struct
{
  char *directory;
} Fixture;

static void
put (Fixture *f, const char *name, const char *content)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->directory, name, NULL);
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("bl-web-XXXXXX", NULL);
  put (f, "manifest.json", manifest);
  put (f, "index.html", "<!doctype html>");
  put (f, "a.js", "0123456789abcdef");
  put (f, "a.js.gz", "01234567");
  put (f, "a.js.br", "0123");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->directory, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    {
      g_autofree char *path = g_build_filename (f->directory, name, NULL);
      g_unlink (path);
    }
  g_rmdir (f->directory);
  g_free (f->directory);
}

static void
test_find (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlWebFiles) files = bl_web_files_load (f->directory, &error);
  g_assert_no_error (error);
  const BlWebFile *index = bl_web_files_find (files, "/index.html");
  g_assert_nonnull (index);
  g_assert_true (bl_web_files_find (files, "/") == index);
  g_assert_true (bl_web_files_find (files, "/device/abc/terminal") == index);
  g_assert_null (bl_web_files_find (files, "/assets/missing.js"));
  g_assert_null (bl_web_files_find (files, "/../etc/passwd.txt"));
  g_assert_null (bl_web_files_find (files, "/a.js"));
  g_assert_true (bl_web_files_find (files, "/assets/a-1.js")->immutable);
}

static void
test_encodings (Fixture *f, gconstpointer data)
{
  g_autoptr (BlWebFiles) files = bl_web_files_load (f->directory, NULL);
  const BlWebFile *script = bl_web_files_find (files, "/assets/a-1.js");
  g_assert_cmpint (bl_web_file_choose (script, NULL), ==, BL_WEB_IDENTITY);
  g_assert_cmpint (bl_web_file_choose (script, ""), ==, BL_WEB_IDENTITY);
  g_assert_cmpint (bl_web_file_choose (script, "gzip, deflate, br"), ==, BL_WEB_BROTLI);
  g_assert_cmpint (bl_web_file_choose (script, "GZIP;q=0.5"), ==, BL_WEB_GZIP);
  g_assert_cmpint (bl_web_file_choose (script, "br;q=0, gzip"), ==, BL_WEB_GZIP);
  g_assert_cmpint (bl_web_file_choose (script, "brotli, gzipx"), ==, BL_WEB_IDENTITY);
  g_assert_cmpint (bl_web_file_choose (bl_web_files_find (files, "/"), "br"), ==, BL_WEB_IDENTITY);
}

static void
test_etags (void)
{
  g_assert_false (bl_web_etag_matches (NULL, "\"a\""));
  g_assert_true (bl_web_etag_matches ("\"a\"", "\"a\""));
  g_assert_true (bl_web_etag_matches ("\"b\", W/\"a\"", "\"a\""));
  g_assert_true (bl_web_etag_matches ("*", "\"a\""));
  g_assert_false (bl_web_etag_matches ("\"b\"", "\"a\""));
}

static void
test_broken (Fixture *f, gconstpointer data)
{
  const char *const broken[] = {
    "",
    "[]",
    "{\"index\":\"/x\"}",
    "{\"index\":\"/x\",\"files\":[]}",
    "{\"index\":\"/x\",\"files\":[1]}",
    "{\"index\":\"/x\",\"files\":[{\"path\":\"/x\"}]}",
    "{\"index\":\"/x\",\"files\":[{\"path\":\"/x\",\"file\":\"none\",\"type\":\"t\",\"etag\":\"e\"}]}",
  };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;
      put (f, "manifest.json", broken[i]);
      g_assert_null (bl_web_files_load (f->directory, &error));
      g_assert_nonnull (error);
    }
}

static void
test_page_data (void)
{
  g_autoptr (GBytes) html = g_bytes_new_static ("<!doctype html><html><head><title>x</title>", 43);
  g_autoptr (GBytes) headless = g_bytes_new_static ("<html>", 6);
  g_autoptr (GBytes) page = bl_web_with_page_data (html, "{\"auth\":\"a&<b>\"}");
  g_autofree char *text = g_strndup (g_bytes_get_data (page, NULL), g_bytes_get_size (page));
  g_assert_cmpstr (text, ==,
                   "<!doctype html><html><head>\n<meta name=\"bowline-page\" "
                   "content=\"{&quot;auth&quot;:&quot;a&amp;&lt;b>&quot;}\"><title>x</title>");
  g_assert_null (bl_web_with_page_data (headless, "{}"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/web/files/find", Fixture, NULL, set_up, test_find, tear_down);
  g_test_add ("/web/files/encodings", Fixture, NULL, set_up, test_encodings, tear_down);
  g_test_add_func ("/web/files/etags", test_etags);
  g_test_add ("/web/files/broken", Fixture, NULL, set_up, test_broken, tear_down);
  g_test_add_func ("/web/files/page-data", test_page_data);
  return g_test_run ();
}
