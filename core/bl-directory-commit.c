// SPDX-License-Identifier: Apache-2.0
/*
 * Commits of the directory.
 *
 * Memory changes when a commit is requested. A commit that names a document of an unfinished one builds on
 * it: it goes to the store only when that one is kept, and fails with it. So a failure leaves exactly the
 * state before, and nothing in the store that was refused.
 *
 * What waited for one commit goes to the store as one batch: a thousand changes of one account are a few
 * transactions, not a thousand. A batch that is refused is taken apart, so that each of it stands or falls
 * alone, as if it had never been in company.
 */
#define G_LOG_DOMAIN "bowline-directory"

#include "bl-directory-private.h"
#include "common/bl-variant.h"
#include <bowline/error.h>

typedef struct
{
  char *id;
  gboolean is_put;
  BlDocument *before; /* (nullable): the hot document it replaced */
  BlDocument *after;  /* (nullable): the hot document it put */
  Commit *previous;   /* (nullable): unfinished commit of the same document, while waiting for it */
} Change;

struct _Commit
{
  guint refs;
  guint64 seq;
  BlDirectory *directory; /* NULL: the directory is gone */
  GTask *task;
  GVariant *puts;
  char **deletes;
  guint32 flags;
  GPtrArray *changes;
  GHashTable *ids; /* of changes: Change, for duplicates and look-ups */
  GPtrArray *dependents;
  guint waits_for;
  guint n_batched;   /* of those it waits for: gathered in one batch */
  gboolean is_alone; /* was in a batch that was refused */
  gboolean is_submitted;
  gboolean is_finished;
};

typedef struct
{
  guint64 seq;
  gboolean finished;
  BlDirectoryWaitFunc func;
  gpointer user_data;
} Waiter;

static void commit_unref (gpointer data);
static void commit_submit (Commit *commit);

static void
change_free (gpointer data)
{
  Change *change = data;

  g_clear_pointer (&change->before, bl_document_unref);
  g_clear_pointer (&change->after, bl_document_unref);
  g_clear_pointer (&change->previous, commit_unref);
  g_free (change->id);
  g_free (change);
}

static Commit *
commit_ref (Commit *commit)
{
  commit->refs++;
  return commit;
}

static void
commit_unref (gpointer data)
{
  Commit *commit = data;

  if (--commit->refs > 0)
    return;
  g_clear_object (&commit->task);
  g_clear_pointer (&commit->puts, g_variant_unref);
  g_strfreev (commit->deletes);
  g_hash_table_unref (commit->ids);
  g_ptr_array_unref (commit->changes);
  g_ptr_array_unref (commit->dependents);
  g_free (commit);
}

/* A commit and those it waits for hold each other until the last of them is finished; this ends it. */
static void
commit_forget_previous (Commit *commit)
{
  for (guint i = 0; i < commit->changes->len; i++)
    {
      Change *change = g_ptr_array_index (commit->changes, i);

      g_clear_pointer (&change->previous, commit_unref);
    }
}

static Commit *
commit_new (BlDirectory *directory, GTask *task, GVariant *puts, const char *const *deletes, guint32 flags)
{
  Commit *commit = g_new0 (Commit, 1);

  commit->refs = 1;
  commit->directory = directory;
  commit->task = g_object_ref (task);
  commit->puts = puts != NULL ? g_variant_ref (puts) : NULL;
  commit->deletes = g_strdupv ((char **)deletes);
  commit->flags = flags;
  commit->changes = g_ptr_array_new_with_free_func (change_free);
  commit->ids = g_hash_table_new (g_str_hash, g_str_equal);
  commit->dependents = g_ptr_array_new_with_free_func (commit_unref);
  return commit;
}

static gboolean
commit_add (Commit *commit, const char *id, BlDocument *after, gboolean is_put, GError **error)
{
  Change *change;

  if (g_hash_table_contains (commit->ids, id))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "document %s occurs twice in one change", id);
      return FALSE;
    }
  change = g_new0 (Change, 1);
  change->id = g_strdup (id);
  change->is_put = is_put;
  change->after = after != NULL ? bl_document_ref (after) : NULL;
  g_ptr_array_add (commit->changes, change);
  g_hash_table_insert (commit->ids, change->id, change);
  return TRUE;
}

static gboolean
commit_add_put (Commit *commit, GVariant *put, GError **error)
{
  g_autoptr (BlDocument) document = NULL;

  if (!bl_document_check (put, error))
    return FALSE;
  if (!bl_directory_is_hot_type (bl_variant_get_string (put, "type")))
    return commit_add (commit, bl_variant_get_string (put, "_id"), NULL, TRUE, error);
  document = bl_document_new (put, error);
  return document != NULL && commit_add (commit, bl_document_get_id (document), document, TRUE, error);
}

/* Checks everything before anything changes. */
static gboolean
commit_prepare (Commit *commit, GError **error)
{
  gsize n_puts = commit->puts != NULL ? g_variant_n_children (commit->puts) : 0;
  gsize n_deletes = commit->deletes != NULL ? g_strv_length (commit->deletes) : 0;

  if (n_puts + n_deletes > BL_DIRECTORY_MAX_COMMIT)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "%" G_GSIZE_FORMAT " documents in one change, at most %u are taken", n_puts + n_deletes,
                   BL_DIRECTORY_MAX_COMMIT);
      return FALSE;
    }
  for (gsize i = 0; i < n_puts; i++)
    {
      g_autoptr (GVariant) put = g_variant_get_child_value (commit->puts, i);

      if (!commit_add_put (commit, put, error))
        return FALSE;
    }
  for (gsize i = 0; i < n_deletes; i++)
    if (!bl_document_check_id (commit->deletes[i], error)
        || !commit_add (commit, commit->deletes[i], NULL, FALSE, error))
      return FALSE;
  return TRUE;
}

static void
flight_free (gpointer data)
{
  Flight *flight = data;

  g_clear_pointer (&flight->patches, g_variant_unref);
  g_free (flight->id);
  g_free (flight);
}

/* Makes @commit the newest of the document, behind the one before. */
static void
commit_board (Commit *commit, Change *change)
{
  GHashTable *flights = commit->directory->flights;
  Flight *flight = g_hash_table_lookup (flights, change->id);
  GPtrArray *dependents;

  if (flight == NULL)
    {
      flight = g_new0 (Flight, 1);
      flight->id = g_strdup (change->id);
      flight->last = commit;
      g_hash_table_insert (flights, flight->id, flight);
      return;
    }
  change->previous = commit_ref (flight->last);
  dependents = flight->last->dependents;
  flight->last = commit;
  if (dependents->len > 0 && g_ptr_array_index (dependents, dependents->len - 1) == commit)
    return;
  g_ptr_array_add (dependents, commit_ref (commit));
  commit->waits_for++;
}

static void
commit_apply (Commit *commit)
{
  BlDirectory *directory = commit->directory;

  commit->seq = ++directory->last_seq;
  g_queue_push_tail (&directory->unfinished, commit_ref (commit));
  for (guint i = 0; i < commit->changes->len; i++)
    {
      Change *change = g_ptr_array_index (commit->changes, i);
      BlDocument *before = bl_document_index_lookup (directory->index, change->id);

      change->before = before != NULL ? bl_document_ref (before) : NULL;
      commit_board (commit, change);
      bl_directory_set (directory, change->id, change->after);
    }
  for (guint i = 0; i < commit->changes->len; i++)
    {
      Change *change = g_ptr_array_index (commit->changes, i);

      if (change->before != NULL || change->after != NULL)
        bl_directory_publish (directory, change->id, change->after != NULL);
    }
}

static gboolean
waiter_is_ready (BlDirectory *directory, Waiter *waiter)
{
  for (GList *l = directory->unfinished.head; l != NULL; l = l->next)
    {
      Commit *commit = l->data;

      if (commit->seq > waiter->seq)
        return TRUE;
      if (waiter->finished || !commit->is_submitted)
        return FALSE;
    }
  return TRUE;
}

static void
bl_directory_run_waiters (BlDirectory *directory)
{
  GList *l = directory->waiters.head;

  while (l != NULL)
    {
      g_autofree Waiter *waiter = NULL;
      GList *next = l->next;

      if (waiter_is_ready (directory, l->data))
        {
          waiter = l->data;
          g_queue_delete_link (&directory->waiters, l);
          waiter->func (directory, waiter->user_data);
          next = directory->waiters.head; /* the function may have added or run others */
        }
      l = next;
    }
}

void
bl_directory_commit_wait (BlDirectory *directory,
                          gboolean finished,
                          BlDirectoryWaitFunc func,
                          gpointer user_data)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->seq = directory->last_seq;
  waiter->finished = finished;
  waiter->func = func;
  waiter->user_data = user_data;
  g_queue_push_tail (&directory->waiters, waiter);
  bl_directory_run_waiters (directory);
}

static void
commit_leave (Commit *commit)
{
  commit->is_finished = TRUE;
  if (g_queue_remove (&commit->directory->unfinished, commit))
    commit_unref (commit);
}

static void
commit_succeed (Commit *commit)
{
  BlDirectory *directory = commit->directory;

  commit_leave (commit);
  commit_forget_previous (commit);
  for (guint i = 0; i < commit->changes->len; i++)
    {
      Change *change = g_ptr_array_index (commit->changes, i);
      Flight *flight = g_hash_table_lookup (directory->flights, change->id);

      if (flight != NULL && flight->last == commit)
        g_hash_table_remove (directory->flights, change->id);
    }
  g_task_return_boolean (commit->task, TRUE);
}

/* Lets what waits for @commit, which is kept, go on. */
static void
commit_release (Commit *commit)
{
  for (guint i = 0; i < commit->dependents->len; i++)
    {
      Commit *dependent = g_ptr_array_index (commit->dependents, i);

      if (!dependent->is_finished && --dependent->waits_for == 0)
        commit_submit (dependent);
    }
}

/* @commit and all that build on it, each once. */
static void
commit_collect (Commit *commit, GPtrArray *failed)
{
  g_ptr_array_add (failed, commit_ref (commit));
  commit->is_finished = TRUE;
  for (guint i = 0; i < failed->len; i++)
    {
      Commit *one = g_ptr_array_index (failed, i);

      for (guint j = 0; j < one->dependents->len; j++)
        {
          Commit *dependent = g_ptr_array_index (one->dependents, j);

          if (dependent->is_finished)
            continue;
          dependent->is_finished = TRUE;
          g_ptr_array_add (failed, commit_ref (dependent));
        }
    }
}

static int
commit_compare_newest_first (gconstpointer a, gconstpointer b)
{
  const Commit *first = *(Commit *const *)a;
  const Commit *second = *(Commit *const *)b;

  return first->seq < second->seq ? 1 : first->seq > second->seq ? -1 : 0;
}

/* Puts the document back to what it was before @change. Newest change first. */
static void
change_restore (BlDirectory *directory, Change *change)
{
  Flight *flight = g_hash_table_lookup (directory->flights, change->id);

  bl_directory_set (directory, change->id, change->before);
  if (flight != NULL)
    flight->last = change->previous != NULL && !change->previous->is_finished ? change->previous : NULL;
}

/* What was patched meanwhile did not fail. */
static void
change_repatch (BlDirectory *directory, Change *change)
{
  Flight *flight = g_hash_table_lookup (directory->flights, change->id);

  if (flight == NULL)
    return;
  if (flight->patches != NULL && bl_directory_merge (directory, change->id, flight->patches))
    bl_directory_mark_dirty (directory, change->id);
  if (flight->last == NULL)
    g_hash_table_remove (directory->flights, change->id);
}

static void
commits_restore (BlDirectory *directory, GPtrArray *failed, GHashTable *changed)
{
  g_ptr_array_sort (failed, commit_compare_newest_first);
  for (guint i = 0; i < failed->len; i++)
    {
      Commit *commit = g_ptr_array_index (failed, i);

      for (guint j = commit->changes->len; j > 0; j--)
        {
          Change *change = g_ptr_array_index (commit->changes, j - 1);

          if (change->before != NULL || change->after != NULL)
            g_hash_table_add (changed, change->id);
          change_restore (directory, change);
        }
      commit_leave (commit);
    }
  for (guint i = 0; i < failed->len; i++)
    {
      Commit *commit = g_ptr_array_index (failed, i);

      for (guint j = 0; j < commit->changes->len; j++)
        change_repatch (directory, g_ptr_array_index (commit->changes, j));
      commit_forget_previous (commit);
    }
}

static void
commit_fail (Commit *commit, const GError *error)
{
  BlDirectory *directory = commit->directory;
  g_autoptr (GPtrArray) failed = g_ptr_array_new_with_free_func (commit_unref);
  g_autoptr (GHashTable) changed = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer key;

  commit_collect (commit, failed);
  commits_restore (directory, failed, changed);

  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    bl_directory_publish (directory, key, bl_document_index_lookup (directory->index, key) != NULL);
  for (guint i = failed->len; i > 0; i--)
    g_task_return_error (((Commit *)g_ptr_array_index (failed, i - 1))->task, g_error_copy (error));
  bl_directory_schedule_patches (directory);
}

/* ---- batches
 * ---------------------------------------------------------------------------------------------- */

static void
batch_succeed (GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++)
    commit_succeed (g_ptr_array_index (batch, i));
  for (guint i = 0; i < batch->len; i++)
    commit_release (g_ptr_array_index (batch, i));
}

static void
batch_take_apart (GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++)
    {
      Commit *commit = g_ptr_array_index (batch, i);

      commit->is_alone = TRUE;
      commit->is_submitted = FALSE;
    }
  commit_submit (g_ptr_array_index (batch, 0)); /* the others wait for it, or for one another */
}

/* The store's answer. */
static void
batch_done_cb (const GError *error, gpointer user_data)
{
  g_autoptr (GPtrArray) batch = user_data;
  Commit *first = g_ptr_array_index (batch, 0);
  BlDirectory *directory = first->directory;

  if (directory == NULL)
    return;
  if (error == NULL)
    batch_succeed (batch);
  else if (batch->len > 1)
    batch_take_apart (batch);
  else
    commit_fail (first, error);
  bl_directory_schedule_patches (directory);
  bl_directory_run_waiters (directory);
}

/* Takes what waits only for commits in @batch, which holds its first. */
static void
batch_gather (GPtrArray *batch)
{
  g_autoptr (GPtrArray) touched = g_ptr_array_new ();
  Commit *first = g_ptr_array_index (batch, 0);
  guint documents = first->changes->len;

  for (guint i = 0; i < batch->len && !first->is_alone && documents < BL_DIRECTORY_MAX_BATCH; i++)
    {
      Commit *commit = g_ptr_array_index (batch, i);

      for (guint j = 0; j < commit->dependents->len; j++)
        {
          Commit *dependent = g_ptr_array_index (commit->dependents, j);

          g_ptr_array_add (touched, dependent);
          if (dependent->is_finished || ++dependent->n_batched < dependent->waits_for)
            continue;
          documents += dependent->changes->len;
          g_ptr_array_add (batch, commit_ref (dependent));
        }
    }
  for (guint i = 0; i < touched->len; i++)
    ((Commit *)g_ptr_array_index (touched, i))->n_batched = 0;
}

/* What the documents are in the end: only that is written. */
static GVariant *
batch_merge (GPtrArray *batch, GPtrArray *deletes)
{
  g_autoptr (GHashTable) last = g_hash_table_new (g_str_hash, g_str_equal); /* id: Commit */
  GVariantBuilder puts;

  for (guint i = 0; i < batch->len; i++)
    {
      Commit *commit = g_ptr_array_index (batch, i);

      for (guint j = 0; j < commit->changes->len; j++)
        g_hash_table_insert (last, ((Change *)g_ptr_array_index (commit->changes, j))->id, commit);
    }
  g_variant_builder_init (&puts, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < batch->len; i++)
    {
      Commit *commit = g_ptr_array_index (batch, i);

      for (gsize j = 0; commit->puts != NULL && j < g_variant_n_children (commit->puts); j++)
        {
          g_autoptr (GVariant) put = g_variant_get_child_value (commit->puts, j);

          if (g_hash_table_lookup (last, bl_variant_get_string (put, "_id")) == commit)
            g_variant_builder_add_value (&puts, put);
        }
      for (guint j = 0; commit->deletes != NULL && commit->deletes[j] != NULL; j++)
        {
          if (g_hash_table_lookup (last, commit->deletes[j]) == commit)
            g_ptr_array_add (deletes, commit->deletes[j]);
        }
    }
  return g_variant_ref_sink (g_variant_builder_end (&puts));
}

/* @batch: (transfer full): not empty */
static void
batch_submit (GPtrArray *batch)
{
  Commit *first = g_ptr_array_index (batch, 0);
  g_autoptr (GPtrArray) deletes = g_ptr_array_new ();
  g_autoptr (GVariant) puts = NULL;
  gpointer self;
  const BowlineStore *table = bl_store_get (first->directory->store, &self);
  guint32 flags = 0;

  for (guint i = 0; i < batch->len; i++)
    {
      ((Commit *)g_ptr_array_index (batch, i))->is_submitted = TRUE;
      flags |= ((Commit *)g_ptr_array_index (batch, i))->flags;
    }
  if (table == NULL)
    {
      g_autoptr (GError) error
          = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the store was stopped");

      batch_done_cb (error, batch);
      return;
    }
  if (batch->len == 1)
    {
      table->commit (self, first->puts, (const char *const *)first->deletes, flags, batch_done_cb, batch);
      return;
    }
  puts = batch_merge (batch, deletes);
  g_ptr_array_add (deletes, NULL);
  table->commit (self, puts, (const char *const *)deletes->pdata, flags, batch_done_cb, batch);
}

/* @commit: it waits for nothing */
static void
commit_submit (Commit *commit)
{
  GPtrArray *batch = g_ptr_array_new_with_free_func (commit_unref);

  g_ptr_array_add (batch, commit_ref (commit));
  batch_gather (batch);
  batch_submit (batch);
}

void
bl_directory_commit_async (BlDirectory *directory,
                           GVariant *puts,
                           const char *const *deletes,
                           guint32 flags,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GVariant) held = puts != NULL ? g_variant_ref_sink (puts) : NULL;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  Commit *commit;

  g_task_set_source_tag (task, bl_directory_commit_async);
  g_task_set_check_cancellable (task, FALSE); /* what was requested happens; the answer tells the truth */
  if (held != NULL && !g_variant_is_of_type (held, G_VARIANT_TYPE ("aa{sv}")))
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                               "change: expected aa{sv}, found %s", g_variant_get_type_string (held));
      return;
    }
  if (bl_store_get (directory->store, NULL) == NULL)
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED,
                               "no module provides a store");
      return;
    }

  commit = commit_new (directory, task, held, deletes, flags);
  if (!commit_prepare (commit, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (commit->changes->len == 0)
    g_task_return_boolean (task, TRUE);
  else
    {
      commit_apply (commit);
      if (commit->waits_for == 0 && !commit->is_finished)
        commit_submit (commit);
    }
  commit_unref (commit);
}

gboolean
bl_directory_commit_finish (BlDirectory *directory, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static GVariant *
commit_dup_put (Commit *commit, const char *id)
{
  gsize n = commit->puts != NULL ? g_variant_n_children (commit->puts) : 0;

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) put = g_variant_get_child_value (commit->puts, i);

      if (g_strcmp0 (bl_variant_get_string (put, "_id"), id) == 0)
        return g_steal_pointer (&put);
    }
  return NULL;
}

gboolean
bl_directory_commit_peek (BlDirectory *directory, const char *id, GVariant **value)
{
  Flight *flight = g_hash_table_lookup (directory->flights, id);

  if (flight == NULL)
    return FALSE;
  *value = commit_dup_put (flight->last, id);
  return TRUE;
}

void
bl_directory_commit_abandon (BlDirectory *directory)
{
  Commit *commit;
  Waiter *waiter;

  while ((commit = g_queue_pop_head (&directory->unfinished)) != NULL)
    {
      commit->directory = NULL;
      commit->is_finished = TRUE;
      g_task_return_new_error (commit->task, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
                               "the server stops; the change may be lost");
      g_ptr_array_set_size (commit->dependents, 0);
      commit_forget_previous (commit);
      commit_unref (commit);
    }
  while ((waiter = g_queue_pop_head (&directory->waiters)) != NULL)
    {
      waiter->func (NULL, waiter->user_data);
      g_free (waiter);
    }
  g_hash_table_remove_all (directory->flights);
}

GHashTable *
bl_directory_flights_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, flight_free);
}
