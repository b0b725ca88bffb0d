// SPDX-License-Identifier: Apache-2.0
/* The functions of a store as calls that wait for their answer. */
#include "bl-store-conformance.h"
#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  gboolean is_done;
  GVariant *result;
  GError *error;
} Answer;

static void
done_cb (const GError *error, gpointer user_data)
{
  Answer *answer = user_data;

  answer->is_done = TRUE;
  answer->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
result_cb (GVariant *result, const GError *error, gpointer user_data)
{
  Answer *answer = user_data;

  answer->result = result != NULL ? g_variant_ref (result) : NULL;
  done_cb (error, user_data);
}

static void
wait_for (Answer *answer, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  while (!answer->is_done && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (answer->is_done);
  if (answer->error != NULL)
    g_propagate_error (error, answer->error);
}

gboolean
bl_store_sync_commit (const BowlineStore *table,
                      gpointer self,
                      GVariant *puts,
                      const char *const *deletes,
                      guint32 flags,
                      GError **error)
{
  g_autoptr (GVariant) held = puts != NULL ? g_variant_ref_sink (puts) : NULL;
  Answer answer = { 0 };

  table->commit (self, held, deletes, flags, done_cb, &answer);
  wait_for (&answer, error);
  return answer.error == NULL;
}

GVariant *
bl_store_sync_read (const BowlineStore *table, gpointer self, const char *id, GError **error)
{
  Answer answer = { 0 };

  table->read (self, id, result_cb, &answer);
  wait_for (&answer, error);
  return answer.result;
}

GVariant *
bl_store_sync_list (const BowlineStore *table,
                    gpointer self,
                    const char *type,
                    const char *prefix,
                    guint32 limit,
                    GError **error)
{
  Answer answer = { 0 };

  table->list (self, type, prefix, limit, result_cb, &answer);
  wait_for (&answer, error);
  return answer.result;
}

GVariant *
bl_store_sync_query (const BowlineStore *table, gpointer self, GVariant *filter, GError **error)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (filter);
  Answer answer = { 0 };

  table->query_events (self, held, result_cb, &answer);
  wait_for (&answer, error);
  return answer.result;
}

gboolean
bl_store_sync_flush (const BowlineStore *table, gpointer self, GError **error)
{
  Answer answer = { 0 };

  table->flush (self, done_cb, &answer);
  wait_for (&answer, error);
  return answer.error == NULL;
}

gboolean
bl_store_sync_backup (const BowlineStore *table, gpointer self, const char *path, GError **error)
{
  Answer answer = { 0 };

  table->backup (self, path, done_cb, &answer);
  wait_for (&answer, error);
  return answer.error == NULL;
}

GVariant *
bl_store_make_puts (const char *id, const char *name, gsize size)
{
  g_autofree char *padding = g_strnfill (size, 'x');

  return g_variant_new_parsed (
      "[{'_id': <%s>, 'type': <'node'>, 'domain': <''>, 'meshid': <'mesh//a'>, 'name': <%s>, 'pad': <%s>}]",
      id, name, padding);
}

void
bl_store_remove_directory (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}
