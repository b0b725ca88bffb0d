// SPDX-License-Identifier: Apache-2.0
/* Devices: edit, move, remove. Follows control-channel 7.6 and 9 */
#include "bl-control-actions.h"

#include <string.h>

#define MAX_TAGS 64u
#define MAX_TAG 64u

/* ---- changedevice
 * ------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *node_id;
  GPtrArray *words; /* of static char *: what changed */
} NodeEdit;

static void
node_edit_free (gpointer data)
{
  NodeEdit *edit = data;

  g_free (edit->node_id);
  g_ptr_array_unref (edit->words);
  g_free (edit);
}

static void
on_node_edited (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const NodeEdit *edit = data;
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, edit->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  g_autofree char *group = mesh_id != NULL ? bl_control_dup_name (control, mesh_id) : NULL;
  const char *name = bl_variant_get_string (node, "name");
  g_autofree char *words = NULL;

  if (node != NULL)
    {
      words = g_strjoinv (", ", (char **)edit->words->pdata);
      const char *arguments[] = { name != NULL ? name : "", group != NULL ? group : "", words, NULL };

      bl_control_event_node (
          control, bowline_action_call_get_principal (call), edit->node_id, 140, arguments,
          g_strdup_printf ("Changed device %s from group %s: %s", arguments[0], arguments[1], words));
    }
  bowline_action_call_result (call, "ok");
}

/* Tags come as an array or as text with commas. Returns: (transfer full): av; empty to remove, %NULL when
 * unusable */
static GVariant *
read_tags (GVariant *value)
{
  g_auto (GStrv) texts = NULL;
  GVariantBuilder list;
  guint n = 0;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    texts = g_strsplit (g_variant_get_string (value, NULL), ",", (gint)MAX_TAGS + 1);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    {
      GVariantDict wrap;
      g_autoptr (GVariant) document = NULL;

      g_variant_dict_init (&wrap, NULL);
      g_variant_dict_insert_value (&wrap, "tags", value);
      document = g_variant_ref_sink (g_variant_dict_end (&wrap));
      texts = bl_variant_get_strv (document, "tags");
    }
  if (texts == NULL)
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; texts[i] != NULL; i++)
    {
      char *tag = g_strstrip (texts[i]);

      if (*tag == '\0')
        continue;
      if (strlen (tag) > MAX_TAG || ++n > MAX_TAGS)
        {
          g_variant_builder_clear (&list);
          return NULL;
        }
      g_variant_builder_add (&list, "v", g_variant_new_string (tag));
    }
  return g_variant_ref_sink (g_variant_builder_end (&list));
}

/* The value a member is to have: NULL when the argument is absent or unusable; an empty text, empty list or 0
 * where that means none. */
static GVariant *
wanted_value (GVariant *arguments, const char *argument)
{
  g_autoptr (GVariant) value = bl_variant_get_child (arguments, argument);

  if (value != NULL && g_str_equal (argument, "tags"))
    return read_tags (value);
  return g_steal_pointer (&value);
}

static gboolean
means_none (const char *argument, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)) /* a description may be empty */
    return *g_variant_get_string (value, NULL) == '\0' && !g_str_equal (argument, "desc");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return g_variant_get_int64 (value) == 0;
  return g_str_equal (argument, "tags") && g_variant_n_children (value) == 0;
}

static void
take_member (GVariant **node, GVariant *arguments, const char *argument, const char *word, NodeEdit *edit)
{
  g_autoptr (GVariant) value = wanted_value (arguments, argument);
  g_autoptr (GVariant) old = bl_variant_get_child (*node, argument);
  GVariant *changed;

  if (value == NULL || (old != NULL && g_variant_equal (old, value)))
    return;
  if (means_none (argument, value) && (old == NULL || g_str_equal (argument, "name")))
    return;
  changed
      = means_none (argument, value) ? bl_doc_remove (*node, argument) : bl_doc_set (*node, argument, value);
  g_variant_unref (*node);
  *node = changed;
  g_ptr_array_add (edit->words, (char *)word);
}

static void
run_change (BowlineActionCall *call, gpointer user_data)
{
  static const struct
  {
    const char *argument;
    const char *word;
  } members[] = {
    { "name", "name" },
    { "host", "host" },
    { "icon", "icon" },
    { "consent", "consent" },
    { "desc", "description" },
    { "tags", "tags" },
    { "rdpport", "RDP port" },
    { "rfbport", "VNC port" },
    { "sshport", "SSH port" },
    { "httpport", "HTTP port" },
    { "httpsport", "HTTPS port" },
    { "ssh", "SSH credentials" },
    { "rdp", "RDP credentials" },
  };
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  BlControlChange change;
  NodeEdit *edit;

  if (node == NULL)
    return;
  edit = g_new0 (NodeEdit, 1);
  edit->node_id = g_strdup (node_id);
  edit->words = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    take_member (&node, arguments, members[i].argument, members[i].word, edit);
  if (edit->words->len == 0)
    {
      node_edit_free (edit);
      bowline_action_call_result (call, "ok");
      return;
    }
  g_ptr_array_add (edit->words, NULL);
  bl_control_change_init (&change);
  bl_control_change_put (&change, g_variant_ref (node));
  bl_control_commit (control, &change, call, on_node_edited, edit, node_edit_free);
}

/* ---- removedevices
 * ------------------------------------------------------------------------------------------------ */

typedef struct
{
  char *node_id;
  char *mesh_id;
  char *name;
  char *group;
} Gone;

static void
gone_free (gpointer data)
{
  Gone *gone = data;

  g_free (gone->node_id);
  g_free (gone->mesh_id);
  g_free (gone->name);
  g_free (gone->group);
  g_free (gone);
}

static void
emit_gone (BlControl *control, BowlinePrincipal *who, const Gone *gone)
{
  const char *arguments[] = { gone->name, gone->group, NULL };
  GVariantDict event;

  bl_control_event_init (&event, control, who, "node", "removenode");
  g_variant_dict_insert (&event, "nodeid", "s", gone->node_id);
  bl_control_event_message (
      &event, 87, arguments,
      g_strdup_printf ("Removed device %s from device group %s", gone->name, gone->group));
  bl_control_event_emit (control, &event, gone->mesh_id, gone->node_id, NULL);
}

static void
on_removed (BlControl *control, BowlineActionCall *call, gpointer data)
{
  GPtrArray *list = data;

  for (guint i = 0; i < list->len; i++)
    {
      const Gone *gone = list->pdata[i];

      bowline_device_disconnect (control->host, gone->node_id);
      emit_gone (control, bowline_action_call_get_principal (call), gone);
      bowline_action_call_result (call, "ok");
    }
}

/* Direct links to a device go with it. */
static void
unlink_device (BlControl *control, GVariant *node, const char *node_id, GHashTable *changed)
{
  g_autoptr (GVariant) links = bl_variant_get_object (node, "links");
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (links == NULL)
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      GVariant *other = g_hash_table_lookup (changed, id);

      g_variant_unref (value);
      other = other != NULL ? g_variant_ref (other) : bowline_directory_dup (control->host, id);
      if (other == NULL)
        continue;
      g_hash_table_replace (changed, g_strdup (id), bl_control_set_link (other, node_id, NULL));
      g_variant_unref (other);
    }
}

static Gone *
take_out (BlControl *control, const char *node_id, BlControlChange *change, GHashTable *changed)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  const char *name = bl_variant_get_string (node, "name");
  Gone *gone = g_new0 (Gone, 1);

  gone->node_id = g_strdup (node_id);
  gone->mesh_id = g_strdup (mesh_id != NULL ? mesh_id : "");
  gone->name = g_strdup (name != NULL ? name : "");
  gone->group = bl_control_dup_name (control, gone->mesh_id);
  if (gone->group == NULL)
    gone->group = g_strdup ("");
  bl_control_change_delete_node (change, node_id);
  if (node != NULL)
    unlink_device (control, node, node_id, changed);
  return gone;
}

static void
run_remove (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_auto (GStrv) ids = bl_variant_get_strv (bowline_action_call_get_arguments (call), "nodeids");
  const char *const *refused = bowline_action_call_get_refused (call);
  g_autoptr (GHashTable) changed
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
  GPtrArray *list;
  BlControlChange change;
  GHashTableIter iter;
  gpointer document;

  for (guint i = 0; refused[i] != NULL; i++)
    bowline_action_call_result (call, "Denied");
  if (ids == NULL || ids[0] == NULL)
    return;
  list = g_ptr_array_new_with_free_func (gone_free);
  bl_control_change_init (&change);
  for (guint i = 0; ids[i] != NULL; i++)
    g_ptr_array_add (list, take_out (control, ids[i], &change, changed));
  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, NULL, &document))
    bl_control_change_put (&change, g_variant_ref (document));
  bl_control_commit (control, &change, call, on_removed, list, (GDestroyNotify)g_ptr_array_unref);
}

/* ---- changeDeviceMesh
 * --------------------------------------------------------------------------------------------- */

typedef struct
{
  char *node_id;
  char *old_mesh_id;
  char *new_mesh_id;
} Move;

static void
move_free (gpointer data)
{
  Move *move = data;

  g_free (move->node_id);
  g_free (move->old_mesh_id);
  g_free (move->new_mesh_id);
  g_free (move);
}

static void
on_moved (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const Move *move = data;
  g_autoptr (GVariant) node = bl_control_dup_node_public (control, move->node_id, TRUE);
  g_autofree char *group = bl_control_dup_name (control, move->new_mesh_id);
  const char *name = bl_variant_get_string (node, "name");
  const char *arguments[] = { name != NULL ? name : "", group != NULL ? group : "", NULL };
  GVariantDict event;

  bl_control_event_init (&event, control, bowline_action_call_get_principal (call), "node", "nodemeshchange");
  g_variant_dict_insert (&event, "nodeid", "s", move->node_id);
  if (node != NULL)
    g_variant_dict_insert_value (&event, "node", node);
  g_variant_dict_insert (&event, "oldMeshId", "s", move->old_mesh_id);
  g_variant_dict_insert (&event, "newMeshId", "s", move->new_mesh_id);
  bl_control_event_message (&event, 85, arguments,
                            g_strdup_printf ("Moved device %s to group %s", arguments[0], arguments[1]));
  bl_control_event_emit (control, &event, move->old_mesh_id, move->new_mesh_id, move->node_id, NULL);
  bowline_action_call_result (call, "ok");
}

static const char *
why_not_move (BlControl *control, BowlinePrincipal *who, GVariant *node, const char *mesh_id)
{
  const char *old_id = bl_variant_get_string (node, "meshid");
  g_autoptr (GVariant) mesh = bowline_directory_dup (control->host, mesh_id);

  if (node == NULL || mesh == NULL)
    return "Device not found";
  if (g_strcmp0 (old_id, mesh_id) == 0)
    return "Device already in correct group";
  if (old_id == NULL || !bowline_may (control->host, who, old_id, BL_RIGHT_EDIT_GROUP))
    return "Permission denied";
  if (bl_variant_get_int (node, "mtype", 0) != bl_variant_get_int (mesh, "mtype", 0))
    return "Device groups are of different types";
  return NULL;
}

static void
move_one (BlControl *control, BowlineActionCall *call, const char *node_id, const char *mesh_id)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  const char *problem = why_not_move (control, bowline_action_call_get_principal (call), node, mesh_id);
  BlControlChange change;
  Move *move;

  if (problem != NULL)
    {
      bowline_action_call_result (call, problem);
      return;
    }
  move = g_new (Move, 1);
  *move = (Move){ g_strdup (node_id), g_strdup (bl_variant_get_string (node, "meshid")), g_strdup (mesh_id) };
  bl_control_change_init (&change);
  bl_control_change_put (&change, bl_doc_set_string (node, "meshid", mesh_id));
  bl_control_commit (control, &change, call, on_moved, move, move_free);
}

static void
run_move (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_auto (GStrv) ids = bl_variant_get_strv (bowline_action_call_get_arguments (call), "nodeids");
  const char *const *refused = bowline_action_call_get_refused (call);
  g_autofree char *mesh_id
      = bl_control_call_group_or (control, call, "meshname", BL_RIGHT_EDIT_GROUP | BL_RIGHT_MANAGE_DEVICES,
                                  "Permission denied", "Invalid groupid");

  if (mesh_id == NULL)
    return;
  for (guint i = 0; refused[i] != NULL; i++)
    bowline_action_call_result (call, "Device not found");
  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    move_one (control, call, ids[i], mesh_id);
}

const BowlineAction *
bl_control_device_actions (guint *n)
{
  static const BowlineArgument change[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
    BL_CONTROL_TEXT ("name", 256),
    BL_CONTROL_TEXT ("host", 256),
    BL_CONTROL_NUMBER ("icon", 1, 8),
    BL_CONTROL_NUMBER ("consent", 0, BL_CONSENT_ALL),
    BL_CONTROL_TEXT ("desc", 4096),
    { .name = "tags", .type = BOWLINE_ARGUMENT_ANY, .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_NUMBER ("rdpport", 0, 65535),
    BL_CONTROL_NUMBER ("rfbport", 0, 65535),
    BL_CONTROL_NUMBER ("sshport", 0, 65535),
    BL_CONTROL_NUMBER ("httpport", 0, 65535),
    BL_CONTROL_NUMBER ("httpsport", 0, 65535),
    BL_CONTROL_NUMBER ("ssh", 0, 0),
    BL_CONTROL_NUMBER ("rdp", 0, 0),
  };
  static const BowlineArgument remove[] = { BL_CONTROL_NODES };
  static const BowlineArgument move[] = {
    BL_CONTROL_NODES,
    { .name = "meshid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .problem = "Invalid group id" },
    BL_CONTROL_TEXT ("meshname", 128),
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("changedevice", BOWLINE_ACTION_CHANGES,
                      "Changes a device's name, description and the like", run_change),
      BL_CONTROL_ARGUMENTS (change), .object = "nodeid", .object_rights = BL_RIGHT_MANAGE_DEVICES,
      .denied = "Access Denied" },
    { BL_CONTROL_ROW ("removedevices", BOWLINE_ACTION_CHANGES, "Removes devices", run_remove),
      BL_CONTROL_ARGUMENTS (remove), .object = "nodeids", .object_rights = BL_RIGHT_UNINSTALL },
    { BL_CONTROL_ROW ("changeDeviceMesh", BOWLINE_ACTION_CHANGES, "Moves devices to another group", run_move),
      BL_CONTROL_ARGUMENTS (move), .object = "nodeids", .object_rights = BL_RIGHT_MANAGE_DEVICES },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
