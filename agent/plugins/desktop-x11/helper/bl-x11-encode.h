// SPDX-License-Identifier: Apache-2.0
/* Pictures of rectangles as JPEG or WebP. One thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BlX11Encoder BlX11Encoder;

/** Returns: (transfer full) (nullable): %NULL when the libraries refuse */
BlX11Encoder *bl_x11_encoder_new (void);
void bl_x11_encoder_free (BlX11Encoder *encoder);

/**
 * bl_x11_encoder_run:
 * @pixels: first pixel, 4 bytes each (blue, green, red, unused), @stride bytes a row
 * @quality: 1..100
 * @length: (out): of the picture
 *
 * Returns: (transfer none) (nullable): the picture, valid until the next call; %NULL when it failed
 */
const guint8 *bl_x11_encoder_run (BlX11Encoder *encoder,
                                  const guint8 *pixels,
                                  int width,
                                  int height,
                                  gsize stride,
                                  guint8 quality,
                                  gboolean webp,
                                  gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlX11Encoder, bl_x11_encoder_free)

G_END_DECLS
