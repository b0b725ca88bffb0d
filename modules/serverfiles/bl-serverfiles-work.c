// SPDX-License-Identifier: Apache-2.0
#include "bl-serverfiles-work.h"

typedef struct
{
  BlServerWork *work;
  BlServerWorkFunc run;
  BlServerWorkFunc done;
  GDestroyNotify free_job;
  gpointer job;
  GSource *source; /* on its way back; of `returning` */
} Item;

struct _BlServerWork
{
  gint ref_count; /* main context: the owner and every item */
  GMainContext *context;
  GAsyncQueue *queue;
  GThread *thread;
  guint waiting; /* main context */
  GMutex mutex;
  GHashTable *returning; /* GSource, owned; guarded by mutex */
};

static void
work_unref (BlServerWork *self)
{
  if (--self->ref_count > 0)
    return;
  g_async_queue_unref (self->queue);
  g_hash_table_unref (self->returning);
  g_mutex_clear (&self->mutex);
  g_main_context_unref (self->context);
  g_free (self);
}

static gboolean
done_cb (gpointer data)
{
  Item *item = data;
  BlServerWork *work = item->work;

  work->waiting--;
  g_mutex_lock (&work->mutex);
  g_hash_table_remove (work->returning, item->source);
  g_mutex_unlock (&work->mutex);
  item->done (item->job);
  return G_SOURCE_REMOVE;
}

static void
item_free (gpointer data)
{
  Item *item = data;

  item->free_job (item->job);
  work_unref (item->work);
  g_free (item);
}

static gpointer
work_thread (gpointer data)
{
  BlServerWork *self = data;
  Item *item;

  while ((item = g_async_queue_pop (self->queue))->job != NULL)
    {
      item->run (item->job);
      item->source = g_idle_source_new ();
      g_source_set_priority (item->source, G_PRIORITY_DEFAULT);
      g_source_set_callback (item->source, done_cb, item, item_free);
      g_mutex_lock (&self->mutex);
      g_hash_table_add (self->returning, item->source);
      g_source_attach (item->source, self->context);
      g_mutex_unlock (&self->mutex);
    }
  g_free (item);
  return NULL;
}

BlServerWork *
bl_server_work_new (GMainContext *context)
{
  BlServerWork *self = g_new0 (BlServerWork, 1);

  self->ref_count = 1;
  self->context = g_main_context_ref (context);
  self->queue = g_async_queue_new ();
  self->returning = g_hash_table_new_full (NULL, NULL, (GDestroyNotify)g_source_unref, NULL);
  g_mutex_init (&self->mutex);
  self->thread = g_thread_new ("server-files", work_thread, self);
  return self;
}

gboolean
bl_server_work_push (BlServerWork *self, BlServerWorkFunc run, BlServerWorkFunc done, GDestroyNotify free_job, gpointer job)
{
  Item *item;

  if (self->waiting >= BL_SERVER_WORK_MAX)
    return FALSE;
  item = g_new (Item, 1);
  *item = (Item){ self, run, done, free_job, job };
  self->ref_count++;
  self->waiting++;
  g_async_queue_push (self->queue, item);
  return TRUE;
}

void
bl_server_work_stop (BlServerWork *self)
{
  GHashTableIter iter;
  gpointer source;
  Item *item;

  g_async_queue_push_front (self->queue, g_new0 (Item, 1)); /* the end, before all that waits */
  g_thread_join (self->thread);
  while ((item = g_async_queue_try_pop (self->queue)) != NULL)
    item_free (item);
  g_hash_table_iter_init (&iter, self->returning);
  while (g_hash_table_iter_next (&iter, &source, NULL))
    g_source_destroy (source);
  work_unref (self);
}
