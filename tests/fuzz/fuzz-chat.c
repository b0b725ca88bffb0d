// SPDX-License-Identifier: Apache-2.0
/* Rooms of the messenger: whatever is taken is a device or an account and another account, and has one spelling. */
#include "fuzz.h"

#include "common/bl-chat.h"
#include "common/bl-ids.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup (data != NULL ? (const char *)data : "", size);
  g_auto (BlChat) chat = { 0 };
  g_auto (BlChat) again = { 0 };

  if (!bl_chat_parse (text, &chat))
    return 0;
  g_assert_true (bl_id_is_valid (chat.asked, BL_ID_NODE | BL_ID_USER));
  g_assert_true (bl_id_is_valid (chat.asks, BL_ID_USER));
  g_assert_cmpstr (chat.asked, !=, chat.asks);
  g_assert_true (g_str_is_ascii (chat.id));
  if (bl_chat_parse (chat.id, &again)) /* a room at the limit may be too long once it is encoded */
    g_assert_cmpstr (again.id, ==, chat.id);
  return 0;
}
