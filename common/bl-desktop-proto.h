// SPDX-License-Identifier: Apache-2.0
/*
 * Desktop packets between a viewer and a device (relay-tunnel.md section 7). Every packet is a 16-bit type, a
 * 16-bit length that includes these four bytes, and a body; longer ones come in the jumbo form. Pure; any
 * thread.
 */
#pragma once

#include "common/bl-bytes.h"

G_BEGIN_DECLS

#define BL_DESKTOP_HEADER 4u
#define BL_DESKTOP_JUMBO_HEADER 8u
/* The longest packet that is not jumbo: what fits the length field with room to spare, as existing viewers
 * expect. */
#define BL_DESKTOP_PLAIN_MAX 65500u
#define BL_DESKTOP_ALL_DISPLAYS 65535u
#define BL_DESKTOP_MAX_DISPLAYS 32u
#define BL_DESKTOP_SCALE_ONE 1024u /* 100 % */
#define BL_DESKTOP_SCALE_MIN 64u
#define BL_DESKTOP_INTERVAL_MIN 20u /* ms */
#define BL_DESKTOP_INTERVAL_MAX 5000u

typedef enum
{
  BL_DESKTOP_IN_KEY = 1,
  BL_DESKTOP_IN_MOUSE = 2,
  BL_DESKTOP_IN_COMPRESSION = 5,
  BL_DESKTOP_IN_REFRESH = 6,
  BL_DESKTOP_IN_PAUSE = 8,
  BL_DESKTOP_IN_CTRL_ALT_DEL = 10,
  BL_DESKTOP_IN_GET_DISPLAYS = 11,
  BL_DESKTOP_IN_SET_DISPLAY = 12,
  BL_DESKTOP_IN_FRAME_TIMER = 13,
  BL_DESKTOP_IN_UNICODE = 85,
  BL_DESKTOP_IN_INPUT_LOCK = 87,
} BlDesktopInputType;

#define BL_DESKTOP_LOCK_OFF 0u
#define BL_DESKTOP_LOCK_ON 1u
#define BL_DESKTOP_LOCK_QUERY 2u

/* Image types of a compression packet. */
#define BL_DESKTOP_JPEG 1u
#define BL_DESKTOP_WEBP 4u

/*
 * One packet of the viewer. @type is a number of BlDesktopInputType or one that is not served, whose body was
 * skipped. Which members hold something depends on it; absent optional ones are 0.
 */
typedef struct
{
  guint type;
  gboolean up;       /* key, unicode */
  gboolean extended; /* key */
  guint8 key;        /* Windows virtual key */
  guint16 unit;      /* UTF-16 */
  guint8 buttons;    /* mouse: BL_DESKTOP_BUTTON_* */
  guint16 x, y;
  gint wheel; /* 120 a notch, up is positive */
  guint8 image;
  guint8 quality;   /* 1..100, 0 absent */
  guint16 scaling;  /* 1024 is 100 %, 0 absent */
  guint16 interval; /* ms, 0 absent */
  gboolean paused;
  guint16 display;
  guint8 lock;
} BlDesktopInput;

#define BL_DESKTOP_BUTTON_LEFT 0x02u
#define BL_DESKTOP_BUTTON_LEFT_UP 0x04u
#define BL_DESKTOP_BUTTON_RIGHT 0x08u
#define BL_DESKTOP_BUTTON_RIGHT_UP 0x10u
#define BL_DESKTOP_BUTTON_MIDDLE 0x20u
#define BL_DESKTOP_BUTTON_MIDDLE_UP 0x40u
#define BL_DESKTOP_BUTTON_DOUBLE 0x88u /* told beside the presses themselves; ignored */

/**
 * bl_desktop_input_next: reads one packet; a frame may hold several.
 *
 * Returns: FALSE without an error at the end; FALSE with %BL_ERROR_INVALID when a length leaves the frame or
 * a served packet is too short. Nothing after an error can be trusted.
 */
gboolean bl_desktop_input_next (BlReader *reader, BlDesktopInput *input, GError **error);

/** bl_desktop_input_is_control: TRUE for packets that act on the device, not only on the picture. */
gboolean bl_desktop_input_is_control (const BlDesktopInput *input);

typedef struct
{
  guint16 id;
  guint16 x, y, width, height;
} BlDesktopDisplay;

/* Writers: each appends one packet to @out. */
void bl_desktop_write_screen (GByteArray *out, guint16 width, guint16 height);
/** @selected: an id or BL_DESKTOP_ALL_DISPLAYS; the list gets the entry "all" when there are several. */
void bl_desktop_write_displays (GByteArray *out, const BlDesktopDisplay *displays, guint n, guint16 selected);
void bl_desktop_write_display_info (GByteArray *out, const BlDesktopDisplay *displays, guint n);
void bl_desktop_write_set_display (GByteArray *out, guint16 id);
/** @leds: 1 Num, 2 Scroll, 4 Caps */
void bl_desktop_write_key_state (GByteArray *out, guint8 leds);
void bl_desktop_write_input_lock (GByteArray *out, gboolean locked);
void bl_desktop_write_cursor (GByteArray *out, guint8 shape);
/** The viewer shows @text. */
void bl_desktop_write_error (GByteArray *out, const char *text);
/** The picture of the rectangle whose upper left corner is (@x, @y); jumbo when it must be. */
void bl_desktop_write_tile (GByteArray *out, guint16 x, guint16 y, const guint8 *image, gsize length);

/** bl_desktop_cursor_shape: number of the shape with a name of the X cursor themes or CSS; 0 (default) when
 * unknown */
guint8 bl_desktop_cursor_shape (const char *name);

G_END_DECLS
