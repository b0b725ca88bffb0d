// SPDX-License-Identifier: Apache-2.0
/* What administrators ask the server about itself. */
#include "bl-control-test-world.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  BowlineWebSocket *socket;
  guint frames;
} Wanted;

static gboolean
has_frames (gpointer data)
{
  const Wanted *wanted = data;

  return bl_test_socket_get_sent (wanted->socket)->len >= wanted->frames;
}

/* A stand-in for the core's local action. */
static void
run_status (BowlineActionCall *call, gpointer user_data)
{
  static gint64 bytes = 100;
  GVariantDict front, answer;

  g_variant_dict_init (&front, NULL);
  g_variant_dict_insert (&front, "bytes-in", "x", bytes);
  g_variant_dict_insert (&front, "endpoints", "s", "left out");
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, "front", g_variant_dict_end (&front));
  g_variant_dict_insert (&answer, "version", "s", "9.9");
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
  bytes += 11;
}

static void
begin (void)
{
  static const BowlineAction row = {
    .struct_size = sizeof (BowlineAction), .flags = BOWLINE_ACTION_LOCAL, .name = "status", .run = run_status
  };

  world_begin ();
  g_assert_true (bowline_host_register_actions (world.host, &row, 1, NULL, NULL));
  world_put (
      "{\"_id\":\"user//keeper\",\"type\":\"user\",\"name\":\"keeper\",\"domain\":\"\",\"siteadmin\":1}");
}

static GVariant *
server_state (GVariant *frame)
{
  g_autoptr (GVariant) values = bl_variant_get_object (frame, "values");

  return bl_variant_get_object (values, "ServerState");
}

static void
test_stats (void)
{
  BowlineWebSocket *keeper, *alice;
  g_autoptr (GPtrArray) first = NULL, none = NULL, refused = NULL, later = NULL;
  g_autoptr (GVariant) state = NULL;
  Wanted wanted;

  begin ();
  keeper = world_connect ("keeper");
  alice = world_connect ("alice");
  first = world_ask (keeper, "{\"action\":\"serverstats\",\"interval\":1000}");
  g_assert_cmpuint (first->len, ==, 1);
  g_assert_cmpint (bl_variant_get_int (first->pdata[0], "totalmem", 0), >, 0);
  state = server_state (first->pdata[0]);
  g_assert_cmpint (bl_variant_get_int (state, "UserAccounts", 0), ==,
                   bowline_directory_count (world.host, "user"));
  g_assert_cmpint (bl_variant_get_int (state, "UsersSessions", 0), ==, 2);
  wanted = (Wanted){ keeper, bl_test_socket_get_sent (keeper)->len + 2 };
  g_assert_true (bl_test_host_wait (has_frames, &wanted, 30)); /* again and again */
  none = world_ask (keeper, "{\"action\":\"serverstats\",\"interval\":999}");
  g_assert_cmpuint (none->len, ==, 0);
  refused = world_ask (alice, "{\"action\":\"serverstats\",\"interval\":1000}");
  g_assert_cmpuint (refused->len, ==, 0);
  later = world_ask (keeper, "{\"action\":\"servertimelinestats\",\"hours\":1}");
  g_assert_nonnull (world_find (later, "servertimelinestats"));
  /* A session that ends takes its numbers with it. */
  g_ptr_array_unref (world_ask (keeper, "{\"action\":\"serverstats\",\"interval\":1000}"));
  world_close (keeper);
  world_close (alice);
  world_end ();
}

static void
test_traffic (void)
{
  BowlineWebSocket *keeper;
  g_autoptr (GPtrArray) all = NULL, first = NULL, second = NULL;
  g_autoptr (GVariant) stats = NULL, delta = NULL;

  begin ();
  keeper = world_connect ("keeper");
  all = world_ask (keeper, "{\"action\":\"trafficstats\"}");
  stats = bl_variant_get_object (world_find (all, "trafficstats"), "stats");
  g_assert_cmpint (bl_variant_get_int (stats, "bytes-in", 0), ==, 100);
  g_assert_false (bl_variant_has (stats, "endpoints"));
  first = world_ask (keeper, "{\"action\":\"trafficdelta\"}");
  second = world_ask (keeper, "{\"action\":\"trafficdelta\"}");
  delta = bl_variant_get_object (world_find (second, "trafficdelta"), "delta");
  g_assert_cmpint (bl_variant_get_int (delta, "bytes-in", 0), ==, 11);
  world_close (keeper);
  world_end ();
}

static char *
console (BowlineWebSocket *socket, const char *value)
{
  g_autofree char *request
      = g_strdup_printf ("{\"action\":\"serverconsole\",\"value\":\"%s\",\"tag\":7}", value);
  g_autoptr (GPtrArray) frames = world_ask (socket, request);
  GVariant *frame = world_find (frames, "serverconsole");

  if (frame == NULL)
    return NULL;
  g_assert_cmpint (bl_variant_get_int (frame, "tag", 0), ==, 7);
  return g_strdup (bl_variant_get_string (frame, "value"));
}

static void
test_console (void)
{
  BowlineWebSocket *admin, *keeper;
  g_autofree char *help = NULL, *info = NULL, *sessions = NULL, *unknown = NULL;

  begin ();
  admin = world_connect ("admin");
  keeper = world_connect ("keeper");
  help = console (admin, "help");
  g_assert_nonnull (strstr (help, "usersessions"));
  info = console (admin, " info ");
  g_assert_nonnull (strstr (info, "version: 9.9"));
  g_assert_nonnull (strstr (info, "  bytes-in: "));
  sessions = console (admin, "usersessions");
  g_assert_nonnull (strstr (sessions, "user//keeper"));
  unknown = console (admin, "rm -rf /");
  g_assert_nonnull (strstr (unknown, "no such command"));
  g_assert_null (console (keeper, "help"));
  world_close (admin);
  world_close (keeper);
  world_end ();
}

/* What a device was sent last. */
static GVariant *
last_message (void)
{
  GPtrArray *sent = bl_test_host_get_device_messages (world.test);
  g_autoptr (GVariant) boxed = NULL;

  g_assert_cmpuint (sent->len, >, 0);
  boxed = g_variant_get_child_value (sent->pdata[sent->len - 1], 1);
  return g_variant_get_variant (boxed);
}

#define PRESET(number, more)                                                                                 \
  "{\"action\":\"runcommands\",\"nodeids\":[\"" NODE_BARE "\"],\"presetcmd\":" number more ",\"responseid\":\"r\"}"

static void
test_preset_commands (void)
{
  static const char list[] = "[{\"name\":\"Disk\",\"type\":\"sh\",\"runas\":\"user\",\"cmd\":\"df -h\"},"
                             "{\"name\":\"Long\",\"type\":\"sh\",\"file\":\"long.sh\"},"
                             "{\"name\":\"Windows\",\"type\":\"ps1\",\"cmd\":\"dir\"}]";
  g_autofree char *folder = g_dir_make_tmp ("bowline-presets-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "list.json", NULL);
  g_autofree char *script = g_build_filename (folder, "long.sh", NULL);
  g_autoptr (GPtrArray) info = NULL, ran = NULL, file = NULL, none = NULL, negative = NULL, shell = NULL, denied = NULL;
  g_autoptr (GVariant) event = NULL, message = NULL, from_file = NULL, server = NULL, names = NULL;
  g_autofree char *text = NULL;
  BowlineWebSocket *admin, *alice;

  g_assert_true (g_file_set_contents (path, list, -1, NULL));
  g_assert_true (g_file_set_contents (script, "echo long\n", -1, NULL));
  world_begin_with ("preset-commands", path);
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  bl_test_host_set_online (world.test, NODE, TRUE);
  info = world_ask (admin, "{\"action\":\"serverinfo\",\"responseid\":\"r\"}");
  server = bl_variant_get_object (world_find (info, "serverinfo"), "serverinfo");
  names = bl_variant_get_array (server, "preConfiguredScripts");
  text = g_variant_print (names, FALSE);
  g_assert_cmpstr (text, ==,
                   "[<{'name': <'Disk'>, 'type': <int64 3>}>, <{'name': <'Long'>, 'type': <int64 3>}>, "
                   "<{'name': <'Windows'>, 'type': <int64 2>}>]");
  /* what the caller says beside it does not count */
  ran = world_ask (admin, PRESET ("0", ",\"cmds\":\"rm\",\"type\":4"));
  g_assert_cmpstr (world_result (ran, "runcommands"), ==, "OK");
  event = bl_variant_get_object (world_find (ran, "event:runcommands"), "event");
  g_assert_cmpstr (bl_variant_get_string (event, "cmds"), ==, "df -h");
  message = last_message ();
  g_assert_cmpstr (bl_variant_get_string (message, "cmds"), ==, "df -h");
  g_assert_cmpint (bl_variant_get_int (message, "type", 0), ==, 3);
  g_assert_cmpint (bl_variant_get_int (message, "runAsUser", 0), ==, 2);
  file = world_ask (admin, PRESET ("1", ",\"runAsUser\":1"));
  g_assert_cmpstr (world_result (file, "runcommands"), ==, "OK");
  from_file = last_message ();
  g_assert_cmpstr (bl_variant_get_string (from_file, "cmds"), ==, "echo long\n");
  g_assert_cmpint (bl_variant_get_int (from_file, "runAsUser", 0), ==, 1);
  shell = world_ask (admin, PRESET ("2", ""));
  g_assert_cmpstr (world_result (shell, "runcommands"), ==, "Invalid command type");
  none = world_ask (admin, PRESET ("3", ""));
  g_assert_cmpstr (world_result (none, "runcommands"), ==, "Invalid preset command");
  negative = world_ask (admin, PRESET ("-1", ""));
  g_assert_cmpstr (world_result (negative, "runcommands"), ==, "Invalid preset command");
  denied = world_ask (alice, PRESET ("0", ""));
  g_assert_cmpstr (world_result (denied, "runcommands"), !=, "OK");
  world_close (alice);
  world_close (admin);
  world_end ();
  g_unlink (path);
  g_unlink (script);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/server/stats", test_stats);
  g_test_add_func ("/control/server/traffic", test_traffic);
  g_test_add_func ("/control/server/console", test_console);
  g_test_add_func ("/control/server/preset-commands", test_preset_commands);
  return g_test_run ();
}
