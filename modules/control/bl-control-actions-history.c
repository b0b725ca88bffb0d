// SPDX-License-Identifier: Apache-2.0
/* What happened to a device: power, and remarks of people. Follows control-channel 7.6 */
#include "bl-control-actions.h"
#include "bl-control-timeline.h"

#define MAX_REMARK 4096
#define MAX_POWER_EVENTS 10000

/* ---- powertimeline
 * ------------------------------------------------------------------------------------------------ */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  char *node_id;
} Query;

static void
add_number (GVariantBuilder *timeline, gint64 number)
{
  g_variant_builder_add (timeline, "v", g_variant_new_int64 (number));
}

/* Without a history, what is known now. */
static GVariant *
make_present (BlControl *control, const char *node_id)
{
  BowlineDeviceState state = { .struct_size = sizeof state };
  GVariantBuilder timeline;

  g_variant_builder_init (&timeline, G_VARIANT_TYPE ("av"));
  if (bowline_device_get_state (control->host, node_id, &state))
    {
      add_number (&timeline, state.power);
      add_number (&timeline, g_get_real_time () / 1000);
      add_number (&timeline, state.power);
    }
  return g_variant_builder_end (&timeline);
}

static void
on_power_events (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Query *query = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) events = bowline_event_query_finish (query->control->host, result, &error);
  g_autoptr (GVariant) tag = bl_variant_get_child (bowline_action_call_get_arguments (query->call), "tag");
  GVariantDict answer;

  if (events == NULL)
    bowline_action_call_fail (query->call, error);
  else
    {
      g_variant_dict_init (&answer, NULL);
      g_variant_dict_insert (&answer, "nodeid", "s", query->node_id);
      g_variant_dict_insert_value (&answer, "timeline",
                                   g_variant_n_children (events) > 0
                                       ? bl_control_timeline (events)
                                       : make_present (query->control, query->node_id));
      if (tag != NULL)
        g_variant_dict_insert_value (&answer, "tag", tag);
      bowline_action_call_answer (query->call, g_variant_dict_end (&answer));
    }
  bowline_action_call_unref (query->call);
  bl_control_unref (query->control);
  g_free (query->node_id);
  g_free (query);
}

static void
run_power_timeline (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *node_id = bl_variant_get_string (bowline_action_call_get_arguments (call), "nodeid");
  Query *query = g_new (Query, 1);
  GVariantDict filter;

  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, "nodeid", "s", node_id);
  g_variant_dict_insert (&filter, "action", "s", "power");
  g_variant_dict_insert (&filter, "limit", "x", (gint64)MAX_POWER_EVENTS);
  *query = (Query){ bl_control_ref (control), bowline_action_call_ref (call), g_strdup (node_id) };
  bowline_event_query_async (control->host, g_variant_dict_end (&filter), NULL, on_power_events, query);
}

/* ---- setDeviceEvent
 * ----------------------------------------------------------------------------------------------- */

static void
run_device_event (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  g_autofree char *text = g_uri_unescape_string (bl_variant_get_string (arguments, "msg"), NULL);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  GVariantDict event;

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    {
      bowline_action_call_result (call, "Invalid message");
      return;
    }
  bl_control_event_init (&event, control, who, "node", "manual");
  g_variant_dict_insert (&event, "nodeid", "s", node_id);
  g_variant_dict_insert (&event, "msg", "s", text);
  bl_control_event_emit (control, &event, node_id, bowline_principal_get_user_id (who), mesh_id, NULL);
  bowline_action_call_result (call, "ok");
}

const BowlineAction *
bl_control_history_actions (guint *n)
{
  static const BowlineArgument timeline[]
      = { BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED), { .name = "tag", .type = BOWLINE_ARGUMENT_ANY } };
  static const BowlineArgument remark[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
    { .name = "msg",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = MAX_REMARK,
      .problem = "Invalid message" },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("powertimeline", 0, "Tells when a device was on and off", run_power_timeline),
      BL_CONTROL_ARGUMENTS (timeline), .object = "nodeid", .denied = "Invalid device id" },
    { BL_CONTROL_ROW ("setDeviceEvent", BOWLINE_ACTION_CHANGES, "Adds a remark to a device's events",
                      run_device_event),
      BL_CONTROL_ARGUMENTS (remark), .object = "nodeid" },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
