// SPDX-License-Identifier: Apache-2.0
/* The windows of bowline-tray. Each lives until it is closed or its reason is gone. Main context. */
#pragma once

#include "bl-tray-agent.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define BL_TRAY_MAX_WINDOWS 24u /* more messages than that at once are not shown */

typedef struct _BlTrayWindows BlTrayWindows;

/** Both are borrowed. */
BlTrayWindows *bl_tray_windows_new (GtkApplication *application, BlTrayAgent *agent);
void bl_tray_windows_free (BlTrayWindows *windows);

/** Asks; closing the window is a no, and silence is for the agent to judge. */
void bl_tray_windows_ask (BlTrayWindows *windows, const BlTrayQuestion *question);
void bl_tray_windows_withdraw (BlTrayWindows *windows, guint32 question);
void bl_tray_windows_withdraw_all (BlTrayWindows *windows);
/** @timeout: seconds until it closes by itself, 0: never */
void bl_tray_windows_message (BlTrayWindows *windows, const char *title, const char *text, guint timeout);
/** Asks whether the chat that @who offers shall be opened; closes what asked before. Opening is the
 * browser's. */
void bl_tray_windows_invite (BlTrayWindows *windows, const char *who, const char *address);
void bl_tray_windows_open_address (BlTrayWindows *windows, const char *address);
/** Who is connected; shown in front when it is open already. */
void bl_tray_windows_show_sessions (BlTrayWindows *windows);
void bl_tray_windows_ask_for_help (BlTrayWindows *windows);
/** Sessions or state changed: brings the open windows up to date, and shows or hides the bar. */
void bl_tray_windows_update (BlTrayWindows *windows);

/** Returns: (transfer full): "Anna Berg (anna) has opened a terminal on this computer." */
char *bl_tray_describe_start (const BlTraySession *session);
/** Returns: (transfer full): "Desktop: Anna Berg (anna), since 12:30" */
char *bl_tray_describe_session (const BlTraySession *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTrayWindows, bl_tray_windows_free)

G_END_DECLS
