// SPDX-License-Identifier: Apache-2.0
/* Who is let in, in which order of messages, and who is not. */
#include "bl-agents-testing.h"

#include <string.h>

#include "common/bl-variant.h"

/* ---- handshakes ------------------------------------------------------------------------------------------------- */

static void
test_first_contact (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) node = NULL;
  g_autoptr (GVariant) agent = NULL;

  bl_agents_device_init (&device, bl_agents_testing.modulus, 1);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  g_assert_true (bl_fake_agent_trusts_server (device.agent));
  g_assert_null (bl_fake_agent_get_problem (device.agent));
  g_assert_cmpstr (bl_fake_agent_get_script (device.agent), ==, BL_AGENTS_TESTING_CORE);
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 1);
  g_assert_cmpuint (bl_fake_agent_get_compressed (device.agent), ==, 1);
  g_assert_cmpuint (bl_agents_testing.n_signatures, ==, 1);
  bl_agents_device_talk (&device);
  node = bl_agents_device_dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "computer");
  g_assert_cmpstr (bl_variant_get_string (node, "meshid"), ==, env->mesh);
  g_assert_cmpstr (bl_variant_get_string (node, "osdesc"), ==, "Fake OS");
  g_assert_cmpstr (bl_variant_get_string (node, "ip"), ==, "192.0.2.1");
  agent = bl_variant_get_object (node, "agent");
  g_assert_cmpint (bl_variant_get_int (agent, "caps", 0), ==, 23 | 0x18);
  g_assert_cmpstr (bl_variant_get_string (agent, "core"), ==, "Fake core");
  g_assert_true (bl_agents_env_has_event (env, "addnode"));
  g_assert_true (bl_agents_env_has_event (env, "changenode"));
}

static void
test_known_certificate (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 2);
  device.options.known = TRUE;
  device.options.info_first = TRUE;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_authenticated));
  g_assert_false (bl_fake_agent_trusts_server (device.agent));
  g_assert_cmpuint (bl_agents_testing.n_signatures, ==, 0);
}

/* The group a known device names does not count, and its name stays unless the group wants otherwise. */
static void
test_known_device (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  guint8 random_group[48];
  g_autoptr (GVariant) node = NULL;
  guint pushes;

  bl_agents_device_init (&device, bl_agents_testing.modulus, 3);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  bl_agents_device_close (&device);
  memset (random_group, 7, sizeof random_group);
  device.options.mesh_id = random_group;
  device.options.name = "renamed";
  bl_agents_device_open (env, &device);
  bl_fake_agent_set_core (device.agent, (const guint8 *) "................................................");
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  pushes = bl_fake_agent_get_pushes (device.agent);
  g_assert_cmpuint (pushes, ==, 1);
  node = bl_agents_device_dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "meshid"), ==, env->mesh);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "computer");
  g_assert_cmpstr (bl_variant_get_string (node, "rname"), ==, "renamed");
  bl_agents_env_put_mesh (env, env->mesh, 2);
  bl_agents_device_close (&device);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_authenticated));
  g_clear_pointer (&node, g_variant_unref);
  node = bl_agents_device_dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "renamed");
}

static void
test_small_key (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.small_modulus, 1);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
}

static void
test_pkcs7 (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 4);
  device.options.pkcs7 = TRUE;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
}

static void
test_former_server (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 7);
  device.options.server_id = bl_agents_testing.former_server->key_hash;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  g_assert_true (bl_fake_agent_trusts_server (device.agent));
  g_assert_null (bl_fake_agent_get_problem (device.agent));
}

static void
test_agent_name (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) node = NULL;

  bl_agents_device_init (&device, bl_agents_testing.modulus, 5);
  device.options.agent_name = "desk 7";
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_authenticated));
  node = bl_agents_device_dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "desk 7");
  g_assert_cmpstr (bl_variant_get_string (node, "rname"), ==, "computer");
}

static void
test_recovery_agent (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 6);
  device.options.caps |= BL_AGENT_CAP_RECOVERY;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_authenticated));
  bl_agents_device_talk (&device);
  g_assert_null (bl_agents_device_dup_node (env, &device));
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
}

/* ---- refusals --------------------------------------------------------------------------------------------------- */

static void
test_bad_signature (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 10);
  device.options.bad_signature = TRUE;
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "signature");
  g_assert_null (bl_agents_device_dup_node (env, &device));
}

static void
test_wrong_web_hash (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  guint8 other[48];

  memset (other, 9, sizeof other);
  bl_agents_device_init (&device, bl_agents_testing.modulus, 11);
  device.options.web_hash = other;
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "web certificate");
  g_assert_cmpuint (bl_agents_testing.n_signatures, ==, 0);
}

static void
test_other_server (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 12);
  device.options.server_id = bl_agents_testing.mesh_id;
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "another server id");
  g_assert_cmpuint (bl_agents_testing.n_signatures, ==, 0);
}

static void
test_unknown_group (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  guint8 other[48];

  memset (other, 9, sizeof other);
  bl_agents_device_init (&device, bl_agents_testing.modulus, 13);
  device.options.mesh_id = other;
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "there is no group");
  g_assert_null (bl_agents_device_dup_node (env, &device));
}

static void
test_store_fails (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 14);
  bl_test_host_fail_commits (env->test, TRUE);
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "cannot be stored");
}

static void
test_device_limit (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) first = { 0 };
  g_auto (BlAgentsDevice) second = { 0 };

  bl_test_host_set (env->test, "max-devices", "1");
  bl_agents_env_activate (env);
  bl_agents_device_init (&first, bl_agents_testing.modulus, 15);
  bl_agents_device_init (&second, bl_agents_testing.modulus, 16);
  bl_agents_device_open (env, &first);
  g_assert_true (bl_agents_device_wait_for (&first, bl_fake_agent_is_stable));
  bl_agents_device_open (env, &second);
  bl_agents_device_assert_held (env, &second, "limit of 1 devices");
}

static void
test_signatures_refused (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_testing.refuse_signatures = TRUE;
  bl_agents_device_init (&device, bl_agents_testing.modulus, 17);
  bl_agents_device_open (env, &device);
  bl_agents_device_talk (&device);
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 1013);
}

static void
test_holds_bounded (BlAgentsEnv *env, gconstpointer data)
{
  BlAgentsDevice devices[5];
  guint open = 0;
  guint8 other[48];

  memset (other, 9, sizeof other);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      bl_agents_device_init (&devices[i], bl_agents_testing.modulus, 20 + i);
      devices[i].options.web_hash = other;
      bl_agents_device_open (env, &devices[i]);
      bl_test_host_settle ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    open += bl_test_socket_get_close_code (devices[i].socket) == 0;
  g_assert_cmpuint (open, ==, 3);
  g_assert_cmpuint (bl_test_socket_get_close_code (devices[0].socket), !=, 0);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    bl_agents_device_clear (&devices[i]);
}

static gboolean
socket_is_closed (gpointer data)
{
  return bl_test_socket_get_close_code (data) != 0;
}

static void
test_silent (BlAgentsEnv *env, gconstpointer data)
{
  const BlTestRequest request = { .path = "/agent.ashx" };
  g_autoptr (BowlineWebSocket) socket = NULL;

  bl_test_host_set (env->test, "handshake-timeout", "1");
  bl_agents_env_activate (env);
  socket = bl_test_host_open_socket (env->test, &request);
  g_assert_true (bl_test_host_wait (socket_is_closed, socket, 20));
}

static void
test_garbage (BlAgentsEnv *env, gconstpointer data)
{
  static const char *const messages[] = { "", "x", "\0\1", "\0\2\377\377", "{", "{\"action\":\"coreinfo\"}", "\0\3aaaaaaaa" };
  static const gsize sizes[] = { 0, 1, 2, 4, 1, 21, 10 };
  g_autofree char *big = g_strnfill (BL_AGENT_MAX_HANDSHAKE + 1, 'a');

  for (guint i = 0; i <= G_N_ELEMENTS (messages); i++)
    {
      const BlTestRequest request = { .path = "/agent.ashx" };
      g_autoptr (BowlineWebSocket) socket = bl_test_host_open_socket (env->test, &request);
      gboolean last = i == G_N_ELEMENTS (messages);
      g_autoptr (GBytes) message = g_bytes_new (last ? big : messages[i], last ? strlen (big) : sizes[i]);

      for (guint repeat = 0; repeat <= BL_AGENTS_MAX_EARLY + 1; repeat++)
        if (bl_test_socket_get_close_code (socket) == 0)
          bl_test_socket_receive (socket, BOWLINE_MESSAGE_BINARY, message);
      bl_test_host_settle ();
      g_assert_cmpuint (bl_test_socket_get_sent (socket)->len, ==, 0);
      if (last)
        g_assert_cmpuint (bl_test_socket_get_close_code (socket), ==, 1009);
      if (bl_test_socket_get_close_code (socket) == 0)
        bl_test_socket_receive_close (socket, 1000);
      bl_test_host_settle ();
    }
}

/* ---- several connections ---------------------------------------------------------------------------------------- */

static void
test_duplicate (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) first = { 0 };
  g_auto (BlAgentsDevice) second = { 0 };
  BowlineDeviceTransport transport;
  gpointer self;
  guint before;

  bl_agents_device_init (&first, bl_agents_testing.modulus, 30);
  bl_agents_device_init (&second, bl_agents_testing.modulus, 30);
  bl_agents_device_open (env, &first);
  g_assert_true (bl_agents_device_wait_for (&first, bl_fake_agent_is_stable));
  bl_agents_device_open (env, &second);
  g_assert_true (bl_agents_device_wait_for (&second, bl_fake_agent_is_stable));
  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_socket_get_close_code (first.socket), !=, 0);
  g_assert_cmpuint (bl_test_socket_get_close_code (second.socket), ==, 0);
  before = bl_fake_agent_get_json (second.agent)->len;
  g_assert_true (bl_test_host_get_transport (env->test, &transport, &self));
  g_autoptr (GVariant) message = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'ping'>}"));
  g_assert_true (transport.send (self, second.identity->node_id, message));
  bl_agents_device_talk (&second);
  g_assert_cmpuint (bl_fake_agent_get_json (second.agent)->len, ==, before + 1);
  /* The end of the first did not count as the device's. */
  BowlineDeviceState state = { .struct_size = sizeof state };
  g_assert_true (bowline_device_get_state (bl_test_host_get (env->test), second.identity->node_id, &state));
  bl_agents_device_close (&second);
  g_assert_false (bowline_device_get_state (bl_test_host_get (env->test), second.identity->node_id, &state));
  g_assert_false (transport.send (self, second.identity->node_id, message));
}

static void
test_storm (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 31);
  for (guint i = 0; i < 5; i++)
    {
      bl_agents_device_open (env, &device);
      g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
      bl_agents_device_close (&device);
    }
  for (guint i = 0; i < 2; i++)
    {
      bl_agents_device_open (env, &device);
      g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_authenticated));
      bl_agents_device_talk (&device);
      g_assert_false (bl_fake_agent_is_stable (device.agent));
      g_assert_cmpuint (bl_fake_agent_get_clears (device.agent), ==, 1);
      bl_agents_device_close (&device);
    }
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "reconnected 7 times");
}

static void
test_temporary (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) node = NULL;

  bl_agents_device_init (&device, bl_agents_testing.modulus, 32);
  device.options.caps |= BL_AGENT_CAP_TEMPORARY;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  node = bl_agents_device_dup_node (env, &device);
  g_assert_nonnull (node);
  bl_agents_device_close (&device);
  g_assert_null (bl_agents_device_dup_node (env, &device));
  g_assert_true (bl_agents_env_has_event (env, "removenode"));
}

static void
test_removed (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };

  bl_agents_device_init (&device, bl_agents_testing.modulus, 33);
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, bl_fake_agent_is_stable));
  bowline_topic_publish (bl_test_host_get (env->test), "directory.changed",
                         g_variant_new ("(sms)", device.identity->node_id, "delete"));
  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), !=, 0);
}

int
main (int argc, char **argv)
{
  int rc;

  g_test_init (&argc, &argv, NULL);
  bl_agents_testing_begin ();
#define ADD(name, function)                                                                                          \
  g_test_add ("/agents-admission/" name, BlAgentsEnv, NULL, bl_agents_env_set_up, function, bl_agents_env_tear_down)
#define ADD_LATE(name, function)                                                                                     \
  g_test_add ("/agents-admission/" name, BlAgentsEnv, "late", bl_agents_env_set_up, function, bl_agents_env_tear_down)
  ADD ("first-contact", test_first_contact);
  ADD ("known-certificate", test_known_certificate);
  ADD ("known-device", test_known_device);
  ADD ("small-key", test_small_key);
  ADD ("pkcs7", test_pkcs7);
  ADD ("former-server", test_former_server);
  ADD ("agent-name", test_agent_name);
  ADD ("recovery-agent", test_recovery_agent);
  ADD ("bad-signature", test_bad_signature);
  ADD ("wrong-web-hash", test_wrong_web_hash);
  ADD ("other-server", test_other_server);
  ADD ("unknown-group", test_unknown_group);
  ADD ("store-fails", test_store_fails);
  ADD_LATE ("device-limit", test_device_limit);
  ADD ("signatures-refused", test_signatures_refused);
  ADD ("holds-bounded", test_holds_bounded);
  ADD_LATE ("silent", test_silent);
  ADD ("garbage", test_garbage);
  ADD ("duplicate", test_duplicate);
  ADD ("storm", test_storm);
  ADD ("temporary", test_temporary);
  ADD ("removed", test_removed);
  rc = g_test_run ();
  bl_agents_testing_end ();
  return rc;
}
