// SPDX-License-Identifier: Apache-2.0
/* Devices without an agent: documents that people make. Follows control-channel 6; as MeshCentral does,
 * problems are answered under the name changeDeviceMesh. */
#include "bl-control-actions.h"

#include "common/bl-ids.h"

#define MAX_NAME 256
#define MAX_AMT 16

typedef struct
{
  char *node_id;
  char *mesh_id;
  char *name;
} NewDevice;

static void
new_device_free (gpointer data)
{
  NewDevice *device = data;

  g_free (device->node_id);
  g_free (device->mesh_id);
  g_free (device->name);
  g_free (device);
}

static void
on_added (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const NewDevice *device = data;
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autofree char *group = bl_control_dup_name (control, device->mesh_id);
  g_autoptr (GVariant) node = bl_control_dup_node_public (control, device->node_id, TRUE);
  const char *arguments[] = { device->name, group != NULL ? group : "", NULL };
  GVariantDict event;

  if (node != NULL)
    {
      bl_control_event_init (&event, control, who, "node", "addnode");
      g_variant_dict_insert_value (&event, "node", node);
      bl_control_event_message (
          &event, 84, arguments,
          g_strdup_printf ("Added device %s to device group %s", arguments[0], arguments[1]));
      bl_control_event_emit (control, &event, device->mesh_id, device->node_id, NULL);
    }
  bowline_action_call_result (call, "ok");
}

/* @response: (nullable): the request's responseid, without which nobody waits */
static void
refuse (BowlineActionCall *call, const char *problem)
{
  g_autoptr (GVariant) response = bl_variant_get_child (bowline_action_call_get_request (call), "responseid");
  GVariantDict frame;

  if (response == NULL)
    return;
  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "changeDeviceMesh");
  g_variant_dict_insert_value (&frame, "responseid", response);
  g_variant_dict_insert (&frame, "result", "s", problem);
  bowline_action_call_push (call, g_variant_dict_end (&frame));
}

/* Returns: (nullable): what is wrong with the group for a device of @type */
static const char *
check_group (BlControl *control, BowlineActionCall *call, gint64 type, const char *wrong_type)
{
  const char *mesh_id = bl_variant_get_string (bowline_action_call_get_arguments (call), "meshid");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  g_autoptr (GVariant) mesh = bowline_directory_dup (control->host, mesh_id);

  if (mesh == NULL || bl_variant_has (mesh, "deleted") || !bowline_may_see (control->host, who, mesh_id))
    return "Unknown device group";
  if (bl_variant_get_int (mesh, "mtype", 0) != type)
    return wrong_type;
  if (!bowline_may (control->host, who, mesh_id, BL_RIGHT_MANAGE_DEVICES))
    {
      bowline_audit (control->host, who, "device.add", mesh_id, FALSE, NULL);
      return "Permission denied";
    }
  return NULL;
}

/* @more: (transfer floating): the member @member */
static void
put_device (BlControl *control, BowlineActionCall *call, gint64 type, const char *member, GVariant *more)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *mesh_id = bl_variant_get_string (arguments, "meshid");
  g_autofree char *domain = bl_control_domain_of (mesh_id);
  NewDevice *device = g_new0 (NewDevice, 1);
  BlControlChange change;
  GVariantDict document;

  device->node_id = bl_id_random (BL_ID_NODE, domain);
  device->mesh_id = g_strdup (mesh_id);
  device->name = g_strdup (bl_variant_get_string (arguments, "devicename"));
  g_variant_dict_init (&document, NULL);
  g_variant_dict_insert (&document, "_id", "s", device->node_id);
  g_variant_dict_insert (&document, "type", "s", "node");
  g_variant_dict_insert (&document, "domain", "s", domain);
  g_variant_dict_insert (&document, "meshid", "s", mesh_id);
  g_variant_dict_insert (&document, "mtype", "x", type);
  g_variant_dict_insert (&document, "icon", "x", (gint64)1);
  g_variant_dict_insert (&document, "name", "s", device->name);
  g_variant_dict_insert (&document, "host", "s", bl_variant_get_string (arguments, "hostname"));
  g_variant_dict_insert_value (&document, member, more);
  bl_control_change_init (&change);
  bl_control_change_put (&change, g_variant_ref_sink (g_variant_dict_end (&document)));
  bl_control_commit (control, &change, call, on_added, device, new_device_free);
}

static void
run_add_local (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  gint64 type = bl_variant_get_int (bowline_action_call_get_arguments (call), "type", 0);
  const char *problem
      = check_group (control, call, BL_MESH_TYPE_LOCAL, "Local device agentless mesh only allowed");
  GVariantDict agent;

  if (type != 4 && type != 6 && type != 29) /* Windows, Linux, macOS */
    problem = "Invalid type";
  if (problem != NULL)
    {
      refuse (call, problem);
      return;
    }
  g_variant_dict_init (&agent, NULL);
  g_variant_dict_insert (&agent, "id", "x", type);
  g_variant_dict_insert (&agent, "caps", "x", (gint64)0);
  put_device (control, call, BL_MESH_TYPE_LOCAL, "agent", g_variant_dict_end (&agent));
}

static const char *
text_or_empty (GVariant *arguments, const char *name)
{
  const char *text = bl_variant_get_string (arguments, name);

  return text != NULL ? text : "";
}

static void
run_add_amt (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autoptr (GVariant) tls = bl_variant_get_child (arguments, "amttls");
  gint64 wants_tls = bl_variant_get_int (arguments, "amttls", -1);
  const char *problem
      = check_group (control, call, BL_MESH_TYPE_AMT, "Intel AMT agentless mesh only allowed");
  GVariantDict amt;

  if (tls != NULL && g_variant_is_of_type (tls, G_VARIANT_TYPE_STRING)) /* meshctrl sends a text */
    wants_tls = g_ascii_strtoll (g_variant_get_string (tls, NULL), NULL, 10);
  if (wants_tls != 0 && wants_tls != 1)
    problem = "Invalid amttls";
  if (problem != NULL)
    {
      refuse (call, problem);
      return;
    }
  g_variant_dict_init (&amt, NULL);
  g_variant_dict_insert (&amt, "user", "s", text_or_empty (arguments, "amtusername"));
  g_variant_dict_insert (&amt, "pass", "s", text_or_empty (arguments, "amtpassword"));
  g_variant_dict_insert (&amt, "tls", "x", wants_tls);
  put_device (control, call, BL_MESH_TYPE_AMT, "intelamt", g_variant_dict_end (&amt));
}

#define DEVICE_GROUP                                                                                         \
  {                                                                                                          \
    .name = "meshid", .type = BOWLINE_ARGUMENT_ID, .detail = "mesh", .flags = BOWLINE_ARGUMENT_REQUIRED,     \
    .problem = "Invalid device group id"                                                                     \
  }
#define DEVICE_TEXT(word, shortest, longest, more, text)                                                     \
  {                                                                                                          \
    .name = (word), .type = BOWLINE_ARGUMENT_STRING, .flags = (more), .min = (shortest), .max = (longest),   \
    .problem = (text)                                                                                        \
  }

const BowlineAction *
bl_control_agentless_actions (guint *n)
{
  static const BowlineArgument local[] = {
    DEVICE_GROUP,
    DEVICE_TEXT ("devicename", 1, MAX_NAME, BOWLINE_ARGUMENT_REQUIRED, "Invalid devicename"),
    DEVICE_TEXT ("hostname", 1, MAX_NAME, BOWLINE_ARGUMENT_REQUIRED, "Invalid hostname"),
    { .name = "type",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 0,
      .max = G_MAXINT32,
      .problem = "Invalid type" },
  };
  static const BowlineArgument amt[] = {
    DEVICE_GROUP,
    DEVICE_TEXT ("devicename", 1, MAX_NAME, BOWLINE_ARGUMENT_REQUIRED, "Invalid devicename"),
    DEVICE_TEXT ("hostname", 1, MAX_NAME, BOWLINE_ARGUMENT_REQUIRED, "Invalid hostname"),
    DEVICE_TEXT ("amtusername", 0, MAX_AMT, BOWLINE_ARGUMENT_NULLABLE, "Invalid amtusername"),
    DEVICE_TEXT ("amtpassword", 0, MAX_AMT, BOWLINE_ARGUMENT_NULLABLE | BOWLINE_ARGUMENT_SECRET,
                 "Invalid amtpassword"),
    { .name = "amttls", .type = BOWLINE_ARGUMENT_ANY },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("addlocaldevice", BOWLINE_ACTION_CHANGES, "Adds a device without an agent",
                      run_add_local),
      BL_CONTROL_ARGUMENTS (local) },
    { BL_CONTROL_ROW ("addamtdevice", BOWLINE_ACTION_CHANGES, "Adds a device with Intel AMT", run_add_amt),
      BL_CONTROL_ARGUMENTS (amt) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
