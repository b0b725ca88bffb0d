// SPDX-License-Identifier: Apache-2.0
/** Checks the arguments of a request against the schema of its row. Pure. */
#pragma once

#include "bl-action-table.h"

G_BEGIN_DECLS

#define BL_ACTION_MAX_DEPTH 32u
#define BL_ACTION_MAX_VALUES 100000u

/**
 * bl_action_schema_check: the checked arguments of @request.
 * @domain: completes ids that are given as a bare third part
 * @bad: (out) (nullable) (transfer none): the argument that was refused
 * Returns: (transfer full): a{sv}, or %NULL with %BOWLINE_ERROR_INVALID: which argument, expected, found
 */
GVariant *bl_action_schema_check (const BlActionRow *row,
                                  GVariant *request,
                                  const char *domain,
                                  const BowlineArgument **bad,
                                  GError **error);

/** Returns: %FALSE with @error when @value nests deeper or holds more values than any request may. */
gboolean bl_action_schema_check_size (GVariant *value, GError **error);

/** Completes and checks an id: @kinds is "node", "mesh|ugrp", ...; a text without "/" is completed with the
 * first kind and @domain. Returns: (transfer full) (nullable) */
char *bl_action_schema_complete_id (const char *text, const char *kinds, const char *domain);

G_END_DECLS
