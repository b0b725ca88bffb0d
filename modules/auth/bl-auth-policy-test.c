// SPDX-License-Identifier: Apache-2.0
/* Policies of login keys: what administrators may write, and whom a policy admits with what. */
#include "bl-auth-policy.h"

#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define NOW G_GINT64_CONSTANT (1700000000000)
#define NODE "node//ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@$"
#define MESH "mesh//ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@$"

static GVariant *
make (const char *const *assignments)
{
  GVariant *document = bl_doc_new ();

  for (guint i = 0; assignments[i] != NULL; i++)
    {
      g_autoptr (GVariant) before = document;
      g_autoptr (GError) error = NULL;

      document = bl_auth_policy_set (before, assignments[i], NOW, &error);
      g_assert_no_error (error);
    }
  return document;
}

#define POLICY(...) make ((const char *const[]){ __VA_ARGS__, NULL })

static const char *
admit (GVariant *document,
       const char *user,
       gboolean administrator,
       const char *address,
       BowlinePrincipalInfo *info)
{
  static BlAuthPolicy *policy;
  const BlAuthPolicyUse use = { user, administrator, address, NOW };

  g_clear_pointer (&policy, bl_auth_policy_free); /* @info borrows from it */
  policy = bl_auth_policy_new (document);
  *info = (BowlinePrincipalInfo){ .struct_size = sizeof *info };
  return bl_auth_policy_admit (policy, &use, info);
}

static void
test_default (void)
{
  g_autoptr (GVariant) none = bl_doc_new ();
  BowlinePrincipalInfo info;

  g_assert_null (admit (none, "user//a___1", FALSE, "192.0.2.1", &info));
  g_assert_cmphex (info.rights_ceiling, ==, BL_RIGHT_ALL);
  g_assert_cmphex (info.site_ceiling, ==, BL_SITE_FULL);
  g_assert_null (info.only_objects);
  /* An administrator is one on this machine only. */
  g_assert_null (admit (none, "user//admin", TRUE, "127.0.0.1", &info));
  g_assert_cmphex (info.site_ceiling, ==, BL_SITE_FULL);
  g_assert_cmphex (info.rights_ceiling, ==, BL_RIGHT_ALL);
  g_assert_null (admit (none, "user//admin", TRUE, "192.0.2.1", &info));
  g_assert_cmphex (info.site_ceiling, ==, 0);
  g_assert_cmphex (info.rights_ceiling & BL_RIGHT_EDIT_GROUP, ==, 0);
  g_assert_cmphex (info.rights_ceiling & BL_RIGHT_REMOTE_CONTROL, !=, 0);
  g_assert_null (admit (none, "user//admin", TRUE, NULL, &info));
  g_assert_cmphex (info.site_ceiling, ==, 0);
  g_assert_null (admit (none, "user//admin", TRUE, "::1", &info));
  g_assert_cmphex (info.site_ceiling, ==, BL_SITE_FULL);
}

static void
test_users (void)
{
  g_autoptr (GVariant) names = POLICY ("users=*___*,helper");
  g_autoptr (GVariant) ids = POLICY ("users=user//x*");
  BowlinePrincipalInfo info;

  g_assert_null (admit (names, "user//john___12", FALSE, "192.0.2.1", &info));
  g_assert_null (admit (names, "user//helper", FALSE, "192.0.2.1", &info));
  g_assert_nonnull (admit (names, "user//admin", FALSE, "192.0.2.1", &info));
  g_assert_nonnull (admit (names, "user//helper2", FALSE, "192.0.2.1", &info));
  g_assert_null (admit (ids, "user//xy", FALSE, "192.0.2.1", &info));
  g_assert_nonnull (admit (ids, "user/x/xy", FALSE, "192.0.2.1", &info));
}

static void
test_limits (void)
{
  g_autoptr (GVariant) from = POLICY ("addresses=192.0.2.0/24 2001:db8::/32");
  g_autoptr (GVariant) over = POLICY ("expire=2020-01-01T00:00:00Z");
  g_autoptr (GVariant) later = POLICY ("expire=30d");
  g_autoptr (GVariant) narrow = POLICY ("rights=remote-control,chat", "devices=" NODE "," MESH);
  g_autoptr (GVariant) views = POLICY ("views=desktop");
  g_autoptr (GVariant) remote = POLICY ("admin-from=192.0.2.7");
  BowlinePrincipalInfo info;

  g_assert_null (admit (from, "user//a", FALSE, "192.0.2.200", &info));
  g_assert_null (admit (from, "user//a", FALSE, "2001:db8::1", &info));
  g_assert_nonnull (admit (from, "user//a", FALSE, "192.0.3.1", &info));
  g_assert_nonnull (admit (from, "user//a", FALSE, NULL, &info));
  g_assert_nonnull (admit (over, "user//a", FALSE, "192.0.2.1", &info));
  g_assert_null (admit (later, "user//a", FALSE, "192.0.2.1", &info));
  g_assert_cmpint (info.expires_ms, ==, NOW + G_GINT64_CONSTANT (30) * 86400000);

  g_assert_null (admit (narrow, "user//admin", TRUE, "127.0.0.1", &info));
  g_assert_cmphex (info.rights_ceiling, ==, BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_CHAT);
  g_assert_cmphex (info.site_ceiling, ==, 0);
  g_assert_cmpstr (info.only_objects[0], ==, NODE);
  g_assert_cmpstr (info.only_objects[1], ==, MESH);

  g_assert_null (admit (views, "user//a", FALSE, "192.0.2.1", &info));
  g_assert_cmphex (info.rights_added, ==, BL_RIGHT_NO_TERMINAL | BL_RIGHT_NO_FILES);
  g_assert_cmphex (info.rights_ceiling & (BL_RIGHT_COMMANDS | BL_RIGHT_CONSOLE | BL_RIGHT_RELAY), ==, 0);

  g_assert_null (admit (remote, "user//admin", TRUE, "192.0.2.7", &info));
  g_assert_cmphex (info.site_ceiling, ==, BL_SITE_FULL);
  g_assert_null (admit (remote, "user//admin", TRUE, "127.0.0.1", &info));
  g_assert_cmphex (info.site_ceiling, ==, 0);
}

static void
test_assignments (void)
{
  static const char *const bad[] = {
    "",
    "users",
    "=x",
    "color=red",
    "devices=node//short",
    "views=everything",
    "addresses=x",
    "admin-from=300.1.1.1",
    "rights=root",
    "rights=99999999999",
    "expire=soon",
    "expire=0d",
    "rate=-1",
    "rate=many",
    "bind-node=1",
  };
  g_autoptr (GVariant) none = bl_doc_new ();
  g_autoptr (GVariant) cleared
      = POLICY ("users=a*", "rate=7", "rights=8", "users=", "rate=", "rights=", "expire=");
  g_autofree char *many = g_strnfill (2 * (BL_AUTH_POLICY_MAX_ITEMS + 1), ',');
  g_autofree char *too_many = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bl_auth_policy_set (none, bad[i], NOW, &error));
      g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
    }
  g_assert_cmpuint (g_variant_n_children (cleared), ==, 0);
  for (gsize i = 0; many[i] != '\0'; i += 2)
    many[i] = 'x';
  too_many = g_strconcat ("users=", many, NULL);
  g_assert_null (bl_auth_policy_set (none, too_many, NOW, NULL));
}

static void
test_describe (void)
{
  g_autoptr (GVariant) document
      = POLICY ("users=*___*", "rights=0x8", "rate=5", "bind-node=true", "expire=2030-01-31T12:00:00Z");
  g_autoptr (GVariant) keyed = bl_doc_set_string (document, "key", "secret");
  g_autoptr (GVariant) text = bl_auth_policy_describe (keyed);

  g_assert_cmpstr (bl_variant_get_string (text, "users"), ==, "*___*");
  g_assert_cmpstr (bl_variant_get_string (text, "rights"), ==, "remote-control");
  g_assert_cmpstr (bl_variant_get_string (text, "devices"), ==, "all");
  g_assert_cmpstr (bl_variant_get_string (text, "admin-from"), ==, "127.0.0.0/8,::1");
  g_assert_cmpstr (bl_variant_get_string (text, "expire"), ==, "2030-01-31T12:00:00Z");
  g_assert_cmpint (bl_variant_get_int (text, "rate", 0), ==, 5);
  g_assert_true (bl_variant_get_bool (text, "bind-node", FALSE));
  g_assert_false (bl_variant_has (text, "key"));
}

/* Whatever a policy says, it never allows more than none does. */
static void
test_never_wider (void)
{
  static const char *const parts[]
      = { "users=a*,b*",     "rights=0x40018",         "devices=" NODE,           "views=files",
          "rights=commands", "addresses=192.0.2.0/24", "admin-from=192.0.2.0/24", "bind-node=true" };
  static const char *const users[] = { "user//a", "user//b", "user//c" };
  static const char *const addresses[] = { "127.0.0.1", "192.0.2.3", "198.51.100.1" };

  for (guint round = 0; round < 2000; round++)
    {
      const char *chosen[4] = { NULL };
      BowlinePrincipalInfo info;
      const char *user = users[g_test_rand_int_range (0, 3)],
                 *address = addresses[g_test_rand_int_range (0, 3)];
      const gboolean administrator = g_test_rand_bit ();
      g_autoptr (GVariant) policy = NULL;

      for (guint i = 0; i < 3; i++)
        chosen[i] = parts[g_test_rand_int_range (0, G_N_ELEMENTS (parts))];
      policy = make (chosen);
      if (admit (policy, user, administrator, address, &info) != NULL)
        continue;
      if (info.rights_ceiling != BL_RIGHT_ALL || info.rights_added != 0 || info.only_objects != NULL)
        g_assert_cmphex (info.site_ceiling, ==, 0);
      for (guint i = 0; chosen[i] != NULL; i++)
        {
          if (g_str_has_prefix (chosen[i], "devices="))
            g_assert_cmpstr (info.only_objects[0], ==, NODE);
          if (g_str_equal (chosen[i], "views=files"))
            g_assert_cmphex (info.rights_added & BL_RIGHT_NO_DESKTOP, !=, 0);
          if (g_str_has_prefix (chosen[i], "users="))
            g_assert_cmpstr (user, !=, "user//c");
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/auth/policy/default", test_default);
  g_test_add_func ("/auth/policy/users", test_users);
  g_test_add_func ("/auth/policy/limits", test_limits);
  g_test_add_func ("/auth/policy/assignments", test_assignments);
  g_test_add_func ("/auth/policy/describe", test_describe);
  g_test_add_func ("/auth/policy/never-wider", test_never_wider);
  return g_test_run ();
}
