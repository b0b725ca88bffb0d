// SPDX-License-Identifier: Apache-2.0
/**
 * What stands before and behind one file to make it a ZIP archive with that one file, not compressed: programs hardly get
 * smaller, and so the file can be sent as it is. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: CRC-32 as ZIP wants it */
guint32 bl_agent_zip_crc (const guint8 *data, gsize size);

/**
 * @name: of the file in the archive; @time: seconds since 1970
 * @head, @tail: (out) (transfer full)
 */
void bl_agent_zip_wrap (const char *name, gint64 time, guint32 size, guint32 crc, GBytes **head, GBytes **tail);

G_END_DECLS
