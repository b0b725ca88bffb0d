// SPDX-License-Identifier: Apache-2.0
#include "bl-desktop-session.h"

#include "bl-desktop-clipboard.h"
#include "bl-desktop-helper.h"
#include "common/bl-desktop-proto.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define SEND_HIGH (192u * 1024u) /* no picture is taken from the program while this much is on its way */
#define RETRY_MS 1000
/* A screen that is away for longer than this is not waited for. */
#define RETRIES_MAX 30u
#define CTRL_CHANNEL "102938"

struct _BlDesktopSessions
{
  BowlineHost *host;
  char *program;
  GPtrArray *list; /* Session */
  BlDesktopClipboard *clipboard;
};

typedef struct
{
  BlDesktopSessions *sessions;
  BowlineTunnel *tunnel;
  BlDesktopTarget *target;
  BlDesktopHelper *helper;
  GCancellable *finding;
  guint retry_id;
  guint retries;
  gboolean view_only;
  gboolean limited;
  gboolean unlock; /* the program ended with the device's input locked */
  gboolean locked;
  gboolean autolock; /* at the end */
  char *reason;      /* of the last end */
  GBytes *kept[3];   /* packets that a new program must hear again: picture, display, pause */
} Session;

static void look_for_screen (Session *session);

/* ---- what viewers are told of each other -------------------------------------------------------------- */

static void
send_metadata (BlDesktopSessions *sessions)
{
  g_autoptr (GHashTable) users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantBuilder list, message;
  GHashTableIter iter;
  gpointer name, n;

  for (guint i = 0; i < sessions->list->len; i++)
    {
      BowlineTunnelInfo who = { .struct_size = sizeof who };
      bowline_tunnel_get_info (((Session *)sessions->list->pdata[i])->tunnel, &who);
      char *id = g_strdup (who.guest_name != NULL ? who.guest_name : who.user_id != NULL ? who.user_id : "");
      g_hash_table_insert (users, id,
                           GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (users, id)) + 1));
    }
  g_variant_builder_init (&list, G_VARIANT_TYPE_VARDICT);
  g_hash_table_iter_init (&iter, users);
  while (g_hash_table_iter_next (&iter, &name, &n))
    g_variant_builder_add (&list, "{sv}", name, g_variant_new_int64 (GPOINTER_TO_UINT (n)));
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "ctrlChannel", g_variant_new_string (CTRL_CHANNEL));
  g_variant_builder_add (&message, "{sv}", "type", g_variant_new_string ("metadata"));
  g_variant_builder_add (&message, "{sv}", "users", g_variant_builder_end (&list));
  g_variant_builder_add (&message, "{sv}", "acks", g_variant_new_boolean (TRUE));
  g_variant_builder_add (&message, "{sv}", "lock", g_variant_new_boolean (TRUE));
  g_autoptr (GVariant) frame = g_variant_ref_sink (g_variant_builder_end (&message));
  for (guint i = 0; i < sessions->list->len; i++)
    bowline_tunnel_send_json (((Session *)sessions->list->pdata[i])->tunnel, frame);
}

/* ---- from the program --------------------------------------------------------------------------------- */

static void
show_error (Session *session, const char *text)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();

  bl_desktop_write_error (packet, text);
  g_autoptr (GBytes) bytes = g_bytes_new (packet->data, packet->len);
  bowline_tunnel_send_binary (session->tunnel, bytes);
}

static gboolean
message_cb (const BlDesktopLinkMessage *message, gpointer user_data)
{
  Session *session = user_data;

  switch (message->kind)
    {
    case BL_DESKTOP_LINK_PACKETS:
      {
        g_autoptr (GBytes) bytes = g_bytes_new (message->data, message->length);
        session->retries = 0;
        return bowline_tunnel_send_binary (session->tunnel, bytes) <= SEND_HIGH;
      }
    case BL_DESKTOP_LINK_FAILED:
      g_free (session->reason);
      session->reason = g_strndup ((const char *)message->data, MIN (message->length, 512));
      return TRUE;
    case BL_DESKTOP_LINK_LOCKED:
      session->locked = message->length == 1 && message->data[0] != 0;
      return TRUE;
    default:
      return TRUE;
    }
}

static gboolean
retry_cb (gpointer user_data)
{
  Session *session = user_data;

  session->retry_id = 0;
  look_for_screen (session);
  return G_SOURCE_REMOVE;
}

/* The screen is away: a user logs in or out, the display server or the program ended. It is looked for again.
 */
static void
wait_for_screen (Session *session, const char *reason)
{
  if (session->retries >= RETRIES_MAX)
    {
      show_error (session, reason);
      bowline_tunnel_send_status (session->tunnel, 2, reason);
      bowline_tunnel_close (session->tunnel);
      return;
    }
  if (session->retries == 0)
    bowline_host_log (session->sessions->host, BOWLINE_LOG_INFO, NULL,
                      "a desktop session waits for a screen: %s", reason);
  session->retries++;
  bowline_tunnel_send_status (session->tunnel, 0, reason);
  session->retry_id = g_timeout_add (RETRY_MS, retry_cb, session);
}

static void
ended_cb (gpointer user_data)
{
  Session *session = user_data;
  g_autofree char *reason = g_steal_pointer (&session->reason);

  g_clear_pointer (&session->helper, bl_desktop_helper_free);
  session->unlock = session->unlock || session->locked;
  session->locked = FALSE;
  if (reason == NULL && session->retries == 0)
    {
      session->retries++; /* the program crashed after it had worked: the next one starts at once */
      look_for_screen (session);
      return;
    }
  wait_for_screen (session, reason != NULL ? reason : "The program that captures the screen has ended.");
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const BlDesktopHelperEvents events = { .message = message_cb, .ended = ended_cb };
  g_autoptr (GError) error = NULL;
  BlDesktopTarget *target = bl_desktop_target_find_finish (result, &error);
  Session *session = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the session is gone */
  g_clear_object (&session->finding);
  g_clear_pointer (&session->target, bl_desktop_target_free);
  session->target = target;
  const BlDesktopHelperOptions options = {
    .program = session->sessions->program,
    .view_only = session->view_only,
    .limited = session->limited,
    .unlock = session->unlock,
  };
  if (target != NULL)
    session->helper = bl_desktop_helper_start (target, &options, &events, session, &error);
  if (session->helper == NULL)
    {
      wait_for_screen (session, error->message);
      return;
    }
  session->unlock = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (session->kept); i++)
    {
      if (session->kept[i] != NULL)
        bl_desktop_helper_send (session->helper, BL_DESKTOP_LINK_VIEWER,
                                g_bytes_get_data (session->kept[i], NULL),
                                g_bytes_get_size (session->kept[i]));
    }
  if (session->retries > 0)
    bowline_tunnel_send_status (session->tunnel, 0, NULL);
}

static void
look_for_screen (Session *session)
{
  session->finding = g_cancellable_new ();
  bl_desktop_target_find_async (session->finding, found_cb, session);
}

/* ---- from the viewer ---------------------------------------------------------------------------------- */

static int
kept_slot (const BlDesktopInput *packet)
{
  switch (packet->type)
    {
    case BL_DESKTOP_IN_COMPRESSION:
      return 0;
    case BL_DESKTOP_IN_SET_DISPLAY:
      return 1;
    case BL_DESKTOP_IN_PAUSE:
      return 2;
    default:
      return -1;
    }
}

static void
keep_settings (Session *session, const guint8 *data, gsize length)
{
  BlReader reader;
  BlDesktopInput packet;
  gsize start = 0;

  bl_reader_init (&reader, data, length);
  while (bl_desktop_input_next (&reader, &packet, NULL))
    {
      const gsize end = length - bl_reader_remaining (&reader);
      const int slot = kept_slot (&packet);

      if (slot >= 0)
        {
          g_clear_pointer (&session->kept[slot], g_bytes_unref);
          session->kept[slot] = g_bytes_new (data + start, end - start);
        }
      start = end;
    }
}

static void
binary_cb (BowlineTunnel *tunnel, GBytes *data, gpointer user_data)
{
  Session *session = user_data;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  keep_settings (session, bytes, length);
  if (session->helper != NULL && length <= BL_DESKTOP_LINK_MAX)
    bl_desktop_helper_send (session->helper, BL_DESKTOP_LINK_VIEWER, bytes, length);
}

static void
control_cb (BowlineTunnel *tunnel, GVariant *message, gpointer user_data)
{
  Session *session = user_data;
  const char *type = bl_variant_get_string (message, "type");
  const gint64 painted = bl_variant_get_int (message, "n", -1);

  if (g_strcmp0 (type, "ack") == 0 && painted >= 0 && session->helper != NULL)
    {
      guint8 number[4];
      bl_desktop_link_put_u32 (number, (guint32)painted);
      bl_desktop_helper_send (session->helper, BL_DESKTOP_LINK_ACK, number, sizeof number);
    }
  else if (g_strcmp0 (type, "lock") == 0 && !session->view_only && session->target != NULL)
    bl_desktop_target_lock (session->target);
  else if (g_strcmp0 (type, "autolock") == 0 && !session->view_only)
    session->autolock = bl_variant_get_bool (message, "value", FALSE);
}

static void
drained_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  Session *session = user_data;

  if (session->helper != NULL)
    bl_desktop_helper_resume (session->helper);
}

/* ---- life --------------------------------------------------------------------------------------------- */

static void
session_free (gpointer data)
{
  Session *session = data;

  if (session->finding != NULL)
    g_cancellable_cancel (session->finding);
  g_clear_object (&session->finding);
  g_clear_handle_id (&session->retry_id, g_source_remove);
  if (session->autolock && session->target != NULL)
    bl_desktop_target_lock (session->target);
  g_clear_pointer (&session->helper, bl_desktop_helper_free);
  g_clear_pointer (&session->target, bl_desktop_target_free);
  for (guint i = 0; i < G_N_ELEMENTS (session->kept); i++)
    g_clear_pointer (&session->kept[i], g_bytes_unref);
  bowline_tunnel_unref (session->tunnel);
  g_free (session->reason);
  g_free (session);
}

static void
closed_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  Session *session = user_data;
  BlDesktopSessions *sessions = session->sessions;

  g_ptr_array_remove (sessions->list, session);
  send_metadata (sessions);
}

void
bl_desktop_sessions_open (BlDesktopSessions *sessions, BowlineTunnel *tunnel)
{
  static const BowlineTunnelHandler handler = {
    .struct_size = sizeof handler,
    .binary = binary_cb,
    .control = control_cb,
    .drained = drained_cb,
    .closed = closed_cb,
  };
  BowlineTunnelInfo info = { .struct_size = sizeof info };
  g_autoptr (GVariant) options = bowline_tunnel_dup_options (tunnel);
  Session *session = g_new0 (Session, 1);

  bowline_tunnel_get_info (tunnel, &info);
  session->sessions = sessions;
  session->tunnel = bowline_tunnel_ref (tunnel);
  session->view_only = bl_variant_get_bool (options, "desktopviewonly", FALSE);
  session->autolock = bl_variant_get_bool (options, "autolock", FALSE);
  if (info.rights != BL_RIGHT_ALL)
    {
      session->view_only = session->view_only || (info.rights & BL_RIGHT_VIEW_ONLY) != 0
                           || (info.rights & BL_RIGHT_REMOTE_CONTROL) == 0;
      session->limited = (info.rights & BL_RIGHT_LIMITED_INPUT) != 0;
    }
  g_ptr_array_add (sessions->list, session);
  bowline_tunnel_set_handler (tunnel, &handler, session);
  send_metadata (sessions);
  look_for_screen (session);
}

void
bl_desktop_sessions_message (BlDesktopSessions *sessions, BowlineMessageCall *call)
{
  bl_desktop_clipboard_message (sessions->clipboard, call);
}

BlDesktopSessions *
bl_desktop_sessions_new (BowlineHost *host, const char *program)
{
  BlDesktopSessions *sessions = g_new0 (BlDesktopSessions, 1);

  sessions->host = host;
  sessions->program = g_strdup (program);
  sessions->list = g_ptr_array_new_with_free_func (session_free);
  sessions->clipboard = bl_desktop_clipboard_new (host, program);
  return sessions;
}

void
bl_desktop_sessions_free (BlDesktopSessions *sessions)
{
  if (sessions == NULL)
    return;
  g_ptr_array_unref (sessions->list);
  bl_desktop_clipboard_free (sessions->clipboard);
  g_free (sessions->program);
  g_free (sessions);
}
