// SPDX-License-Identifier: Apache-2.0
#include "bl-server-tree.h"

#include <bowline/error.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bl-variant.h"

#define USER "user//anna"
#define GROUP "mesh//abc$def"
#define PART_NAME "0123456789abcdef0123456789abcdef"

static char *directory;
static int root;

static void
begin (void)
{
  directory = g_dir_make_tmp ("bowline-tree-XXXXXX", NULL);
  root = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (root, >=, 0);
}

static void
end (void)
{
  const char *const owners[] = { "user-anna", "mesh-abc$def" };

  for (guint i = 0; i < G_N_ELEMENTS (owners); i++)
    (void)bl_server_tree_remove (root, owners[i], TRUE, NULL);
  close (root);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (directory);
}

/* Words are the path. */
static int
folder_of (const char *id, const char *name)
{
  const char *path[] = { id, name, NULL };
  g_autoptr (GError) error = NULL;
  int fd = bl_server_tree_open (root, path, TRUE, &error);

  g_assert_no_error (error);
  return fd;
}

static void
put (int folder, const char *name, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  g_assert_true (bl_server_tree_write (folder, name, bytes, &error));
  g_assert_no_error (error);
}

static char *
text_of (int folder, const char *name)
{
  struct stat info;
  int fd = bl_server_tree_open_file (folder, name, &info, NULL);
  char *text;

  if (fd < 0)
    return NULL;
  text = g_malloc0 ((gsize)info.st_size + 1);
  g_assert_cmpint (read (fd, text, (size_t)info.st_size), ==, info.st_size);
  close (fd);
  return text;
}

static void
assert_text (int folder, const char *name, const char *expected)
{
  g_autofree char *text = text_of (folder, name);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_refused (gboolean done, GError **error, gint code)
{
  g_assert_false (done);
  g_assert_error (*error, BOWLINE_ERROR, code);
  g_clear_error (error);
}

static void
test_paths (void)
{
  static const char *const owners[]
      = { "", "user", "user/anna", "user//", "user//a/b", "user//..", "node//x", "user/x/anna", "../user//anna", "mesh//." };
  static const char *const names[] = { "", ".", "..", "a/b", ".bowline-x", "a\xff" };
  const char *path[] = { USER, NULL, NULL };
  g_autoptr (GError) error = NULL;
  int folder;

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (owners); i++)
    {
      path[0] = owners[i];
      assert_refused (bl_server_tree_open (root, path, TRUE, &error) >= 0, &error, BOWLINE_ERROR_INVALID);
    }
  folder = folder_of (USER, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      path[0] = USER;
      path[1] = names[i];
      assert_refused (bl_server_tree_open (root, path, TRUE, &error) >= 0, &error, BOWLINE_ERROR_INVALID);
      assert_refused (bl_server_tree_make (folder, names[i], &error), &error, BOWLINE_ERROR_INVALID);
      assert_refused (bl_server_tree_remove (folder, names[i], TRUE, &error), &error, BOWLINE_ERROR_INVALID);
      assert_refused (bl_server_tree_move (folder, names[i], folder, "x", &error), &error, BOWLINE_ERROR_INVALID);
      assert_refused (bl_server_tree_copy (folder, folder, names[i], &error), &error, BOWLINE_ERROR_INVALID);
    }
  path[1] = "none";
  assert_refused (bl_server_tree_open (root, path, FALSE, &error) >= 0, &error, BOWLINE_ERROR_NOT_FOUND);
  close (folder);
  end ();
}

static void
test_list (void)
{
  g_autoptr (GVariant) tree = NULL;
  g_autoptr (GVariant) inner = NULL;
  g_autoptr (GVariant) inside = NULL;
  g_autoptr (GVariant) file = NULL;
  BlServerTreeUse use = { 0 }, measured = { 0 };
  int folder;
  int below;

  begin ();
  folder = folder_of (USER, NULL);
  below = folder_of (USER, "below");
  put (below, "file", "hello");
  put (folder, "other", "");
  g_assert_cmpint (symlinkat ("/etc", folder, "link"), ==, 0);
  tree = bl_server_tree_list (folder, &use);
  g_assert_cmpuint (g_variant_n_children (tree), ==, 2); /* no link */
  g_assert_cmpuint (use.entries, ==, 3);
  g_assert_cmpuint (use.bytes, ==, 5);
  inner = bl_variant_get_object (tree, "below");
  g_assert_cmpint (bl_variant_get_int (inner, "t", 0), ==, 2);
  inside = bl_variant_get_object (inner, "f");
  file = bl_variant_get_object (inside, "file");
  g_assert_cmpint (bl_variant_get_int (file, "t", 0), ==, 3);
  g_assert_cmpint (bl_variant_get_int (file, "s", 0), ==, 5);
  g_assert_cmpint (bl_variant_get_int (file, "d", 0), >, G_GINT64_CONSTANT (1600000000000));
  bl_server_tree_measure (folder, &measured);
  g_assert_cmpuint (measured.bytes, ==, 5);
  close (folder);
  close (below);
  end ();
}

static void
test_links (void)
{
  const char *path[] = { USER, "link", NULL };
  g_autofree char *outside = g_dir_make_tmp ("bowline-outside-XXXXXX", NULL);
  g_autofree char *secret = g_build_filename (outside, "secret", NULL);
  g_autoptr (GError) error = NULL;
  struct stat info;
  int folder, below;

  begin ();
  folder = folder_of (USER, NULL);
  below = folder_of (USER, "below");
  g_assert_true (g_file_set_contents (secret, "secret", -1, NULL));
  g_assert_cmpint (symlinkat (outside, folder, "link"), ==, 0);
  g_assert_cmpint (symlinkat (secret, folder, "file"), ==, 0);
  g_assert_cmpint (symlinkat (outside, below, "link"), ==, 0);
  assert_refused (bl_server_tree_open (root, path, TRUE, &error) >= 0, &error, BOWLINE_ERROR_NOT_FOUND);
  assert_refused (bl_server_tree_open_file (folder, "file", &info, &error) >= 0, &error, BOWLINE_ERROR_NOT_FOUND);
  assert_refused (bl_server_tree_copy (folder, below, "file", &error), &error, BOWLINE_ERROR_NOT_FOUND);
  put (folder, "file", "mine"); /* the link gives way, not what it leads to */
  g_assert_true (bl_server_tree_remove (folder, "link", TRUE, &error));
  g_assert_true (bl_server_tree_remove (folder, "below", TRUE, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (secret, G_FILE_TEST_EXISTS));
  close (folder);
  close (below);
  end ();
  g_assert_cmpint (g_unlink (secret), ==, 0);
  g_assert_cmpint (g_rmdir (outside), ==, 0);
}

static void
test_changes (void)
{
  g_autoptr (GError) error = NULL;
  int folder, below, other, copied;

  begin ();
  folder = folder_of (USER, NULL);
  below = folder_of (USER, "below");
  other = folder_of (GROUP, NULL);
  put (below, "a", "one");
  put (folder, "a", "two");
  assert_refused (bl_server_tree_make (folder, "below", &error), &error, BOWLINE_ERROR_EXISTS);
  assert_refused (bl_server_tree_remove (folder, "below", FALSE, &error), &error, BOWLINE_ERROR_EXISTS);
  assert_refused (bl_server_tree_move (folder, "a", below, "a", &error), &error, BOWLINE_ERROR_EXISTS);
  assert_refused (bl_server_tree_copy (folder, below, "a", &error), &error, BOWLINE_ERROR_EXISTS);
  assert_refused (bl_server_tree_copy (folder, below, "below", &error), &error, BOWLINE_ERROR_INVALID);
  assert_text (below, "a", "one");
  g_assert_true (bl_server_tree_copy (folder, other, "below", &error));
  copied = folder_of (GROUP, "below");
  assert_text (copied, "a", "one");
  g_assert_true (bl_server_tree_move (folder, "a", other, "b", &error));
  assert_text (folder, "a", NULL);
  assert_text (other, "b", "two");
  g_assert_true (bl_server_tree_remove (folder, "below", TRUE, &error));
  g_assert_no_error (error);
  close (folder);
  close (below);
  close (other);
  close (copied);
  end ();
}

static gboolean
append (int folder, guint64 offset, guint64 size, const char *text, GError **error)
{
  g_autoptr (GBytes) piece = g_bytes_new (text, strlen (text));

  return bl_server_tree_append (folder, "file", PART_NAME, offset, size, piece, error);
}

static void
test_uploads (void)
{
  const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
  g_autoptr (GError) error = NULL;
  BlServerTreeUse use = { 0 };
  int folder;

  begin ();
  folder = folder_of (USER, NULL);
  put (folder, "file", "before");
  g_assert_true (append (folder, 0, 6, "abc", &error));
  assert_text (folder, "file", "before");
  assert_refused (append (folder, 2, 6, "xyz", &error), &error, BOWLINE_ERROR_INVALID);
  assert_refused (append (folder, 3, 6, "xyzt", &error), &error, BOWLINE_ERROR_INVALID);
  assert_refused (append (folder, 7, 6, "x", &error), &error, BOWLINE_ERROR_INVALID);
  assert_refused (append (folder, 3, 6, "", &error), &error, BOWLINE_ERROR_INVALID);
  bl_server_tree_measure (folder, &use);
  g_assert_cmpuint (use.bytes, ==, 9); /* what was not finished counts too */
  g_assert_true (append (folder, 3, 6, "def", &error));
  assert_text (folder, "file", "abcdef");
  g_assert_true (append (folder, 0, 0, "", &error));
  assert_text (folder, "file", "");
  g_assert_no_error (error);
  g_assert_true (append (folder, 0, 6, "abc", &error));
  g_assert_cmpint (utimensat (folder, ".bowline-part-" PART_NAME, old, 0), ==, 0);
  bl_server_tree_measure (folder, &use);
  g_assert_cmpint (faccessat (folder, ".bowline-part-" PART_NAME, F_OK, 0), !=, 0);
  close (folder);
  end ();
}

static void
test_limits (void)
{
  const char *path[BL_SERVER_TREE_MAX_DEPTH + 2] = { USER };
  g_autoptr (GError) error = NULL;

  begin ();
  for (guint i = 1; i <= BL_SERVER_TREE_MAX_DEPTH; i++)
    path[i] = "d";
  assert_refused (bl_server_tree_open (root, path, TRUE, &error) >= 0, &error, BOWLINE_ERROR_INVALID);
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/serverfiles/tree/paths", test_paths);
  g_test_add_func ("/serverfiles/tree/list", test_list);
  g_test_add_func ("/serverfiles/tree/links", test_links);
  g_test_add_func ("/serverfiles/tree/changes", test_changes);
  g_test_add_func ("/serverfiles/tree/uploads", test_uploads);
  g_test_add_func ("/serverfiles/tree/limits", test_limits);
  return g_test_run ();
}
