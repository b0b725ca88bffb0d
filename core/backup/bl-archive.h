// SPDX-License-Identifier: Apache-2.0
/**
 * The archive of a back-up: a ustar file with manifest.json first, which names every other member with its
 * size and SHA-384. Any thread, blocks.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_ARCHIVE_FORMAT 1
#define BL_ARCHIVE_MAX_MEMBERS 256u
#define BL_ARCHIVE_MAX_MANIFEST (256u * 1024u)
#define BL_ARCHIVE_STORE "bowline.db"
#define BL_ARCHIVE_CERTS "certs"

typedef struct
{
  char *name; /* inside the archive */
  char *path;
} BlArchiveMember;

/** Returns: (transfer full) (element-type BlArchiveMember): an empty list */
GPtrArray *bl_archive_members_new (void);
void bl_archive_members_add (GPtrArray *members, const char *name, const char *path);

/** Returns: whether @name is one a back-up has: the store, or a file in certs/ */
gboolean bl_archive_name_is_known (const char *name);

/**
 * bl_archive_write: writes @members into the new file @path, of mode 0600, which appears complete or not at
 * all.
 * @version: of this program
 * Fails when there is such a file.
 */
gboolean bl_archive_write (const char *path, GPtrArray *members, const char *version, GError **error);

/**
 * bl_archive_extract: reads a whole archive and checks every byte of it while it writes the members below
 * @to.
 * @to: an empty directory of mode 0700; only complete when this returns %TRUE
 */
gboolean bl_archive_extract (const char *path, const char *to, GError **error);

/** bl_archive_sync_directory: what was named in @path is on the disk */
gboolean bl_archive_sync_directory (const char *path, GError **error);

G_END_DECLS
