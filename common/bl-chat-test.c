// SPDX-License-Identifier: Apache-2.0
#include "common/bl-chat.h"

#include <string.h>

#define HASH "PNlZhZ0kpNNRb3ZxF9KJTa0hE$kYjKtHDNJ3QZq@8gG5kqXlXEm1r6ZTn0aWbC2d"

static void
test_rooms (void)
{
  static const char *const spellings[]
      = { "meshmessenger/node%2F%2F" HASH "/user%2F%2Fj%C3%B6rg", "meshmessenger/node//" HASH "/user//j\xC3\xB6rg",
          "meshmessenger%2Fnode%2F%2F" HASH "%2Fuser%2F%2Fj%C3%B6rg" };
  g_autofree char *built = bl_chat_build ("node//" HASH, "user//j\xC3\xB6rg");
  for (guint i = 0; i < 2; i++)
    {
      g_auto (BlChat) chat = { 0 };
      g_assert_true (bl_chat_parse (spellings[i], &chat));
      g_assert_cmpstr (chat.id, ==, built);
      g_assert_cmpstr (chat.asked, ==, "node//" HASH);
      g_assert_cmpstr (chat.asks, ==, "user//j\xC3\xB6rg");
      g_assert_true (bl_chat_is_with_device (&chat));
    }
  g_auto (BlChat) none = { 0 };
  g_assert_false (bl_chat_parse (spellings[2], &none)); /* the prefix is always as it is */
  g_auto (BlChat) people = { 0 };
  g_assert_true (bl_chat_parse ("meshmessenger/user%2F%2Falice/user%2F%2Fbob", &people));
  g_assert_false (bl_chat_is_with_device (&people));
}

static void
test_refused (void)
{
  static const char *const cases[] = { "",
                                       "meshmessenger/",
                                       "meshmessenger/user//a",
                                       "meshmessenger/user//a/user//a", /* with oneself */
                                       "meshmessenger/user//a/node//" HASH,
                                       "meshmessenger/node//" HASH "/node//" HASH,
                                       "meshmessenger/mesh//" HASH "/user//a",
                                       "meshmessenger/node//short/user//a",
                                       "meshmessenger/user//a/user//b/c",
                                       "meshmessenger/user//a/user//B",
                                       "meshmessenger/user//a/user//b%00",
                                       "meshmessenger/user//a/user//b%zz",
                                       "meshmessenger/user//a/user//%FF",
                                       "Meshmessenger/user//a/user//b",
                                       " meshmessenger/user//a/user//b",
                                       NULL };
  g_auto (BlChat) chat = { 0 };
  for (guint i = 0; cases[i] != NULL; i++)
    g_assert_false (bl_chat_parse (cases[i], &chat));
  g_assert_false (bl_chat_parse (NULL, &chat));
  g_assert_null (chat.id);
}

static void
test_length (void)
{
  g_autofree char *slashes = g_strnfill (BL_CHAT_ID_MAX, '/');
  g_autofree char *name = g_strnfill (BL_CHAT_ID_MAX, 'a');
  g_autofree char *far = g_strconcat (BL_CHAT_PREFIX "user//", name, "/user//b", NULL);
  g_autofree char *parts = g_strconcat (BL_CHAT_PREFIX, slashes, NULL);
  g_auto (BlChat) chat = { 0 };
  g_assert_false (bl_chat_parse (far, &chat));
  g_assert_false (bl_chat_parse (parts, &chat));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chat/rooms", test_rooms);
  g_test_add_func ("/chat/refused", test_refused);
  g_test_add_func ("/chat/length", test_length);
  return g_test_run ();
}
