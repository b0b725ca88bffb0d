// SPDX-License-Identifier: Apache-2.0
// Who is in front of the screen, as a logind on a private bus tells it.
#include "bl-presence-seat.h"

#include <string.h>

#define ANNA 1001u
#define BERND 1002u
#define GREETER 105u
#define SEAT "/org/freedesktop/login1/seat/seat0"
#define SESSIONS "/org/freedesktop/login1/session/"

static const char introspection[]
    = "<node><interface name='org.freedesktop.login1.Seat'><property name='Sessions' type='a(so)' "
      "access='read'/>"
      "</interface><interface name='org.freedesktop.login1.Session'><property name='Class' type='s' "
      "access='read'/>"
      "<property name='State' type='s' access='read'/><property name='User' type='(uo)' access='read'/>"
      "<property name='LockedHint' type='b' access='read'/></interface></node>";

typedef struct
{
  const char *class;
  const char *state;
  guint32 uid;
  gboolean locked;
} Session;

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *logind;
  GDBusConnection *ours;
  Session sessions[BL_PRESENCE_SEAT_MAX_SESSIONS + 1];
  guint n;
  guint n_changed;
} World;

static GVariant *
get_sessions (const World *world)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(so)"));
  for (guint i = 0; i < world->n; i++)
    {
      g_autofree char *path = g_strdup_printf (SESSIONS "%u", i);
      g_variant_builder_add (&list, "(so)", strrchr (path, '/') + 1, path);
    }
  return g_variant_builder_end (&list);
}

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
  const Session *session;

  if (g_str_equal (path, SEAT))
    return get_sessions (world);
  session = &world->sessions[g_ascii_strtoull (path + strlen (SESSIONS), NULL, 10)];
  if (g_str_equal (name, "User"))
    return g_variant_new ("(uo)", session->uid, "/org/freedesktop/login1/user/some");
  if (g_str_equal (name, "LockedHint"))
    return g_variant_new_boolean (session->locked);
  return g_variant_new_string (g_str_equal (name, "Class") ? session->class : session->state);
}

static void
own_name (World *world)
{
  g_autoptr (GVariant) owned = g_dbus_connection_call_sync (
      world->logind, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
      g_variant_new ("(su)", "org.freedesktop.login1", 0u), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (owned);
}

static GDBusConnection *
connect_bus (World *world)
{
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (world->bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      NULL, NULL);
  g_assert_nonnull (connection);
  return connection;
}

static void
open_world (World *world)
{
  static const GDBusInterfaceVTable table = { .get_property = get_property };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (introspection, NULL);

  memset (world, 0, sizeof *world);
  world->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (world->bus);
  world->logind = connect_bus (world);
  world->ours = connect_bus (world);
  g_dbus_connection_register_object (world->logind, SEAT, info->interfaces[0], &table, world, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (world->sessions); i++)
    {
      g_autofree char *path = g_strdup_printf (SESSIONS "%u", i);
      g_dbus_connection_register_object (world->logind, path, info->interfaces[1], &table, world, NULL, NULL);
    }
}

static void
close_world (World *world)
{
  g_dbus_connection_close_sync (world->logind, NULL, NULL);
  g_dbus_connection_close_sync (world->ours, NULL, NULL);
  g_clear_object (&world->logind);
  g_clear_object (&world->ours);
  g_test_dbus_down (world->bus);
  g_clear_object (&world->bus);
}

static void
changed_cb (gpointer user_data)
{
  ((World *)user_data)->n_changed++;
}

static void
say_changed (World *world, const char *interface, const char *path)
{
  g_dbus_connection_emit_signal (world->logind, NULL, path, "org.freedesktop.DBus.Properties",
                                 "PropertiesChanged",
                                 g_variant_new_parsed ("(%s, @a{sv} {}, @as [])", interface), NULL);
}

static void
wait_for (World *world, BlPresenceSeat *seat, BlPresenceSeatState state, uid_t uid)
{
  const gint64 end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (bl_presence_seat_get_state (seat) != state || bl_presence_seat_get_user (seat) != uid)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
test_follow (void)
{
  World world;
  g_autoptr (BlPresenceSeat) seat = NULL;

  open_world (&world);
  world.sessions[0] = (Session){ "user", "active", ANNA, FALSE };
  world.n = 1;
  seat = bl_presence_seat_new (world.ours, BL_PRESENCE_NO_USER, changed_cb, &world);
  g_assert_cmpint (bl_presence_seat_get_state (seat), ==, BL_PRESENCE_SEAT_NOBODY);
  own_name (&world);
  wait_for (&world, seat, BL_PRESENCE_SEAT_PERSON, ANNA);
  world.sessions[0].locked = TRUE;
  say_changed (&world, "org.freedesktop.login1.Session", SESSIONS "0");
  wait_for (&world, seat, BL_PRESENCE_SEAT_LOCKED, ANNA);
  world.sessions[0] = (Session){ "user", "online", ANNA, FALSE };
  world.sessions[1] = (Session){ "user", "active", BERND, FALSE };
  world.n = 2;
  say_changed (&world, "org.freedesktop.login1.Seat", SEAT);
  wait_for (&world, seat, BL_PRESENCE_SEAT_PERSON, BERND);
  g_assert_cmpuint (world.n_changed, ==, 3);
  world.n = 0;
  say_changed (&world, "org.freedesktop.login1.Seat", SEAT);
  wait_for (&world, seat, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER);
  close_world (&world);
}

/* More sessions than are looked at, and a seat that is freed while it looks. */
static void
test_limit (void)
{
  World world;
  g_autoptr (BlPresenceSeat) seat = NULL;

  open_world (&world);
  own_name (&world);
  world.n = G_N_ELEMENTS (world.sessions);
  for (guint i = 0; i < world.n; i++)
    world.sessions[i] = (Session){ "user", i + 2 == world.n ? "active" : "online", ANNA + i, FALSE };
  seat = bl_presence_seat_new (world.ours, BL_PRESENCE_NO_USER, changed_cb, &world);
  wait_for (&world, seat, BL_PRESENCE_SEAT_PERSON, ANNA + world.n - 2);
  say_changed (&world, "org.freedesktop.login1.Seat", SEAT);
  g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&seat, bl_presence_seat_free);
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (world.n_changed, ==, 1);
  close_world (&world);
}

static void
test_judge (void)
{
  const BlPresenceSeatSession anna = { ANNA, .is_user = TRUE, .is_active = TRUE };
  const BlPresenceSeatSession greeter = { GREETER, .is_active = TRUE };
  const BlPresenceSeatSession behind = { ANNA, .is_user = TRUE };
  const BlPresenceSeatSession gone = { ANNA, .is_user = TRUE, .is_closing = TRUE };
  const struct
  {
    BlPresenceSeatSession sessions[2];
    guint n;
    uid_t only;
    BlPresenceSeatState state;
    uid_t uid;
  } cases[] = {
    { { anna }, 0, BL_PRESENCE_NO_USER, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER },
    { { anna }, 1, BL_PRESENCE_NO_USER, BL_PRESENCE_SEAT_PERSON, ANNA },
    { { anna }, 1, ANNA, BL_PRESENCE_SEAT_PERSON, ANNA },
    { { anna }, 1, BERND, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER },
    { { greeter }, 1, BL_PRESENCE_NO_USER, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER },
    { { behind, greeter }, 2, BL_PRESENCE_NO_USER, BL_PRESENCE_SEAT_LOCKED, BL_PRESENCE_NO_USER },
    { { greeter, behind }, 2, BERND, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER },
    { { gone, greeter }, 2, BL_PRESENCE_NO_USER, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER },
    { { behind }, 1, BL_PRESENCE_NO_USER, BL_PRESENCE_SEAT_NOBODY, BL_PRESENCE_NO_USER },
  };
  uid_t uid;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpint (bl_presence_seat_judge (cases[i].sessions, cases[i].n, cases[i].only, &uid), ==,
                       cases[i].state);
      g_assert_cmpuint (uid, ==, cases[i].uid);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seat/judge", test_judge);
  g_test_add_func ("/seat/follow", test_follow);
  g_test_add_func ("/seat/limit", test_limit);
  return g_test_run ();
}
