// SPDX-License-Identifier: Apache-2.0
/*
 * MeshCentral's own database files and its JSON export (migration.md sections 2 and 3): append-only lines,
 * the last one of an id wins. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One line, or one document of an export. */
#define BL_NEDB_MAX_LINE (16u * 1024u * 1024u)
/* Documents of one file. */
#define BL_NEDB_MAX_DOCUMENTS 20000000u
/* Bad lines a strict reading tolerates, as MeshCentral does. */
#define BL_NEDB_MAX_BAD_PERCENT 10u
#define BL_NEDB_KEY_SIZE 32

typedef struct
{
  guint lines;   /* all that are not empty */
  guint bad;     /* neither a document nor one of the marks */
  guint deletes; /* marks that end a document */
  gboolean torn; /* the last line has no end: the program died while it wrote */
} BlNedbStats;

/** bl_nedb_derive_key: the key of both kinds of encryption from its text in the configuration. */
void bl_nedb_derive_key (const char *text, guint8 key[BL_NEDB_KEY_SIZE]);

/**
 * bl_nedb_read:
 * @data: need not be NUL-terminated
 * @key: (nullable): BL_NEDB_KEY_SIZE bytes when each line is encrypted
 * @strict: fail when more than one line in ten is bad; otherwise any number is skipped
 * @stats: (out)
 *
 * Dates become milliseconds since the epoch. Keys stay as they are stored, see bl_nedb_unescape().
 *
 * Returns: (transfer full) (element-type GVariant): the last state of each document, a{sv} with "_id", in
 * order of first appearance; NULL with %BL_ERROR_INVALID, or %BL_ERROR_AUTH when not one line opens with @key
 */
GPtrArray *bl_nedb_read (
    const char *data, gsize len, const guint8 *key, gboolean strict, BlNedbStats *stats, GError **error);

/**
 * bl_nedb_read_export: as bl_nedb_read() for what --dbexport writes: one array of documents.
 */
GPtrArray *bl_nedb_read_export (const char *data, gsize len, BlNedbStats *stats, GError **error);

/** bl_nedb_unescape_key: Returns: (transfer full): a key of links, ssh, rdp or netif2 as it was meant */
char *bl_nedb_unescape_key (const char *key);

/** bl_nedb_unescape: Returns: (transfer full): @document with the keys of these members as they were meant */
GVariant *bl_nedb_unescape (GVariant *document);

/** bl_nedb_escape_key, bl_nedb_escape: the opposite of unescaping, for an export. Returns: (transfer full) */
char *bl_nedb_escape_key (const char *key);
GVariant *bl_nedb_escape (GVariant *document);

/**
 * bl_nedb_open_record: puts the members that are sealed in `_CRYPT` back into the document, and into its
 * intelamt, amt and kvm.
 * @key: (nullable): NULL refuses documents that have sealed members
 *
 * Returns: (transfer full): or NULL with %BL_ERROR_AUTH
 */
GVariant *bl_nedb_open_record (GVariant *document, const guint8 *key, GError **error);

/** bl_nedb_parse_time: ms since the epoch from a number or an ISO 8601 text; @fallback for anything else. */
gint64 bl_nedb_parse_time (GVariant *document, const char *key, gint64 fallback);

G_END_DECLS
