// SPDX-License-Identifier: Apache-2.0
/* Events and the power history, which are events here: those that are not here yet, oldest first. They have no ids here, so they are told apart by what
 * they say. */
#include "bl-import-private.h"

#include "common/bl-hash.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <bowline/error.h>
#include <string.h>

#define EVENT "event"
#define POWER "power state"

typedef struct
{
  const char *kind; /* EVENT or POWER */
  GVariant *event;
  char **targets;
  gint64 time_ms;
} Event;

typedef struct
{
  GTask *task;
  void (*next) (GTask *task);
  gint64 page_end; /* of the page asked for */
} Step;

static void
event_free (gpointer data)
{
  Event *event = data;

  g_variant_unref (event->event);
  g_strfreev (event->targets);
  g_free (event);
}

static int
compare_events (gconstpointer a, gconstpointer b)
{
  const Event *first = *(Event *const *)a;
  const Event *second = *(Event *const *)b;

  return first->time_ms < second->time_ms ? -1 : first->time_ms > second->time_ms;
}

static Step *
step_new (GTask *task, void (*next) (GTask *task), gint64 page_end)
{
  Step *step = g_new0 (Step, 1);

  *step = (Step){ task, next, page_end };
  return step;
}

static void
step_fail (Step *step, const GError *error)
{
  g_task_return_error (step->task, g_error_copy (error));
  g_object_unref (step->task);
  g_free (step);
}

/* ---- what the source has
 * ---------------------------------------------------------------------------------------- */

typedef GVariant *(*Convert) (
    GVariant *source, gint64 now_ms, char ***targets, gint64 *time_ms, const char **why);

static gboolean
collect (BlImport *import, BlImportTable table, const char *kind, Convert convert, GError **error)
{
  BlNedbStats stats;
  g_autoptr (GPtrArray) documents = bl_import_source_read (import->source, table, &stats, error);

  if (documents == NULL)
    return FALSE;
  for (guint i = 0; i < documents->len; i++)
    {
      Event fresh = { .kind = kind };
      const char *why;

      bl_import_report_count (import->report, kind, BL_IMPORT_FOUND, 1);
      fresh.event = convert (g_ptr_array_index (documents, i), import->now_ms, &fresh.targets, &fresh.time_ms, &why);
      if (fresh.event == NULL)
        bl_import_report_left (import->report, kind, why, 1);
      else
        g_ptr_array_add (import->events, g_memdup2 (&fresh, sizeof fresh));
    }
  if (stats.bad > 0)
    bl_import_report_left (import->report, kind, "damaged", stats.bad);
  return TRUE;
}

static gboolean
count_history (BlImport *import, BlImportTable table, const char *kind, const char *why, GError **error)
{
  BlNedbStats stats;
  g_autoptr (GPtrArray) documents = bl_import_source_read (import->source, table, &stats, error);

  if (documents == NULL)
    return FALSE;
  bl_import_report_count (import->report, kind, BL_IMPORT_FOUND, documents->len);
  bl_import_report_left (import->report, kind, why, documents->len);
  return TRUE;
}

/* ---- what is here
 * ----------------------------------------------------------------------------------------------- */

/* Returns: (transfer full): what tells an event from all others */
static char *
digest (GVariant *event)
{
  g_autoptr (GBytes) json = bl_json_from_variant (event, NULL);
  guint8 hash[BL_SHA384_SIZE];
  gsize size = 0;
  gconstpointer data = json != NULL ? g_bytes_get_data (json, &size) : "";

  bl_sha384 (data, size, hash);
  return g_base64_encode (hash, 24);
}

static void write_batch (GTask *task, void (*next) (GTask *task));
static void read_page (Step *step);

static void
on_page (GVariant *events, const GError *error, gpointer user_data)
{
  Step *step = user_data;
  BlImport *import = g_task_get_task_data (step->task);
  const gsize n = error == NULL ? g_variant_n_children (events) : 0;
  gint64 oldest = step->page_end;

  if (error != NULL)
    {
      step_fail (step, error);
      return;
    }
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (events, i);

      g_hash_table_add (import->stored, digest (event));
      oldest = MIN (oldest, bl_nedb_parse_time (event, "time", oldest));
    }
  if (n < BL_IMPORT_EVENT_PAGE || oldest == step->page_end)
    {
      GTask *task = step->task;
      void (*next) (GTask *) = step->next;

      g_free (step);
      write_batch (task, next);
      return;
    }
  step->page_end = oldest;
  read_page (step);
}

/* Newest first, down to the oldest event of the source. */
static void
read_page (Step *step)
{
  BlImport *import = g_task_get_task_data (step->task);
  const Event *first = g_ptr_array_index (import->events, 0);
  GVariantDict filter;
  gpointer self;
  const BowlineStore *table = bl_store_get (import->store, &self);

  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "limit", "x", (gint64)BL_IMPORT_EVENT_PAGE);
  g_variant_dict_insert (&filter, "start", "x", first->time_ms);
  g_variant_dict_insert (&filter, "end", "x", step->page_end);
  g_autoptr (GVariant) held = g_variant_ref_sink (g_variant_dict_end (&filter));
  table->query_events (self, held, on_page, step);
}

/* ---- writing
 * ---------------------------------------------------------------------------------------------------- */

static void
on_flushed (const GError *error, gpointer user_data)
{
  Step *step = user_data;

  if (error != NULL)
    {
      step_fail (step, error);
      return;
    }
  GTask *task = step->task;
  void (*next) (GTask *) = step->next;
  g_free (step);
  write_batch (task, next);
}

static void
write_batch (GTask *task, void (*next) (GTask *task))
{
  BlImport *import = g_task_get_task_data (task);
  gpointer self;
  const BowlineStore *table = bl_store_get (import->store, &self);
  guint written = 0;
  gsize bytes = 0;

  for (; import->next_event < import->events->len && written < BL_IMPORT_EVENT_BATCH
         && bytes < BL_IMPORT_BATCH_BYTES;
       import->next_event++)
    {
      const Event *event = g_ptr_array_index (import->events, import->next_event);
      g_autofree char *known = digest (event->event);
      const gboolean same = g_hash_table_contains (import->stored, known);

      bl_import_report_count (import->report, event->kind, same ? BL_IMPORT_SAME : BL_IMPORT_NEW, 1);
      if (same || import->dry_run)
        continue;
      table->add_event (self, (const char *const *)event->targets, event->time_ms, event->event);
      written++;
      bytes += g_variant_get_size (event->event);
    }
  if (written == 0)
    next (task);
  else
    table->flush (self, on_flushed, step_new (task, next, 0));
}

void
bl_import_write_events (GTask *task, void (*next) (GTask *task))
{
  BlImport *import = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  import->events = g_ptr_array_new_with_free_func (event_free);
  import->stored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!collect (import, BL_IMPORT_TABLE_EVENTS, EVENT, bl_import_convert_event, &error)
      || !collect (import, BL_IMPORT_TABLE_POWER, POWER, bl_import_convert_power, &error)
      || !count_history (import, BL_IMPORT_TABLE_STATISTICS, "server statistics", "about the other server",
                         &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  if (import->events->len == 0)
    {
      next (task);
      return;
    }
  g_ptr_array_sort (import->events, compare_events);
  const Event *last = g_ptr_array_index (import->events, import->events->len - 1);
  read_page (step_new (task, next, last->time_ms));
}
