// SPDX-License-Identifier: Apache-2.0
#include "common/bl-account.h"

static void
test_public (void)
{
  g_autoptr (GVariant) account = g_variant_ref_sink (g_variant_new_parsed (
      "{'_id': <'user//a'>, 'name': <'A'>, 'type': <'user'>, 'domain': <''>, 'hash': <'h'>, 'salt': <'s'>,"
      " 'passhint': <'p'>, 'oldpasswords': <[<{'hash': <'h'>}>]>, 'otpsecret': <'KEY'>, 'otpkeys': <{'keys': <[<1>, <2>]>}>, 'otphkeys': <[<1>]>,"
      " 'webpush': <'odd'>, 'email': <'a@b'>}"));
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_parsed (
      "{'_id': <'user//a'>, 'name': <'A'>, 'email': <'a@b'>, 'otpsecret': <@x 1>, 'otpkeys': <@x 2>,"
      " 'otphkeys': <@x 1>, 'webpush': <@x 0>}"));
  g_autoptr (GVariant) found = bl_account_public (account);

  g_assert_true (g_variant_equal (found, expected));
}

static void
test_names (void)
{
  static const char *const bad[] = { "",
                                     "~t:x",
                                     "a b",
                                     "a/b",
                                     "a\nb",
                                     "\xff",
                                     "12345678901234567890123456789012345678901234567890123456789012345" };
  g_autofree char *id = bl_account_id ("", "\xc3\x84nne");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bl_account_name_is_valid (bad[i]));
  g_assert_true (bl_account_name_is_valid ("Dana.D@example.org"));
  g_assert_cmpstr (id, ==, "user//\xc3\xa4nne");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/account/public", test_public);
  g_test_add_func ("/account/names", test_names);
  return g_test_run ();
}
