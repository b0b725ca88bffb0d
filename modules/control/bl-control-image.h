// SPDX-License-Identifier: Apache-2.0
/** Pictures of accounts. Main context; decoding is pure. */
#pragma once

#include "bl-control.h"

G_BEGIN_DECLS

#define BL_CONTROL_MAX_IMAGE 600000u /* characters of the text */

/**
 * bl_control_image_decode: a data: address of a PNG or JPEG picture.
 * @content_type: (out)
 * Returns: (transfer full) (nullable): the picture; %NULL when @text is none or its bytes are of another kind
 */
GBytes *bl_control_image_decode (const char *text, const char **content_type);
/** GET /userimage.ashx[?id=NAME] */
void bl_control_image_serve (BowlineHttpRequest *request, gpointer user_data);

G_END_DECLS
