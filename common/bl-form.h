// SPDX-License-Identifier: Apache-2.0
/* Bodies of forms that browsers send (application/x-www-form-urlencoded). Pure; any thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Fields beyond this many are not looked at. */
#define BL_FORM_MAX_FIELDS 16u
/** A longer body has no fields. */
#define BL_FORM_MAX_BYTES 65536u

/**
 * bl_form_dup_field: the first field @name of @body.
 * @body: (nullable): @size bytes
 * Returns: (transfer full) (nullable): its value as UTF-8 without NUL; %NULL when there is none, or it is no such text
 */
char *bl_form_dup_field (const char *body, gsize size, const char *name);

G_END_DECLS
