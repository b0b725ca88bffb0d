// SPDX-License-Identifier: Apache-2.0
/* User groups, one's own account, and texts between people. */
#include "bl-control-test-world.h"
#include "bl-control-web-state.h"

#include <string.h>

static void
begin (void)
{
  world_begin ();
  world_put ("{\"_id\":\"user//manager\",\"type\":\"user\",\"name\":\"manager\",\"domain\":\"\","
             "\"siteadmin\":258}");
  world_put ("{\"_id\":\"user//dana\",\"type\":\"user\",\"name\":\"Dana\",\"domain\":\"\","
             "\"hash\":\"secret\"}");
}

static char *
ask_member (BowlineWebSocket *socket, const char *request, const char *action, const char *member)
{
  g_autoptr (GPtrArray) frames = world_ask (socket, request);

  return g_strdup (bl_variant_get_string (world_find (frames, action), member));
}

static void
assert_result (BowlineWebSocket *socket, const char *action, const char *members, const char *expected)
{
  g_autofree char *request = g_strdup_printf ("{\"action\":\"%s\",\"responseid\":\"r\"%s%s}", action,
                                              *members ? "," : "", members);
  g_autofree char *result = ask_member (socket, request, action, "result");

  g_assert_cmpstr (result, ==, expected);
}

static guint32
link_rights (const char *document, const char *other)
{
  g_autoptr (GVariant) value = bowline_directory_dup (world.host, document);
  g_autoptr (GVariant) links = value != NULL ? bl_variant_get_object (value, "links") : NULL;
  g_autoptr (GVariant) link = links != NULL ? bl_variant_get_object (links, other) : NULL;

  return (guint32)bl_variant_get_int (link, "rights", 0);
}

static guint32
rights_of (const char *user, const char *object)
{
  g_autoptr (BowlinePrincipal) who = world_principal (BOWLINE_PRINCIPAL_USER, user);

  return bowline_rights (world.host, who, object);
}

static char *
make_group (BowlineWebSocket *socket, const char *members)
{
  g_autofree char *request
      = g_strdup_printf ("{\"action\":\"createusergroup\",\"responseid\":\"r\",%s}", members);

  return ask_member (socket, request, "createusergroup", "ugrpid");
}

/* ---- user groups
 * -------------------------------------------------------------------------------------------------- */

static void
test_user_groups (void)
{
  BowlineWebSocket *admin, *dana;
  g_autofree char *group = NULL, *clone = NULL, *members = NULL, *request = NULL, *grant = NULL;
  g_autoptr (GPtrArray) frames = NULL, removed = NULL;
  g_autoptr (GVariant) event = NULL;

  begin ();
  admin = world_connect ("admin");
  dana = world_connect ("dana");
  group = make_group (admin, "\"name\":\"Techs\",\"desc\":\"Technicians\"");
  g_assert_true (g_str_has_prefix (group, "ugrp//"));
  request = g_strdup_printf ("{\"action\":\"addusertousergroup\",\"ugrpid\":\"%s\",\"usernames\":[\"DANA\","
                             "\"ghost\"],\"responseid\":\"r\"}",
                             group);
  frames = world_ask (admin, request);
  g_assert_cmpint (bl_variant_get_int (world_find (frames, "addusertousergroup"), "added", -1), ==, 1);
  g_assert_cmpint (bl_variant_get_int (world_find (frames, "addusertousergroup"), "failed", -1), ==, 1);
  event = bl_variant_get_object (world_find (frames, "event:usergroupchange"), "event");
  g_assert_cmpstr (bl_variant_get_string (event, "msg"), ==, "Added user(s) Dana to user group Techs");
  g_assert_cmpint (bl_variant_get_int (event, "msgid", 0), ==, 71);
  g_assert_cmpuint (link_rights ("user//dana", group), ==, 1);
  g_assert_cmpuint (link_rights (group, "user//dana"), ==, 1);

  grant = g_strdup_printf ("\"meshid\":\"" MESH "\",\"userid\":\"%s\",\"meshadmin\":8", group);
  {
    g_autofree char *expected = g_strdup_printf ("Added user %s", strrchr (group, '/') + 1);

    assert_result (admin, "addmeshuser", grant, expected);
  }
  g_assert_cmpuint (rights_of ("user//dana", NODE), ==, 8);
  members = g_strdup_printf ("\"name\":\"Copy\",\"clone\":\"%s\"", group);
  clone = make_group (admin, members);
  g_assert_cmpuint (link_rights (clone, MESH), ==, 8);
  g_assert_cmpuint (link_rights (MESH, clone), ==, 8);
  g_assert_cmpuint (link_rights ("user//dana", clone), ==, 1);

  g_clear_pointer (&request, g_free);
  request
      = g_strdup_printf ("{\"action\":\"deleteusergroup\",\"ugrpid\":\"%s\",\"responseid\":\"r\"}", group);
  removed = world_ask (admin, request);
  g_assert_cmpstr (world_result (removed, "deleteusergroup"), ==, "ok");
  g_assert_nonnull (world_find (removed, "event:deleteusergroup"));
  g_assert_cmpuint (link_rights ("user//dana", group), ==, 0);
  g_assert_cmpuint (link_rights (MESH, group), ==, 0);
  g_assert_cmpuint (rights_of ("user//dana", NODE), ==, 8); /* through the copy */
  g_clear_pointer (&request, g_free);
  request = g_strdup_printf ("\"ugrpid\":\"%s\",\"userid\":\"dana\"", clone);
  assert_result (admin, "removeuserfromusergroup", request, "ok");
  assert_result (admin, "removeuserfromusergroup", request, "User not in group");
  g_assert_cmpuint (rights_of ("user//dana", NODE), ==, 0);
  world_close (admin);
  world_close (dana);
  world_end ();
}

static void
test_user_group_refusals (void)
{
  static const char *const bad[][2] = {
    { "\"name\":\"\"", "Invalid group name" },
    { "\"name\":7", "Invalid group name" },
    { "\"name\":\"x\",\"clone\":\"ugrp//nothing\"", "Invalid clone groupid" },
    { "\"name\":\"x\",\"domain\":\"other\"", "Invalid domain" },
  };
  BowlineWebSocket *admin, *dana;
  g_autofree char *group = NULL, *edit = NULL, *add = NULL;
  g_autoptr (GPtrArray) frames = NULL, silent = NULL;
  g_autoptr (GVariant) stored = NULL;

  begin ();
  admin = world_connect ("admin");
  dana = world_connect ("dana");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_result (admin, "createusergroup", bad[i][0], bad[i][1]);
  assert_result (dana, "createusergroup", "\"name\":\"x\"", "Permission denied");
  group = make_group (admin, "\"name\":\"Techs\"");
  edit = g_strdup_printf ("{\"action\":\"editusergroup\",\"ugrpid\":\"%s\",\"name\":\"New\",\"consent\":1,"
                          "\"responseid\":\"r\"}",
                          group);
  silent = world_ask (dana, edit);
  g_assert_cmpuint (silent->len, ==, 0);
  frames = world_ask (admin, edit);
  g_assert_null (world_find (frames, "editusergroup"));
  g_assert_nonnull (world_find (frames, "event:usergroupchange"));
  stored = bowline_directory_dup (world.host, group);
  g_assert_cmpstr (bl_variant_get_string (stored, "name"), ==, "New");
  g_assert_cmpint (bl_variant_get_int (stored, "consent", 0), ==, 1);
  add = g_strdup_printf ("\"ugrpid\":\"%s\",\"usernames\":[\"dana\"]", group);
  assert_result (dana, "addusertousergroup", add, "Permission denied");
  g_assert_cmpuint (link_rights ("user//dana", group), ==, 0);
  world_close (admin);
  world_close (dana);
  world_end ();
}

/* What a directory service keeps, people do not change. */
static void
test_kept_elsewhere (void)
{
  static const char id[] = "ugrp//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  BowlineWebSocket *admin;

  begin ();
  admin = world_connect ("admin");
  world_put (
      "{\"_id\":\"ugrp//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"type\":\"ugrp\","
      "\"name\":\"ldap\",\"domain\":\"\",\"membershipType\":\"ldap\",\"links\":{\"user//dana\":"
      "{\"userid\":\"user//dana\",\"name\":\"Dana\",\"rights\":1}}}");
  assert_result (admin, "addusertousergroup",
                 "\"ugrpid\":\"ugrp//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                 "\"usernames\":[\"manager\"]",
                 "The members of this user group are managed elsewhere");
  assert_result (admin, "deleteusergroup",
                 "\"ugrpid\":\"ugrp//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
                 "The members of this user group are managed elsewhere");
  g_assert_true (bowline_directory_contains (world.host, id));
  world_close (admin);
  world_end ();
}

/* ---- the own account
 * ----------------------------------------------------------------------------------------------- */

static void
test_own_account (void)
{
  BowlineWebSocket *alice, *other;
  g_autoptr (GPtrArray) frames = NULL, echoed = NULL;
  g_autoptr (GVariant) account = NULL, event = NULL;
  guint before;

  begin ();
  alice = world_connect ("alice");
  other = world_connect ("alice");
  frames = world_ask (alice, "{\"action\":\"changelang\",\"lang\":\"FR\"}");
  event = bl_variant_get_object (world_find (frames, "event:accountchange"), "event");
  g_assert_cmpint (bl_variant_get_int (event, "msgid", 0), ==, 3);
  assert_result (alice, "changeemail", "\"email\":\"Alice@Example.com\"", "ok");
  assert_result (alice, "changeemail", "\"email\":\"two@at@example\"", "Invalid email");
  assert_result (alice, "verifyemail", "\"email\":\"alice@example.com\"", "Unsupported feature");
  assert_result (alice, "changemeshnotify", "\"meshid\":\"" MESH "\",\"notify\":6", "ok");
  assert_result (alice, "changeusernotify", "\"nodeid\":\"" NODE "\",\"notify\":2", "ok");
  assert_result (alice, "changemeshnotify", "\"meshid\":\"" MESH2 "\",\"notify\":6", "Access denied");
  account = bowline_directory_dup (world.host, ALICE);
  g_assert_cmpstr (bl_variant_get_string (account, "lang"), ==, "fr");
  g_assert_cmpstr (bl_variant_get_string (account, "email"), ==, "alice@example.com");
  g_assert_false (bl_variant_get_bool (account, "emailVerified", TRUE));
  {
    g_autoptr (GVariant) links = bl_variant_get_object (account, "links");
    g_autoptr (GVariant) link = bl_variant_get_object (links, MESH);
    g_autoptr (GVariant) notify = bl_variant_get_object (account, "notify");

    g_assert_cmpint (bl_variant_get_int (link, "notify", 0), ==, 6);
    g_assert_cmpint (bl_variant_get_int (link, "rights", 0), ==, 8);
    g_assert_cmpint (bl_variant_get_int (notify, NODE, 0), ==, 2);
  }
  before = bl_test_socket_get_sent (other)->len;
  assert_result (alice, "userWebState", "\"state\":\"{\\\"nightMode\\\":1,\\\"evil\\\":2}\"", "ok");
  echoed = world_frames (other, before);
  g_clear_pointer (&event, g_variant_unref);
  event = bl_variant_get_object (world_find (echoed, "event:userWebState"), "event");
  g_assert_cmpstr (bl_variant_get_string (event, "state"), ==, "{\"nightMode\":1}");
  world_close (alice);
  world_close (other);
  world_end ();
}

static void
test_locked_settings (void)
{
  BowlineWebSocket *dana;
  g_autoptr (GVariant) account = NULL;

  begin ();
  world_put (
      "{\"_id\":\"user//dana\",\"type\":\"user\",\"name\":\"Dana\",\"domain\":\"\",\"siteadmin\":1024}");
  dana = world_connect ("dana");
  assert_result (dana, "changelang", "\"lang\":\"fr\"", "Settings are locked");
  assert_result (dana, "changeemail", "\"email\":\"d@example.com\"", "Settings are locked");
  assert_result (dana, "userWebState", "\"state\":\"{}\"", "Settings are locked");
  account = bowline_directory_dup (world.host, "user//dana");
  g_assert_null (bl_variant_get_string (account, "lang"));
  g_assert_null (bl_variant_get_string (account, "email"));
  world_close (dana);
  world_end ();
}

static void
test_web_state (void)
{
  static const struct
  {
    const char *given;
    const char *kept;
  } cases[] = {
    { "{}", "{}" },
    { "[]", NULL },
    { "{\"theme\":\"x\",\"sort\":{\"a\":1},\"viewsize\":null}", "{\"theme\":\"x\"}" },
    { "{\"desktopsettings\":\"{\\\"quality\\\":50,\\\"x\\\":1}\"}",
      "{\"desktopsettings\":{\"quality\":50}}" },
    { "{\"desktopsettings\":{\"scaling\":1024}}", "{\"desktopsettings\":{\"scaling\":1024}}" },
    { "{\"search\":\"1234567890123456789012345678901234567890123456789012345678901234\"}", "{}" },
  };
  g_autofree char *long_text = g_strnfill (BL_CONTROL_MAX_WEB_STATE + 1, ' ');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *kept = bl_control_web_state_filter (cases[i].given);

      g_assert_cmpstr (kept, ==, cases[i].kept);
    }
  g_assert_null (bl_control_web_state_filter (long_text));
}

#define JPEG "data:image/jpeg;base64,/9j/4AAQ"

static guint
get_image (const char *user, const char *name)
{
  g_autoptr (BowlinePrincipal) who = world_principal (BOWLINE_PRINCIPAL_USER, user);
  const char *query[] = { "id", name, NULL };
  const BlTestRequest given = {
    .method = "GET", .path = "/userimage.ashx", .query = name != NULL ? query : NULL, .principal = who
  };
  g_autoptr (BowlineHttpRequest) request = bl_test_host_request (world.test, &given);

  bl_test_host_settle ();
  return bl_test_request_get_status (request);
}

static void
test_picture (void)
{
  BowlineWebSocket *alice, *manager;
  g_autoptr (GVariant) account = NULL;

  begin ();
  alice = world_connect ("alice");
  manager = world_connect ("manager");
  assert_result (alice, "updateUserImage", "\"image\":\"" JPEG "\"", "ok");
  account = bowline_directory_dup (world.host, ALICE);
  g_assert_cmpint (bl_variant_get_int (account, "flags", 0), ==, 1);
  g_assert_cmpuint (get_image (ALICE, NULL), ==, 200);
  g_assert_cmpuint (get_image ("user//manager", "alice"), ==, 200);
  g_assert_cmpuint (get_image ("user//dana", "alice"), ==, 404);
  g_assert_cmpuint (get_image ("user//dana", NULL), ==, 404);
  assert_result (alice, "updateUserImage", "\"image\":\"data:image/svg+xml;base64,PHN2Zz4=\"",
                 "Invalid image");
  assert_result (alice, "updateUserImage", "\"image\":\"data:image/png;base64,/9j/4AAQ\"", "Invalid image");
  assert_result (alice, "updateUserImage", "\"image\":0,\"userid\":\"user//manager\"", "Access denied");
  assert_result (manager, "updateUserImage", "\"image\":0,\"userid\":\"alice\"", "ok");
  g_assert_cmpuint (get_image (ALICE, NULL), ==, 404);
  world_close (alice);
  world_close (manager);
  world_end ();
}

/* ---- texts between people
 * ---------------------------------------------------------------------------------------- */

static void
test_broadcast (void)
{
  BowlineWebSocket *manager, *alice;
  g_autofree char *long_text = g_strnfill (513, 'x');
  g_autofree char *too_long = g_strdup_printf ("\"msg\":\"%s\"", long_text);
  g_autoptr (GPtrArray) received = NULL, again = NULL;
  GVariant *notice;
  guint before;

  begin ();
  manager = world_connect ("manager");
  alice = world_connect ("alice");
  before = bl_test_socket_get_sent (alice)->len;
  assert_result (manager, "userbroadcast", "\"msg\":\"Hello all\",\"maxtime\":5", "ok");
  received = world_frames (alice, before);
  notice = world_find (received, "msg");
  g_assert_cmpstr (bl_variant_get_string (notice, "value"), ==, "Hello all");
  g_assert_cmpstr (bl_variant_get_string (notice, "title"), ==, "manager");
  g_assert_cmpstr (bl_variant_get_string (notice, "tag"), ==, "broadcast");
  g_assert_cmpint (bl_variant_get_int (notice, "maxtime", 0), ==, 5);
  before = bl_test_socket_get_sent (alice)->len;
  assert_result (manager, "userbroadcast", "\"msg\":\"x\",\"userid\":\"dana\"", "ok");
  assert_result (manager, "userbroadcast", too_long, "Message is too long");
  assert_result (alice, "userbroadcast", "\"msg\":\"x\"", "Permission denied");
  again = world_frames (alice, before);
  g_assert_null (world_find (again, "msg"));
  assert_result (manager, "notifyuser", "\"userid\":\"alice\",\"msg\":\"x\",\"url\":\"javascript:alert(1)\"",
                 "Invalid url");
  assert_result (manager, "notifyuser", "\"userid\":\"alice\",\"msg\":\"x\"", "ok");
  assert_result (manager, "notifyuser", "\"userid\":\"dana\",\"msg\":\"x\"", "User not connected");
  assert_result (manager, "meshmessenger", "\"userid\":\"alice\"", "ok");
  assert_result (alice, "meshmessenger", "\"userid\":\"user//manager\"", "Access denied");
  assert_result (manager, "meshmessenger", "\"userid\":\"user//manager\"", "Invalid userid");
  assert_result (manager, "meshmessenger", "", "Invalid nodeid");
  assert_result (alice, "meshmessenger", "\"nodeid\":\"" NODE "\"", "Access denied");
  assert_result (manager, "emailuser", "", "Unsupported feature");
  world_close (manager);
  world_close (alice);
  world_end ();
}

static void
test_inter_user (void)
{
  for (guint on = 0; on < 2; on++)
    {
      BowlineWebSocket *manager, *alice;
      g_autoptr (GPtrArray) received = NULL;
      guint before;

      world_begin_with ("inter-user-messages", on ? "true" : "false");
      manager = world_connect ("admin");
      alice = world_connect ("alice");
      before = bl_test_socket_get_sent (alice)->len;
      g_ptr_array_unref (
          world_ask (manager, "{\"action\":\"interuser\",\"userid\":\"alice\",\"data\":{\"a\":1}}"));
      received = world_frames (alice, before);
      g_assert_true ((world_find (received, "interuser") != NULL) == (on == 1));
      if (on)
        g_assert_cmpstr (bl_variant_get_string (world_find (received, "interuser"), "scope"), ==, "user");
      world_close (manager);
      world_close (alice);
      world_end ();
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/people/user-groups", test_user_groups);
  g_test_add_func ("/control/people/user-group-refusals", test_user_group_refusals);
  g_test_add_func ("/control/people/kept-elsewhere", test_kept_elsewhere);
  g_test_add_func ("/control/people/own-account", test_own_account);
  g_test_add_func ("/control/people/locked-settings", test_locked_settings);
  g_test_add_func ("/control/people/web-state", test_web_state);
  g_test_add_func ("/control/people/picture", test_picture);
  g_test_add_func ("/control/people/broadcast", test_broadcast);
  g_test_add_func ("/control/people/inter-user", test_inter_user);
  return g_test_run ();
}
