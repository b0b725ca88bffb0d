// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-serves.h"

#include "common/bl-variant.h"

#include <string.h>

#define SECONDS_MAX 86400

typedef struct
{
  BlScriptCall *call;
  gboolean wants_text; // without an answer there is no clipboard
} Order;

static void
fail (BlScriptCall *call, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, text);
  bl_script_call_fail (call, error);
}

static void
answered_cb (GVariant *answer, gpointer user_data)
{
  g_autofree Order *order = user_data;
  const char *text = answer != NULL ? bl_variant_get_string (answer, "data") : NULL;
  const gboolean refused = answer != NULL && bl_variant_has (answer, "success") && !bl_variant_get_bool (answer, "success", FALSE);
  GVariantDict result;
  if (refused || (order->wants_text && text == NULL))
    {
      fail (order->call, "there is no clipboard to reach");
      return;
    }
  g_variant_dict_init (&result, NULL);
  if (text != NULL)
    g_variant_dict_insert (&result, "text", "s", text);
  bl_script_call_return (order->call, g_variant_dict_end (&result));
}

// Orders it as the server would: without rights, since no user asks.
static void
serve (BlAgentFeatures *features, BlScriptCall *call, GVariantDict *message, gboolean wants_text)
{
  g_autoptr (GVariant) order_message = g_variant_ref_sink (g_variant_dict_end (message));
  Order *order = g_new (Order, 1);
  *order = (Order){ call, wants_text };
  if (bl_agent_features_call (features, order_message, answered_cb, order))
    return;
  g_free (order);
  fail (call, "no plugin of this agent serves that");
}

void
bl_agent_serves_power (BlAgentFeatures *features, BlScriptCall *call, gint64 action)
{
  GVariantDict message;
  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "poweraction");
  g_variant_dict_insert (&message, "actiontype", "x", action);
  serve (features, call, &message, FALSE);
}

// Returns: (nullable): the argument, when it is a text of at most @limit bytes
static const char *
get_text (GVariant *args, const char *key, gsize limit)
{
  const char *text = bl_variant_get_string (args, key);
  return text != NULL && strlen (text) <= limit ? text : NULL;
}

static void
show (BlAgentFeatures *features, BlScriptCall *call, GVariant *args, gboolean box)
{
  const char *title = get_text (args, "title", BL_AGENT_SERVES_TITLE_MAX), *text = get_text (args, "text", BL_AGENT_SERVES_TEXT_MAX);
  GVariantDict message;
  if (title == NULL || text == NULL)
    {
      fail (call, "a title of at most 512 bytes and a text of at most 4096 are expected");
      return;
    }
  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", box ? "msg" : "toast");
  if (box)
    g_variant_dict_insert (&message, "type", "s", "messagebox");
  if (box && bl_variant_has (args, "seconds"))
    g_variant_dict_insert (&message, "timeout", "x", 1000 * CLAMP (bl_variant_get_int (args, "seconds", 0), 0, SECONDS_MAX));
  g_variant_dict_insert (&message, "title", "s", title);
  g_variant_dict_insert (&message, "msg", "s", text);
  serve (features, call, &message, FALSE);
}

static void
use_clipboard (BlAgentFeatures *features, BlScriptCall *call, const char *text)
{
  GVariantDict message;
  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "msg");
  g_variant_dict_insert (&message, "type", "s", text != NULL ? "setclip" : "getclip");
  if (text != NULL)
    g_variant_dict_insert (&message, "data", "s", text);
  serve (features, call, &message, text == NULL);
}

void
bl_agent_serves_operation (BlAgentFeatures *features, BlScriptCall *call, const char *name, GVariant *args)
{
  const char *text = get_text (args, "text", BL_AGENT_SERVES_CLIPBOARD_MAX);
  if (g_str_equal (name, "message.toast") || g_str_equal (name, "message.box"))
    show (features, call, args, g_str_equal (name, "message.box"));
  else if (g_str_equal (name, "clipboard.read"))
    use_clipboard (features, call, NULL);
  else if (g_str_equal (name, "clipboard.write") && text != NULL)
    use_clipboard (features, call, text);
  else
    fail (call, "this agent has no such operation, or not with these arguments");
}
