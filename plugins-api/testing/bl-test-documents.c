// SPDX-License-Identifier: Apache-2.0
/* The test host: documents, events and audit records in memory. */
#include "bowline-testing-private.h"

#include <string.h>

static const char *
text_member (GVariant *document, const char *name)
{
  const char *text = NULL;

  g_variant_lookup (document, name, "&s", &text);
  return text != NULL ? text : "";
}

static void
put (BlTestHost *test, GVariant *document)
{
  g_hash_table_replace (test->documents, g_strdup (text_member (document, "_id")), g_variant_ref (document));
}

void
bl_test_host_put_document (BlTestHost *test, GVariant *document)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (document);

  put (test, owned);
}

void
bl_test_host_fail_commits (BlTestHost *test, gboolean fail)
{
  test->fail_commits = fail;
}

GPtrArray *
bl_test_host_get_events (BlTestHost *test)
{
  return test->events;
}

GPtrArray *
bl_test_host_get_audit (BlTestHost *test)
{
  return test->audit;
}

GPtrArray *
bl_test_host_get_audit_users (BlTestHost *test)
{
  return test->audit_users;
}

static GVariant *
dup_document (BowlineHost *host, const char *id)
{
  GVariant *document = g_hash_table_lookup (bl_test_host_from (host)->documents, id);

  return document != NULL ? g_variant_ref (document) : NULL;
}

static gboolean
contains (BowlineHost *host, const char *id)
{
  return g_hash_table_contains (bl_test_host_from (host)->documents, id);
}

static void
foreach_document (
    BowlineHost *host, const char *type, const char *meshid, BowlineDirectoryFunc func, gpointer user_data)
{
  g_autoptr (GList) keys = g_hash_table_get_keys (bl_test_host_from (host)->documents);

  keys = g_list_sort (keys, (GCompareFunc)strcmp);
  for (GList *l = keys; l != NULL; l = l->next)
    {
      GVariant *document = g_hash_table_lookup (bl_test_host_from (host)->documents, l->data);

      if (strcmp (text_member (document, "type"), type) != 0)
        continue;
      if (meshid != NULL && strcmp (text_member (document, "meshid"), meshid) != 0)
        continue;
      if (!func (l->data, document, user_data))
        return;
    }
}

static gboolean
count_one (const char *id, GVariant *document, gpointer user_data)
{
  (*(guint *)user_data)++;
  return TRUE;
}

static guint
count (BowlineHost *host, const char *type)
{
  guint n = 0;

  foreach_document (host, type, NULL, count_one, &n);
  return n;
}

static void
publish_change (BowlineHost *host, const char *id, const char *kind)
{
  bowline_topic_publish (host, "directory.changed", g_variant_new ("(sms)", id, kind));
}

static void
apply (BowlineHost *host, GVariant *puts, const char *const *deletes)
{
  BlTestHost *test = bl_test_host_from (host);

  for (gsize i = 0; puts != NULL && i < g_variant_n_children (puts); i++)
    {
      g_autoptr (GVariant) document = g_variant_get_child_value (puts, i);

      put (test, document);
      publish_change (host, text_member (document, "_id"), "put");
    }
  for (; deletes != NULL && *deletes != NULL; deletes++)
    if (g_hash_table_remove (test->documents, *deletes))
      publish_change (host, *deletes, "delete");
}

static void
commit_async (BowlineHost *host,
              GVariant *puts,
              const char *const *deletes,
              guint32 flags,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_autoptr (GVariant) owned = puts != NULL ? g_variant_ref_sink (puts) : NULL;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  if (bl_test_host_from (host)->fail_commits)
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
                               "the test wants this commit to fail");
      return;
    }
  apply (host, owned, deletes);
  g_task_return_boolean (task, TRUE);
}

static gboolean
commit_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
patch (BowlineHost *host, const char *id, GVariant *fields)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (fields);
  g_autoptr (GVariant) document = dup_document (host, id);
  g_autoptr (GVariant) changed = NULL;
  GVariantDict dict;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (document == NULL)
    return FALSE;
  g_variant_dict_init (&dict, document);
  g_variant_iter_init (&iter, owned);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE) && g_variant_n_children (value) == 0)
        g_variant_dict_remove (&dict, name);
      else
        g_variant_dict_insert_value (&dict, name, value);
      g_variant_unref (value);
    }
  changed = g_variant_ref_sink (g_variant_dict_end (&dict));
  if (g_variant_equal (changed, document))
    return FALSE;
  put (bl_test_host_from (host), changed);
  publish_change (host, id, "put");
  return TRUE;
}

static void
read_async (BowlineHost *host,
            const char *id,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_return_pointer (task, dup_document (host, id), (GDestroyNotify)g_variant_unref);
}

static GVariant *
read_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

typedef struct
{
  GVariantBuilder builder;
  const char *prefix;
  guint32 left;
} Listing;

static gboolean
list_one (const char *id, GVariant *document, gpointer user_data)
{
  Listing *listing = user_data;

  if (listing->prefix != NULL && !g_str_has_prefix (id, listing->prefix))
    return TRUE;
  g_variant_builder_add_value (&listing->builder, document);
  return --listing->left > 0;
}

static void
list_async (BowlineHost *host,
            const char *type,
            const char *prefix,
            guint32 limit,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Listing listing = { .prefix = prefix, .left = MAX (limit, 1) };

  g_variant_builder_init (&listing.builder, G_VARIANT_TYPE ("aa{sv}"));
  foreach_document (host, type, NULL, list_one, &listing);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_builder_end (&listing.builder)),
                         (GDestroyNotify)g_variant_unref);
}

/* ---- events -----------------------------------------------------------------------------------------------
 */

static void
emit (BowlineHost *host, const char *const *targets, GVariant *event)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (event);
  GVariant *record = g_variant_ref_sink (g_variant_new ("(^as@a{sv})", targets, owned));

  g_ptr_array_add (bl_test_host_from (host)->events, record);
  bowline_topic_publish (host, "event", record);
}

static void
query_async (BowlineHost *host,
             GVariant *filter,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (filter);
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GPtrArray *events = bl_test_host_from (host)->events;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = events->len; i > 0; i--)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (events->pdata[i - 1], 1);

      g_variant_builder_add_value (&builder, event);
    }
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_builder_end (&builder)),
                         (GDestroyNotify)g_variant_unref);
}

static void
audit (BowlineHost *host,
       BowlinePrincipal *principal,
       const char *action,
       const char *object_id,
       gboolean allowed,
       GVariant *details)
{
  GVariant *shown = details != NULL ? details : g_variant_new ("()");
  const char *user_id = principal != NULL ? bowline_principal_get_user_id (principal) : NULL;

  g_ptr_array_add (bl_test_host_from (host)->audit_users, g_strdup (user_id != NULL ? user_id : ""));
  g_ptr_array_add (bl_test_host_from (host)->audit,
                   g_variant_ref_sink (
                       g_variant_new ("(ssbv)", action, object_id != NULL ? object_id : "", allowed, shown)));
}

static const BowlineDirectoryOps directory_ops = {
  .dup = dup_document,
  .contains = contains,
  .count = count,
  .foreach = foreach_document,
  .commit_async = commit_async,
  .commit_finish = commit_finish,
  .patch = patch,
  .read_async = read_async,
  .read_finish = read_finish,
  .list_async = list_async,
  .list_finish = read_finish,
};

static const BowlineEventOps event_ops = {
  .emit = emit,
  .query_async = query_async,
  .query_finish = read_finish,
  .audit = audit,
};

void
bl_test_install_documents (void)
{
  bowline_private_install_directory_ops (&directory_ops);
  bowline_private_install_event_ops (&event_ops);
}
