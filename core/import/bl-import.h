// SPDX-License-Identifier: Apache-2.0
/**
 * BlImport: taking over the data folder of a MeshCentral server (migration.md): certificates, documents,
 * events, files. Main context; blocks while it reads, so only for a server without network.
 */
#pragma once

#include "bl-directory.h"
#include "bl-import-report.h"
#include "bl-store.h"

G_BEGIN_DECLS

typedef struct
{
  BlStore *store;
  BlDirectory *directory;
  const char *data_dir;
  const char *path; /* of the folder, or of an export in it */
  gboolean dry_run;
  gboolean replace; /* documents that are here already give way */
} BlImportOptions;

/**
 * bl_import_async: may be broken off at any moment and repeated: what is here already is found again.
 * @options: copied
 */
void bl_import_async (const BlImportOptions *options, GAsyncReadyCallback callback, gpointer user_data);
/** Returns: (transfer full): the report, a{sv}, or %NULL with the reason; a part may have been taken over
 * then */
GVariant *bl_import_finish (GAsyncResult *result, GError **error);

/** Registers the action "import-meshcentral" of the local socket. Borrowed. @maintenance: without it, it
 * refuses */
gboolean bl_import_register (
    BlStore *store, BlDirectory *directory, const char *data_dir, gboolean maintenance, GError **error);

G_END_DECLS
