// SPDX-License-Identifier: Apache-2.0
// An agent for tests of scripts: everything real but the server and its WebSockets.

#include "bl-script-testing.h"

#include <string.h>

#include "common/bl-variant.h"

#define DEADLINE_US (20 * G_USEC_PER_SEC)

static void
send_command (BlScriptRunner *runner, GBytes *frame, gboolean text, gpointer data)
{
  BlScriptAgent *agent = data;

  g_ptr_array_add (agent->sent, g_strndup (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame)));
}

static void
log_text (BlScriptRunner *runner, GLogLevelFlags level, const char *text, gpointer data)
{
  BlScriptAgent *agent = data;

  g_test_message ("script: %s", text);
  g_ptr_array_add (agent->logged, g_strdup (text));
}

static void
state_changed (BlScriptRunner *runner, BlScriptState state, const GError *error, gpointer data)
{
  BlScriptAgent *agent = data;

  if (state == BL_SCRIPT_STATE_STARTING)
    agent->starts++;
  if (error == NULL)
    return;
  g_clear_error (&agent->failure);
  agent->failure = g_error_copy (error);
}

static void
tunnel_write (BlScriptStream *stream, GBytes *data, gboolean text, gpointer peer)
{
  BlScriptAgent *agent = peer;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  if (text)
    g_ptr_array_add (agent->tunnel_texts, g_strndup ((const char *) bytes, size));
  else
    g_byte_array_append (agent->tunnel_bytes, bytes, (guint) size);
  bl_script_stream_written (stream, size);
}

static void
tunnel_close (BlScriptStream *stream, gpointer peer)
{
  BlScriptAgent *agent = peer;

  agent->tunnel = NULL;
  agent->tunnels_closed++;
}

static void
ws_connect (BlScriptRunner *runner, BlScriptStream *stream, GVariant *args, gpointer data)
{
  static const BlScriptStreamPeer peer = { .write = tunnel_write, .close = tunnel_close };
  BlScriptAgent *agent = data;

  g_clear_pointer (&agent->tunnel_url, g_free);
  agent->tunnel_url = g_strdup (bl_variant_get_string (args, "url"));
  agent->tunnel = stream;
  g_ptr_array_set_size (agent->tunnel_texts, 0);
  g_byte_array_set_size (agent->tunnel_bytes, 0);
  bl_script_stream_bind (stream, &peer, agent);
  bl_script_stream_opened (stream, NULL);
}

static gboolean
on_tick (gpointer data)
{
  BlScriptAgent *agent = data;

  agent->ticks++;
  return G_SOURCE_CONTINUE;
}

BlScriptAgent *
bl_script_agent_new (BlScriptOptions *options, BlCoreStore *store)
{
  static const BlScriptOps ops
      = { .send_command = send_command, .log = log_text, .state_changed = state_changed, .ws_connect = ws_connect };
  BlScriptAgent *agent = g_new0 (BlScriptAgent, 1);
  GVariantDict info;

  options->host_path = g_getenv ("BL_TEST_SCRIPT_HOST");
  g_assert_nonnull (options->host_path);
  agent->sent = g_ptr_array_new_with_free_func (g_free);
  agent->logged = g_ptr_array_new_with_free_func (g_free);
  agent->tunnel_texts = g_ptr_array_new_with_free_func (g_free);
  agent->tunnel_bytes = g_byte_array_new ();
  agent->runner = bl_script_runner_new (options, &ops, agent, store);
  agent->tick_source = g_timeout_add (5, on_tick, agent);
  g_variant_dict_init (&info, NULL);
  g_variant_dict_insert (&info, "serverUrl", "s", "wss://127.0.0.1:4430/agent.ashx");
  g_variant_dict_insert (&info, "certDigest", "s", "AA:BB");
  bl_script_runner_set_server_info (agent->runner, g_variant_dict_end (&info));
  bl_script_runner_set_connected (agent->runner, TRUE);
  return agent;
}

void
bl_script_agent_free (BlScriptAgent *agent)
{
  bl_script_runner_free (agent->runner);
  g_source_remove (agent->tick_source);
  g_ptr_array_unref (agent->sent);
  g_ptr_array_unref (agent->logged);
  g_ptr_array_unref (agent->tunnel_texts);
  g_byte_array_unref (agent->tunnel_bytes);
  g_free (agent->tunnel_url);
  g_clear_error (&agent->failure);
  g_free (agent);
}

void
bl_script_agent_push (BlScriptAgent *agent, const char *source)
{
  g_autoptr (GByteArray) package = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  g_byte_array_append (package, (const guint8 *) "\0\0\0\0", 4);
  g_byte_array_append (package, (const guint8 *) source, (guint) strlen (source));
  bytes = g_bytes_new (package->data, package->len);
  bl_script_runner_set_core (agent->runner, bytes, &error);
  g_assert_no_error (error);
}

void
bl_script_agent_command (BlScriptAgent *agent, const char *json)
{
  g_autoptr (GBytes) bytes = g_bytes_new (json, strlen (json));

  bl_script_runner_command (agent->runner, bytes);
}

static gboolean
wake_up (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
bl_script_agent_turn (gint64 deadline, const char *what)
{
  guint source = g_timeout_add (20, wake_up, NULL);

  if (g_get_monotonic_time () > deadline)
    g_error ("%s did not happen in time", what);
  g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

void
bl_script_agent_wait_state (BlScriptAgent *agent, BlScriptState state)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_US;

  while (bl_script_runner_get_state (agent->runner) != state)
    bl_script_agent_turn (deadline, "the state");
}

static const char *
wait_for (GPtrArray *texts, const char *needle)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_US;

  for (guint i = 0;;)
    {
      for (; i < texts->len; i++)
        if (strstr (g_ptr_array_index (texts, i), needle) != NULL)
          return g_ptr_array_index (texts, i);
      bl_script_agent_turn (deadline, needle);
    }
}

const char *
bl_script_agent_wait_sent (BlScriptAgent *agent, const char *needle)
{
  return wait_for (agent->sent, needle);
}

const char *
bl_script_agent_wait_logged (BlScriptAgent *agent, const char *needle)
{
  return wait_for (agent->logged, needle);
}

void
bl_script_agent_wait_tunnel (BlScriptAgent *agent)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_US;

  while (agent->tunnel == NULL)
    bl_script_agent_turn (deadline, "a tunnel");
}

void
bl_script_agent_tunnel_text (BlScriptAgent *agent, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  g_assert_nonnull (agent->tunnel);
  bl_script_stream_received (agent->tunnel, bytes, TRUE);
}

void
bl_script_agent_tunnel_data (BlScriptAgent *agent, const void *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  g_assert_nonnull (agent->tunnel);
  bl_script_stream_received (agent->tunnel, bytes, FALSE);
}

const char *
bl_script_agent_wait_tunnel_text (BlScriptAgent *agent, const char *needle)
{
  return wait_for (agent->tunnel_texts, needle);
}

void
bl_script_agent_wait_tunnel_bytes (BlScriptAgent *agent, const char *needle)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE_US;

  while (agent->tunnel_bytes->len < strlen (needle)
         || memmem (agent->tunnel_bytes->data, agent->tunnel_bytes->len, needle, strlen (needle)) == NULL)
    bl_script_agent_turn (deadline, needle);
}

static char *
evaluate (BlScriptAgent *agent, const char *expression)
{
  static guint id;
  g_autofree char *escaped = g_strescape (expression, "");
  g_autofree char *command = g_strdup_printf ("{\"run\":\"%s\",\"id\":%u}", escaped, ++id);
  g_autofree char *needle = g_strdup_printf ("\"id\":%u,\"value\":\"", id);
  const char *answer, *value;

  bl_script_agent_command (agent, command);
  answer = bl_script_agent_wait_sent (agent, needle);
  value = strstr (answer, needle) + strlen (needle);
  return g_strndup (value, strlen (value) - strlen ("\"}"));
}

void
bl_script_agent_expect (BlScriptAgent *agent, const char *expression, const char *expected)
{
  g_autofree char *value = evaluate (agent, expression);

  g_assert_cmpstr (value, ==, expected);
}
