// SPDX-License-Identifier: Apache-2.0
/* Invented devices against the module, on a host in memory: handshakes, refusals, cores, reports. */
#include <string.h>

#include "bl-agent-downloads.h"
#include "bl-agent-session.h"
#include "bl-fake-agent.h"
#include "bowline-testing.h"
#include "common/bl-variant.h"

#define CAPS (BL_AGENT_CAP_CONSOLE | BL_AGENT_CAP_JAVASCRIPT | BL_AGENT_CAP_COMPRESSION)
#define GOOD_CORE "var core = 'good';"

/* RSA keys take seconds: all tests share two moduli. The server's key is one of such identities. */
static BlFakeModulus *modulus;
static BlFakeModulus *small_modulus;
static BlFakeIdentity *server;
static BlFakeIdentity *former_server; /* whose devices were taken over */
static guint8 web_hash[48];
static guint8 mesh_id[48];
static guint n_signatures;
static gboolean refuse_signatures;

typedef struct
{
  BlTestHost *test;
  char *core_path;
  char *mesh;
} Env;

/* One device with its socket. */
typedef struct
{
  BlFakeAgentOptions options;
  BlFakeIdentity *identity;
  BlFakeAgent *agent;
  BowlineWebSocket *socket;
  guint read; /* messages of the server it has taken */
} Device;

/* ---- a server's identity ---------------------------------------------------------------------------------------- */

static GBytes *
dup_certificate (BowlineHost *host, guint32 which)
{
  return g_bytes_ref (server->certificate);
}

static GBytes *
dup_server_id (BowlineHost *host)
{
  return g_bytes_new (server->key_hash, 48);
}

static gboolean
accepts_web_hash (BowlineHost *host, gconstpointer hash, gsize length)
{
  return length == 48 && memcmp (hash, web_hash, 48) == 0;
}

static gboolean
is_trusted (BowlineHost *host)
{
  return FALSE;
}

static const char *
get_name (BowlineHost *host)
{
  return "server.example.org";
}

static guint32
get_port (BowlineHost *host)
{
  return 8443;
}

static BlFakeIdentity *
find_server (gconstpointer server_id)
{
  if (memcmp (server_id, server->key_hash, 48) == 0)
    return server;
  return memcmp (server_id, former_server->key_hash, 48) == 0 ? former_server : NULL;
}

static GBytes *
dup_agent_certificate (BowlineHost *host, gconstpointer server_id, gsize length)
{
  BlFakeIdentity *found = find_server (server_id);

  return found != NULL ? g_bytes_ref (found->certificate) : NULL;
}

static void
sign_as_async (BowlineHost *host,
               gconstpointer server_id,
               gsize length,
               GBytes *data,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);
  const BlSlice part = { bytes, size };

  n_signatures++;
  if (refuse_signatures)
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "too many");
  else
    g_task_return_pointer (task, bl_fake_identity_sign (find_server (server_id), &part, 1), (GDestroyNotify) g_bytes_unref);
}

static GBytes *
sign_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static const BowlineIdentityOps identity_ops = {
  .dup_certificate = dup_certificate,
  .dup_server_id = dup_server_id,
  .accepts_web_hash = accepts_web_hash,
  .is_trusted = is_trusted,
  .get_name = get_name,
  .get_port = get_port,
  .sign_finish = sign_finish,
  .dup_agent_certificate = dup_agent_certificate,
  .sign_as_async = sign_as_async,
};

/* ---- environment ------------------------------------------------------------------------------------------------ */

static void
put_mesh (Env *env, const char *id, gint64 flags)
{
  bl_test_host_put_document (env->test, g_variant_new_parsed ("{'_id': <%s>, 'type': <'mesh'>, 'domain': <''>, 'mtype': "
                                                              "<int64 2>, 'name': <'Group'>, 'flags': <%x>}",
                                                              id, flags));
}

static void
set_defaults (Env *env)
{
  static const char *const defaults[][2] = {
    { "agent-ping", "0" },       { "agent-pong", "0" },   { "idle-timeout", "150" },  { "handshake-timeout", "30" },
    { "hold-time", "120" },      { "max-holds", "3" },    { "core-timeout", "1" },    { "max-devices", "0" },
    { "max-message", "1048576" }, { "message-rate", "50" }, { "byte-rate", "262144" }, { "storm-clear", "4" },
    { "storm-refuse", "6" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    bl_test_host_set (env->test, defaults[i][0], defaults[i][1]);
  bl_test_host_set (env->test, "core", env->core_path);
}

static void
activate (Env *env)
{
  g_autoptr (GError) error = NULL;

  bl_test_host_activate (env->test, bowline_plugin_query_1, &error);
  g_assert_no_error (error);
}

static void
set_up (Env *env, gconstpointer data)
{
  env->test = bl_test_host_new ("agents");
  bowline_private_install_identity_ops (&identity_ops);
  env->core_path = g_build_filename (bowline_host_get_data_dir (bl_test_host_get (env->test)), "core.js", NULL);
  g_assert_true (g_file_set_contents (env->core_path, GOOD_CORE, -1, NULL));
  env->mesh = bl_id_from_hash (BL_ID_MESH, NULL, mesh_id);
  put_mesh (env, env->mesh, 0);
  set_defaults (env);
  n_signatures = 0;
  refuse_signatures = FALSE;
  if (data == NULL)
    activate (env);
}

static void
tear_down (Env *env, gconstpointer data)
{
  bl_test_host_deactivate (env->test, bowline_plugin_query_1);
  bl_test_host_settle ();
  bl_test_host_free (env->test);
  g_free (env->core_path);
  g_free (env->mesh);
}

static void
send_cb (GBytes *message, gpointer user_data)
{
  Device *device = user_data;

  bl_test_socket_receive (device->socket, BOWLINE_MESSAGE_BINARY, message);
}

/* Moves messages both ways until nobody has more to say. */
static void
talk (Device *device)
{
  GPtrArray *sent = bl_test_socket_get_sent (device->socket);

  bl_test_host_settle ();
  while (device->read < sent->len)
    {
      g_autoptr (GVariant) bytes = NULL;
      gconstpointer data;
      gsize size;

      g_variant_get (g_ptr_array_index (sent, device->read++), "(u@ay)", NULL, &bytes);
      data = g_variant_get_fixed_array (bytes, &size, 1);
      bl_fake_agent_receive (device->agent, data, size);
      bl_test_host_settle ();
    }
}

typedef struct
{
  Device *device;
  gboolean (*is) (BlFakeAgent *agent);
} Wait;

static gboolean
is_there (gpointer data)
{
  Wait *wait = data;

  talk (wait->device);
  return wait->is (wait->device->agent);
}

static gboolean
wait_for (Device *device, gboolean (*is) (BlFakeAgent *agent))
{
  Wait wait = { device, is };

  return bl_test_host_wait (is_there, &wait, 20);
}

static void
device_init (Device *device, BlFakeModulus *of, guint index)
{
  *device = (Device){ 0 };
  device->identity = bl_fake_identity_new (of, index);
  device->options = (BlFakeAgentOptions){
    .identity = device->identity,
    .web_hash = web_hash,
    .server_id = server->key_hash,
    .mesh_id = mesh_id,
    .name = "computer",
    .agent_id = 6,
    .caps = CAPS,
  };
}

static void
device_open (Env *env, Device *device)
{
  const BlTestRequest request = { .path = "/agent.ashx", .address = "192.0.2.1" };

  device->read = 0;
  device->agent = bl_fake_agent_new (&device->options, send_cb, device);
  device->socket = bl_test_host_open_socket (env->test, &request);
  g_assert_nonnull (device->socket);
  bl_fake_agent_start (device->agent);
}

static void
device_close (Device *device)
{
  if (bl_test_socket_get_close_code (device->socket) == 0)
    bl_test_socket_receive_close (device->socket, 1000);
  bl_test_host_settle ();
  g_clear_pointer (&device->socket, bowline_websocket_unref);
  g_clear_pointer (&device->agent, bl_fake_agent_free);
}

static void
device_clear (Device *device)
{
  if (device->socket != NULL)
    device_close (device);
  g_clear_pointer (&device->identity, bl_fake_identity_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Device, device_clear)

static GVariant *
dup_node (Env *env, Device *device)
{
  return bowline_directory_dup (bl_test_host_get (env->test), device->identity->node_id);
}

static gboolean
has_event (Env *env, const char *action)
{
  GPtrArray *events = bl_test_host_get_events (env->test);

  for (guint i = 0; i < events->len; i++)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (g_ptr_array_index (events, i), 1);
      if (g_strcmp0 (bl_variant_get_string (event, "action"), action) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
log_has (Env *env, const char *text)
{
  GPtrArray *log = bl_test_host_get_log (env->test);

  for (guint i = 0; i < log->len; i++)
    if (strstr (g_ptr_array_index (log, i), text) != NULL)
      return TRUE;
  return FALSE;
}

typedef struct
{
  Env *env;
  Device *device;
  const char *text;
} Refusal;

static gboolean
is_refused (gpointer data)
{
  Refusal *refusal = data;

  talk (refusal->device);
  return log_has (refusal->env, refusal->text);
}

/* A refused device gets no answer and no end: its socket stays open and silent. */
static void
assert_held (Env *env, Device *device, const char *why)
{
  Refusal refusal = { env, device, why };

  g_assert_true (bl_test_host_wait (is_refused, &refusal, 20));
  talk (device);
  g_assert_false (bl_fake_agent_is_authenticated (device->agent));
  g_assert_cmpuint (bl_test_socket_get_close_code (device->socket), ==, 0);
}

/* ---- handshakes ------------------------------------------------------------------------------------------------- */

static void
test_first_contact (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  g_autoptr (GVariant) node = NULL;
  g_autoptr (GVariant) agent = NULL;

  device_init (&device, modulus, 1);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  g_assert_true (bl_fake_agent_trusts_server (device.agent));
  g_assert_null (bl_fake_agent_get_problem (device.agent));
  g_assert_cmpstr (bl_fake_agent_get_script (device.agent), ==, GOOD_CORE);
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 1);
  g_assert_cmpuint (bl_fake_agent_get_compressed (device.agent), ==, 1);
  g_assert_cmpuint (n_signatures, ==, 1);
  talk (&device);
  node = dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "computer");
  g_assert_cmpstr (bl_variant_get_string (node, "meshid"), ==, env->mesh);
  g_assert_cmpstr (bl_variant_get_string (node, "osdesc"), ==, "Fake OS");
  g_assert_cmpstr (bl_variant_get_string (node, "ip"), ==, "192.0.2.1");
  agent = bl_variant_get_object (node, "agent");
  g_assert_cmpint (bl_variant_get_int (agent, "caps", 0), ==, 23 | 0x18);
  g_assert_cmpstr (bl_variant_get_string (agent, "core"), ==, "Fake core");
  g_assert_true (has_event (env, "addnode"));
  g_assert_true (has_event (env, "changenode"));
}

static void
test_known_certificate (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 2);
  device.options.known = TRUE;
  device.options.info_first = TRUE;
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_authenticated));
  g_assert_false (bl_fake_agent_trusts_server (device.agent));
  g_assert_cmpuint (n_signatures, ==, 0);
}

/* The group a known device names does not count, and its name stays unless the group wants otherwise. */
static void
test_known_device (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  guint8 random_group[48];
  g_autoptr (GVariant) node = NULL;
  guint pushes;

  device_init (&device, modulus, 3);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  device_close (&device);
  memset (random_group, 7, sizeof random_group);
  device.options.mesh_id = random_group;
  device.options.name = "renamed";
  device_open (env, &device);
  bl_fake_agent_set_core (device.agent, (const guint8 *) "................................................");
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  pushes = bl_fake_agent_get_pushes (device.agent);
  g_assert_cmpuint (pushes, ==, 1);
  node = dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "meshid"), ==, env->mesh);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "computer");
  g_assert_cmpstr (bl_variant_get_string (node, "rname"), ==, "renamed");
  put_mesh (env, env->mesh, 2);
  device_close (&device);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_authenticated));
  g_clear_pointer (&node, g_variant_unref);
  node = dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "renamed");
}

static void
test_small_key (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, small_modulus, 1);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
}

static void
test_pkcs7 (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 4);
  device.options.pkcs7 = TRUE;
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
}

static void
test_former_server (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 7);
  device.options.server_id = former_server->key_hash;
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  g_assert_true (bl_fake_agent_trusts_server (device.agent));
  g_assert_null (bl_fake_agent_get_problem (device.agent));
}

static void
test_agent_name (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  g_autoptr (GVariant) node = NULL;

  device_init (&device, modulus, 5);
  device.options.agent_name = "desk 7";
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_authenticated));
  node = dup_node (env, &device);
  g_assert_cmpstr (bl_variant_get_string (node, "name"), ==, "desk 7");
  g_assert_cmpstr (bl_variant_get_string (node, "rname"), ==, "computer");
}

static void
test_recovery_agent (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 6);
  device.options.caps |= BL_AGENT_CAP_RECOVERY;
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_authenticated));
  talk (&device);
  g_assert_null (dup_node (env, &device));
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
}

/* ---- refusals --------------------------------------------------------------------------------------------------- */

static void
test_bad_signature (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 10);
  device.options.bad_signature = TRUE;
  device_open (env, &device);
  assert_held (env, &device, "signature");
  g_assert_null (dup_node (env, &device));
}

static void
test_wrong_web_hash (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  guint8 other[48];

  memset (other, 9, sizeof other);
  device_init (&device, modulus, 11);
  device.options.web_hash = other;
  device_open (env, &device);
  assert_held (env, &device, "web certificate");
  g_assert_cmpuint (n_signatures, ==, 0);
}

static void
test_other_server (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 12);
  device.options.server_id = mesh_id;
  device_open (env, &device);
  assert_held (env, &device, "another server id");
  g_assert_cmpuint (n_signatures, ==, 0);
}

static void
test_unknown_group (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  guint8 other[48];

  memset (other, 9, sizeof other);
  device_init (&device, modulus, 13);
  device.options.mesh_id = other;
  device_open (env, &device);
  assert_held (env, &device, "there is no group");
  g_assert_null (dup_node (env, &device));
}

static void
test_store_fails (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 14);
  bl_test_host_fail_commits (env->test, TRUE);
  device_open (env, &device);
  assert_held (env, &device, "cannot be stored");
}

static void
test_device_limit (Env *env, gconstpointer data)
{
  g_auto (Device) first = { 0 };
  g_auto (Device) second = { 0 };

  bl_test_host_set (env->test, "max-devices", "1");
  activate (env);
  device_init (&first, modulus, 15);
  device_init (&second, modulus, 16);
  device_open (env, &first);
  g_assert_true (wait_for (&first, bl_fake_agent_is_stable));
  device_open (env, &second);
  assert_held (env, &second, "limit of 1 devices");
}

static void
test_signatures_refused (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  refuse_signatures = TRUE;
  device_init (&device, modulus, 17);
  device_open (env, &device);
  talk (&device);
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 1013);
}

static void
test_holds_bounded (Env *env, gconstpointer data)
{
  Device devices[5];
  guint open = 0;
  guint8 other[48];

  memset (other, 9, sizeof other);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      device_init (&devices[i], modulus, 20 + i);
      devices[i].options.web_hash = other;
      device_open (env, &devices[i]);
      bl_test_host_settle ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    open += bl_test_socket_get_close_code (devices[i].socket) == 0;
  g_assert_cmpuint (open, ==, 3);
  g_assert_cmpuint (bl_test_socket_get_close_code (devices[0].socket), !=, 0);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    device_clear (&devices[i]);
}

static gboolean
socket_is_closed (gpointer data)
{
  return bl_test_socket_get_close_code (data) != 0;
}

static void
test_silent (Env *env, gconstpointer data)
{
  const BlTestRequest request = { .path = "/agent.ashx" };
  g_autoptr (BowlineWebSocket) socket = NULL;

  bl_test_host_set (env->test, "handshake-timeout", "1");
  activate (env);
  socket = bl_test_host_open_socket (env->test, &request);
  g_assert_true (bl_test_host_wait (socket_is_closed, socket, 20));
}

static void
test_garbage (Env *env, gconstpointer data)
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
test_duplicate (Env *env, gconstpointer data)
{
  g_auto (Device) first = { 0 };
  g_auto (Device) second = { 0 };
  BowlineDeviceTransport transport;
  gpointer self;
  guint before;

  device_init (&first, modulus, 30);
  device_init (&second, modulus, 30);
  device_open (env, &first);
  g_assert_true (wait_for (&first, bl_fake_agent_is_stable));
  device_open (env, &second);
  g_assert_true (wait_for (&second, bl_fake_agent_is_stable));
  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_socket_get_close_code (first.socket), !=, 0);
  g_assert_cmpuint (bl_test_socket_get_close_code (second.socket), ==, 0);
  before = bl_fake_agent_get_json (second.agent)->len;
  g_assert_true (bl_test_host_get_transport (env->test, &transport, &self));
  g_autoptr (GVariant) message = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'ping'>}"));
  g_assert_true (transport.send (self, second.identity->node_id, message));
  talk (&second);
  g_assert_cmpuint (bl_fake_agent_get_json (second.agent)->len, ==, before + 1);
  /* The end of the first did not count as the device's. */
  BowlineDeviceState state = { .struct_size = sizeof state };
  g_assert_true (bowline_device_get_state (bl_test_host_get (env->test), second.identity->node_id, &state));
  device_close (&second);
  g_assert_false (bowline_device_get_state (bl_test_host_get (env->test), second.identity->node_id, &state));
  g_assert_false (transport.send (self, second.identity->node_id, message));
}

static void
test_storm (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 31);
  for (guint i = 0; i < 5; i++)
    {
      device_open (env, &device);
      g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
      device_close (&device);
    }
  for (guint i = 0; i < 2; i++)
    {
      device_open (env, &device);
      g_assert_true (wait_for (&device, bl_fake_agent_is_authenticated));
      talk (&device);
      g_assert_false (bl_fake_agent_is_stable (device.agent));
      g_assert_cmpuint (bl_fake_agent_get_clears (device.agent), ==, 1);
      device_close (&device);
    }
  device_open (env, &device);
  assert_held (env, &device, "reconnected 7 times");
}

static void
test_temporary (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  g_autoptr (GVariant) node = NULL;

  device_init (&device, modulus, 32);
  device.options.caps |= BL_AGENT_CAP_TEMPORARY;
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  node = dup_node (env, &device);
  g_assert_nonnull (node);
  device_close (&device);
  g_assert_null (dup_node (env, &device));
  g_assert_true (has_event (env, "removenode"));
}

static void
test_removed (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 33);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  bowline_topic_publish (bl_test_host_get (env->test), "directory.changed",
                         g_variant_new ("(sms)", device.identity->node_id, "delete"));
  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), !=, 0);
}

/* ---- core scripts ----------------------------------------------------------------------------------------------- */

static void
test_current_core (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  g_autoptr (GBytes) package = bl_core_package (GOOD_CORE, strlen (GOOD_CORE));
  guint8 hash[48];
  gsize size;
  gconstpointer bytes = g_bytes_get_data (package, &size);

  bl_sha384 (bytes, size, hash);
  device_init (&device, modulus, 40);
  device_open (env, &device);
  bl_fake_agent_set_core (device.agent, hash);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
}

static void
test_own_core (Env *env, gconstpointer data)
{
  static const guint8 zeros[48];
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 41);
  device_open (env, &device);
  bl_fake_agent_set_core (device.agent, zeros);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 0);
}

static void
test_plain_push (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 42);
  device.options.caps &= ~(guint32) BL_AGENT_CAP_COMPRESSION;
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  g_assert_cmpuint (bl_fake_agent_get_compressed (device.agent), ==, 0);
  g_assert_cmpstr (bl_fake_agent_get_script (device.agent), ==, GOOD_CORE);
}

static gboolean
has_good_core (BlFakeAgent *agent)
{
  return bl_fake_agent_is_stable (agent) && g_strcmp0 (bl_fake_agent_get_script (agent), GOOD_CORE) == 0;
}

static gboolean
was_cleared (BlFakeAgent *agent)
{
  return bl_fake_agent_get_clears (agent) > 0;
}

/* A core that was good once replaces one that does not start. */
static void
test_mute_core (Env *env, gconstpointer data)
{
  g_auto (Device) first = { 0 };
  g_auto (Device) second = { 0 };

  device_init (&first, modulus, 43);
  device_open (env, &first);
  g_assert_true (wait_for (&first, bl_fake_agent_is_stable));
  device_close (&first);
  bl_test_host_deactivate (env->test, bowline_plugin_query_1);
  g_assert_true (g_file_set_contents (env->core_path, "syntax error", -1, NULL));
  activate (env);
  device_init (&second, modulus, 44);
  second.options.mute = TRUE;
  device_open (env, &second);
  g_assert_true (wait_for (&second, bl_fake_agent_is_stable));
  g_assert_cmpstr (bl_fake_agent_get_script (second.agent), ==, "syntax error");
  g_assert_true (wait_for (&second, has_good_core));
  g_assert_cmpuint (bl_fake_agent_get_clears (second.agent), ==, 1);
}

static void
test_mute_without_other (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 45);
  device.options.mute = TRUE;
  device_open (env, &device);
  g_assert_true (wait_for (&device, was_cleared));
  talk (&device);
  g_assert_cmpuint (bl_fake_agent_get_pushes (device.agent), ==, 1);
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 0);
}

/* ---- reports ---------------------------------------------------------------------------------------------------- */

static void
test_reports (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };
  BowlineHost *host = bl_test_host_get (env->test);
  g_autoptr (GVariant) sessions = NULL;
  g_autofree char *if_id = NULL;
  g_autofree char *si_id = NULL;
  guint before;

  device_init (&device, modulus, 50);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  talk (&device);
  bl_fake_agent_send_json (device.agent, "{\"action\":\"netinfo\",\"netif2\":{\"eth0\":[{\"address\":\"192.0.2.1\"}]}}");
  bl_fake_agent_send_json (device.agent, "{\"action\":\"sysinfo\",\"data\":{\"hash\":\"abc\",\"hardware\":{\"linux\":{}}}}");
  bl_fake_agent_send_json (device.agent, "{\"action\":\"sessions\",\"type\":\"terminal\",\"value\":{\"user//admin\":1}}");
  bl_fake_agent_send_json (device.agent, "{\"action\":\"log\",\"msg\":\"Started\",\"userid\":\"user//admin\"}");
  talk (&device);
  if_id = g_strconcat ("if", device.identity->node_id, NULL);
  si_id = g_strconcat ("si", device.identity->node_id, NULL);
  g_assert_true (bowline_directory_contains (host, if_id));
  g_assert_true (bowline_directory_contains (host, si_id));
  g_assert_true (has_event (env, "ifchange"));
  g_assert_true (has_event (env, "sysinfohash"));
  g_assert_true (has_event (env, "agentlog"));
  sessions = bowline_device_dup_sessions (host, device.identity->node_id);
  g_assert_true (bl_variant_has (sessions, "terminal"));
  before = bl_fake_agent_get_json (device.agent)->len;
  bl_fake_agent_send_json (device.agent, "{\"action\":\"ping\"}");
  talk (&device);
  g_assert_cmpstr (g_ptr_array_index (bl_fake_agent_get_json (device.agent), before), ==, "{\"action\":\"pong\"}");
}

static void
test_console_loop (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 51);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  for (guint i = 0; i < 40 && bl_test_socket_get_close_code (device.socket) == 0; i++)
    bl_fake_agent_send_json (device.agent, "{\"action\":\"msg\",\"type\":\"console\",\"value\":\"error\"}");
  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 1008);
}

static void
test_too_fast (Env *env, gconstpointer data)
{
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 52);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  for (guint i = 0; i < 600; i++)
    bl_fake_agent_send_json (device.agent, "{\"action\":\"pong\"}");
  g_assert_true (bl_test_socket_is_paused (device.socket));
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 0);
}

static void
test_garbage_later (Env *env, gconstpointer data)
{
  static const char *const messages[] = { "{", "{}", "{\"action\":5}", "{\"action\":\"nonsense\"}", "x",
                                          "{\"action\":\"coreinfo\",\"caps\":\"text\"}" };
  g_auto (Device) device = { 0 };

  device_init (&device, modulus, 53);
  device_open (env, &device);
  g_assert_true (wait_for (&device, bl_fake_agent_is_stable));
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    bl_fake_agent_send_json (device.agent, messages[i]);
  talk (&device);
  g_assert_cmpuint (bl_test_socket_get_close_code (device.socket), ==, 0);
}

/* ---- downloads -------------------------------------------------------------------------------------------------- */

static char *
get (Env *env, const char *path, const char *key, const char *value, guint32 status)
{
  const char *const query[] = { key, value, NULL };
  const BlTestRequest given = { .path = path, .query = query };
  g_autoptr (BowlineHttpRequest) request = bl_test_host_request (env->test, &given);
  g_autoptr (GBytes) body = NULL;
  gsize size;
  const char *text;

  bl_test_host_settle ();
  g_assert_cmpuint (bl_test_request_get_status (request), ==, status);
  body = bl_test_request_dup_answer (request);
  text = g_bytes_get_data (body, &size);
  return g_strndup (text, size);
}

static void
test_settings (Env *env, gconstpointer data)
{
  g_autofree char *hex = bl_id48_to_hex (mesh_id, TRUE);
  g_autofree char *expected = g_strconcat ("MeshID=0x", hex, "\r\n", NULL);
  g_autofree char *text = get (env, "/meshsettings", "id", strrchr (env->mesh, '/') + 1, 200);
  g_autofree char *unknown = get (env, "/meshsettings", "id", "nonsense", 401);

  g_assert_nonnull (strstr (text, expected));
  g_assert_nonnull (strstr (text, "MeshServer=wss://server.example.org:8443/agent.ashx\r\n"));
  g_assert_nonnull (strstr (text, "MeshName=Group\r\n"));
}

static void
test_programs (Env *env, gconstpointer data)
{
  const char *data_dir = bowline_host_get_data_dir (bl_test_host_get (env->test));
  g_autofree char *directory = g_build_filename (data_dir, "agents", NULL);
  g_autofree char *path = g_build_filename (directory, "meshagent_x86-64", NULL);
  g_autofree char *content = g_strnfill (200000, 'a');
  g_autofree char *missing = get (env, "/meshagents", "id", "6", 404);
  g_autofree char *unknown = get (env, "/meshagents", "id", "../etc/passwd", 404);
  g_autofree char *own = get (env, "/meshagents", "bowline", "../x", 404);
  g_autofree char *found = NULL;

  g_assert_nonnull (strstr (missing, "bowlinectl agents import"));
  g_mkdir_with_parents (directory, 0700);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  found = get (env, "/meshagents", "id", "6", 200);
  g_assert_cmpstr (found, ==, content);
}

int
main (int argc, char **argv)
{
  int rc;

  g_test_init (&argc, &argv, NULL);
  modulus = bl_fake_modulus_new (3072);
  small_modulus = bl_fake_modulus_new (2048);
  server = bl_fake_identity_new (modulus, 0);
  former_server = bl_fake_identity_new (modulus, 9);
  bl_random_bytes (web_hash, sizeof web_hash);
  bl_random_bytes (mesh_id, sizeof mesh_id);
#define ADD(name, function) g_test_add ("/agents/" name, Env, NULL, set_up, function, tear_down)
#define ADD_LATE(name, function) g_test_add ("/agents/" name, Env, "late", set_up, function, tear_down)
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
  ADD ("current-core", test_current_core);
  ADD ("own-core", test_own_core);
  ADD ("plain-push", test_plain_push);
  ADD ("mute-core", test_mute_core);
  ADD ("mute-without-other", test_mute_without_other);
  ADD ("reports", test_reports);
  ADD ("console-loop", test_console_loop);
  ADD ("too-fast", test_too_fast);
  ADD ("garbage-later", test_garbage_later);
  ADD ("settings", test_settings);
  ADD ("programs", test_programs);
  rc = g_test_run ();
  bl_fake_identity_free (server);
  bl_fake_identity_free (former_server);
  bl_fake_modulus_free (modulus);
  bl_fake_modulus_free (small_modulus);
  return rc;
}
