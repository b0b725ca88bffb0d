// SPDX-License-Identifier: Apache-2.0
/* The files protocol: no request that passes holds a name or path that leaves its directory. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-files-proto.h"

static void
check_path (const char *path)
{
  if (path == NULL)
    return;
  g_assert_cmpint (path[0], ==, '/');
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    g_assert_cmpstr (parts[i], !=, "..");
}

static void
check_name (const char *name)
{
  g_assert_true (name == NULL || bl_files_name_is_valid (name));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_auto (BlFilesRequest) request = { 0 };
  const guint8 *block = data != NULL ? data : (const guint8 *)"";
  g_autoptr (GError) error = NULL;
  gboolean last;
  gsize len;

  if (size > 0 && bl_files_download_parse (block, size, &last, &block, &len))
    g_assert_cmpuint (len, ==, size - BL_FILES_DOWNLOAD_HEADER);
  block = data != NULL ? data : (const guint8 *)"";
  g_autoptr (GByteArray) escaped = g_byte_array_new ();
  bl_files_block_escape (escaped, block, MIN (size, BL_FILES_MAX_BLOCK));
  if (escaped->len > 0)
    {
      const guint8 *back = bl_files_block_unescape (escaped->data, escaped->len, &len);
      g_assert_cmpmem (back, len, block, MIN (size, BL_FILES_MAX_BLOCK));
    }
  if (!bl_files_request_parse (block, size, &request, &error))
    {
      g_assert_nonnull (error);
      return 0;
    }
  check_path (request.path);
  check_path (request.target);
  check_name (request.name);
  check_name (request.new_name);
  check_name (request.ask);
  for (guint i = 0; request.names != NULL && request.names[i] != NULL; i++)
    check_name (request.names[i]);
  if (request.op == BL_FILES_UPLOADHASH)
    {
      g_autofree char *answer = bl_files_answer_uploadhash (&request, NULL);
      g_assert_true (g_utf8_validate (answer, -1, NULL));
    }
  return 0;
}
