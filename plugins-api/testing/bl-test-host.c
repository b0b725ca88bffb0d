// SPDX-License-Identifier: Apache-2.0
/* The test host: life, settings, log, services, topics, worker pool. */
#include "bowline-testing-private.h"

#include "bl-table.h"
#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  gpointer table;
  gpointer user_data;
} BlTestService;

static void
service_free (gpointer data)
{
  BlTestService *service = data;

  g_free (service->table);
  g_free (service);
}

static void
subscription_free (gpointer data)
{
  BlTestSubscription *subscription = data;

  g_free (subscription->topic);
  g_free (subscription);
}

static GPtrArray *
new_variants (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
}

static GHashTable *
new_map (GDestroyNotify free_value)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value);
}

BlTestHost *
bl_test_host_new (const char *id)
{
  BlTestHost *test = g_new0 (BlTestHost, 1);

  test->host.magic = BOWLINE_HOST_MAGIC;
  test->host.id = g_strdup (id);
  test->host.priv = test;
  test->data_dir = g_dir_make_tmp ("bowline-test-XXXXXX", NULL);
  test->settings = new_map (g_free);
  test->lists = new_map ((GDestroyNotify)g_strfreev);
  test->log = g_ptr_array_new_with_free_func (g_free);
  test->published = new_variants ();
  test->events = new_variants ();
  test->audit = new_variants ();
  test->audit_users = g_ptr_array_new_with_free_func (g_free);
  test->device_messages = new_variants ();
  test->services = new_map (service_free);
  test->subscriptions = g_ptr_array_new_with_free_func (subscription_free);
  test->documents = new_map ((GDestroyNotify)g_variant_unref);
  test->grants = new_map (NULL);
  test->actions = g_ptr_array_new_with_free_func (g_free);
  test->endpoints = g_ptr_array_new_with_free_func (g_free);
  test->online = new_map (NULL);
  test->sessions = new_map ((GDestroyNotify)g_variant_unref);
  test->tickets = new_map ((GDestroyNotify)g_variant_unref);
  bl_test_install_host ();
  bl_test_install_documents ();
  bl_test_install_principals ();
  bl_test_install_actions ();
  bl_test_install_http ();
  bl_test_install_websocket ();
  bl_test_install_tables ();
  return test;
}

/* The tree is our own and small; nothing in it is a link. */
static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        remove_tree (child);
      else
        g_remove (child);
    }
  g_rmdir (path);
}

void
bl_test_host_free (BlTestHost *test)
{
  bl_test_host_settle ();
  remove_tree (test->data_dir);
  g_free (test->data_dir);
  g_free (test->host.id);
  g_hash_table_unref (test->settings);
  g_hash_table_unref (test->lists);
  g_ptr_array_unref (test->log);
  g_ptr_array_unref (test->published);
  g_ptr_array_unref (test->events);
  g_ptr_array_unref (test->audit);
  g_ptr_array_unref (test->audit_users);
  g_ptr_array_unref (test->device_messages);
  g_hash_table_unref (test->services);
  g_ptr_array_unref (test->subscriptions);
  g_hash_table_unref (test->documents);
  g_hash_table_unref (test->grants);
  g_ptr_array_unref (test->actions);
  g_ptr_array_unref (test->endpoints);
  g_hash_table_unref (test->online);
  g_hash_table_unref (test->sessions);
  g_hash_table_unref (test->tickets);
  g_free (test);
}

BowlineHost *
bl_test_host_get (BlTestHost *test)
{
  return &test->host;
}

void
bl_test_host_set (BlTestHost *test, const char *key, const char *text)
{
  g_hash_table_replace (test->settings, g_strdup (key), g_strdup (text));
  g_hash_table_replace (test->lists, g_strdup (key),
                        *text != '\0' ? g_strsplit (text, ";", -1) : g_new0 (char *, 1));
}

GPtrArray *
bl_test_host_get_log (BlTestHost *test)
{
  return test->log;
}

GPtrArray *
bl_test_host_get_published (BlTestHost *test)
{
  return test->published;
}

/* ---- main context -----------------------------------------------------------------------------------------
 */

static gboolean
expire (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

gboolean
bl_test_host_wait (gboolean (*done) (gpointer user_data), gpointer user_data, guint seconds)
{
  gboolean expired = FALSE;
  guint source = g_timeout_add_seconds (seconds, expire, &expired);
  gboolean reached;

  while (!(reached = done (user_data)) && !expired)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  return reached;
}

void
bl_test_host_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **)user_data, result);
}

static gboolean
has_result (gpointer user_data)
{
  return *(GAsyncResult **)user_data != NULL;
}

gboolean
bl_test_host_activate (BlTestHost *test, BowlinePluginQuery query, GError **error)
{
  const BowlinePluginDescriptor *descriptor = query ();
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_cmpstr (descriptor->id, ==, test->host.id);
  descriptor->activate_async (&test->host, NULL, keep_result, &result);
  g_assert_true (bl_test_host_wait (has_result, &result, 20));
  return descriptor->activate_finish (&test->host, result, error);
}

void
bl_test_host_deactivate (BlTestHost *test, BowlinePluginQuery query)
{
  const BowlinePluginDescriptor *descriptor = query ();

  if (descriptor->deactivate != NULL)
    descriptor->deactivate (&test->host);
  g_ptr_array_set_size (test->subscriptions, 0);
  g_ptr_array_set_size (test->endpoints, 0);
  g_ptr_array_set_size (test->actions, 0);
  g_hash_table_remove_all (test->services);
}

/* ---- functions of <bowline/host.h> ------------------------------------------------------------------------
 */

static GMainContext *
get_main_context (BowlineHost *host)
{
  return g_main_context_default ();
}

static const char *
get_plugin_id (BowlineHost *host)
{
  return host->id;
}

static const char *
get_version (BowlineHost *host)
{
  return "0.0.0";
}

static const char *
get_data_dir (BowlineHost *host)
{
  return bl_test_host_from (host)->data_dir;
}

static const char *
get_string (BowlineHost *host, const char *key)
{
  const char *text = g_hash_table_lookup (bl_test_host_from (host)->settings, key);

  return text != NULL ? text : "";
}

static gint64
get_int (BowlineHost *host, const char *key)
{
  return g_ascii_strtoll (get_string (host, key), NULL, 10);
}

static gboolean
get_boolean (BowlineHost *host, const char *key)
{
  return strcmp (get_string (host, key), "true") == 0;
}

static const char *const *
get_list (BowlineHost *host, const char *key)
{
  static const char *const empty[] = { NULL };
  const char *const *list = g_hash_table_lookup (bl_test_host_from (host)->lists, key);

  return list != NULL ? list : empty;
}

static void
write_log (BowlineHost *host, guint32 level, GVariant *fields, const char *message)
{
  static const char *const names[] = { "", "", "", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG" };

  if (fields != NULL)
    g_variant_unref (g_variant_ref_sink (fields));
  g_ptr_array_add (bl_test_host_from (host)->log, g_strdup_printf ("%s %s", names[MIN (level, 7)], message));
}

static gboolean
register_service (BowlineHost *host,
                  const char *name,
                  guint32 major,
                  gconstpointer table,
                  gpointer user_data,
                  GError **error)
{
  BlTestHost *test = bl_test_host_from (host);
  g_autofree char *key = g_strdup_printf ("%s/%u", name, major);
  BlTestService *service;
  guint32 size;

  if (g_hash_table_contains (test->services, key))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "service %s is taken", key);
      return FALSE;
    }
  memcpy (&size, table, sizeof size);
  service = g_new0 (BlTestService, 1);
  service->table = g_memdup2 (table, size);
  service->user_data = user_data;
  g_hash_table_replace (test->services, g_steal_pointer (&key), service);
  return TRUE;
}

static gboolean
lookup_service (BowlineHost *host, const char *name, guint32 major, gpointer table, gpointer *user_data)
{
  g_autofree char *key = g_strdup_printf ("%s/%u", name, major);
  BlTestService *service = g_hash_table_lookup (bl_test_host_from (host)->services, key);
  guint32 empty = sizeof empty;

  bl_table_fill (table, service != NULL ? service->table : &empty);
  if (user_data != NULL)
    *user_data = service != NULL ? service->user_data : NULL;
  return service != NULL;
}

typedef struct
{
  void (*work) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
  GDestroyNotify free_data;
} Job;

static gboolean
run_job (gpointer user_data)
{
  Job *job = user_data;

  job->work (job->data);
  if (job->done != NULL)
    job->done (job->data);
  if (job->free_data != NULL)
    job->free_data (job->data);
  g_free (job);
  return G_SOURCE_REMOVE;
}

static gboolean
offload (BowlineHost *host,
         void (*work) (gpointer data),
         void (*done) (gpointer data),
         gpointer data,
         GDestroyNotify free_data)
{
  Job job = { work, done, data, free_data };

  g_idle_add (run_job, g_memdup2 (&job, sizeof job));
  return TRUE;
}

/* ---- topics -----------------------------------------------------------------------------------------------
 */

static void
publish (BowlineHost *host, const char *topic, GVariant *payload)
{
  BlTestHost *test = bl_test_host_from (host);
  g_autoptr (GVariant) owned = g_variant_ref_sink (payload);

  g_ptr_array_add (test->published, g_variant_ref_sink (g_variant_new ("(sv)", topic, owned)));
  for (guint i = 0; i < test->subscriptions->len; i++)
    {
      const BlTestSubscription *subscription = test->subscriptions->pdata[i];

      if (strcmp (subscription->topic, topic) == 0)
        subscription->func (topic, owned, subscription->user_data);
    }
}

static guint64
subscribe (BowlineHost *host, const char *topic, BowlineTopicFunc func, gpointer user_data)
{
  BlTestHost *test = bl_test_host_from (host);
  BlTestSubscription *subscription = g_new0 (BlTestSubscription, 1);

  subscription->number = ++test->last_number;
  subscription->topic = g_strdup (topic);
  subscription->func = func;
  subscription->user_data = user_data;
  g_ptr_array_add (test->subscriptions, subscription);
  return subscription->number;
}

static void
unsubscribe (BowlineHost *host, guint64 number)
{
  BlTestHost *test = bl_test_host_from (host);

  for (guint i = 0; i < test->subscriptions->len; i++)
    if (((BlTestSubscription *)test->subscriptions->pdata[i])->number == number)
      {
        g_ptr_array_remove_index (test->subscriptions, i);
        return;
      }
}

static const BowlineHostOps host_ops = {
  .get_main_context = get_main_context,
  .get_plugin_id = get_plugin_id,
  .get_version = get_version,
  .get_data_dir = get_data_dir,
  .get_package_data_dir = get_data_dir,
  .get_string = get_string,
  .get_int = get_int,
  .get_boolean = get_boolean,
  .get_list = get_list,
  .log = write_log,
  .register_service = register_service,
  .lookup_service = lookup_service,
  .offload = offload,
};

static const BowlineTopicOps topic_ops = {
  .publish = publish,
  .subscribe = subscribe,
  .unsubscribe = unsubscribe,
};

void
bl_test_install_host (void)
{
  bowline_private_install_host_ops (&host_ops);
  bowline_private_install_topic_ops (&topic_ops);
}
