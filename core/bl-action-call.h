// SPDX-License-Identifier: Apache-2.0
/**
 * The dispatcher: finds the row, checks arguments and rights, runs the handler, answers and audits; behind
 * <bowline/action.h>.
 */
#pragma once

#include "bl-action-table.h"

G_BEGIN_DECLS

/** Installs BowlineActionOps and BowlineActionCallOps over one process-wide table. Main context. */
void bl_action_install (void);
void bl_action_uninstall (void);
/** Returns: (transfer none): the table behind the installed functions, for help and reference texts. */
BlActionTable *bl_action_get_table (void);
/** A plugin was deactivated: its rows are gone. */
void bl_action_remove_plugin (BowlineHost *plugin);
/** While the store is not healthy, rows with BOWLINE_ACTION_CHANGES are refused. */
void bl_action_set_store_healthy (gboolean healthy);
/** Returns: requests that named no action a caller may know of. */
guint64 bl_action_get_unknown_count (void);

G_END_DECLS
