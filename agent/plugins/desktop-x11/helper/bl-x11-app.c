// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-app.h"

#include "../bl-desktop-link.h"
#include "bl-x11-clipboard.h"
#include "bl-x11-encode.h"
#include "bl-x11-input.h"
#include "bl-x11-lock.h"
#include "bl-x11-pace.h"
#include "bl-x11-screen.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xcb/xfixes.h>

#define QUALITY_DEFAULT 60
#define INTERVAL_DEFAULT 33 /* ms */
/* After this much quiet, what was sent with less than the wanted quality is sent again. */
#define REFINE_US (400 * 1000)
#define READ_SIZE 65536
/* So much of a frame is handed on while the rest is made: what the agent reads at a time. */
#define FLUSH_SIZE 65536
#define LINK_INPUT_MAX (BL_DESKTOP_LINK_MAX + BL_DESKTOP_LINK_HEADER)

/* Packets that wait for a character before them. A viewer that sends more than that loses the rest. */
#define PENDING_MAX 65536u

typedef struct
{
  const BlX11Options *options;
  int fd;
  xcb_connection_t *connection;
  BlX11Screen *screen;
  BlX11Input *input; /* NULL for those who only look */
  GArray *pending;   /* BlDesktopInput that could not be made yet */
  BlX11Clipboard *clipboard;
  BlX11Encoder *encoder;
  BlX11Pace pace;
  guint8 fixes_event;
  GByteArray *out; /* for the agent; a frame is made only when it is empty */
  gsize out_done;
  gboolean frame_out; /* what is in `out` ends with a frame */
  GByteArray *in;
  guint8 quality;
  gboolean webp;
  gboolean paused;
  gboolean started; /* the viewer knows the size */
  gboolean locked;
  gboolean reduced; /* parts were sent with less than the wanted quality */
  guint8 leds;
  gint cursor;
  gboolean over;
  int status;
} App;

/* ---- to the agent ------------------------------------------------------------------------------------- */

static void
send_packet (App *app, GByteArray *packet)
{
  bl_desktop_link_put (app->out, BL_DESKTOP_LINK_PACKETS, NULL, 0, packet->data, packet->len);
  g_byte_array_set_size (packet, 0);
}

static void
flush_out (App *app)
{
  while (app->out_done < app->out->len)
    {
      const ssize_t n = write (app->fd, app->out->data + app->out_done, app->out->len - app->out_done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno != EAGAIN)
        app->over = TRUE;
      if (n <= 0)
        return;
      app->out_done += (gsize)n;
    }
  if (app->frame_out)
    bl_x11_pace_drained (&app->pace, g_get_monotonic_time ());
  app->frame_out = FALSE;
  app->out_done = 0;
  g_byte_array_set_size (app->out, 0);
}

static void
fail (App *app, const char *reason)
{
  bl_desktop_link_put (app->out, BL_DESKTOP_LINK_FAILED, NULL, 0, reason, strlen (reason));
  flush_out (app);
  app->over = TRUE;
  app->status = EXIT_FAILURE;
}

static void
send_leds (App *app, gboolean always)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  const guint8 leds = app->input != NULL ? bl_x11_input_get_leds (app->input) : 0;

  if (!always && leds == app->leds)
    return;
  app->leds = leds;
  bl_desktop_write_key_state (packet, leds);
  send_packet (app, packet);
}

static void
send_cursor (App *app, gboolean always)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  xcb_xfixes_get_cursor_image_and_name_reply_t *reply = xcb_xfixes_get_cursor_image_and_name_reply (
      app->connection, xcb_xfixes_get_cursor_image_and_name (app->connection), NULL);
  guint8 shape = 0;

  if (reply != NULL)
    {
      g_autofree char *name = g_strndup (xcb_xfixes_get_cursor_image_and_name_name (reply),
                                         (gsize)xcb_xfixes_get_cursor_image_and_name_name_length (reply));
      shape = bl_desktop_cursor_shape (name);
      free (reply);
    }
  if (!always && shape == app->cursor)
    return;
  app->cursor = shape;
  bl_desktop_write_cursor (packet, shape);
  send_packet (app, packet);
}

static void
send_displays (App *app)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  const BlDesktopDisplay *displays;
  const guint n = bl_x11_screen_get_displays (app->screen, &displays);

  if (n > 1)
    {
      bl_desktop_write_display_info (packet, displays, n);
      send_packet (app, packet);
    }
  bl_desktop_write_displays (packet, displays, n, bl_x11_screen_get_selected (app->screen));
  send_packet (app, packet);
}

/* What a viewer needs before the first picture, and after a change of size. */
static void
send_start (App *app)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  int width, height;

  bl_x11_screen_get_size (app->screen, &width, &height);
  bl_desktop_write_screen (packet, (guint16)width, (guint16)height);
  send_packet (app, packet);
  if (!app->started)
    {
      send_leds (app, TRUE);
      send_cursor (app, TRUE);
    }
  send_displays (app);
  app->started = TRUE;
}

/* ---- frames ------------------------------------------------------------------------------------------- */

static void
encode_changes (App *app, BlX11Tiles *tiles, guint8 quality)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  gsize stride;
  const guint8 *pixels = bl_x11_screen_get_pixels (app->screen, &stride);
  BlX11Rect rect;
  guint n = 0;

  while (bl_x11_tiles_take (tiles, quality, &rect))
    {
      gsize length;
      const guint8 *picture
          = bl_x11_encoder_run (app->encoder, pixels + (gsize)rect.y * stride + (gsize)rect.x * 4, rect.width,
                                rect.height, stride, quality, app->webp, &length);
      if (picture == NULL)
        continue;
      bl_desktop_write_tile (packet, (guint16)rect.x, (guint16)rect.y, picture, length);
      send_packet (app, packet);
      if (app->out->len - app->out_done >= FLUSH_SIZE)
        flush_out (app);
      n++;
    }
  if (n == 0)
    return;
  app->frame_out = TRUE;
  app->reduced = app->reduced || quality < app->quality;
  bl_x11_pace_sent (&app->pace, n, g_get_monotonic_time ());
}

static gint64
processor_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static void
make_frame (App *app)
{
  const gint64 cost = processor_time ();
  BlX11Tiles *tiles;

  bl_x11_pace_begin (&app->pace, g_get_monotonic_time ());
  if (bl_x11_screen_take_resized (app->screen))
    {
      send_start (app);
      bl_x11_screen_refresh (app->screen);
    }
  tiles = bl_x11_screen_update (app->screen);
  if (tiles != NULL)
    encode_changes (app, tiles, bl_x11_pace_quality (&app->pace, app->quality));
  bl_x11_pace_looked (&app->pace, processor_time () - cost, g_get_monotonic_time ()); /* looking costs too */
}

static void
refine (App *app)
{
  BlX11Tiles *tiles = bl_x11_screen_update (app->screen);

  app->reduced = FALSE;
  if (tiles != NULL && bl_x11_tiles_mark_below (tiles, app->quality) > 0)
    encode_changes (app, tiles, app->quality);
}

/* Makes a frame when one is due. Returns: microseconds to the next one, -1 when an event must come first. */
static gint64
work (App *app)
{
  const gint64 now = g_get_monotonic_time ();
  gint64 wait;

  if (app->paused || app->out->len > 0)
    return -1;
  wait = bl_x11_pace_wait (&app->pace, now);
  if (bl_x11_screen_is_damaged (app->screen))
    {
      if (wait == 0)
        make_frame (app);
      return wait;
    }
  if (!app->reduced)
    return -1;
  wait = MAX (wait, app->pace.last + REFINE_US - now);
  if (wait <= 0)
    refine (app);
  return MAX (wait, 0);
}

/* ---- from the viewer ---------------------------------------------------------------------------------- */

static void
set_locked (App *app, guint8 lock)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();

  if (lock != BL_DESKTOP_LOCK_QUERY)
    {
      const guint8 state
          = (guint8)(app->locked = bl_x11_lock_set (app->connection, lock == BL_DESKTOP_LOCK_ON));
      bl_desktop_link_put (app->out, BL_DESKTOP_LINK_LOCKED, NULL, 0, &state, 1);
    }
  bl_desktop_write_input_lock (packet, app->locked);
  send_packet (app, packet);
}

static void
set_compression (App *app, const BlDesktopInput *packet)
{
  const gboolean webp = packet->image == BL_DESKTOP_WEBP;

  app->reduced = app->reduced || packet->quality > app->quality;
  app->quality = packet->quality;
  app->webp = webp;
  if (packet->scaling != 0)
    bl_x11_screen_set_scaling (app->screen, packet->scaling);
  if (packet->interval != 0)
    bl_x11_pace_set_interval (&app->pace, packet->interval);
}

static void
select_display (App *app, guint16 id)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();

  bl_desktop_write_set_display (packet, bl_x11_screen_select (app->screen, id));
  send_packet (app, packet);
  send_start (app);
}

/* Returns: FALSE when it must be tried again, before what follows */
static gboolean
control (App *app, const BlDesktopInput *packet)
{
  int x, y;

  switch (packet->type)
    {
    case BL_DESKTOP_IN_KEY:
      return bl_x11_input_key (app->input, packet, app->options->limited);
    case BL_DESKTOP_IN_UNICODE:
      return bl_x11_input_unicode (app->input, packet);
    case BL_DESKTOP_IN_MOUSE:
      bl_x11_screen_to_root (app->screen, packet->x, packet->y, &x, &y);
      bl_x11_input_mouse (app->input, packet, x, y);
      break;
    case BL_DESKTOP_IN_CTRL_ALT_DEL:
      if (!app->options->limited)
        bl_x11_input_ctrl_alt_del (app->input);
      break;
    default:
      if (!app->options->limited)
        set_locked (app, packet->lock);
      break;
    }
  return TRUE;
}

/* Returns: us until there is more to do, -1 for nothing */
static gint64
control_pending (App *app)
{
  const gint64 now = g_get_monotonic_time ();
  guint n = 0;

  if (app->pending->len == 0)
    return -1;
  if (bl_x11_input_wait (app->input, now) == 0)
    {
      while (n < app->pending->len && control (app, &g_array_index (app->pending, BlDesktopInput, n)))
        n++;
      g_array_remove_range (app->pending, 0, n);
    }
  return app->pending->len > 0 ? bl_x11_input_wait (app->input, now) : -1;
}

static void
handle_packet (App *app, const BlDesktopInput *packet)
{
  if (bl_desktop_input_is_control (packet))
    {
      if (app->input != NULL && (app->pending->len > 0 || !control (app, packet))
          && app->pending->len < PENDING_MAX)
        g_array_append_vals (app->pending, packet, 1);
      return;
    }
  switch (packet->type)
    {
    case BL_DESKTOP_IN_COMPRESSION:
      set_compression (app, packet);
      break;
    case BL_DESKTOP_IN_REFRESH:
      send_start (app);
      bl_x11_screen_refresh (app->screen);
      break;
    case BL_DESKTOP_IN_PAUSE:
      app->paused = packet->paused;
      break;
    case BL_DESKTOP_IN_GET_DISPLAYS:
      send_displays (app);
      break;
    case BL_DESKTOP_IN_SET_DISPLAY:
      select_display (app, packet->display);
      break;
    case BL_DESKTOP_IN_FRAME_TIMER:
      bl_x11_pace_set_interval (&app->pace, packet->interval);
      break;
    case BL_DESKTOP_IN_INPUT_LOCK:
      set_locked (app, BL_DESKTOP_LOCK_QUERY);
      break;
    default:
      break;
    }
}

static void
handle_viewer (App *app, const guint8 *data, gsize length)
{
  BlReader reader;
  BlDesktopInput packet;
  gboolean keys = FALSE;

  bl_reader_init (&reader, data, length);
  /* A frame that is not well formed has no effect beyond what was read before that. */
  while (bl_desktop_input_next (&reader, &packet, NULL))
    {
      keys = keys || packet.type == BL_DESKTOP_IN_KEY;
      handle_packet (app, &packet);
    }
  if (keys && app->input != NULL)
    send_leds (app, FALSE);
}

static void
offer_clipboard (App *app, const BlDesktopLinkMessage *message)
{
  const guint8 ours
      = (guint8)bl_x11_clipboard_set (app->clipboard, (const char *)message->data + 4, message->length - 4);

  bl_desktop_link_put (app->out, BL_DESKTOP_LINK_OFFERED, message->data, 4, &ours, 1);
}

static void
handle_message (App *app, const BlDesktopLinkMessage *message)
{
  switch (message->kind)
    {
    case BL_DESKTOP_LINK_VIEWER:
      handle_viewer (app, message->data, message->length);
      break;
    case BL_DESKTOP_LINK_ACK:
      if (message->length == 4)
        bl_x11_pace_acked (&app->pace, bl_desktop_link_get_u32 (message->data), g_get_monotonic_time ());
      break;
    case BL_DESKTOP_LINK_GET_CLIPBOARD:
      if (message->length == 4)
        bl_x11_clipboard_get (app->clipboard, bl_desktop_link_get_u32 (message->data));
      break;
    case BL_DESKTOP_LINK_SET_CLIPBOARD:
      if (message->length >= 4)
        offer_clipboard (app, message);
      break;
    default:
      break;
    }
}

static void
clipboard_got (guint32 question, const char *text, gsize length, gpointer user_data)
{
  App *app = user_data;
  guint8 head[4];

  bl_desktop_link_put_u32 (head, question);
  bl_desktop_link_put (app->out, BL_DESKTOP_LINK_CLIPBOARD, head, sizeof head, text,
                       text != NULL ? length : 0);
}

static void
read_link (App *app)
{
  guint8 buffer[READ_SIZE];
  const ssize_t n = read (app->fd, buffer, sizeof buffer);
  BlDesktopLinkMessage message;
  gsize offset = 0;
  gboolean broken = FALSE;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    {
      app->over = TRUE; /* the agent closed it: the viewer is gone */
      return;
    }
  g_byte_array_append (app->in, buffer, (guint)n);
  while (!app->over && bl_desktop_link_next (app->in, &offset, &message, &broken))
    handle_message (app, &message);
  if (offset > 0)
    g_byte_array_remove_range (app->in, 0, (guint)offset);
  if (broken)
    fail (app, "The link to the agent is broken.");
}

/* ---- the display -------------------------------------------------------------------------------------- */

static void
handle_event (App *app, xcb_generic_event_t *event)
{
  if ((event->response_type & 0x7F) == app->fixes_event + XCB_XFIXES_CURSOR_NOTIFY)
    send_cursor (app, FALSE);
  else if (!bl_x11_screen_handle (app->screen, event)
           && (app->input == NULL || !bl_x11_input_handle (app->input, event)))
    (void)bl_x11_clipboard_handle (app->clipboard, event); /* what is nobody's needs no answer */
  free (event);
}

static void
handle_events (App *app)
{
  xcb_generic_event_t *event;

  while ((event = xcb_poll_for_event (app->connection)) != NULL)
    handle_event (app, event);
  if (xcb_connection_has_error (app->connection))
    fail (app, "The display of this device has ended.");
}

static gint64
sooner (gint64 a, gint64 b)
{
  return a < 0 ? b : b < 0 ? a : MIN (a, b);
}

static void
loop (App *app)
{
  while (!app->over)
    {
      struct pollfd fds[] = { { .fd = app->fd, .events = POLLIN },
                              { .fd = xcb_get_file_descriptor (app->connection), .events = POLLIN } };
      gint64 wait;

      handle_events (app);
      if (app->over)
        return;
      wait = sooner (work (app), control_pending (app));
      const gboolean had_output = app->out->len > 0;
      flush_out (app);
      if (app->out->len > 0)
        fds[0].events |= POLLOUT;
      else if (had_output || wait == 0)
        continue; /* the way is free: there may be a frame to make */
      wait = sooner (wait, bl_x11_clipboard_wait (app->clipboard, g_get_monotonic_time ()));
      xcb_flush (app->connection);
      /* Replies may have brought events along that no descriptor announces any more. */
      xcb_generic_event_t *event = xcb_poll_for_queued_event (app->connection);
      if (event != NULL)
        {
          handle_event (app, event);
          continue;
        }
      if (poll (fds, G_N_ELEMENTS (fds), wait < 0 ? -1 : (int)((wait + 999) / 1000)) < 0 && errno != EINTR)
        return;
      if (fds[0].revents != 0)
        {
          flush_out (app);
          if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            read_link (app);
        }
      bl_x11_clipboard_check (app->clipboard, g_get_monotonic_time ());
    }
}

static gboolean
connect_display (App *app)
{
  const xcb_query_extension_reply_t *fixes;
  const char *reason = NULL;
  int number;

  app->connection = xcb_connect (NULL, &number);
  if (xcb_connection_has_error (app->connection))
    {
      fail (app, "The display of this device cannot be opened.");
      return FALSE;
    }
  app->screen = bl_x11_screen_new (app->connection, number, &reason);
  app->encoder = bl_x11_encoder_new ();
  if (app->screen == NULL || app->encoder == NULL)
    {
      fail (app, reason != NULL ? reason : "Pictures cannot be encoded on this device.");
      return FALSE;
    }
  const xcb_window_t root = bl_x11_screen_get_root (app->screen);
  fixes = xcb_get_extension_data (app->connection, &xcb_xfixes_id);
  app->fixes_event = fixes->first_event;
  xcb_xfixes_select_cursor_input (app->connection, root, XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
  if (!app->options->view_only)
    app->input = bl_x11_input_new (app->connection, root);
  app->clipboard = bl_x11_clipboard_new (app->connection, root, clipboard_got, app);
  if (app->options->unlock)
    (void)bl_x11_lock_set (app->connection, FALSE);
  return TRUE;
}

int
bl_x11_app_run (int fd, const BlX11Options *options)
{
  App app = { .options = options, .fd = fd, .quality = QUALITY_DEFAULT, .cursor = -1 };

  app.out = g_byte_array_new ();
  app.in = g_byte_array_new ();
  app.pending = g_array_new (FALSE, FALSE, sizeof (BlDesktopInput));
  bl_x11_pace_init (&app.pace, INTERVAL_DEFAULT);
  if (connect_display (&app))
    {
      send_start (&app);
      loop (&app);
      if (app.locked)
        (void)bl_x11_lock_set (app.connection, FALSE);
    }
  bl_x11_clipboard_free (app.clipboard);
  bl_x11_input_free (app.input);
  bl_x11_screen_free (app.screen);
  bl_x11_encoder_free (app.encoder);
  xcb_disconnect (app.connection);
  g_byte_array_unref (app.out);
  g_byte_array_unref (app.in);
  g_array_unref (app.pending);
  return app.status;
}
