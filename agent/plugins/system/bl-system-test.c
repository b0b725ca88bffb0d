// SPDX-License-Identifier: Apache-2.0
// The parts, and the orders as logind and systemd on a private bus hear them.
#include "bl-system.h"

#include "bowline-private.h"
#include "common/bl-json.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

// ---- parts
// ---------------------------------------------------------------------------------------------------------

static void
test_mac (void)
{
  guint8 mac[6], packet[BL_SYSTEM_MAGIC_SIZE];
  const char *const bad[] = {
    "", "00112233445", "0011223344556", "00112233445g", ":001122334455", "00:11:22:33:44:55:", "0:01122334455"
  };

  g_assert_true (bl_system_mac_parse ("00:1A:2b:3c:4d:5e", mac));
  g_assert_cmpmem (mac, 6, "\x00\x1a\x2b\x3c\x4d\x5e", 6);
  g_assert_true (bl_system_mac_parse ("001A2B3C4D5E", mac));
  g_assert_true (bl_system_mac_parse ("00-1A-2B-3C-4D-5E", mac));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bl_system_mac_parse (bad[i], mac));
  g_assert_true (bl_system_mac_parse ("001A2B3C4D5E", mac));
  bl_system_magic_packet (mac, packet);
  g_assert_cmpmem (packet, 12, "\xff\xff\xff\xff\xff\xff\x00\x1a\x2b\x3c\x4d\x5e", 12);
  g_assert_cmpmem (packet + 96, 6, mac, 6);
}

static void
test_unit_names (void)
{
  const char *const bad[] = { NULL, "", "-x", "a b", "a/b", "a;b", "../x" };
  g_autofree char *plain = bl_system_service_unit ("ssh"),
                  *full = bl_system_service_unit ("getty@tty1.service");
  g_autofree char *longest = g_strnfill (300, 'x');

  g_assert_cmpstr (plain, ==, "ssh.service");
  g_assert_cmpstr (full, ==, "getty@tty1.service");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (bl_system_service_unit (bad[i]));
  g_assert_null (bl_system_service_unit (longest));
}

static void
put (const char *root, const char *path, const char *content, gsize length)
{
  g_autofree char *full = g_build_filename (root, path, NULL), *folder = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, content, (gssize)length, NULL));
}

static void
test_processes (void)
{
  g_autofree char *root = g_dir_make_tmp ("bl-system-XXXXXX", NULL);
  const char *const made[] = { "proc/7/cmdline", "proc/8/cmdline", "proc/8/comm", "proc/self/cmdline",
                               "proc/7",         "proc/8",         "proc/self",   "proc" };

  put (root, "proc/7/cmdline", "/bin/sh\0-c\0x\xff\0", 14);
  put (root, "proc/8/cmdline", "", 0);
  put (root, "proc/8/comm", "kworker/0\n", 10);
  put (root, "proc/self/cmdline", "me", 2);
  g_autoptr (GVariant) list = g_variant_ref_sink (bl_system_process_list (root));
  g_assert_cmpuint (g_variant_n_children (list), ==, 2);
  g_autoptr (GVariant) shell = bl_variant_get_object (list, "7");
  g_autoptr (GVariant) kernel = bl_variant_get_object (list, "8");
  g_assert_cmpint (bl_variant_get_int (shell, "pid", 0), ==, 7);
  g_assert_cmpstr (bl_variant_get_string (shell, "cmd"), ==, "/bin/sh -c x\357\277\275");
  g_assert_cmpstr (bl_variant_get_string (kernel, "cmd"), ==, "kworker/0");
  g_assert_null (bl_system_process_command (root, 9));
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autofree char *path = g_build_filename (root, made[i], NULL);
      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (root), ==, 0);
}

// ---- the agent, as the plugin sees it
// ------------------------------------------------------------------------------

static const char introspection[]
    = "<node><interface name='org.freedesktop.login1.Manager'><method name='PowerOff'><arg type='b' "
      "direction='in'/></method>"
      "<method name='Reboot'><arg type='b' direction='in'/></method><method name='Suspend'><arg type='b' "
      "direction='in'/></method>"
      "<method name='Hibernate'><arg type='b' direction='in'/></method>"
      "<method name='TerminateSession'><arg type='s' direction='in'/></method>"
      "<method name='ListSessions'><arg type='a(susso)' direction='out'/></method></interface>"
      "<interface name='org.freedesktop.login1.Seat'><property name='ActiveSession' type='(so)' "
      "access='read'/></interface>"
      "<interface name='org.freedesktop.systemd1.Manager'><method name='ListUnits'><arg type='a(ssssssouso)' "
      "direction='out'/></method>"
      "<method name='ListUnitsByNames'><arg type='as' direction='in'/><arg type='a(ssssssouso)' "
      "direction='out'/></method>"
      "<method name='StartUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='o' "
      "direction='out'/></method>"
      "<method name='StopUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='o' "
      "direction='out'/></method>"
      "<method name='RestartUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='o' "
      "direction='out'/></method>"
      "</interface></node>";

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *connection;
  GString *heard; // calls on the bus, one a line
  GVariant *answer;
  GString *log;
} World;

static World the_world;

struct _BowlineMessageCall
{
  gatomicrefcount count;
  GVariant *message;
};

static BowlineMessageCall *
call_ref (BowlineMessageCall *call)
{
  g_atomic_ref_count_inc (&call->count);
  return call;
}

static void
call_unref (BowlineMessageCall *call)
{
  if (!g_atomic_ref_count_dec (&call->count))
    return;
  g_variant_unref (call->message);
  g_free (call);
}

static GVariant *
call_get_message (BowlineMessageCall *call)
{
  return call->message;
}

static guint32
call_get_rights (BowlineMessageCall *call)
{
  return (guint32)bl_variant_get_int (call->message, "rights", 0);
}

static void
call_answer (BowlineMessageCall *call, GVariant *answer)
{
  g_clear_pointer (&the_world.answer, g_variant_unref);
  the_world.answer = g_variant_ref_sink (answer);
}

static gboolean
send_message (BowlineHost *host, GVariant *message)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);
  g_string_append_printf (the_world.log, "%s\n", bl_variant_get_string (owned, "msg"));
  return TRUE;
}

static void
host_log (BowlineHost *host, guint32 level, GVariant *fields, const char *text)
{
}

static GVariant *
units (const char *state)
{
  return g_variant_new_parsed (
      "([('ssh.service', 'Secure shell', 'loaded', 'active', %s, '', objectpath '/a', uint32 0, '', "
      "objectpath '/'), ('gone.service', '', 'not-found', 'inactive', 'dead', '', objectpath '/b', "
      "uint32 0, '', objectpath '/'), ('x.mount', '', 'loaded', 'active', 'mounted', '', objectpath "
      "'/c', uint32 0, '', objectpath '/')],)",
      state);
}

static void
bus_call (GDBusConnection *connection,
          const char *sender,
          const char *path,
          const char *interface,
          const char *method,
          GVariant *parameters,
          GDBusMethodInvocation *invocation,
          gpointer user_data)
{
  g_autofree char *text = g_variant_print (parameters, FALSE);
  GVariant *reply = NULL;

  g_string_append_printf (the_world.heard, "%s%s\n", method, text);
  if (g_str_has_prefix (method, "ListUnits"))
    reply = units ("running");
  else if (g_str_equal (method, "ListSessions"))
    reply = g_variant_new_parsed ("([('c1', uint32 1000, 'anna', 'seat0', objectpath '/s')],)");
  else if (g_str_has_suffix (method, "Unit"))
    reply = g_variant_new ("(o)", "/job/1");
  g_dbus_method_invocation_return_value (invocation, reply);
}

static GVariant *
bus_get (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *name,
         GError **error,
         gpointer user_data)
{
  return g_variant_new ("(so)", "c1", "/org/freedesktop/login1/session/c1");
}

static void
own (const char *name)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      the_world.connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", name, 0u), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (reply);
}

static void
open_world (void)
{
  static const GDBusInterfaceVTable table = { .method_call = bus_call, .get_property = bus_get };
  static const char *const paths[]
      = { "/org/freedesktop/login1", "/org/freedesktop/login1/seat/seat0", "/org/freedesktop/systemd1" };
  static const BowlineMessageCallOps call_ops = {
    .ref = call_ref,
    .unref = call_unref,
    .get_message = call_get_message,
    .get_rights = call_get_rights,
    .answer = call_answer,
  };
  static const BowlineAgentFeatureOps feature_ops = { .send = send_message };
  static const BowlineHostOps host_ops = { .log = host_log };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (introspection, NULL);

  the_world.bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (the_world.bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (the_world.bus), TRUE);
  the_world.connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_dbus_connection_set_exit_on_close (the_world.connection, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_cmpuint (g_dbus_connection_register_object (the_world.connection, paths[i], info->interfaces[i],
                                                         &table, NULL, NULL, NULL),
                      !=, 0);
  own ("org.freedesktop.login1");
  own ("org.freedesktop.systemd1");
  the_world.heard = g_string_new (NULL);
  the_world.log = g_string_new (NULL);
  bowline_private_install_message_call_ops (&call_ops);
  bowline_private_install_agent_feature_ops (&feature_ops);
  bowline_private_install_host_ops (&host_ops);
}

static void
close_world (void)
{
  g_dbus_connection_close_sync (the_world.connection, NULL, NULL);
  g_clear_object (&the_world.connection);
  g_test_dbus_down (the_world.bus);
  g_clear_object (&the_world.bus);
  g_string_free (the_world.heard, TRUE);
  g_string_free (the_world.log, TRUE);
  g_clear_pointer (&the_world.answer, g_variant_unref);
}

static BowlineMessageCall *
order (const char *json)
{
  BowlineMessageCall *call = g_new0 (BowlineMessageCall, 1);
  g_autoptr (GError) error = NULL;

  g_atomic_ref_count_init (&call->count);
  call->message = bl_json_parse_object (json, strlen (json), NULL, BL_JSON_DEFAULT, &error);
  g_assert_no_error (error);
  g_clear_pointer (&the_world.answer, g_variant_unref);
  return call;
}

static void
until_heard (const char *text)
{
  while (strstr (the_world.heard->str, text) == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
until_answered (void)
{
  while (the_world.answer == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_orders (void)
{
  BowlineMessageCall *refused, *off, *log_off, *list, *stop, *bad, *sessions;

  open_world ();
  refused = order ("{\"action\":\"poweraction\",\"actiontype\":3,\"rights\":8,\"userid\":\"user//a\"}");
  bl_system_power (NULL, refused);
  off = order ("{\"action\":\"poweraction\",\"actiontype\":2,\"rights\":262144,\"userid\":\"user//a\"}");
  bl_system_power (NULL, off);
  until_heard ("PowerOff(false,)");
  g_assert_null (strstr (the_world.heard->str, "Reboot"));
  g_assert_nonnull (strstr (the_world.log->str, "Powering the device off"));
  log_off = order ("{\"action\":\"poweraction\",\"actiontype\":1,\"rights\":4294967295}");
  bl_system_power (NULL, log_off);
  until_heard ("TerminateSession('c1',)");

  list = order ("{\"action\":\"msg\",\"type\":\"services\",\"rights\":8}");
  bl_system_services (NULL, list, "services");
  until_answered ();
  g_assert_cmpstr (
      bl_variant_get_string (the_world.answer, "value"), ==,
      "[{\"name\":\"ssh\",\"displayName\":\"Secure shell\",\"status\":{\"state\":\"RUNNING\"}}]");
  stop = order ("{\"action\":\"msg\",\"type\":\"serviceStop\",\"serviceName\":\"ssh\",\"rights\":8}");
  bl_system_services (NULL, stop, "serviceStop");
  until_answered ();
  g_assert_nonnull (strstr (the_world.heard->str, "StopUnit('ssh.service', 'replace')"));
  g_assert_cmpstr (bl_variant_get_string (the_world.answer, "type"), ==, "service");
  bad = order ("{\"action\":\"msg\",\"type\":\"service\",\"serviceName\":\"a b\",\"rights\":8}");
  bl_system_services (NULL, bad, "service");
  g_assert_cmpstr (bl_variant_get_string (the_world.answer, "error"), ==, "There is no such service");
  sessions = order ("{\"action\":\"msg\",\"type\":\"userSessions\",\"rights\":8}");
  bl_system_sessions (NULL, sessions);
  until_answered ();
  g_autoptr (GVariant) data = bl_variant_get_object (the_world.answer, "data");
  g_autoptr (GVariant) session = bl_variant_get_object (data, "c1");
  g_assert_cmpstr (bl_variant_get_string (session, "Username"), ==, "anna");
  BowlineMessageCall *all[] = { refused, off, log_off, list, stop, bad, sessions };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    call_unref (all[i]);
  close_world ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-system/mac", test_mac);
  g_test_add_func ("/agent-system/unit-names", test_unit_names);
  g_test_add_func ("/agent-system/processes", test_processes);
  g_test_add_func ("/agent-system/orders", test_orders);
  return g_test_run ();
}
