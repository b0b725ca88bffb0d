// SPDX-License-Identifier: Apache-2.0
/* What a plugin sees of its host: settings, services, worker pool, release. */
#include "bl-host.h"

#include <string.h>

static const char manifest_text[] = "[Module]\nId=relay\nVersion=1\nAbiMajor=1\nAbiMinMinor=0\nKind=server\n"
                                    "Name=Relay\nSummary=Joins two ends.\n"
                                    "[Setting names]\nType=list\nDefault=a;b\nSummary=Names.\n";

typedef struct
{
  guint32 struct_size;
  guint32 number;
  void (*call) (void);
} Small;

typedef struct
{
  guint32 struct_size;
  guint32 number;
  void (*call) (void);
  void (*newer) (void);
} Grown;

static BlHostEnvironment env;
static guint removed;

static void
nothing (void)
{
}

static void
publish (BowlineHost *host, const char *topic, GVariant *payload)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (payload);

  g_assert_cmpstr (topic, ==, "service.removed");
  removed++;
}

static const BowlineTopicOps topic_ops = { .publish = publish };

static void
test_settings (void)
{
  BowlineHost *host = bl_host_get ("relay");

  g_assert_cmpstr (bowline_host_get_plugin_id (host), ==, "relay");
  g_assert_cmpint (bowline_host_get_int (host, "server.port"), ==, 443);
  g_assert_cmpstr (bowline_host_get_list (host, "names")[1], ==, "b");
  g_assert_true (bowline_host_get_boolean (host, "enabled"));
  g_assert_cmpstr (bowline_host_get_version (host), ==, "9");
  g_assert_true (bl_host_get ("relay") == host);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*not declared*");
  g_assert_cmpint (bowline_host_get_int (host, "absent"), ==, 0);
  g_test_assert_expected_messages ();
}

static void
test_services (void)
{
  BowlineHost *host = bl_host_get ("relay");
  const Small old = { sizeof (Small), 7, nothing };
  const Grown grown = { sizeof (Grown), 8, nothing, nothing };
  Grown as_grown = { .struct_size = sizeof (Grown) };
  Small as_small = { .struct_size = sizeof (Small) };
  g_autoptr (GError) error = NULL;
  gpointer user_data = NULL;

  g_assert_true (bowline_host_register_service (host, "org.example.old", 1, &old, &env, &error));
  g_assert_true (bowline_host_register_service (host, "org.example.new", 1, &grown, NULL, &error));
  g_assert_false (bowline_host_register_service (host, "org.example.new", 1, &grown, NULL, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS);
  /* An old provider for a new consumer, and the other way round. */
  g_assert_true (bowline_host_lookup_service (host, "org.example.old", 1, &as_grown, &user_data));
  g_assert_true (user_data == &env);
  g_assert_cmpuint (as_grown.number, ==, 7);
  g_assert_null (as_grown.newer);
  g_assert_cmpuint (as_grown.struct_size, ==, sizeof (Grown));
  g_assert_true (bowline_host_lookup_service (host, "org.example.new", 1, &as_small, NULL));
  g_assert_cmpuint (as_small.number, ==, 8);
  g_assert_cmpuint (as_small.struct_size, ==, sizeof (Small));
  g_assert_false (bowline_host_lookup_service (host, "org.example.new", 2, &as_small, NULL));
  g_assert_cmpuint (as_small.number, ==, 0);

  removed = 0;
  bl_host_release (host);
  g_assert_cmpuint (removed, ==, 2);
  g_assert_false (bowline_host_lookup_service (host, "org.example.old", 1, &as_small, NULL));
}

static void
work_cb (gpointer data)
{
  g_atomic_int_inc ((gint *)data);
}

static void
done_cb (gpointer data)
{
  *(gint *)data += 10;
}

static void
test_offload (void)
{
  gint value = 0;

  g_assert_true (bowline_host_offload (bl_host_get ("relay"), work_cb, done_cb, &value, NULL));
  while (g_atomic_int_get (&value) < 11)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (value, ==, 11);
}

static void
free_cb (gpointer data)
{
  *(gint *)data += 100;
}

/* A plugin that is gone hears no more of its work, but its data is freed. */
static void
test_offload_after_release (void)
{
  BowlineHost *host = bl_host_get ("gone");
  gint value = 0;

  g_assert_true (bowline_host_offload (host, work_cb, done_cb, &value, free_cb));
  bl_host_release (host);
  while (g_atomic_int_get (&value) < 100)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (value, ==, 101);
}

static void
note (BowlineHost *host, gpointer user_data)
{
  g_string_append (user_data, host->id);
}

static void
test_release_funcs (void)
{
  g_autoptr (GString) seen = g_string_new (NULL);

  bl_host_add_release_func (note, seen);
  bl_host_release (bl_host_get ("other"));
  bl_host_remove_release_func (note, seen);
  bl_host_release (bl_host_get ("third"));
  g_assert_cmpstr (seen->str, ==, "other");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlConfig) config = bl_config_new ();
  g_autoptr (BlModuleManifest) manifest = NULL;
  g_autoptr (BlServiceRegistry) services = bl_service_registry_new ();
  g_autoptr (BlWorkerPool) workers = bl_worker_pool_new (1, 10, NULL);

  g_test_init (&argc, &argv, NULL);
  manifest = bl_module_manifest_parse ("/lib/relay.module", manifest_text, strlen (manifest_text), &error);
  g_assert_no_error (error);
  bl_config_add_module (config, manifest);
  g_assert_true (bl_config_check (config, &error));
  env = (BlHostEnvironment){ config, services, workers, "9", "/data", "/share" };
  bl_host_install (&env);
  bowline_private_install_topic_ops (&topic_ops);
  g_test_add_func ("/host/settings", test_settings);
  g_test_add_func ("/host/services", test_services);
  g_test_add_func ("/host/offload", test_offload);
  g_test_add_func ("/host/offload-after-release", test_offload_after_release);
  g_test_add_func ("/host/release-funcs", test_release_funcs);
  return g_test_run ();
}
