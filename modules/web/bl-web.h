// SPDX-License-Identifier: Apache-2.0
// The page on the server's ports.
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

typedef struct _BlWeb BlWeb;

/** Loads the page's files and registers the endpoints. Main context. */
BlWeb *bl_web_new (BowlineHost *host, GError **error);
void bl_web_free (BlWeb *web);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlWeb, bl_web_free)

G_END_DECLS
