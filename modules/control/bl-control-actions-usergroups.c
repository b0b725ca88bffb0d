// SPDX-License-Identifier: Apache-2.0
/* User groups: made, changed, removed; who belongs to them. Follows control-channel 7.4. Who may manage user
 * groups hands out what the groups hold: that is what the site right is for. */
#include "bl-control-actions.h"
#include "bl-control-edit.h"
#include "common/bl-account.h"
#include "common/bl-ids.h"

#define MAX_MEMBERS 1000u
#define MEMBER_RIGHTS 1

/* What a change touched, for the events after it is kept. */
typedef struct
{
  char *group_id;
  GVariant *group;     /* (nullable): as it was, when it is gone */
  GPtrArray *accounts; /* of char *: ids */
  GPtrArray *objects;  /* of char *: groups and devices */
  char *message;       /* (nullable): of a changed group */
  gint64 failed;
} Touch;

static void
touch_free (gpointer data)
{
  Touch *touch = data;

  g_free (touch->group_id);
  g_clear_pointer (&touch->group, g_variant_unref);
  g_ptr_array_unref (touch->accounts);
  g_ptr_array_unref (touch->objects);
  g_free (touch->message);
  g_free (touch);
}

static Touch *
touch_new (const char *group_id)
{
  Touch *touch = g_new0 (Touch, 1);

  touch->group_id = g_strdup (group_id);
  touch->accounts = g_ptr_array_new_with_free_func (g_free);
  touch->objects = g_ptr_array_new_with_free_func (g_free);
  return touch;
}

/* ---- membership, on both sides
 * ------------------------------------------------------------------------------------ */

static GVariant *
member_link (BlControl *control, const char *user_id)
{
  g_autofree char *name = bl_control_dup_name (control, user_id);
  GVariantDict link;

  g_variant_dict_init (&link, NULL);
  g_variant_dict_insert (&link, "userid", "s", user_id);
  g_variant_dict_insert (&link, "name", "s", name != NULL ? name : "");
  g_variant_dict_insert (&link, "rights", "x", (gint64)MEMBER_RIGHTS);
  return g_variant_dict_end (&link);
}

static GVariant *
account_link (void)
{
  GVariantDict link;

  g_variant_dict_init (&link, NULL);
  g_variant_dict_insert (&link, "rights", "x", (gint64)MEMBER_RIGHTS);
  return g_variant_dict_end (&link);
}

static void
set_member (BlControlEdit *edit, const char *group_id, const char *user_id, gboolean member)
{
  g_autoptr (GVariant) account = bl_control_edit_dup (edit, user_id);
  g_autoptr (GVariant) group = bl_control_edit_dup (edit, group_id);

  if (account != NULL)
    bl_control_edit_put (edit, user_id,
                         bl_control_set_link (account, group_id, member ? account_link () : NULL));
  if (group != NULL)
    bl_control_edit_put (
        edit, group_id,
        bl_control_set_link (group, user_id, member ? member_link (edit->control, user_id) : NULL));
}

/* A directory service or sign-on keeps such a group: people do not. */
static gboolean
is_kept_elsewhere (GVariant *group)
{
  return bl_variant_has (group, "membershipType");
}

/* ---- events
 * ------------------------------------------------------------------------------------------------------- */

static void
init_group_event (
    GVariantDict *event, BlControl *control, BowlinePrincipal *who, const char *action, const char *group_id)
{
  static const char *const members[] = { "name", "desc", "consent", "flags", "links" };
  g_autoptr (GVariant) group = bowline_directory_dup (control->host, group_id);

  bl_control_event_init (event, control, who, "ugrp", action);
  g_variant_dict_insert (event, "ugrpid", "s", group_id);
  for (guint i = 0; group != NULL && i < G_N_ELEMENTS (members); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (group, members[i]);

      if (value != NULL)
        g_variant_dict_insert_value (event, members[i], value);
    }
}

static void
emit_members (BlControl *control, BowlinePrincipal *who, const Touch *touch)
{
  for (guint i = 0; i < touch->accounts->len; i++)
    bl_control_event_account (control, who, touch->accounts->pdata[i], 67, "User group membership changed: ");
}

static void
emit_objects (BlControl *control, BowlinePrincipal *who, const Touch *touch, const char *group_name)
{
  for (guint i = 0; i < touch->objects->len; i++)
    {
      const char *id = touch->objects->pdata[i];
      g_autoptr (GVariant) object = bowline_directory_dup (control->host, id);
      const char *name = bl_variant_get_string (object, "name");
      const char *arguments[] = { group_name, name != NULL ? name : "", NULL };
      GVariantDict event;

      if (object == NULL)
        continue;
      if (g_str_has_prefix (id, "node/"))
        {
          bl_control_event_node (control, who, id, 82, arguments + 1,
                                 g_strconcat ("Changed user device rights for ", arguments[1], NULL));
          continue;
        }
      bl_control_event_mesh_init (&event, control, who, "meshchange", object);
      if (touch->group != NULL)
        bl_control_event_message (
            &event, 70, arguments,
            g_strdup_printf ("Removed user group %s from device group %s", group_name, arguments[1]));
      else
        bl_control_event_message (
            &event, 0, NULL,
            g_strdup_printf ("Added user group %s to device group %s", group_name, arguments[1]));
      bl_control_event_emit (control, &event, id, NULL);
    }
}

/* ---- createusergroup
 * ---------------------------------------------------------------------------------------------- */

static void
answer_group (BowlineActionCall *call, BlControl *control, const char *group_id)
{
  g_autoptr (GVariant) group = bowline_directory_dup (control->host, group_id);
  g_autoptr (GVariant) links = group != NULL ? bl_variant_get_object (group, "links") : NULL;
  GVariantDict answer;

  if (!bowline_action_call_wants_answer (call))
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  g_variant_dict_insert (&answer, "ugrpid", "s", group_id);
  if (links != NULL)
    g_variant_dict_insert_value (&answer, "links", links);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_created (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Touch *touch = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *name = bl_control_dup_name (control, touch->group_id);
  g_autofree char *domain = bl_control_domain_of (touch->group_id);
  const char *arguments[] = { name != NULL ? name : "", NULL };
  GVariantDict event;

  init_group_event (&event, control, who, "createusergroup", touch->group_id);
  g_variant_dict_insert (&event, "ugrpdomain", "s", domain);
  bl_control_event_message (&event, 69, arguments, g_strconcat ("User group created: ", arguments[0], NULL));
  bl_control_event_emit (control, &event, touch->group_id, bowline_principal_get_user_id (who), NULL);
  emit_members (control, who, touch);
  emit_objects (control, who, touch, arguments[0]);
  answer_group (call, control, touch->group_id);
}

/* Members, device groups and devices of @source also become those of the new group. */
static void
clone_links (BlControlEdit *edit, Touch *touch, GVariant *source)
{
  g_autoptr (GVariant) links = bl_variant_get_object (source, "links");
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (links == NULL)
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_autoptr (GVariant) link = g_steal_pointer (&value);
      guint32 rights = bl_rights_from_json (bl_variant_get_int (link, "rights", 0));

      if (!bowline_directory_contains (edit->control->host, id) || rights == 0)
        continue;
      if (g_str_has_prefix (id, "user/"))
        {
          set_member (edit, touch->group_id, id, TRUE);
          g_ptr_array_add (touch->accounts, g_strdup (id));
          continue;
        }
      bl_control_edit_link (edit, touch->group_id, id, rights);
      g_ptr_array_add (touch->objects, g_strdup (id));
    }
}

static GVariant *
new_group (const char *id, GVariant *arguments)
{
  const char *description = bl_variant_get_string (arguments, "desc");
  g_autofree char *domain = bl_control_domain_of (id);
  GVariantDict group;

  g_variant_dict_init (&group, NULL);
  g_variant_dict_insert (&group, "type", "s", "ugrp");
  g_variant_dict_insert (&group, "_id", "s", id);
  g_variant_dict_insert (&group, "name", "s", bl_variant_get_string (arguments, "name"));
  if (description != NULL)
    g_variant_dict_insert (&group, "desc", "s", description);
  g_variant_dict_insert (&group, "domain", "s", domain);
  g_variant_dict_insert_value (&group, "links", g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  return g_variant_ref_sink (g_variant_dict_end (&group));
}

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *own = bl_control_domain_of (bowline_principal_get_user_id (who));
  const char *clone = bl_variant_get_string (arguments, "clone");
  const char *domain = bl_variant_get_string (arguments, "domain");
  g_autoptr (GVariant) source = clone != NULL ? bowline_directory_dup (control->host, clone) : NULL;
  g_autofree char *id = bl_id_random (BL_ID_UGRP, own);
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Touch *touch;

  if (domain != NULL && !g_str_equal (domain, own))
    {
      bowline_action_call_result (call, "Invalid domain");
      return;
    }
  if (clone != NULL && (source == NULL || bowline_rights (control->host, who, clone) != BL_RIGHT_ALL))
    {
      bowline_action_call_result (call, "Invalid clone groupid");
      return;
    }
  touch = touch_new (id);
  bl_control_edit_init (&edit, control);
  bl_control_edit_put (&edit, id, new_group (id, arguments));
  if (source != NULL)
    clone_links (&edit, touch, source);
  bl_control_edit_finish (&edit, &change);
  bl_control_commit (control, &change, call, on_created, touch, touch_free);
}

/* ---- deleteusergroup
 * ---------------------------------------------------------------------------------------------- */

static void
on_deleted (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Touch *touch = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *name = bl_variant_get_string (touch->group, "name");
  GVariantDict event, answer;

  emit_members (control, who, touch);
  emit_objects (control, who, touch, name != NULL ? name : "");
  bl_control_event_init (&event, control, who, "ugrp", "deleteusergroup");
  g_variant_dict_insert (&event, "ugrpid", "s", touch->group_id);
  g_variant_dict_insert (&event, "msg", "x", (gint64)0); /* a number here, as clients know it */
  bl_control_event_emit (control, &event, touch->group_id, bowline_principal_get_user_id (who), NULL);
  if (!bowline_action_call_wants_answer (call))
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  g_variant_dict_insert (&answer, "ugrpid", "s", touch->group_id);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* Drops the group from every document it is linked with. Returns: how many members it had */
static guint
unlink_all (BlControlEdit *edit, Touch *touch)
{
  g_autoptr (GVariant) links = bl_variant_get_object (touch->group, "links");
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (links == NULL)
    return 0;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_autoptr (GVariant) document = bl_control_edit_dup (edit, id);

      g_variant_unref (value);
      if (document == NULL)
        continue;
      bl_control_edit_put (edit, id, bl_control_set_link (document, touch->group_id, NULL));
      g_ptr_array_add (g_str_has_prefix (id, "user/") ? touch->accounts : touch->objects, g_strdup (id));
    }
  return touch->accounts->len;
}

static void
run_delete (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *id = bl_variant_get_string (bowline_action_call_get_arguments (call), "ugrpid");
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Touch *touch = touch_new (id);

  touch->group = bowline_directory_dup (control->host, id);
  bl_control_edit_init (&edit, control);
  if (unlink_all (&edit, touch) > 0 && is_kept_elsewhere (touch->group))
    {
      touch_free (touch);
      bowline_action_call_result (call, "The members of this user group are managed elsewhere");
      return;
    }
  bl_control_edit_finish (&edit, &change);
  bl_control_change_delete (&change, "", id);
  bl_control_commit (control, &change, call, on_deleted, touch, touch_free);
}

/* ---- editusergroup
 * ------------------------------------------------------------------------------------------------ */

static void
on_edited (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Touch *touch = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  GVariantDict event;

  init_group_event (&event, control, who, "usergroupchange", touch->group_id);
  bl_control_event_message (&event, 0, NULL, g_strdup (touch->message));
  bl_control_event_emit (control, &event, touch->group_id, bowline_principal_get_user_id (who), NULL);
}

static void
replace (GVariant **document, GVariant *changed)
{
  g_variant_unref (*document);
  *document = changed;
}

/* What differs is put into @group and named in @words. */
static void
take_changes (GVariant **group, GVariant *arguments, GString *words)
{
  static const char *const texts[] = { "name", "desc" };
  static const char *const numbers[] = { "consent", "flags" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *text = bl_variant_get_string (arguments, texts[i]);

      if (text == NULL || g_strcmp0 (text, bl_variant_get_string (*group, texts[i])) == 0
          || (i == 0 && (*text == '\0' || is_kept_elsewhere (*group))))
        continue;
      replace (group, bl_doc_set_string (*group, texts[i], text));
      g_string_append_printf (words, "%s%s", words->len > 0 ? ", " : "", i == 0 ? "name" : "description");
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      gint64 number = bl_variant_get_int (arguments, numbers[i], -1);

      if (number < 0 || number == bl_variant_get_int (*group, numbers[i], 0))
        continue;
      replace (group, number == 0 ? bl_doc_remove (*group, numbers[i])
                                  : bl_doc_set_int (*group, numbers[i], number));
      g_string_append_printf (words, "%s%s", words->len > 0 ? ", " : "", i == 0 ? "consent" : "features");
    }
}

static void
run_edit (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *id = bl_variant_get_string (arguments, "ugrpid");
  GVariant *group = bowline_directory_dup (control->host, id);
  g_autoptr (GString) words = g_string_new (NULL);
  BlControlChange change;
  Touch *touch;

  take_changes (&group, arguments, words);
  if (words->len == 0)
    {
      g_variant_unref (group);
      return;
    }
  touch = touch_new (id);
  touch->message
      = g_strdup_printf ("User group %s changed: %s", bl_variant_get_string (group, "name"), words->str);
  bl_control_change_init (&change);
  bl_control_change_put (&change, group);
  bl_control_commit (control, &change, call, on_edited, touch, touch_free);
}

/* ---- addusertousergroup, removeuserfromusergroup
 * ------------------------------------------------------------------ */

static void
answer_added (BowlineActionCall *call, const Touch *touch)
{
  GVariantDict answer;

  if (!bowline_action_call_wants_answer (call))
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  g_variant_dict_insert (&answer, "added", "x", (gint64)touch->accounts->len);
  g_variant_dict_insert (&answer, "failed", "x", touch->failed);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
on_added (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Touch *touch = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *group = bl_control_dup_name (control, touch->group_id);
  g_autofree char *domain = bl_control_domain_of (touch->group_id);
  g_autoptr (GString) joined = g_string_new (NULL);
  GVariantBuilder names, arguments;
  GVariantDict event;

  emit_members (control, who, touch);
  g_variant_builder_init (&names, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < touch->accounts->len; i++)
    {
      g_autofree char *name = bl_control_dup_name (control, touch->accounts->pdata[i]);

      g_variant_builder_add (&names, "v", g_variant_new_string (name != NULL ? name : ""));
      g_string_append_printf (joined, "%s%s", i > 0 ? "," : "", name != NULL ? name : "");
    }
  g_variant_builder_init (&arguments, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&arguments, "v", g_variant_builder_end (&names));
  g_variant_builder_add (&arguments, "v", g_variant_new_string (group != NULL ? group : ""));
  init_group_event (&event, control, who, "usergroupchange", touch->group_id);
  g_variant_dict_insert (&event, "msgid", "x", (gint64)71);
  g_variant_dict_insert_value (&event, "msgArgs", g_variant_builder_end (&arguments));
  g_variant_dict_insert (&event, "addUserDomain", "s", domain);
  bl_control_event_message (
      &event, 0, NULL,
      g_strdup_printf ("Added user(s) %s to user group %s", joined->str, group != NULL ? group : ""));
  bl_control_event_emit (control, &event, touch->group_id, bowline_principal_get_user_id (who), NULL);
  answer_added (call, touch);
}

static void
run_add_members (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *id = bl_variant_get_string (arguments, "ugrpid");
  g_auto (GStrv) names = bl_variant_get_strv (arguments, "usernames");
  g_autoptr (GVariant) group = bowline_directory_dup (control->host, id);
  g_autofree char *domain = bl_control_domain_of (id);
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Touch *touch;

  if (is_kept_elsewhere (group))
    {
      bowline_action_call_result (call, "The members of this user group are managed elsewhere");
      return;
    }
  touch = touch_new (id);
  bl_control_edit_init (&edit, control);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *user_id = bl_account_id (domain, names[i]);

      if (!bowline_directory_contains (control->host, user_id))
        {
          touch->failed++;
          continue;
        }
      set_member (&edit, id, user_id, TRUE);
      g_ptr_array_add (touch->accounts, g_steal_pointer (&user_id));
    }
  if (touch->accounts->len == 0)
    {
      answer_added (call, touch);
      touch_free (touch);
      return;
    }
  bl_control_edit_finish (&edit, &change);
  bl_control_commit (control, &change, call, on_added, touch, touch_free);
}

static void
on_removed (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Touch *touch = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *name = bl_control_dup_name (control, touch->accounts->pdata[0]);
  g_autofree char *group = bl_control_dup_name (control, touch->group_id);
  const char *arguments[] = { name != NULL ? name : "", group != NULL ? group : "", NULL };
  GVariantDict event;

  emit_members (control, who, touch);
  init_group_event (&event, control, who, "usergroupchange", touch->group_id);
  bl_control_event_message (
      &event, 72, arguments,
      g_strdup_printf ("Removed user %s from user group %s", arguments[0], arguments[1]));
  /* The one who has left no longer watches the group, and is told once more. */
  bl_control_event_emit (control, &event, touch->group_id, bowline_principal_get_user_id (who),
                         touch->accounts->pdata[0], NULL);
  bowline_action_call_result (call, "ok");
}

static void
run_remove_member (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *id = bl_variant_get_string (arguments, "ugrpid");
  const char *user_id = bl_variant_get_string (arguments, "userid");
  g_autoptr (GVariant) group = bowline_directory_dup (control->host, id);
  g_autoptr (GVariant) link = bl_control_dup_link (group, user_id);
  g_auto (BlControlEdit) edit = { 0 };
  BlControlChange change;
  Touch *touch;

  if (is_kept_elsewhere (group) || link == NULL)
    {
      bowline_action_call_result (
          call, link == NULL ? "User not in group" : "The members of this user group are managed elsewhere");
      return;
    }
  touch = touch_new (id);
  g_ptr_array_add (touch->accounts, g_strdup (user_id));
  bl_control_edit_init (&edit, control);
  set_member (&edit, id, user_id, FALSE);
  bl_control_edit_finish (&edit, &change);
  bl_control_commit (control, &change, call, on_removed, touch, touch_free);
}

/* ---- the rows
 * ----------------------------------------------------------------------------------------------------- */

#define GROUP_ID(text)                                                                                       \
  {                                                                                                          \
    .name = "ugrpid", .type = BOWLINE_ARGUMENT_ID, .detail = "ugrp", .flags = BOWLINE_ARGUMENT_REQUIRED,     \
    .problem = (text)                                                                                        \
  }
#define GROUP_DESCRIPTION                                                                                    \
  {                                                                                                          \
    .name = "desc", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_NULLABLE, .max = 1024,        \
    .problem = "Invalid group description"                                                                   \
  }

const BowlineAction *
bl_control_user_group_actions (guint *n)
{
  static const BowlineArgument create[] = {
    { .name = "name",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 64,
      .problem = "Invalid group name" },
    GROUP_DESCRIPTION,
    { .name = "clone",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "ugrp",
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .problem = "Invalid clone groupid" },
    BL_CONTROL_TEXT ("domain", 64),
  };
  static const BowlineArgument edit[] = {
    GROUP_ID (NULL),
    BL_CONTROL_TEXT ("name", 64),
    GROUP_DESCRIPTION,
    BL_CONTROL_NUMBER ("consent", 0, BL_CONSENT_ALL),
    BL_CONTROL_NUMBER ("flags", 0, 0xFFFF),
  };
  static const BowlineArgument delete[] = { GROUP_ID ("Invalid group id") };
  static const BowlineArgument add[] = {
    GROUP_ID ("Invalid groupid"),
    { .name = "usernames",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_LIST,
      .min = 1,
      .max = 128,
      .list_max = MAX_MEMBERS,
      .problem = "Invalid usernames" },
  };
  static const BowlineArgument remove[] = {
    GROUP_ID ("Invalid groupid"),
    { .name = "userid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "user",
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .problem = "Invalid userid" },
  };
#define GUARD(text)                                                                                          \
  .object = "ugrpid", .object_rights = BL_RIGHT_ALL, .site_rights = BL_SITE_USER_GROUPS, .denied = (text)
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("createusergroup", BOWLINE_ACTION_CHANGES, "Makes a user group", run_create),
      BL_CONTROL_ARGUMENTS (create), .site_rights = BL_SITE_USER_GROUPS, .denied = "Permission denied" },
    { BL_CONTROL_ROW ("deleteusergroup", BOWLINE_ACTION_CHANGES, "Removes a user group", run_delete),
      BL_CONTROL_ARGUMENTS (delete), GUARD ("Permission denied") },
    { BL_CONTROL_ROW ("editusergroup", BOWLINE_ACTION_CHANGES | BOWLINE_ACTION_SILENT, "Changes a user group",
                      run_edit),
      BL_CONTROL_ARGUMENTS (edit), GUARD (NULL) },
    { BL_CONTROL_ROW ("addusertousergroup", BOWLINE_ACTION_CHANGES, "Adds accounts to a user group",
                      run_add_members),
      BL_CONTROL_ARGUMENTS (add), GUARD ("Permission denied") },
    { BL_CONTROL_ROW ("removeuserfromusergroup", BOWLINE_ACTION_CHANGES,
                      "Takes an account out of a user group", run_remove_member),
      BL_CONTROL_ARGUMENTS (remove), GUARD ("Permission denied") },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
