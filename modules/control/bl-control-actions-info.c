// SPDX-License-Identifier: Apache-2.0
/* What is known about one device, and notes. Follows control-channel 7.6 */
#include "bl-control-actions.h"

#define MAX_NOTES 65536
/* A device is not asked for its details again while the stored ones are that young. */
#define REFRESH_MILLISECONDS 5000

typedef struct
{
  BlControl *control;
  BowlineActionCall *call;
  void (*answer) (
      BlControl *control, BowlineActionCall *call, const char *id, GVariant *document, GVariantDict *answer);
  char *id;
} Read;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Read *read = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = bowline_directory_read_finish (read->control->host, result, &error);
  GVariantDict answer;

  if (error != NULL)
    bowline_action_call_fail (read->call, error);
  else
    {
      g_variant_dict_init (&answer, NULL);
      read->answer (read->control, read->call, read->id, document, &answer);
      bowline_action_call_answer (read->call, g_variant_dict_end (&answer));
    }
  bowline_action_call_unref (read->call);
  bl_control_unref (read->control);
  g_free (read->id);
  g_free (read);
}

/* Reads the document @prefix + id and answers with what @answer makes of it. */
static void
read_document (BlControl *control,
               BowlineActionCall *call,
               const char *argument,
               const char *prefix,
               void (*answer) (BlControl *, BowlineActionCall *, const char *, GVariant *, GVariantDict *))
{
  const char *id = bl_variant_get_string (bowline_action_call_get_arguments (call), argument);
  g_autofree char *document_id = g_strconcat (prefix, id, NULL);
  Read *read = g_new (Read, 1);

  *read = (Read){ bl_control_ref (control), bowline_action_call_ref (call), answer, g_strdup (id) };
  bowline_directory_read_async (control->host, document_id, NULL, on_read, read);
}

static void
copy_member (GVariantDict *answer, GVariant *document, const char *member)
{
  g_autoptr (GVariant) value = bl_variant_get_child (document, member);

  if (value != NULL)
    g_variant_dict_insert_value (answer, member, value);
}

/* "Nothing known" has no result here: the official command line dies of one. */
static void
answer_network (
    BlControl *control, BowlineActionCall *call, const char *id, GVariant *document, GVariantDict *answer)
{
  g_variant_dict_insert (answer, "nodeid", "s", id);
  if (document == NULL)
    {
      g_variant_dict_insert_value (answer, "netif", bl_variant_new_null ());
      g_variant_dict_insert_value (answer, "netif2", bl_variant_new_null ());
      return;
    }
  copy_member (answer, document, "updateTime");
  copy_member (answer, document, "netif");
  copy_member (answer, document, "netif2");
}

static void
run_network (BowlineActionCall *call, gpointer user_data)
{
  read_document (user_data, call, "nodeid", "if", answer_network);
}

/* The device is to say it all, whatever is stored. What it says comes as the event `sysinfohash`. */
static void
ask_device (BlControl *control, BowlineActionCall *call, const char *id, GVariant *document, GVariantDict *answer)
{
  const gint64 age = g_get_real_time () / 1000 - bl_variant_get_int (document, "time", 0);

  if (!bl_variant_get_bool (bowline_action_call_get_arguments (call), "refresh", FALSE))
    return;
  g_variant_dict_insert (answer, "refreshing", "b",
                         (age < 0 || age >= REFRESH_MILLISECONDS)
                             && bowline_device_send (control->host, id, g_variant_new_parsed ("{'action': <'sysinfo'>}")));
}

static void
answer_system (
    BlControl *control, BowlineActionCall *call, const char *id, GVariant *document, GVariantDict *answer)
{
  g_autoptr (GVariant) node = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  ask_device (control, call, id, document, answer);
  if (document == NULL || !bl_variant_has (document, "hardware"))
    {
      g_variant_dict_insert (answer, "nodeid", "s", id);
      g_variant_dict_insert (answer, "noinfo", "b", TRUE);
      g_variant_dict_insert (answer, "result", "s", "Invalid device id");
      return;
    }
  g_variant_iter_init (&iter, document);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (!g_str_equal (name, "_id") && !g_str_equal (name, "type") && !g_str_equal (name, "domain"))
        g_variant_dict_insert_value (answer, name, value);
      g_variant_unref (value);
    }
  g_variant_dict_insert (answer, "nodeid", "s", id);
  if (!bl_variant_get_bool (bowline_action_call_get_arguments (call), "nodeinfo", FALSE))
    return;
  node = bl_control_dup_node_public (control, id, TRUE);
  if (node != NULL)
    g_variant_dict_insert_value (answer, "node", node);
  g_variant_dict_insert (
      answer, "rights", "x",
      (gint64)bowline_rights (control->host, bowline_action_call_get_principal (call), id));
}

static void
run_system (BowlineActionCall *call, gpointer user_data)
{
  read_document (user_data, call, "nodeid", "si", answer_system);
}

static void
answer_last (
    BlControl *control, BowlineActionCall *call, const char *id, GVariant *document, GVariantDict *answer)
{
  g_variant_dict_insert (answer, "nodeid", "s", id);
  if (document == NULL)
    {
      g_variant_dict_insert (answer, "noinfo", "b", TRUE);
      g_variant_dict_insert (answer, "result", "s", "No data");
      return;
    }
  copy_member (answer, document, "time");
  copy_member (answer, document, "addr");
}

static void
run_last (BowlineActionCall *call, gpointer user_data)
{
  read_document (user_data, call, "nodeid", "lc", answer_last);
}

/* ---- notes
 * -------------------------------------------------------------------------------------------------------- */

static guint32
notes_right (const char *id)
{
  return g_str_has_prefix (id, "mesh/") ? BL_RIGHT_EDIT_GROUP : BL_RIGHT_NOTES;
}

static void
answer_notes (
    BlControl *control, BowlineActionCall *call, const char *id, GVariant *document, GVariantDict *answer)
{
  const char *notes = bl_variant_get_string (document, "value");

  g_variant_dict_insert (answer, "id", "s", id);
  if (notes != NULL)
    g_variant_dict_insert (answer, "notes", "s", notes);
  else
    g_variant_dict_insert_value (answer, "notes", bl_variant_new_null ());
}

static gboolean
may_use_notes (BlControl *control, BowlineActionCall *call)
{
  const char *id = bl_variant_get_string (bowline_action_call_get_arguments (call), "id");

  return bowline_may (control->host, bowline_action_call_get_principal (call), id, notes_right (id));
}

static void
run_get_notes (BowlineActionCall *call, gpointer user_data)
{
  if (may_use_notes (user_data, call))
    read_document (user_data, call, "id", "nt", answer_notes);
}

static void
on_notes_kept (BlControl *control, BowlineActionCall *call, gpointer data)
{
  bowline_action_call_result (call, "ok");
}

static void
run_set_notes (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *id = bl_variant_get_string (arguments, "id");
  const char *notes = bl_variant_get_string (arguments, "notes");
  g_autofree char *document_id = g_strconcat ("nt", id, NULL);
  BlControlChange change;
  GVariantDict document;

  if (!may_use_notes (control, call))
    return;
  bl_control_change_init (&change);
  if (notes == NULL || *notes == '\0')
    bl_control_change_delete (&change, "nt", id);
  else
    {
      g_autofree char *domain = bl_control_domain_of (id);

      g_variant_dict_init (&document, NULL);
      g_variant_dict_insert (&document, "_id", "s", document_id);
      g_variant_dict_insert (&document, "type", "s", "note");
      g_variant_dict_insert (&document, "domain", "s", domain);
      g_variant_dict_insert (&document, "value", "s", notes);
      bl_control_change_put (&change, g_variant_ref_sink (g_variant_dict_end (&document)));
    }
  bl_control_commit (control, &change, call, on_notes_kept, NULL, NULL);
}

const BowlineAction *
bl_control_info_actions (guint *n)
{
  static const BowlineArgument node[] = { BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED) };
  static const BowlineArgument system[] = { BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
                                            { .name = "nodeinfo", .type = BOWLINE_ARGUMENT_BOOLEAN },
                                            { .name = "refresh", .type = BOWLINE_ARGUMENT_BOOLEAN } };
  static const BowlineArgument notes[] = {
    { .name = "id",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "node|mesh|user",
      .flags = BOWLINE_ARGUMENT_REQUIRED },
    BL_CONTROL_TEXT ("notes", MAX_NOTES),
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("getnetworkinfo", 0, "Tells a device's network interfaces", run_network),
      BL_CONTROL_ARGUMENTS (node), .object = "nodeid", .object_rights = BL_RIGHT_DETAILS },
    { BL_CONTROL_ROW ("getsysinfo", 0, "Tells a device's hardware and system", run_system),
      BL_CONTROL_ARGUMENTS (system), .object = "nodeid", .object_rights = BL_RIGHT_DETAILS },
    { BL_CONTROL_ROW ("lastconnect", 0, "Tells when a device was last connected", run_last),
      BL_CONTROL_ARGUMENTS (node), .object = "nodeid", .denied = "Invalid device id" },
    { BL_CONTROL_ROW ("getNotes", 0, "Reads notes about a device, group or account", run_get_notes),
      BL_CONTROL_ARGUMENTS (notes), .object = "id" },
    { BL_CONTROL_ROW ("setNotes", BOWLINE_ACTION_CHANGES, "Writes notes about a device, group or account",
                      run_set_notes),
      BL_CONTROL_ARGUMENTS (notes), .object = "id" },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
