// SPDX-License-Identifier: Apache-2.0
/** BlGuests: the pages that people without an account open by a link. Main context. */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

typedef struct _BlGuests BlGuests;

BlGuests *bl_guests_new (BowlineHost *host, GError **error);
void bl_guests_free (BlGuests *guests);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlGuests, bl_guests_free)

G_END_DECLS
