// SPDX-License-Identifier: Apache-2.0
/* Who holds rights on groups and devices. Follows control-channel 7.5 and 7.6 (addmeshuser, removemeshuser,
 * adddeviceuser) */
#include "bl-control-actions.h"
#include "bl-control-edit.h"
#include "common/bl-account.h"

#define MAX_HOLDERS 1000u
#define GROUP_ONLY_RIGHTS 0x7u
#define UNKNOWN_HOLDER "Unknown user"
#define NOTHING_DONE "Nothing done"

typedef struct
{
  char *object;
  GPtrArray *holders; /* of char *: what was changed */
  gboolean removed;
  char *result;
  gint64 success;
  gint64 failed;
} Grant;

static void
grant_free (gpointer data)
{
  Grant *grant = data;

  g_free (grant->object);
  g_ptr_array_unref (grant->holders);
  g_free (grant->result);
  g_free (grant);
}

static Grant *
grant_new (const char *object, gboolean removed)
{
  Grant *grant = g_new0 (Grant, 1);

  grant->object = g_strdup (object);
  grant->holders = g_ptr_array_new_with_free_func (g_free);
  grant->removed = removed;
  return grant;
}

/* Accounts and user groups that a request names, in its order. Names of nobody are passed over. */
static GPtrArray *
collect_holders (BlControl *control, GVariant *arguments, const char *domain)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) names = bl_variant_get_strv (arguments, "usernames");
  g_auto (GStrv) userids = bl_variant_get_strv (arguments, "userids");
  const char *single = bl_variant_get_string (arguments, "userid");

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *id = bl_account_id (domain, names[i]);

      if (bowline_directory_contains (control->host, id))
        g_ptr_array_add (ids, g_steal_pointer (&id));
    }
  for (guint i = 0; userids != NULL && userids[i] != NULL; i++)
    g_ptr_array_add (ids, g_strdup (userids[i]));
  if (single != NULL)
    g_ptr_array_add (ids, g_strdup (single));
  return ids;
}

static gboolean
is_same_domain (const char *a, const char *b)
{
  g_autofree char *first = bl_control_domain_of (a);
  g_autofree char *second = bl_control_domain_of (b);

  return g_str_equal (first, second);
}

/* Nobody hands out what he does not hold himself (K3). */
static gboolean
may_hand_out (BlControl *control, BowlinePrincipal *who, const char *object, guint32 rights)
{
  guint32 held = bowline_rights (control->host, who, object);

  if (held == BL_RIGHT_ALL)
    return TRUE;
  return rights != BL_RIGHT_ALL && (rights & ~BL_RIGHT_RESTRICTIONS & ~held) == 0
         && (held & BL_RIGHT_RESTRICTIONS & ~rights) == 0;
}

static void
emit_holder (BlControl *control, BowlinePrincipal *who, const char *holder)
{
  g_autoptr (GVariant) group = NULL;
  g_autoptr (GVariant) links = NULL;
  const char *arguments[2] = { NULL, NULL };
  GVariantDict event;

  if (g_str_has_prefix (holder, "user/"))
    {
      bl_control_event_account (control, who, holder, 78, "Device group membership changed: ");
      return;
    }
  group = bowline_directory_dup (control->host, holder);
  links = group != NULL ? bl_variant_get_object (group, "links") : NULL;
  if (links == NULL)
    return;
  arguments[0] = bl_variant_get_string (group, "name");
  bl_control_event_init (&event, control, who, "ugrp", "usergroupchange");
  g_variant_dict_insert (&event, "ugrpid", "s", holder);
  g_variant_dict_insert (&event, "name", "s", arguments[0] != NULL ? arguments[0] : "");
  g_variant_dict_insert_value (&event, "links", links);
  bl_control_event_message (&event, 79, arguments, g_strconcat ("User group changed: ", arguments[0], NULL));
  bl_control_event_emit (control, &event, holder, NULL);
}

static void
emit_group (
    BlControl *control, BowlinePrincipal *who, const char *mesh_id, const char *holder, gboolean removed)
{
  g_autoptr (GVariant) mesh = bowline_directory_dup (control->host, mesh_id);
  g_autofree char *found = bl_control_dup_name (control, holder);
  const char *group = bl_variant_get_string (mesh, "name");
  const char *arguments[] = { found != NULL ? found : "", group != NULL ? group : "", NULL };
  GVariantDict event;

  if (mesh == NULL)
    return;
  bl_control_event_mesh_init (&event, control, who, "meshchange", mesh);
  if (removed)
    bl_control_event_message (
        &event, 83, arguments,
        g_strdup_printf ("Removed user %s from device group %s", arguments[0], arguments[1]));
  else
    bl_control_event_message (
        &event, 0, NULL, g_strdup_printf ("Added user %s to device group %s", arguments[0], arguments[1]));
  bl_control_event_emit (control, &event, mesh_id, holder, NULL);
}

/* ---- addmeshuser
 * -------------------------------------------------------------------------------------------------- */

static void
emit_grant (BlControl *control, BowlinePrincipal *who, const Grant *grant)
{
  for (guint i = 0; i < grant->holders->len; i++)
    {
      emit_holder (control, who, grant->holders->pdata[i]);
      emit_group (control, who, grant->object, grant->holders->pdata[i], grant->removed);
    }
}

static void
answer_grant (BowlineActionCall *call, const Grant *grant)
{
  GVariantDict answer;

  if (!bowline_action_call_wants_answer (call))
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", grant->result);
  g_variant_dict_insert (&answer, "success", "x", grant->success);
  g_variant_dict_insert (&answer, "failed", "x", grant->failed);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_granted (BlControl *control, BowlineActionCall *call, gpointer data)
{
  emit_grant (control, bowline_action_call_get_principal (call), data);
  answer_grant (call, data);
}

static const char *
why_not_link (BlControl *control, BowlinePrincipal *who, const char *holder)
{
  const char *self = bowline_principal_get_user_id (who);

  if (!is_same_domain (holder, self))
    return "Mismatch domains";
  if (g_str_equal (holder, self))
    return "Can't change self";
  if (!bowline_directory_contains (control->host, holder))
    return UNKNOWN_HOLDER;
  return NULL;
}

static void
add_message (GString *messages, const char *text)
{
  if (messages->len > 0)
    g_string_append (messages, ", ");
  g_string_append (messages, text);
}

/* Puts the links of all holders into @edit and what is to be said about each into the grant. */
static void
link_holders (BlControlEdit *edit,
              BowlinePrincipal *who,
              GPtrArray *holders,
              const char *mesh_id,
              guint32 rights,
              Grant *grant)
{
  g_autoptr (GString) messages = g_string_new (NULL);

  for (guint i = 0; i < holders->len && i < MAX_HOLDERS; i++)
    {
      const char *holder = holders->pdata[i];
      const char *name = strrchr (holder, '/') + 1;
      const char *problem = why_not_link (edit->control, who, holder);
      g_autofree char *text = NULL;

      if (problem == NULL)
        {
          bl_control_edit_link (edit, holder, mesh_id, rights);
          g_ptr_array_add (grant->holders, g_strdup (holder));
          text = g_strdup_printf ("%s user %s", grant->removed ? "Removed" : "Added", name);
        }
      else if (g_str_equal (problem, UNKNOWN_HOLDER))
        {
          text = g_strdup_printf ("%s %s", problem, name);
          grant->failed++;
        }
      add_message (messages, text != NULL ? text : problem);
    }
  grant->success = grant->holders->len;
  if (grant->success == 0 && grant->failed == 0)
    add_message (messages, NOTHING_DONE);
  grant->result = g_strdup (messages->str);
}

/* Rights that the caller may not give away: MeshCentral's words where it refuses too. */
static const char *
why_not_rights (guint32 rights)
{
  return rights == BL_RIGHT_ALL ? "Can't set device group administrator, if not administrator, " NOTHING_DONE
                                : "Permission denied";
}

static void
run_add_group_user (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  gboolean removes = bl_variant_get_bool (arguments, "remove", FALSE);
  guint32 rights = removes ? 0 : bl_rights_from_json (bl_variant_get_int (arguments, "meshadmin", 0));
  g_autofree char *mesh_id = bl_control_call_group_or (control, call, "meshname", BL_RIGHT_MANAGE_USERS,
                                                       "Permission denied", "Invalid groupid");
  g_autofree char *domain = bl_control_domain_of (bowline_principal_get_user_id (who));
  g_autoptr (GPtrArray) holders = NULL;
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Grant *grant;

  if (mesh_id == NULL)
    return;
  if (!may_hand_out (control, who, mesh_id, rights))
    {
      bowline_action_call_result (call, why_not_rights (rights));
      return;
    }
  holders = collect_holders (control, arguments, domain);
  grant = grant_new (mesh_id, removes);
  bl_control_edit_init (&edit, control);
  link_holders (&edit, who, holders, mesh_id, rights, grant);
  if (grant->success == 0)
    {
      answer_grant (call, grant);
      grant_free (grant);
      return;
    }
  bl_control_edit_finish (&edit, &change);
  bl_control_commit (control, &change, call, on_granted, grant, grant_free);
}

/* ---- removemeshuser
 * ----------------------------------------------------------------------------------------------- */

static void
on_revoked (BlControl *control, BowlineActionCall *call, gpointer data)
{
  emit_grant (control, bowline_action_call_get_principal (call), data);
  bowline_action_call_result (call, "ok");
}

static gboolean
is_member (BlControl *control, const char *mesh_id, const char *holder)
{
  g_autoptr (GVariant) mesh = bowline_directory_dup (control->host, mesh_id);
  g_autoptr (GVariant) link = mesh != NULL ? bl_control_dup_link (mesh, holder) : NULL;

  return link != NULL;
}

static void
run_remove_group_user (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *holder = bl_variant_get_string (arguments, "userid");
  g_autofree char *mesh_id
      = bl_control_call_group (control, call, "meshname", BL_RIGHT_MANAGE_USERS, "Permission denied");
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Grant *grant;

  if (mesh_id == NULL)
    return;
  if (g_str_equal (holder, bowline_principal_get_user_id (who)))
    {
      bowline_action_call_result (call, "Can't remove self");
      return;
    }
  if (!is_member (control, mesh_id, holder))
    {
      bowline_action_call_result (call, "User not in group");
      return;
    }
  grant = grant_new (mesh_id, TRUE);
  g_ptr_array_add (grant->holders, g_strdup (holder));
  bl_control_edit_init (&edit, control);
  bl_control_edit_link (&edit, holder, mesh_id, 0);
  bl_control_edit_finish (&edit, &change);
  bl_control_commit (control, &change, call, on_revoked, grant, grant_free);
}

/* ---- adddeviceuser
 * ------------------------------------------------------------------------------------------------ */

/* An account sees other devices from now on. */
static void
emit_devices_of (BlControl *control, BowlinePrincipal *who, const char *user_id, gboolean removed)
{
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, user_id);
  const char *name = bl_variant_get_string (account, "name");
  const char *arguments[] = { name != NULL ? name : "", NULL };
  g_autoptr (GVariant) public_form = NULL;
  GVariantDict event;

  if (account == NULL || bl_control_event_is_told (control, who, account, removed ? 81 : 82))
    return;
  public_form = bl_account_public (account);
  bl_control_event_init (&event, control, who, "user", "accountchange");
  g_variant_dict_insert_value (&event, "account", public_form);
  g_variant_dict_insert (&event, "nodeListChange", "s", user_id);
  bl_control_event_message (
      &event, removed ? 81 : 82, arguments,
      g_strdup_printf ("%s user device rights for %s", removed ? "Removed" : "Changed", arguments[0]));
  bl_control_event_emit (control, &event, "server-users", user_id, NULL);
}

static void
on_device_linked (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Grant *grant = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *name = bl_control_dup_name (control, grant->object);
  const char *arguments[] = { name != NULL ? name : "", NULL };

  for (guint i = 0; i < grant->holders->len; i++)
    {
      if (g_str_has_prefix (grant->holders->pdata[i], "user/"))
        emit_devices_of (control, who, grant->holders->pdata[i], grant->removed);
      else
        emit_holder (control, who, grant->holders->pdata[i]);
    }
  bl_control_event_node (
      control, who, grant->object, grant->removed ? 81 : 82, arguments,
      g_strdup_printf ("%s user device rights for %s", grant->removed ? "Removed" : "Changed", arguments[0]));
  bowline_action_call_result (call, "ok");
}

static void
run_add_device_user (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  gboolean removes = bl_variant_get_bool (arguments, "remove", FALSE);
  guint32 rights = removes ? 0 : bl_rights_from_json (bl_variant_get_int (arguments, "rights", 0));
  g_autofree char *domain = bl_control_domain_of (bowline_principal_get_user_id (who));
  g_autoptr (GPtrArray) holders = NULL;
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Grant *grant;

  if (rights == BL_RIGHT_ALL || (rights & GROUP_ONLY_RIGHTS) != 0)
    {
      bowline_action_call_result (call, "Invalid rights");
      return;
    }
  if (!may_hand_out (control, who, node_id, rights))
    {
      bowline_action_call_result (call, "Permission denied");
      return;
    }
  holders = collect_holders (control, arguments, domain);
  grant = grant_new (node_id, removes);
  bl_control_edit_init (&edit, control);
  for (guint i = 0; i < holders->len && i < MAX_HOLDERS; i++)
    {
      if (why_not_link (control, who, holders->pdata[i]) != NULL)
        continue;
      bl_control_edit_link (&edit, holders->pdata[i], node_id, rights);
      g_ptr_array_add (grant->holders, g_strdup (holders->pdata[i]));
    }
  if (grant->holders->len == 0)
    {
      grant_free (grant);
      bowline_action_call_result (call, "ok");
      return;
    }
  bl_control_edit_finish (&edit, &change);
  bl_control_commit (control, &change, call, on_device_linked, grant, grant_free);
}

#define HOLDER_LISTS                                                                                         \
  { .name = "usernames",                                                                                     \
    .type = BOWLINE_ARGUMENT_STRING,                                                                         \
    .flags = BOWLINE_ARGUMENT_LIST | BOWLINE_ARGUMENT_NULLABLE,                                              \
    .min = 1,                                                                                                \
    .max = 256,                                                                                              \
    .list_max = MAX_HOLDERS },                                                                               \
      { .name = "userids",                                                                                   \
        .type = BOWLINE_ARGUMENT_ID,                                                                         \
        .detail = "user|ugrp",                                                                               \
        .flags = BOWLINE_ARGUMENT_LIST | BOWLINE_ARGUMENT_NULLABLE,                                          \
        .list_max = MAX_HOLDERS },                                                                           \
      { .name = "userid",                                                                                    \
        .type = BOWLINE_ARGUMENT_ID,                                                                         \
        .detail = "user|ugrp",                                                                               \
        .flags = BOWLINE_ARGUMENT_NULLABLE },                                                                \
  {                                                                                                          \
    .name = "remove", .type = BOWLINE_ARGUMENT_BOOLEAN                                                       \
  }

const BowlineAction *
bl_control_link_actions (guint *n)
{
  static const BowlineArgument add[] = {
    { .name = "meshid", .type = BOWLINE_ARGUMENT_ID, .detail = "mesh", .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_TEXT ("meshname", 128),
    BL_CONTROL_NUMBER ("meshadmin", -1, G_MAXUINT32),
    HOLDER_LISTS,
  };
  static const BowlineArgument remove[] = {
    { .name = "meshid", .type = BOWLINE_ARGUMENT_ID, .detail = "mesh", .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_TEXT ("meshname", 128),
    { .name = "userid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "user|ugrp",
      .flags = BOWLINE_ARGUMENT_REQUIRED },
  };
  static const BowlineArgument device[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
    BL_CONTROL_NUMBER ("rights", -1, G_MAXUINT32),
    HOLDER_LISTS,
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("addmeshuser", BOWLINE_ACTION_CHANGES, "Gives accounts rights on a device group",
                      run_add_group_user),
      BL_CONTROL_ARGUMENTS (add), .object = "meshid", .object_rights = BL_RIGHT_MANAGE_USERS,
      .denied = "Permission denied" },
    { BL_CONTROL_ROW ("removemeshuser", BOWLINE_ACTION_CHANGES,
                      "Takes an account's rights on a device group away", run_remove_group_user),
      BL_CONTROL_ARGUMENTS (remove), .object = "meshid", .object_rights = BL_RIGHT_MANAGE_USERS,
      .denied = "Permission denied" },
    { BL_CONTROL_ROW ("adddeviceuser", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_SILENT,
                      "Gives accounts rights on a device", run_add_device_user),
      BL_CONTROL_ARGUMENTS (device), .object = "nodeid", .object_rights = BL_RIGHT_MANAGE_USERS },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
