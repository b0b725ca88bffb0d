// SPDX-License-Identifier: Apache-2.0
/*
 * Archives in POSIX ustar form, as far as back-ups need them: plain files with short, safe names. Pure; any
 * thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_USTAR_BLOCK 512u
#define BL_USTAR_MAX_NAME 100u
/* Eleven octal digits. */
#define BL_USTAR_MAX_SIZE G_GUINT64_CONSTANT (077777777777)

typedef struct
{
  char name[BL_USTAR_MAX_NAME + 1];
  guint64 size;
  guint mode;
  gint64 mtime; /* seconds */
} BlUstarEntry;

typedef enum
{
  BL_USTAR_ENTRY,
  BL_USTAR_END, /* a block of zeros */
  BL_USTAR_BAD,
} BlUstarResult;

/**
 * bl_ustar_name_is_safe: relative, no empty part, no "." or "..", no backslash or control character, at most
 * %BL_USTAR_MAX_NAME bytes of ASCII (K8)
 */
gboolean bl_ustar_name_is_safe (const char *name);

/** bl_ustar_write: Returns: FALSE when name or size do not fit */
gboolean bl_ustar_write (const BlUstarEntry *entry, guint8 block[BL_USTAR_BLOCK]);

/** bl_ustar_read: a header of a plain file with a safe name; everything else is refused. */
BlUstarResult bl_ustar_read (const guint8 block[BL_USTAR_BLOCK], BlUstarEntry *entry, GError **error);

/** bl_ustar_padding: zeros behind @size bytes of content. */
static inline gsize
bl_ustar_padding (guint64 size)
{
  return (gsize)((BL_USTAR_BLOCK - size % BL_USTAR_BLOCK) % BL_USTAR_BLOCK);
}

G_END_DECLS
