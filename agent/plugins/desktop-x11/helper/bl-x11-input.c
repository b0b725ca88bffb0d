// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-input.h"

#include "bl-x11-keys.h"
#include "bl-x11-spare.h"

#include <string.h>
#include <xcb/xtest.h>
#include <xkbcommon/xkbcommon.h>

#define NOTCH 120
#define NOTCHES_MAX 20 /* turns of one packet */

/* Columns of the core keyboard map that XKB fills for one group: plain, shift, ..., third level, third level
 * and shift. */
#define LEVEL3_COLUMN 4

struct _BlX11Input
{
  xcb_connection_t *connection;
  xcb_window_t root;
  xcb_keycode_t first, last;
  xcb_get_keyboard_mapping_reply_t *map;
  BlX11Spare spare;
  gint64 due;       /* what could not be typed is tried again then, us */
  guint8 down[256]; /* key codes that the viewer holds */
  guint32 buttons;  /* bit n: button n is held */
  int wheel;        /* parts of a notch */
  guint16 high;     /* first half of a surrogate pair */
};

/* ---- the keyboard map --------------------------------------------------------------------------------- */

static const xcb_keysym_t *
symbols_of (const BlX11Input *input, guint code)
{
  return xcb_get_keyboard_mapping_keysyms (input->map)
         + (code - input->first) * input->map->keysyms_per_keycode;
}

/*
 * Whether the key has one symbol in all columns: nothing (0), or what a program of ours gave it. Keyboards
 * have no such keys.
 */
static gboolean
has_one_symbol (const BlX11Input *input, guint code, gboolean any)
{
  const xcb_keysym_t *symbols = symbols_of (input, code);

  if (!any && symbols[0] != XCB_NO_SYMBOL)
    return FALSE;
  for (guint i = 1; i < input->map->keysyms_per_keycode; i++)
    {
      if (symbols[i] != symbols[0])
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_map (BlX11Input *input)
{
  xcb_get_keyboard_mapping_reply_t *map = xcb_get_keyboard_mapping_reply (
      input->connection,
      xcb_get_keyboard_mapping (input->connection, input->first, (guint8)(input->last - input->first + 1)),
      NULL);

  if (map == NULL || map->keysyms_per_keycode == 0)
    {
      free (map);
      return FALSE;
    }
  free (input->map);
  input->map = map;
  return TRUE;
}

/* Keys without a symbol; then those that another program of ours uses, or has left behind when it was killed.
 */
static void
find_spare_keys (BlX11Input *input)
{
  for (guint code = input->last; code >= input->first; code--)
    {
      if (has_one_symbol (input, code, FALSE))
        bl_x11_spare_add (&input->spare, (guint8)code, 0);
    }
  for (guint code = input->last; code >= input->first && input->map->keysyms_per_keycode > 2; code--)
    {
      if (!has_one_symbol (input, code, FALSE) && has_one_symbol (input, code, TRUE))
        bl_x11_spare_add (&input->spare, (guint8)code, g_get_monotonic_time ());
    }
}

/* Returns: the key that has SYMBOL in COLUMN, 0 for none. */
static xcb_keycode_t
find_key (BlX11Input *input, guint32 symbol, guint column)
{
  if (column >= input->map->keysyms_per_keycode)
    return 0;
  for (guint code = input->first; code <= input->last; code++)
    {
      if (symbols_of (input, code)[column] == symbol
          && bl_x11_spare_find (&input->spare, (guint8)code) == NULL)
        return (xcb_keycode_t)code;
    }
  return 0;
}

static void
set_spare (BlX11Input *input, const BlX11SpareKey *spare)
{
  xcb_keysym_t symbols[8];
  const guint n = MIN (input->map->keysyms_per_keycode, G_N_ELEMENTS (symbols));

  for (guint i = 0; i < n; i++)
    symbols[i] = spare->symbol;
  xcb_change_keyboard_mapping (input->connection, 1, spare->code, (guint8)n, symbols);
}

/* Returns: 0 when the symbol must wait for a key, or there is none */
static xcb_keycode_t
spare_key (BlX11Input *input, guint32 symbol)
{
  const gint64 now = g_get_monotonic_time ();
  gboolean fresh;
  gint64 wait;
  const BlX11SpareKey *key = bl_x11_spare_take (&input->spare, symbol, now, &fresh, &wait);

  if (key == NULL)
    {
      input->due = wait > 0 ? now + wait : 0;
      return 0;
    }
  if (fresh)
    set_spare (input, key);
  return key->code;
}

/* A key that lost its symbol gets it anew when it is needed, and a rest before: it may be another viewer's
 * now. */
static void
check_symbol (BlX11SpareKey *key, xcb_keysym_t symbol)
{
  if (key->symbol == symbol)
    return;
  key->symbol = 0;
  key->used = g_get_monotonic_time ();
}

static void
check_spare (BlX11Input *input, BlX11SpareKey *key)
{
  xcb_get_keyboard_mapping_reply_t *reply = xcb_get_keyboard_mapping_reply (
      input->connection, xcb_get_keyboard_mapping (input->connection, key->code, 1), NULL);

  if (reply != NULL && reply->keysyms_per_keycode > 0)
    check_symbol (key, xcb_get_keyboard_mapping_keysyms (reply)[0]);
  free (reply);
}

gboolean
bl_x11_input_handle (BlX11Input *input, const xcb_generic_event_t *event)
{
  if ((event->response_type & 0x7F) != XCB_MAPPING_NOTIFY)
    return FALSE;
  const xcb_mapping_notify_event_t *mapping = (const xcb_mapping_notify_event_t *)event;
  BlX11SpareKey *spare = bl_x11_spare_find (&input->spare, mapping->first_keycode);
  if (mapping->request == XCB_MAPPING_KEYBOARD && mapping->count == 1 && spare != NULL)
    check_spare (input, spare);
  else if (mapping->request == XCB_MAPPING_KEYBOARD
           && read_map (input)) /* the old one serves when there is none */
    {
      for (guint i = 0; i < input->spare.n; i++)
        check_symbol (&input->spare.keys[i], symbols_of (input, input->spare.keys[i].code)[0]);
    }
  return TRUE;
}

gint64
bl_x11_input_wait (const BlX11Input *input, gint64 now)
{
  return input->due == 0 ? 0 : MAX (input->due - now, 0);
}

/* ---- keys --------------------------------------------------------------------------------------------- */

static void
fake_key (BlX11Input *input, xcb_keycode_t code, gboolean down)
{
  xcb_test_fake_input (input->connection, down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, code, XCB_CURRENT_TIME,
                       input->root, 0, 0, 0);
}

static void
hold_key (BlX11Input *input, xcb_keycode_t code, gboolean down)
{
  if (code == 0)
    return;
  BlX11SpareKey *spare = bl_x11_spare_find (&input->spare, code);
  if (spare != NULL)
    spare->held = down;
  input->down[code] = down;
  fake_key (input, code, down);
}

gboolean
bl_x11_input_key (BlX11Input *input, const BlDesktopInput *packet, gboolean limited)
{
  const guint32 symbol = bl_x11_key_symbol (packet->key, packet->extended);
  xcb_keycode_t code = 0;

  input->due = 0;
  if (symbol == 0 || (limited && !bl_x11_key_is_text (packet->key)))
    return TRUE;
  for (guint column = 0; column < input->map->keysyms_per_keycode && code == 0; column++)
    code = find_key (input, symbol, column);
  if (code == 0 && symbol == XKB_KEY_ISO_Level3_Shift)
    code = find_key (input, XKB_KEY_Alt_R, 0);
  if (code == 0 && !packet->up)
    code = spare_key (input, symbol);
  else if (code == 0)
    {
      const BlX11SpareKey *spare = bl_x11_spare_with (&input->spare, symbol);
      code = spare != NULL ? spare->code : 0;
    }
  hold_key (input, code, !packet->up);
  xcb_flush (input->connection);
  return input->due == 0;
}

/* The keys that make LEVEL, held or let go for the time of one character; what the viewer holds is put back
 * after it. */
static void
set_level (BlX11Input *input, gboolean shift, gboolean level3, gboolean before)
{
  const struct
  {
    guint32 symbol;
    gboolean wanted;
  } modifiers[] = {
    { XKB_KEY_Shift_L, shift },
    { XKB_KEY_Shift_R, FALSE },
    { XKB_KEY_ISO_Level3_Shift, level3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (modifiers); i++)
    {
      const xcb_keycode_t code = find_key (input, modifiers[i].symbol, 0);

      if (code != 0 && input->down[code] != modifiers[i].wanted)
        fake_key (input, code, before ? modifiers[i].wanted : input->down[code]);
    }
}

static guint32
modifier_state (BlX11Input *input)
{
  xcb_query_pointer_reply_t *reply
      = xcb_query_pointer_reply (input->connection, xcb_query_pointer (input->connection, input->root), NULL);
  const guint32 mask = reply != NULL ? reply->mask : 0;

  free (reply);
  return mask;
}

static void
type_character (BlX11Input *input, guint32 character)
{
  static const guint8 columns[][3] = {
    { 0, FALSE, FALSE }, { 1, TRUE, FALSE }, { LEVEL3_COLUMN, FALSE, TRUE }, { LEVEL3_COLUMN + 1, TRUE, TRUE }
  };
  const guint32 symbol
      = character == '\n' || character == '\r' ? XKB_KEY_Return : xkb_utf32_to_keysym (character);
  const guint32 state = modifier_state (input);
  const guint group = state >> 13 & 3;
  gboolean shift = FALSE, level3 = FALSE;
  xcb_keycode_t code = 0;

  if (symbol == XKB_KEY_NoSymbol)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (columns) && code == 0 && group <= 1; i++)
    {
      /* The second group has its plain and shifted symbols in columns 2 and 3. */
      code = find_key (input, symbol, group == 1 && i < 2 ? columns[i][0] + 2 : columns[i][0]);
      shift = columns[i][1];
      level3 = columns[i][2];
    }
  if (code == 0)
    {
      shift = level3 = FALSE;
      code = spare_key (input, symbol);
    }
  else if ((state & XCB_MOD_MASK_LOCK) != 0 && !level3
           && xkb_keysym_to_upper (symbol) != xkb_keysym_to_lower (symbol))
    shift = !shift; /* Caps Lock turns letters round */
  if (code == 0)
    return;
  set_level (input, shift, level3, TRUE);
  fake_key (input, code, TRUE);
  fake_key (input, code, FALSE);
  set_level (input, shift, level3, FALSE);
  xcb_flush (input->connection);
}

gboolean
bl_x11_input_unicode (BlX11Input *input, const BlDesktopInput *packet)
{
  const guint16 unit = packet->unit;

  input->due = 0;
  if (packet->up)
    return TRUE;
  if (unit >= 0xD800 && unit < 0xDC00)
    {
      input->high = unit;
      return TRUE;
    }
  if (unit >= 0xDC00 && unit < 0xE000)
    {
      if (input->high != 0)
        type_character (input, 0x10000u + ((input->high - 0xD800u) << 10) + (unit - 0xDC00u));
    }
  else if (unit != 0)
    type_character (input, unit);
  if (input->due == 0)
    input->high = 0;
  return input->due == 0;
}

void
bl_x11_input_ctrl_alt_del (BlX11Input *input)
{
  const guint32 symbols[] = { XKB_KEY_Control_L, XKB_KEY_Alt_L, XKB_KEY_Delete };

  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    {
      const xcb_keycode_t code = find_key (input, symbols[i], 0);
      if (code != 0)
        fake_key (input, code, TRUE);
    }
  for (guint i = G_N_ELEMENTS (symbols); i > 0; i--)
    {
      const xcb_keycode_t code = find_key (input, symbols[i - 1], 0);
      if (code != 0)
        fake_key (input, code, FALSE);
    }
  xcb_flush (input->connection);
}

guint8
bl_x11_input_get_leds (BlX11Input *input)
{
  xcb_get_keyboard_control_reply_t *reply = xcb_get_keyboard_control_reply (
      input->connection, xcb_get_keyboard_control (input->connection), NULL);
  const guint32 mask = reply != NULL ? reply->led_mask : 0;

  free (reply);
  /* The server counts Caps, Num, Scroll. */
  return (guint8)((mask & 2 ? 1 : 0) | (mask & 4 ? 2 : 0) | (mask & 1 ? 4 : 0));
}

/* ---- mouse -------------------------------------------------------------------------------------------- */

static void
fake_button (BlX11Input *input, guint8 button, gboolean down)
{
  if (down)
    input->buttons |= 1u << button;
  else
    input->buttons &= ~(1u << button);
  xcb_test_fake_input (input->connection, down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, button,
                       XCB_CURRENT_TIME, input->root, 0, 0, 0);
}

static void
turn_wheel (BlX11Input *input, int delta)
{
  int notches;

  input->wheel += delta;
  notches = CLAMP (input->wheel / NOTCH, -NOTCHES_MAX, NOTCHES_MAX);
  input->wheel %= NOTCH;
  for (int i = 0; i < ABS (notches); i++)
    {
      const guint8 button = notches > 0 ? 4 : 5;

      fake_button (input, button, TRUE);
      fake_button (input, button, FALSE);
    }
}

void
bl_x11_input_mouse (BlX11Input *input, const BlDesktopInput *packet, int x, int y)
{
  static const struct
  {
    guint8 bit;
    guint8 button;
    gboolean down;
  } buttons[] = {
    { BL_DESKTOP_BUTTON_LEFT, 1, TRUE },   { BL_DESKTOP_BUTTON_LEFT_UP, 1, FALSE },
    { BL_DESKTOP_BUTTON_MIDDLE, 2, TRUE }, { BL_DESKTOP_BUTTON_MIDDLE_UP, 2, FALSE },
    { BL_DESKTOP_BUTTON_RIGHT, 3, TRUE },  { BL_DESKTOP_BUTTON_RIGHT_UP, 3, FALSE },
  };

  xcb_test_fake_input (input->connection, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, input->root, (gint16)x,
                       (gint16)y, 0);
  for (guint i = 0; i < G_N_ELEMENTS (buttons) && packet->buttons != BL_DESKTOP_BUTTON_DOUBLE; i++)
    {
      if ((packet->buttons & buttons[i].bit) != 0)
        fake_button (input, buttons[i].button, buttons[i].down);
    }
  if (packet->wheel != 0)
    turn_wheel (input, packet->wheel);
  xcb_flush (input->connection);
}

/* ---- life --------------------------------------------------------------------------------------------- */

BlX11Input *
bl_x11_input_new (xcb_connection_t *connection, xcb_window_t root)
{
  const xcb_query_extension_reply_t *test = xcb_get_extension_data (connection, &xcb_test_id);
  BlX11Input *input;

  if (test == NULL || !test->present)
    return NULL;
  input = g_new0 (BlX11Input, 1);
  input->connection = connection;
  input->root = root;
  input->first = xcb_get_setup (connection)->min_keycode;
  input->last = xcb_get_setup (connection)->max_keycode;
  if (!read_map (input))
    {
      g_free (input);
      return NULL;
    }
  find_spare_keys (input);
  return input;
}

void
bl_x11_input_free (BlX11Input *input)
{
  if (input == NULL)
    return;
  for (guint code = 0; code < G_N_ELEMENTS (input->down); code++)
    {
      if (input->down[code])
        fake_key (input, (xcb_keycode_t)code, FALSE);
    }
  for (guint8 button = 1; button <= 5; button++)
    {
      if ((input->buttons & 1u << button) != 0)
        fake_button (input, button, FALSE);
    }
  for (guint i = 0; i < input->spare.n; i++)
    {
      if (input->spare.keys[i].symbol != 0)
        {
          input->spare.keys[i].symbol = XCB_NO_SYMBOL;
          set_spare (input, &input->spare.keys[i]);
        }
    }
  xcb_flush (input->connection);
  free (input->map);
  g_free (input);
}
