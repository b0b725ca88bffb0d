// SPDX-License-Identifier: Apache-2.0
#include "bl-presence-seat.h"

#define LOGIND "org.freedesktop.login1"
#define SEAT_PATH "/org/freedesktop/login1/seat/seat0"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define BUS_TIMEOUT_MS 5000

struct _BlPresenceSeat
{
  GDBusConnection *bus;
  GCancellable *cancellable;
  guint watch_id;
  guint signal_id;
  uid_t only;
  void (*changed) (gpointer user_data);
  gpointer user_data;
  BlPresenceSeatState state;
  uid_t uid;
  gboolean is_looking;
  gboolean look_again; /* something changed while it looked */
};

/* A look at the seat and then at each of its sessions. */
typedef struct
{
  BlPresenceSeat *seat; /* NULL once it is gone */
  guint pending;        /* answers that are missing */
  gboolean failed;      /* logind did not answer: what it told before holds */
  BlPresenceSeatSession sessions[BL_PRESENCE_SEAT_MAX_SESSIONS];
  guint n;
} Look;

static void look (BlPresenceSeat *seat);

/* ---- what it means ------------------------------------------------------------------------------------ */

BlPresenceSeatState
bl_presence_seat_judge (const BlPresenceSeatSession *sessions, guint n, uid_t only, uid_t *uid)
{
  gboolean greeter = FALSE, behind = FALSE;

  *uid = BL_PRESENCE_NO_USER;
  for (guint i = 0; i < n; i++)
    {
      const BlPresenceSeatSession *session = &sessions[i];
      const gboolean counts
          = session->is_user && !session->is_closing && (only == BL_PRESENCE_NO_USER || only == session->uid);

      if (session->is_active && counts)
        {
          *uid = session->uid;
          return session->is_locked ? BL_PRESENCE_SEAT_LOCKED : BL_PRESENCE_SEAT_PERSON;
        }
      greeter = greeter || (session->is_active && !session->is_user);
      behind = behind || counts;
    }
  return greeter && behind ? BL_PRESENCE_SEAT_LOCKED : BL_PRESENCE_SEAT_NOBODY;
}

/* ---- looking ------------------------------------------------------------------------------------------ */

static void
finish_look (BlPresenceSeat *seat, const Look *self)
{
  BlPresenceSeatState state = seat->state;
  uid_t uid = seat->uid;
  gboolean differs;

  if (!self->failed)
    state = bl_presence_seat_judge (self->sessions, self->n, seat->only, &uid);
  differs = state != seat->state || uid != seat->uid;
  seat->state = state;
  seat->uid = uid;
  seat->is_looking = FALSE;
  if (seat->look_again)
    look (seat);
  if (differs)
    seat->changed (seat->user_data);
}

static void
answered (Look *self)
{
  if (--self->pending > 0)
    return;
  if (self->seat != NULL)
    finish_look (self->seat, self);
  g_free (self);
}

/* Returns: %FALSE when the seat is gone, and nothing of it may be touched */
static gboolean
take_reply (GObject *source, GAsyncResult *result, Look *self, GVariant **properties)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  *properties = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->seat = NULL;
  return self->seat != NULL;
}

static void
get_all (Look *self, const char *path, const char *interface, GAsyncReadyCallback done)
{
  self->pending++;
  g_dbus_connection_call (self->seat->bus, LOGIND, path, PROPERTIES, "GetAll",
                          g_variant_new ("(s)", interface), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, BUS_TIMEOUT_MS, self->seat->cancellable, done,
                          self);
}

static void
session_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *self = user_data;
  g_autoptr (GVariant) properties = NULL;
  const char *class = "", *state = "";
  guint32 uid = G_MAXUINT32;
  gboolean locked = FALSE;

  if (take_reply (source, result, self, &properties) && properties != NULL)
    {
      g_variant_lookup (properties, "Class", "&s", &class);
      g_variant_lookup (properties, "State", "&s", &state);
      g_variant_lookup (properties, "User", "(uo)", &uid, NULL);
      g_variant_lookup (properties, "LockedHint", "b", &locked);
      self->sessions[self->n++] = (BlPresenceSeatSession){
        .uid = uid,
        .is_user = g_str_equal (class, "user"),
        .is_closing = g_str_equal (state, "closing"),
        .is_active = g_str_equal (state, "active"),
        .is_locked = locked,
      };
    }
  answered (self);
}

static void
seat_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *self = user_data;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariantIter) iter = NULL;
  const char *path;

  if (take_reply (source, result, self, &properties) && properties != NULL
      && g_variant_lookup (properties, "Sessions", "a(so)", &iter))
    {
      for (guint i = 0;
           i < BL_PRESENCE_SEAT_MAX_SESSIONS && g_variant_iter_next (iter, "(&s&o)", NULL, &path); i++)
        get_all (self, path, LOGIND ".Session", session_cb);
    }
  else
    self->failed = TRUE;
  answered (self);
}

static void
look (BlPresenceSeat *seat)
{
  Look *self;

  seat->look_again = seat->is_looking;
  if (seat->is_looking)
    return;
  seat->is_looking = TRUE;
  self = g_new0 (Look, 1);
  self->seat = seat;
  get_all (self, SEAT_PATH, LOGIND ".Seat", seat_cb);
}

/* ---- life --------------------------------------------------------------------------------------------- */

static void
properties_cb (GDBusConnection *bus,
               const char *sender,
               const char *path,
               const char *interface,
               const char *signal,
               GVariant *parameters,
               gpointer user_data)
{
  look (user_data);
}

static void
appeared_cb (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  look (user_data);
}

BlPresenceSeat *
bl_presence_seat_new (GDBusConnection *bus,
                      uid_t only,
                      void (*changed) (gpointer user_data),
                      gpointer user_data)
{
  BlPresenceSeat *seat = g_new0 (BlPresenceSeat, 1);

  seat->bus = g_object_ref (bus);
  seat->cancellable = g_cancellable_new ();
  seat->only = only;
  seat->changed = changed;
  seat->user_data = user_data;
  seat->uid = BL_PRESENCE_NO_USER;
  seat->signal_id = g_dbus_connection_signal_subscribe (bus, LOGIND, PROPERTIES, "PropertiesChanged", NULL,
                                                        LOGIND, G_DBUS_SIGNAL_FLAGS_MATCH_ARG0_NAMESPACE,
                                                        properties_cb, seat, NULL);
  /* While logind restarts, what it told before holds. */
  seat->watch_id = g_bus_watch_name_on_connection (bus, LOGIND, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared_cb,
                                                   NULL, seat, NULL);
  return seat;
}

void
bl_presence_seat_free (BlPresenceSeat *seat)
{
  if (seat == NULL)
    return;
  g_cancellable_cancel (seat->cancellable);
  g_object_unref (seat->cancellable);
  g_bus_unwatch_name (seat->watch_id);
  g_dbus_connection_signal_unsubscribe (seat->bus, seat->signal_id);
  g_object_unref (seat->bus);
  g_free (seat);
}

BlPresenceSeatState
bl_presence_seat_get_state (BlPresenceSeat *seat)
{
  return seat->state;
}

uid_t
bl_presence_seat_get_user (BlPresenceSeat *seat)
{
  return seat->uid;
}
