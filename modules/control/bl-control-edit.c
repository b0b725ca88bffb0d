// SPDX-License-Identifier: Apache-2.0
#include "bl-control-edit.h"

void
bl_control_edit_init (BlControlEdit *edit, BlControl *control)
{
  edit->control = control;
  edit->documents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
}

void
bl_control_edit_clear (BlControlEdit *edit)
{
  g_clear_pointer (&edit->documents, g_hash_table_unref);
}

GVariant *
bl_control_edit_dup (BlControlEdit *edit, const char *id)
{
  GVariant *document = g_hash_table_lookup (edit->documents, id);

  return document != NULL ? g_variant_ref (document) : bowline_directory_dup (edit->control->host, id);
}

void
bl_control_edit_put (BlControlEdit *edit, const char *id, GVariant *document)
{
  g_hash_table_replace (edit->documents, g_strdup (id), document);
}

gboolean
bl_control_edit_is_empty (BlControlEdit *edit)
{
  return g_hash_table_size (edit->documents) == 0;
}

static void
set_side (BlControlEdit *edit, const char *id, const char *other, guint32 rights, const char *name)
{
  g_autoptr (GVariant) document = bl_control_edit_dup (edit, id);
  g_autoptr (GVariant) link = NULL;
  g_autoptr (GVariant) with_rights = NULL;

  if (document == NULL)
    return;
  if (rights == 0)
    {
      bl_control_edit_put (edit, id, bl_control_set_link (document, other, NULL));
      return;
    }
  link = bl_control_dup_link (document, other);
  with_rights = bl_doc_set_int (link, "rights", rights);
  if (name != NULL)
    {
      g_autoptr (GVariant) named = bl_doc_set_string (with_rights, "name", name);

      bl_control_edit_put (edit, id, bl_control_set_link (document, other, named));
    }
  else
    bl_control_edit_put (edit, id, bl_control_set_link (document, other, with_rights));
}

void
bl_control_edit_link (BlControlEdit *edit, const char *holder, const char *object, guint32 rights)
{
  g_autofree char *name
      = g_str_has_prefix (object, "mesh/") ? bl_control_dup_name (edit->control, holder) : NULL;

  set_side (edit, holder, object, rights, NULL);
  set_side (edit, object, holder, rights, name);
}

void
bl_control_edit_finish (BlControlEdit *edit, BlControlChange *change)
{
  GHashTableIter iter;
  gpointer document;

  bl_control_change_init (change);
  g_hash_table_iter_init (&iter, edit->documents);
  while (g_hash_table_iter_next (&iter, NULL, &document))
    bl_control_change_put (change, g_variant_ref (document));
  bl_control_edit_clear (edit);
}
