// SPDX-License-Identifier: Apache-2.0
/* Files that people keep on the server, their own and those of device groups. Main context. */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

typedef struct _BlServerFiles BlServerFiles;

/** bl_server_files_new: registers actions and endpoints. */
BlServerFiles *bl_server_files_new (BowlineHost *host, GError **error);
/** bl_server_files_free: waits for the operation that is running. */
void bl_server_files_free (BlServerFiles *self);

G_END_DECLS
