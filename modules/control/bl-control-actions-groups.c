// SPDX-License-Identifier: Apache-2.0
/* Device groups: make, edit, delete. Follows control-channel 7.5 and 9 */
#include "bl-control-actions.h"
#include "common/bl-ids.h"

#include <string.h>

#define MAX_DESCRIPTION 1024
#define MAX_INVITE_CODES 32u
#define CHANGE_EXPIRY 5
#define NO_GROUP "Invalid group identifier"

/* ---- create
 * ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *mesh_id;
  GPtrArray *owners; /* of char * */
} Created;

static void
created_free (gpointer data)
{
  Created *created = data;

  g_free (created->mesh_id);
  g_ptr_array_unref (created->owners);
  g_free (created);
}

static void
emit_created (BlControl *control, BowlinePrincipal *who, GVariant *mesh, const Created *created)
{
  g_autoptr (GVariant) form = bl_control_mesh_public (mesh);
  const char *arguments[] = { bl_variant_get_string (mesh, "name"), NULL };
  GVariantDict event;

  for (guint i = 0; i < created->owners->len; i++)
    bl_control_event_account (control, who, created->owners->pdata[i], 0, NULL);
  bl_control_event_init (&event, control, who, "mesh", "createmesh");
  g_variant_dict_insert (&event, "meshid", "s", created->mesh_id);
  g_variant_dict_insert (&event, "mtype", "x", bl_variant_get_int (mesh, "mtype", 0));
  g_variant_dict_insert_value (&event, "mesh", form);
  bl_control_event_message (&event, 76, arguments,
                            g_strconcat ("Device group created: ", arguments[0], NULL));
  bl_control_event_emit (control, &event, created->mesh_id, NULL);
}

static void
on_created (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Created *created = data;
  g_autoptr (GVariant) mesh = bowline_directory_dup (control->host, created->mesh_id);
  g_autoptr (GVariant) links = bl_variant_get_object (mesh, "links");
  GVariantDict answer;

  if (mesh == NULL)
    return;
  emit_created (control, bowline_action_call_get_principal (call), mesh, created);
  if (!bowline_action_call_wants_answer (call))
    return;
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  g_variant_dict_insert (&answer, "meshid", "s", created->mesh_id);
  if (links != NULL)
    g_variant_dict_insert_value (&answer, "links", links);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static GVariant *
new_group_document (BlControl *control, BowlinePrincipal *who, const BlControlNewGroup *group, const char *id)
{
  const char *user_id = bowline_principal_get_user_id (who);
  g_autofree char *creator = bl_control_dup_name (control, user_id);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "type", "s", "mesh");
  g_variant_dict_insert (&dict, "_id", "s", id);
  g_variant_dict_insert (&dict, "name", "s", group->name);
  g_variant_dict_insert (&dict, "mtype", "x", group->type);
  if (group->description != NULL)
    g_variant_dict_insert (&dict, "desc", "s", group->description);
  g_variant_dict_insert (&dict, "domain", "s", group->domain);
  g_variant_dict_insert (&dict, "creation", "x", g_get_real_time () / 1000);
  g_variant_dict_insert (&dict, "creatorid", "s", user_id);
  if (creator != NULL)
    g_variant_dict_insert (&dict, "creatorname", "s", creator);
  if (group->flags != 0)
    g_variant_dict_insert (&dict, "flags", "x", group->flags);
  if (group->consent != 0)
    g_variant_dict_insert (&dict, "consent", "x", group->consent);
  if (group->relay_id != NULL)
    g_variant_dict_insert (&dict, "relayid", "s", group->relay_id);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static GVariant *
full_link (const char *name)
{
  GVariantDict link;

  g_variant_dict_init (&link, NULL);
  if (name != NULL)
    g_variant_dict_insert (&link, "name", "s", name);
  g_variant_dict_insert (&link, "rights", "x", (gint64)BL_RIGHT_ALL);
  return g_variant_dict_end (&link);
}

void
bl_control_group_create (BlControl *control, BowlineActionCall *call, const BlControlNewGroup *group)
{
  Created *created = g_new0 (Created, 1);
  g_autoptr (GVariant) mesh = NULL;
  BlControlChange change;

  created->mesh_id = bl_id_random (BL_ID_MESH, group->domain);
  created->owners = g_ptr_array_new_with_free_func (g_free);
  bl_control_change_init (&change);
  mesh = new_group_document (control, bowline_action_call_get_principal (call), group, created->mesh_id);
  for (guint i = 0; group->owners[i] != NULL; i++)
    {
      g_autoptr (GVariant) account = bowline_directory_dup (control->host, group->owners[i]);
      GVariant *linked;

      if (account == NULL)
        continue;
      linked
          = bl_control_set_link (mesh, group->owners[i], full_link (bl_variant_get_string (account, "name")));
      g_variant_unref (mesh);
      mesh = linked;
      bl_control_change_put (&change, bl_control_set_link (account, created->mesh_id, full_link (NULL)));
      g_ptr_array_add (created->owners, g_strdup (group->owners[i]));
    }
  bl_control_change_put (&change, g_variant_ref (mesh));
  bl_control_commit (control, &change, call, on_created, created, created_free);
}

static gboolean
may_make_groups (BlControl *control, BowlinePrincipal *who)
{
  guint32 site = bowline_site_rights (control->host, who);

  return site == BL_SITE_FULL || (site & BL_SITE_NO_NEW_GROUPS) == 0;
}

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *owners[] = { bowline_principal_get_user_id (who), NULL };
  g_autofree char *domain = bl_control_domain_of (owners[0]);
  const BlControlNewGroup group = {
    .name = bl_variant_get_string (arguments, "meshname"),
    .domain = domain,
    .description = bl_variant_get_string (arguments, "desc"),
    .type = bl_variant_get_int (arguments, "meshtype", 0),
    .flags = bl_variant_get_int (arguments, "flags", 0),
    .consent = bl_variant_get_int (arguments, "consent", 0),
    .relay_id = bl_variant_get_string (arguments, "relayid"),
    .owners = owners,
  };

  if (!may_make_groups (control, who))
    bowline_action_call_result (call, "Permission denied");
  else if (group.type > BL_MESH_TYPE_AGENT
           && group.relay_id == NULL) /* this server reaches no local network */
    bowline_action_call_result (call, "Invalid group type");
  else if (group.relay_id != NULL && !bowline_may (control->host, who, group.relay_id, BL_RIGHT_RELAY))
    bowline_action_call_result (call, "Permission denied");
  else
    bl_control_group_create (control, call, &group);
}

/* ---- edit
 * ---------------------------------------------------------------------------------------------------------
 */

typedef struct
{
  char *mesh_id;
  char *old_name;
  GArray *changes; /* of gint64: the numbers of MeshCentral's message */
} Edit;

static void
edit_free (gpointer data)
{
  Edit *edit = data;

  g_free (edit->mesh_id);
  g_free (edit->old_name);
  g_array_unref (edit->changes);
  g_free (edit);
}

static char *
describe (const Edit *edit, const char *name)
{
  static const char *const words[]
      = { "", "name", "description", "flags", "consent", "expiry", "invite code", "relay device" };
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < edit->changes->len; i++)
    {
      gint64 number = g_array_index (edit->changes, gint64, i);

      if (i > 0)
        g_string_append (text, " and ");
      if (number == 1)
        g_string_append_printf (text, "Device group name changed from \"%s\" to \"%s\"", edit->old_name,
                                name);
      else
        g_string_append_printf (text, "%s changed", words[number]);
    }
  if (g_array_index (edit->changes, gint64, 0) != 1)
    {
      g_autofree char *head = g_strdup_printf ("Device group \"%s\" ", name);

      g_string_prepend (text, head);
    }
  return g_string_free (text, FALSE);
}

static GVariant *
describe_arguments (const Edit *edit, const char *name)
{
  GVariantBuilder numbers, list;

  g_variant_builder_init (&numbers, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < edit->changes->len; i++)
    g_variant_builder_add (&numbers, "v", g_variant_new_int64 (g_array_index (edit->changes, gint64, i)));
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  g_variant_builder_add (&list, "v", g_variant_new_string (name));
  g_variant_builder_add (&list, "v", g_variant_builder_end (&numbers));
  return g_variant_builder_end (&list);
}

static void
on_edited (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Edit *edit = data;
  g_autoptr (GVariant) mesh = bowline_directory_dup (control->host, edit->mesh_id);
  const char *name = bl_variant_get_string (mesh, "name");
  GVariantDict event;

  if (mesh != NULL)
    {
      bl_control_event_mesh_init (&event, control, bowline_action_call_get_principal (call), "meshchange",
                                  mesh);
      g_variant_dict_insert_value (&event, "msgArgs", describe_arguments (edit, name));
      bl_control_event_message (&event, 142, NULL, describe (edit, name));
      bl_control_event_emit (control, &event, edit->mesh_id, NULL);
    }
  bowline_action_call_result (call, "ok");
}

/* Takes one member over when the request has it and it is another one; 0 days until devices are removed are
 * no such time. */
static void
take_member (
    GVariant **mesh, GVariant *arguments, const char *argument, const char *member, gint64 number, Edit *edit)
{
  g_autoptr (GVariant) value = bl_variant_get_child (arguments, argument);
  g_autoptr (GVariant) old = bl_variant_get_child (*mesh, member);
  gboolean removes;
  GVariant *changed;

  if (value == NULL || (old != NULL && g_variant_equal (old, value)))
    return;
  removes = number == CHANGE_EXPIRY && g_variant_is_of_type (value, G_VARIANT_TYPE_INT64)
            && g_variant_get_int64 (value) == 0;
  if (removes && old == NULL)
    return;
  changed = removes ? bl_doc_remove (*mesh, member) : bl_doc_set (*mesh, member, value);
  g_variant_unref (*mesh);
  *mesh = changed;
  g_array_append_val (edit->changes, number);
}

static gboolean
are_codes (GVariant *invite)
{
  g_auto (GStrv) codes = bl_variant_get_strv (invite, "codes");
  guint n = codes != NULL ? g_strv_length (codes) : 0;
  gint64 flags = bl_variant_get_int (invite, "flags", 0);

  if (n == 0 || n > MAX_INVITE_CODES || flags < 0 || flags > 2)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      if (*codes[i] == '\0' || strlen (codes[i]) > 64)
        return FALSE;
    }
  return TRUE;
}

typedef struct
{
  const char *mesh_id;
  char **codes;
  gboolean taken;
} CodeSearch;

static gboolean
search_codes (const char *id, GVariant *mesh, gpointer user_data)
{
  CodeSearch *search = user_data;
  g_autoptr (GVariant) invite = bl_variant_get_object (mesh, "invite");
  g_auto (GStrv) codes = invite != NULL ? bl_variant_get_strv (invite, "codes") : NULL;

  for (guint i = 0; codes != NULL && !g_str_equal (id, search->mesh_id) && codes[i] != NULL; i++)
    {
      if (g_strv_contains ((const char *const *)search->codes, codes[i]))
        search->taken = TRUE;
    }
  return !search->taken;
}

static gboolean
is_code_taken (BlControl *control, const char *mesh_id, GVariant *invite)
{
  g_auto (GStrv) codes = bl_variant_get_strv (invite, "codes");
  CodeSearch search = { mesh_id, codes, FALSE };

  bowline_directory_foreach (control->host, "mesh", NULL, search_codes, &search);
  return search.taken;
}

static void
notify_taken (BowlineActionCall *call)
{
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "msg");
  g_variant_dict_insert (&frame, "type", "s", "notify");
  g_variant_dict_insert (&frame, "title", "s", "Invite Codes");
  g_variant_dict_insert (&frame, "value", "s", "Unable to set codes, one of the codes is already in use");
  g_variant_dict_insert (&frame, "id", "d", (double)g_get_real_time ());
  bowline_action_call_push (call, g_variant_dict_end (&frame));
}

/* Returns: %FALSE when the codes cannot be had. */
static gboolean
take_invite (BlControl *control, BowlineActionCall *call, GVariant **mesh, GVariant *arguments, Edit *edit)
{
  g_autoptr (GVariant) invite = bl_variant_get_child (arguments, "invite");
  gint64 number = 6;
  GVariant *changed;

  if (invite == NULL)
    return TRUE;
  if (g_variant_is_of_type (invite, G_VARIANT_TYPE_STRING))
    {
      if (!g_str_equal (g_variant_get_string (invite, NULL), "*") || !bl_variant_has (*mesh, "invite"))
        return TRUE;
      changed = bl_doc_remove (*mesh, "invite");
    }
  else
    {
      if (!g_variant_is_of_type (invite, G_VARIANT_TYPE_VARDICT) || !are_codes (invite))
        return TRUE;
      if (is_code_taken (control, edit->mesh_id, invite))
        {
          notify_taken (call);
          return FALSE;
        }
      changed = bl_doc_set (*mesh, "invite", invite);
    }
  g_variant_unref (*mesh);
  *mesh = changed;
  g_array_append_val (edit->changes, number);
  return TRUE;
}

static void
run_edit (BowlineActionCall *call, gpointer user_data)
{
  static const struct
  {
    const char *argument;
    const char *member;
    gint64 number;
  } members[] = {
    { "meshname", "name", 1 },
    { "desc", "desc", 2 },
    { "flags", "flags", 3 },
    { "consent", "consent", 4 },
    { "expireDevs", "expireDevs", CHANGE_EXPIRY },
    { "relayid", "relayid", 7 },
  };
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autofree char *mesh_id
      = bl_control_call_group_or (control, call, "meshidname", BL_RIGHT_EDIT_GROUP, NO_GROUP, NO_GROUP);
  g_autoptr (GVariant) mesh = mesh_id != NULL ? bowline_directory_dup (control->host, mesh_id) : NULL;
  BlControlChange change;
  Edit *edit;

  if (mesh == NULL)
    return;
  edit = g_new0 (Edit, 1);
  edit->mesh_id = g_strdup (mesh_id);
  edit->old_name = g_strdup (bl_variant_get_string (mesh, "name"));
  edit->changes = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    take_member (&mesh, arguments, members[i].argument, members[i].member, members[i].number, edit);
  if (!take_invite (control, call, &mesh, arguments, edit))
    {
      edit_free (edit);
      return;
    }
  if (edit->changes->len == 0)
    {
      edit_free (edit);
      bowline_action_call_result (call, "ok");
      return;
    }
  bl_control_change_init (&change);
  bl_control_change_put (&change, g_variant_ref (mesh));
  bl_control_commit (control, &change, call, on_edited, edit, edit_free);
}

/* ---- delete
 * ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlControl *control;
  BlControlChange *change;
  GPtrArray *nodes; /* of char * */
} Sweep;

typedef struct
{
  GVariant *mesh;   /* as it was */
  GPtrArray *nodes; /* of char * */
  GPtrArray *users; /* of char * */
} Deleted;

static void
deleted_free (gpointer data)
{
  Deleted *deleted = data;

  g_variant_unref (deleted->mesh);
  g_ptr_array_unref (deleted->nodes);
  g_ptr_array_unref (deleted->users);
  g_free (deleted);
}

static gboolean
sweep_node (const char *id, GVariant *node, gpointer user_data)
{
  Sweep *sweep = user_data;

  bl_control_change_delete_node (sweep->change, id);
  g_ptr_array_add (sweep->nodes, g_strdup (id));
  return TRUE;
}

/* Takes the group out of the accounts and user groups it is linked with. */
static void
unlink_all (
    BlControl *control, GVariant *mesh, const char *mesh_id, BlControlChange *change, GPtrArray *users)
{
  g_autoptr (GVariant) links = bl_variant_get_object (mesh, "links");
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (links == NULL)
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_autoptr (GVariant) other = bowline_directory_dup (control->host, id);

      g_variant_unref (value);
      if (other == NULL)
        continue;
      bl_control_change_put (change, bl_control_set_link (other, mesh_id, NULL));
      if (g_str_has_prefix (id, "user/"))
        g_ptr_array_add (users, g_strdup (id));
    }
}

/* The group as it stays: agents that come back are held, and it may be revived. */
static GVariant *
tombstone (GVariant *mesh)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *text = g_date_time_format_iso8601 (now);
  g_autoptr (GVariant) unlinked = bl_doc_remove (mesh, "links");

  return bl_doc_set_string (unlinked, "deleted", text);
}

static void
emit_deleted (BlControl *control, BowlinePrincipal *who, const Deleted *deleted)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  const char *mesh_id = bl_variant_get_string (deleted->mesh, "_id");
  const char *arguments[] = { bl_variant_get_string (deleted->mesh, "name"), NULL };
  GVariantDict event;

  bl_control_event_init (&event, control, who, "mesh", "deletemesh");
  g_variant_dict_insert (&event, "meshid", "s", mesh_id);
  g_variant_dict_insert (&event, "name", "s", arguments[0] != NULL ? arguments[0] : "");
  g_variant_dict_insert (&event, "mtype", "x", bl_variant_get_int (deleted->mesh, "mtype", 0));
  bl_control_event_message (&event, 77, arguments,
                            g_strconcat ("Device group deleted: ", arguments[0], NULL));
  /* Nobody holds rights on the group any more: who did is told by name. */
  g_ptr_array_add (targets, (char *)"*");
  g_ptr_array_add (targets, (char *)mesh_id);
  for (guint i = 0; i < deleted->users->len; i++)
    g_ptr_array_add (targets, deleted->users->pdata[i]);
  g_ptr_array_add (targets, NULL);
  bowline_event_emit (control->host, (const char *const *)targets->pdata, g_variant_dict_end (&event));
}

static void
on_deleted (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Deleted *deleted = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);

  for (guint i = 0; i < deleted->nodes->len; i++)
    bowline_device_disconnect (control->host, deleted->nodes->pdata[i]);
  emit_deleted (control, who, deleted);
  for (guint i = 0; i < deleted->users->len; i++)
    bl_control_event_account (control, who, deleted->users->pdata[i], 78,
                              "Device group membership changed: ");
  bowline_action_call_result (call, "ok");
}

static void
run_delete (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_autofree char *mesh_id = NULL;
  Deleted *deleted;
  BlControlChange change;
  Sweep sweep;

  mesh_id = bl_control_call_group_or (control, call, "meshname", BL_RIGHT_ALL, "Access denied", NO_GROUP);
  if (mesh_id == NULL)
    return;
  deleted = g_new0 (Deleted, 1);
  deleted->mesh = bowline_directory_dup (control->host, mesh_id);
  deleted->nodes = g_ptr_array_new_with_free_func (g_free);
  deleted->users = g_ptr_array_new_with_free_func (g_free);
  bl_control_change_init (&change);
  sweep = (Sweep){ control, &change, deleted->nodes };
  bowline_directory_foreach (control->host, "node", mesh_id, sweep_node, &sweep);
  unlink_all (control, deleted->mesh, mesh_id, &change, deleted->users);
  bl_control_change_put (&change, tombstone (deleted->mesh));
  bl_control_commit (control, &change, call, on_deleted, deleted, deleted_free);
}

const BowlineAction *
bl_control_group_actions (guint *n)
{
  static const BowlineArgument create[] = {
    { .name = "meshname",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 128,
      .problem = "Invalid group name" },
    { .name = "meshtype",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 4,
      .problem = "Invalid group type" },
    { .name = "desc",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .max = MAX_DESCRIPTION,
      .problem = "Invalid group description" },
    BL_CONTROL_NUMBER ("flags", 0, 0xFFFF),
    BL_CONTROL_NUMBER ("consent", 0, BL_CONSENT_ALL),
    { .name = "relayid", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineArgument edit[] = {
    { .name = "meshid", .type = BOWLINE_ARGUMENT_ID, .detail = "mesh", .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_TEXT ("meshidname", 128),
    { .name = "meshname",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .min = 1,
      .max = 128,
      .problem = "Invalid group name" },
    { .name = "desc",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .max = MAX_DESCRIPTION,
      .problem = "Invalid group description" },
    BL_CONTROL_NUMBER ("flags", 0, 0xFFFF),
    BL_CONTROL_NUMBER ("consent", 0, BL_CONSENT_ALL),
    BL_CONTROL_NUMBER ("expireDevs", 0, 2000),
    { .name = "relayid", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = BOWLINE_ARGUMENT_NULLABLE },
    { .name = "invite", .type = BOWLINE_ARGUMENT_ANY },
  };
  static const BowlineArgument remove[] = {
    { .name = "meshid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .problem = NO_GROUP },
    BL_CONTROL_TEXT ("meshname", 128),
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("createmesh", BOWLINE_ACTION_CHANGES, "Makes a device group", run_create),
      BL_CONTROL_ARGUMENTS (create) },
    { BL_CONTROL_ROW ("editmesh", BOWLINE_ACTION_CHANGES, "Changes a device group", run_edit),
      BL_CONTROL_ARGUMENTS (edit), .object = "meshid", .object_rights = BL_RIGHT_EDIT_GROUP,
      .denied = NO_GROUP },
    { BL_CONTROL_ROW ("deletemesh", BOWLINE_ACTION_CHANGES, "Deletes a device group and its devices",
                      run_delete),
      BL_CONTROL_ARGUMENTS (remove), .object = "meshid", .object_rights = BL_RIGHT_ALL },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
