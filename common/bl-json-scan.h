// SPDX-License-Identifier: Apache-2.0
/* The inner loop of JSON texts, for parser and writer: eight bytes at a time. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_json_plain_run: Returns: how many bytes of @text come before a quote, a backslash or a control
 * character
 */
static inline gsize
bl_json_plain_run (const char *text, gsize len)
{
  gsize i = 0;
  guint64 w;
  for (; len - i >= sizeof w; i += sizeof w)
    {
      __builtin_memcpy (&w, text + i, sizeof w);
      /* Zero-byte tests on the word XORed with each of the two characters; below 0x20 by borrow. */
      guint64 ones = 0x0101010101010101u, highs = 0x8080808080808080u;
      guint64 quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
      if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - ones * 0x20) & ~w)) & highs)
        break;
    }
  while (i < len && text[i] != '"' && text[i] != '\\' && (guint8)text[i] >= 0x20)
    i++;
  return i;
}

G_END_DECLS
