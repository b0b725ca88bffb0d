// SPDX-License-Identifier: Apache-2.0
// Which screen is shown, as a logind on a private bus tells it.
#include "bl-desktop-target.h"

#include <string.h>
#include <unistd.h>

#define SEAT "/org/freedesktop/login1/seat/seat0"
#define SESSION "/org/freedesktop/login1/session/c1"

static const char introspection[]
    = "<node><interface name='org.freedesktop.login1.Seat'><property name='ActiveSession' type='(so)' "
      "access='read'/></interface>"
      "<interface name='org.freedesktop.login1.Session'><property name='Type' type='s' access='read'/>"
      "<property name='Display' type='s' access='read'/><property name='User' type='(uo)' access='read'/>"
      "<method name='Lock'/></interface></node>";

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *connection;
  const char *session; // "" for none
  const char *type;
  const char *display;
  guint locks;
  GAsyncResult *result;
} World;

static GVariant *
get_property (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *name,
              GError **error,
              gpointer user_data)
{
  const World *world = user_data;

  if (g_str_equal (name, "ActiveSession"))
    return g_variant_new ("(so)", world->session, *world->session != '\0' ? SESSION : "/");
  if (g_str_equal (name, "User"))
    return g_variant_new ("(uo)", (guint32)geteuid (), "/org/freedesktop/login1/user/self");
  return g_variant_new_string (g_str_equal (name, "Type") ? world->type : world->display);
}

static void
call_method (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *method,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer user_data)
{
  ((World *)user_data)->locks++;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
open_world (World *world)
{
  static const GDBusInterfaceVTable table = { .method_call = call_method, .get_property = get_property };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (introspection, NULL);
  g_autoptr (GVariant) owned = NULL;

  *world = (World){
    .bus = g_test_dbus_new (G_TEST_DBUS_NONE), .session = "c1", .type = "x11", .display = ":77"
  };
  g_test_dbus_up (world->bus);
  g_unsetenv ("DISPLAY");
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (world->bus), TRUE);
  world->connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_assert_nonnull (world->connection);
  g_dbus_connection_set_exit_on_close (world->connection, FALSE);
  g_assert_cmpuint (g_dbus_connection_register_object (world->connection, SEAT, info->interfaces[0], &table,
                                                       world, NULL, NULL),
                    !=, 0);
  g_assert_cmpuint (g_dbus_connection_register_object (world->connection, SESSION, info->interfaces[1],
                                                       &table, world, NULL, NULL),
                    !=, 0);
  owned = g_dbus_connection_call_sync (world->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", "org.freedesktop.login1", 0u), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (owned);
}

static void
close_world (World *world)
{
  g_dbus_connection_close_sync (world->connection, NULL, NULL);
  g_clear_object (&world->connection);
  g_test_dbus_down (world->bus);
  g_clear_object (&world->bus);
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((World *)user_data)->result = g_object_ref (result);
}

static BlDesktopTarget *
find (World *world, GError **error)
{
  BlDesktopTarget *target;

  bl_desktop_target_find_async (NULL, found_cb, world);
  while (world->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  target = bl_desktop_target_find_finish (world->result, error);
  g_clear_object (&world->result);
  return target;
}

static void
test_logind (void)
{
  World world;
  g_autoptr (GError) wayland = NULL;
  g_autoptr (GError) nobody = NULL;

  open_world (&world);
  BlDesktopTarget *target = find (&world, NULL);
  g_assert_nonnull (target);
  g_assert_cmpstr (target->display, ==, ":77");
  g_assert_cmpuint (target->uid, ==, geteuid ());
  g_assert_cmpstr (target->session, ==, SESSION);
  bl_desktop_target_lock (target);
  while (world.locks == 0)
    g_main_context_iteration (NULL, TRUE);
  bl_desktop_target_free (target);
  world.type = "wayland";
  g_assert_null (find (&world, &wayland));
  g_assert_error (wayland, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  world.session = "";
  g_assert_null (find (&world, &nobody));
  g_assert_error (nobody, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  close_world (&world);
}

static void
test_environment (void)
{
  static const char block[] = "XDISPLAY=:1\0DISPLAY=:0\0EMPTY=\0NOTHING\0LAST=cut";
  const gsize length = sizeof block - 1; // the last one is not ended

  g_assert_cmpstr (bl_desktop_environment_get (block, length, "DISPLAY"), ==, ":0");
  g_assert_cmpstr (bl_desktop_environment_get (block, length, "EMPTY"), ==, "");
  g_assert_null (bl_desktop_environment_get (block, length, "NOTHING"));
  g_assert_null (bl_desktop_environment_get (block, length, "LAST"));
  g_assert_null (bl_desktop_environment_get (block, 0, "DISPLAY"));
}

static void
test_server (void)
{
  static const char xorg[] = "/usr/lib/xorg/Xorg\0:0\0-seat\0seat0\0-auth\0/run/lightdm/root/:0\0";
  static const char bare[] = "X\0-auth\0";
  static const char other[] = "/usr/bin/Xfce\0:0\0";
  const char *display, *authority;

  g_assert_true (bl_desktop_server_parse (xorg, sizeof xorg - 1, &display, &authority));
  g_assert_cmpstr (display, ==, ":0");
  g_assert_cmpstr (authority, ==, "/run/lightdm/root/:0");
  g_assert_true (bl_desktop_server_parse (bare, sizeof bare - 1, &display, &authority));
  g_assert_true (display == NULL && authority == NULL);
  g_assert_false (bl_desktop_server_parse (other, sizeof other - 1, &display, &authority));
  g_assert_false (bl_desktop_server_parse ("Xorg", 4, &display, &authority));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desktop-target/environment", test_environment);
  g_test_add_func ("/desktop-target/server", test_server);
  g_test_add_func ("/desktop-target/logind", test_logind);
  return g_test_run ();
}
