// SPDX-License-Identifier: Apache-2.0
/* The action "getDeviceDetails": everything about many devices at once, read one device after the other. */
#include "bl-control-actions.h"
#include "bl-control-details.h"

#include <string.h>

#define MAX_DEVICES 10000u
#define MAX_TEXT (24u * 1024 * 1024) /* what a session may queue is a little more */

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  GPtrArray *ids; /* of char *: the devices */
  guint next;
  guint part;         /* of the current device: index into parts */
  GVariant *parts[3]; /* (nullable) */
  gboolean csv;
  GString *text;
} Export;

static const char *const prefixes[] = { "si", "if", "lc" };

static void
export_free (Export *export)
{
  for (guint i = 0; i < G_N_ELEMENTS (export->parts); i++)
    g_clear_pointer (&export->parts[i], g_variant_unref);
  bowline_action_call_unref (export->call);
  bl_control_unref (export->control);
  g_ptr_array_unref (export->ids);
  g_string_free (export->text, TRUE);
  g_free (export);
}

static void
finish (Export *export)
{
  GVariantDict answer;

  if (!export->csv)
    g_string_append_c (export->text, ']');
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "data", "s", export->text->str);
  g_variant_dict_insert (&answer, "type", "s", export->csv ? "csv" : "json");
  bowline_action_call_answer (export->call, g_variant_dict_end (&answer));
  export_free (export);
}

/* The device whose parts have been read. Rights are asked here: they may have changed since. */
static void
append_device (Export *export, const char *node_id)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (export->call);
  g_autoptr (GVariant) node = bl_control_dup_node_public (export->control, node_id, TRUE);
  const char *mesh_id = node != NULL ? bl_variant_get_string (node, "meshid") : NULL;
  g_autofree char *group = mesh_id != NULL ? bl_control_dup_name (export->control, mesh_id) : NULL;
  gboolean detailed = bowline_may (export->control->host, who, node_id, BL_RIGHT_DETAILS);
  BlControlDetails details = { .node = node,
                               .system = detailed ? export->parts[0] : NULL,
                               .network = detailed ? export->parts[1] : NULL,
                               .last = export->parts[2],
                               .group = group };

  if (node == NULL || bowline_rights (export->control->host, who, node_id) == 0)
    return;
  if (export->csv)
    {
      bl_control_details_append_csv (export->text, &details);
      return;
    }
  if (export->text->len > 1)
    g_string_append_c (export->text, ',');
  bl_control_details_append_json (export->text, &details);
}

static void read_next (Export *export);

static void
on_part (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *export = user_data;
  g_autoptr (GError) error = NULL;
  GVariant *document = bowline_directory_read_finish (export->control->host, result, &error);

  if (error != NULL)
    {
      bowline_action_call_fail (export->call, error);
      export_free (export);
      return;
    }
  export->parts[export->part++] = document;
  if (export->part == G_N_ELEMENTS (prefixes))
    {
      append_device (export, export->ids->pdata[export->next]);
      for (guint i = 0; i < G_N_ELEMENTS (export->parts); i++)
        g_clear_pointer (&export->parts[i], g_variant_unref);
      export->part = 0;
      export->next++;
    }
  read_next (export);
}

static void
read_next (Export *export)
{
  g_autofree char *id = NULL;

  if (export->text->len > MAX_TEXT)
    {
      bowline_action_call_result (export->call, "Too many devices for one answer");
      export_free (export);
      return;
    }
  if (export->next == export->ids->len || export->control->stopped)
    {
      finish (export);
      return;
    }
  id = g_strconcat (prefixes[export->part], export->ids->pdata[export->next], NULL);
  bowline_directory_read_async (export->control->host, id, NULL, on_part, export);
}

static gboolean
collect (const char *id, GVariant *node, gpointer user_data)
{
  Export *export = user_data;

  if (bowline_rights (export->control->host, bowline_action_call_get_principal (export->call), id) != 0)
    g_ptr_array_add (export->ids, g_strdup (id));
  return export->ids->len < MAX_DEVICES;
}

static void
run_details (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_auto (GStrv) ids = bl_variant_get_strv (arguments, "nodeids");
  Export *export = g_new0 (Export, 1);

  export->control = bl_control_ref (control);
  export->call = bowline_action_call_ref (call);
  export->ids = g_ptr_array_new_with_free_func (g_free);
  export->csv = g_strcmp0 (bl_variant_get_string (arguments, "type"), "csv") == 0;
  export->text = g_string_new (export->csv ? NULL : "[");
  if (export->csv)
    bl_control_details_append_head (export->text);
  if (!bl_variant_has (arguments, "nodeids"))
    bowline_directory_foreach (control->host, "node", NULL, collect, export);
  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    g_ptr_array_add (export->ids, g_strdup (ids[i]));
  read_next (export);
}

const BowlineAction *
bl_control_detail_actions (guint *n)
{
  static const BowlineArgument arguments[] = {
    { .name = "type",
      .type = BOWLINE_ARGUMENT_CHOICE,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .detail = "json|csv",
      .problem = "Invalid type" },
    { .name = "nodeids",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "node",
      .flags = BOWLINE_ARGUMENT_LIST | BOWLINE_ARGUMENT_NULLABLE,
      .list_max = MAX_DEVICES,
      .problem = "Invalid nodeids" },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("getDeviceDetails", 0, "Exports what is known about devices", run_details),
      BL_CONTROL_ARGUMENTS (arguments), .object = "nodeids" },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
