// SPDX-License-Identifier: Apache-2.0
/**
 * BlImportSource: the meshcentral-data folder of another server, opened for reading only. Any thread, blocks.
 *
 * Nothing in the folder is written, locked, or opened by a program that might; a SQLite file is read from a
 * copy.
 */
#pragma once

#include "common/bl-nedb.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_IMPORT_MAX_CONFIG (4u * 1024u * 1024u)
#define BL_IMPORT_MAX_FILE (G_GUINT64_CONSTANT (8) * 1024u * 1024u * 1024u) /* of a database file */

typedef struct _BlImportSource BlImportSource;

/**
 * bl_import_source_open:
 * @path: the folder, or a file with a JSON export in it
 * @scratch: directory for copies
 * Refuses a folder whose server runs, and one that has no database that can be read.
 */
BlImportSource *bl_import_source_open (const char *path, const char *scratch, GError **error);
void bl_import_source_free (BlImportSource *source);

/** Returns: (transfer none) (nullable): config.json, a{sv}, with the keys as they were written */
GVariant *bl_import_source_get_config (BlImportSource *source);
/** Returns: (transfer full) (nullable): setting @name (any case) of section "settings" */
GVariant *bl_import_source_dup_setting (BlImportSource *source, const char *name);
/** Returns: (transfer none): path of the folder */
const char *bl_import_source_get_path (BlImportSource *source);
/** Returns: (transfer none): what the documents are read from, for people */
const char *bl_import_source_get_database (BlImportSource *source);

/**
 * bl_import_source_read_file: Returns: (transfer full) (nullable): a file of the folder; %NULL without @error
 * when there is none
 */
GBytes *bl_import_source_read_file (BlImportSource *source, const char *name, gsize max, GError **error);

typedef enum
{
  BL_IMPORT_TABLE_MAIN,
  BL_IMPORT_TABLE_EVENTS,
  BL_IMPORT_TABLE_POWER,
  BL_IMPORT_TABLE_STATISTICS,
} BlImportTable;

/**
 * bl_import_source_read: all documents of one kind of file or table, with opened secrets and plain keys.
 * @stats: (out)
 * Returns: (transfer full) (element-type GVariant): empty when the source has no such table
 */
GPtrArray *
bl_import_source_read (BlImportSource *source, BlImportTable table, BlNedbStats *stats, GError **error);

/**
 * bl_import_find_running: looks for a process of this machine that is a MeshCentral server with the folder
 * @path. Returns: its process id, or 0
 */
int bl_import_find_running (const char *path);

/** bl_import_read_sqlite: reads column "doc" of @table from the SQLite file @path, which may be written
 * beside. Returns: (transfer full) (element-type GVariant) */
GPtrArray *bl_import_read_sqlite (const char *path, const char *table, BlNedbStats *stats, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlImportSource, bl_import_source_free)

G_END_DECLS
