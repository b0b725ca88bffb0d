// SPDX-License-Identifier: Apache-2.0
/* Guests of device shares: who is welcome, and what is ordered for whom, on the test host. */
#include "bl-relay-guest.h"

#include "bowline-testing.h"
#include "common/bl-rights-bits.h"
#include "common/bl-share.h"

#define NODE "node//n"
#define GUEST "user//admin"
#define SHARE "abc"
#define ENOUGH (BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_GUEST_SHARING)

static BlTestHost *test;
static BowlinePrincipal *guest;
static char *ordered; /* (nullable) */

static gboolean
open_tunnel (gpointer self,
             BowlinePrincipal *principal,
             const char *id,
             const char *node_id,
             guint32 protocol,
             guint32 consent,
             const char *guest_name,
             GError **error)
{
  g_assert_true (self == &ordered && principal == guest);
  g_free (ordered);
  ordered = g_strdup_printf ("%s %s %u %u '%s'", id, node_id, protocol, consent, guest_name);
  return TRUE;
}

static void
put_share (const char *members)
{
  g_autofree char *text
      = g_strdup_printf ("{'_id': <'" BL_SHARE_PREFIX SHARE "'>, 'type': <'deviceshare'>%s}", members);

  bl_test_host_put_document (test, g_variant_new_parsed (text));
}

static void
begin (void)
{
  const BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                      .kind = BOWLINE_PRINCIPAL_GUEST,
                                      .user_id = GUEST,
                                      .token_id = SHARE,
                                      .only_node = NODE,
                                      .rights_ceiling = G_MAXUINT32,
                                      .site_ceiling = 0 };

  test = bl_test_host_new ("relay");
  guest = bowline_principal_new (bl_test_host_get (test), &info);
  bl_test_host_grant (test, GUEST, NODE, ENOUGH);
}

static void
end (void)
{
  g_clear_pointer (&guest, bowline_principal_unref);
  g_clear_pointer (&test, bl_test_host_free);
  g_clear_pointer (&ordered, g_free);
}

static void
test_welcome (void)
{
  static const struct
  {
    const char *share; /* (nullable): there is none */
    guint32 rights;
    gboolean welcome;
  } cases[] = {
    { NULL, ENOUGH, FALSE },
    { ", 'nodeid': <'" NODE "'>", ENOUGH, TRUE },
    { ", 'nodeid': <'" NODE "'>", BL_RIGHT_ALL, TRUE },
    { ", 'nodeid': <'" NODE "'>", BL_RIGHT_REMOTE_CONTROL, FALSE },
    { ", 'nodeid': <'" NODE "'>", ENOUGH | BL_RIGHT_LIMITED_INPUT, FALSE },
    { ", 'nodeid': <'" NODE "'>", 0, FALSE },
    { ", 'nodeid': <'node//other'>", ENOUGH, FALSE },
    { "", ENOUGH, FALSE },
    { ", 'nodeid': <'" NODE "'>, 'startTime': <int64 1>, 'expireTime': <int64 2>", ENOUGH, FALSE },
    { ", 'nodeid': <'" NODE "'>, 'startTime': <int64 1>, 'expireTime': <int64 99999999999999>", ENOUGH, TRUE },
    { ", 'nodeid': <'" NODE "'>, 'startTime': <int64 99999999999998>, 'expireTime': <int64 99999999999999>",
      ENOUGH, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      begin ();
      if (cases[i].share != NULL)
        put_share (cases[i].share);
      bl_test_host_grant (test, GUEST, NODE, cases[i].rights);
      g_test_message ("case %u", i);
      g_assert_true (bl_relay_guest_is_welcome (bl_test_host_get (test), guest, NODE) == cases[i].welcome);
      end ();
    }
}

static void
test_name (void)
{
  g_autofree char *nobody = NULL;
  g_autofree char *nameless = NULL;
  g_autofree char *name = NULL;

  begin ();
  nobody = bl_relay_guest_dup_name (bl_test_host_get (test), SHARE);
  g_assert_cmpstr (nobody, ==, "");
  put_share ("");
  nameless = bl_relay_guest_dup_name (bl_test_host_get (test), SHARE);
  g_assert_cmpstr (nameless, ==, "");
  put_share (", 'guestName': <'Guest'>");
  name = bl_relay_guest_dup_name (bl_test_host_get (test), SHARE);
  g_assert_cmpstr (name, ==, "Guest");
  end ();
}

static void
test_order (void)
{
  static const BowlineTunnels tunnels = { .struct_size = sizeof tunnels, .open = open_tunnel };
  static const char *const wrong[] = { NULL, "", "0", "256", "-1", "2x", "0x2", " 2", "99999999999999999999" };
  BowlineHost *host;
  g_autoptr (GError) error = NULL;

  begin ();
  host = bl_test_host_get (test);
  put_share (", 'guestName': <'Guest'>, 'consent': <int64 4103>");
  g_assert_false (bl_relay_guest_order (host, guest, "id", "2", &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);

  g_assert_true (bowline_host_register_service (host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR, &tunnels,
                                                &ordered, &error));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (bl_relay_guest_order (host, guest, "id", wrong[i], &error));
      g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
      g_clear_error (&error);
    }
  g_assert_null (ordered);
  g_assert_true (bl_relay_guest_order (host, guest, "id", "255", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (ordered, ==, "id " NODE " 255 7 'Guest'"); /* only the bits of consent that there are */
  end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/guest/welcome", test_welcome);
  g_test_add_func ("/relay/guest/name", test_name);
  g_test_add_func ("/relay/guest/order", test_order);
  return g_test_run ();
}
