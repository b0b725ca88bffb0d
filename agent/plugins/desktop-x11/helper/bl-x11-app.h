// SPDX-License-Identifier: Apache-2.0
/* BlX11App: one viewer's desktop: the screen, its input, its clipboard, and the link to the agent. One
 * thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean view_only; /* the viewer may look */
  gboolean limited;   /* the viewer may write text, and not use other keys */
  gboolean unlock;    /* a helper before this one ended with the device's input locked */
} BlX11Options;

/** Serves the link on @fd until it or the display ends. Returns: exit status */
int bl_x11_app_run (int fd, const BlX11Options *options);

G_END_DECLS
