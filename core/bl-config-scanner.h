// SPDX-License-Identifier: Apache-2.0
/**
 * A thin line scanner beside GKeyFile, which does not tell line numbers: which key stands on which line.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *section;
  char *key;
  guint line;
} BlConfigPlace;

void bl_config_place_free (BlConfigPlace *place);

/**
 * bl_config_scan: pure. @name: of the file, for messages
 * Returns: (transfer full) (element-type BlConfigPlace): in the order of the file; or %NULL with an error
 * that names the line: not UTF-8, no key, a key before any section, a key given twice
 */
GPtrArray *bl_config_scan (const char *name, const char *data, gsize length, GError **error);

G_END_DECLS
