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

/* ---- kinds of agents -------------------------------------------------------------------------------------------- */

static gboolean
is_in (BlFakeAgent *agent)
{
  return bl_fake_agent_is_authenticated (agent) && bl_fake_agent_is_stable (agent);
}

/* Every kind of agent there is or was: what it announces, and in which order. */
static void
test_kinds (BlAgentsEnv *env, gconstpointer data)
{
  static const struct
  {
    guint32 id;
    gboolean small_key, pkcs7, no_date, old_info, known, info_first;
  } kinds[] = {
    { .id = 3, .pkcs7 = TRUE },
    { .id = 4, .pkcs7 = TRUE, .known = TRUE, .info_first = TRUE },
    { .id = 4, .small_key = TRUE, .pkcs7 = TRUE, .no_date = TRUE },
    { .id = 6, .no_date = TRUE, .old_info = TRUE },
    { .id = 9, .small_key = TRUE, .old_info = TRUE, .info_first = TRUE },
    { .id = 25, .no_date = TRUE },
    { .id = 26 },
    { .id = 32, .known = TRUE, .info_first = TRUE },
    { .id = 43 },
    { .id = 45, .info_first = TRUE },
    { .id = 65535 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto (BlAgentsDevice) device = { 0 };
      g_autoptr (GVariant) node = NULL;
      g_autoptr (GVariant) agent = NULL;

      bl_agents_device_init (&device, kinds[i].small_key ? bl_agents_testing.small_modulus : bl_agents_testing.modulus, 100 + i);
      device.options.agent_id = kinds[i].id;
      device.options.pkcs7 = kinds[i].pkcs7;
      device.options.no_date = kinds[i].no_date;
      device.options.old_info = kinds[i].old_info;
      device.options.known = kinds[i].known;
      device.options.info_first = kinds[i].info_first;
      bl_agents_device_open (env, &device);
      g_assert_true (bl_agents_device_wait_for (&device, is_in));
      node = bl_agents_device_dup_node (env, &device);
      agent = bl_variant_get_object (node, "agent");
      g_assert_cmpint (bl_variant_get_int (agent, "id", -1), ==, kinds[i].id);
      g_assert_cmpstr (bl_variant_get_string (node, "rname"), ==, kinds[i].old_info ? "(unknown)" : "computer");
    }
}

/* An old agent's group and server have ids of 32 bytes; the rest is zero. */
static void
test_short_ids (BlAgentsEnv *env, gconstpointer data)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) node = NULL;
  guint8 id[48] = { 0 };
  g_autofree char *hex = NULL;
  g_autofree char *mesh = NULL;

  memset (id, 0xAB, 32);
  hex = bl_hex_encode (id, 32, FALSE);
  mesh = g_strconcat ("mesh//", hex, NULL);
  bl_agents_env_put_mesh (env, mesh, 0);
  bl_agents_device_init (&device, bl_agents_testing.modulus, 120);
  device.options.mesh_id = id;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, is_in));
  node = bl_agents_device_dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "meshid"), ==, mesh);
}

static void
test_agent_key (BlAgentsEnv *env, gconstpointer data)
{
  const struct
  {
    const char *key;
    gboolean good;
  } cases[] = { { NULL, FALSE }, { "first", TRUE }, { "second", TRUE }, { "firs", FALSE }, { "secone", FALSE } };

  bl_test_host_set (env->test, "agent-key", "first;second");
  bl_agents_env_activate (env);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (BlAgentsDevice) device = { 0 };

      bl_agents_device_init (&device, bl_agents_testing.modulus, 125 + i);
      device.key = cases[i].key;
      bl_agents_device_open (env, &device);
      if (cases[i].good)
        g_assert_true (bl_agents_device_wait_for (&device, is_in));
      else
        bl_agents_device_assert_held (env, &device, "no agent key");
    }
}

static void
put_owner (BlAgentsEnv *env, gint64 rights)
{
  bl_test_host_put_document (env->test, g_variant_new_parsed ("{'_id': <'user//boss'>, 'type': <'user'>, 'domain': <''>, "
                                                              "'name': <'boss'>, 'siteadmin': <%x>}",
                                                              rights));
}

static void
test_orphan (BlAgentsEnv *env, gconstpointer data)
{
  guint8 unknown[48];
  g_auto (BlAgentsDevice) device = { 0 };
  g_autofree char *mesh_id = NULL;
  g_autoptr (GVariant) mesh = NULL;
  g_autoptr (GVariant) links = NULL;
  g_autoptr (GVariant) link = NULL;

  memset (unknown, 7, sizeof unknown);
  mesh_id = bl_id_from_hash (BL_ID_MESH, NULL, unknown);
  bl_test_host_set (env->test, "orphan-owner", "boss");
  put_owner (env, 0xFFFFFFFF);
  bl_agents_env_activate (env);
  bl_agents_device_init (&device, bl_agents_testing.modulus, 121);
  device.options.mesh_id = unknown;
  bl_agents_device_open (env, &device);
  g_assert_true (bl_agents_device_wait_for (&device, is_in));
  mesh = bowline_directory_dup (bl_test_host_get (env->test), mesh_id);
  links = bl_variant_get_object (mesh, "links");
  link = bl_variant_get_object (links, "user//boss");
  g_assert_cmpint (bl_variant_get_int (link, "rights", 0), ==, 0xFFFFFFFF);
  g_assert_true (bl_agents_env_has_event (env, "createmesh"));
}

/* An account that is no full administrator gets no groups. */
static void
test_orphan_without_owner (BlAgentsEnv *env, gconstpointer data)
{
  guint8 unknown[48];
  g_auto (BlAgentsDevice) device = { 0 };

  memset (unknown, 7, sizeof unknown);
  bl_test_host_set (env->test, "orphan-owner", "boss");
  put_owner (env, 2);
  bl_agents_env_activate (env);
  bl_agents_device_init (&device, bl_agents_testing.modulus, 122);
  device.options.mesh_id = unknown;
  bl_agents_device_open (env, &device);
  bl_agents_device_assert_held (env, &device, "there is no group");
}

static gboolean
has_tag (gpointer data)
{
  const gpointer *both = data;
  g_autoptr (GVariant) node = NULL;
  g_autoptr (GVariant) agent = NULL;

  bl_agents_device_talk (both[1]);
  node = bl_agents_device_dup_node (both[0], both[1]);
  agent = node != NULL ? bl_variant_get_object (node, "agent") : NULL;
  return bl_variant_get_string (agent, "tag") != NULL;
}

static void
check_tag (BlAgentsEnv *env, guint index, const char *name, const char *description, guint n_tags)
{
  g_auto (BlAgentsDevice) device = { 0 };
  g_autoptr (GVariant) node = NULL;
  g_auto (GStrv) tags = NULL;
  gpointer both[] = { env, &device };

  bl_agents_device_init (&device, bl_agents_testing.modulus, index);
  device.options.tag = "\n~ServerName: front \r\nthe tag\nanother\n~ServerDesc:desk\n~ServerTags: b, a,b,,";
  bl_agents_device_open (env, &device);
  g_assert_true (bl_test_host_wait (has_tag, both, 20));
  node = bl_agents_device_dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, name);
  g_assert_cmpstr (bl_variant_get_string (node, "desc"), ==, description);
  tags = bl_variant_get_strv (node, "tags");
  g_assert_cmpuint (tags != NULL ? g_strv_length (tags) : 0, ==, n_tags);
}

static void
test_tag (BlAgentsEnv *env, gconstpointer data)
{
  bl_agents_env_activate (env);
  check_tag (env, 123, "computer", NULL, 0);
  bl_test_host_set (env->test, "agent-tag", "name;description-if-empty;tags-add");
  check_tag (env, 124, "front", "desk", 2);
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
  ADD ("kinds", test_kinds);
  ADD ("short-ids", test_short_ids);
  ADD_LATE ("agent-key", test_agent_key);
  ADD_LATE ("orphan", test_orphan);
  ADD_LATE ("orphan-without-owner", test_orphan_without_owner);
  ADD_LATE ("tag", test_tag);
  ADD ("duplicate", test_duplicate);
  ADD ("storm", test_storm);
  ADD ("temporary", test_temporary);
  ADD ("removed", test_removed);
  rc = g_test_run ();
  bl_agents_testing_end ();
  return rc;
}
