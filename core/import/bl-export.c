// SPDX-License-Identifier: Apache-2.0
#include "bl-export.h"

#include <bowline/action.h>
#include <bowline/directory.h>
#include <bowline/error.h>

#include "bl-host.h"
#include "common/bl-json.h"
#include "common/bl-nedb.h"
#include "common/bl-variant.h"

#define FLUSH_AT (1024u * 1024u)
#define MAX_OF_ONE_TYPE 100000u

/* Hot kinds come first: documents of devices mean nothing without the device. */
static const char *const hot_types[]
    = { "server", "loginkey", "user", "ugrp", "mesh", "node", "logintoken", "deviceshare", NULL };
static const char *const cold_types[] = { "lastconnect", "ifinfo", "sysinfo", "note", "webstate", "image", NULL };

typedef struct
{
  GFile *file;
  GOutputStream *out;
  GString *text;
  gint64 written;
  guint next; /* of cold_types */
  GError *error;
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;

  if (export->out != NULL && !g_output_stream_is_closed (export->out))
    {
      /* closing would put the half of it into place */
      g_autoptr (GCancellable) cancelled = g_cancellable_new ();

      g_cancellable_cancel (cancelled);
      g_output_stream_close (export->out, cancelled, NULL);
    }
  g_clear_object (&export->out);
  g_object_unref (export->file);
  g_string_free (export->text, TRUE);
  g_clear_error (&export->error);
  g_free (export);
}

static gboolean
flush (Export *export)
{
  if (!g_output_stream_write_all (export->out, export->text->str, export->text->len, NULL, NULL, &export->error))
    return FALSE;
  g_string_truncate (export->text, 0);
  return TRUE;
}

static gboolean
add_document (const char *id, GVariant *document, gpointer user_data)
{
  Export *export = user_data;
  g_autoptr (GVariant) escaped = bl_nedb_escape (document);

  g_string_append (export->text, export->written++ == 0 ? "[\n" : ",\n");
  return bl_json_append (export->text, escaped, &export->error) && (export->text->len < FLUSH_AT || flush (export));
}

static void list_next (GTask *task);

static void
end (GTask *task)
{
  Export *export = g_task_get_task_data (task);

  if (export->error == NULL)
    g_string_append (export->text, export->written == 0 ? "[]\n" : "\n]\n");
  if (export->error == NULL && flush (export))
    g_output_stream_close (export->out, NULL, &export->error);
  if (export->error != NULL)
    g_task_return_error (task, g_steal_pointer (&export->error));
  else
    g_task_return_int (task, export->written);
  g_object_unref (task);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Export *export = g_task_get_task_data (task);
  g_autoptr (GVariant) documents = bowline_directory_list_finish (bl_host_get_core (), result, &export->error);

  if (documents != NULL && g_variant_n_children (documents) >= MAX_OF_ONE_TYPE)
    g_set_error (&export->error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "more than %u documents of type %s", MAX_OF_ONE_TYPE,
                 cold_types[export->next - 1]);
  for (gsize i = 0; export->error == NULL && i < g_variant_n_children (documents); i++)
    {
      g_autoptr (GVariant) document = g_variant_get_child_value (documents, i);

      add_document (NULL, document, export);
    }
  list_next (task);
}

static void
list_next (GTask *task)
{
  Export *export = g_task_get_task_data (task);

  if (export->error != NULL || cold_types[export->next] == NULL)
    end (task);
  else
    bowline_directory_list_async (bl_host_get_core (), cold_types[export->next++], NULL, MAX_OF_ONE_TYPE, NULL, on_listed,
                                  task);
}

void
bl_export_async (const char *path, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Export *export = g_new0 (Export, 1);

  g_task_set_source_tag (task, bl_export_async);
  g_task_set_task_data (task, export, export_free);
  export->file = g_file_new_for_path (path);
  export->text = g_string_new (NULL);
  export->out = G_OUTPUT_STREAM (g_file_replace (export->file, NULL, FALSE,
                                                 G_FILE_CREATE_PRIVATE | G_FILE_CREATE_REPLACE_DESTINATION, NULL,
                                                 &export->error));
  for (guint i = 0; export->error == NULL && hot_types[i] != NULL; i++)
    bowline_directory_foreach (bl_host_get_core (), hot_types[i], NULL, add_document, export);
  list_next (task);
}

gint64
bl_export_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

/* ---- the actions
 * ------------------------------------------------------------------------------------------------ */

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;
  g_autoptr (GError) error = NULL;
  const gint64 written = bl_export_finish (result, &error);
  GVariantDict answer;

  if (written < 0)
    {
      bowline_action_call_fail (call, error);
      return;
    }
  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  g_variant_dict_insert (&answer, "documents", "x", written);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
export_cb (BowlineActionCall *call, gpointer user_data)
{
  const char *path = bl_variant_get_string (bowline_action_call_get_arguments (call), "path");
  g_autoptr (GError) error = NULL;

  if (g_path_is_absolute (path))
    {
      bl_export_async (path, exported_cb, bowline_action_call_ref (call));
      return;
    }
  error = g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "file: expected an absolute path, found \"%s\"", path);
  bowline_action_call_fail (call, error);
}

static void
answer_document (BowlineActionCall *call, GVariant *document)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "result", "s", "ok");
  if (document != NULL)
    g_variant_dict_insert_value (&answer, "document", document);
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = bowline_directory_read_finish (bl_host_get_core (), result, &error);

  if (error != NULL)
    bowline_action_call_fail (call, error);
  else
    answer_document (call, document);
}

static void
show_cb (BowlineActionCall *call, gpointer user_data)
{
  const char *id = bl_variant_get_string (bowline_action_call_get_arguments (call), "id");
  g_autoptr (GVariant) document = bowline_directory_dup (bl_host_get_core (), id);

  if (document != NULL)
    answer_document (call, document);
  else
    bowline_directory_read_async (bl_host_get_core (), id, NULL, read_cb, bowline_action_call_ref (call));
}

gboolean
bl_export_register (GError **error)
{
  static const BowlineArgument path = {
    .name = "path", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = 4095
  };
  static const BowlineArgument id = {
    .name = "id", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = 512
  };
  const BowlineAction actions[] = {
    { .struct_size = sizeof (BowlineAction),
      .flags = BOWLINE_ACTION_LOCAL,
      .name = "export-meshcentral",
      .summary = "Write all documents as MeshCentral's --dbexport does",
      .arguments = &path,
      .n_arguments = 1,
      .argument_size = sizeof (BowlineArgument),
      .run = export_cb },
    { .struct_size = sizeof (BowlineAction),
      .flags = BOWLINE_ACTION_LOCAL,
      .name = "document.show",
      .summary = "Show one document",
      .arguments = &id,
      .n_arguments = 1,
      .argument_size = sizeof (BowlineArgument),
      .run = show_cb },
  };

  return bowline_host_register_actions (bl_host_get_core (), actions, G_N_ELEMENTS (actions), NULL, error);
}
