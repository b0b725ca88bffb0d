// SPDX-License-Identifier: Apache-2.0
#include "bl-files-archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RACE_US (400 * 1000)

typedef struct
{
  char *top;
  int fd;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->top = g_dir_make_tmp ("bl-files-archive-XXXXXX", NULL);
  f->fd = open (f->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const char *const *name = (const char *const[]){ "in", "out", "outside", NULL }; *name != NULL; name++)
    g_assert_cmpint (mkdirat (f->fd, *name, 0755), ==, 0);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  close (f->fd);
  remove_tree (f->top);
  g_free (f->top);
}

static void
put (Fixture *f, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (f->top, name, NULL);
  g_assert_true (g_file_set_contents_full (path, content, -1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
}

static void
assert_content (Fixture *f, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (f->top, name, NULL), *content = NULL;
  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    g_file_get_contents (path, &content, NULL, NULL);
  g_assert_cmpstr (content, ==, expected);
}

static void
progress_cb (const char *path, gpointer user_data)
{
  if (user_data != NULL)
    ++*(guint *)user_data;
}

static int
open_at (Fixture *f, const char *name, int flags)
{
  const int fd = openat (f->fd, name, flags | O_CLOEXEC, 0644);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static gboolean
unpack (Fixture *f, guint *left_out, GError **error)
{
  const int input = open_at (f, "archive", O_RDONLY), out = open_at (f, "out", O_RDONLY | O_DIRECTORY);
  *left_out = 0;
  const gboolean done = bl_archive_unpack (input, out, progress_cb, NULL, left_out, error);
  close (input);
  close (out);
  return done;
}

// A tar with members as hostile as the test wants them.
static void
make_tar (Fixture *f, const char *path, mode_t type, const char *link, const char *hard, const char *content)
{
  struct archive *writer = archive_write_new ();
  struct archive_entry *entry = archive_entry_new ();
  g_autofree char *file = g_build_filename (f->top, "archive", NULL);
  archive_write_set_format_pax_restricted (writer);
  g_assert_cmpint (archive_write_open_filename (writer, file), ==, ARCHIVE_OK);
  archive_entry_set_pathname (entry, path);
  archive_entry_set_filetype (entry, type);
  archive_entry_set_perm (entry, 06777);
  archive_entry_set_size (entry, content != NULL ? (la_int64_t)strlen (content) : 0);
  if (link != NULL)
    archive_entry_set_symlink (entry, link);
  if (hard != NULL)
    archive_entry_set_hardlink (entry, hard);
  g_assert_cmpint (archive_write_header (writer, entry), >=, ARCHIVE_WARN);
  if (content != NULL)
    archive_write_data (writer, content, strlen (content));
  archive_entry_free (entry);
  g_assert_cmpint (archive_write_free (writer), ==, ARCHIVE_OK);
}

static void
pack (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  guint left_out = 0, seen = 0;
  const int in = open_at (f, "in", O_RDONLY | O_DIRECTORY), output = open_at (f, "archive", O_WRONLY | O_CREAT | O_TRUNC);
  g_assert_true (bl_archive_pack (in, (const char *const[]){ "tree", "one", NULL }, output, progress_cb, &seen, &left_out, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (seen, >, 0);
  close (in);
  close (output);
}

static void
test_both_ways (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL, again = NULL;
  g_autofree char *large = g_strnfill (300000, 'x');
  guint left_out;
  struct stat info;
  char target[64] = "";
  mkdirat (f->fd, "in/tree", 0755);
  mkdirat (f->fd, "in/tree/empty", 0755);
  put (f, "in/tree/large", large);
  put (f, "in/tree/\303\244\360\237\230\200", "name");
  put (f, "in/one", "1");
  fchmodat (f->fd, "in/one", 04711, 0);
  symlinkat ("large", f->fd, "in/tree/link");
  symlinkat ("/etc", f->fd, "in/tree/away");
  mkfifoat (f->fd, "in/tree/fifo", 0600);
  pack (f);
  g_assert_true (unpack (f, &left_out, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (left_out, ==, 1); // the link to /etc
  assert_content (f, "out/tree/large", large);
  assert_content (f, "out/tree/\303\244\360\237\230\200", "name");
  assert_content (f, "out/one", "1");
  g_assert_cmpint (fstatat (f->fd, "out/tree/empty", &info, 0), ==, 0);
  g_assert_cmpint (fstatat (f->fd, "out/one", &info, 0), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0711);
  g_assert_cmpint (readlinkat (f->fd, "out/tree/link", target, sizeof target - 1), ==, 5);
  g_assert_cmpstr (target, ==, "large");
  g_assert_cmpint (fstatat (f->fd, "out/tree/fifo", &info, AT_SYMLINK_NOFOLLOW), !=, 0);
  // Nothing that exists is replaced
  put (f, "out/one", "mine");
  g_assert_false (unpack (f, &left_out, &again));
  assert_content (f, "out/one", "mine");
}

static void
test_hostile (Fixture *f, gconstpointer data)
{
  static const char *const paths[] = { "../outside/x", "a/../../outside/x", "/tmp/bl-files-archive-x", "a//b", "a\nb", "" };
  static const char *const links[] = { "/etc", "..", "../outside", "a/../..", "" };
  guint left_out;
  for (guint i = 0; i + 1 < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      make_tar (f, paths[i], AE_IFREG, NULL, NULL, "evil");
      g_assert_false (unpack (f, &left_out, &error));
      g_assert_nonnull (error);
    }
  for (guint i = 0; i + 1 < G_N_ELEMENTS (links); i++)
    {
      make_tar (f, "link", AE_IFLNK, links[i], NULL, NULL);
      g_assert_true (unpack (f, &left_out, NULL));
      g_assert_cmpuint (left_out, ==, 1);
    }
  make_tar (f, "hard", AE_IFREG, NULL, "../outside/x", NULL);
  g_assert_true (unpack (f, &left_out, NULL));
  g_assert_cmpuint (left_out, ==, 1);
  // A link that is there already is not gone through, nor written through
  symlinkat ("../outside", f->fd, "out/there");
  symlinkat ("../outside/new", f->fd, "out/file");
  make_tar (f, "there/x", AE_IFREG, NULL, NULL, "evil");
  g_assert_false (unpack (f, &left_out, NULL));
  make_tar (f, "file", AE_IFREG, NULL, NULL, "evil");
  g_assert_false (unpack (f, &left_out, NULL));
  g_autofree char *outside = g_build_filename (f->top, "outside", NULL);
  g_assert_cmpint (g_rmdir (outside), ==, 0); // it is still empty
  g_assert_cmpint (g_mkdir (outside, 0755), ==, 0);
}

static void
test_names (void)
{
  g_autoptr (GString) deep = g_string_new ("d");
  for (guint i = 1; i < BL_ARCHIVE_MAX_DEPTH; i++)
    g_string_append (deep, "/d");
  g_autofree char *longest = g_strnfill (255, 'n'), *longer = g_strnfill (256, 'n');
  g_assert_true (bl_archive_path_is_safe (deep->str));
  g_string_append (deep, "/d");
  g_assert_false (bl_archive_path_is_safe (deep->str));
  g_assert_true (bl_archive_path_is_safe (longest));
  g_assert_false (bl_archive_path_is_safe (longer));
  g_assert_true (bl_archive_path_is_safe ("a/..b/"));
  g_assert_true (bl_archive_link_is_safe ("a/b", "../c"));
  g_assert_false (bl_archive_link_is_safe ("a/b", "../../c"));
  g_assert_false (bl_archive_link_is_safe ("a/b", "c/../../d")); // c may be a link
  g_assert_true (bl_archive_link_is_safe ("a/", "b"));
}

// An archive of zeros that grows beyond all measure.
static void
test_bomb (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct archive *writer = archive_write_new ();
  struct archive_entry *entry = archive_entry_new ();
  g_autofree char *file = g_build_filename (f->top, "archive", NULL);
  static const char zeros[1024 * 1024];
  guint left_out;
  struct stat info;
  archive_write_set_format_zip (writer);
  archive_write_open_filename (writer, file);
  archive_entry_set_pathname (entry, "bomb");
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0644);
  archive_entry_set_size (entry, 40 * (la_int64_t)sizeof zeros);
  archive_write_header (writer, entry);
  for (guint i = 0; i < 40; i++)
    archive_write_data (writer, zeros, sizeof zeros);
  archive_entry_free (entry);
  archive_write_free (writer);
  g_assert_cmpint (fstatat (f->fd, "archive", &info, 0), ==, 0);
  g_assert_cmpint (info.st_size * BL_ARCHIVE_MAX_RATIO + BL_ARCHIVE_FREE_BYTES, <, 40 * (gint64)sizeof zeros);
  g_assert_false (unpack (f, &left_out, &error));
  g_assert_nonnull (strstr (error->message, "times as large"));
  g_assert_cmpint (fstatat (f->fd, "out/bomb", &info, 0), !=, 0);
}

typedef struct
{
  Fixture *f;
  gint stop;
} Swapping;

// A local user who swaps a folder with a link to elsewhere, as fast as he can.
static gpointer
swap_main (gpointer data)
{
  Swapping *swapping = data;
  while (!g_atomic_int_get (&swapping->stop))
    {
      (void)renameat2 (swapping->f->fd, "out/tree", swapping->f->fd, "out/link", RENAME_EXCHANGE);
      (void)renameat2 (swapping->f->fd, "in/tree", swapping->f->fd, "in/link", RENAME_EXCHANGE);
    }
  return NULL;
}

static void
test_race (Fixture *f, gconstpointer data)
{
  Swapping swapping = { .f = f };
  guint left_out;
  char name[32];
  mkdirat (f->fd, "in/tree", 0755);
  put (f, "in/one", "1");
  for (guint i = 0; i < 20; i++)
    {
      g_snprintf (name, sizeof name, "in/tree/%u", i);
      put (f, name, "x");
    }
  pack (f);
  put (f, "outside/secret", "precious");
  mkdirat (f->fd, "out/tree", 0755);
  symlinkat ("../outside", f->fd, "out/link");
  symlinkat ("../outside", f->fd, "in/link");
  GThread *thread = g_thread_new ("swap", swap_main, &swapping);
  const gint64 end = g_get_monotonic_time () + RACE_US;
  while (g_get_monotonic_time () < end)
    {
      (void)unpack (f, &left_out, NULL); // it may fail; it may not go elsewhere
      for (guint i = 0; i < 20; i++)
        {
          g_snprintf (name, sizeof name, "out/tree/%u", i);
          (void)unlinkat (f->fd, name, 0);
        }
      (void)unlinkat (f->fd, "out/one", 0);
      const int in = open_at (f, "in", O_RDONLY | O_DIRECTORY), output = open_at (f, "leak", O_RDWR | O_CREAT | O_TRUNC);
      (void)bl_archive_pack (in, (const char *const[]){ "tree", NULL }, output, progress_cb, NULL, &left_out, NULL);
      close (in);
      close (output);
      g_autofree char *leak = g_build_filename (f->top, "leak", NULL), *content = NULL;
      gsize length;
      g_assert_true (g_file_get_contents (leak, &content, &length, NULL));
      g_assert_null (memmem (content, length, "secret", 6));
    }
  g_atomic_int_set (&swapping.stop, TRUE);
  g_thread_join (thread);
  assert_content (f, "outside/secret", "precious");
  g_assert_cmpint (unlinkat (f->fd, "outside/secret", 0), ==, 0);
  g_assert_cmpint (unlinkat (f->fd, "outside", AT_REMOVEDIR), ==, 0); // nothing else came there
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/files-archive/names", test_names);
#define ADD(name, func) g_test_add ("/files-archive/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("both-ways", test_both_ways);
  ADD ("hostile", test_hostile);
  ADD ("bomb", test_bomb);
  ADD ("race", test_race);
  return g_test_run ();
}
