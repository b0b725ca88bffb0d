// SPDX-License-Identifier: Apache-2.0
#include "common/bl-desktop-proto.h"

#include "common/bl-error.h"

#include <string.h>

/* Types of packets to the viewer. */
#define OUT_TILE 3
#define OUT_SCREEN 7
#define OUT_DISPLAYS 11
#define OUT_SET_DISPLAY 12
#define OUT_KEY_STATE 18
#define OUT_JUMBO 27
#define OUT_ERROR 65
#define OUT_DISPLAY_INFO 82
#define OUT_INPUT_LOCK 87
#define OUT_CURSOR 88

#define ERROR_TEXT_MAX 1024u

/* ---- from the viewer ---------------------------------------------------------------------------------- */

static gboolean
read_key (BlReader *body, BlDesktopInput *input)
{
  const guint8 action = bl_reader_u8 (body);

  input->key = bl_reader_u8 (body);
  input->up = action == 1 || action == 3;
  input->extended = action == 3 || action == 4;
  return bl_reader_ok (body) && (action <= 1 || input->extended);
}

static gboolean
read_mouse (BlReader *body, BlDesktopInput *input)
{
  bl_reader_skip (body, 1);
  input->buttons = bl_reader_u8 (body);
  input->x = bl_reader_u16be (body);
  input->y = bl_reader_u16be (body);
  if (!bl_reader_ok (body))
    return FALSE;
  if (bl_reader_remaining (body) >= 2)
    input->wheel = (gint16)bl_reader_u16be (body);
  /* Existing pages send a negative turn as one's complement: -121 for one notch. */
  if (input->wheel < 0 && (-input->wheel) % 120 == 1)
    input->wheel++;
  return TRUE;
}

static guint16
read_clamped (BlReader *body, guint16 least, guint16 most)
{
  const guint16 value = bl_reader_u16be (body);

  return CLAMP (value, least, most);
}

/* Shorter packets set fewer fields. */
static gboolean
read_compression (BlReader *body, BlDesktopInput *input)
{
  input->image = bl_reader_u8 (body);
  input->quality = bl_reader_u8 (body);
  if (!bl_reader_ok (body))
    return FALSE;
  input->quality = CLAMP (input->quality, 1, 100);
  if (bl_reader_remaining (body) >= 2)
    input->scaling = read_clamped (body, BL_DESKTOP_SCALE_MIN, BL_DESKTOP_SCALE_ONE);
  if (bl_reader_remaining (body) >= 2)
    input->interval = read_clamped (body, BL_DESKTOP_INTERVAL_MIN, BL_DESKTOP_INTERVAL_MAX);
  return TRUE;
}

static gboolean
read_body (BlReader *body, BlDesktopInput *input)
{
  switch (input->type)
    {
    case BL_DESKTOP_IN_KEY:
      return read_key (body, input);
    case BL_DESKTOP_IN_MOUSE:
      return read_mouse (body, input);
    case BL_DESKTOP_IN_COMPRESSION:
      return read_compression (body, input);
    case BL_DESKTOP_IN_PAUSE:
      input->paused = bl_reader_u8 (body) != 0;
      break;
    case BL_DESKTOP_IN_SET_DISPLAY:
      input->display = bl_reader_u16be (body);
      break;
    case BL_DESKTOP_IN_FRAME_TIMER:
      input->interval = read_clamped (body, BL_DESKTOP_INTERVAL_MIN, BL_DESKTOP_INTERVAL_MAX);
      break;
    case BL_DESKTOP_IN_UNICODE:
      input->up = bl_reader_u8 (body) != 0;
      input->unit = bl_reader_u16be (body);
      break;
    case BL_DESKTOP_IN_INPUT_LOCK:
      input->lock = bl_reader_u8 (body);
      return bl_reader_ok (body) && input->lock <= BL_DESKTOP_LOCK_QUERY;
    default:
      break;
    }
  return bl_reader_ok (body);
}

gboolean
bl_desktop_input_next (BlReader *reader, BlDesktopInput *input, GError **error)
{
  guint16 length;
  const guint8 *bytes;
  BlReader body;

  *input = (BlDesktopInput){ 0 };
  if (bl_reader_remaining (reader) == 0)
    return FALSE;
  input->type = bl_reader_u16be (reader);
  length = bl_reader_u16be (reader);
  bytes = length >= BL_DESKTOP_HEADER ? bl_reader_bytes (reader, length - BL_DESKTOP_HEADER) : NULL;
  if (bytes == NULL || !bl_reader_ok (reader))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "desktop packet %u: its length %u does not fit the frame", input->type, length);
      return FALSE;
    }
  bl_reader_init (&body, bytes, length - BL_DESKTOP_HEADER);
  if (!read_body (&body, input))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "desktop packet %u: its body of %u bytes is not usable",
                   input->type, length - BL_DESKTOP_HEADER);
      return FALSE;
    }
  return TRUE;
}

gboolean
bl_desktop_input_is_control (const BlDesktopInput *input)
{
  switch (input->type)
    {
    case BL_DESKTOP_IN_KEY:
    case BL_DESKTOP_IN_MOUSE:
    case BL_DESKTOP_IN_CTRL_ALT_DEL:
    case BL_DESKTOP_IN_UNICODE:
      return TRUE;
    case BL_DESKTOP_IN_INPUT_LOCK:
      return input->lock != BL_DESKTOP_LOCK_QUERY;
    default:
      return FALSE;
    }
}

/* ---- to the viewer ------------------------------------------------------------------------------------ */

static void
put_u16 (GByteArray *out, guint value)
{
  const guint8 bytes[] = { (guint8)(value >> 8), (guint8)value };

  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
put_u32 (GByteArray *out, guint32 value)
{
  put_u16 (out, value >> 16);
  put_u16 (out, value & 0xFFFF);
}

static void
put_header (GByteArray *out, guint type, gsize body)
{
  put_u16 (out, type);
  put_u16 (out, (guint)(BL_DESKTOP_HEADER + body));
}

static void
put_byte_packet (GByteArray *out, guint type, guint8 value)
{
  put_header (out, type, 1);
  g_byte_array_append (out, &value, 1);
}

void
bl_desktop_write_screen (GByteArray *out, guint16 width, guint16 height)
{
  put_header (out, OUT_SCREEN, 4);
  put_u16 (out, width);
  put_u16 (out, height);
}

void
bl_desktop_write_displays (GByteArray *out, const BlDesktopDisplay *displays, guint n, guint16 selected)
{
  const guint shown = n > 1 ? n + 1 : 0; /* none stands for a single one */

  g_return_if_fail (n <= BL_DESKTOP_MAX_DISPLAYS);
  put_header (out, OUT_DISPLAYS, 4 + 2 * shown);
  put_u16 (out, shown);
  for (guint i = 0; i < n && shown > 0; i++)
    put_u16 (out, displays[i].id);
  if (shown > 0)
    put_u16 (out, BL_DESKTOP_ALL_DISPLAYS);
  put_u16 (out, shown > 0 ? selected : 0);
}

void
bl_desktop_write_display_info (GByteArray *out, const BlDesktopDisplay *displays, guint n)
{
  g_return_if_fail (n <= BL_DESKTOP_MAX_DISPLAYS);
  put_header (out, OUT_DISPLAY_INFO, 10 * (gsize)n);
  for (guint i = 0; i < n; i++)
    {
      put_u16 (out, displays[i].id);
      put_u16 (out, displays[i].x);
      put_u16 (out, displays[i].y);
      put_u16 (out, displays[i].width);
      put_u16 (out, displays[i].height);
    }
}

void
bl_desktop_write_set_display (GByteArray *out, guint16 id)
{
  put_header (out, OUT_SET_DISPLAY, 2);
  put_u16 (out, id);
}

void
bl_desktop_write_key_state (GByteArray *out, guint8 leds)
{
  put_byte_packet (out, OUT_KEY_STATE, leds);
}

void
bl_desktop_write_input_lock (GByteArray *out, gboolean locked)
{
  put_byte_packet (out, OUT_INPUT_LOCK, locked ? 1 : 0);
}

void
bl_desktop_write_cursor (GByteArray *out, guint8 shape)
{
  put_byte_packet (out, OUT_CURSOR, shape);
}

void
bl_desktop_write_error (GByteArray *out, const char *text)
{
  const gsize length = MIN (strlen (text), ERROR_TEXT_MAX);

  put_header (out, OUT_ERROR, length);
  g_byte_array_append (out, (const guint8 *)text, (guint)length);
}

void
bl_desktop_write_tile (GByteArray *out, guint16 x, guint16 y, const guint8 *image, gsize length)
{
  const gsize packet = BL_DESKTOP_HEADER + 4 + length;

  g_return_if_fail (length < G_MAXUINT32 / 2);
  if (packet > BL_DESKTOP_PLAIN_MAX)
    {
      put_header (out, OUT_JUMBO, 4);
      put_u32 (out, (guint32)packet);
      put_u16 (out, OUT_TILE);
      put_u16 (out, 0);
    }
  else
    put_header (out, OUT_TILE, 4 + length);
  put_u16 (out, x);
  put_u16 (out, y);
  g_byte_array_append (out, image, (guint)length);
}

/* ---- cursors ------------------------------------------------------------------------------------------ */

guint8
bl_desktop_cursor_shape (const char *name)
{
  /* The names of the freedesktop.org cursor specification, and the older X ones that themes still use. */
  static const struct
  {
    const char *name;
    guint8 shape;
  } shapes[] = {
    { "all-scroll", 7 },
    { "bottom_left_corner", 8 },
    { "bottom_right_corner", 10 },
    { "bottom_side", 9 },
    { "col-resize", 16 },
    { "copy", 18 },
    { "crosshair", 2 },
    { "dnd-copy", 18 },
    { "dnd-move", 7 },
    { "e-resize", 11 },
    { "ew-resize", 11 },
    { "fleur", 7 },
    { "grab", 3 },
    { "grabbing", 7 },
    { "hand1", 3 },
    { "hand2", 3 },
    { "help", 4 },
    { "left_ptr_watch", 1 },
    { "left_side", 11 },
    { "link", 12 },
    { "move", 7 },
    { "n-resize", 9 },
    { "ne-resize", 8 },
    { "nesw-resize", 8 },
    { "no-drop", 6 },
    { "none", 14 },
    { "not-allowed", 15 },
    { "ns-resize", 9 },
    { "nw-resize", 10 },
    { "nwse-resize", 10 },
    { "pointer", 3 },
    { "progress", 1 },
    { "question_arrow", 4 },
    { "right_side", 11 },
    { "row-resize", 17 },
    { "s-resize", 9 },
    { "sb_h_double_arrow", 16 },
    { "sb_v_double_arrow", 17 },
    { "se-resize", 10 },
    { "sw-resize", 8 },
    { "text", 5 },
    { "top_left_corner", 10 },
    { "top_right_corner", 8 },
    { "top_side", 9 },
    { "up-arrow", 12 },
    { "vertical-text", 5 },
    { "w-resize", 11 },
    { "wait", 13 },
    { "watch", 13 },
    { "xterm", 5 },
    { "zoom-in", 19 },
    { "zoom-out", 20 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      if (g_str_equal (shapes[i].name, name))
        return shapes[i].shape;
    }
  return 0;
}
