// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-clipboard.h"

#include "../bl-desktop-link.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_US (2 * G_USEC_PER_SEC)

enum
{
  ATOM_CLIPBOARD,
  ATOM_TARGETS,
  ATOM_UTF8_STRING,
  ATOM_TEXT,
  ATOM_PLAIN,
  ATOM_INCR,
  ATOM_PROPERTY,
  N_ATOMS
};

struct _BlX11Clipboard
{
  xcb_connection_t *connection;
  xcb_window_t window;
  xcb_atom_t atoms[N_ATOMS];
  BlX11ClipboardGot got;
  gpointer user_data;
  char *text; /* what we offer; NULL while another program owns the selection */
  gsize length;
  gboolean asking;
  gboolean in_parts; /* the owner sends its text in parts */
  guint32 question;
  gint64 asked;
  GByteArray *received;
};

static void
read_atoms (BlX11Clipboard *clipboard)
{
  static const char *const names[N_ATOMS]
      = { "CLIPBOARD", "TARGETS",          "UTF8_STRING", "TEXT", "text/plain;charset=utf-8",
          "INCR",      "BOWLINE_CLIPBOARD" };
  xcb_intern_atom_cookie_t cookies[N_ATOMS];

  for (guint i = 0; i < N_ATOMS; i++)
    cookies[i] = xcb_intern_atom (clipboard->connection, 0, (guint16)strlen (names[i]), names[i]);
  for (guint i = 0; i < N_ATOMS; i++)
    {
      xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply (clipboard->connection, cookies[i], NULL);

      clipboard->atoms[i] = reply != NULL ? reply->atom : XCB_ATOM_NONE;
      free (reply);
    }
}

BlX11Clipboard *
bl_x11_clipboard_new (xcb_connection_t *connection,
                      xcb_window_t root,
                      BlX11ClipboardGot got,
                      gpointer user_data)
{
  BlX11Clipboard *clipboard = g_new0 (BlX11Clipboard, 1);
  const guint32 events = XCB_EVENT_MASK_PROPERTY_CHANGE;

  clipboard->connection = connection;
  clipboard->got = got;
  clipboard->user_data = user_data;
  clipboard->received = g_byte_array_new ();
  read_atoms (clipboard);
  clipboard->window = xcb_generate_id (connection);
  xcb_create_window (connection, XCB_COPY_FROM_PARENT, clipboard->window, root, -1, -1, 1, 1, 0,
                     XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
  xcb_flush (connection);
  return clipboard;
}

void
bl_x11_clipboard_free (BlX11Clipboard *clipboard)
{
  if (clipboard == NULL)
    return;
  g_byte_array_unref (clipboard->received);
  g_free (clipboard->text);
  g_free (clipboard);
}

/* ---- our text ----------------------------------------------------------------------------------------- */

gboolean
bl_x11_clipboard_set (BlX11Clipboard *clipboard, const char *text, gsize length)
{
  xcb_get_selection_owner_reply_t *reply;
  gboolean ours;

  g_free (clipboard->text);
  clipboard->length = MIN (length, BL_DESKTOP_CLIPBOARD_MAX);
  clipboard->text = g_malloc (clipboard->length + 1);
  memcpy (clipboard->text, text, clipboard->length);
  clipboard->text[clipboard->length] = '\0';
  xcb_set_selection_owner (clipboard->connection, clipboard->window, clipboard->atoms[ATOM_CLIPBOARD],
                           XCB_CURRENT_TIME);
  reply = xcb_get_selection_owner_reply (
      clipboard->connection,
      xcb_get_selection_owner (clipboard->connection, clipboard->atoms[ATOM_CLIPBOARD]), NULL);
  ours = reply != NULL && reply->owner == clipboard->window;
  free (reply);
  return ours;
}

static void
serve (BlX11Clipboard *clipboard, const xcb_selection_request_event_t *request)
{
  const xcb_atom_t *atoms = clipboard->atoms;
  const xcb_atom_t targets[] = { atoms[ATOM_TARGETS], atoms[ATOM_UTF8_STRING], atoms[ATOM_PLAIN],
                                 atoms[ATOM_TEXT], XCB_ATOM_STRING };
  const xcb_atom_t property = request->property != XCB_ATOM_NONE ? request->property : request->target;
  xcb_selection_notify_event_t answer = {
    .response_type = XCB_SELECTION_NOTIFY,
    .time = request->time,
    .requestor = request->requestor,
    .selection = request->selection,
    .target = request->target,
    .property = property,
  };

  if (clipboard->text == NULL)
    answer.property = XCB_ATOM_NONE;
  else if (request->target == atoms[ATOM_TARGETS])
    xcb_change_property (clipboard->connection, XCB_PROP_MODE_REPLACE, request->requestor, property,
                         XCB_ATOM_ATOM, 32, G_N_ELEMENTS (targets), targets);
  else if (request->target == atoms[ATOM_UTF8_STRING] || request->target == atoms[ATOM_PLAIN]
           || request->target == atoms[ATOM_TEXT] || request->target == XCB_ATOM_STRING)
    xcb_change_property (clipboard->connection, XCB_PROP_MODE_REPLACE, request->requestor, property,
                         request->target == atoms[ATOM_TEXT] ? atoms[ATOM_UTF8_STRING] : request->target, 8,
                         (guint32)clipboard->length, clipboard->text);
  else
    answer.property = XCB_ATOM_NONE;
  xcb_send_event (clipboard->connection, 0, request->requestor, 0, (const char *)&answer);
  xcb_flush (clipboard->connection);
}

/* ---- the text of others ------------------------------------------------------------------------------- */

static void
finish (BlX11Clipboard *clipboard, const char *text, gsize length)
{
  clipboard->asking = clipboard->in_parts = FALSE;
  clipboard->got (clipboard->question, text, length, clipboard->user_data);
  g_byte_array_set_size (clipboard->received, 0);
}

void
bl_x11_clipboard_get (BlX11Clipboard *clipboard, guint32 question)
{
  if (clipboard->asking)
    finish (clipboard, NULL, 0);
  clipboard->question = question;
  if (clipboard->text != NULL)
    {
      finish (clipboard, clipboard->text, clipboard->length);
      return;
    }
  clipboard->asking = TRUE;
  clipboard->asked = g_get_monotonic_time ();
  xcb_convert_selection (clipboard->connection, clipboard->window, clipboard->atoms[ATOM_CLIPBOARD],
                         clipboard->atoms[ATOM_UTF8_STRING], clipboard->atoms[ATOM_PROPERTY],
                         XCB_CURRENT_TIME);
  xcb_flush (clipboard->connection);
}

/* Takes what is in the property. Returns: its type */
static xcb_atom_t
take_property (BlX11Clipboard *clipboard, gsize *length)
{
  const guint32 words = (BL_DESKTOP_CLIPBOARD_MAX - clipboard->received->len) / 4;
  xcb_get_property_reply_t *reply = xcb_get_property_reply (
      clipboard->connection,
      xcb_get_property (clipboard->connection, 1, clipboard->window, clipboard->atoms[ATOM_PROPERTY],
                        XCB_GET_PROPERTY_TYPE_ANY, 0, words),
      NULL);
  xcb_atom_t type = XCB_ATOM_NONE;

  *length = 0;
  if (reply == NULL)
    return type;
  type = reply->type;
  if (type != clipboard->atoms[ATOM_INCR] && reply->format == 8)
    {
      *length = (gsize)xcb_get_property_value_length (reply);
      g_byte_array_append (clipboard->received, xcb_get_property_value (reply), (guint)*length);
    }
  free (reply);
  return type;
}

static void
receive (BlX11Clipboard *clipboard, const xcb_selection_notify_event_t *event)
{
  gsize length;
  xcb_atom_t type;

  if (!clipboard->asking || clipboard->in_parts)
    return;
  if (event->property == XCB_ATOM_NONE)
    {
      finish (clipboard, NULL, 0);
      return;
    }
  type = take_property (clipboard, &length);
  if (type == clipboard->atoms[ATOM_INCR])
    clipboard->in_parts = TRUE; /* the property is deleted now; parts follow */
  else
    finish (clipboard, (const char *)clipboard->received->data, clipboard->received->len);
}

static void
receive_part (BlX11Clipboard *clipboard, const xcb_property_notify_event_t *event)
{
  gsize length;

  if (!clipboard->in_parts || event->state != XCB_PROPERTY_NEW_VALUE
      || event->atom != clipboard->atoms[ATOM_PROPERTY])
    return;
  (void)take_property (clipboard, &length);
  if (length == 0 || clipboard->received->len + 4 > BL_DESKTOP_CLIPBOARD_MAX)
    finish (clipboard, (const char *)clipboard->received->data, clipboard->received->len);
}

gboolean
bl_x11_clipboard_handle (BlX11Clipboard *clipboard, const xcb_generic_event_t *event)
{
  switch (event->response_type & 0x7F)
    {
    case XCB_SELECTION_REQUEST:
      serve (clipboard, (const xcb_selection_request_event_t *)event);
      return TRUE;
    case XCB_SELECTION_CLEAR:
      g_clear_pointer (&clipboard->text, g_free);
      return TRUE;
    case XCB_SELECTION_NOTIFY:
      receive (clipboard, (const xcb_selection_notify_event_t *)event);
      return TRUE;
    case XCB_PROPERTY_NOTIFY:
      receive_part (clipboard, (const xcb_property_notify_event_t *)event);
      return TRUE;
    default:
      return FALSE;
    }
}

gint64
bl_x11_clipboard_wait (BlX11Clipboard *clipboard, gint64 now)
{
  return clipboard->asking ? MAX (clipboard->asked + WAIT_US - now, 0) : -1;
}

void
bl_x11_clipboard_check (BlX11Clipboard *clipboard, gint64 now)
{
  if (clipboard->asking && now - clipboard->asked >= WAIT_US)
    finish (clipboard, NULL, 0);
}
