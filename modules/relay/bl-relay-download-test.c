// SPDX-License-Identifier: Apache-2.0
// The pure parts of a download: paths, the name that a browser is given, and a device's answer.
#include "bl-relay-download.h"

#include <string.h>

static void
test_path (void)
{
  g_autofree char *longest = g_strnfill (BL_RELAY_DOWNLOAD_MAX_PATH, 'a');
  g_autofree char *longer = g_strnfill (BL_RELAY_DOWNLOAD_MAX_PATH + 1, 'a');
  const char *const good[] = { "/etc/hostname", "C:\\a b\\c.txt", "/\xc3\xa4\xe2\x82\xac", longest };
  const char *const bad[] = { NULL, "", longer, "/a\nb", "/a\x7f", "/\xff", "/a\rSet-Cookie: x" };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (bl_relay_download_path_is_valid (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bl_relay_download_path_is_valid (bad[i]));
}

static void
test_disposition (void)
{
  static const char *const cases[][3] = {
    { "/etc/hostname", "hostname", "hostname" },
    { "C:\\Users\\a b.txt", "a b.txt", "a%20b.txt" },
    { "plain", "plain", "plain" },
    { "/x/\xc3\xa4\".txt", "___.txt", "%C3%A4%22.txt" },
    { "/x/;filename=y", "_filename_y", "%3Bfilename%3Dy" },
    { "/x/", "x_", "x%2F" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = bl_relay_download_disposition (cases[i][0]);
      g_autofree char *wanted
          = g_strdup_printf ("attachment; filename=\"%s\"; filename*=UTF-8''%s", cases[i][1], cases[i][2]);
      g_assert_cmpstr (found, ==, wanted);
    }
}

static gboolean
reads (const char *text, gint64 *size)
{
  g_autoptr (GBytes) message = g_bytes_new_static (text, strlen (text));
  return bl_relay_download_read_answer (message, size);
}

static void
test_answer (void)
{
  static const char *const bad[] = { "{\"op\":\"cancel\"}", "{\"op\":\"ok\"}",  "{\"op\":\"ok\",\"size\":-1}",
                                     "{\"op\":\"ok\",\"size\":\"5\"}", "{\"size\":5}", "c", "", "[]", "{" };
  gint64 size;
  g_assert_true (reads ("{\"op\":\"ok\",\"size\":12}", &size));
  g_assert_cmpint (size, ==, 12);
  g_assert_true (reads ("{\"op\":\"ok\",\"size\":0}", &size));
  g_assert_cmpint (size, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (reads (bad[i], &size));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/download/path", test_path);
  g_test_add_func ("/relay/download/disposition", test_disposition);
  g_test_add_func ("/relay/download/answer", test_answer);
  return g_test_run ();
}
