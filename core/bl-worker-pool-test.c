// SPDX-License-Identifier: Apache-2.0
/* The worker pool: order of calls, threads, bound, end with work left. */
#include "bl-worker-pool.h"

typedef struct
{
  GThread *main_thread;
  GMutex *gate;
  gint *worked;
  guint *done;
  guint *freed;
} Item;

static void
work_cb (gpointer data)
{
  Item *item = data;

  g_assert_true (g_thread_self () != item->main_thread);
  if (item->gate != NULL)
    {
      g_mutex_lock (item->gate);
      g_mutex_unlock (item->gate);
    }
  g_atomic_int_inc (item->worked);
}

static void
done_cb (gpointer data)
{
  Item *item = data;

  g_assert_true (g_thread_self () == item->main_thread);
  (*item->done)++;
}

static void
free_cb (gpointer data)
{
  Item *item = data;

  (*item->freed)++;
  g_free (item);
}

static void
test_runs (void)
{
  g_autoptr (BlWorkerPool) pool = bl_worker_pool_new (2, 100, NULL);
  gint worked = 0;
  guint done = 0, freed = 0;

  for (guint i = 0; i < 100; i++)
    {
      Item item = { g_thread_self (), NULL, &worked, &done, &freed };

      g_assert_true (bl_worker_pool_push (pool, work_cb, done_cb, g_memdup2 (&item, sizeof item), free_cb));
    }
  while (freed < 100)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (worked, ==, 100);
  g_assert_cmpuint (done, ==, 100);
  g_assert_cmpuint (bl_worker_pool_get_pending (pool), ==, 0);
}

static void
test_bound (void)
{
  g_autoptr (BlWorkerPool) pool = bl_worker_pool_new (1, 3, NULL);
  GMutex gate;
  gint worked = 0;
  guint done = 0, freed = 0;
  Item item = { g_thread_self (), &gate, &worked, &done, &freed };

  g_mutex_init (&gate);
  g_mutex_lock (&gate);
  for (guint i = 0; i < 3; i++)
    g_assert_true (bl_worker_pool_push (pool, work_cb, done_cb, g_memdup2 (&item, sizeof item), free_cb));
  g_assert_false (bl_worker_pool_push (pool, work_cb, done_cb, &item, NULL));
  g_assert_cmpuint (bl_worker_pool_get_pending (pool), ==, 3);
  g_mutex_unlock (&gate);
  while (freed < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (done, ==, 3);
  g_mutex_clear (&gate);
}

static void
test_free_with_work (void)
{
  BlWorkerPool *pool = bl_worker_pool_new (1, 100, NULL);
  gint worked = 0;
  guint done = 0, freed = 0;

  for (guint i = 0; i < 50; i++)
    {
      Item item = { g_thread_self (), NULL, &worked, &done, &freed };

      g_assert_true (bl_worker_pool_push (pool, work_cb, done_cb, g_memdup2 (&item, sizeof item), free_cb));
    }
  bl_worker_pool_free (pool);
  g_assert_cmpuint (freed, ==, 50);
  g_assert_cmpuint (done, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker-pool/runs", test_runs);
  g_test_add_func ("/worker-pool/bound", test_bound);
  g_test_add_func ("/worker-pool/free-with-work", test_free_with_work);
  return g_test_run ();
}
