// SPDX-License-Identifier: Apache-2.0
/* Windows virtual keys, as viewers send them, to X key symbols. Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** bl_x11_key_symbol: Returns: the symbol of the key @vk on a US keyboard, unshifted; 0 when there is none */
guint32 bl_x11_key_symbol (guint8 vk, gboolean extended);

/**
 * bl_x11_key_is_text: TRUE for keys that write or correct text and move in it; FALSE for modifiers other than
 * shift, function and system keys. What "limited input" leaves is exactly this.
 */
gboolean bl_x11_key_is_text (guint8 vk);

G_END_DECLS
