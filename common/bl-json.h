// SPDX-License-Identifier: Apache-2.0
/*
 * JSON (RFC 8259, strict) to GVariant and back. Object a{sv}, array av, string s, integer x, other number d,
 * boolean b, null `mv` nothing. The parser writes GVariant's own serialised form in one pass: one allocation
 * per document, no tree. Pure; any thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-limits.h"

G_BEGIN_DECLS

/* Limits of one parse; 0 in a field means the default of bl-limits.h. */
typedef struct
{
  gsize max_bytes;  /* of input */
  gsize max_string; /* bytes of one string or key, after unescaping */
  guint max_depth;
  guint max_values; /* values in the whole document */
} BlJsonLimits;

typedef enum
{
  BL_JSON_DEFAULT = 0,
  /* Bad UTF-8, lone surrogates and \u0000 become U+FFFD; without it they are errors. */
  BL_JSON_REPLACE_INVALID_UTF8 = 1 << 0,
} BlJsonFlags;

/**
 * bl_json_parse:
 * @text: need not be NUL-terminated
 * @limits: (nullable): NULL for the limits of the control channel
 *
 * A key that occurs twice keeps its last value. Integers beyond 64 bits become doubles; numbers beyond a
 * double are refused.
 *
 * Returns: (transfer full): the value, not floating; NULL with %BL_ERROR_INVALID or %BL_ERROR_TOO_LARGE and a
 * message with line, offset, what was expected and what was found
 */
GVariant *
bl_json_parse (const char *text, gsize len, const BlJsonLimits *limits, BlJsonFlags flags, GError **error);

/** bl_json_parse_object: as bl_json_parse(), and the value must be an object: the answer is of type a{sv}. */
GVariant *bl_json_parse_object (
    const char *text, gsize len, const BlJsonLimits *limits, BlJsonFlags flags, GError **error);

/**
 * bl_json_append:
 * @value: besides the parser's types also y, n, q, i, u, t, as, o, g, v, m*, any array, tuple (as an array)
 * and dictionary with string keys; not ay, not h
 *
 * Returns: FALSE with %BL_ERROR_UNSUPPORTED for a type or number (NaN, infinity) that JSON cannot say; then
 * @out is as before
 */
gboolean bl_json_append (GString *out, GVariant *value, GError **error);

/** bl_json_append_string: appends @text as a quoted JSON string. @text must be UTF-8. */
void bl_json_append_string (GString *out, const char *text);

/**
 * bl_json_from_variant: Returns: (transfer full) (nullable): the text, NUL-terminated behind the bytes' end
 */
GBytes *bl_json_from_variant (GVariant *value, GError **error);

/** bl_json_to_string: Returns: (transfer full) (nullable): the text */
char *bl_json_to_string (GVariant *value, GError **error);

G_END_DECLS
