// SPDX-License-Identifier: Apache-2.0
/*
 * BlTrayItem: an icon with a menu in the panel: org.kde.StatusNotifierItem and com.canonical.dbusmenu on the
 * session bus, without a toolkit. Panels come and go; the item registers with each. Main context.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_TRAY_MENU_MAX 32u

typedef struct _BlTrayItem BlTrayItem;

typedef struct
{
  gint32 id;         /* > 0 */
  const char *label; /* NULL: a separator */
  gboolean enabled;
} BlTrayMenuRow;

/** @activated: a row of the menu was chosen; @id 0: the icon itself was clicked */
BlTrayItem *bl_tray_item_new (void (*activated) (gint32 id, gpointer user_data), gpointer user_data);
void bl_tray_item_free (BlTrayItem *item);

/** All texts are copied. Nothing is sent when nothing changed. */
void bl_tray_item_set_state (BlTrayItem *item, const char *icon, const char *title);
void bl_tray_item_set_menu (BlTrayItem *item, const BlTrayMenuRow *rows, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTrayItem, bl_tray_item_free)

G_END_DECLS
