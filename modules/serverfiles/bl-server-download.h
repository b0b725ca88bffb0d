// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

/**
 * bl_server_download: answers @request with a file, in pieces as the client takes them. Main context.
 * @fd: (transfer full): a regular file of @size bytes; what grows later is not sent, what shrinks breaks the answer off
 * @name: what the client is told to call it
 */
void bl_server_download (BowlineHttpRequest *request, int fd, guint64 size, const char *name);

G_END_DECLS
