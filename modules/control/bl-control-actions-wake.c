// SPDX-License-Identifier: Apache-2.0
/* Wake on LAN: the agents near a sleeping device send the packets. Follows control-channel 7.6 (wakedevices)
 */
#include "bl-control-actions.h"

#define MAX_MACS 64u

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  guint waiting;     /* devices whose network information is being read */
  guint devices;     /* asked for */
  guint helpers;     /* messages sent */
  guint unknown;     /* devices without network information */
  guint addressless; /* devices without a hardware address */
} Wake;

typedef struct
{
  Wake *wake;
  char *node_id;
} Target;

static gboolean
is_mac (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++, n++)
    {
      if (n % 3 == 2 ? *text != ':' : !g_ascii_isxdigit (*text))
        return FALSE;
    }
  return n == 17;
}

static void
add_mac (GHashTable *macs, GVariant *interface)
{
  const char *mac = g_variant_is_of_type (interface, G_VARIANT_TYPE_VARDICT)
                        ? bl_variant_get_string (interface, "mac")
                        : NULL;

  if (mac != NULL && is_mac (mac) && !g_str_equal (mac, "00:00:00:00:00:00")
      && g_hash_table_size (macs) < MAX_MACS)
    g_hash_table_add (macs, g_strdup (mac));
}

/* Hardware addresses of a device's interfaces. */
static GHashTable *
collect_macs (GVariant *document)
{
  GHashTable *macs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GVariant) interfaces = bl_variant_get_object (document, "netif2");
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (interfaces == NULL)
    return macs;
  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) addresses = g_steal_pointer (&value);

      if (!g_variant_is_of_type (addresses, G_VARIANT_TYPE ("av")))
        continue;
      for (gsize i = 0; i < g_variant_n_children (addresses); i++)
        {
          g_autoptr (GVariant) boxed = g_variant_get_child_value (addresses, i);
          g_autoptr (GVariant) interface = g_variant_get_variant (boxed);

          add_mac (macs, interface);
        }
    }
  return macs;
}

typedef struct
{
  Wake *wake;
  const char *node_id; /* the sleeper */
  GVariant *message;
} Helpers;

static gboolean
ask_helper (const char *id, GVariant *node, gpointer user_data)
{
  Helpers *helpers = user_data;
  BlControl *control = helpers->wake->control;
  BowlinePrincipal *who = bowline_action_call_get_principal (helpers->wake->call);

  if (!g_str_equal (id, helpers->node_id) && bowline_may (control->host, who, id, BL_RIGHT_WAKE)
      && bowline_device_send (control->host, id, helpers->message))
    helpers->wake->helpers++;
  return TRUE;
}

static void
ask_helpers (Wake *wake, const char *node_id, GHashTable *macs)
{
  g_autoptr (GVariant) node = bowline_directory_dup (wake->control->host, node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  g_autoptr (GVariant) message = NULL;
  Helpers helpers = { wake, node_id, NULL };
  GVariantBuilder list;
  GVariantDict dict;
  GHashTableIter iter;
  gpointer mac;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  g_hash_table_iter_init (&iter, macs);
  while (g_hash_table_iter_next (&iter, &mac, NULL))
    g_variant_builder_add (&list, "v", g_variant_new_string (mac));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "action", "s", "wakeonlan");
  g_variant_dict_insert_value (&dict, "macs", g_variant_builder_end (&list));
  message = g_variant_ref_sink (g_variant_dict_end (&dict));
  helpers.message = message;
  if (mesh_id != NULL)
    bowline_directory_foreach (wake->control->host, "node", mesh_id, ask_helper, &helpers);
}

static void
answer (Wake *wake)
{
  g_autofree char *used = g_strdup_printf ("Used %u device(s) to send wake packets", wake->helpers);

  if (wake->devices > 1)
    bowline_action_call_result (wake->call, "ok");
  else if (wake->unknown > 0)
    bowline_action_call_result (wake->call, "No network information for this device");
  else if (wake->addressless > 0)
    bowline_action_call_result (wake->call, "No known MAC addresses for this device");
  else
    bowline_action_call_result (wake->call, used);
}

static void
release (Wake *wake)
{
  if (--wake->waiting > 0)
    return;
  answer (wake);
  bowline_action_call_unref (wake->call);
  bl_control_unref (wake->control);
  g_free (wake);
}

static void
on_network_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Target *target = user_data;
  Wake *wake = target->wake;
  g_autoptr (GVariant) document = bowline_directory_read_finish (wake->control->host, result, NULL);
  g_autoptr (GHashTable) macs = document != NULL ? collect_macs (document) : NULL;

  if (macs == NULL)
    wake->unknown++;
  else if (g_hash_table_size (macs) == 0)
    wake->addressless++;
  else if (!wake->control->stopped)
    ask_helpers (wake, target->node_id, macs);
  g_free (target->node_id);
  g_free (target);
  release (wake);
}

static void
emit_wake (BlControl *control, BowlineActionCall *call)
{
  g_autoptr (GVariant) ids = bl_variant_get_child (bowline_action_call_get_request (call), "nodeids");
  GVariantDict event;

  bl_control_event_init (&event, control, bowline_action_call_get_principal (call), NULL, "wakedevices");
  g_variant_dict_insert (&event, "etype", "s", "user");
  g_variant_dict_insert_value (&event, "nodeids", ids);
  g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  bl_control_event_emit (control, &event,
                         bowline_principal_get_user_id (bowline_action_call_get_principal (call)), NULL);
}

static void
run_wake (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_auto (GStrv) ids = bl_variant_get_strv (bowline_action_call_get_arguments (call), "nodeids");
  const char *const *refused = bowline_action_call_get_refused (call);
  Wake *wake;

  if (ids == NULL || ids[0] == NULL)
    {
      bowline_action_call_result (call, "Invalid nodeid");
      return;
    }
  emit_wake (control, call);
  wake = g_new0 (Wake, 1);
  wake->control = bl_control_ref (control);
  wake->call = bowline_action_call_ref (call);
  wake->devices = g_strv_length (ids) + g_strv_length ((char **)refused);
  wake->waiting = 1; /* until all are asked for */
  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autofree char *document_id = g_strconcat ("if", ids[i], NULL);
      Target *target = g_new (Target, 1);

      *target = (Target){ wake, g_strdup (ids[i]) };
      wake->waiting++;
      bowline_directory_read_async (control->host, document_id, NULL, on_network_read, target);
    }
  release (wake);
}

const BowlineAction *
bl_control_wake_actions (guint *n)
{
  static const BowlineArgument wake[] = { BL_CONTROL_NODES };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("wakedevices", BOWLINE_ACTION_CHANGES, "Wakes devices over the network", run_wake),
      BL_CONTROL_ARGUMENTS (wake), .object = "nodeids", .object_rights = BL_RIGHT_WAKE },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
