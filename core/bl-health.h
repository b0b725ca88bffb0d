// SPDX-License-Identifier: Apache-2.0
// /health.ashx: whether the server can do its work. 200 "ok" when changes are kept, 503 with the reason when they are not.
#pragma once

#include "bl-store.h"

G_BEGIN_DECLS

/** Registers the endpoint; STORE is borrowed. Main context. */
gboolean bl_health_register (BlStore *store, GError **error);

G_END_DECLS
