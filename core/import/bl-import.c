// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-import"

#include "bl-import-private.h"

#include "bl-host.h"
#include "bl-import-certs.h"
#include "bl-import-files.h"
#include "common/bl-mesh-config.h"

#include <bowline/plugin.h>
#include <glib/gstdio.h>
#include <string.h>

#define DROP_IN "bowline-imported.conf"

static void
import_free (gpointer data)
{
  BlImport *import = data;

  g_clear_pointer (&import->source, bl_import_source_free);
  g_clear_pointer (&import->report, bl_import_report_free);
  g_clear_pointer (&import->order, g_ptr_array_unref);
  g_clear_pointer (&import->items, g_hash_table_unref);
  g_clear_pointer (&import->events, g_ptr_array_unref);
  g_clear_pointer (&import->stored, g_hash_table_unref);
  g_clear_error (&import->error);
  g_free (import->settings);
  g_free (import->data_dir);
  g_free (import->path);
  g_free (import);
}

static GVariant *
make_answer (BlImport *import)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, "dry-run", "b", import->dry_run);
  g_variant_dict_insert (&answer, "source", "s", bl_import_source_get_path (import->source));
  g_variant_dict_insert (&answer, "database", "s", bl_import_source_get_database (import->source));
  if (import->settings != NULL)
    g_variant_dict_insert (&answer, "settings", "s", import->settings);
  bl_import_report_add_to (import->report, &answer);
  return g_variant_ref_sink (g_variant_dict_end (&answer));
}

static void
end (GTask *task)
{
  g_task_return_pointer (task, make_answer (g_task_get_task_data (task)), (GDestroyNotify)g_variant_unref);
  g_object_unref (task);
}

/* Returns: (transfer full): where people's files are: beside the folder, unless told otherwise */
static char *
files_path (BlImport *import)
{
  g_autoptr (GVariant) told = bl_import_source_dup_setting (import->source, "filesPath");

  if (told != NULL && g_variant_is_of_type (told, G_VARIANT_TYPE_STRING)
      && g_path_is_absolute (g_variant_get_string (told, NULL)))
    return g_variant_dup_string (told, NULL);
  return g_build_filename (bl_import_source_get_path (import->source), "..", "meshcentral-files", NULL);
}

static void
copy_files (GTask *task)
{
  BlImport *import = g_task_get_task_data (task);
  g_autofree char *from = files_path (import);
  g_autofree char *to = g_build_filename (import->data_dir, "files", NULL);
  g_autofree char *recordings
      = g_build_filename (bl_import_source_get_path (import->source), "..", "meshcentral-recordings", NULL);
  g_autoptr (GError) error = NULL;

  if (g_file_test (recordings, G_FILE_TEST_IS_DIR))
    bl_import_report_note (import->report, "Recordings stay where they are: %s", recordings);
  if (bl_import_files (from, to, import->dry_run, import->report, &error))
    {
      end (task);
      return;
    }
  g_task_return_error (task, g_steal_pointer (&error));
  g_object_unref (task);
}

static void
write_events (GTask *task)
{
  bl_import_write_events (task, copy_files);
}

/* ---- settings
 * --------------------------------------------------------------------------------------------------- */

/* A certificate that was bought is the only one to show; ours are for those who have none. */
static char *
with_web_certificate (BlImport *import, const char *settings)
{
  static const char section[] = "[server]\n";
  g_autofree char *lines = g_strdup_printf ("web-certificate=%s/certs/webserver-cert-public.crt\n"
                                            "web-key=%s/certs/webserver-cert-private.key\n",
                                            import->data_dir, import->data_dir);
  const char *place = strstr (settings, section);

  if (place == NULL)
    return g_strconcat (settings, section, lines, NULL);
  place += strlen (section);
  g_autofree char *before = g_strndup (settings, (gsize)(place - settings));
  return g_strconcat (before, lines, place, NULL);
}

static gboolean
write_settings (BlImport *import, GError **error)
{
  g_autofree char *path = g_build_filename (import->data_dir, DROP_IN, NULL);
  g_autofree char *there = NULL;

  bl_import_report_count (import->report, "settings file", BL_IMPORT_FOUND, 1);
  if (g_file_get_contents (path, &there, NULL, NULL) && g_str_equal (there, import->settings))
    {
      bl_import_report_count (import->report, "settings file", BL_IMPORT_SAME, 1);
      return TRUE;
    }
  bl_import_report_count (import->report, "settings file", there != NULL ? BL_IMPORT_REPLACED : BL_IMPORT_NEW,
                          1);
  bl_import_report_note (import->report,
                         import->dry_run ? "The settings below would become %s in the data directory."
                                         : "Look at %s in the data directory, then put it into the conf.d "
                                           "directory beside bowline.conf.",
                         DROP_IN);
  return import->dry_run
         || g_file_set_contents_full (path, import->settings, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                      error);
}

/* @web_given: see bl_import_certs() */
static gboolean
take_settings (BlImport *import, gboolean web_given, GError **error)
{
  g_autoptr (GBytes) bytes
      = bl_import_source_read_file (import->source, "config.json", BL_IMPORT_MAX_CONFIG, error);
  gsize length = 0;

  if (bytes == NULL)
    {
      bl_import_report_note (import->report, "The folder has no config.json: no settings were taken over.");
      return error == NULL || *error == NULL;
    }
  const char *text = g_bytes_get_data (bytes, &length);
  g_autoptr (BlMeshConfig) config = bl_mesh_config_translate (text, length, error);
  if (config == NULL)
    {
      g_prefix_error (error, "config.json: ");
      return FALSE;
    }
  for (guint i = 0; i < config->warnings->len; i++)
    bl_import_report_note (import->report, "config.json: %s",
                           (char *)g_ptr_array_index (config->warnings, i));
  for (guint i = 0; i < config->unknown->len; i++)
    bl_import_report_note (import->report, "config.json: %s: unknown, not taken over",
                           (char *)g_ptr_array_index (config->unknown, i));
  import->settings = bl_mesh_config_to_conf (config);
  if (web_given && bl_mesh_config_get (config, "server", "web-certificate") == NULL)
    {
      g_autofree char *without = g_steal_pointer (&import->settings);
      import->settings = with_web_certificate (import, without);
    }
  return write_settings (import, error);
}

/* ---- the beginning
 * ---------------------------------------------------------------------------------------------- */

static gboolean
begin (BlImport *import, GError **error)
{
  gboolean web_given = FALSE;

  import->source = bl_import_source_open (import->path, import->data_dir, error);
  if (import->source == NULL)
    return FALSE;
  const BlImportCerts certs = {
    .source = import->source,
    .data_dir = import->data_dir,
    .fresh = import->fresh,
    .replace = import->replace,
    .dry_run = import->dry_run,
  };
  /* All is read before anything is written. */
  return bl_import_collect (import, error) && bl_import_certs (&certs, import->report, &web_given, error)
         && take_settings (import, web_given, error);
}

void
bl_import_async (const BlImportOptions *options, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  BlImport *import = g_new0 (BlImport, 1);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, bl_import_async);
  g_task_set_task_data (task, import, import_free);
  import->store = options->store;
  import->directory = options->directory;
  import->data_dir = g_strdup (options->data_dir);
  import->path = g_strdup (options->path);
  import->dry_run = options->dry_run;
  import->replace = options->replace;
  import->now_ms = g_get_real_time () / 1000;
  import->fresh = bl_directory_count (import->directory, "user") == 0
                  && bl_directory_count (import->directory, "mesh") == 0
                  && bl_directory_count (import->directory, "node") == 0;
  import->report = bl_import_report_new ();
  import->items = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bl_import_item_free);
  import->order = g_ptr_array_new ();
  if (begin (import, &error))
    {
      bl_import_write_documents (task, write_events);
      return;
    }
  g_task_return_error (task, g_steal_pointer (&error));
  g_object_unref (task);
}

GVariant *
bl_import_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the action
 * ------------------------------------------------------------------------------------------------- */

static struct
{
  BlStore *store;
  BlDirectory *directory;
  const char *data_dir;
  gboolean maintenance;
} context;

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = bl_import_finish (result, &error);

  if (answer == NULL)
    bowline_action_call_fail (call, error);
  else
    bowline_action_call_answer (call, answer);
}

static void
import_cb (BowlineActionCall *call, gpointer user_data)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BlImportOptions options
      = { .store = context.store, .directory = context.directory, .data_dir = context.data_dir };
  g_autoptr (GError) error = NULL;

  (void)g_variant_lookup (arguments, "path", "&s", &options.path);
  (void)g_variant_lookup (arguments, "dryrun", "b", &options.dry_run);
  (void)g_variant_lookup (arguments, "replace", "b", &options.replace);
  if (!context.maintenance)
    error = g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_DENIED,
                         "the server of %s runs; stop it first, an import changes its certificates",
                         context.data_dir);
  else if (!g_path_is_absolute (options.path))
    error = g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                         "folder: expected an absolute path, found \"%s\"", options.path);
  if (error != NULL)
    bowline_action_call_fail (call, error);
  else
    bl_import_async (&options, imported_cb, bowline_action_call_ref (call));
}

gboolean
bl_import_register (
    BlStore *store, BlDirectory *directory, const char *data_dir, gboolean maintenance, GError **error)
{
  static const BowlineArgument arguments[] = {
    { .name = "path",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 4095 },
    { .name = "dryrun", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "replace", .type = BOWLINE_ARGUMENT_BOOLEAN },
  };
  const BowlineAction action = {
    .struct_size = sizeof action,
    .flags = BOWLINE_ACTION_LOCAL,
    .name = "import-meshcentral",
    .summary = "Take over the data folder of a MeshCentral server",
    .arguments = arguments,
    .n_arguments = G_N_ELEMENTS (arguments),
    .argument_size = sizeof (BowlineArgument),
    .run = import_cb,
  };

  context.store = store;
  context.directory = directory;
  context.data_dir = data_dir;
  context.maintenance = maintenance;
  return bowline_host_register_actions (bl_host_get_core (), &action, 1, NULL, error);
}
