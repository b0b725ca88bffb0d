// SPDX-License-Identifier: Apache-2.0
#include "bl-presence-access.h"

#include <unistd.h>

#define BUS_TIMEOUT_MS 120000 /* polkit may ask the person for a password */
#define ALLOW_USER_INTERACTION 1u

typedef struct
{
  char *name;
  const char *action; /* static */
  BlPresenceSeat *seat;
  GCancellable *cancellable;
  guint32 uid;
  BlPresenceAccessFunc done;
  gpointer user_data;
} Check;

static void
finish (Check *check, gboolean allowed)
{
  check->done (allowed, check->uid, check->user_data);
  g_object_unref (check->cancellable);
  g_free (check->name);
  g_free (check);
}

static void
polkit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  gboolean authorized = FALSE;

  /* The second member says that the person could be asked for more: that is no permission. */
  if (reply != NULL)
    g_variant_get (reply, "((bba{ss}))", &authorized, NULL, NULL);
  finish (user_data, authorized);
}

static void
ask_polkit (GDBusConnection *connection, Check *check)
{
  GVariantBuilder subject;

  g_variant_builder_init (&subject, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&subject, "{sv}", "name", g_variant_new_string (check->name));
  g_dbus_connection_call (connection, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                          "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
                          g_variant_new ("((sa{sv})sa{ss}us)", "system-bus-name", &subject, check->action,
                                         NULL, ALLOW_USER_INTERACTION, ""),
                          G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, BUS_TIMEOUT_MS,
                          check->cancellable, polkit_cb, check);
}

static void
user_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  if (reply != NULL)
    g_variant_get (reply, "(u)", &check->uid);
  if (reply == NULL) /* also when it was cancelled, and the seat may be gone */
    finish (check, FALSE);
  else if (check->seat == NULL || check->uid == 0)
    finish (check, check->uid == geteuid ());
  else if (check->uid != bl_presence_seat_get_user (check->seat))
    finish (check, FALSE);
  else
    ask_polkit (G_DBUS_CONNECTION (source), check);
}

void
bl_presence_access_check (GDBusConnection *connection,
                          BlPresenceSeat *seat,
                          const char *name,
                          const char *action,
                          GCancellable *cancellable,
                          BlPresenceAccessFunc done,
                          gpointer user_data)
{
  Check *check = g_new (Check, 1);

  *check = (Check){ g_strdup (name),     action, seat,     g_object_ref (cancellable),
                    BL_PRESENCE_NO_USER, done,   user_data };
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "GetConnectionUnixUser", g_variant_new ("(s)", name), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, cancellable, user_cb, check);
}
