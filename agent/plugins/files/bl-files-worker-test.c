// SPDX-License-Identifier: Apache-2.0
#include "bl-files-disk.h"
#include "bl-files-worker.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define RACE_US (400 * 1000)

typedef struct
{
  char *directory;
  BlFilesWorker *worker;
  GPtrArray *replies; // GBytes
  guint notes;
} Fixture;

static void
reply_cb (GBytes *bytes, gboolean text, gpointer user_data)
{
  g_ptr_array_add (((Fixture *)user_data)->replies, g_bytes_ref (bytes));
}

static void
note_cb (guint32 msgid, const char *text, const char *path, gpointer user_data)
{
  ((Fixture *)user_data)->notes++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("bl-files-XXXXXX", NULL);
  f->replies = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  f->worker = bl_files_worker_new (g_getenv ("BL_TEST_FILES_PROGRAM"), reply_cb, note_cb, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bl_files_worker_free (f->worker);
  g_ptr_array_unref (f->replies);
  g_autofree char *parent = g_path_get_dirname (f->directory);
  g_autofree char *name = g_path_get_basename (f->directory);
  g_assert_true (bl_files_remove (parent, (const char *const[]){ name, NULL }, TRUE, NULL));
  g_assert_false (g_file_test (f->directory, G_FILE_TEST_EXISTS));
  g_free (f->directory);
}

static void
put (Fixture *f, const char *name, const char *content, gssize length)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);
  g_assert_true (g_file_set_contents (path, content, length, NULL));
}

static char *
get (Fixture *f, const char *name)
{
  char *content = NULL;
  g_autofree char *path = g_build_filename (f->directory, name, NULL);
  g_file_get_contents (path, &content, NULL, NULL);
  return content;
}

static void
run_bytes (Fixture *f, const void *data, gsize length)
{
  g_auto (BlFilesRequest) request = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_true (bl_files_request_parse (data, length, &request, &error));
  bl_files_worker_run (f->worker, &request, NULL);
}

// '@' in TEMPLATE stands for the scratch directory.
static void
run (Fixture *f, const char *template)
{
  g_auto (GStrv) parts = g_strsplit (template, "@", -1);
  g_autofree char *json = g_strjoinv (f->directory, parts);
  run_bytes (f, json, strlen (json));
}

static GVariant *
reply (Fixture *f, guint index)
{
  g_assert_cmpuint (index, <, f->replies->len);
  gsize length;
  const char *text = g_bytes_get_data (f->replies->pdata[index], &length);
  GVariant *object = bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL);
  g_assert_nonnull (object);
  return object;
}

static void
assert_last_action (Fixture *f, const char *action)
{
  g_autoptr (GVariant) last = reply (f, f->replies->len - 1);
  g_assert_cmpstr (bl_variant_get_string (last, "action"), ==, action);
}

static void
test_upload (Fixture *f, gconstpointer data)
{
  run (f, "{\"action\":\"upload\",\"reqid\":7,\"path\":\"@\",\"name\":\"a.bin\",\"size\":6}");
  assert_last_action (f, "uploadstart");
  run_bytes (f, "\0{x", 3); // an escaped block
  assert_last_action (f, "uploadack");
  run_bytes (f, "\0\0yz", 4);
  run_bytes (f, "w", 1);
  run (f, "{\"action\":\"uploaddone\",\"reqid\":7}");
  assert_last_action (f, "uploaddone");
  g_autofree char *path = g_build_filename (f->directory, "a.bin", NULL);
  g_autofree char *content = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_cmpmem (content, length, "{x\0yzw", 6);
  g_assert_cmpuint (f->notes, ==, 1);
}

static void
test_resume (Fixture *f, gconstpointer data)
{
  put (f, "part", "hello ", -1);
  run (f, "{\"action\":\"uploadhash\",\"reqid\":1,\"path\":\"@\",\"name\":\"part\",\"tag\":{\"h\":\"x\",\"s\":6}}");
  g_autoptr (GVariant) answer = reply (f, 0);
  g_autofree char *expected = g_compute_checksum_for_string (G_CHECKSUM_SHA384, "hello ", -1);
  g_assert_cmpint (g_ascii_strcasecmp (bl_variant_get_string (answer, "hash"), expected), ==, 0);
  run (f, "{\"action\":\"upload\",\"reqid\":1,\"path\":\"@\",\"name\":\"part\",\"size\":11,\"append\":true}");
  run_bytes (f, "world", 5);
  run (f, "{\"action\":\"uploaddone\",\"reqid\":1}");
  g_autofree char *content = get (f, "part");
  g_assert_cmpstr (content, ==, "hello world");
  run (f, "{\"action\":\"uploadhash\",\"reqid\":1,\"path\":\"@\",\"name\":\"none\",\"tag\":{}}");
  g_autoptr (GVariant) missing = reply (f, f->replies->len - 1);
  g_autoptr (GVariant) hash = bl_variant_get_child (missing, "hash");
  g_assert_true (hash == NULL || bl_variant_is_null (hash));
}

static void
test_cancel_removes (Fixture *f, gconstpointer data)
{
  run (f, "{\"action\":\"upload\",\"reqid\":1,\"path\":\"@\",\"name\":\"gone\",\"size\":3}");
  run_bytes (f, "abc", 3);
  run (f, "{\"action\":\"uploadcancel\",\"reqid\":1}");
  assert_last_action (f, "uploadcancel");
  g_autofree char *content = get (f, "gone");
  g_assert_null (content);
}

static void
test_upload_does_not_follow_links (Fixture *f, gconstpointer data)
{
  g_autofree char *link_path = g_build_filename (f->directory, "link", NULL);
  put (f, "victim", "precious", -1);
  g_assert_cmpint (symlink ("victim", link_path), ==, 0);
  run (f, "{\"action\":\"upload\",\"reqid\":1,\"path\":\"@\",\"name\":\"link\",\"size\":3}");
  g_autoptr (GVariant) first = reply (f, 0);
  g_assert_cmpstr (bl_variant_get_string (first, "action"), ==, "uploaderror");
  g_autofree char *content = get (f, "victim");
  g_assert_cmpstr (content, ==, "precious");
}

static void
test_full_disk (Fixture *f, gconstpointer data)
{
  struct rlimit old, small;
  guint8 block[4096];
  memset (block, 'x', sizeof block);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 6000;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  run (f, "{\"action\":\"upload\",\"reqid\":1,\"path\":\"@\",\"name\":\"big\",\"size\":8192}");
  run_bytes (f, block, sizeof block);
  assert_last_action (f, "uploadack");
  run_bytes (f, block, sizeof block);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_autoptr (GVariant) failure = reply (f, f->replies->len - 2);
  g_assert_cmpstr (bl_variant_get_string (failure, "action"), ==, "uploaderror");
  g_autofree char *content = get (f, "big");
  g_assert_cmpuint (strlen (content), ==, 6000); // what fitted is there to be resumed
}

static void
test_download (Fixture *f, gconstpointer data)
{
  const gsize size = 3 * BL_FILES_DOWNLOAD_BLOCK; // an exact multiple ends with an empty block
  g_autofree char *content = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    content[i] = (char)(i * 7);
  put (f, "d", content, (gssize)size);
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":5,\"path\":\"@/d\"}");
  run (f, "{\"action\":\"download\",\"sub\":\"startack\",\"id\":5,\"ack\":2}");
  g_assert_cmpuint (f->replies->len, ==, 3);
  run (f, "{\"action\":\"download\",\"sub\":\"ack\",\"id\":5}");
  run (f, "{\"action\":\"download\",\"sub\":\"ack\",\"id\":5}");
  g_assert_cmpuint (f->replies->len, ==, 5);
  gsize offset = 0;
  for (guint i = 1; i < f->replies->len; i++)
    {
      gboolean last;
      const guint8 *block;
      gsize length, block_length;
      const guint8 *bytes = g_bytes_get_data (f->replies->pdata[i], &length);
      g_assert_true (bl_files_download_parse (bytes, length, &last, &block, &block_length));
      g_assert_cmpint (last, ==, i == 4);
      g_assert_cmpmem (block, block_length, content + offset, block_length);
      offset += block_length;
    }
  g_assert_cmpuint (offset, ==, size);
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":6,\"path\":\"@/missing\"}");
  g_autoptr (GVariant) refused = reply (f, f->replies->len - 1);
  g_assert_cmpstr (bl_variant_get_string (refused, "sub"), ==, "cancel");
}

static void
test_download_block_size (Fixture *f, gconstpointer data)
{
  const gsize size = BL_FILES_MAX_DOWNLOAD_BLOCK + 5;
  g_autofree char *content = g_malloc0 (size);
  put (f, "d", content, (gssize)size);
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":5,\"path\":\"@/d\"}");
  run (f, "{\"action\":\"download\",\"sub\":\"startack\",\"id\":5,\"ack\":8,\"block\":1000000}");
  g_assert_cmpuint (f->replies->len, ==, 3);
  g_assert_cmpuint (g_bytes_get_size (f->replies->pdata[1]), ==, BL_FILES_DOWNLOAD_HEADER + BL_FILES_MAX_DOWNLOAD_BLOCK);
  g_assert_cmpuint (g_bytes_get_size (f->replies->pdata[2]), ==, BL_FILES_DOWNLOAD_HEADER + 5);
}

static void
test_changes (Fixture *f, gconstpointer data)
{
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/sub\"}");
  put (f, "sub/one", "1", -1);
  put (f, "two", "2", -1);
  run (f, "{\"action\":\"rename\",\"path\":\"@\",\"oldname\":\"two\",\"newname\":\"three\"}");
  run (f, "{\"action\":\"copy\",\"scpath\":\"@\",\"dspath\":\"@/sub\",\"names\":[\"three\"]}");
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/dest\"}");
  run (f, "{\"action\":\"move\",\"scpath\":\"@\",\"dspath\":\"@/dest\",\"names\":[\"sub\"]}");
  g_assert_cmpuint (f->replies->len, ==, 0);
  g_autofree char *one = get (f, "dest/sub/one");
  g_autofree char *three = get (f, "dest/sub/three");
  g_assert_cmpstr (one, ==, "1");
  g_assert_cmpstr (three, ==, "2");
  // Nothing is replaced
  put (f, "four", "4", -1);
  run (f, "{\"action\":\"rename\",\"path\":\"@\",\"oldname\":\"four\",\"newname\":\"three\"}");
  assert_last_action (f, "dialogmessage");
  g_autofree char *still = get (f, "three");
  g_assert_cmpstr (still, ==, "2");
  // A full folder only goes with `rec`
  run (f, "{\"action\":\"rm\",\"path\":\"@\",\"delfiles\":[\"dest\"],\"rec\":false}");
  g_autofree char *kept = get (f, "dest/sub/one");
  g_assert_nonnull (kept);
  run (f, "{\"action\":\"rm\",\"path\":\"@\",\"delfiles\":[\"dest\"],\"rec\":true}");
  g_autofree char *gone = get (f, "dest/sub/one");
  g_assert_null (gone);
}

static void
test_delete_does_not_follow_links (Fixture *f, gconstpointer data)
{
  g_autofree char *outside = g_dir_make_tmp ("bl-files-outside-XXXXXX", NULL);
  g_autofree char *victim = g_build_filename (outside, "victim", NULL);
  g_autofree char *folder = g_build_filename (f->directory, "folder", NULL);
  g_autofree char *link_path = g_build_filename (folder, "link", NULL);
  g_assert_true (g_file_set_contents (victim, "precious", -1, NULL));
  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_cmpint (symlink (outside, link_path), ==, 0);
  run (f, "{\"action\":\"rm\",\"path\":\"@\",\"delfiles\":[\"folder\"],\"rec\":true}");
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (victim, G_FILE_TEST_EXISTS));
  g_unlink (victim);
  g_rmdir (outside);
}

static void
test_list_and_find (Fixture *f, gconstpointer data)
{
  put (f, "Alpha.txt", "abc", -1);
  put (f, "beta.log", "", -1);
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/deep\"}");
  put (f, "deep/alphabet", "", -1);
  run (f, "{\"action\":\"ls\",\"reqid\":\"r\",\"path\":\"@\"}");
  g_autoptr (GVariant) listing = reply (f, 0);
  g_autoptr (GVariant) entries = bl_variant_get_array (listing, "dir");
  g_assert_cmpuint (g_variant_n_children (entries), ==, 3);
  run (f, "{\"action\":\"findfile\",\"reqid\":\"r\",\"path\":\"@\",\"filter\":\"alpha\"}");
  g_assert_cmpuint (f->replies->len, ==, 4); // two found, one end
  run (f, "{\"action\":\"ls\",\"reqid\":\"r\",\"path\":\"@/none\"}");
  g_autoptr (GVariant) unreadable = reply (f, 4);
  g_autoptr (GVariant) no_entries = bl_variant_get_child (unreadable, "dir");
  g_assert_true (bl_variant_is_null (no_entries));
}

// ---- archives ------------------------------------------------------------------------------------------------------

static void
test_zip (Fixture *f, gconstpointer data)
{
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/sub\"}");
  put (f, "sub/one", "1", -1);
  put (f, "two", "2", -1);
  run (f, "{\"action\":\"zip\",\"path\":\"@\",\"files\":[\"sub\",\"two\"],\"output\":\"a.zip\"}");
  assert_last_action (f, "refresh");
  run (f, "{\"action\":\"unzip\",\"input\":\"@/a.zip\",\"dest\":\"@/new\"}");
  assert_last_action (f, "refresh");
  g_autofree char *one = get (f, "new/sub/one"), *two = get (f, "new/two");
  g_assert_cmpstr (one, ==, "1");
  g_assert_cmpstr (two, ==, "2");
  // What is there is not replaced, neither the archive nor its members
  const guint before = f->replies->len;
  run (f, "{\"action\":\"zip\",\"path\":\"@\",\"files\":[\"two\"],\"output\":\"two\"}");
  run (f, "{\"action\":\"unzip\",\"input\":\"@/a.zip\",\"dest\":\"@/new\"}");
  g_autoptr (GVariant) zip_end = reply (f, before + 1), unzip_end = reply (f, f->replies->len - 2);
  g_assert_cmpstr (bl_variant_get_string (zip_end, "msg"), ==, "error");
  g_assert_cmpstr (bl_variant_get_string (unzip_end, "msg"), ==, "unziperror");
  g_assert_nonnull (bl_variant_get_string (unzip_end, "error"));
  g_autofree char *still = get (f, "two");
  g_assert_cmpstr (still, ==, "2");
}

static void
test_zip_cancelled (Fixture *f, gconstpointer data)
{
  g_auto (BlFilesRequest) request = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  put (f, "one", "1", -1);
  g_auto (GStrv) parts = g_strsplit ("{\"action\":\"zip\",\"path\":\"@\",\"files\":[\"one\"],\"output\":\"a.zip\"}", "@", -1);
  g_autofree char *json = g_strjoinv (f->directory, parts);
  g_assert_true (bl_files_request_parse ((const guint8 *)json, strlen (json), &request, NULL));
  g_cancellable_cancel (cancellable);
  bl_files_worker_run (f->worker, &request, cancellable);
  assert_last_action (f, "refresh");
  g_autofree char *content = get (f, "a.zip");
  g_assert_null (content);
}

static gsize
download_all (Fixture *f, guint from, gboolean *over)
{
  gsize size = 0;
  *over = FALSE;
  for (guint i = from; i < f->replies->len && !*over; i++)
    {
      const guint8 *block;
      gsize length, block_length;
      const guint8 *bytes = g_bytes_get_data (f->replies->pdata[i], &length);
      if (bl_files_download_parse (bytes, length, over, &block, &block_length))
        size += block_length;
    }
  return size;
}

static void
test_download_folder (Fixture *f, gconstpointer data)
{
  gboolean over;
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/sub\"}");
  put (f, "sub/one", "1", -1);
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":5,\"path\":\"@\",\"files\":[\"sub\"]}");
  run (f, "{\"action\":\"download\",\"sub\":\"startack\",\"id\":5,\"ack\":8}");
  g_assert_cmpuint (download_all (f, 1, &over), >, 100);
  g_assert_true (over);
  // What cannot be packed whole is no archive
  const guint before = f->replies->len;
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":6,\"path\":\"@\",\"files\":[\"none\"]}");
  run (f, "{\"action\":\"download\",\"sub\":\"startack\",\"id\":6,\"ack\":8}");
  g_assert_cmpuint (download_all (f, before, &over), ==, 0);
  g_assert_false (over);
  g_autoptr (GVariant) last = reply (f, f->replies->len - 1);
  g_assert_cmpstr (bl_variant_get_string (last, "sub"), ==, "cancel");
}

static void
test_download_continues (Fixture *f, gconstpointer data)
{
  gboolean over;
  put (f, "d", "0123456789", -1);
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":5,\"path\":\"@/d\",\"offset\":7}");
  g_autoptr (GVariant) start = reply (f, 0);
  g_assert_cmpint (bl_variant_get_int (start, "offset", 0), ==, 7);
  run (f, "{\"action\":\"download\",\"sub\":\"startack\",\"id\":5}");
  g_assert_cmpuint (download_all (f, 1, &over), ==, 3);
  // A file that became shorter begins again
  run (f, "{\"action\":\"download\",\"sub\":\"start\",\"id\":6,\"path\":\"@/d\",\"offset\":11}");
  g_autoptr (GVariant) again = reply (f, f->replies->len - 1);
  g_assert_cmpint (bl_variant_get_int (again, "offset", 0), ==, 0);
}

static void
test_links_are_shown (Fixture *f, gconstpointer data)
{
  g_autofree char *link_path = g_build_filename (f->directory, "link", NULL);
  g_assert_cmpint (symlink ("/nowhere/at all", link_path), ==, 0);
  run (f, "{\"action\":\"ls\",\"reqid\":1,\"path\":\"@\"}");
  g_autoptr (GVariant) listing = reply (f, 0), entries = bl_variant_get_array (listing, "dir");
  g_autoptr (GVariant) boxed = g_variant_get_child_value (entries, 0);
  g_autoptr (GVariant) entry = g_variant_is_of_type (boxed, G_VARIANT_TYPE_VARIANT) ? g_variant_get_variant (boxed)
                                                                                    : g_variant_ref (boxed);
  g_assert_cmpstr (bl_variant_get_string (entry, "l"), ==, "/nowhere/at all");
}

// ---- races (K8) ----------------------------------------------------------------------------------------------------

typedef struct
{
  const char *one, *other;
  gint stop;
} Swapping;

static gpointer
swap_main (gpointer data)
{
  Swapping *swapping = data;
  while (!g_atomic_int_get (&swapping->stop))
    (void)renameat2 (AT_FDCWD, swapping->one, AT_FDCWD, swapping->other, RENAME_EXCHANGE);
  return NULL;
}

// Somebody swaps a folder with a link to elsewhere while it is copied and deleted.
static void
test_race (Fixture *f, gconstpointer data)
{
  g_autofree char *outside = g_dir_make_tmp ("bl-files-outside-XXXXXX", NULL);
  g_autofree char *victim = g_build_filename (outside, "victim", NULL), *content = NULL;
  g_autofree char *one = g_build_filename (f->directory, "tree/sub", NULL);
  g_autofree char *other = g_build_filename (f->directory, "tree/link", NULL);
  g_assert_true (g_file_set_contents (victim, "precious", -1, NULL));
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/to\"}");
  run (f, "{\"action\":\"mkdir\",\"path\":\"@/tree\"}");
  g_assert_cmpint (symlink (outside, other), ==, 0);
  Swapping swapping = { .one = one, .other = other };
  GThread *thread = g_thread_new ("swap", swap_main, &swapping);
  const gint64 end = g_get_monotonic_time () + RACE_US;
  while (g_get_monotonic_time () < end)
    {
      run (f, "{\"action\":\"mkdir\",\"path\":\"@/tree\"}");
      (void)symlink (outside, other);
      (void)g_mkdir (one, 0755);
      run (f, "{\"action\":\"copy\",\"scpath\":\"@\",\"dspath\":\"@/to\",\"names\":[\"tree\"]}");
      run (f, "{\"action\":\"rm\",\"path\":\"@/to\",\"delfiles\":[\"tree\"],\"rec\":true}");
      run (f, "{\"action\":\"rm\",\"path\":\"@\",\"delfiles\":[\"tree\"],\"rec\":true}");
      g_ptr_array_set_size (f->replies, 0);
    }
  g_atomic_int_set (&swapping.stop, TRUE);
  g_thread_join (thread);
  g_assert_true (g_file_get_contents (victim, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "precious");
  g_unlink (victim);
  g_assert_cmpint (g_rmdir (outside), ==, 0); // nothing was written there
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/files/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("upload", test_upload);
  ADD ("resume", test_resume);
  ADD ("cancel-removes", test_cancel_removes);
  ADD ("upload-does-not-follow-links", test_upload_does_not_follow_links);
  ADD ("full-disk", test_full_disk);
  ADD ("download", test_download);
  ADD ("download-block-size", test_download_block_size);
  ADD ("changes", test_changes);
  ADD ("delete-does-not-follow-links", test_delete_does_not_follow_links);
  ADD ("list-and-find", test_list_and_find);
  ADD ("zip", test_zip);
  ADD ("zip-cancelled", test_zip_cancelled);
  ADD ("download-folder", test_download_folder);
  ADD ("download-continues", test_download_continues);
  ADD ("links-are-shown", test_links_are_shown);
  ADD ("race", test_race);
  return g_test_run ();
}
