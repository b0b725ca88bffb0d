// SPDX-License-Identifier: Apache-2.0
/* The administrator's actions on the local socket: groups and devices. */
#include "bl-control-actions.h"
#include "common/bl-ids.h"
#include "common/bl-msh.h"

typedef struct
{
  BlControl *control;
  GVariantBuilder *list;
  GPtrArray *ids;
} Collection;

static void
answer_list (BowlineActionCall *call, const char *member, GVariantBuilder *list)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, member, g_variant_builder_end (list));
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static gboolean
count_node (const char *id, GVariant *node, gpointer user_data)
{
  ++*(gint64 *)user_data;
  return TRUE;
}

static gboolean
add_group (const char *id, GVariant *mesh, gpointer user_data)
{
  Collection *collection = user_data;
  g_autoptr (GVariant) form = NULL;
  gint64 devices = 0;

  if (bl_variant_has (mesh, "deleted"))
    return TRUE;
  bowline_directory_foreach (collection->control->host, "node", id, count_node, &devices);
  form = bl_doc_set_int (mesh, "devices", devices);
  g_variant_builder_add (collection->list, "v", form);
  return TRUE;
}

static void
run_group_list (BowlineActionCall *call, gpointer user_data)
{
  GVariantBuilder list;
  Collection collection = { user_data, &list, NULL };

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (collection.control->host, "mesh", NULL, add_group, &collection);
  answer_list (call, "groups", &list);
}

static gboolean
add_administrator (const char *id, GVariant *account, gpointer user_data)
{
  Collection *collection = user_data;

  if (bl_rights_from_json (bl_variant_get_int (account, "siteadmin", 0)) == BL_SITE_FULL)
    g_ptr_array_add (collection->ids, g_strdup (id));
  return TRUE;
}

/* A group that nobody holds rights on would be of no use: the server's administrators get them. */
static void
run_group_create (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_autoptr (GPtrArray) owners = g_ptr_array_new_with_free_func (g_free);
  Collection collection = { control, NULL, owners };
  BlControlNewGroup group = {
    .name = bl_variant_get_string (bowline_action_call_get_arguments (call), "name"),
    .domain = "",
    .description = bl_variant_get_string (bowline_action_call_get_arguments (call), "desc"),
    .type = BL_MESH_TYPE_AGENT,
  };

  bowline_directory_foreach (control->host, "user", NULL, add_administrator, &collection);
  g_ptr_array_add (owners, NULL);
  group.owners = (const char *const *)owners->pdata;
  bl_control_group_create (control, call, &group);
}

/* ---- settings files
 * ----------------------------------------------------------------------------------------------- */

static char *
find_group (BlControl *control, BowlineActionCall *call)
{
  const char *text = bl_variant_get_string (bowline_action_call_get_arguments (call), "name");
  gboolean several = FALSE;
  g_autofree char *id = g_str_has_prefix (text, "mesh/") ? g_strdup (text) : NULL;
  g_autofree char *bare = g_strconcat ("mesh//", text, NULL);

  if (id == NULL && bowline_directory_contains (control->host, bare))
    id = g_steal_pointer (&bare);
  if (id == NULL)
    id = bl_control_find_group (control, bowline_action_call_get_principal (call), text, &several);
  if (several)
    bowline_action_call_result (call, "Several groups have this name; give the id");
  else if (id == NULL || !bowline_directory_contains (control->host, id))
    bowline_action_call_result (call, "There is no such group");
  else
    return g_steal_pointer (&id);
  return NULL;
}

static char *
build_settings (BlControl *control, const char *mesh_id, GError **error)
{
  g_autofree char *name = bl_control_dup_name (control, mesh_id);
  g_autofree char *url = g_strdup_printf ("wss://%s:%u/agent.ashx", bowline_identity_get_name (control->host),
                                          bowline_identity_get_port (control->host));
  g_autoptr (GBytes) server_id = bowline_identity_dup_server_id (control->host);
  const char *third = strrchr (mesh_id, '/') + 1;
  guint8 mesh[BL_ID48_SIZE];
  g_autoptr (BlMsh) msh = NULL;

  if (!bl_id48_from_text (third, -1, mesh) || server_id == NULL
      || g_bytes_get_size (server_id) != BL_ID48_SIZE)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "Group %s or the server's id is malformed",
                   mesh_id);
      return NULL;
    }
  msh = bl_msh_build (name != NULL ? name : "", mesh, g_bytes_get_data (server_id, NULL), url, error);
  return msh != NULL ? bl_msh_to_text (msh) : NULL;
}

static void
run_group_settings (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_autofree char *mesh_id = find_group (control, call);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict answer;

  if (mesh_id == NULL)
    return;
  text = build_settings (control, mesh_id, &error);
  if (text == NULL)
    {
      bowline_action_call_fail (call, error);
      return;
    }
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "meshid", "s", mesh_id);
  g_variant_dict_insert (&answer, "msh", "s", text);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* ---- devices
 * ------------------------------------------------------------------------------------------------------ */

static gboolean
add_device (const char *id, GVariant *node, gpointer user_data)
{
  Collection *collection = user_data;
  BowlineDeviceState state = { .struct_size = sizeof state };
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  const char *name = bl_variant_get_string (node, "name");
  g_autofree char *group = mesh_id != NULL ? bl_control_dup_name (collection->control, mesh_id) : NULL;
  GVariantDict row;

  bowline_device_get_state (collection->control->host, id, &state);
  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, "_id", "s", id);
  g_variant_dict_insert (&row, "name", "s", name != NULL ? name : "");
  g_variant_dict_insert (&row, "conn", "x", (gint64)state.connectivity);
  g_variant_dict_insert (&row, "group", "s", group != NULL ? group : "");
  g_variant_dict_insert (&row, "meshid", "s", mesh_id != NULL ? mesh_id : "");
  g_variant_builder_add (collection->list, "v", g_variant_dict_end (&row));
  return TRUE;
}

static void
run_device_list (BowlineActionCall *call, gpointer user_data)
{
  GVariantBuilder list;
  Collection collection = { user_data, &list, NULL };

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (collection.control->host, "node", NULL, add_device, &collection);
  answer_list (call, "devices", &list);
}

const BowlineAction *
bl_control_local_actions (guint *n)
{
  static const BowlineArgument create[] = {
    { .name = "name",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 128 },
    BL_CONTROL_TEXT ("desc", 1024),
  };
  static const BowlineArgument settings[] = {
    { .name = "name",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 300 },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("group.list", BOWLINE_ACTION_LOCAL, "Lists device groups", run_group_list) },
    { BL_CONTROL_ROW ("group.create", BOWLINE_ACTION_LOCAL | BOWLINE_ACTION_CHANGES, "Makes a device group",
                      run_group_create),
      BL_CONTROL_ARGUMENTS (create) },
    { BL_CONTROL_ROW ("group.settings", BOWLINE_ACTION_LOCAL, "Makes the settings file of a group's agents",
                      run_group_settings),
      BL_CONTROL_ARGUMENTS (settings) },
    { BL_CONTROL_ROW ("device.list", BOWLINE_ACTION_LOCAL, "Lists devices", run_device_list) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
