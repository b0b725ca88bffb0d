// SPDX-License-Identifier: Apache-2.0
#include "bl-presence-bus.h"

#include "agent/shared/bl-bus.h"

#define FIRST_WAIT_SECONDS 1u
#define LAST_WAIT_SECONDS 60u

struct _BlPresenceBus
{
  GBusType type;
  void (*up) (GDBusConnection *connection, gpointer user_data);
  void (*down) (const char *reason, gpointer user_data);
  gpointer user_data;
  GCancellable *cancellable;
  GDBusConnection *connection; /* NULL while there is none */
  gulong closed_id;
  guint retry_id;
  guint wait; /* seconds before the next try */
  gboolean told;
};

static gboolean connect_cb (gpointer user_data);

static void
try_later (BlPresenceBus *bus)
{
  bus->retry_id = g_timeout_add_seconds (bus->wait, connect_cb, bus);
  bus->wait = MIN (bus->wait * 2, LAST_WAIT_SECONDS);
}

static void
fail (BlPresenceBus *bus, const char *reason)
{
  if (!bus->told)
    bus->down (reason, bus->user_data);
  bus->told = TRUE;
  try_later (bus);
}

static void
forget_connection (BlPresenceBus *bus)
{
  g_signal_handler_disconnect (bus->connection, bus->closed_id);
  g_clear_object (&bus->connection);
}

static void
closed_cb (GDBusConnection *connection, gboolean remote, GError *error, gpointer user_data)
{
  BlPresenceBus *bus = user_data;

  bus->down ("the bus ended", bus->user_data);
  forget_connection (bus);
  try_later (bus);
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = bl_bus_connect_finish (result, &error);
  BlPresenceBus *bus = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection == NULL)
    {
      fail (bus, error->message);
      return;
    }
  bus->told = FALSE;
  bus->wait = FIRST_WAIT_SECONDS;
  bus->connection = g_steal_pointer (&connection);
  bus->closed_id = g_signal_connect (bus->connection, "closed", G_CALLBACK (closed_cb), bus);
  bus->up (bus->connection, bus->user_data);
}

static gboolean
connect_cb (gpointer user_data)
{
  BlPresenceBus *bus = user_data;

  bus->retry_id = 0;
  bl_bus_connect (bus->type, bus->cancellable, connected_cb, bus);
  return G_SOURCE_REMOVE;
}

BlPresenceBus *
bl_presence_bus_new (GBusType type,
                     void (*up) (GDBusConnection *connection, gpointer user_data),
                     void (*down) (const char *reason, gpointer user_data),
                     gpointer user_data)
{
  BlPresenceBus *bus = g_new0 (BlPresenceBus, 1);

  bus->type = type;
  bus->up = up;
  bus->down = down;
  bus->user_data = user_data;
  bus->cancellable = g_cancellable_new ();
  bus->wait = FIRST_WAIT_SECONDS;
  bus->retry_id = g_idle_add (connect_cb, bus);
  return bus;
}

void
bl_presence_bus_free (BlPresenceBus *bus)
{
  if (bus == NULL)
    return;
  g_cancellable_cancel (bus->cancellable);
  g_object_unref (bus->cancellable);
  g_clear_handle_id (&bus->retry_id, g_source_remove);
  if (bus->connection != NULL)
    {
      g_autoptr (GDBusConnection) connection = g_object_ref (bus->connection);
      forget_connection (bus);
      g_dbus_connection_close (connection, NULL, NULL, NULL);
    }
  g_free (bus);
}
