// SPDX-License-Identifier: Apache-2.0
/* Copies rows out of modules' tables and finds them by name. */
#include "bl-action-table.h"

#include <string.h>

struct _BlActionTable
{
  GHashTable *rows; /* name -> BlActionRow */
};

BlActionTable *
bl_action_table_new (void)
{
  BlActionTable *self = g_new0 (BlActionTable, 1);

  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)bl_action_row_unref);
  return self;
}

void
bl_action_table_free (BlActionTable *self)
{
  g_hash_table_unref (self->rows);
  g_free (self);
}

BlActionRow *
bl_action_row_ref (BlActionRow *row)
{
  g_atomic_ref_count_inc (&row->count);
  return row;
}

void
bl_action_row_unref (BlActionRow *row)
{
  if (!g_atomic_ref_count_dec (&row->count))
    return;
  for (guint i = 0; i < row->action.n_arguments; i++)
    {
      const BowlineArgument *argument = &row->action.arguments[i];

      g_free ((char *)argument->name);
      g_free ((char *)argument->detail);
      g_free ((char *)argument->problem);
    }
  g_free ((BowlineArgument *)row->action.arguments);
  g_free ((char *)row->action.name);
  g_free ((char *)row->action.summary);
  g_free ((char *)row->action.object);
  g_free ((char *)row->action.denied);
  g_free (row);
}

const BowlineArgument *
bl_action_row_find (const BlActionRow *row, const char *name)
{
  for (guint i = 0; i < row->action.n_arguments; i++)
    {
      if (g_str_equal (row->action.arguments[i].name, name))
        return &row->action.arguments[i];
    }
  return NULL;
}

static gboolean
refuse (GError **error, const BowlineAction *action, const char *what, const char *detail)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "action \"%s\": %s%s%s",
               action->name != NULL ? action->name : "", what, detail != NULL ? ": " : "",
               detail != NULL ? detail : "");
  return FALSE;
}

static gboolean
check_argument (const BlActionRow *row, guint index, GError **error)
{
  const BowlineAction *action = &row->action;
  const BowlineArgument *argument = &action->arguments[index];
  gboolean needs_detail = argument->type == BOWLINE_ARGUMENT_ID || argument->type == BOWLINE_ARGUMENT_CHOICE;
  gboolean needs_max = argument->type == BOWLINE_ARGUMENT_STRING || argument->type == BOWLINE_ARGUMENT_OBJECT;

  if (argument->name == NULL || *argument->name == '\0')
    return refuse (error, action, "an argument has no name", NULL);
  if (argument->type < BOWLINE_ARGUMENT_STRING || argument->type > BOWLINE_ARGUMENT_ANY)
    return refuse (error, action, "unknown type of argument", argument->name);
  if (argument->min > argument->max)
    return refuse (error, action, "smallest value above the largest of argument", argument->name);
  if (needs_max && argument->max == 0)
    return refuse (error, action, "no max for argument", argument->name);
  if (needs_detail && (argument->detail == NULL || *argument->detail == '\0'))
    return refuse (error, action, "no detail for argument", argument->name);
  if ((argument->flags & BOWLINE_ARGUMENT_LIST) != 0 && argument->list_max == 0)
    return refuse (error, action, "no list_max for argument", argument->name);
  if (bl_action_row_find (row, argument->name) != argument)
    return refuse (error, action, "twice the argument", argument->name);
  return TRUE;
}

static gboolean
check_row (const BlActionRow *row, GError **error)
{
  const BowlineAction *action = &row->action;
  const BowlineArgument *object;
  gsize length = action->name != NULL ? strlen (action->name) : 0;

  if (length < 3 || length > 32)
    return refuse (error, action, "a name has 3 to 32 characters", NULL);
  if (action->run == NULL)
    return refuse (error, action, "no function to run", NULL);
  for (guint i = 0; i < action->n_arguments; i++)
    {
      if (!check_argument (row, i, error))
        return FALSE;
    }
  if (action->object == NULL)
    return action->object_rights == 0 || refuse (error, action, "object rights without an object", NULL);
  object = bl_action_row_find (row, action->object);
  if (object == NULL || object->type != BOWLINE_ARGUMENT_ID)
    return refuse (error, action, "the object is no argument of type ID", action->object);
  return TRUE;
}

static const BowlineArgument *
copy_arguments (const BowlineAction *action, guint32 size)
{
  BowlineArgument *copy = g_new0 (BowlineArgument, action->n_arguments);

  for (guint i = 0; i < action->n_arguments; i++)
    {
      memcpy (&copy[i], (const char *)action->arguments + (gsize)i * size, MIN (size, sizeof *copy));
      copy[i].name = g_strdup (copy[i].name);
      copy[i].detail = g_strdup (copy[i].detail);
      copy[i].problem = g_strdup (copy[i].problem);
    }
  return copy;
}

static BlActionRow *
copy_row (BowlineHost *owner, gpointer user_data, const BowlineAction *source, GError **error)
{
  g_autoptr (BlActionRow) row = g_new0 (BlActionRow, 1);
  guint32 count = source->n_arguments;
  guint32 size = source->argument_size;

  g_atomic_ref_count_init (&row->count);
  row->owner = owner;
  row->user_data = user_data;
  if (source->struct_size < G_STRUCT_OFFSET (BowlineAction, denied))
    {
      refuse (error, source, "struct_size is too small", NULL);
      return NULL;
    }
  if (count > BL_ACTION_MAX_ARGUMENTS
      || (count > 0 && (source->arguments == NULL || size < G_STRUCT_OFFSET (BowlineArgument, problem))))
    {
      refuse (error, source, "its table of arguments is not usable", NULL);
      return NULL;
    }
  memcpy (&row->action, source, MIN (source->struct_size, sizeof row->action));
  row->action.name = g_strdup (source->name);
  row->action.summary = g_strdup (source->summary);
  row->action.object = g_strdup (source->object);
  row->action.denied = g_strdup (row->action.denied);
  row->action.arguments = copy_arguments (source, size);
  row->action.argument_size = sizeof (BowlineArgument);
  if (!check_row (row, error))
    return NULL;
  return g_steal_pointer (&row);
}

static gboolean
is_taken (BlActionTable *self, GPtrArray *fresh, const char *name)
{
  for (guint i = 0; i < fresh->len; i++)
    {
      if (g_str_equal (((BlActionRow *)fresh->pdata[i])->action.name, name))
        return TRUE;
    }
  return g_hash_table_contains (self->rows, name);
}

gboolean
bl_action_table_add (BlActionTable *self,
                     BowlineHost *owner,
                     const BowlineAction *actions,
                     guint32 n_actions,
                     gpointer user_data,
                     GError **error)
{
  g_autoptr (GPtrArray) fresh = g_ptr_array_new_with_free_func ((GDestroyNotify)bl_action_row_unref);
  const char *at = (const char *)actions;

  if (g_hash_table_size (self->rows) + (gsize)n_actions > BL_ACTION_MAX_ROWS)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "more than %u actions", BL_ACTION_MAX_ROWS);
      return FALSE;
    }
  for (guint32 i = 0; i < n_actions; i++)
    {
      const BowlineAction *action = (const BowlineAction *)at;
      BlActionRow *row = copy_row (owner, user_data, action, error);

      if (row == NULL)
        return FALSE;
      if (is_taken (self, fresh, row->action.name))
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "action \"%s\" is registered already",
                       row->action.name);
          bl_action_row_unref (row);
          return FALSE;
        }
      g_ptr_array_add (fresh, row);
      at += action->struct_size;
    }
  for (guint i = 0; i < fresh->len; i++)
    {
      BlActionRow *row = fresh->pdata[i];

      g_hash_table_insert (self->rows, (char *)row->action.name, bl_action_row_ref (row));
    }
  return TRUE;
}

static gboolean
is_owned (gpointer name, gpointer row, gpointer owner)
{
  return ((BlActionRow *)row)->owner == owner;
}

void
bl_action_table_remove_owner (BlActionTable *self, BowlineHost *owner)
{
  g_hash_table_foreach_remove (self->rows, is_owned, owner);
}

BlActionRow *
bl_action_table_lookup (BlActionTable *self, const char *name)
{
  return g_hash_table_lookup (self->rows, name);
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(BlActionRow *const *)a)->action.name, (*(BlActionRow *const *)b)->action.name);
}

GPtrArray *
bl_action_table_list (BlActionTable *self)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (self->rows));
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    g_ptr_array_add (list, row);
  g_ptr_array_sort (list, compare_rows);
  return list;
}
