// SPDX-License-Identifier: Apache-2.0
/* Checks that the reader never goes past its end, and that what the writer wrote reads back. */
#include "common/bl-bytes.h"

#include <string.h>

#include "common/bl-error.h"

static void
test_round_trip (void)
{
  g_auto (BlWriter) writer = { 0 };
  BlReader reader;
  g_autoptr (GError) error = NULL;
  bl_writer_init (&writer, 0);
  bl_writer_u8 (&writer, 1);
  bl_writer_u16be (&writer, 0x0203);
  bl_writer_u32be (&writer, 0x04050607);
  bl_writer_u64be (&writer, 0x08090A0B0C0D0E0F);
  bl_writer_u16le (&writer, 0x0203);
  bl_writer_u32le (&writer, 0x04050607);
  bl_writer_zeros (&writer, 130);
  bl_writer_bytes (&writer, "ab", 2);
  g_autoptr (GBytes) bytes = bl_writer_end (&writer);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_assert_cmpuint (size, ==, 1 + 2 + 4 + 8 + 2 + 4 + 130 + 2);
  g_assert_cmphex (data[1], ==, 2);
  g_assert_cmphex (data[15], ==, 3);

  bl_reader_init (&reader, data, size);
  g_assert_cmphex (bl_reader_u8 (&reader), ==, 1);
  g_assert_cmphex (bl_reader_u16be (&reader), ==, 0x0203);
  g_assert_cmphex (bl_reader_u32be (&reader), ==, 0x04050607);
  g_assert_cmphex (bl_reader_u64be (&reader), ==, 0x08090A0B0C0D0E0F);
  g_assert_cmphex (bl_reader_u16le (&reader), ==, 0x0203);
  g_assert_cmphex (bl_reader_u32le (&reader), ==, 0x04050607);
  bl_reader_skip (&reader, 130);
  g_assert_cmpmem (bl_reader_rest (&reader, &size), 2, "ab", 2);
  g_assert_cmpuint (size, ==, 2);
  g_assert_true (bl_reader_finish (&reader, "x", &error));
  g_assert_no_error (error);
}

static void
test_sticky (void)
{
  BlReader reader;
  g_autoptr (GError) error = NULL;
  bl_reader_init (&reader, "abc", 3);
  g_assert_cmphex (bl_reader_u16be (&reader), ==, 0x6162);
  g_assert_cmphex (bl_reader_u32be (&reader), ==, 0);
  g_assert_false (bl_reader_ok (&reader));
  /* One byte is left, but a failed reader gives nothing more. */
  g_assert_cmphex (bl_reader_u8 (&reader), ==, 0);
  g_assert_cmpuint (bl_reader_remaining (&reader), ==, 0);
  g_assert_null (bl_reader_bytes (&reader, 0));
  g_assert_false (bl_reader_finish (&reader, "thing", &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "offset 2"));
}

static void
test_edges (void)
{
  BlReader reader;
  gsize len;
  g_autoptr (GError) error = NULL;
  bl_reader_init (&reader, NULL, 0);
  g_assert_nonnull (bl_reader_bytes (&reader, 0));
  g_assert_nonnull (bl_reader_rest (&reader, &len));
  g_assert_null (bl_reader_bytes (&reader, G_MAXSIZE));
  bl_reader_init (&reader, "ab", 2);
  bl_reader_skip (&reader, 1);
  g_assert_null (bl_reader_bytes (&reader, G_MAXSIZE));
  bl_reader_init (&reader, "ab", 2);
  bl_reader_skip (&reader, 1);
  g_assert_false (bl_reader_finish (&reader, "thing", &error));
  g_assert_cmpstr (error->message, ==, "thing: too long: expected 1 bytes, found 2");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bytes/round-trip", test_round_trip);
  g_test_add_func ("/bytes/sticky", test_sticky);
  g_test_add_func ("/bytes/edges", test_edges);
  return g_test_run ();
}
