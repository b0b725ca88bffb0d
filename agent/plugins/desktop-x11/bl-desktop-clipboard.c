// SPDX-License-Identifier: Apache-2.0
#include "bl-desktop-clipboard.h"

#include "bl-desktop-helper.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define IDLE_SECONDS 600
#define CALLS_MAX 32u

struct _BlDesktopClipboard
{
  BowlineHost *host;
  char *program;
  BlDesktopHelper *helper;
  GCancellable *finding; /* while the screen is looked for */
  GQueue calls;          /* BowlineMessageCall that wait for the screen */
  GHashTable *questions; /* number -> BowlineMessageCall that waits for its text */
  guint32 last_question;
  guint idle_id;
};

static gboolean
is_set (BowlineMessageCall *call)
{
  return g_strcmp0 (bl_variant_get_string (bowline_message_call_get_message (call), "type"), "setclip") == 0;
}

static void
answer (BowlineMessageCall *call, gboolean success, const char *text)
{
  GVariantBuilder message;

  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  if (is_set (call))
    g_variant_builder_add (&message, "{sv}", "success", g_variant_new_boolean (success));
  else
    g_variant_builder_add (&message, "{sv}", "data", g_variant_new_string (text != NULL ? text : ""));
  bowline_message_call_answer (call, g_variant_builder_end (&message));
}

static void
refuse_all (BlDesktopClipboard *clipboard)
{
  GHashTableIter iter;
  gpointer call;

  while ((call = g_queue_pop_head (&clipboard->calls)) != NULL)
    {
      answer (call, FALSE, NULL);
      bowline_message_call_unref (call);
    }
  g_hash_table_iter_init (&iter, clipboard->questions);
  while (g_hash_table_iter_next (&iter, NULL, &call))
    answer (call, FALSE, NULL);
  g_hash_table_remove_all (clipboard->questions);
}

/* ---- the program -------------------------------------------------------------------------------------- */

static gboolean
idle_cb (gpointer user_data)
{
  BlDesktopClipboard *clipboard = user_data;

  clipboard->idle_id = 0;
  refuse_all (clipboard);
  g_clear_pointer (&clipboard->helper, bl_desktop_helper_free);
  return G_SOURCE_REMOVE;
}

static void
touch (BlDesktopClipboard *clipboard)
{
  g_clear_handle_id (&clipboard->idle_id, g_source_remove);
  clipboard->idle_id = g_timeout_add_seconds (IDLE_SECONDS, idle_cb, clipboard);
}

static gboolean
message_cb (const BlDesktopLinkMessage *message, gpointer user_data)
{
  BlDesktopClipboard *clipboard = user_data;
  const gboolean offered = message->kind == BL_DESKTOP_LINK_OFFERED && message->length == 5;
  BowlineMessageCall *call;
  gpointer key;

  if (!offered && (message->kind != BL_DESKTOP_LINK_CLIPBOARD || message->length < 4))
    return TRUE;
  key = GUINT_TO_POINTER (bl_desktop_link_get_u32 (message->data));
  call = g_hash_table_lookup (clipboard->questions, key);
  if (call != NULL)
    {
      g_autofree char *text
          = g_utf8_make_valid ((const char *)message->data + 4, (gssize)message->length - 4);
      answer (call, offered && message->data[4] != 0, text);
      g_hash_table_remove (clipboard->questions, key);
    }
  return TRUE;
}

static void
ended_cb (gpointer user_data)
{
  BlDesktopClipboard *clipboard = user_data;

  g_clear_pointer (&clipboard->helper, bl_desktop_helper_free);
  g_clear_handle_id (&clipboard->idle_id, g_source_remove);
  refuse_all (clipboard);
}

static void
serve (BlDesktopClipboard *clipboard, BowlineMessageCall *call)
{
  const char *text = bl_variant_get_string (bowline_message_call_get_message (call), "data");
  const gsize length = text != NULL ? strlen (text) : 0;
  g_autofree guint8 *order = NULL;

  if (is_set (call) && (text == NULL || length > BL_DESKTOP_CLIPBOARD_MAX))
    {
      answer (call, FALSE, NULL);
      return;
    }
  touch (clipboard);
  order = g_malloc (4 + length);
  bl_desktop_link_put_u32 (order, ++clipboard->last_question);
  if (length > 0)
    memcpy (order + 4, text, length);
  g_hash_table_insert (clipboard->questions, GUINT_TO_POINTER (clipboard->last_question),
                       bowline_message_call_ref (call));
  if (is_set (call))
    bl_desktop_helper_send (clipboard->helper, BL_DESKTOP_LINK_SET_CLIPBOARD, order, 4 + length);
  else
    bl_desktop_helper_send (clipboard->helper, BL_DESKTOP_LINK_GET_CLIPBOARD, order, 4);
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const BlDesktopHelperEvents events = { .message = message_cb, .ended = ended_cb };
  static const guint8 pause[] = { 0, 8, 0, 5, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (BlDesktopTarget) target = bl_desktop_target_find_finish (result, &error);
  BlDesktopClipboard *clipboard = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* we are gone */
  g_clear_object (&clipboard->finding);
  const BlDesktopHelperOptions options = { .program = clipboard->program, .view_only = TRUE };
  if (target != NULL)
    clipboard->helper = bl_desktop_helper_start (target, &options, &events, clipboard, &error);
  if (clipboard->helper == NULL)
    {
      bowline_host_log (clipboard->host, BOWLINE_LOG_INFO, NULL, "the clipboard is not reached: %s",
                        error->message);
      refuse_all (clipboard);
      return;
    }
  bl_desktop_helper_send (clipboard->helper, BL_DESKTOP_LINK_VIEWER, pause, sizeof pause);
  BowlineMessageCall *call;
  while (clipboard->helper != NULL && (call = g_queue_pop_head (&clipboard->calls)) != NULL)
    {
      serve (clipboard, call);
      bowline_message_call_unref (call);
    }
}

void
bl_desktop_clipboard_message (BlDesktopClipboard *clipboard, BowlineMessageCall *call)
{
  const guint32 rights = bowline_message_call_get_rights (call);
  const gboolean allowed = rights == BL_RIGHT_ALL
                           || ((rights & BL_RIGHT_REMOTE_CONTROL) != 0
                               && (rights & (BL_RIGHT_VIEW_ONLY | BL_RIGHT_NO_DESKTOP)) == 0);

  if (!allowed || clipboard->calls.length + g_hash_table_size (clipboard->questions) >= CALLS_MAX)
    {
      answer (call, FALSE, NULL);
      return;
    }
  if (clipboard->helper != NULL)
    {
      serve (clipboard, call);
      return;
    }
  g_queue_push_tail (&clipboard->calls, bowline_message_call_ref (call));
  if (clipboard->finding != NULL)
    return;
  clipboard->finding = g_cancellable_new ();
  bl_desktop_target_find_async (clipboard->finding, found_cb, clipboard);
}

/* ---- life --------------------------------------------------------------------------------------------- */

BlDesktopClipboard *
bl_desktop_clipboard_new (BowlineHost *host, const char *program)
{
  BlDesktopClipboard *clipboard = g_new0 (BlDesktopClipboard, 1);

  clipboard->host = host;
  clipboard->program = g_strdup (program);
  g_queue_init (&clipboard->calls);
  clipboard->questions = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)bowline_message_call_unref);
  return clipboard;
}

void
bl_desktop_clipboard_free (BlDesktopClipboard *clipboard)
{
  if (clipboard == NULL)
    return;
  if (clipboard->finding != NULL)
    g_cancellable_cancel (clipboard->finding);
  g_clear_object (&clipboard->finding);
  g_clear_handle_id (&clipboard->idle_id, g_source_remove);
  refuse_all (clipboard);
  g_clear_pointer (&clipboard->helper, bl_desktop_helper_free);
  g_hash_table_unref (clipboard->questions);
  g_free (clipboard->program);
  g_free (clipboard);
}
