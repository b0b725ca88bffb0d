// SPDX-License-Identifier: Apache-2.0
// Our own core script (data/core) on the script host: console, terminal, files, port
// relay. The same script is tested on a real MeshAgent in tests/interop.

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bl-script-testing.h"
#include "common/bl-hash.h"

#define USER "\"sessionid\":\"user//t/s\",\"userid\":\"user//t\",\"username\":\"t\",\"rights\":4294967295"

typedef struct
{
  BlScriptAgent *agent;
  char *directory;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  BlScriptOptions options = { 0 };
  g_autofree char *source = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("bl-core-test-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (g_getenv ("BL_TEST_CORE_SCRIPT"), &source, NULL, &error));
  fixture->agent = bl_script_agent_new (&options, NULL);
  bl_script_agent_push (fixture->agent, source);
  bl_script_agent_wait_state (fixture->agent, BL_SCRIPT_STATE_RUNNING);
}

static void
remove_tree (GFile *folder)
{
  g_autoptr (GFileEnumerator) names
      = g_file_enumerate_children (folder, "standard::*", G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  GFile *child = NULL;

  while (names != NULL && g_file_enumerator_iterate (names, NULL, &child, NULL, NULL) && child != NULL)
    remove_tree (child);
  g_assert_true (g_file_delete (folder, NULL, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GFile) folder = g_file_new_for_path (fixture->directory);

  bl_script_agent_free (fixture->agent);
  remove_tree (folder);
  g_free (fixture->directory);
}

static void
open_tunnel (Fixture *fixture, const char *fields, const char *protocol)
{
  g_autofree char *command = g_strdup_printf (
      "{\"action\":\"msg\",\"type\":\"tunnel\",%s,\"soptions\":{},\"value\":\"*/meshrelay.ashx?id=a$b\"}", fields);

  bl_script_agent_command (fixture->agent, command);
  bl_script_agent_wait_tunnel (fixture->agent);
  bl_script_agent_tunnel_text (fixture->agent, "c");
  if (protocol != NULL)
    bl_script_agent_tunnel_text (fixture->agent, protocol);
}

static void
wait_closed (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (fixture->agent->tunnel != NULL)
    bl_script_agent_turn (deadline, "the end of the tunnel");
}

static void
test_core_info_and_console (Fixture *fixture, gconstpointer unused)
{
  const char *info = bl_script_agent_wait_sent (fixture->agent, "\"action\":\"coreinfo\"");

  g_assert_nonnull (strstr (info, "\"caps\":6,"));
  g_assert_nonnull (strstr (info, "Bowline core v"));
  g_assert_nonnull (strstr (info, "\"osdesc\":\""));
  bl_script_agent_command (fixture->agent, "{\"action\":\"ping\"}");
  bl_script_agent_wait_sent (fixture->agent, "\"action\":\"pong\"");
  bl_script_agent_command (fixture->agent, "{\"action\":\"msg\",\"type\":\"console\",\"value\":\"version\"," USER "}");
  bl_script_agent_wait_sent (fixture->agent, "Agent: {\\\"bowline\\\"");
  bl_script_agent_command (fixture->agent, "{\"action\":\"msg\",\"type\":\"ps\"," USER "}");
  bl_script_agent_wait_sent (fixture->agent, "\"type\":\"ps\"");
  bl_script_agent_command (fixture->agent, "{\"action\":\"sysinfo\"}");
  bl_script_agent_wait_sent (fixture->agent, "\"action\":\"sysinfo\",\"data\":{\"hash\":\"");
  bl_script_agent_command (fixture->agent,
                           "{\"action\":\"runcommands\",\"type\":3,\"cmds\":\"echo $((40+2))\",\"reply\":true,\"responseid\":\"r\"," USER "}");
  bl_script_agent_wait_sent (fixture->agent, "\"result\":\"42\\n\"");
  bl_script_agent_wait_sent (fixture->agent, "\"action\":\"netinfo\"");
}

static void
test_terminal (Fixture *fixture, gconstpointer unused)
{
  open_tunnel (fixture, USER, NULL);
  g_assert_cmpstr (fixture->agent->tunnel_url, ==, "wss://127.0.0.1:4430/meshrelay.ashx?id=a%24b");
  bl_script_agent_tunnel_text (fixture->agent, "{\"type\":\"options\",\"cols\":90,\"rows\":28}");
  bl_script_agent_tunnel_text (fixture->agent, "1");
  bl_script_agent_wait_sent (fixture->agent, "\"type\":\"terminal\",\"value\":{\"user//t\":1}");
  bl_script_agent_tunnel_data (fixture->agent, "echo $((6*7))mark; tty\r", 23);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "42mark");
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "/dev/pts/");
  bl_script_agent_tunnel_text (fixture->agent, "{\"ctrlChannel\":\"102938\",\"type\":\"termsize\",\"cols\":100,\"rows\":30}");
  bl_script_agent_tunnel_text (fixture->agent, "{\"ctrlChannel\":\"102938\",\"type\":\"rtt\",\"time\":5}");
  bl_script_agent_wait_tunnel_text (fixture->agent, "\"type\":\"rtt\",\"time\":5");
  bl_script_agent_tunnel_data (fixture->agent, "stty size\r", 10);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "30 100");
  bl_script_agent_tunnel_data (fixture->agent, "exit\r", 5);
  wait_closed (fixture);
  bl_script_agent_wait_sent (fixture->agent, "\"type\":\"terminal\",\"value\":{}");
}

static void
test_terminal_refused (Fixture *fixture, gconstpointer unused)
{
  open_tunnel (fixture, "\"sessionid\":\"s\",\"userid\":\"user//t\",\"rights\":520", "1");
  bl_script_agent_wait_tunnel_text (fixture->agent, "\"msgid\":2");
  wait_closed (fixture);
}

// A question nobody can answer is a no; the message box of this agent is missing.
static void
test_consent (Fixture *fixture, gconstpointer unused)
{
  open_tunnel (fixture, USER ",\"consent\":16", "1");
  bl_script_agent_wait_tunnel_text (fixture->agent, "\"msgid\":1");
  bl_script_agent_wait_tunnel_text (fixture->agent, "\"msgid\":2");
  wait_closed (fixture);
}

static void
request (Fixture *fixture, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
request (Fixture *fixture, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  bl_script_agent_tunnel_data (fixture->agent, text, strlen (text));
}

static void
expect_file (Fixture *fixture, const char *name, const void *data, gsize size)
{
  g_autofree char *path = g_build_filename (fixture->directory, name, NULL);
  g_autofree char *found = NULL;
  gsize found_size;

  g_assert_true (g_file_get_contents (path, &found, &found_size, NULL));
  g_assert_cmpmem (found, found_size, data, size);
}

static void
upload (Fixture *fixture, const char *name, const guint8 *data, gsize size)
{
  request (fixture, "{\"action\":\"upload\",\"reqid\":1,\"path\":\"%s\",\"name\":\"%s\",\"size\":%" G_GSIZE_FORMAT "}",
           fixture->directory, name, size);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "\"action\":\"uploadstart\"");
  for (gsize at = 0; at < size; at += 65536)
    {
      g_autoptr (GByteArray) block = g_byte_array_new ();

      if (data[at] == 0 || data[at] == '{')
        g_byte_array_append (block, (const guint8 *) "", 1);
      g_byte_array_append (block, data + at, (guint) MIN (size - at, 65536));
      bl_script_agent_tunnel_data (fixture->agent, block->data, block->len);
    }
  request (fixture, "{\"action\":\"uploaddone\",\"reqid\":1}");
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "\"action\":\"uploaddone\"");
}

// Collects the blocks of a download of SIZE bytes and compares them with DATA.
static void
download (Fixture *fixture, const char *name, const guint8 *data, gsize size)
{
  gsize blocks = size / 16380 + 1, expected = size + 4 * blocks;
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  GByteArray *seen = fixture->agent->tunnel_bytes;
  gsize acknowledged = 0;

  bl_script_agent_tunnel_text (fixture->agent, "{}");
  request (fixture, "{\"action\":\"download\",\"sub\":\"start\",\"id\":4,\"path\":\"%s/%s\"}", fixture->directory, name);
  bl_script_agent_wait_tunnel_text (fixture->agent, "\"sub\":\"start\",\"id\":4");
  g_byte_array_set_size (seen, 0);
  bl_script_agent_tunnel_text (fixture->agent, "{\"action\":\"download\",\"sub\":\"startack\",\"id\":4,\"ack\":8}");
  while (seen->len < expected)
    {
      for (; acknowledged < seen->len / 16384; acknowledged++)
        bl_script_agent_tunnel_text (fixture->agent, "{\"action\":\"download\",\"sub\":\"ack\",\"id\":4}");
      bl_script_agent_turn (deadline, "the download");
    }
  g_assert_cmpuint (seen->len, ==, expected);
  for (gsize at = 0, block = 0; block < blocks; block++, at += 16380)
    {
      gsize part = MIN (size - at, 16380);

      g_assert_cmpmem (seen->data + block * 16384, 4, block == blocks - 1 ? "\1\0\0\1" : "\1\0\0\0", 4);
      g_assert_cmpmem (seen->data + block * 16384 + 4, part, data + at, part);
    }
}

static void
test_files (Fixture *fixture, gconstpointer unused)
{
  gsize size = 500000;
  g_autofree guint8 *data = g_malloc (size);
  guint8 hash[48];
  g_autoptr (GString) hex = g_string_new ("\"hash\":\"");

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 7919 >> 5);
  data[0] = 0;
  data[65536] = '{';
  open_tunnel (fixture, USER, "5");
  request (fixture, "{\"action\":\"mkdir\",\"reqid\":2,\"path\":\"%s/sub\"}", fixture->directory);
  upload (fixture, "up.bin", data, size);
  expect_file (fixture, "up.bin", data, size);
  bl_sha384 (data, size, hash);
  for (guint i = 0; i < sizeof hash; i++)
    g_string_append_printf (hex, "%02X", hash[i]);
  request (fixture, "{\"action\":\"uploadhash\",\"reqid\":3,\"path\":\"%s\",\"name\":\"up.bin\",\"tag\":{\"s\":1}}", fixture->directory);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, hex->str);
  download (fixture, "up.bin", data, size);
  request (fixture, "{\"action\":\"rename\",\"reqid\":5,\"path\":\"%s\",\"oldname\":\"up.bin\",\"newname\":\"new.bin\"}", fixture->directory);
  request (fixture, "{\"action\":\"ls\",\"reqid\":6,\"path\":\"%s\"}", fixture->directory);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "\"reqid\":6");
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "{\"n\":\"new.bin\",\"t\":3,\"s\":500000");
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "{\"n\":\"sub\",\"t\":2");
  expect_file (fixture, "new.bin", data, size);
  request (fixture, "{\"action\":\"rm\",\"path\":\"%s\",\"delfiles\":[\"new.bin\"]}", fixture->directory);
  request (fixture, "{\"action\":\"findfile\",\"reqid\":7,\"path\":\"%s\",\"filter\":\"s?b\"}", fixture->directory);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "\"r\":\"sub\"");
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "\"r\":null");
  bl_script_agent_tunnel_text (fixture->agent, "{\"ctrlChannel\":\"102938\",\"type\":\"close\"}");
  wait_closed (fixture);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));

  g_object_ref (connection);
  g_output_stream_splice_async (out, in, G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_object_set_data_full (G_OBJECT (service), "connection", connection, g_object_unref);
  return TRUE;
}

static void
test_port_relay (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GSocketService) echo = g_socket_service_new ();
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (echo), NULL, NULL);
  g_autofree char *fields = g_strdup_printf (USER ",\"tcpport\":%u,\"tcpaddr\":\"127.0.0.1\"", port);

  g_signal_connect (echo, "incoming", G_CALLBACK (on_incoming), NULL);
  open_tunnel (fixture, fields, NULL);
  bl_script_agent_wait_sent (fixture->agent, "\"type\":\"tcp\",\"value\":{\"user//t\":1}");
  bl_script_agent_tunnel_data (fixture->agent, "over and back", 13);
  bl_script_agent_wait_tunnel_bytes (fixture->agent, "over and back");
  bl_script_stream_closed (fixture->agent->tunnel, NULL);
  bl_script_agent_wait_sent (fixture->agent, "\"type\":\"tcp\",\"value\":{}");
  g_socket_service_stop (echo);
}

// A closed port: no tunnel is opened, the user is told.
static void
test_port_relay_refused (Fixture *fixture, gconstpointer unused)
{
  bl_script_agent_command (fixture->agent, "{\"action\":\"msg\",\"type\":\"tunnel\",\"tcpport\":1,\"value\":\"*/r?id=1\"," USER "}");
  bl_script_agent_wait_sent (fixture->agent, "Unable to reach 127.0.0.1:1");
  g_assert_null (fixture->agent->tunnel);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/script/core/info-console", Fixture, NULL, set_up, test_core_info_and_console, tear_down);
  g_test_add ("/script/core/terminal", Fixture, NULL, set_up, test_terminal, tear_down);
  g_test_add ("/script/core/terminal-refused", Fixture, NULL, set_up, test_terminal_refused, tear_down);
  g_test_add ("/script/core/consent", Fixture, NULL, set_up, test_consent, tear_down);
  g_test_add ("/script/core/files", Fixture, NULL, set_up, test_files, tear_down);
  g_test_add ("/script/core/port-relay", Fixture, NULL, set_up, test_port_relay, tear_down);
  g_test_add ("/script/core/port-relay-refused", Fixture, NULL, set_up, test_port_relay_refused, tear_down);
  return g_test_run ();
}
