// SPDX-License-Identifier: Apache-2.0
/** Several changes to the same documents before one commit. Main context. */
#pragma once

#include "bl-control-documents.h"

G_BEGIN_DECLS

typedef struct
{
  BlControl *control;
  GHashTable *documents; /* id -> GVariant as it will be */
} BlControlEdit;

void bl_control_edit_init (BlControlEdit *edit, BlControl *control);
void bl_control_edit_clear (BlControlEdit *edit);
/** Returns: (transfer full) (nullable): the document with what was changed so far. */
GVariant *bl_control_edit_dup (BlControlEdit *edit, const char *id);
/** @document: (transfer full) */
void bl_control_edit_put (BlControlEdit *edit, const char *id, GVariant *document);
/**
 * bl_control_edit_link: sets or removes (@rights 0) the rights of @holder (account or user group) on @object
 * (group or device), in both documents. Other members of a link stay. A link on a group also holds the
 * holder's name.
 */
void bl_control_edit_link (BlControlEdit *edit, const char *holder, const char *object, guint32 rights);
gboolean bl_control_edit_is_empty (BlControlEdit *edit);
/** Moves everything into @change, which is initialised here; @edit is cleared. */
void bl_control_edit_finish (BlControlEdit *edit, BlControlChange *change);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlControlEdit, bl_control_edit_clear)

G_END_DECLS
