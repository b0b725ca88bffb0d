// SPDX-License-Identifier: Apache-2.0
#include "common/bl-desktop-proto.h"

#include "common/bl-error.h"

#include <string.h>

#define PACKET(...) (const guint8[]){ __VA_ARGS__ }, sizeof ((const guint8[]){ __VA_ARGS__ })

static BlDesktopInput
parse (const guint8 *data, gsize length)
{
  BlReader reader;
  BlDesktopInput input;
  g_autoptr (GError) error = NULL;

  bl_reader_init (&reader, data, length);
  g_assert_true (bl_desktop_input_next (&reader, &input, &error));
  g_assert_cmpuint (bl_reader_remaining (&reader), ==, 0);
  return input;
}

static void
refuse (const guint8 *data, gsize length)
{
  BlReader reader;
  BlDesktopInput input;
  g_autoptr (GError) error = NULL;

  bl_reader_init (&reader, data, length);
  g_assert_false (bl_desktop_input_next (&reader, &input, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
}

static void
test_input (void)
{
  BlDesktopInput input = parse (PACKET (0, 1, 0, 6, 0, 0x41));
  g_assert_cmpuint (input.key, ==, 0x41);
  g_assert_false (input.up || input.extended);
  input = parse (PACKET (0, 1, 0, 6, 3, 0x25));
  g_assert_true (input.up && input.extended && bl_desktop_input_is_control (&input));

  input = parse (PACKET (0, 2, 0, 10, 0, 2, 1, 0, 0, 20));
  g_assert_cmpuint (input.buttons, ==, BL_DESKTOP_BUTTON_LEFT);
  g_assert_cmpuint (input.x, ==, 256);
  g_assert_cmpuint (input.y, ==, 20);
  input = parse (PACKET (0, 2, 0, 12, 0, 0, 0, 1, 0, 1, 0, 120));
  g_assert_cmpint (input.wheel, ==, 120);
  input = parse (PACKET (0, 2, 0, 12, 0, 0, 0, 1, 0, 1, 0xFF, 0x87)); // ~120
  g_assert_cmpint (input.wheel, ==, -120);
  input = parse (PACKET (0, 2, 0, 12, 0, 0, 0, 1, 0, 1, 0xFF, 0x88)); // -120
  g_assert_cmpint (input.wheel, ==, -120);

  input = parse (PACKET (0, 5, 0, 10, 4, 200, 0xFF, 0xFF, 0, 1));
  g_assert_cmpuint (input.image, ==, BL_DESKTOP_WEBP);
  g_assert_cmpuint (input.quality, ==, 100);
  g_assert_cmpuint (input.scaling, ==, BL_DESKTOP_SCALE_ONE);
  g_assert_cmpuint (input.interval, ==, BL_DESKTOP_INTERVAL_MIN);
  input = parse (PACKET (0, 5, 0, 10, 1, 60, 2, 0, 0, 30));
  g_assert_cmpuint (input.scaling, ==, 512);
  g_assert_cmpuint (input.interval, ==, 30);
  input = parse (PACKET (0, 13, 0, 6, 1, 44));
  g_assert_cmpuint (input.interval, ==, 300);
  input = parse (PACKET (0, 5, 0, 6, 1, 60));
  g_assert_cmpuint (input.quality, ==, 60);
  g_assert_cmpuint (input.scaling, ==, 0);

  input = parse (PACKET (0, 85, 0, 7, 0, 0x20, 0xAC));
  g_assert_cmpuint (input.unit, ==, 0x20AC);
  input = parse (PACKET (0, 87, 0, 5, 2));
  g_assert_false (bl_desktop_input_is_control (&input));
  input = parse (PACKET (0, 12, 0, 6, 0xFF, 0xFF));
  g_assert_cmpuint (input.display, ==, BL_DESKTOP_ALL_DISPLAYS);
  input = parse (PACKET (0, 15, 0, 6, 1, 2)); // touch: skipped
  g_assert_cmpuint (input.type, ==, 15);
}

static void
test_several (void)
{
  static const guint8 frame[] = { 0, 8, 0, 5, 1, 0, 6, 0, 4 };
  BlReader reader;
  BlDesktopInput input;
  g_autoptr (GError) error = NULL;

  bl_reader_init (&reader, frame, sizeof frame);
  g_assert_true (bl_desktop_input_next (&reader, &input, &error));
  g_assert_true (input.type == BL_DESKTOP_IN_PAUSE && input.paused);
  g_assert_true (bl_desktop_input_next (&reader, &input, &error));
  g_assert_cmpuint (input.type, ==, BL_DESKTOP_IN_REFRESH);
  g_assert_false (bl_desktop_input_next (&reader, &input, &error));
  g_assert_no_error (error);
}

static void
test_bad (void)
{
  refuse (PACKET (0));
  refuse (PACKET (0, 1, 0));
  refuse (PACKET (0, 1, 0, 3));
  refuse (PACKET (0, 1, 0, 7, 0, 0x41));
  refuse (PACKET (0, 1, 0, 5, 0));
  refuse (PACKET (0, 1, 0, 6, 9, 0x41));
  refuse (PACKET (0, 2, 0, 9, 0, 2, 1, 0, 0));
  refuse (PACKET (0, 5, 0, 5, 1));
  refuse (PACKET (0, 87, 0, 5, 3));
}

static void
test_output (void)
{
  static const BlDesktopDisplay displays[] = { { 1, 0, 0, 800, 600 }, { 2, 800, 0, 640, 480 } };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree guint8 *image = g_malloc0 (70000);

  bl_desktop_write_screen (out, 800, 600);
  g_assert_cmpmem (out->data, out->len, "\0\7\0\10\3\40\2\130", 8);
  g_byte_array_set_size (out, 0);
  bl_desktop_write_displays (out, displays, 2, BL_DESKTOP_ALL_DISPLAYS);
  g_assert_cmpmem (out->data, out->len, "\0\13\0\16\0\3\0\1\0\2\377\377\377\377", 14);
  g_byte_array_set_size (out, 0);
  bl_desktop_write_displays (out, displays, 1, 1);
  g_assert_cmpmem (out->data, out->len, "\0\13\0\10\0\0\0\0", 8);
  g_byte_array_set_size (out, 0);
  bl_desktop_write_display_info (out, displays, 2);
  g_assert_cmpuint (out->len, ==, 24);
  g_byte_array_set_size (out, 0);
  bl_desktop_write_tile (out, 32, 64, image, 10);
  g_assert_cmpmem (out->data, 8, "\0\3\0\22\0\40\0\100", 8);
  g_byte_array_set_size (out, 0);
  bl_desktop_write_tile (out, 32, 64, image, 70000);
  g_assert_cmpuint (out->len, ==, 8 + 8 + 70000);
  g_assert_cmpmem (out->data, 12, "\0\33\0\10\0\1\21\170\0\3\0\0", 12);
}

static void
test_cursor (void)
{
  g_assert_cmpuint (bl_desktop_cursor_shape ("xterm"), ==, 5);
  g_assert_cmpuint (bl_desktop_cursor_shape ("left_ptr"), ==, 0);
  g_assert_cmpuint (bl_desktop_cursor_shape (""), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desktop-proto/input", test_input);
  g_test_add_func ("/desktop-proto/several", test_several);
  g_test_add_func ("/desktop-proto/bad", test_bad);
  g_test_add_func ("/desktop-proto/output", test_output);
  g_test_add_func ("/desktop-proto/cursor", test_cursor);
  return g_test_run ();
}
