// SPDX-License-Identifier: Apache-2.0
/* Device shares: making, listing, taking back, refusals, and sessions opened for guests. */
#include "bl-control-test-world.h"

#include <string.h>

#define SHARER "user//sharer"

static void
begin (void)
{
  world_begin ();
  world_put ("{\"_id\":\"" SHARER "\",\"type\":\"user\",\"name\":\"Sharer\",\"domain\":\"\","
             "\"links\":{\"" MESH "\":{\"rights\":524808}}}"); /* 0x80208: control, sharing, no terminal */
}

static const char *
create_result (BowlineWebSocket *socket, const char *members)
{
  g_autofree char *request = g_strdup_printf (
      "{\"action\":\"createDeviceShareLink\",\"responseid\":\"meshctrl\",\"nodeid\":\"" NODE_BARE "\",%s}",
      members);
  g_autoptr (GPtrArray) frames = world_ask (socket, request);

  return g_intern_string (world_result (frames, "createDeviceShareLink"));
}

static GVariant *
only_share (BowlineWebSocket *socket)
{
  g_autoptr (GPtrArray) frames
      = world_ask (socket, "{\"action\":\"deviceShares\",\"nodeid\":\"" NODE "\",\"responseid\":\"r\"}");
  g_autoptr (GVariant) list = bl_variant_get_array (world_find (frames, "deviceShares"), "deviceShares");
  g_autoptr (GVariant) boxed = NULL;

  g_assert_nonnull (list);
  if (g_variant_n_children (list) == 0)
    return NULL;
  g_assert_cmpuint (g_variant_n_children (list), ==, 1);
  boxed = g_variant_get_child_value (list, 0);
  return g_variant_get_variant (boxed);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *members;
    const char *result;
  } cases[] = {
    { "\"p\":2,\"consent\":0,\"expire\":1", "Invalid guest name" },
    { "\"guestname\":\"\",\"p\":2,\"consent\":0,\"expire\":1", "Invalid guest name" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":\"1\"", "Invalid expire time" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":-1", "Invalid expire time" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":\"x\",\"end\":9", "Invalid start time" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":5,\"end\":[]", "Invalid end time" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":257,\"expire\":1", "Invalid flags" },
    { "\"guestname\":\"g\",\"p\":2,\"expire\":1", "Invalid flags" },
    { "\"guestname\":\"g\",\"p\":0,\"consent\":0,\"expire\":1", "Invalid protocol" },
    { "\"guestname\":\"g\",\"p\":32,\"consent\":0,\"expire\":1", "Invalid protocol" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":5,\"expire\":1,\"recurring\":3",
      "Invalid recurring value" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":1,\"recurring\":1", "Invalid recurring command" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":5,\"end\":6,\"expire\":1,\"recurring\":1",
      "Invalid recurring command" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":1,\"port\":0", "Invalid port value" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0", "No time specified" },
    { "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":7,\"end\":6", "No time specified" },
    { "\"guestname\":\"g\",\"p\":8,\"consent\":0,\"expire\":1,\"port\":80",
      "Sharing web pages of a device is not available" },
  };
  BowlineWebSocket *admin, *alice, *sharer;
  g_autoptr (GPtrArray) unknown = NULL;

  begin ();
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  sharer = world_connect ("sharer");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (create_result (admin, cases[i].members), ==, cases[i].result);
  g_assert_cmpstr (create_result (alice, "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":1"), ==,
                   "Access denied"); /* remote control, no sharing */
  g_assert_cmpstr (create_result (sharer, "\"guestname\":\"g\",\"p\":1,\"consent\":0,\"expire\":1"), ==,
                   "Access denied"); /* no terminal of his own */
  g_assert_cmpstr (create_result (sharer, "\"guestname\":\"g\",\"p\":6,\"consent\":0,\"expire\":1"), ==,
                   "OK");
  world_close (admin);
  world_close (alice);
  unknown = world_ask (sharer, "{\"action\":\"createDeviceShareLink\",\"responseid\":\"r\",\"nodeid\":\"no\","
                               "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":1}");
  g_assert_cmpstr (world_result (unknown, "createDeviceShareLink"), ==, "Invalid node id");
  world_close (sharer);
  world_end ();
}

static void
test_life (void)
{
  BowlineWebSocket *admin, *sharer, *alice;
  g_autoptr (GPtrArray) made = NULL, foreign = NULL, seen = NULL, gone = NULL, again = NULL;
  g_autoptr (GVariant) own = NULL, others = NULL, none = NULL, event = NULL;
  g_autofree char *remove = NULL;
  const char *id;
  guint before;

  begin ();
  admin = world_connect ("admin");
  sharer = world_connect ("sharer");
  alice = world_connect ("alice");
  before = bl_test_socket_get_sent (alice)->len;
  made = world_ask (sharer,
                    "{\"action\":\"createDeviceShareLink\",\"responseid\":\"meshctrl\",\"nodeid\":\"" NODE
                    "\",\"guestname\":\"Gast\",\"p\":2,\"consent\":9,\"expire\":5,\"port\":null}");
  g_assert_cmpstr (world_result (made, "createDeviceShareLink"), ==, "OK");
  id = bl_variant_get_string (world_find (made, "createDeviceShareLink"), "publicid");
  g_assert_cmpuint (strlen (id), ==, 12);
  g_assert_cmpint (bl_variant_get_int (world_find (made, "createDeviceShareLink"), "expire", 0)
                       - bl_variant_get_int (world_find (made, "createDeviceShareLink"), "start", 0),
                   ==, 300000);
  own = only_share (sharer);
  g_assert_cmpstr (bl_variant_get_string (own, "publicid"), ==, id);
  g_assert_cmpstr (bl_variant_get_string (own, "guestName"), ==, "Gast");
  g_assert_nonnull (strstr (bl_variant_get_string (own, "url"), "/sharing?c="));
  g_assert_false (bl_variant_has (own, "_id"));
  others = only_share (admin);
  g_assert_false (bl_variant_has (others, "url")); /* only for who made it */
  seen = world_frames (alice, before);
  g_assert_nonnull (world_find (seen, "event:addedDeviceShare"));
  event = bl_variant_get_object (world_find (seen, "event:deviceShareUpdate"), "event");
  g_assert_nonnull (event);
  foreign = world_ask (admin, "{\"action\":\"removeDeviceShare\",\"nodeid\":\"" NODE
                              "\",\"publicid\":\"nothing\",\"responseid\":\"r\"}");
  g_assert_cmpstr (world_result (foreign, "removeDeviceShare"), ==, "Invalid device share identifier.");
  remove = g_strdup_printf (
      "{\"action\":\"removeDeviceShare\",\"nodeid\":\"%s\",\"publicid\":\"%s\",\"responseid\":\"r\"}", NODE,
      id);
  gone = world_ask (alice, remove);
  g_assert_cmpstr (world_result (gone, "removeDeviceShare"), ==, "Access denied");
  again = world_ask (admin, remove);
  g_assert_cmpstr (world_result (again, "removeDeviceShare"), ==, "OK");
  g_assert_nonnull (world_find (again, "event:removedDeviceShare"));
  none = only_share (sharer);
  g_assert_null (none);
  world_close (admin);
  world_close (sharer);
  world_close (alice);
  world_end ();
}

static void
test_times (void)
{
  BowlineWebSocket *admin;
  g_autoptr (GVariant) unlimited = NULL, daily = NULL;
  g_autoptr (GPtrArray) removed = NULL, group = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autofree char *remove = NULL;

  begin ();
  admin = world_connect ("admin");
  g_assert_cmpstr (create_result (admin, "\"guestname\":\"g\",\"p\":7,\"consent\":0,\"expire\":0"), ==, "OK");
  unlimited = only_share (admin);
  g_assert_false (bl_variant_has (unlimited, "startTime"));
  g_assert_false (bl_variant_has (unlimited, "expireTime"));
  remove = g_strdup_printf ("{\"action\":\"removeDeviceShare\",\"nodeid\":\"%s\",\"publicid\":\"%s\"}", NODE,
                            bl_variant_get_string (unlimited, "publicid"));
  removed = world_ask (admin, remove);
  g_assert_cmpstr (create_result (admin, "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":1700000000,"
                                         "\"expire\":60,\"recurring\":1,\"viewOnly\":true"),
                   ==, "OK");
  daily = only_share (admin);
  g_assert_cmpint (bl_variant_get_int (daily, "startTime", 0), ==, G_GINT64_CONSTANT (1700000000000));
  g_assert_cmpint (bl_variant_get_int (daily, "duration", 0), ==, 60);
  g_assert_cmpint (bl_variant_get_int (daily, "recurring", 0), ==, 1);
  g_assert_true (bl_variant_get_bool (daily, "viewOnly", FALSE));
  group = world_ask (admin, "{\"action\":\"deviceMeshShares\",\"meshid\":\"" MESH "\"}");
  list = bl_variant_get_array (world_find (group, "deviceMeshShares"), "deviceShares");
  g_assert_cmpuint (g_variant_n_children (list), ==, 1);
  /* over before it began: made, and never shown */
  g_assert_cmpstr (create_result (admin, "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"start\":5,\"end\":6"),
                   ==, "OK");
  g_clear_pointer (&daily, g_variant_unref);
  daily = only_share (admin);
  g_assert_cmpint (bl_variant_get_int (daily, "recurring", 0), ==, 1);
  world_close (admin);
  world_end ();
}

/* A narrower credential must not leave a share with the account's whole rights behind. */
static void
test_restricted (void)
{
  g_autoptr (BowlinePrincipal) narrow = NULL;
  g_autoptr (GPtrArray) frames = NULL;
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = BOWLINE_PRINCIPAL_KEY,
                                .user_id = ADMIN,
                                .only_node = NODE,
                                .rights_ceiling = 0x80008,
                                .site_ceiling = G_MAXUINT32 };
  const char *query[] = { "auth", "none", NULL };
  BowlineWebSocket *socket;

  begin ();
  narrow = bowline_principal_new (world.host, &info);
  socket = world_open (query, NULL, NULL, narrow);
  bl_test_host_settle ();
  g_assert_cmpstr (create_result (socket, "\"guestname\":\"g\",\"p\":2,\"consent\":0,\"expire\":1"), ==,
                   "Access denied");
  world_close (socket);
  world_end ();
}

static GVariant *
last_message (void)
{
  GPtrArray *messages = bl_test_host_get_device_messages (world.test);
  g_autoptr (GVariant) message = NULL;

  g_assert_cmpuint (messages->len, >, 0);
  g_variant_get ((GVariant *)messages->pdata[messages->len - 1], "(sv)", NULL, &message);
  return g_steal_pointer (&message);
}

static void
test_guest_session (void)
{
  BowlineTunnels tunnels = { .struct_size = sizeof tunnels };
  gpointer self;
  BowlinePrincipalInfo info = { .struct_size = sizeof info,
                                .kind = BOWLINE_PRINCIPAL_GUEST,
                                .user_id = SHARER,
                                .token_id = "abc",
                                .address = "192.0.2.1",
                                .only_node = NODE,
                                .rights_ceiling = 0x80108,
                                .rights_added = 0x500 };
  g_autoptr (BowlinePrincipal) guest = NULL;
  g_autoptr (GVariant) message = NULL;
  g_autoptr (GError) error = NULL;

  begin ();
  guest = bowline_principal_new (world.host, &info);
  g_assert_true (bowline_host_lookup_service (world.host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR,
                                              &tunnels, &self));
  g_assert_false (tunnels.open (self, guest, "id1", NODE, 2, 8, "Gast", &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_OFFLINE);
  g_clear_error (&error);
  bl_test_host_set_online (world.test, NODE, TRUE);
  g_assert_false (tunnels.open (self, guest, "id2", NODE, 1, 8, "Gast", &error)); /* no terminal */
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_true (tunnels.open (self, guest, "id3", NODE, 2, 8, "Gast", &error));
  message = last_message ();
  g_assert_cmpstr (bl_variant_get_string (message, "guestname"), ==, "Gast");
  g_assert_cmpint (bl_variant_get_int (message, "consent", 0), ==, 9); /* the group's flag and the share's */
  g_assert_cmpint (bl_variant_get_int (message, "rights", 0), ==, 0x708);
  g_assert_true (bl_variant_get_bool (message, "desktopviewonly", FALSE));
  g_assert_cmpstr (bl_variant_get_string (message, "remoteaddr"), ==, "192.0.2.1");
  g_assert_false (bl_variant_has (message, "sessionid"));
  world_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/shares/refusals", test_refusals);
  g_test_add_func ("/control/shares/life", test_life);
  g_test_add_func ("/control/shares/times", test_times);
  g_test_add_func ("/control/shares/restricted", test_restricted);
  g_test_add_func ("/control/shares/guest-session", test_guest_session);
  return g_test_run ();
}
