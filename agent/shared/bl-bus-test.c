// SPDX-License-Identifier: Apache-2.0
// A bus that ends while it is in use, and comes back.
#include "bl-bus.h"

typedef struct
{
  GAsyncResult *result;
  gboolean closed;
} World;

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((World *)user_data)->result = g_object_ref (result);
}

static void
closed_cb (GDBusConnection *connection, gboolean remote, GError *error, gpointer user_data)
{
  ((World *)user_data)->closed = TRUE;
}

static GAsyncResult *
await (World *world)
{
  while (world->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&world->result);
}

static GDBusConnection *
open_bus (World *world, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  bl_bus_connect (G_BUS_TYPE_SYSTEM, NULL, done_cb, world);
  g_assert_null (world->result); // never from within
  result = await (world);
  return bl_bus_connect_finish (result, error);
}

static GTestDBus *
start_bus (void)
{
  GTestDBus *bus = g_test_dbus_new (G_TEST_DBUS_NONE);

  g_test_dbus_up (bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  return bus;
}

static void
call (GDBusConnection *connection, World *world)
{
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "GetId", NULL, G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, done_cb,
                          world);
}

static void
test_end_and_return (void)
{
  World world = { 0 };
  g_autoptr (GError) gone = NULL;
  g_autoptr (GError) closed = NULL;
  GTestDBus *bus = start_bus ();
  g_autoptr (GDBusConnection) connection = open_bus (&world, NULL);
  g_autoptr (GAsyncResult) reply = NULL, none = NULL;

  g_assert_nonnull (connection);
  g_assert_false (g_dbus_connection_get_exit_on_close (connection));
  call (connection, &world);
  reply = await (&world);
  g_autoptr (GVariant) id = g_dbus_connection_call_finish (connection, reply, NULL);
  g_assert_nonnull (id);

  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), &world);
  g_test_dbus_stop (bus);
  while (!world.closed)
    g_main_context_iteration (NULL, TRUE);
  call (connection, &world);
  none = await (&world);
  g_assert_null (g_dbus_connection_call_finish (connection, none, &closed));
  g_assert_error (closed, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_null (open_bus (&world, &gone));
  g_assert_nonnull (gone);
  g_object_unref (bus);

  bus = start_bus ();
  g_autoptr (GDBusConnection) back = open_bus (&world, NULL);
  g_assert_nonnull (back);
  g_assert_false (g_dbus_connection_is_closed (back));
  g_clear_object (&back);
  g_test_dbus_stop (bus);
  g_object_unref (bus);
}

static void
test_cancelled (void)
{
  World world = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  bl_bus_connect (G_BUS_TYPE_SYSTEM, cancellable, done_cb, &world);
  g_cancellable_cancel (cancellable);
  result = await (&world);
  g_assert_null (bl_bus_connect_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-bus/end-and-return", test_end_and_return);
  g_test_add_func ("/agent-bus/cancelled", test_cancelled);
  return g_test_run ();
}
