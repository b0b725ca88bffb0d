// SPDX-License-Identifier: Apache-2.0
#include "bl-chat.h"

#include "bl-ids.h"

#include <string.h>

#define PARTS 7

gboolean
bl_chat_parse (const char *text, BlChat *chat)
{
  *chat = (BlChat){ 0 };
  if (text == NULL || !g_str_has_prefix (text, BL_CHAT_PREFIX) || strnlen (text, BL_CHAT_ID_MAX + 1) > BL_CHAT_ID_MAX)
    return FALSE;
  g_autofree char *decoded = g_uri_unescape_string (text, NULL);
  if (decoded == NULL)
    return FALSE;
  g_auto (GStrv) parts = g_strsplit (decoded, "/", PARTS + 1);
  if (g_strv_length (parts) != PARTS)
    return FALSE;
  g_autofree char *asked = g_strjoin ("/", parts[1], parts[2], parts[3], NULL);
  g_autofree char *asks = g_strjoin ("/", parts[4], parts[5], parts[6], NULL);
  if (!bl_id_is_valid (asked, BL_ID_NODE | BL_ID_USER) || !bl_id_is_valid (asks, BL_ID_USER) || g_str_equal (asked, asks))
    return FALSE;
  chat->id = bl_chat_build (asked, asks);
  chat->asked = g_steal_pointer (&asked);
  chat->asks = g_steal_pointer (&asks);
  return TRUE;
}

void
bl_chat_clear (BlChat *chat)
{
  g_clear_pointer (&chat->id, g_free);
  g_clear_pointer (&chat->asked, g_free);
  g_clear_pointer (&chat->asks, g_free);
}

char *
bl_chat_build (const char *asked, const char *asks)
{
  g_autofree char *first = g_uri_escape_string (asked, NULL, FALSE);
  g_autofree char *second = g_uri_escape_string (asks, NULL, FALSE);
  return g_strconcat (BL_CHAT_PREFIX, first, "/", second, NULL);
}

gboolean
bl_chat_is_with_device (const BlChat *chat)
{
  return g_str_has_prefix (chat->asked, "node/");
}
