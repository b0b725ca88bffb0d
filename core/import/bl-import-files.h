// SPDX-License-Identifier: Apache-2.0
/** The files people kept on another server (meshcentral-files beside its data folder). Any thread, blocks. */
#pragma once

#include "bl-import-report.h"

G_BEGIN_DECLS

#define BL_IMPORT_FILES_MAX_DEPTH 32u
#define BL_IMPORT_FILES_MAX 10000000u

/**
 * bl_import_files: copies the default domain's areas of accounts and device groups to @to; what is there
 * already stays.
 * @from: the folder; nothing happens when there is none
 * @to: DATA/files; made with the first file
 * Symbolic links, devices and the like are left.
 */
gboolean
bl_import_files (const char *from, const char *to, gboolean dry_run, BlImportReport *report, GError **error);

G_END_DECLS
