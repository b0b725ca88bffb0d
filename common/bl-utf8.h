// SPDX-License-Identifier: Apache-2.0
/* UTF-8 checks for text from peers: RFC 3629, NUL allowed, ASCII eight bytes at a time. Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** bl_utf8_valid_prefix: Returns: how many leading bytes of @text form complete, valid characters. */
gsize bl_utf8_valid_prefix (const char *text, gsize len);

/** bl_utf8_is_valid: TRUE when all @len bytes are valid UTF-8; NUL is an ordinary character. */
gboolean bl_utf8_is_valid (const char *text, gsize len);

/**
 * bl_utf8_clean:
 * @max_chars: longest answer in characters
 * @keep_newlines: keep TAB, LF and CR; every other control character (C0, DEL, C1, bidirectional overrides)
 * goes
 *
 * Makes text from a device safe to store and show (K2). Invalid bytes become U+FFFD.
 *
 * Returns: (transfer full): valid UTF-8 without NUL
 */
char *bl_utf8_clean (const char *text, gsize len, gsize max_chars, gboolean keep_newlines);

/**
 * bl_show:
 * Returns: (transfer full): @text fit for an error message or a log line: cleaned, one line, at most 80
 * characters
 */
char *bl_show (const char *text, gsize len);

G_END_DECLS
