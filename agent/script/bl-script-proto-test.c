// SPDX-License-Identifier: Apache-2.0
// Tests of the frames between agent and script host.

#include "bl-script-proto.h"

#include <string.h>

static void
test_frames_split_anywhere (void)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  BlScriptParser parser;
  BlScriptFrame frame;
  g_autoptr (GError) error = NULL;
  guint seen = 0;

  bl_script_frame_append (wire, BL_SCRIPT_FRAME_PING, 0, 7, NULL, 0);
  bl_script_frame_append (wire, BL_SCRIPT_FRAME_SEND, 1, 0, "{}", 2);
  bl_script_frame_append (wire, BL_SCRIPT_FRAME_STREAM_DATA, 0, 0xfffffffe, "abc", 3);
  bl_script_parser_init (&parser);
  for (guint i = 0; i < wire->len; i++)
    {
      bl_script_parser_feed (&parser, wire->data + i, 1);
      while (bl_script_parser_next (&parser, &frame, &error))
        {
          if (seen == 0)
            g_assert_true (frame.type == BL_SCRIPT_FRAME_PING && frame.id == 7 && frame.size == 0);
          if (seen == 1)
            g_assert_true (frame.flags == 1 && frame.size == 2 && memcmp (frame.payload, "{}", 2) == 0);
          if (seen == 2)
            g_assert_true (frame.id == 0xfffffffe && frame.size == 3 && memcmp (frame.payload, "abc", 3) == 0);
          seen++;
        }
      g_assert_no_error (error);
    }
  g_assert_cmpuint (seen, ==, 3);
  bl_script_parser_clear (&parser);
}

static void
test_several_frames_in_one_read (void)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  BlScriptParser parser;
  BlScriptFrame frame;
  guint seen = 0;

  for (guint i = 0; i < 50; i++)
    bl_script_frame_append (wire, BL_SCRIPT_FRAME_PONG, 0, i, "x", i % 2);
  bl_script_parser_init (&parser);
  bl_script_parser_feed (&parser, wire->data, wire->len);
  while (bl_script_parser_next (&parser, &frame, NULL))
    g_assert_cmpuint (frame.id, ==, seen++);
  g_assert_cmpuint (seen, ==, 50);
  bl_script_parser_clear (&parser);
}

static void
test_bad_lengths (void)
{
  const guint8 wires[2][10] = { { 0, 0, 0, 5, 1, 0, 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0 } };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      BlScriptParser parser;
      BlScriptFrame frame;

      bl_script_parser_init (&parser);
      bl_script_parser_feed (&parser, wires[i], sizeof wires[i]);
      g_assert_false (bl_script_parser_next (&parser, &frame, &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, "expected"));
      bl_script_parser_clear (&parser);
    }
}

static void
test_bodies (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) body = NULL, data = NULL;
  const char *path;
  gint64 size = 0;
  gsize data_size;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "path", "s", "/tmp/\"x\"\n");
  g_variant_dict_insert (&dict, "size", "x", (gint64) 1 << 40);
  g_variant_dict_insert_value (&dict, "data", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "\0{\xff", 3, 1));
  bytes = bl_script_body_encode (g_variant_dict_end (&dict), &error);
  g_assert_no_error (error);
  body = bl_script_body_decode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (body, "path", "&s", &path));
  g_assert_cmpstr (path, ==, "/tmp/\"x\"\n");
  g_assert_true (g_variant_lookup (body, "size", "x", &size));
  g_assert_cmpint (size, ==, (gint64) 1 << 40);
  data = g_variant_lookup_value (body, "data", G_VARIANT_TYPE_BYTESTRING);
  g_assert_nonnull (data);
  g_assert_cmpmem (g_variant_get_fixed_array (data, &data_size, 1), data_size, "\0{\xff", 3);
}

static void
test_bad_bodies (void)
{
  const struct
  {
    const char *bytes;
    gsize size;
  } bad[] = { { "", 0 }, { "\0\0\0", 3 }, { "\0\0\0\5{}", 6 }, { "\0\0\0\2[]", 6 }, { "\0\0\0\0", 4 }, { "\0\0\0\1{", 5 } };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bl_script_body_decode (bad[i].bytes, bad[i].size, &error));
      g_assert_nonnull (error);
      g_assert_true (g_str_has_prefix (error->message, "script body"));
    }
}

static void
test_empty_body (void)
{
  g_autoptr (GBytes) bytes = bl_script_body_encode (NULL, NULL);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "\0\0\0\2{}", 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/script/proto/split-anywhere", test_frames_split_anywhere);
  g_test_add_func ("/script/proto/several", test_several_frames_in_one_read);
  g_test_add_func ("/script/proto/bad-lengths", test_bad_lengths);
  g_test_add_func ("/script/proto/bodies", test_bodies);
  g_test_add_func ("/script/proto/bad-bodies", test_bad_bodies);
  g_test_add_func ("/script/proto/empty-body", test_empty_body);
  return g_test_run ();
}
