// SPDX-License-Identifier: Apache-2.0
/* Batch by batch: read what is here, compare, write. */
#include "bl-import-private.h"

#include "common/bl-variant.h"

#include <bowline/directory.h>

typedef struct
{
  GTask *task;
  void (*next) (GTask *task);
  BlImportItem *item;
} Step;

static void write_batch (GTask *task, void (*next) (GTask *task));

static const char *
item_id (const BlImportItem *item)
{
  return bl_variant_get_string (item->source, "_id");
}

/* What has no links: the whole document, or ours. */
static void
decide (BlImport *import, BlImportItem *item)
{
  /* Keys that were made by the first start and that nobody uses yet are no reason to refuse those of the
   * other server. */
  const gboolean gives_way = import->replace || (item->kind == BL_IMPORT_KEY && import->fresh);

  item->final = g_variant_ref (item->source);
  if (item->existing == NULL)
    item->outcome = BL_IMPORT_NEW;
  else if (g_variant_equal (item->existing, item->source))
    item->outcome = BL_IMPORT_SAME;
  else
    item->outcome = gives_way ? BL_IMPORT_REPLACED : BL_IMPORT_KEPT;
}

static gboolean
is_written (const BlImportItem *item)
{
  return item->outcome == BL_IMPORT_NEW || item->outcome == BL_IMPORT_REPLACED
         || item->outcome == BL_IMPORT_MERGED;
}

static void
forget (BlImportItem *item)
{
  /* The source stays: its id is looked at. It is small for all but few kinds. */
  g_clear_pointer (&item->existing, g_variant_unref);
  g_clear_pointer (&item->final, g_variant_unref);
}

static void
on_committed (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autofree Step *step = user_data;
  BlImport *import = g_task_get_task_data (step->task);
  g_autoptr (GError) error = NULL;

  if (!bl_directory_commit_finish (import->directory, result, &error))
    {
      g_task_return_error (step->task, g_steal_pointer (&error));
      g_object_unref (step->task);
      return;
    }
  write_batch (step->task, step->next);
}

/* Not at once: many batches without a change would pile up on the stack. */
static gboolean
continue_cb (gpointer user_data)
{
  g_autofree Step *step = user_data;

  write_batch (step->task, step->next);
  return G_SOURCE_REMOVE;
}

static Step *
step_new (GTask *task, void (*next) (GTask *task), BlImportItem *item)
{
  Step *step = g_new0 (Step, 1);

  *step = (Step){ task, next, item };
  return step;
}

static void
commit_batch (GTask *task, void (*next) (GTask *task))
{
  BlImport *import = g_task_get_task_data (task);
  GVariantBuilder puts;
  guint written = 0;

  g_variant_builder_init (&puts, G_VARIANT_TYPE ("aa{sv}"));
  for (; import->next < import->batch_end; import->next++)
    {
      BlImportItem *item = g_ptr_array_index (import->order, import->next);

      if (!bl_import_kind_has_links (item->kind))
        decide (import, item);
      bl_import_report_count (import->report, bl_import_kind_name (item->kind), item->outcome, 1);
      if (is_written (item) && !import->dry_run)
        {
          g_variant_builder_add_value (&puts, item->final);
          written++;
        }
      forget (item);
    }
  if (written == 0)
    {
      g_variant_builder_clear (&puts);
      g_idle_add (continue_cb, step_new (task, next, NULL));
      return;
    }
  bl_directory_commit_async (import->directory, g_variant_builder_end (&puts), NULL, BOWLINE_COMMIT_DURABLE,
                             NULL, on_committed, step_new (task, next, NULL));
}

static void
on_read (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autofree Step *step = user_data;
  BlImport *import = g_task_get_task_data (step->task);
  g_autoptr (GError) error = NULL;

  step->item->existing = bl_directory_read_finish (import->directory, result, &error);
  if (error != NULL && import->error == NULL)
    import->error = g_steal_pointer (&error);
  if (--import->reads > 0)
    return;
  if (import->error == NULL)
    {
      commit_batch (step->task, step->next);
      return;
    }
  g_task_return_error (step->task, g_steal_pointer (&import->error));
  g_object_unref (step->task);
}

/* Fixes the end of the next batch. */
static void
measure_batch (BlImport *import)
{
  gsize bytes = 0;

  import->batch_end = import->next;
  while (import->batch_end < import->order->len && import->batch_end - import->next < BL_IMPORT_BATCH
         && bytes < BL_IMPORT_BATCH_BYTES)
    {
      const BlImportItem *item = g_ptr_array_index (import->order, import->batch_end++);
      bytes += g_variant_get_size (item->source);
    }
}

static void
write_batch (GTask *task, void (*next) (GTask *task))
{
  BlImport *import = g_task_get_task_data (task);

  measure_batch (import);
  if (import->batch_end == import->next)
    {
      next (task);
      return;
    }
  import->reads = 1; /* this loop's own, so that no answer ends the batch before all are asked */
  for (guint i = import->next; i < import->batch_end; i++)
    {
      BlImportItem *item = g_ptr_array_index (import->order, i);

      if (bl_import_kind_has_links (item->kind))
        continue;
      import->reads++;
      bl_directory_read_async (import->directory, item_id (item), NULL, on_read, step_new (task, next, item));
    }
  if (--import->reads == 0)
    commit_batch (task, next);
}

void
bl_import_write_documents (GTask *task, void (*next) (GTask *task))
{
  write_batch (task, next);
}
