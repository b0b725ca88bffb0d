// SPDX-License-Identifier: Apache-2.0
/* Who is connected: events, topics, documents, transports, sessions. */
#include "bl-device-registry.h"

#include <string.h>

#include "bowline-testing.h"
#include "common/bl-variant.h"

#define NODE "node//n"
#define MESH "mesh//m"

typedef struct
{
  BlTestHost *test;
  BlDeviceRegistry *registry;
  BowlineHost *host;
} Env;

static void
set_up (Env *env, gconstpointer data)
{
  env->test = bl_test_host_new ("core");
  env->host = bl_test_host_get (env->test);
  env->registry = bl_device_registry_new (env->host);
  bl_device_registry_install (env->registry);
  bl_test_host_put_document (env->test, g_variant_new_parsed ("{'_id': <%s>, 'type': <'node'>, 'meshid': <%s>, "
                                                              "'ip': <'192.0.2.1'>}",
                                                              NODE, MESH));
}

static void
tear_down (Env *env, gconstpointer data)
{
  bl_device_registry_free (env->registry);
  bl_test_host_settle ();
  bl_test_host_free (env->test);
}

/* Returns: (transfer full): event number @index from the end with this action */
static GVariant *
last_event (Env *env, const char *action)
{
  GPtrArray *events = bl_test_host_get_events (env->test);

  for (guint i = events->len; i > 0; i--)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (g_ptr_array_index (events, i - 1), 1);
      if (g_strcmp0 (bl_variant_get_string (event, "action"), action) == 0)
        return g_steal_pointer (&event);
    }
  return NULL;
}

static void
test_presence (Env *env, gconstpointer data)
{
  BowlineDeviceState state = { .struct_size = sizeof state };
  g_autoptr (GVariant) event = NULL;
  g_autoptr (GVariant) power = NULL;
  g_autoptr (GVariant) last = NULL;
  guint n;

  g_assert_false (bowline_device_get_state (env->host, NODE, &state));
  bowline_device_connected (env->host, NODE, BOWLINE_CONNECTIVITY_AGENT, 1);
  g_assert_true (bowline_device_get_state (env->host, NODE, &state));
  g_assert_cmpuint (state.connectivity, ==, 1);
  g_assert_cmpuint (state.power, ==, 1);
  g_assert_cmpint (state.agent_since_ms, >, 0);
  event = last_event (env, "nodeconnect");
  g_assert_cmpint (bl_variant_get_int (event, "conn", -1), ==, 1);
  g_assert_cmpint (bl_variant_get_int (event, "pwr", -1), ==, 1);
  g_assert_cmpint (bl_variant_get_int (event, "nolog", 0), ==, 1);
  g_assert_cmpstr (bl_variant_get_string (event, "meshid"), ==, MESH);
  power = last_event (env, "power");
  g_assert_cmpint (bl_variant_get_int (power, "power", -1), ==, 1);
  g_assert_cmpint (bl_variant_get_int (power, "oldPower", -1), ==, 0);
  n = bl_test_host_get_events (env->test)->len;
  bowline_device_connected (env->host, NODE, BOWLINE_CONNECTIVITY_AGENT, 1);
  g_assert_cmpuint (bl_test_host_get_events (env->test)->len, ==, n);
  bowline_device_connected (env->host, NODE, BOWLINE_CONNECTIVITY_CIRA, 3);
  g_assert_true (bowline_device_get_state (env->host, NODE, &state));
  g_assert_cmpuint (state.connectivity, ==, 3);
  g_assert_cmpuint (state.power, ==, 1);
  bowline_device_disconnected (env->host, NODE, BOWLINE_CONNECTIVITY_AGENT);
  g_assert_true (bowline_device_get_state (env->host, NODE, &state));
  g_assert_cmpuint (state.power, ==, 3);
  g_assert_cmpint (state.agent_since_ms, ==, 0);
  bowline_device_disconnected (env->host, NODE, BOWLINE_CONNECTIVITY_CIRA);
  g_assert_false (bowline_device_get_state (env->host, NODE, &state));
  bl_test_host_settle ();
  last = bowline_directory_dup (env->host, "lc" NODE);
  g_assert_cmpstr (bl_variant_get_string (last, "type"), ==, "lastconnect");
  g_assert_cmpint (bl_variant_get_int (last, "cause", -1), ==, 0);
  g_assert_cmpstr (bl_variant_get_string (last, "addr"), ==, "192.0.2.1");
  g_assert_cmpuint (bl_device_registry_count (env->registry), ==, 0);
}

/* A device whose document is gone says nothing to anybody, and leaves nothing. */
static void
test_removed (Env *env, gconstpointer data)
{
  BowlineDeviceState state = { .struct_size = sizeof state };

  bowline_device_connected (env->host, "node//gone", BOWLINE_CONNECTIVITY_AGENT, 1);
  g_assert_true (bowline_device_get_state (env->host, "node//gone", &state));
  bowline_device_disconnected (env->host, "node//gone", BOWLINE_CONNECTIVITY_AGENT);
  g_assert_cmpuint (bl_test_host_get_events (env->test)->len, ==, 0);
  g_assert_false (bowline_directory_contains (env->host, "lcnode//gone"));
}

typedef struct
{
  gboolean takes;
  guint sent;
  guint ended;
} Fake;

static gboolean
fake_send (gpointer self, const char *node_id, GVariant *message)
{
  Fake *fake = self;

  fake->sent += fake->takes;
  return fake->takes;
}

static void
fake_disconnect (gpointer self, const char *node_id)
{
  ((Fake *) self)->ended++;
}

static void
test_transports (Env *env, gconstpointer data)
{
  Fake agent = { TRUE, 0, 0 };
  Fake cira = { TRUE, 0, 0 };
  BowlineDeviceTransport table = { sizeof table, BOWLINE_CONNECTIVITY_AGENT, fake_send, fake_disconnect };
  g_autoptr (GError) error = NULL;

  g_assert_true (bowline_host_register_device_transport (env->host, &table, &agent, NULL));
  g_assert_false (bowline_host_register_device_transport (env->host, &table, &cira, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS);
  g_clear_error (&error);
  table.connectivity = 3;
  g_assert_false (bowline_host_register_device_transport (env->host, &table, &cira, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  table.connectivity = BOWLINE_CONNECTIVITY_CIRA;
  g_assert_true (bowline_host_register_device_transport (env->host, &table, &cira, NULL));
  g_assert_false (bowline_device_send (env->host, NODE, g_variant_new_parsed ("@a{sv} {}")));
  bowline_device_connected (env->host, NODE, BOWLINE_CONNECTIVITY_CIRA, 1);
  g_assert_true (bowline_device_send (env->host, NODE, g_variant_new_parsed ("@a{sv} {}")));
  g_assert_cmpuint (agent.sent, ==, 0);
  g_assert_cmpuint (cira.sent, ==, 1);
  bowline_device_disconnect (env->host, NODE);
  g_assert_cmpuint (agent.ended + cira.ended, ==, 2);
  /* The plugin ends: what it carried is not connected any more. */
  bl_device_registry_remove_owner (env->registry, env->host);
  g_assert_cmpuint (bl_device_registry_count (env->registry), ==, 0);
  g_assert_false (bowline_device_send (env->host, NODE, g_variant_new_parsed ("@a{sv} {}")));
}

static void
test_sessions (Env *env, gconstpointer data)
{
  g_autoptr (GVariant) event = NULL;
  g_autoptr (GVariant) sessions = NULL;
  guint n;

  bowline_device_set_sessions (env->host, NODE, "kvm", g_variant_new_parsed ("{'user//a': <int64 1>}"));
  g_assert_null (bowline_device_dup_sessions (env->host, NODE));
  bowline_device_connected (env->host, NODE, BOWLINE_CONNECTIVITY_AGENT, 1);
  bowline_device_set_sessions (env->host, NODE, "kvm", g_variant_new_parsed ("{'user//a': <int64 1>}"));
  n = bl_test_host_get_events (env->test)->len;
  bowline_device_set_sessions (env->host, NODE, "kvm", g_variant_new_parsed ("{'user//a': <int64 1>}"));
  g_assert_cmpuint (bl_test_host_get_events (env->test)->len, ==, n);
  bowline_device_set_sessions (env->host, NODE, "files", g_variant_new_parsed ("{'user//b': <int64 2>}"));
  sessions = bowline_device_dup_sessions (env->host, NODE);
  g_assert_cmpuint (g_variant_n_children (sessions), ==, 2);
  bowline_device_set_sessions (env->host, NODE, "kvm", NULL);
  bowline_device_set_sessions (env->host, NODE, "files", NULL);
  event = last_event (env, "devicesessions");
  g_assert_nonnull (event);
  g_assert_false (bl_variant_has (event, "sessions"));
  for (guint i = 0; i < 2 * BL_DEVICE_REGISTRY_MAX_SESSION_TYPES; i++)
    {
      g_autofree char *type = g_strdup_printf ("t%u", i);
      bowline_device_set_sessions (env->host, NODE, type, g_variant_new_parsed ("{'user//a': <int64 1>}"));
    }
  g_clear_pointer (&sessions, g_variant_unref);
  sessions = bowline_device_dup_sessions (env->host, NODE);
  g_assert_cmpuint (g_variant_n_children (sessions), ==, BL_DEVICE_REGISTRY_MAX_SESSION_TYPES);
  bowline_device_disconnected (env->host, NODE, BOWLINE_CONNECTIVITY_AGENT);
  g_assert_null (bowline_device_dup_sessions (env->host, NODE));
}

/* A plugin that was compiled against a shorter struct. */
static void
test_short_state (Env *env, gconstpointer data)
{
  guint32 buffer[8] = { 16, 9, 9, 9, 9, 9, 9, 9 };

  bowline_device_connected (env->host, NODE, BOWLINE_CONNECTIVITY_AGENT, 1);
  g_assert_true (bowline_device_get_state (env->host, NODE, (BowlineDeviceState *) buffer));
  g_assert_cmpuint (buffer[0], ==, 16);
  g_assert_cmpuint (buffer[1], ==, 1);
  g_assert_cmpuint (buffer[4], ==, 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/device-registry/" name, Env, NULL, set_up, function, tear_down)
  ADD ("presence", test_presence);
  ADD ("removed", test_removed);
  ADD ("transports", test_transports);
  ADD ("sessions", test_sessions);
  ADD ("short-state", test_short_state);
  return g_test_run ();
}
