// SPDX-License-Identifier: Apache-2.0
#include "bl-system.h"

#include "agent/shared/bl-bus.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>
#include <systemd/sd-login.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"
#define LOGIND "org.freedesktop.login1"
#define SUFFIX ".service"
#define UNIT_MAX 255u

typedef struct
{
  BowlineHost *host;
  BowlineMessageCall *call;
  char *unit;         /* NULL for the list */
  const char *method; /* (nullable): what is to be done with the unit */
} Order;

static void
order_free (Order *order)
{
  bowline_message_call_unref (order->call);
  g_free (order->unit);
  g_free (order);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Order, order_free)

char *
bl_system_service_unit (const char *name)
{
  const gsize length = name != NULL ? strlen (name) : 0;

  if (length == 0 || length + strlen (SUFFIX) > UNIT_MAX || name[0] == '-')
    return NULL;
  for (const char *p = name; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p) && strchr (":_.@-\\", *p) == NULL)
        return NULL;
    }
  return g_str_has_suffix (name, SUFFIX) ? g_strdup (name) : g_strconcat (name, SUFFIX, NULL);
}

static GVariant *
describe (const char *unit, const char *description, const char *active, const char *sub)
{
  g_autofree char *name = g_strndup (unit, strlen (unit) - strlen (SUFFIX));
  GVariantBuilder service, status;

  g_variant_builder_init (&status, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&status, "{sv}", "state",
                         g_variant_new_string (g_str_equal (sub, "running")     ? "RUNNING"
                                               : g_str_equal (active, "failed") ? "FAILED"
                                               : g_str_equal (active, "active") ? "ACTIVE"
                                                                                : "STOPPED"));
  g_variant_builder_init (&service, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&service, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (&service, "{sv}", "displayName",
                         g_variant_new_string (*description != '\0' ? description : name));
  g_variant_builder_add (&service, "{sv}", "status", g_variant_builder_end (&status));
  return g_variant_builder_end (&service);
}

GVariant *
bl_system_service_list (GVariant *units)
{
  GVariantIter iter;
  const char *name, *description, *load, *active, *sub;
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  g_variant_iter_init (&iter, units);
  while (g_variant_iter_next (&iter, "(&s&s&s&s&s&s&ou&s&o)", &name, &description, &load, &active, &sub, NULL,
                              NULL, NULL, NULL, NULL))
    {
      if (g_str_has_suffix (name, SUFFIX) && g_str_equal (load, "loaded"))
        g_variant_builder_add (&list, "v", describe (name, description, active, sub));
    }
  return g_variant_builder_end (&list);
}

/* ---- through systemd ---------------------------------------------------------------------------------- */

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Order) order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) units = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  if (units == NULL)
    bl_system_answer_error (order->call, error->message);
  else if (order->unit == NULL)
    bl_system_answer_text (order->call, bl_system_service_list (units));
  else
    {
      g_autoptr (GVariant) list = g_variant_ref_sink (bl_system_service_list (units));

      if (g_variant_n_children (list) == 0)
        {
          bl_system_answer_error (order->call, "There is no such service");
          return;
        }
      g_autoptr (GVariant) boxed = g_variant_get_child_value (list, 0);
      g_autoptr (GVariant) service = g_variant_get_variant (boxed);
      bl_system_answer_text (order->call, service);
    }
}

static void
ask_for_units (GDBusConnection *bus, Order *order)
{
  if (order->unit == NULL)
    g_dbus_connection_call (bus, SYSTEMD, SYSTEMD_PATH, MANAGER, "ListUnits", NULL,
                            G_VARIANT_TYPE ("(a(ssssssouso))"), G_DBUS_CALL_FLAGS_NONE,
                            BL_SYSTEM_BUS_TIMEOUT_MS, NULL, listed_cb, order);
  else
    {
      const char *units[] = { order->unit, NULL };
      g_dbus_connection_call (bus, SYSTEMD, SYSTEMD_PATH, MANAGER, "ListUnitsByNames",
                              g_variant_new ("(^as)", units), G_VARIANT_TYPE ("(a(ssssssouso))"),
                              G_DBUS_CALL_FLAGS_NONE, BL_SYSTEM_BUS_TIMEOUT_MS, NULL, listed_cb, order);
    }
}

static void
job_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Order) order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    {
      bl_system_answer_error (order->call, error->message);
      return;
    }
  ask_for_units (G_DBUS_CONNECTION (source), g_steal_pointer (&order));
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Order) order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = bl_bus_connect_finish (result, &error);

  if (bus == NULL)
    bl_system_answer_error (order->call, error->message);
  else if (order->method == NULL)
    ask_for_units (bus, g_steal_pointer (&order));
  else
    {
      g_autofree char *text = g_strdup_printf ("Service %s: %s", order->unit, order->method);
      Order *given = g_steal_pointer (&order);
      bl_system_log (given->host, given->call, 0, text);
      g_dbus_connection_call (bus, SYSTEMD, SYSTEMD_PATH, MANAGER, given->method,
                              g_variant_new ("(ss)", given->unit, "replace"), NULL, G_DBUS_CALL_FLAGS_NONE,
                              BL_SYSTEM_BUS_TIMEOUT_MS, NULL, job_cb, given);
    }
}

/* Stopping the agent through itself would leave nobody to start it. */
static gboolean
is_own_unit (const char *unit)
{
  char *own = NULL;
  const gboolean same = sd_pid_get_unit (0, &own) >= 0 && g_str_equal (own, unit);

  free (own);
  return same;
}

void
bl_system_services (BowlineHost *host, BowlineMessageCall *call, const char *type)
{
  static const struct
  {
    const char *type;
    const char *method;
  } methods[] = {
    { "serviceStart", "StartUnit" },
    { "serviceStop", "StopUnit" },
    { "serviceRestart", "RestartUnit" },
  };
  const char *name = bl_variant_get_string (bowline_message_call_get_message (call), "serviceName");
  g_autoptr (Order) order = g_new0 (Order, 1);

  order->host = host;
  order->call = bowline_message_call_ref (call);
  if (!bl_system_may (call, BL_RIGHT_REMOTE_CONTROL))
    return;
  if (!g_str_equal (type, "services"))
    {
      order->unit = bl_system_service_unit (name);
      if (order->unit == NULL)
        {
          bl_system_answer_error (call, "There is no such service");
          return;
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    order->method = g_str_equal (type, methods[i].type) ? methods[i].method : order->method;
  if (order->method != NULL && is_own_unit (order->unit))
    {
      bl_system_answer_error (call, "This is the agent's own service");
      return;
    }
  bl_bus_connect (G_BUS_TYPE_SYSTEM, NULL, bus_cb, g_steal_pointer (&order));
}

/* ---- who is logged in --------------------------------------------------------------------------------- */

static void
sessions_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineMessageCall) call = user_data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr (GVariant) list = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  GVariantBuilder all, answer;
  GVariantIter iter;
  const char *id, *user, *seat;
  guint32 uid;

  g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
  if (list != NULL)
    {
      g_variant_iter_init (&iter, list);
      while (g_variant_iter_next (&iter, "(&su&s&s@o)", &id, &uid, &user, &seat, NULL))
        {
          GVariantBuilder session;

          g_variant_builder_init (&session, G_VARIANT_TYPE_VARDICT);
          g_variant_builder_add (&session, "{sv}", "SessionId", g_variant_new_string (id));
          g_variant_builder_add (&session, "{sv}", "Username", g_variant_new_string (user));
          g_variant_builder_add (&session, "{sv}", "uid", g_variant_new_int64 (uid));
          g_variant_builder_add (&session, "{sv}", "StationName", g_variant_new_string (seat));
          g_variant_builder_add (&session, "{sv}", "State",
                                 g_variant_new_string (*seat != '\0' ? "Active" : "Online"));
          g_variant_builder_add (&all, "{sv}", id, g_variant_builder_end (&session));
        }
    }
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&answer, "{sv}", "data", g_variant_builder_end (&all));
  bowline_message_call_answer (call, g_variant_builder_end (&answer));
}

static void
sessions_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineMessageCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = bl_bus_connect_finish (result, &error);

  if (bus == NULL)
    bl_system_answer_error (call, error->message);
  else
    g_dbus_connection_call (bus, LOGIND, "/org/freedesktop/login1", LOGIND ".Manager", "ListSessions", NULL,
                            G_VARIANT_TYPE ("(a(susso))"), G_DBUS_CALL_FLAGS_NONE, BL_SYSTEM_BUS_TIMEOUT_MS,
                            NULL, sessions_cb, g_steal_pointer (&call));
}

void
bl_system_sessions (BowlineHost *host, BowlineMessageCall *call)
{
  if (bl_system_may (call, BL_RIGHT_REMOTE_CONTROL))
    bl_bus_connect (G_BUS_TYPE_SYSTEM, NULL, sessions_bus_cb, bowline_message_call_ref (call));
}
