// SPDX-License-Identifier: Apache-2.0
/* BlWorkerPool: a GThreadPool with a bound and a mailbox back to the main context. */
#include "bl-worker-pool.h"

typedef struct
{
  void (*work) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
  GDestroyNotify free_data;
} Job;

struct _BlWorkerPool
{
  GThreadPool *threads;
  GSource *mailbox; /* its ready time is 0 while `finished` has something */
  GMutex lock;
  GQueue finished; /* Job; under lock */
  guint max_queued;
  gint pending;
  gint stopping;
};

static void
job_free (Job *job)
{
  if (job->free_data != NULL)
    job->free_data (job->data);
  g_free (job);
}

static void
run_job (gpointer data, gpointer user_data)
{
  Job *job = data;
  BlWorkerPool *pool = user_data;

  if (!g_atomic_int_get (&pool->stopping))
    job->work (job->data);
  g_mutex_lock (&pool->lock);
  g_queue_push_tail (&pool->finished, job);
  g_source_set_ready_time (pool->mailbox, 0);
  g_mutex_unlock (&pool->lock);
}

static gboolean
mailbox_cb (gpointer user_data)
{
  BlWorkerPool *pool = user_data;
  GQueue batch;
  Job *job;

  g_mutex_lock (&pool->lock);
  g_source_set_ready_time (pool->mailbox, -1);
  batch = pool->finished;
  g_queue_init (&pool->finished);
  g_mutex_unlock (&pool->lock);
  while ((job = g_queue_pop_head (&batch)) != NULL)
    {
      g_atomic_int_add (&pool->pending, -1);
      if (job->done != NULL)
        job->done (job->data);
      job_free (job);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
mailbox_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs mailbox_funcs = { .dispatch = mailbox_dispatch };

BlWorkerPool *
bl_worker_pool_new (guint threads, guint max_queued, GMainContext *context)
{
  BlWorkerPool *pool = g_new0 (BlWorkerPool, 1);

  g_mutex_init (&pool->lock);
  g_queue_init (&pool->finished);
  pool->max_queued = max_queued;
  pool->mailbox = g_source_new (&mailbox_funcs, sizeof (GSource));
  g_source_set_static_name (pool->mailbox, "bowline worker mailbox");
  g_source_set_callback (pool->mailbox, mailbox_cb, pool, NULL);
  g_source_attach (pool->mailbox, context);
  pool->threads = g_thread_pool_new (run_job, pool, (gint)(threads != 0 ? threads : g_get_num_processors ()),
                                     FALSE, NULL);
  return pool;
}

void
bl_worker_pool_free (BlWorkerPool *pool)
{
  Job *job;

  g_atomic_int_set (&pool->stopping, 1);
  g_thread_pool_free (pool->threads, FALSE, TRUE);
  g_source_destroy (pool->mailbox);
  g_source_unref (pool->mailbox);
  while ((job = g_queue_pop_head (&pool->finished)) != NULL)
    job_free (job);
  g_mutex_clear (&pool->lock);
  g_free (pool);
}

gboolean
bl_worker_pool_push (BlWorkerPool *pool,
                     void (*work) (gpointer data),
                     void (*done) (gpointer data),
                     gpointer data,
                     GDestroyNotify free_data)
{
  Job *job;

  if ((guint)g_atomic_int_add (&pool->pending, 1) >= pool->max_queued)
    {
      g_atomic_int_add (&pool->pending, -1);
      return FALSE;
    }
  job = g_new0 (Job, 1);
  job->work = work;
  job->done = done;
  job->data = data;
  job->free_data = free_data;
  g_thread_pool_push (pool->threads, job, NULL);
  return TRUE;
}

guint
bl_worker_pool_get_pending (BlWorkerPool *pool)
{
  return (guint)g_atomic_int_get (&pool->pending);
}
