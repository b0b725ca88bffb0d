// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-screen.h"

#include <pixman.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>

#define SIDE_MAX 16384
#define DAMAGE_RECTS_MAX 256
/* Pixels beside a change that a smaller picture of it may reach. */
#define SCALE_MARGIN 16

struct _BlX11Screen
{
  xcb_connection_t *connection;
  xcb_window_t root;
  int root_width, root_height;
  BlDesktopDisplay displays[BL_DESKTOP_MAX_DISPLAYS];
  guint n_displays;
  guint16 selected;
  guint16 scaling;
  BlX11Rect area; /* of the root window */

  guint8 *pixels; /* of the area as captured */
  gsize stride;
  xcb_shm_seg_t segment; /* 0: no shared memory with this server */
  gboolean has_shm;
  guint8 *scaled; /* NULL at 100 % */
  gsize scaled_stride;
  guint8 *sent; /* what the viewer has */
  BlX11Tiles tiles;

  xcb_damage_damage_t damage;
  xcb_xfixes_region_t region;
  guint8 damage_event;
  guint8 randr_event;
  gboolean damaged;
  gboolean resized;
  gboolean all;               /* the next update takes everything */
  int guess_first, guess_end; /* rows that the last update took, 0, 0 for none */
};

/* ---- buffers ------------------------------------------------------------------------------------------ */

static void
free_buffers (BlX11Screen *screen)
{
  if (screen->segment != 0)
    {
      xcb_shm_detach (screen->connection, screen->segment);
      shmdt (screen->pixels);
    }
  else
    g_free (screen->pixels);
  screen->pixels = NULL;
  screen->segment = 0;
  g_clear_pointer (&screen->scaled, g_free);
  g_clear_pointer (&screen->sent, g_free);
  bl_x11_tiles_clear (&screen->tiles);
}

/* Returns: FALSE when the server cannot share memory with us: another machine, or another name space. */
static gboolean
share_buffer (BlX11Screen *screen, gsize size)
{
  const int id = shmget (IPC_PRIVATE, size, IPC_CREAT | 0600);
  void *address = id >= 0 ? shmat (id, NULL, 0) : (void *)-1;
  xcb_generic_error_t *error = NULL;

  if (address != (void *)-1)
    {
      screen->segment = xcb_generate_id (screen->connection);
      error = xcb_request_check (
          screen->connection, xcb_shm_attach_checked (screen->connection, screen->segment, (guint32)id, 0));
    }
  if (id >= 0)
    shmctl (id, IPC_RMID, NULL); /* it lives as long as somebody has it attached */
  if (address == (void *)-1 || error != NULL)
    {
      free (error);
      if (address != (void *)-1)
        shmdt (address);
      screen->segment = 0;
      return FALSE;
    }
  screen->pixels = address;
  return TRUE;
}

static int
scale_length (const BlX11Screen *screen, int length)
{
  return MAX (length * screen->scaling / (int)BL_DESKTOP_SCALE_ONE, 1);
}

static void
make_buffers (BlX11Screen *screen)
{
  const int width = scale_length (screen, screen->area.width);
  const int height = scale_length (screen, screen->area.height);

  free_buffers (screen);
  screen->stride = (gsize)screen->area.width * 4;
  if (!screen->has_shm || !share_buffer (screen, screen->stride * (gsize)screen->area.height))
    {
      screen->has_shm = FALSE;
      screen->pixels = g_malloc0 (screen->stride * (gsize)screen->area.height);
    }
  screen->scaled_stride = (gsize)width * 4;
  if (screen->scaling != BL_DESKTOP_SCALE_ONE)
    screen->scaled = g_malloc0 (screen->scaled_stride * (gsize)height);
  screen->sent = g_malloc0 (screen->scaled_stride * (gsize)height);
  bl_x11_tiles_init (&screen->tiles, width, height);
  screen->guess_first = screen->guess_end = 0;
  bl_x11_screen_refresh (screen);
}

/* ---- monitors ----------------------------------------------------------------------------------------- */

static void
read_monitors (BlX11Screen *screen)
{
  xcb_randr_get_monitors_reply_t *reply = xcb_randr_get_monitors_reply (
      screen->connection, xcb_randr_get_monitors (screen->connection, screen->root, 1), NULL);

  screen->n_displays = 0;
  if (reply == NULL)
    return;
  for (xcb_randr_monitor_info_iterator_t i = xcb_randr_get_monitors_monitors_iterator (reply);
       i.rem > 0 && screen->n_displays < BL_DESKTOP_MAX_DISPLAYS; xcb_randr_monitor_info_next (&i))
    {
      const xcb_randr_monitor_info_t *monitor = i.data;

      if (monitor->x < 0 || monitor->y < 0 || monitor->width == 0 || monitor->height == 0
          || monitor->x + monitor->width > screen->root_width
          || monitor->y + monitor->height > screen->root_height)
        continue;
      screen->displays[screen->n_displays] = (BlDesktopDisplay){
        .id = (guint16)(screen->n_displays + 1),
        .x = (guint16)monitor->x,
        .y = (guint16)monitor->y,
        .width = monitor->width,
        .height = monitor->height,
      };
      screen->n_displays++;
    }
  free (reply);
}

static void
apply_selection (BlX11Screen *screen)
{
  screen->area = (BlX11Rect){ 0, 0, screen->root_width, screen->root_height };
  for (guint i = 0; i < screen->n_displays && screen->n_displays > 1; i++)
    {
      const BlDesktopDisplay *display = &screen->displays[i];

      if (display->id == screen->selected)
        screen->area = (BlX11Rect){ display->x, display->y, display->width, display->height };
    }
  make_buffers (screen);
}

static gboolean
read_geometry (BlX11Screen *screen)
{
  xcb_get_geometry_reply_t *reply = xcb_get_geometry_reply (
      screen->connection, xcb_get_geometry (screen->connection, screen->root), NULL);
  const gboolean good = reply != NULL && reply->width > 0 && reply->height > 0 && reply->width <= SIDE_MAX
                        && reply->height <= SIDE_MAX;

  if (good)
    {
      screen->root_width = reply->width;
      screen->root_height = reply->height;
    }
  free (reply);
  return good;
}

guint
bl_x11_screen_get_displays (BlX11Screen *screen, const BlDesktopDisplay **displays)
{
  *displays = screen->displays;
  return screen->n_displays;
}

guint16
bl_x11_screen_get_selected (BlX11Screen *screen)
{
  return screen->selected;
}

guint16
bl_x11_screen_select (BlX11Screen *screen, guint16 id)
{
  const gboolean known = id >= 1 && id <= screen->n_displays;

  screen->selected = known ? id : BL_DESKTOP_ALL_DISPLAYS;
  apply_selection (screen);
  return screen->selected;
}

void
bl_x11_screen_set_scaling (BlX11Screen *screen, guint16 scaling)
{
  if (scaling == screen->scaling)
    return;
  screen->scaling = scaling;
  screen->resized = TRUE;
  make_buffers (screen);
}

/* ---- making it ---------------------------------------------------------------------------------------- */

static xcb_screen_t *
find_screen (xcb_connection_t *connection, int number)
{
  xcb_screen_iterator_t i = xcb_setup_roots_iterator (xcb_get_setup (connection));

  for (; i.rem > 1 && number > 0; number--)
    xcb_screen_next (&i);
  return i.data;
}

/* The encoders take blue, green, red and an unused byte. */
static gboolean
has_known_pixels (xcb_connection_t *connection, const xcb_screen_t *found)
{
  const xcb_setup_t *setup = xcb_get_setup (connection);

  if (setup->image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST
      || (found->root_depth != 24 && found->root_depth != 32))
    return FALSE;
  for (xcb_depth_iterator_t d = xcb_screen_allowed_depths_iterator (found); d.rem > 0; xcb_depth_next (&d))
    {
      for (xcb_visualtype_iterator_t v = xcb_depth_visuals_iterator (d.data); v.rem > 0;
           xcb_visualtype_next (&v))
        {
          if (v.data->visual_id == found->root_visual)
            return v.data->red_mask == 0xFF0000 && v.data->green_mask == 0xFF00 && v.data->blue_mask == 0xFF;
        }
    }
  return FALSE;
}

/* Each extension wants to be greeted before it is used. */
static gboolean
greet_extensions (BlX11Screen *screen)
{
  xcb_connection_t *c = screen->connection;
  const xcb_query_extension_reply_t *damage = xcb_get_extension_data (c, &xcb_damage_id);
  const xcb_query_extension_reply_t *randr = xcb_get_extension_data (c, &xcb_randr_id);
  const xcb_query_extension_reply_t *fixes = xcb_get_extension_data (c, &xcb_xfixes_id);
  const xcb_query_extension_reply_t *shm = xcb_get_extension_data (c, &xcb_shm_id);

  if (damage == NULL || !damage->present || fixes == NULL || !fixes->present || randr == NULL
      || !randr->present)
    return FALSE;
  free (xcb_damage_query_version_reply (c, xcb_damage_query_version (c, 1, 1), NULL));
  free (xcb_xfixes_query_version_reply (c, xcb_xfixes_query_version (c, 5, 0), NULL));
  free (xcb_randr_query_version_reply (c, xcb_randr_query_version (c, 1, 5), NULL));
  screen->damage_event = damage->first_event;
  screen->randr_event = randr->first_event;
  screen->has_shm = shm != NULL && shm->present;
  return TRUE;
}

BlX11Screen *
bl_x11_screen_new (xcb_connection_t *connection, int number, const char **reason)
{
  const xcb_screen_t *found = find_screen (connection, number);
  BlX11Screen *screen;

  if (!has_known_pixels (connection, found))
    {
      *reason = "The screen of this device has a form of pixels that cannot be shown.";
      return NULL;
    }
  screen = g_new0 (BlX11Screen, 1);
  screen->connection = connection;
  screen->root = found->root;
  screen->scaling = BL_DESKTOP_SCALE_ONE;
  screen->selected = BL_DESKTOP_ALL_DISPLAYS;
  if (!greet_extensions (screen) || !read_geometry (screen))
    {
      *reason = "The display server of this device lacks DAMAGE, XFIXES or RANDR.";
      g_free (screen);
      return NULL;
    }
  screen->damage = xcb_generate_id (connection);
  screen->region = xcb_generate_id (connection);
  xcb_damage_create (connection, screen->damage, screen->root, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
  xcb_xfixes_create_region (connection, screen->region, 0, NULL);
  xcb_randr_select_input (connection, screen->root, XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE);
  read_monitors (screen);
  apply_selection (screen);
  return screen;
}

void
bl_x11_screen_free (BlX11Screen *screen)
{
  if (screen == NULL)
    return;
  free_buffers (screen);
  g_free (screen);
}

xcb_window_t
bl_x11_screen_get_root (BlX11Screen *screen)
{
  return screen->root;
}

/* ---- events ------------------------------------------------------------------------------------------- */

gboolean
bl_x11_screen_handle (BlX11Screen *screen, const xcb_generic_event_t *event)
{
  const guint8 type = event->response_type & 0x7F;

  if (type == screen->damage_event + XCB_DAMAGE_NOTIFY)
    {
      screen->damaged = TRUE;
      return TRUE;
    }
  if (type != screen->randr_event + XCB_RANDR_SCREEN_CHANGE_NOTIFY)
    return FALSE;
  if (read_geometry (screen))
    {
      read_monitors (screen);
      if (screen->selected > screen->n_displays)
        screen->selected = BL_DESKTOP_ALL_DISPLAYS;
      apply_selection (screen);
      screen->resized = TRUE;
    }
  return TRUE;
}

gboolean
bl_x11_screen_take_resized (BlX11Screen *screen)
{
  const gboolean resized = screen->resized;

  screen->resized = FALSE;
  return resized;
}

gboolean
bl_x11_screen_is_damaged (BlX11Screen *screen)
{
  return screen->damaged || screen->all;
}

/* ---- the picture -------------------------------------------------------------------------------------- */

void
bl_x11_screen_get_size (BlX11Screen *screen, int *width, int *height)
{
  *width = screen->tiles.width;
  *height = screen->tiles.height;
}

void
bl_x11_screen_to_root (BlX11Screen *screen, int x, int y, int *root_x, int *root_y)
{
  x = CLAMP (x, 0, screen->tiles.width - 1);
  y = CLAMP (y, 0, screen->tiles.height - 1);
  *root_x = screen->area.x + x * screen->area.width / screen->tiles.width;
  *root_y = screen->area.y + y * screen->area.height / screen->tiles.height;
}

void
bl_x11_screen_refresh (BlX11Screen *screen)
{
  screen->all = TRUE;
}

static void
suspect (BlX11Screen *screen, int x, int y, int width, int height)
{
  const int scaling = screen->scaling, one = BL_DESKTOP_SCALE_ONE;

  x -= screen->area.x;
  y -= screen->area.y;
  if (scaling == one)
    {
      bl_x11_tiles_suspect (&screen->tiles, x, y, width, height);
      return;
    }
  bl_x11_tiles_suspect (&screen->tiles, (x - SCALE_MARGIN) * scaling / one,
                        (y - SCALE_MARGIN) * scaling / one, (width + 2 * SCALE_MARGIN) * scaling / one + 1,
                        (height + 2 * SCALE_MARGIN) * scaling / one + 1);
}

static void
suspect_region (BlX11Screen *screen, const xcb_xfixes_fetch_region_reply_t *region)
{
  const xcb_rectangle_t *rectangles = xcb_xfixes_fetch_region_rectangles (region);
  const int n = xcb_xfixes_fetch_region_rectangles_length (region);

  if (n > DAMAGE_RECTS_MAX)
    suspect (screen, region->extents.x, region->extents.y, region->extents.width, region->extents.height);
  for (int i = 0; i < n && n <= DAMAGE_RECTS_MAX; i++)
    suspect (screen, rectangles[i].x, rectangles[i].y, rectangles[i].width, rectangles[i].height);
}

static xcb_shm_get_image_cookie_t
ask_for_rows (BlX11Screen *screen, int first, int end)
{
  return xcb_shm_get_image (screen->connection, screen->root, (gint16)screen->area.x,
                            (gint16)(screen->area.y + first), (guint16)screen->area.width,
                            (guint16)(end - first), ~0u, XCB_IMAGE_FORMAT_Z_PIXMAP, screen->segment,
                            (guint32)((gsize)first * screen->stride));
}

static gboolean
got_rows (BlX11Screen *screen, xcb_shm_get_image_cookie_t cookie)
{
  xcb_shm_get_image_reply_t *reply = xcb_shm_get_image_reply (screen->connection, cookie, NULL);
  const gboolean good = reply != NULL;

  free (reply);
  return good;
}

/*
 * Where there was damage. What moves on a screen mostly goes on in the same place: the rows of the last time
 * are asked for together with the region, which saves a way to the display server and back for each frame.
 *
 * Returns: whether the guessed rows have come
 */
static gboolean
fetch_damage (BlX11Screen *screen)
{
  const gboolean guess = screen->segment != 0 && screen->guess_end > screen->guess_first;
  xcb_connection_t *c = screen->connection;
  xcb_xfixes_fetch_region_cookie_t cookie;
  xcb_xfixes_fetch_region_reply_t *reply;
  xcb_shm_get_image_cookie_t image = { 0 };

  xcb_damage_subtract (c, screen->damage, XCB_NONE, screen->region);
  cookie = xcb_xfixes_fetch_region (c, screen->region);
  if (guess)
    image = ask_for_rows (screen, screen->guess_first, screen->guess_end);
  reply = xcb_xfixes_fetch_region_reply (c, cookie, NULL);
  screen->damaged = FALSE;
  if (reply == NULL)
    bl_x11_tiles_suspect_all (&screen->tiles);
  else
    suspect_region (screen, reply);
  free (reply);
  return guess && got_rows (screen, image);
}

/* Rows FIRST to END of the area, over its whole width, so that they lie where they belong. */
static gboolean
capture_rows (BlX11Screen *screen, int first, int end)
{
  xcb_connection_t *c = screen->connection;
  const gsize offset = (gsize)first * screen->stride, size = (gsize)(end - first) * screen->stride;
  gboolean good;

  if (screen->segment != 0)
    return got_rows (screen, ask_for_rows (screen, first, end));
  xcb_get_image_reply_t *reply
      = xcb_get_image_reply (c,
                             xcb_get_image (c, XCB_IMAGE_FORMAT_Z_PIXMAP, screen->root,
                                            (gint16)screen->area.x, (gint16)(screen->area.y + first),
                                            (guint16)screen->area.width, (guint16)(end - first), ~0u),
                             NULL);
  good = reply != NULL && (gsize)xcb_get_image_data_length (reply) >= size;
  if (good)
    memcpy (screen->pixels + offset, xcb_get_image_data (reply), size);
  free (reply);
  return good;
}

static void
scale_rows (BlX11Screen *screen, int first, int end)
{
  const double x_step = (double)screen->area.width / screen->tiles.width;
  const double y_step = (double)screen->area.height / screen->tiles.height;
  pixman_image_t *from, *to;
  pixman_transform_t transform;
  pixman_fixed_t *parameters;
  int n_parameters;

  from = pixman_image_create_bits (PIXMAN_x8r8g8b8, screen->area.width, screen->area.height,
                                   (uint32_t *)(void *)screen->pixels, (int)screen->stride);
  to = pixman_image_create_bits (PIXMAN_x8r8g8b8, screen->tiles.width, screen->tiles.height,
                                 (uint32_t *)(void *)screen->scaled, (int)screen->scaled_stride);
  pixman_transform_init_scale (&transform, pixman_double_to_fixed (x_step), pixman_double_to_fixed (y_step));
  pixman_image_set_transform (from, &transform);
  pixman_image_set_repeat (from, PIXMAN_REPEAT_PAD);
  parameters = pixman_filter_create_separable_convolution (
      &n_parameters, pixman_double_to_fixed (x_step), pixman_double_to_fixed (y_step), PIXMAN_KERNEL_BOX,
      PIXMAN_KERNEL_BOX, PIXMAN_KERNEL_BOX, PIXMAN_KERNEL_BOX, 2, 2);
  pixman_image_set_filter (from, PIXMAN_FILTER_SEPARABLE_CONVOLUTION, parameters, n_parameters);
  pixman_image_composite32 (PIXMAN_OP_SRC, from, NULL, to, 0, first, 0, 0, 0, first, screen->tiles.width,
                            end - first);
  free (parameters);
  pixman_image_unref (from);
  pixman_image_unref (to);
}

const guint8 *
bl_x11_screen_get_pixels (BlX11Screen *screen, gsize *stride)
{
  *stride = screen->scaled_stride;
  return screen->scaled != NULL ? screen->scaled : screen->pixels;
}

BlX11Tiles *
bl_x11_screen_update (BlX11Screen *screen)
{
  const gboolean all = screen->all;
  const gboolean guessed = screen->damaged && fetch_damage (screen);
  int first, end, from, to;
  gsize stride;

  if (all)
    bl_x11_tiles_suspect_all (&screen->tiles);
  if (!bl_x11_tiles_rows (&screen->tiles, &first, &end))
    return &screen->tiles;
  from = MAX (first * screen->area.height / screen->tiles.height - SCALE_MARGIN, 0);
  to = MIN (end * screen->area.height / screen->tiles.height + SCALE_MARGIN, screen->area.height);
  if (screen->scaled == NULL)
    {
      from = first;
      to = end;
    }
  if (!(guessed && from >= screen->guess_first && to <= screen->guess_end)
      && !capture_rows (screen, from, to))
    return NULL;
  screen->guess_first = from;
  screen->guess_end = to;
  if (screen->scaled != NULL)
    scale_rows (screen, first, end);
  screen->all = FALSE;
  const guint8 *now = bl_x11_screen_get_pixels (screen, &stride);
  bl_x11_tiles_compare (&screen->tiles, screen->sent, now, stride, all);
  return &screen->tiles;
}
