// SPDX-License-Identifier: Apache-2.0
/* A device that says anything at any time. The first byte chooses a new connection or one that is authenticated; then
 * come messages, each behind its length in two bytes. */
#include "fuzz.h"

#include <string.h>

#include "bl-agent-session.h"
#include "bl-fake-agent.h"
#include "bowline-testing.h"

static BlTestHost *test;
static BlFakeIdentity *identity;
static BlFakeAgent *agent;
static BowlineWebSocket *ready; /* authenticated */
static guint8 server_id[48];
static guint8 web_hash[48];
static guint8 mesh_id[48];

static void
send_cb (GBytes *message, gpointer user_data)
{
  bl_test_socket_receive (ready, BOWLINE_MESSAGE_BINARY, message);
}

static void
set_up (void)
{
  static const char *const settings[][2] = {
    { "agent-ping", "0" },        { "agent-pong", "0" },      { "idle-timeout", "150" },     { "handshake-timeout", "30" },
    { "hold-time", "0" },         { "max-holds", "3" },       { "core-timeout", "1" },       { "max-devices", "0" },
    { "max-message", "1048576" }, { "message-rate", "1000000" }, { "byte-rate", "67108864" }, { "storm-clear", "0" },
    { "storm-refuse", "0" },      { "core", "/nonexistent" },
  };
  g_autofree char *mesh = NULL;
  BlFakeModulus *modulus = bl_fake_modulus_new (2048);

  test = bl_test_host_new ("agents");
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    bl_test_host_set (test, settings[i][0], settings[i][1]);
  g_assert_true (bl_test_host_activate (test, bowline_plugin_query_1, NULL));
  memset (mesh_id, 0x55, sizeof mesh_id);
  mesh = bl_id_from_hash (BL_ID_MESH, NULL, mesh_id);
  bl_test_host_put_document (test, g_variant_new_parsed ("{'_id': <%s>, 'type': <'mesh'>, 'mtype': <int64 2>, "
                                                         "'name': <'Group'>}",
                                                         mesh));
  identity = bl_fake_identity_new (modulus, 0);
  bl_fake_modulus_free (modulus);
  memset (server_id, 0xab, sizeof server_id);
}

static gboolean
is_authenticated (gpointer data)
{
  GPtrArray *sent = bl_test_socket_get_sent (ready);
  guint *read = data;

  for (; *read < sent->len; (*read)++)
    {
      g_autoptr (GVariant) bytes = NULL;
      gconstpointer content;
      gsize size;

      g_variant_get (g_ptr_array_index (sent, *read), "(u@ay)", NULL, &bytes);
      content = g_variant_get_fixed_array (bytes, &size, 1);
      bl_fake_agent_receive (agent, content, size);
    }
  return bl_fake_agent_is_authenticated (agent);
}

static void
open_ready (void)
{
  const BlFakeAgentOptions options = {
    .identity = identity,
    .web_hash = web_hash,
    .server_id = server_id,
    .mesh_id = mesh_id,
    .name = "computer",
    .agent_id = 6,
    .caps = 0x118,
    .known = TRUE,
    .info_first = TRUE,
  };
  const BlTestRequest request = { .path = "/agent.ashx" };
  guint read = 0;

  ready = bl_test_host_open_socket (test, &request);
  agent = bl_fake_agent_new (&options, send_cb, NULL);
  bl_fake_agent_start (agent);
  g_assert_true (bl_test_host_wait (is_authenticated, &read, 60));
}

static void
feed (BowlineWebSocket *socket, const guint8 *data, gsize size)
{
  while (size >= 2 && bl_test_socket_get_close_code (socket) == 0)
    {
      gsize length = MIN ((gsize) data[0] << 8 | data[1], size - 2);
      g_autoptr (GBytes) message = g_bytes_new (data + 2, length);

      bl_test_socket_receive (socket, BOWLINE_MESSAGE_BINARY, message);
      bl_test_host_settle ();
      data += 2 + length;
      size -= 2 + length;
    }
}

static void
forget_traces (void)
{
  g_ptr_array_set_size (bl_test_host_get_log (test), 0);
  g_ptr_array_set_size (bl_test_host_get_published (test), 0);
  g_ptr_array_set_size (bl_test_host_get_events (test), 0);
  g_ptr_array_set_size (bl_test_socket_get_sent (ready), 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const BlTestRequest request = { .path = "/agent.ashx" };
  g_autoptr (BowlineWebSocket) socket = NULL;

  if (size < 1)
    return 0;
  if (test == NULL)
    set_up ();
  if (ready == NULL)
    open_ready ();
  if (data[0] & 1)
    feed (ready, data + 1, size - 1);
  else
    {
      socket = bl_test_host_open_socket (test, &request);
      feed (socket, data + 1, size - 1);
      if (bl_test_socket_get_close_code (socket) == 0)
        bl_test_socket_receive_close (socket, 1000);
      bl_test_host_settle ();
    }
  forget_traces ();
  if (bl_test_socket_get_close_code (ready) == 0)
    return 0;
  bl_test_host_settle ();
  g_clear_pointer (&ready, bowline_websocket_unref);
  g_clear_pointer (&agent, bl_fake_agent_free);
  return 0;
}
