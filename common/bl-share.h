// SPDX-License-Identifier: Apache-2.0
/*
 * Device shares: what a document `deviceshare-<pid>` allows a guest, and when (web-http.md section 5). Pure;
 * any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* `p` of a share: what the guest may open. */
#define BL_SHARE_TERMINAL 1u
#define BL_SHARE_DESKTOP 2u
#define BL_SHARE_FILES 4u
#define BL_SHARE_HTTP 8u
#define BL_SHARE_HTTPS 16u

/* `recurring` */
#define BL_SHARE_DAILY 1
#define BL_SHARE_WEEKLY 2

#define BL_SHARE_PREFIX "deviceshare-"

typedef enum
{
  BL_SHARE_OPEN,
  BL_SHARE_EARLY, /* its window, or the next one, has not begun */
  BL_SHARE_OVER,  /* it will not open again; also when the document makes no sense */
} BlShareState;

/* The window that is open, or the next one. */
typedef struct
{
  BlShareState state;
  gint64 start_ms; /* 0: none */
  gint64 end_ms;   /* 0: never */
} BlShareWindow;

/** bl_share_window: @share: (nullable): the document; @now_ms: since the epoch */
BlShareWindow bl_share_window (GVariant *share, gint64 now_ms);

/** bl_share_restrictions: Returns: the restriction bits a guest has beside those of whoever shares. */
guint32 bl_share_restrictions (GVariant *share);

/** bl_share_allowed: Returns: whether @rights on a device are enough to share it, and to keep shares alive.
 */
gboolean bl_share_allowed (guint32 rights);

/** bl_share_protocols_allowed: Returns: whether whoever has @rights may share all of @protocols. */
gboolean bl_share_protocols_allowed (guint32 rights, guint32 protocols);

G_END_DECLS
