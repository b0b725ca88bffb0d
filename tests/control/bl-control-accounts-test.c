// SPDX-License-Identifier: Apache-2.0
/* Accounts and who holds rights on what. */
#include "bl-control-test-world.h"

#include <string.h>

/* ---- stand-ins for the auth module's local actions
 * -------------------------------------------------------------------- */

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  const char *name = bl_variant_get_string (bowline_action_call_get_arguments (call), "name");

  bowline_action_call_result (call, g_str_equal (name, "dana") ? "User already exists" : "ok");
}

static void
run_delete (BowlineActionCall *call, gpointer user_data)
{
  bowline_action_call_result (call, "ok");
}

static void
begin (void)
{
  static const BowlineAction rows[] = {
    { .struct_size = sizeof (BowlineAction),
      .flags = BOWLINE_ACTION_LOCAL | BOWLINE_ACTION_OPEN_ARGUMENTS,
      .name = "user.create",
      .run = run_create },
    { .struct_size = sizeof (BowlineAction),
      .flags = BOWLINE_ACTION_LOCAL | BOWLINE_ACTION_OPEN_ARGUMENTS,
      .name = "user.delete",
      .run = run_delete },
  };

  world_begin ();
  g_assert_true (bowline_host_register_actions (world.host, rows, G_N_ELEMENTS (rows), NULL, NULL));
  world_put (
      "{\"_id\":\"user//manager\",\"type\":\"user\",\"name\":\"manager\",\"domain\":\"\",\"siteadmin\":2}");
  world_put (
      "{\"_id\":\"user//dana\",\"type\":\"user\",\"name\":\"Dana\",\"domain\":\"\",\"hash\":\"secret\"}");
}

static const char *
ask_result (BowlineWebSocket *socket, const char *request, const char *action)
{
  g_autoptr (GPtrArray) frames = world_ask (socket, request);

  return g_intern_string (world_result (frames, action));
}

static guint32
link_rights (const char *document, const char *other)
{
  g_autoptr (GVariant) value = bowline_directory_dup (world.host, document);
  g_autoptr (GVariant) links = bl_variant_get_object (value, "links");
  g_autoptr (GVariant) link = links != NULL ? bl_variant_get_object (links, other) : NULL;

  return (guint32)bl_variant_get_int (link, "rights", 0);
}

static void
test_group_users (void)
{
  BowlineWebSocket *admin;
  g_autoptr (GPtrArray) frames = NULL, removed = NULL;
  g_autoptr (GVariant) event = NULL;

  begin ();
  admin = world_connect ("admin");
  frames = world_ask (
      admin,
      "{\"action\":\"addmeshuser\",\"usernames\":[\"Dana\",\"ghost\"],\"meshadmin\":49400,\"meshid\":\"" MESH
      "\",\"responseid\":\"meshctrl\"}");
  g_assert_cmpstr (world_result (frames, "addmeshuser"), ==, "Added user dana");
  g_assert_nonnull (world_find (frames, "event:accountchange"));
  event = bl_variant_get_object (world_find (frames, "event:meshchange"), "event");
  g_assert_cmpstr (bl_variant_get_string (event, "msg"), ==, "Added user Dana to device group Lab");
  g_assert_cmpuint (link_rights ("user//dana", MESH), ==, 49400);
  g_assert_cmpuint (link_rights (MESH, "user//dana"), ==, 49400);
  g_assert_cmpstr (ask_result (admin,
                               "{\"action\":\"addmeshuser\",\"usernames\":[\"ghost\"],\"meshadmin\":8,"
                               "\"meshname\":\"Lab\",\"responseid\":\"r\"}",
                               "addmeshuser"),
                   ==, "Nothing done");
  g_assert_cmpstr (
      ask_result (admin,
                  "{\"action\":\"addmeshuser\",\"userid\":\"admin\",\"meshadmin\":8,\"meshid\":\"" MESH
                  "\",\"responseid\":\"r\"}",
                  "addmeshuser"),
      ==, "Can't change self, Nothing done");
  g_assert_cmpstr (
      ask_result (
          admin,
          "{\"action\":\"addmeshuser\",\"userids\":[\"user//ghost\",\"user/other/x\"],\"meshadmin\":8,"
          "\"meshid\":\"" MESH "\",\"responseid\":\"r\"}",
          "addmeshuser"),
      ==, "Unknown user ghost, Mismatch domains");
  removed = world_ask (admin, "{\"action\":\"removemeshuser\",\"userid\":\"dana\",\"meshid\":\"" MESH
                              "\",\"responseid\":\"r\"}");
  g_assert_cmpstr (world_result (removed, "removemeshuser"), ==, "ok");
  g_assert_cmpuint (link_rights ("user//dana", MESH), ==, 0);
  g_assert_cmpstr (ask_result (admin,
                               "{\"action\":\"removemeshuser\",\"userid\":\"dana\",\"meshid\":\"" MESH
                               "\",\"responseid\":\"r\"}",
                               "removemeshuser"),
                   ==, "User not in group");
  g_assert_cmpstr (ask_result (admin,
                               "{\"action\":\"removemeshuser\",\"userid\":\"admin\",\"meshid\":\"" MESH
                               "\",\"responseid\":\"r\"}",
                               "removemeshuser"),
                   ==, "Can't remove self");
  world_close (admin);
  world_end ();
}

#define ADDED "Added user dana"
#define DENIED "Permission denied"
#define NO_ADMIN "Can't set device group administrator, if not administrator, Nothing done"

/* Nobody hands out what he does not hold, nor drops his own restrictions for others. */
static void
test_no_escalation (void)
{
  static const struct
  {
    guint32 held;
    const char *given;
    const char *answer;
  } cases[] = {
    { 0x0A, "8", ADDED },        { 0x0A, "4294967295", NO_ADMIN },
    { 0x0A, "-1", NO_ADMIN },    { 0x0A, "24", DENIED },
    { 0x0A, "520", ADDED },      { 0x20A, "8", DENIED },
    { 0x20A, "520", ADDED },     { 0x08, "8", DENIED },
    { 0xFFFFFFFF, "-1", ADDED },
  };
  BowlineWebSocket *alice;

  begin ();
  alice = world_connect ("alice");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *account = g_strdup_printf (
          "{\"_id\":\"" ALICE "\",\"type\":\"user\",\"name\":\"Alice\",\"domain\":\"\",\"links\":{\"" MESH
          "\":{\"rights\":%u}}}",
          cases[i].held);
      g_autofree char *request = g_strdup_printf (
          "{\"action\":\"addmeshuser\",\"usernames\":[\"dana\"],\"meshadmin\":%s,\"meshid\":\"" MESH
          "\",\"responseid\":\"r\"}",
          cases[i].given);

      world_put (account);
      g_assert_cmpstr (ask_result (alice, request, "addmeshuser"), ==, cases[i].answer);
    }
  world_close (alice);
  world_end ();
}

static void
test_device_users (void)
{
  BowlineWebSocket *admin, *alice, *dana;
  g_autoptr (GPtrArray) silent = NULL, nodes = NULL, frames = NULL;
  g_autoptr (GVariant) listed = NULL, group = NULL, event = NULL;

  begin ();
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  g_assert_cmpstr (ask_result (admin,
                               "{\"action\":\"adddeviceuser\",\"nodeid\":\"" NODE_BARE
                               "\",\"usernames\":[\"dana\"],\"rights\":15,\"responseid\":\"r\"}",
                               "adddeviceuser"),
                   ==, "Invalid rights");
  frames = world_ask (admin, "{\"action\":\"adddeviceuser\",\"nodeid\":\"" NODE_BARE
                             "\",\"usernames\":[\"dana\"],\"rights\":8,\"responseid\":\"r\"}");
  g_assert_cmpstr (world_result (frames, "adddeviceuser"), ==, "ok");
  g_assert_nonnull (world_find (frames, "event:changenode"));
  event = bl_variant_get_object (world_find (frames, "event:accountchange"), "event");
  g_assert_cmpint (bl_variant_get_int (event, "msgid", 0), ==, 82);
  g_assert_cmpstr (bl_variant_get_string (event, "nodeListChange"), ==, "user//dana");
  g_assert_cmpuint (link_rights ("user//dana", NODE), ==, 8);
  silent = world_ask (alice, "{\"action\":\"adddeviceuser\",\"nodeid\":\"" NODE
                             "\",\"usernames\":[\"dana\"],\"rights\":8,\"responseid\":\"r\"}");
  g_assert_cmpuint (silent->len, ==, 0);
  dana = world_connect ("dana"); /* sees the one device of a group that is hidden from her */
  nodes = world_ask (dana, "{\"action\":\"nodes\"}");
  listed = bl_variant_get_object (nodes->pdata[0], "nodes");
  group = bl_variant_get_array (listed, MESH);
  g_assert_cmpuint (g_variant_n_children (group), ==, 1);
  g_assert_cmpstr (
      ask_result (admin,
                  "{\"action\":\"adddeviceuser\",\"nodeid\":\"" NODE
                  "\",\"userids\":[\"user//dana\"],\"rights\":0,\"remove\":true,\"responseid\":\"r\"}",
                  "adddeviceuser"),
      ==, "ok");
  g_assert_cmpuint (link_rights ("user//dana", NODE), ==, 0);
  world_close (admin);
  world_close (alice);
  world_close (dana);
  world_end ();
}

static void
test_users (void)
{
  BowlineWebSocket *manager, *alice;
  g_autoptr (GPtrArray) frames = NULL;
  g_autoptr (GVariant) list = NULL;

  begin ();
  manager = world_connect ("manager");
  alice = world_connect ("alice");
  frames = world_ask (manager, "{\"action\":\"users\",\"responseid\":\"meshctrl\"}");
  list = bl_variant_get_array (frames->pdata[0], "users");
  g_assert_cmpuint (g_variant_n_children (list), ==, 6);
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
      g_autoptr (GVariant) user = g_variant_get_variant (boxed);

      g_assert_false (bl_variant_has (user, "hash"));
    }
  g_assert_cmpstr (ask_result (alice, "{\"action\":\"users\",\"responseid\":\"r\"}", "users"), ==,
                   "Access denied");
  world_close (manager);
  world_close (alice);
  world_end ();
}

static void
test_add_user (void)
{
  BowlineWebSocket *manager, *alice;
  g_autoptr (GPtrArray) taken = NULL;

  begin ();
  manager = world_connect ("manager");
  alice = world_connect ("alice");
  g_assert_cmpstr (
      ask_result (manager,
                  "{\"action\":\"adduser\",\"username\":\"eve\",\"pass\":\"x\",\"responseid\":\"r\"}",
                  "adduser"),
      ==, "ok");
  taken = world_ask (manager,
                     "{\"action\":\"adduser\",\"username\":\"dana\",\"pass\":\"x\",\"responseid\":\"r\"}");
  g_assert_cmpstr (world_result (taken, "adduser"), ==, "User already exists");
  g_assert_cmpint (bl_variant_get_int (world_find (taken, "adduser"), "msgid", 0), ==, 7);
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"adduser\",\"username\":\"eve\",\"pass\":\"x\",\"siteadmin\":"
                               "4294967295,\"responseid\":\"r\"}",
                               "adduser"),
                   ==, "Invalid site permissions");
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"adduser\",\"username\":\"eve\",\"pass\":\"x\",\"siteadmin\":64,"
                               "\"responseid\":\"r\"}",
                               "adduser"),
                   ==, "ok");
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"adduser\",\"username\":\"eve\",\"pass\":\"x\",\"domain\":"
                               "\"other\",\"responseid\":\"r\"}",
                               "adduser"),
                   ==, "Invalid domain");
  g_assert_cmpstr (
      ask_result (manager, "{\"action\":\"adduser\",\"username\":\"eve\",\"responseid\":\"r\"}", "adduser"),
      ==, "Invalid password");
  g_assert_cmpstr (
      ask_result (alice, "{\"action\":\"adduser\",\"username\":\"eve\",\"pass\":\"x\",\"responseid\":\"r\"}",
                  "adduser"),
      ==, "Permission denied");
  world_close (manager);
  world_close (alice);
  world_end ();
}

static void
test_edit_user (void)
{
  BowlineWebSocket *manager, *admin;
  g_autoptr (GPtrArray) frames = NULL, same = NULL;
  g_autoptr (GVariant) event = NULL, account = NULL, kept = NULL;

  begin ();
  manager = world_connect ("manager");
  admin = world_connect ("admin");
  frames = world_ask (
      manager,
      "{\"action\":\"edituser\",\"userid\":\"dana\",\"realname\":\"Dana Doe\",\"responseid\":\"meshctrl\"}");
  event = bl_variant_get_object (world_find (frames, "event:accountchange"), "event");
  g_assert_cmpstr (bl_variant_get_string (event, "msg"), ==, "Account changed: Dana");
  account = bl_variant_get_object (event, "account");
  g_assert_cmpstr (bl_variant_get_string (account, "realname"), ==, "Dana Doe");
  g_assert_false (bl_variant_has (account, "hash"));
  g_assert_cmpstr (world_result (frames, "edituser"), ==, "ok");
  same = world_ask (manager, "{\"action\":\"edituser\",\"userid\":\"dana\",\"realname\":\"Dana Doe\","
                             "\"responseid\":\"meshctrl\"}");
  g_assert_cmpstr (world_result (same, "edituser"), ==, "ok");
  g_assert_null (world_find (same, "event:accountchange")); /* nothing changed */
  g_assert_cmpstr (
      ask_result (manager,
                  "{\"action\":\"edituser\",\"userid\":\"admin\",\"realname\":\"x\",\"responseid\":\"r\"}",
                  "edituser"),
      ==, "Permission denied");
  g_assert_cmpstr (
      ask_result (manager,
                  "{\"action\":\"edituser\",\"userid\":\"dana\",\"siteadmin\":-1,\"responseid\":\"r\"}",
                  "edituser"),
      ==, "Permission denied");
  g_assert_cmpstr (
      ask_result (manager, "{\"action\":\"edituser\",\"userid\":\"ghost\",\"responseid\":\"r\"}", "edituser"),
      ==, "User does not exists");
  g_assert_cmpstr (ask_result (manager, "{\"action\":\"edituser\",\"responseid\":\"r\"}", "edituser"), ==,
                   "Invalid userid");
  g_assert_cmpstr (ask_result (admin,
                               "{\"action\":\"edituser\",\"username\":\"Dana\",\"siteadmin\":2,\"realname\":"
                               "\"\",\"responseid\":\"r\"}",
                               "edituser"),
                   ==, "ok");
  g_assert_cmpstr (
      ask_result (admin,
                  "{\"action\":\"edituser\",\"userid\":\"admin\",\"siteadmin\":0,\"responseid\":\"r\"}",
                  "edituser"),
      ==, "ok");
  kept = bowline_directory_dup (world.host, "user//dana");
  g_assert_cmpint (bl_variant_get_int (kept, "siteadmin", 0), ==, 2);
  g_assert_false (bl_variant_has (kept, "realname"));
  g_clear_pointer (&kept, g_variant_unref);
  kept = bowline_directory_dup (world.host, ADMIN); /* one's own site rights never change */
  g_assert_cmpint (bl_variant_get_int (kept, "siteadmin", 0), ==, 4294967295);
  world_close (manager);
  world_close (admin);
  world_end ();
}

static void
test_delete_user (void)
{
  BowlineWebSocket *manager;

  begin ();
  manager = world_connect ("manager");
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"deleteuser\",\"userid\":\"dana\",\"responseid\":\"r\"}",
                               "deleteuser"),
                   ==, "ok");
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"deleteuser\",\"userid\":\"admin\",\"responseid\":\"r\"}",
                               "deleteuser"),
                   ==, "Permission denied");
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"deleteuser\",\"userid\":\"manager\",\"responseid\":\"r\"}",
                               "deleteuser"),
                   ==, "Permission denied");
  g_assert_cmpstr (ask_result (manager,
                               "{\"action\":\"deleteuser\",\"userid\":\"ghost\",\"responseid\":\"r\"}",
                               "deleteuser"),
                   ==, "User does not exists");
  world_close (manager);
  world_end ();
}

static void
test_user_groups (void)
{
  BowlineWebSocket *admin, *alice;
  g_autoptr (GPtrArray) none = NULL, all = NULL, names = NULL;
  g_autoptr (GVariant) groups = NULL, group = NULL, few = NULL, short_form = NULL;

  begin ();
  admin = world_connect ("admin");
  alice = world_connect ("alice");
  none = world_ask (admin, "{\"action\":\"usergroups\",\"responseid\":\"meshctrl\"}");
  groups = bl_variant_get_child (none->pdata[0], "ugroups");
  g_assert_true (bl_variant_is_null (groups));
  g_clear_pointer (&groups, g_variant_unref);
  world_put ("{\"_id\":\"ugrp//g\",\"type\":\"ugrp\",\"name\":\"Techs\",\"domain\":\"\",\"links\":{}}");
  all = world_ask (admin, "{\"action\":\"usergroups\"}");
  groups = bl_variant_get_object (all->pdata[0], "ugroups");
  group = bl_variant_get_object (groups, "ugrp//g");
  g_assert_true (bl_variant_has (group, "links"));
  names = world_ask (alice, "{\"action\":\"usergroups\"}");
  few = bl_variant_get_object (names->pdata[0], "ugroups");
  short_form = bl_variant_get_object (few, "ugrp//g");
  g_assert_cmpuint (g_variant_n_children (short_form), ==, 1);
  world_close (admin);
  world_close (alice);
  world_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/accounts/group-users", test_group_users);
  g_test_add_func ("/control/accounts/no-escalation", test_no_escalation);
  g_test_add_func ("/control/accounts/device-users", test_device_users);
  g_test_add_func ("/control/accounts/users", test_users);
  g_test_add_func ("/control/accounts/add", test_add_user);
  g_test_add_func ("/control/accounts/edit", test_edit_user);
  g_test_add_func ("/control/accounts/delete", test_delete_user);
  g_test_add_func ("/control/accounts/user-groups", test_user_groups);
  return g_test_run ();
}
