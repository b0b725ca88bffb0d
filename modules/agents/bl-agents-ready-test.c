// SPDX-License-Identifier: Apache-2.0
/* Devices that are in: core scripts, reports, limits; and downloads. */
#include "bl-agents-testing.h"

#include <string.h>

#include "common/bl-hash.h"
#include "common/bl-variant.h"

/* ---- core scripts ----------------------------------------------------------------------------------------------- */

static void
test_current_core (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GBytes) package = bl_core_package (BL_AGENTS_TESTING_CORE, strlen (BL_AGENTS_TESTING_CORE));
  guint8 hash[48];
  gsize size;
  gconstpointer bytes = g_bytes_get_data (package, &size);

  bl_sha384 (bytes, size, hash);
  bl_agents_device_init (&device, bl_agents_testing.modulus, 40);
  bl_agents_device_open (env, &device);
  bl_fake_agent_set_core (device.agent, hash);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
}

static void
test_own_core (BlAgentsEnv *env, gconstpointer data)
{
  static const guint8 zeros[48];
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 41);
  bl_agents_device_open (env, &device);
  bl_fake_agent_set_core (device.agent, zeros);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
}

static void
test_plain_push (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 42);
  device.options.caps &= ~(guint32) BL_AGENT_CAP_COMPRESSION;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  g_assert_cmpuint (bl_fake_agent_get_compressed (device.agent), ==, 0);
  g_assert_cmpstr (bl_fake_agent_get_script (device.agent), ==, BL_AGENTS_TESTING_CORE);
}

static gboolean
has_good_core (BlFakeAgent *agent)
{
  return bl_fake_agent_is_stable (agent) && g_strcmp0 (bl_fake_agent_get_script (agent), BL_AGENTS_TESTING_CORE) == 0;
}

static gboolean
was_cleared (BlFakeAgent *agent)
{
  return bl_fake_agent_get_clears (agent) > 0;
}

/* A core that was good once replaces one that does not start. */
static void
test_mute_core (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) first = { 0 };
  g_auto (BlAgentsDevice) second = { 0 };

  bl_agents_device_init (&first, bl_agents_testing.modulus, 43);
  bl_agents_device_open (env, &first);
  g_assert_true (bl_agents_device_wait_for (&first, bl_fake_agent_is_stable));
  bl_agents_device_close (&first);
  bl_test_host_deactivate (env->test, bowline_plugin_query_1);
  g_assert_true (g_file_set_contents (env->core_path, "syntax error", -1, NULL));
  bl_agents_env_activate (env);
  bl_agents_device_init (&second, bl_agents_testing.modulus, 44);
  second.options.mute = TRUE;
  bl_agents_device_open (env, &second);
  g_assert_true (bl_agents_device_wait_for (&second, bl_fake_agent_is_stable));
  g_assert_cmpstr (bl_fake_agent_get_script (second.agent), ==, "syntax error");
  g_assert_true (bl_agents_device_wait_for (&second, has_good_core));
  g_assert_cmpuint (bl_fake_agent_get_clears (second.agent), ==, 1);
}

static void
test_mute_without_other (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 45);
  device.options.mute = TRUE;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, was_cleared));
  bl_agents_device_talk (&device);
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 1);
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 0);
}

/* ---- reports ---------------------------------------------------------------------------------------------------- */

static guint
count_helps (BlAgentsEnv *env, const char *text)
{
  GPtrArray *events = bl_test_host_get_events (env->test);
  guint n = 0;

  for (guint i = 0; i < events->len; i++)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (g_ptr_array_index (events, i), 1);
      if (g_strcmp0 (bl_variant_get_string (event, "action"), "help") != 0)
        continue;
      g_assert_cmpstr (bl_variant_get_string (event, "msg"), ==, text);
      g_assert_false (bl_variant_has (event, "nolog"));
      n++;
    }
  return n;
}

static void
test_reports (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  BowlineHost *host = bl_test_host_get (env->test);
  g_autoptr (GVariant) sessions = NULL;
  g_autofree char *if_id = NULL;
  g_autofree char *si_id = NULL;
  guint before;

  bl_agents_device_init (&device, bl_agents_testing.modulus, 50);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  bl_agents_device_talk (&device);
  bl_fake_agent_send_json (device.agent, "{\"action\":\"netinfo\",\"netif2\":{\"eth0\":[{\"address\":\"192.0.2.1\"}]}}");
  bl_fake_agent_send_json (device.agent, "{\"action\":\"sysinfo\",\"data\":{\"hash\":\"abc\",\"hardware\":{\"linux\":{}}}}");
  bl_fake_agent_send_json (device.agent, "{\"action\":\"sessions\",\"type\":\"terminal\",\"value\":{\"user//admin\":1}}");
  /* Told twice, written down once. */
  for (guint i = 0; i < 2; i++)
    bl_fake_agent_send_json (device.agent, "{\"action\":\"sessions\",\"type\":\"help\",\"value\":{\"anna\":\"no sound\",\"b\":7}}");
  bl_fake_agent_send_json (device.agent, "{\"action\":\"log\",\"msg\":\"Started\",\"userid\":\"user//admin\"}");
  bl_agents_device_talk (&device);
  if_id = g_strconcat ("if", device.identity->node_id, NULL);
  si_id = g_strconcat ("si", device.identity->node_id, NULL);
  g_assert_true (bowline_directory_contains (host, if_id));
  g_assert_true (bowline_directory_contains (host, si_id));
  g_assert_true (bl_agents_env_has_event (env, "ifchange"));
  g_assert_true (bl_agents_env_has_event (env, "sysinfohash"));
  g_assert_cmpuint (count_helps (env, "anna asks for help: no sound"), ==, 1);
  g_assert_true (bl_agents_env_has_event (env, "agentlog"));
  sessions = bowline_device_dup_sessions (host, device.identity->node_id);
  g_assert_true (bl_variant_has (sessions, "terminal"));
  before = bl_fake_agent_get_json (device.agent)->len;
  bl_fake_agent_send_json (device.agent, "{\"action\":\"ping\"}");
  bl_agents_device_talk (&device);
  g_assert_cmpstr (g_ptr_array_index (bl_fake_agent_get_json (device.agent), before), ==, "{\"action\":\"pong\"}");
}

static void
test_console_loop (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 51);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  for (guint i = 0; i < 40 && bl_test_socket_get_close_code (device.socket) == 0; i++)
    bl_fake_agent_send_json (device.agent, "{\"action\":\"msg\",\"type\":\"console\",\"value\":\"error\"}");
  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 1008);
}

static void
test_too_fast (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 52);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  for (guint i = 0; i < 600; i++)
    bl_fake_agent_send_json (device.agent, "{\"action\":\"pong\"}");
  g_assert_true (bl_test_socket_is_paused (device.socket));
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 0);
}

static void
test_garbage_later (BlAgentsEnv *env, gconstpointer data)
{
  static const char *const messages[] = { "{", "{}", "{\"action\":5}", "{\"action\":\"nonsense\"}", "x",
                                          "{\"action\":\"coreinfo\",\"caps\":\"text\"}" };
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 53);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    bl_fake_agent_send_json (device.agent, messages[i]);
  bl_agents_device_talk (&device);
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 0);
}

int
main (int argc, char **argv)
{
  int rc;

  g_test_init (&argc, &argv, NULL);
  bl_agents_testing_begin ();
#define ADD(name, function)                                                                                          \
  g_test_add ("/agents-ready/" name, BlAgentsEnv, NULL, bl_agents_env_set_up, function, bl_agents_env_tear_down)
  ADD ("current-core", test_current_core);
  ADD ("own-core", test_own_core);
  ADD ("plain-push", test_plain_push);
  ADD ("mute-core", test_mute_core);
  ADD ("mute-without-other", test_mute_without_other);
  ADD ("reports", test_reports);
  ADD ("console-loop", test_console_loop);
  ADD ("too-fast", test_too_fast);
  ADD ("garbage-later", test_garbage_later);
  rc = g_test_run ();
  bl_agents_testing_end ();
  return rc;
}
