// SPDX-License-Identifier: Apache-2.0
#include "common/bl-form.h"

#include <string.h>

static void
test_fields (void)
{
  static const struct
  {
    const char *body;
    const char *value;
  } cases[] = {
    { "inviteCode=abc", "abc" },
    { "x=1&inviteCode=a%20b+c&y", "a b c" },
    { "inviteCode=a&inviteCode=b", "a" },
    { "inviteCode=%C3%A9", "\303\251" },
    { "inviteCode=", "" },
    { "inviteCode=a=b", "a=b" },
    { "xinviteCode=abc", NULL },
    { "inviteCode", NULL },
    { "inviteCode=%zz", NULL },
    { "inviteCode=%00abc", NULL },
    { "inviteCode=%ff", NULL },
    { "inviteCode=\303", NULL },
    { "&&&", NULL },
    { "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *value = bl_form_dup_field (cases[i].body, strlen (cases[i].body), "inviteCode");

      g_assert_cmpstr (value, ==, cases[i].value);
    }
  g_assert_null (bl_form_dup_field (NULL, 0, "x"));
  g_assert_null (bl_form_dup_field ("x=a\0b", 5, "x"));
}

static void
test_limits (void)
{
  g_autoptr (GString) fields = g_string_new (NULL);
  g_autoptr (GString) body = g_string_new ("x=");
  char *value;

  for (guint i = 1; i < BL_FORM_MAX_FIELDS; i++)
    g_string_append_printf (fields, "f%u=1&", i);
  g_string_append (fields, "last=1&beyond=1");
  value = bl_form_dup_field (fields->str, fields->len, "last");
  g_assert_cmpstr (value, ==, "1");
  g_free (value);
  g_assert_null (bl_form_dup_field (fields->str, fields->len, "beyond"));

  while (body->len < BL_FORM_MAX_BYTES)
    g_string_append_c (body, 'a');
  value = bl_form_dup_field (body->str, body->len, "x");
  g_assert_cmpuint (strlen (value), ==, BL_FORM_MAX_BYTES - 2);
  g_free (value);
  g_string_append_c (body, 'a');
  g_assert_null (bl_form_dup_field (body->str, body->len, "x"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/fields", test_fields);
  g_test_add_func ("/form/limits", test_limits);
  return g_test_run ();
}
