// SPDX-License-Identifier: Apache-2.0
/**
 * BlActionTable: the rows of all actions, by name, as copies of what modules registered.
 */
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

#define BL_ACTION_MAX_ROWS 1024u
#define BL_ACTION_MAX_ARGUMENTS 64u

typedef struct
{
  gatomicrefcount count;
  BowlineHost *owner;
  gpointer user_data;
  BowlineAction action; /* own copies of all that it points to */
} BlActionRow;

typedef struct _BlActionTable BlActionTable;

BlActionTable *bl_action_table_new (void);
void bl_action_table_free (BlActionTable *table);
/** Checks and copies rows, all or none. Tables of an older minor version are shorter; what they lack is 0. */
gboolean bl_action_table_add (BlActionTable *table,
                              BowlineHost *owner,
                              const BowlineAction *actions,
                              guint32 n_actions,
                              gpointer user_data,
                              GError **error);
/** Removes the rows of a plugin; calls under way keep theirs. */
void bl_action_table_remove_owner (BlActionTable *table, BowlineHost *owner);
/** Returns: (transfer none) (nullable) */
BlActionRow *bl_action_table_lookup (BlActionTable *table, const char *name);
/** Returns: (transfer container) (element-type BlActionRow): sorted by name */
GPtrArray *bl_action_table_list (BlActionTable *table);

BlActionRow *bl_action_row_ref (BlActionRow *row);
void bl_action_row_unref (BlActionRow *row);
/** Returns: (transfer none) (nullable): the argument called @name */
const BowlineArgument *bl_action_row_find (const BlActionRow *row, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlActionTable, bl_action_table_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlActionRow, bl_action_row_unref)

G_END_DECLS
