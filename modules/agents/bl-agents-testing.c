// SPDX-License-Identifier: Apache-2.0
/* What the module's tests share. */
#include "bl-agents-testing.h"

#include <string.h>

#include "common/bl-agent-programs.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

BlAgentsTesting bl_agents_testing;

/* ---- a server's identity ---------------------------------------------------------------------------------------- */

static GBytes *
dup_certificate (BowlineHost *host, guint32 which)
{
  return g_bytes_ref (bl_agents_testing.server->certificate);
}

static GBytes *
dup_server_id (BowlineHost *host)
{
  return g_bytes_new (bl_agents_testing.server->key_hash, 48);
}

static gboolean
accepts_web_hash (BowlineHost *host, gconstpointer hash, gsize length)
{
  return length == 48 && memcmp (hash, bl_agents_testing.web_hash, 48) == 0;
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
  if (memcmp (server_id, bl_agents_testing.server->key_hash, 48) == 0)
    return bl_agents_testing.server;
  return memcmp (server_id, bl_agents_testing.former_server->key_hash, 48) == 0 ? bl_agents_testing.former_server : NULL;
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

  bl_agents_testing.n_signatures++;
  if (bl_agents_testing.refuse_signatures)
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "too many");
  else
    g_task_return_pointer (task, bl_fake_identity_sign (find_server (server_id), &part, 1), (GDestroyNotify) g_bytes_unref);
}

static GBytes *
sign_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Not secret, but bound to its purpose. */
static char *
ticket_seal (BowlineHost *host, const char *purpose, GVariant *content, guint32 seconds)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (content);
  g_autofree char *json = bl_json_to_string (owned, NULL);
  g_autofree char *text = g_base64_encode ((const guchar *) json, strlen (json));

  return g_strconcat (purpose, ".", text, NULL);
}

static const BowlineIdentityOps identity_ops = {
  .ticket_seal = ticket_seal,
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

void
bl_agents_env_put_mesh (BlAgentsEnv *env, const char *id, gint64 flags)
{
  bl_test_host_put_document (env->test, g_variant_new_parsed ("{'_id': <%s>, 'type': <'mesh'>, 'domain': <''>, 'mtype': "
                                                              "<int64 2>, 'name': <'Group'>, 'flags': <%x>}",
                                                              id, flags));
}

static void
set_defaults (BlAgentsEnv *env)
{
  static const char *const defaults[][2] = {
    { "agent-ping", "0" },       { "agent-pong", "0" },   { "idle-timeout", "150" },  { "handshake-timeout", "30" },
    { "hold-time", "120" },      { "max-holds", "3" },    { "core-timeout", "1" },    { "max-devices", "0" },
    { "max-message", "1048576" }, { "message-rate", "50" }, { "byte-rate", "262144" }, { "storm-clear", "4" },
    { "storm-refuse", "6" },     { "lock-agent-download", "false" },
    { "agent-updates", "false" }, { "max-updates", "8" },  { "update-timeout", "60" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    bl_test_host_set (env->test, defaults[i][0], defaults[i][1]);
  bl_test_host_set (env->test, "core", env->core_path);
}

void
bl_agents_env_activate (BlAgentsEnv *env)
{
  g_autoptr (GError) error = NULL;

  bl_test_host_activate (env->test, bowline_plugin_query_1, &error);
  g_assert_no_error (error);
}

void
bl_agents_env_set_up (BlAgentsEnv *env, gconstpointer data)
{
  env->test = bl_test_host_new ("agents");
  bowline_private_install_identity_ops (&identity_ops);
  env->core_path = g_build_filename (bowline_host_get_data_dir (bl_test_host_get (env->test)), "core.js", NULL);
  g_assert_true (g_file_set_contents (env->core_path, BL_AGENTS_TESTING_CORE, -1, NULL));
  env->mesh = bl_id_from_hash (BL_ID_MESH, NULL, bl_agents_testing.mesh_id);
  bl_agents_env_put_mesh (env, env->mesh, 0);
  set_defaults (env);
  bl_agents_testing.n_signatures = 0;
  bl_agents_testing.refuse_signatures = FALSE;
  if (data == NULL)
    bl_agents_env_activate (env);
}

void
bl_agents_env_tear_down (BlAgentsEnv *env, gconstpointer data)
{
  bl_test_host_deactivate (env->test, bowline_plugin_query_1);
  bl_test_host_settle ();
  bl_test_host_free (env->test);
  g_free (env->core_path);
  g_free (env->mesh);
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

char *
bl_agents_env_program_path (BlAgentsEnv *env, const char *file)
{
  return g_build_filename (bowline_host_get_data_dir (bl_test_host_get (env->test)), "agents", file, NULL);
}

GByteArray *
bl_agents_testing_make_pe (void)
{
  static const guint8 numbers[][2] = { { 60, 0x80 }, { 0x84, 0x64 }, { 0x85, 0x86 }, { 0x94, 240 }, { 0x98, 0x0b }, { 0x99, 0x02 } };
  GByteArray *file = g_byte_array_new ();

  g_byte_array_set_size (file, BL_AGENTS_TESTING_PE_SIZE);
  memset (file->data, 0, file->len);
  memcpy (file->data, "MZ", 2);
  memcpy (file->data + 0x80, "PE\0\0", 4);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    file->data[numbers[i][0]] = numbers[i][1];
  file->data[0x98 + 108] = 16;
  return file;
}

void
bl_agents_env_put_program (BlAgentsEnv *env, const char *file, const void *data, gsize size, const void *listed)
{
  g_autofree char *path = bl_agents_env_program_path (env, file);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *index = bl_agents_env_program_path (env, BL_AGENT_PROGRAMS_INDEX);
  g_autofree char *text = NULL;
  g_autoptr (GVariant) entry = NULL;
  g_autoptr (GVariant) document = NULL;
  BlAgentProgramEntry values = { .size = size };

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
  bl_sha384 (listed, size, values.hash);
  bl_sha384 (listed, size, values.update_hash);
  entry = bl_agent_program_entry_new (&values, "x", "test", 1);
  document = g_variant_ref_sink (g_variant_new_parsed ("{'programs': <{%s: <%@a{sv}>}>}", file, entry));
  text = bl_json_to_string (document, NULL);
  g_assert_true (g_file_set_contents (index, text, -1, NULL));
}

static void
send_cb (GBytes *message, gpointer user_data)
{
  BlAgentsDevice *device = user_data;

  bl_test_socket_receive (device->socket, BOWLINE_MESSAGE_BINARY, message);
}

void
bl_agents_device_talk (BlAgentsDevice *device)
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
  BlAgentsDevice *device;
  gboolean (*is) (BlFakeAgent *agent);
} Wait;

static gboolean
is_there (gpointer data)
{
  Wait *wait = data;

  bl_agents_device_talk (wait->device);
  return wait->is (wait->device->agent);
}

gboolean
bl_agents_device_wait_for (BlAgentsDevice *device, gboolean (*is) (BlFakeAgent *agent))
{
  Wait wait = { device, is };

  return bl_test_host_wait (is_there, &wait, 20);
}

void
bl_agents_device_init (BlAgentsDevice *device, BlFakeModulus *of, guint index)
{
  *device = (BlAgentsDevice){ 0 };
  device->identity = bl_fake_identity_new (of, index);
  device->options = (BlFakeAgentOptions){
    .identity = device->identity,
    .web_hash = bl_agents_testing.web_hash,
    .server_id = bl_agents_testing.server->key_hash,
    .mesh_id = bl_agents_testing.mesh_id,
    .name = "computer",
    .agent_id = 6,
    .caps = BL_AGENTS_TESTING_CAPS,
  };
}

void
bl_agents_device_open (BlAgentsEnv *env, BlAgentsDevice *device)
{
  const char *const query[] = { "key", device->key, NULL };
  const BlTestRequest request = {
    .path = "/agent.ashx",
    .address = "192.0.2.1",
    .query = device->key != NULL ? query : NULL,
  };

  device->read = 0;
  device->agent = bl_fake_agent_new (&device->options, send_cb, device);
  device->socket = bl_test_host_open_socket (env->test, &request);
  g_assert_nonnull (device->socket);
  bl_fake_agent_start (device->agent);
}

void
bl_agents_device_close (BlAgentsDevice *device)
{
  if (bl_test_socket_get_close_code (device->socket) == 0)
    bl_test_socket_receive_close (device->socket, 1000);
  bl_test_host_settle ();
  g_clear_pointer (&device->socket, bowline_websocket_unref);
  g_clear_pointer (&device->agent, bl_fake_agent_free);
}

void
bl_agents_device_clear (BlAgentsDevice *device)
{
  if (device->socket != NULL)
    bl_agents_device_close (device);
  g_clear_pointer (&device->identity, bl_fake_identity_free);
}

GVariant *
bl_agents_device_dup_node (BlAgentsEnv *env, BlAgentsDevice *device)
{
  return bowline_directory_dup (bl_test_host_get (env->test), device->identity->node_id);
}

gboolean
bl_agents_env_has_event (BlAgentsEnv *env, const char *action)
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
log_has (BlAgentsEnv *env, const char *text)
{
  GPtrArray *log = bl_test_host_get_log (env->test);

  for (guint i = 0; i < log->len; i++)
    if (strstr (g_ptr_array_index (log, i), text) != NULL)
      return TRUE;
  return FALSE;
}

typedef struct
{
  BlAgentsEnv *env;
  BlAgentsDevice *device;
  const char *text;
} Refusal;

static gboolean
is_refused (gpointer data)
{
  Refusal *refusal = data;

  bl_agents_device_talk (refusal->device);
  return log_has (refusal->env, refusal->text);
}

void
bl_agents_device_assert_held (BlAgentsEnv *env, BlAgentsDevice *device, const char *why)
{
  Refusal refusal = { env, device, why };

  g_assert_true (bl_test_host_wait (is_refused, &refusal, 20));
  bl_agents_device_talk (device);
  g_assert_false (bl_fake_agent_is_authenticated (device->agent));
  g_assert_cmpuint (bl_test_socket_get_close_code (device->socket), ==, 0);
}

void
bl_agents_testing_begin (void)
{
  BlAgentsTesting *testing = &bl_agents_testing;

  testing->modulus = bl_fake_modulus_new (3072);
  testing->small_modulus = bl_fake_modulus_new (2048);
  testing->server = bl_fake_identity_new (testing->modulus, 0);
  testing->former_server = bl_fake_identity_new (testing->modulus, 9);
  bl_random_bytes (testing->web_hash, sizeof testing->web_hash);
  bl_random_bytes (testing->mesh_id, sizeof testing->mesh_id);
}

void
bl_agents_testing_end (void)
{
  BlAgentsTesting *testing = &bl_agents_testing;

  bl_fake_identity_free (testing->server);
  bl_fake_identity_free (testing->former_server);
  bl_fake_modulus_free (testing->modulus);
  bl_fake_modulus_free (testing->small_modulus);
}
