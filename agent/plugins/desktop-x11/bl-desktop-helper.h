// SPDX-License-Identifier: Apache-2.0
/*
 * BlDesktopHelper: one running capture program and the link to it. Main context. Either side may be slow:
 * what the program sends is read only while the receiver wants it, so that it makes no pictures nobody takes.
 */
#pragma once

#include "bl-desktop-link.h"
#include "bl-desktop-target.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _BlDesktopHelper BlDesktopHelper;

typedef struct
{
  const char *program;
  gboolean view_only;
  gboolean limited;
  gboolean unlock; /* one before it ended with the device's input locked */
} BlDesktopHelperOptions;

typedef struct
{
  /** Returns: %FALSE to hear no more until bl_desktop_helper_resume() */
  gboolean (*message) (const BlDesktopLinkMessage *message, gpointer user_data);
  /** Once, the last call, from the loop: the program ended by itself. */
  void (*ended) (gpointer user_data);
} BlDesktopHelperEvents;

/** EVENTS is static. Returns: (transfer full), or %NULL with an error */
BlDesktopHelper *bl_desktop_helper_start (const BlDesktopTarget *target,
                                          const BlDesktopHelperOptions *options,
                                          const BlDesktopHelperEvents *events,
                                          gpointer user_data,
                                          GError **error);
/** Closes the link: the program ends by itself, and is killed when it does not within two seconds. */
void bl_desktop_helper_free (BlDesktopHelper *helper);
/** Returns: bytes that wait for the program */
gsize bl_desktop_helper_send (BlDesktopHelper *helper, guint8 kind, gconstpointer data, gsize length);
void bl_desktop_helper_resume (BlDesktopHelper *helper);
GPid bl_desktop_helper_get_pid (BlDesktopHelper *helper);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDesktopHelper, bl_desktop_helper_free)

G_END_DECLS
