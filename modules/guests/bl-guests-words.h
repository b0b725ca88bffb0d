// SPDX-License-Identifier: Apache-2.0
/** The languages of the pages without script. Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_GUESTS_MAX_ACCEPT 1024u
#define BL_GUESTS_MAX_RANGES 32u

/** Which of our languages a browser likes best. @accept: (nullable): the header Accept-Language (RFC 9110, 12.5.4), any
 * content. Returns: (transfer none): "en" or "de" */
const char *bl_guests_language (const char *accept);
/** @english: one of the sentences of these pages. Returns: (transfer none): it in @language, or @english itself */
const char *bl_guests_say (const char *language, const char *english);

G_END_DECLS
