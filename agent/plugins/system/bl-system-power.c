// SPDX-License-Identifier: Apache-2.0
#include "bl-system.h"

#include "agent/shared/bl-bus.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER LOGIND ".Manager"

/* Numbers of `actiontype` (agent-channel section 11) and logind's methods. */
static const struct
{
  gint64 type;
  const char *method;
  const char *text;
} actions[] = {
  { 2, "PowerOff", "Powering the device off" },
  { 3, "Reboot", "Restarting the device" },
  { 4, "Suspend", "Putting the device to sleep" },
  { 5, "Hibernate", "Hibernating the device" },
};

#define LOG_OFF 1

typedef struct
{
  BowlineHost *host;
  BowlineMessageCall *call;
  const char *what; /* static */
} Order;

static void
order_free (Order *order)
{
  bowline_message_call_unref (order->call);
  g_free (order);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Order, order_free)

static void
fail (const Order *order, const GError *error)
{
  g_autofree char *text = g_strdup_printf ("%s failed: %s", order->what, error->message);
  bowline_host_log (order->host, BOWLINE_LOG_WARNING, NULL, "%s", text);
  bl_system_log (order->host, order->call, 0, text);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Order) order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    fail (order, error);
}

static void
seat_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Order) order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) value = NULL;
  const char *id = NULL;
  if (reply != NULL)
    {
      g_variant_get (reply, "(v)", &value);
      if (g_variant_is_of_type (value, G_VARIANT_TYPE ("(so)")))
        g_variant_get (value, "(&s&o)", &id, NULL);
    }
  if (reply != NULL && (id == NULL || *id == '\0'))
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody is logged in");
  if (error != NULL)
    {
      fail (order, error);
      return;
    }
  g_dbus_connection_call (G_DBUS_CONNECTION (source), LOGIND, LOGIND_PATH, MANAGER, "TerminateSession",
                          g_variant_new ("(s)", id), NULL, G_DBUS_CALL_FLAGS_NONE, BL_SYSTEM_BUS_TIMEOUT_MS,
                          NULL, done_cb, g_steal_pointer (&order));
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Order) order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = bl_bus_connect_finish (result, &error);
  const gint64 type = bl_variant_get_int (bowline_message_call_get_message (order->call), "actiontype", 0);
  if (bus == NULL)
    {
      fail (order, error);
      return;
    }
  if (type == LOG_OFF)
    {
      g_dbus_connection_call (bus, LOGIND, LOGIND_PATH "/seat/seat0", "org.freedesktop.DBus.Properties",
                              "Get", g_variant_new ("(ss)", LOGIND ".Seat", "ActiveSession"),
                              G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE, BL_SYSTEM_BUS_TIMEOUT_MS, NULL,
                              seat_cb, g_steal_pointer (&order));
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      if (actions[i].type != type)
        continue;
      g_dbus_connection_call (bus, LOGIND, LOGIND_PATH, MANAGER, actions[i].method,
                              g_variant_new ("(b)", FALSE), NULL, G_DBUS_CALL_FLAGS_NONE,
                              BL_SYSTEM_BUS_TIMEOUT_MS, NULL, done_cb, g_steal_pointer (&order));
      return;
    }
}

void
bl_system_power (BowlineHost *host, BowlineMessageCall *call)
{
  const gint64 type = bl_variant_get_int (bowline_message_call_get_message (call), "actiontype", 0);
  const char *what = type == LOG_OFF ? "Logging the user off" : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (actions) && what == NULL; i++)
    what = actions[i].type == type ? actions[i].text : NULL;
  if (what == NULL || !bl_system_may (call, BL_RIGHT_POWER))
    {
      bowline_host_log (host, BOWLINE_LOG_WARNING, NULL, "power action %" G_GINT64_FORMAT ": %s", type,
                        what == NULL ? "there is no such action" : "the user may not");
      return;
    }
  bl_system_log (host, call, 0, what);
  Order *order = g_new (Order, 1);
  *order = (Order){ host, bowline_message_call_ref (call), what };
  bl_bus_connect (G_BUS_TYPE_SYSTEM, NULL, bus_cb, order);
}
