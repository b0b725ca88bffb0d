// SPDX-License-Identifier: Apache-2.0
/* The bar that says that somebody sees the screen. Main context. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/**
 * bl_tray_bar_new: a window in the middle of the screen's upper edge and above other windows, where the
 * display server lets a program say so (X11; elsewhere it is a window as others are).
 * @stop: what its button does
 * Returns: (transfer none): destroy it with gtk_window_destroy()
 */
GtkWidget *bl_tray_bar_new (GtkApplication *application, GCallback stop, gpointer user_data);
void bl_tray_bar_set_text (GtkWidget *bar, const char *text);

G_END_DECLS
