// SPDX-License-Identifier: Apache-2.0
/*
 * Spare keys: key codes without a symbol, which get those that the keyboard map lacks. Programs ask for the
 * map late, when they come to a key that was pressed; so a key that was used a moment ago must keep its
 * symbol. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_X11_SPARE_MAX 16u
/* Programs on a busy device are late by half a second and more, after a dozen changes of the map. */
#define BL_X11_SPARE_REST_US G_USEC_PER_SEC

typedef struct
{
  guint8 code;
  gboolean held;  /* by the viewer: it keeps its symbol */
  guint32 symbol; /* 0: free */
  gint64 used;    /* when it was last pressed, us */
} BlX11SpareKey;

typedef struct
{
  BlX11SpareKey keys[BL_X11_SPARE_MAX];
  guint n;
} BlX11Spare;

/** bl_x11_spare_add: @code has no symbol. @used: when somebody may have pressed it, us; 0 for never */
void bl_x11_spare_add (BlX11Spare *spare, guint8 code, gint64 used);

/** bl_x11_spare_find: Returns: (nullable): the spare key with @code */
BlX11SpareKey *bl_x11_spare_find (BlX11Spare *spare, guint8 code);

/** bl_x11_spare_with: Returns: (nullable): the spare key that has @symbol */
BlX11SpareKey *bl_x11_spare_with (BlX11Spare *spare, guint32 symbol);

/**
 * bl_x11_spare_take: gives @symbol the key that was not used for longest, or the one that it has
 * @fresh: (out): whether the keyboard map must be told
 * @wait: (out): us after which to ask again when %NULL is returned, 0 when that makes no sense
 *
 * Returns: (nullable): the key, used at @now
 */
BlX11SpareKey *
bl_x11_spare_take (BlX11Spare *spare, guint32 symbol, gint64 now, gboolean *fresh, gint64 *wait);

G_END_DECLS
