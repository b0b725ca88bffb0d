// SPDX-License-Identifier: Apache-2.0
/* The files protocol: every action, names and paths that must not pass, blocks, answers. */
#include "common/bl-files-proto.h"

#include <string.h>

#include "common/bl-error.h"

static BlFilesRequest
parse (const char *text)
{
  BlFilesRequest request;
  g_autoptr (GError) error = NULL;
  g_assert_true (bl_files_request_parse ((const guint8 *)text, strlen (text), &request, &error));
  g_assert_no_error (error);
  return request;
}

static void
test_requests (void)
{
  g_auto (BlFilesRequest) ls = parse ("{\"action\":\"ls\",\"reqid\":1,\"path\":\"\"}");
  g_assert_cmpint (ls.op, ==, BL_FILES_LS);
  g_assert_cmpstr (ls.path, ==, "/");
  g_assert_cmpint (g_variant_get_int64 (ls.reqid), ==, 1);
  g_auto (BlFilesRequest) rm
      = parse ("{\"action\":\"rm\",\"path\":\"tmp/x\",\"delfiles\":[\"a\",\"b c\"],\"rec\":true}");
  g_assert_cmpstr (rm.path, ==, "/tmp/x");
  g_assert_cmpstr (rm.names[1], ==, "b c");
  g_assert_true (rm.recursive);
  g_auto (BlFilesRequest) rename
      = parse ("{\"action\":\"rename\",\"path\":\"/a\",\"oldname\":\"o\",\"newname\":\"n\"}");
  g_assert_cmpstr (rename.name, ==, "o");
  g_assert_cmpstr (rename.new_name, ==, "n");
  g_auto (BlFilesRequest) copy
      = parse ("{\"action\":\"copy\",\"scpath\":\"/a\",\"dspath\":\"/b\",\"names\":[\"x\"],\"reqid\":\"r\"}");
  g_assert_cmpint (copy.op, ==, BL_FILES_COPY);
  g_assert_cmpstr (copy.target, ==, "/b");
  g_auto (BlFilesRequest) find
      = parse ("{\"action\":\"findfile\",\"path\":\"/\",\"filter\":\"*.c\",\"reqid\":2}");
  g_assert_cmpstr (find.filter, ==, "*.c");
  g_auto (BlFilesRequest) zip
      = parse ("{\"action\":\"zip\",\"path\":\"/a\",\"files\":[\"x\",\"y\"],\"output\":\"o.zip\"}");
  g_assert_cmpstr (zip.name, ==, "o.zip");
  g_auto (BlFilesRequest) unzip = parse ("{\"action\":\"unzip\",\"input\":\"/a/o.zip\",\"dest\":\"/b\"}");
  g_assert_cmpstr (unzip.path, ==, "/a/o.zip");
  g_assert_cmpstr (unzip.target, ==, "/b");
  g_auto (BlFilesRequest) upload = parse ("{\"action\":\"upload\",\"reqid\":\"up\",\"path\":\"/"
                                          "tmp\",\"name\":\"f\",\"size\":123,\"append\":true}");
  g_assert_cmpint (upload.size, ==, 123);
  g_assert_true (upload.append);
  g_auto (BlFilesRequest) start
      = parse ("{\"action\":\"download\",\"sub\":\"start\",\"id\":\"/etc/x\",\"path\":\"/etc/x\"}");
  g_assert_cmpint (start.op, ==, BL_FILES_DOWNLOAD_START);
  g_assert_null (start.names);
  g_assert_cmpint (start.offset, ==, 0);
  g_auto (BlFilesRequest) folder = parse ("{\"action\":\"download\",\"sub\":\"start\",\"id\":2,\"path\":\"/etc\","
                                          "\"files\":[\"x\"],\"offset\":-5}");
  g_assert_cmpstr (folder.names[0], ==, "x");
  g_assert_cmpint (folder.offset, ==, 0);
  g_auto (BlFilesRequest) ask
      = parse ("{\"action\":\"download\",\"sub\":\"start\",\"id\":1,\"ask\":\"coredump\"}");
  g_assert_cmpstr (ask.ask, ==, "coredump");
  g_assert_null (ask.path);
  g_auto (BlFilesRequest) ack
      = parse ("{\"action\":\"download\",\"sub\":\"startack\",\"id\":1,\"ack\":9999}");
  g_assert_cmpuint (ack.ack, ==, 64);
  g_assert_cmpuint (ack.block_size, ==, BL_FILES_DOWNLOAD_BLOCK);
  g_auto (BlFilesRequest) large
      = parse ("{\"action\":\"download\",\"sub\":\"startack\",\"id\":1,\"block\":1e9}");
  g_assert_cmpuint (large.block_size, ==, BL_FILES_MAX_DOWNLOAD_BLOCK);
  g_auto (BlFilesRequest) control = parse ("{\"ctrlChannel\":\"102938\",\"type\":\"ping\"}");
  g_assert_cmpint (control.op, ==, BL_FILES_CONTROL);
  g_assert_nonnull (control.message);
  g_auto (BlFilesRequest) cancel = parse ("{\"action\":\"cancel\"}");
  g_assert_cmpint (cancel.op, ==, BL_FILES_CANCEL);
}

static void
test_refused (void)
{
  const char *bad[] = {
    "{",
    "{}",
    "{\"action\":\"ls\"}",
    "{\"action\":\"ls\",\"path\":5}",
    "{\"action\":\"ls\",\"path\":\"/a/../b\"}",
    "{\"action\":\"ls\",\"path\":\"..\"}",
    "{\"action\":\"ls\",\"path\":\"a/..\"}",
    "{\"action\":\"ls\",\"path\":\"/a\\u0000b\"}",
    "{\"action\":\"rm\",\"path\":\"/a\",\"delfiles\":[]}",
    "{\"action\":\"download\",\"sub\":\"start\",\"id\":1,\"path\":\"/a\",\"files\":[\"../b\"]}",
    "{\"action\":\"rm\",\"path\":\"/a\",\"delfiles\":[\"..\"]}",
    "{\"action\":\"rm\",\"path\":\"/a\",\"delfiles\":[\"a/b\"]}",
    "{\"action\":\"rm\",\"path\":\"/a\",\"delfiles\":[1]}",
    "{\"action\":\"rm\",\"path\":\"/a\",\"delfiles\":[\"\"]}",
    "{\"action\":\"rm\",\"path\":\"/a\",\"delfiles\":\"x\"}",
    "{\"action\":\"rename\",\"path\":\"/a\",\"oldname\":\"o\",\"newname\":\".\"}",
    "{\"action\":\"upload\",\"path\":\"/a\",\"name\":\"x/y\"}",
    "{\"action\":\"upload\",\"path\":\"/a\"}",
    "{\"action\":\"download\",\"sub\":\"start\",\"path\":\"/a\"}",
    "{\"action\":\"download\",\"sub\":\"what\",\"id\":1}",
    "{\"action\":\"download\",\"id\":1}",
    "{\"action\":\"ls\",\"path\":\"/\",\"reqid\":{}}",
    "{\"action\":\"format\"}",
    "{\"action\":\"findfile\",\"path\":\"/\",\"filter\":\"a/b\"}",
    "{\"action\":\"download\",\"sub\":\"start\",\"id\":1,\"ask\":\"a/b\"}",
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      BlFilesRequest request;
      g_autoptr (GError) error = NULL;
      g_assert_false (bl_files_request_parse ((const guint8 *)bad[i], strlen (bad[i]), &request, &error));
      g_assert_nonnull (error);
    }
  g_autoptr (GError) error = NULL;
  BlFilesRequest request;
  g_assert_false (bl_files_request_parse ((const guint8 *)"{\"action\":\"x\"}", 14, &request, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_UNKNOWN);
}

static void
test_limits (void)
{
  g_autofree char *name = g_strnfill (BL_FILES_MAX_NAME, 'n');
  g_assert_true (bl_files_name_is_valid (name));
  g_autofree char *longer = g_strnfill (BL_FILES_MAX_NAME + 1, 'n');
  g_assert_false (bl_files_name_is_valid (longer));
  g_assert_false (bl_files_name_is_valid ("\xFF"));
  g_assert_true (bl_files_name_is_valid ("..."));
  g_autofree guint8 *block = g_malloc0 (BL_FILES_MAX_BLOCK + 1);
  BlFilesRequest request;
  g_autoptr (GError) error = NULL;
  g_assert_true (bl_files_request_parse (block, BL_FILES_MAX_BLOCK, &request, &error));
  g_assert_false (bl_files_request_parse (block, BL_FILES_MAX_BLOCK + 1, &request, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
}

static void
test_blocks (void)
{
  const char *blocks[] = { "plain", "{\"json\":1}", "\0zero", "" };
  const gsize lengths[] = { 5, 10, 5, 0 };
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    {
      BlFilesRequest request;
      g_autoptr (GByteArray) out = g_byte_array_new ();
      bl_files_block_escape (out, blocks[i], lengths[i]);
      g_assert_true (bl_files_request_parse (out->data, out->len, &request, NULL));
      g_assert_cmpint (request.op, ==, BL_FILES_BLOCK);
      g_assert_cmpmem (request.block, request.block_len, blocks[i], lengths[i]);
    }
  guint8 header[BL_FILES_DOWNLOAD_HEADER + 2] = { 0 };
  gboolean last;
  const guint8 *data;
  gsize len;
  bl_files_download_header (header, TRUE);
  g_assert_true (bl_files_download_parse (header, sizeof header, &last, &data, &len));
  g_assert_true (last);
  g_assert_cmpuint (len, ==, 2);
  bl_files_download_header (header, FALSE);
  g_assert_cmpmem (header, 4, "\1\0\0\0", 4);
  g_assert_false (bl_files_download_parse (header, 3, &last, &data, &len));
  g_assert_false (bl_files_download_parse ((const guint8 *)"{\"action\"", 9, &last, &data, &len));
}

static void
expect (char *found, const char *text)
{
  g_assert_cmpstr (found, ==, text);
  g_free (found);
}

static void
test_answers (void)
{
  g_autoptr (GVariant) reqid = g_variant_ref_sink (g_variant_new_string ("r\"1"));
  BlFilesListing *listing = bl_files_listing_new ("/tmp", reqid);
  bl_files_listing_add (listing, "a\"b\xFF", BL_FILES_ENTRY_FILE, 12, 1795240394, NULL);
  bl_files_listing_add (listing, "dir", BL_FILES_ENTRY_DIRECTORY, 4096, G_MAXINT64, "to\xFF");
  expect (bl_files_listing_end (listing),
          "{\"path\":\"/tmp\",\"reqid\":\"r\\\"1\",\"dir\":[{\"n\":\"a\\\"b\xEF\xBF\xBD\",\"t\":3,\"s\":12,"
          "\"d\":\"2026-11-21T05:53:14Z\"},{\"n\":\"dir\",\"t\":2,\"l\":\"to\xEF\xBF\xBD\"}]}");
  expect (bl_files_listing_end (bl_files_listing_new ("/", NULL)), "{\"path\":\"/\",\"dir\":[]}");
  expect (bl_files_answer_unreadable ("/x", NULL), "{\"path\":\"/x\",\"dir\":null}");
  expect (bl_files_answer ("uploadack", reqid), "{\"action\":\"uploadack\",\"reqid\":\"r\\\"1\"}");
  expect (bl_files_answer_found ("a/b", NULL), "{\"action\":\"findfile\",\"r\":\"a/b\"}");
  expect (bl_files_answer_found (NULL, reqid), "{\"action\":\"findfile\",\"r\":null,\"reqid\":\"r\\\"1\"}");
  expect (bl_files_answer_download_start (reqid, 0),
          "{\"action\":\"download\",\"sub\":\"start\",\"id\":\"r\\\"1\"}");
  expect (bl_files_answer_download_start (reqid, 7),
          "{\"action\":\"download\",\"sub\":\"start\",\"id\":\"r\\\"1\",\"offset\":7}");
  expect (bl_files_answer_dialog ("zippingFile", "x", NULL),
          "{\"action\":\"dialogmessage\",\"msg\":\"zippingFile\",\"file\":\"x\"}");
  expect (bl_files_answer_dialog (NULL, NULL, NULL), "{\"action\":\"dialogmessage\",\"msg\":null}");
  expect (bl_files_answer_refresh (), "{\"action\":\"refresh\"}");
  g_auto (BlFilesRequest) hash = parse ("{\"action\":\"uploadhash\",\"reqid\":7,\"path\":\"/"
                                        "t\",\"name\":\"f\",\"tag\":{\"h\":\"A\",\"s\":1,\"skip\":false}}");
  const guint8 zeros[48] = { 0 };
  g_autofree char *hex = g_strnfill (96, '0');
  g_autofree char *text
      = g_strdup_printf ("{\"action\":\"uploadhash\",\"reqid\":7,\"path\":\"/t\",\"name\":\"f\","
                         "\"tag\":{\"h\":\"A\",\"s\":1,\"skip\":false},\"hash\":\"%s\"}",
                         hex);
  expect (bl_files_answer_uploadhash (&hash, zeros), text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/files-proto/requests", test_requests);
  g_test_add_func ("/files-proto/refused", test_refused);
  g_test_add_func ("/files-proto/limits", test_limits);
  g_test_add_func ("/files-proto/blocks", test_blocks);
  g_test_add_func ("/files-proto/answers", test_answers);
  return g_test_run ();
}
