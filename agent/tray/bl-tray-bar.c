// SPDX-License-Identifier: Apache-2.0
#include "bl-tray-bar.h"

#include <glib/gi18n.h>
#ifdef GDK_WINDOWING_X11
#include <gdk/x11/gdkx.h>
#endif

#define SPACE 12

#ifdef GDK_WINDOWING_X11
#define STATE_ADD 1
#define SOURCE_APPLICATION 1

/* GTK 4 leaves such wishes to the window manager, which takes them in this form only. */
static void
ask_for_state (GdkSurface *surface, const char *first, const char *second)
{
  GdkDisplay *display = gdk_surface_get_display (surface);
  Display *xdisplay = gdk_x11_display_get_xdisplay (display);
  XEvent event
      = { .xclient = { .type = ClientMessage,
                       .window = gdk_x11_surface_get_xid (surface),
                       .message_type = gdk_x11_get_xatom_by_name_for_display (display, "_NET_WM_STATE"),
                       .format = 32 } };

  event.xclient.data.l[0] = STATE_ADD;
  event.xclient.data.l[1] = (long)gdk_x11_get_xatom_by_name_for_display (display, first);
  event.xclient.data.l[2] = (long)gdk_x11_get_xatom_by_name_for_display (display, second);
  event.xclient.data.l[3] = SOURCE_APPLICATION;
  XSendEvent (xdisplay, gdk_x11_display_get_xrootwindow (display), False,
              SubstructureNotifyMask | SubstructureRedirectMask, &event);
}

static void
layout_cb (GdkSurface *surface, int width, int height, gpointer user_data)
{
  GdkDisplay *display = gdk_surface_get_display (surface);
  GdkMonitor *monitor = gdk_display_get_monitor_at_surface (display, surface);
  const int scale = gdk_surface_get_scale_factor (surface);
  GdkRectangle area;

  if (monitor == NULL)
    return;
  gdk_monitor_get_geometry (monitor, &area);
  XMoveWindow (gdk_x11_display_get_xdisplay (display), gdk_x11_surface_get_xid (surface),
               (area.x + (area.width - width) / 2) * scale, area.y * scale);
}

static void
map_cb (GtkWidget *bar, gpointer user_data)
{
  GdkSurface *surface = gtk_native_get_surface (GTK_NATIVE (bar));

  ask_for_state (surface, "_NET_WM_STATE_ABOVE", "_NET_WM_STATE_STICKY");
  layout_cb (surface, gdk_surface_get_width (surface), gdk_surface_get_height (surface), NULL);
}

static void
place (GtkWidget *bar)
{
  GdkSurface *surface;

  gtk_widget_realize (bar);
  surface = gtk_native_get_surface (GTK_NATIVE (bar));
  if (!GDK_IS_X11_SURFACE (surface))
    return;
  gdk_x11_surface_set_skip_taskbar_hint (surface, TRUE);
  gdk_x11_surface_set_skip_pager_hint (surface, TRUE);
  g_signal_connect (surface, "layout", G_CALLBACK (layout_cb), NULL);
  g_signal_connect_after (bar, "map", G_CALLBACK (map_cb), NULL);
}
#endif

GtkWidget *
bl_tray_bar_new (GtkApplication *application, GCallback stop, gpointer user_data)
{
  GtkWidget *bar = gtk_application_window_new (application);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, SPACE), *label = gtk_label_new (NULL);
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_End"));

  gtk_window_set_title (GTK_WINDOW (bar), _ ("This screen is being watched"));
  gtk_window_set_decorated (GTK_WINDOW (bar), FALSE);
  gtk_window_set_resizable (GTK_WINDOW (bar), FALSE);
  gtk_widget_set_margin_start (box, SPACE);
  gtk_widget_set_margin_end (box, SPACE);
  gtk_widget_set_margin_top (box, SPACE / 2);
  gtk_widget_set_margin_bottom (box, SPACE / 2);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("video-display-symbolic"));
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), button);
  gtk_window_set_child (GTK_WINDOW (bar), box);
  g_object_set_data (G_OBJECT (bar), "label", label);
  g_signal_connect (button, "clicked", stop, user_data);
#ifdef GDK_WINDOWING_X11
  place (bar);
#endif
  gtk_window_present (GTK_WINDOW (bar));
  return bar;
}

void
bl_tray_bar_set_text (GtkWidget *bar, const char *text)
{
  gtk_label_set_text (g_object_get_data (G_OBJECT (bar), "label"), text);
}
