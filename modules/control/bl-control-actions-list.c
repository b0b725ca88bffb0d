// SPDX-License-Identifier: Apache-2.0
/* Lists: device groups, devices, events, last connections. Follows control-channel 7.5 and 7.6 */
#include "bl-control-actions.h"
#include "bl-control-nodes.h"
#include "common/bl-json.h"

#include <string.h>

#define DEFAULT_EVENTS 500
#define MAX_LAST_CONNECTIONS 100000u

/* ---- meshes
 * ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlControl *control;
  BowlinePrincipal *principal;
  GVariantBuilder *list;
} Meshes;

static gboolean
add_mesh (const char *id, GVariant *mesh, gpointer user_data)
{
  Meshes *meshes = user_data;
  g_autoptr (GVariant) form = NULL;

  if (!bowline_may_see (meshes->control->host, meshes->principal, id))
    return TRUE;
  form = bl_control_mesh_public (mesh);
  g_variant_builder_add (meshes->list, "v", form);
  return TRUE;
}

static void
run_meshes (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariantBuilder list;
  Meshes meshes = { control, bowline_action_call_get_principal (call), &list };
  GVariantDict answer;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  bowline_directory_foreach (control->host, "mesh", NULL, add_mesh, &meshes);
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert_value (&answer, "meshes", g_variant_builder_end (&list));
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

/* ---- nodes
 * -------------------------------------------------------------------------------------------------------- */

static void
append_tag (GString *text, GVariant *arguments)
{
  g_autoptr (GVariant) tag = bl_variant_get_child (arguments, "tag");

  if (tag == NULL)
    return;
  g_string_append (text, ",\"tag\":");
  if (!bl_json_append (text, tag, NULL))
    g_string_append (text, "null");
}

static gboolean
names_no_group (BowlineActionCall *call, GVariant *arguments)
{
  return bl_variant_get_string (arguments, "meshid") == NULL
         && bl_variant_get_string (arguments, "meshname") == NULL;
}

static void
run_nodes (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autofree char *mesh_id = NULL;
  g_autoptr (GString) text = NULL;
  g_autoptr (GBytes) members = NULL;
  BlControlNodesFilter filter = {
    .node_id = bl_variant_get_string (arguments, "id"),
    .skip = (guint)bl_variant_get_int (arguments, "skip", 0),
    .limit = (guint)bl_variant_get_int (arguments, "limit", 0),
  };
  guint total;

  if (!names_no_group (call, arguments))
    {
      mesh_id = bl_control_call_group (control, call, "meshname", 0, "Invalid group id");
      if (mesh_id == NULL)
        return;
    }
  filter.mesh_id = mesh_id;
  /* Room for all of it: growing step by step costs as much as all the rest. */
  text = g_string_sized_new (4096 + (mesh_id == NULL && filter.node_id == NULL && filter.limit == 0
                                         ? bl_control_nodes_get_size (control->nodes)
                                         : 0));
  g_string_append (text, "\"nodes\":");
  total = bl_control_nodes_list (control->nodes, bowline_action_call_get_principal (call), &filter, text);
  if (filter.skip != 0 || filter.limit != 0)
    g_string_append_printf (text, ",\"skip\":%u,\"limit\":%u,\"totalcount\":%u", filter.skip, filter.limit,
                            total);
  append_tag (text, arguments);
  members = g_string_free_to_bytes (g_steal_pointer (&text));
  bowline_action_call_answer_json (call, members);
}

/* ---- events
 * ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
} Query;

/* An event as MeshCentral shows stored ones: without what only tells where it belongs. Of a device's events its
 * clients print an empty kind. */
static GVariant *
shown_event (GVariant *event, gboolean of_device)
{
  static const char *const hidden[] = { "ids", "domain", "node", "type", NULL };
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, event);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (!g_strv_contains (hidden, name) && !(of_device && g_str_equal (name, "etype")))
        g_variant_builder_add (&builder, "{sv}", name, value);
      g_variant_unref (value);
    }
  return g_variant_builder_end (&builder);
}

/* What the caller may receive at the time of asking. */
static GVariant *
filter_events (BlControl *control, BowlinePrincipal *principal, GVariant *events, gboolean all, gboolean of_device)
{
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (events, i);
      g_auto (GStrv) targets = bl_variant_get_strv (event, "ids");

      if (all || targets == NULL
          || bowline_may_receive (control->host, principal, (const char *const *)targets, event))
        g_variant_builder_add (&list, "v", shown_event (event, of_device));
    }
  return g_variant_builder_end (&list);
}

static void
on_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Query *query = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) events = bowline_event_query_finish (query->control->host, result, &error);
  GVariant *arguments = bowline_action_call_get_arguments (query->call);
  GVariantDict answer;

  if (events == NULL)
    bowline_action_call_fail (query->call, error);
  else
    {
      const char *node_id = bl_variant_get_string (arguments, "nodeid");
      const char *user_id = bl_variant_get_string (arguments, "userid");
      gboolean all = user_id != NULL || bl_variant_get_string (arguments, "user") != NULL;

      g_variant_dict_init (&answer, NULL);
      g_variant_dict_insert_value (
          &answer, "events",
          filter_events (query->control, bowline_action_call_get_principal (query->call), events, all, node_id != NULL));
      if (node_id != NULL)
        g_variant_dict_insert (&answer, "nodeid", "s", node_id);
      else if (user_id != NULL)
        g_variant_dict_insert (&answer, "userid", "s", user_id);
      bowline_action_call_answer (query->call, g_variant_dict_end (&answer));
    }
  bowline_action_call_unref (query->call);
  bl_control_unref (query->control);
  g_free (query);
}

static void
add_link_ids (GVariant *document, GVariantBuilder *ids, gboolean with_groups, BlControl *control)
{
  g_autoptr (GVariant) links = document != NULL ? bl_variant_get_object (document, "links") : NULL;
  GVariantIter iter;
  const char *id;
  GVariant *value;

  if (links == NULL)
    return;
  g_variant_iter_init (&iter, links);
  while (g_variant_iter_next (&iter, "{&sv}", &id, &value))
    {
      g_variant_unref (value);
      g_variant_builder_add (ids, "s", id);
      if (with_groups && g_str_has_prefix (id, "ugrp/"))
        {
          g_autoptr (GVariant) group = bowline_directory_dup (control->host, id);

          add_link_ids (group, ids, FALSE, control);
        }
    }
}

/* What the caller's events are addressed to; everything for those who may see all. */
static GVariant *
own_targets (BlControl *control, BowlinePrincipal *principal)
{
  const char *user_id = bowline_principal_get_user_id (principal);
  guint32 site = bowline_site_rights (control->host, principal);
  g_autoptr (GVariant) account = bowline_directory_dup (control->host, user_id);
  GVariantBuilder ids;

  g_variant_builder_init (&ids, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_add (&ids, "s", user_id);
  g_variant_builder_add (&ids, "s", "server-allusers");
  if (site == BL_SITE_FULL || (site & BL_SITE_ALL_EVENTS) != 0)
    g_variant_builder_add (&ids, "s", "*");
  if (site == BL_SITE_FULL || (site & BL_SITE_MANAGE_USERS) != 0)
    g_variant_builder_add (&ids, "s", "server-users");
  add_link_ids (account, &ids, TRUE, control);
  return g_variant_builder_end (&ids);
}

static gboolean
may_ask (BlControl *control, BowlineActionCall *call, const char *node_id, const char *user_id)
{
  BowlinePrincipal *principal = bowline_action_call_get_principal (call);
  BlControlSession *session = bl_control_call_session (control, call);

  if (node_id != NULL)
    return bowline_rights (control->host, principal, node_id) != 0;
  if (user_id != NULL)
    return bowline_may_see (control->host, principal, user_id);
  return session == NULL || session->plain;
}

static void
run_events (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  BowlinePrincipal *principal = bowline_action_call_get_principal (call);
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  const char *user_id = bl_variant_get_string (arguments, "userid");
  const char *kind = bl_variant_get_string (arguments, "filter");
  gboolean limited;
  GVariantDict filter;
  Query *query;

  if (user_id == NULL)
    user_id = bl_variant_get_string (arguments, "user");
  if (!may_ask (control, call, node_id, user_id))
    {
      bowline_action_call_result (call, "Access denied");
      return;
    }
  limited = node_id != NULL
            && (bowline_rights (control->host, principal, node_id) & BL_RIGHT_LIMITED_EVENTS) != 0
            && bowline_rights (control->host, principal, node_id) != BL_RIGHT_ALL;
  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "limit", "x", bl_variant_get_int (arguments, "limit", DEFAULT_EVENTS));
  if (node_id != NULL)
    g_variant_dict_insert (&filter, "nodeid", "s", node_id);
  if (user_id != NULL || limited)
    g_variant_dict_insert (&filter, "userid", "s",
                           limited ? bowline_principal_get_user_id (principal) : user_id);
  if (kind != NULL && *kind != '\0')
    g_variant_dict_insert (&filter, "action", "s", kind);
  /* What is kept about a device and addressed to nobody, such as its power history, is no event for people. */
  g_variant_dict_insert_value (&filter, "ids",
                               node_id != NULL ? g_variant_new_strv (&node_id, 1) : own_targets (control, principal));
  query = g_new (Query, 1);
  *query = (Query){ bl_control_ref (control), bowline_action_call_ref (call) };
  bowline_event_query_async (control->host, g_variant_dict_end (&filter), NULL, on_events, query);
}

/* ---- last connections
 * --------------------------------------------------------------------------------------------- */

static void
on_last_connections (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Query *query = user_data;
  BowlinePrincipal *principal = bowline_action_call_get_principal (query->call);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) documents = bowline_directory_list_finish (query->control->host, result, &error);
  GVariantDict times, answer;

  if (documents == NULL)
    bowline_action_call_fail (query->call, error);
  else
    {
      g_variant_dict_init (&times, NULL);
      for (gsize i = 0; i < g_variant_n_children (documents); i++)
        {
          g_autoptr (GVariant) document = g_variant_get_child_value (documents, i);
          const char *id = bl_variant_get_string (document, "_id");

          if (id != NULL && g_str_has_prefix (id, "lcnode/")
              && bowline_rights (query->control->host, principal, id + strlen ("lc")) != 0)
            g_variant_dict_insert (&times, id + strlen ("lc"), "x", bl_variant_get_int (document, "time", 0));
        }
      g_variant_dict_init (&answer, NULL);
      g_variant_dict_insert_value (&answer, "lastconnects", g_variant_dict_end (&times));
      bowline_action_call_answer (query->call, g_variant_dict_end (&answer));
    }
  bowline_action_call_unref (query->call);
  bl_control_unref (query->control);
  g_free (query);
}

static void
run_last_connections (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  Query *query = g_new (Query, 1);

  *query = (Query){ bl_control_ref (control), bowline_action_call_ref (call) };
  bowline_directory_list_async (control->host, "lastconnect", "lc", MAX_LAST_CONNECTIONS, NULL,
                                on_last_connections, query);
}

const BowlineAction *
bl_control_list_actions (guint *n)
{
  static const BowlineArgument nodes[] = {
    { .name = "meshid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_NULLABLE,
      .problem = "Invalid group id" },
    BL_CONTROL_TEXT ("meshname", 128),
    { .name = "id", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_NUMBER ("skip", 0, 1000000),
    BL_CONTROL_NUMBER ("limit", 0, 1000000),
    { .name = "tag", .type = BOWLINE_ARGUMENT_ANY },
  };
  static const BowlineArgument events[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_NULLABLE),
    { .name = "userid", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_NULLABLE },
    { .name = "user", .type = BOWLINE_ARGUMENT_ID, .detail = "user", .flags = BOWLINE_ARGUMENT_NULLABLE },
    BL_CONTROL_NUMBER ("limit", 1, 10000),
    BL_CONTROL_TEXT ("filter", 64),
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("meshes", 0, "Lists the device groups", run_meshes) },
    { BL_CONTROL_ROW ("nodes", 0, "Lists devices by group", run_nodes), BL_CONTROL_ARGUMENTS (nodes) },
    { BL_CONTROL_ROW ("events", 0, "Lists stored events, newest first", run_events),
      BL_CONTROL_ARGUMENTS (events) },
    { BL_CONTROL_ROW ("lastconnects", 0, "Tells when each device was last connected", run_last_connections) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
