// SPDX-License-Identifier: Apache-2.0
/* Ports of devices: cookies that lead to them, and what a device is told. */
#include "bl-control-test-world.h"

#include <string.h>

static GVariant *
last_message (void)
{
  GPtrArray *sent = bl_test_host_get_device_messages (world.test);
  g_autoptr (GVariant) boxed = NULL;

  g_assert_cmpuint (sent->len, >, 0);
  boxed = g_variant_get_child_value (sent->pdata[sent->len - 1], 1);
  return g_variant_get_variant (boxed);
}

static void
set_rights (guint32 rights)
{
  g_autofree char *account = g_strdup_printf (
      "{\"_id\":\"" ALICE "\",\"type\":\"user\",\"name\":\"Alice\",\"domain\":\"\",\"links\":{\"" MESH
      "\":{\"rights\":%u}}}",
      rights);

  world_put (account);
}

/* ---- getcookie
 * -------------------------------------------------------------------------------------------------------- */

static void
test_cookie (void)
{
  BowlineWebSocket *alice;
  g_autoptr (GPtrArray) frames = NULL;
  GVariant *answer;
  const char *cookie;

  world_begin ();
  alice = world_connect ("alice");
  /* as Tactical asks: nobody waits for a responseid */
  frames = world_ask (alice, "{\"action\":\"getcookie\",\"name\":null,\"nodeid\":\"" NODE
                             "\",\"tag\":\"novnc\",\"tcpaddr\":null,\"tcpport\":5900}");
  answer = world_find (frames, "getcookie");
  g_assert_nonnull (answer);
  g_assert_cmpstr (bl_variant_get_string (answer, "nodeid"), ==, NODE);
  g_assert_cmpstr (bl_variant_get_string (answer, "tag"), ==, "novnc");
  g_assert_cmpint (bl_variant_get_int (answer, "tcpport", 0), ==, 5900);
  cookie = bl_variant_get_string (answer, "cookie");
  g_assert_true (g_str_has_prefix (cookie, ALICE " "));
  g_assert_nonnull (strstr (cookie, "'nodeid': <'" NODE "'>"));
  g_assert_nonnull (strstr (cookie, "'tcpport': <int64 5900>"));
  g_assert_nonnull (strstr (cookie, "'p': <int64 12>"));
  g_assert_null (strstr (cookie, "tcpaddr"));
  world_close (alice);
  world_end ();
}

static void
test_cookie_refusals (void)
{
  static const struct
  {
    guint32 rights;
    const char *members;
    gboolean allowed;
  } cases[] = {
    { 8, "\"tcpport\":22", TRUE },
    { 8, "\"tcpport\":65535,\"tcpaddr\":\"10.0.0.7\",\"name\":\"x\"", TRUE },
    { 0x200000, "\"tcpport\":22", TRUE },
    { 0x200000, "\"tcpport\":5900,\"tag\":\"novnc\"", TRUE },
    { 0x100, "\"tcpport\":22", FALSE },
    { 0x4000, "\"tcpport\":22", FALSE },
    { 0, "\"tcpport\":22", FALSE },
    { 0x10008, "\"tcpport\":5900,\"tag\":\"novnc\"", FALSE },
    { 8, "\"tcpport\":0", FALSE },
    { 8, "\"tcpport\":65536", FALSE },
    { 8, "\"tag\":\"novnc\"", FALSE },
    { 8, "\"tcpport\":\"22; rm\"", FALSE },
  };
  BowlineWebSocket *alice;

  world_begin ();
  alice = world_connect ("alice");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request = g_strdup_printf (
          "{\"action\":\"getcookie\",\"responseid\":\"r\",\"nodeid\":\"" NODE "\",%s}", cases[i].members);
      g_autoptr (GPtrArray) frames = NULL;
      GVariant *answer;

      set_rights (cases[i].rights);
      frames = world_ask (alice, request);
      answer = world_find (frames, "getcookie");
      g_assert_true (bl_variant_has (answer, "cookie") == cases[i].allowed);
    }
  world_close (alice);
  world_end ();
}

/* ---- sessions
 * --------------------------------------------------------------------------------------------------------- */

/* A message that names a port is a session to a port, whatever its address says, and needs the rights of one. */
static void
test_message (void)
{
  static const struct
  {
    guint32 rights;
    const char *protocol;
    const char *members;
    const char *order; /* what the relay is told; NULL: refused */
    gboolean port;
  } cases[] = {
    { 8, "p=5", "\"tcpport\":22", " 14 8", TRUE },
    { 8, "p=12", "\"tcpport\":5900", " 12 8", TRUE },
    { 0x200000, "p=1", "\"tcpport\":22,\"tcpaddr\":\"10.0.0.7\"", " 14 2097152", TRUE },
    { 8, "p=1", "\"udpport\":53", " 14 8", FALSE },
    { 0x100, "p=2", "\"tcpport\":22", NULL, FALSE },
    { 8, "p=5", "\"tcpport\":null,\"tcpaddr\":\"10.0.0.7\"", " 5 8", FALSE },
    { 8, "p=12", "\"tcpport\":null", NULL, FALSE },
    { 8, "p=14", "\"x\":1", NULL, FALSE },
  };
  BowlineWebSocket *alice;

  world_begin ();
  bl_test_host_set_online (world.test, NODE, TRUE);
  alice = world_connect ("alice");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *request = g_strdup_printf (
          "{\"action\":\"msg\",\"type\":\"tunnel\",\"nodeid\":\"" NODE
          "\",\"responseid\":\"r\",\"value\":\"*/meshrelay.ashx?%s&nodeid=" NODE "&id=a%u\",%s}",
          cases[i].protocol, i, cases[i].members);
      guint orders = world.orders->len;
      g_autoptr (GPtrArray) frames = NULL;
      g_autoptr (GVariant) message = NULL;

      set_rights (cases[i].rights);
      frames = world_ask (alice, request);
      g_assert_cmpstr (world_result (frames, "msg"), ==, cases[i].order != NULL ? "OK" : "Unable to route");
      g_assert_cmpuint (world.orders->len, ==, orders + (cases[i].order != NULL ? 1 : 0));
      if (cases[i].order == NULL)
        continue;
      g_assert_true (g_str_has_suffix (world.orders->pdata[orders], cases[i].order));
      message = last_message ();
      g_assert_true (bl_variant_has (message, "tcpport") == cases[i].port);
      g_assert_false (!cases[i].port && bl_variant_has (message, "tcpaddr"));
    }
  world_close (alice);
  world_end ();
}

static gboolean
open_port (BowlinePrincipal *who, const char *id, const char *target)
{
  BowlineTunnels tunnels = { .struct_size = sizeof tunnels };
  g_autoptr (GVariant) object = g_variant_parse (G_VARIANT_TYPE_VARDICT, target, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  gpointer self;
  gboolean opened;

  g_assert_true (bowline_host_lookup_service (world.host, BOWLINE_TUNNELS_SERVICE, BOWLINE_TUNNELS_MAJOR,
                                              &tunnels, &self));
  g_assert_false (tunnels.open (self, who, "x", NODE, 12, 0, NULL, NULL));
  opened = tunnels.open_port (self, who, id, object, &error);
  g_assert_true (opened == (error == NULL));
  return opened;
}

#define VNC "{'nodeid': <'" NODE "'>, 'tcpport': <@x 5900>, 'p': <@x 12>}"

static void
test_service (void)
{
  g_autoptr (BowlinePrincipal) alice = NULL;
  g_autoptr (BowlinePrincipal) key = NULL;
  g_autoptr (GVariant) message = NULL;
  const BowlinePrincipalInfo narrow = { .struct_size = sizeof narrow,
                                        .kind = BOWLINE_PRINCIPAL_KEY,
                                        .user_id = ALICE,
                                        .rights_ceiling = 8 };

  world_begin ();
  alice = world_principal (BOWLINE_PRINCIPAL_USER, ALICE);
  key = bowline_principal_new (world.host, &narrow);
  g_assert_false (open_port (alice, "a", VNC)); /* offline */
  bl_test_host_set_online (world.test, NODE, TRUE);
  g_assert_true (open_port (alice, "b", VNC));
  message = last_message ();
  g_assert_cmpint (bl_variant_get_int (message, "tcpport", 0), ==, 5900);
  g_assert_cmpint (bl_variant_get_int (message, "usage", 0), ==, 12);
  g_assert_cmpstr (bl_variant_get_string (message, "userid"), ==, ALICE);
  g_assert_false (bl_variant_has (message, "tcpaddr"));
  g_assert_nonnull (strstr (bl_variant_get_string (message, "value"), "id=b&rauth=TICKET"));
  g_assert_false (open_port (key, "c", VNC)); /* a key without "relay" */
  g_assert_false (open_port (alice, "d", "{'nodeid': <'" NODE "'>, 'tcpport': <@x 0>}"));
  set_rights (0x4000);
  g_assert_false (open_port (alice, "e", VNC));
  world_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/ports/cookie", test_cookie);
  g_test_add_func ("/control/ports/cookie-refusals", test_cookie_refusals);
  g_test_add_func ("/control/ports/message", test_message);
  g_test_add_func ("/control/ports/service", test_service);
  return g_test_run ();
}
