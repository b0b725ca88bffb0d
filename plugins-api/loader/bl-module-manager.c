// SPDX-License-Identifier: Apache-2.0
/* BlModuleManager: scan, order, start within a deadline, stop in reverse, list. */
#include "bl-module-manager.h"

#include "bl-module-loader.h"
#include "bl-module-resolver.h"
#include <bowline/error.h>
#include <bowline/host.h>
#include <string.h>

#define SLOW_CALL_US (50 * G_TIME_SPAN_MILLISECOND)
#define MAX_MODULES 256u

struct _BlModuleManager
{
  guint32 kind;
  BlModuleManagerHooks hooks;
  gpointer user_data;
  GPtrArray *modules; /* BlModule, sorted by id; of two with one id the good one first */
  GPtrArray *started; /* borrowed BlModule, in the order of activation */
  GTask *start_task;
  GSource *cancel_source;
  guint timeout_seconds;
  gboolean advancing;
  gboolean advance_again;
};

/* A plugin that never answered may still do so: its record must outlive the manager. */
static GPtrArray *abandoned;

static void advance (BlModuleManager *manager);

static void
module_free (gpointer data)
{
  BlModule *module = data;

  if (module->awaiting_callback)
    {
      if (abandoned == NULL)
        abandoned = g_ptr_array_new ();
      module->manager = NULL;
      g_ptr_array_add (abandoned, module);
      return;
    }
  g_clear_object (&module->cancellable);
  g_clear_pointer (&module->manifest, bl_module_manifest_unref);
  g_free (module->id);
  g_free (module->path);
  g_free (module->reason);
  g_free (module);
}

static void
log_line (BlModuleManager *manager, guint32 level, const char *id, const char *message)
{
  if (manager->hooks.log != NULL)
    manager->hooks.log (level, id, message, manager->user_data);
}

BlModuleManager *
bl_module_manager_new (guint32 kind, const BlModuleManagerHooks *hooks, gpointer user_data)
{
  BlModuleManager *manager = g_new0 (BlModuleManager, 1);

  manager->kind = kind;
  manager->hooks = *hooks;
  manager->user_data = user_data;
  manager->modules = g_ptr_array_new_with_free_func (module_free);
  manager->started = g_ptr_array_new ();
  return manager;
}

void
bl_module_manager_free (BlModuleManager *manager)
{
  bl_module_manager_stop (manager);
  g_ptr_array_unref (manager->started);
  g_ptr_array_unref (manager->modules);
  g_free (manager);
}

/* ---- scan -----------------------------------------------------------------------------------------------
 */

static BlModule *
find_good (BlModuleManager *manager, const char *id)
{
  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->manifest != NULL && strcmp (module->id, id) == 0)
        return module;
    }
  return NULL;
}

static void
set_state (BlModule *module, BlModuleState state, const char *reason)
{
  module->state = state;
  g_free (module->reason);
  module->reason = g_strdup (reason);
}

static void
refuse (BlModuleManager *manager, BlModule *module, const char *reason)
{
  set_state (module, BL_MODULE_REFUSED, reason);
  log_line (manager, BOWLINE_LOG_WARNING, module->id, reason);
}

static void
scan_file (BlModuleManager *manager, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *base = g_path_get_basename (path);
  BlModuleManifest *manifest;
  BlModule *module, *other;

  if (manager->modules->len >= MAX_MODULES)
    return;
  manifest = bl_module_manifest_load (path, &error);
  if (manifest != NULL && manifest->kind != manager->kind)
    {
      bl_module_manifest_unref (manifest);
      return;
    }
  module = g_new0 (BlModule, 1);
  module->manager = manager;
  module->path = g_strdup (path);
  module->id = g_strndup (base, strlen (base) - strlen (".module"));
  if (manifest == NULL)
    {
      refuse (manager, module, error->message);
      g_ptr_array_add (manager->modules, module);
      return;
    }
  other = find_good (manager, module->id);
  if (other != NULL)
    {
      g_autofree char *reason
          = g_strdup_printf ("%s: [Module] Id: expected an id of its own, found \"%s\", which is %s", path,
                             module->id, other->path);

      bl_module_manifest_unref (manifest);
      refuse (manager, module, reason);
    }
  else
    module->manifest = manifest;
  g_ptr_array_add (manager->modules, module);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
sorted_names (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
scan_directory (BlModuleManager *manager, const char *directory, gboolean descend)
{
  g_autoptr (GPtrArray) names = sorted_names (directory);

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (directory, names->pdata[i], NULL);

      if (g_str_has_suffix (path, ".module") && !g_file_test (path, G_FILE_TEST_IS_DIR))
        scan_file (manager, path);
      else if (descend && !g_file_test (path, G_FILE_TEST_IS_SYMLINK)
               && g_file_test (path, G_FILE_TEST_IS_DIR))
        scan_directory (manager, path, FALSE);
    }
}

static int
compare_modules (gconstpointer a, gconstpointer b)
{
  const BlModule *left = *(BlModule *const *)a, *right = *(BlModule *const *)b;
  int order = strcmp (left->id, right->id);

  return order != 0 ? order : (right->manifest != NULL) - (left->manifest != NULL);
}

void
bl_module_manager_scan (BlModuleManager *manager, const char *const *directories)
{
  for (; directories != NULL && *directories != NULL; directories++)
    {
      g_autofree char *absolute = g_canonicalize_filename (*directories, NULL);

      scan_directory (manager, absolute, TRUE);
    }
  g_ptr_array_sort (manager->modules, compare_modules);
}

GPtrArray *
bl_module_manager_dup_manifests (BlModuleManager *manager)
{
  GPtrArray *manifests = g_ptr_array_new_with_free_func ((GDestroyNotify)bl_module_manifest_unref);

  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->manifest != NULL)
        g_ptr_array_add (manifests, bl_module_manifest_ref (module->manifest));
    }
  return manifests;
}

const char **
bl_module_manager_dup_refused_ids (BlModuleManager *manager)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();

  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->manifest == NULL && find_good (manager, module->id) == NULL)
        g_ptr_array_add (ids, module->id);
    }
  g_ptr_array_add (ids, NULL);
  return (const char **)g_ptr_array_free (g_steal_pointer (&ids), FALSE);
}

/* ---- start ----------------------------------------------------------------------------------------------
 */

static void
end_deadline (BlModule *module)
{
  if (module->deadline == NULL)
    return;
  g_source_destroy (module->deadline);
  g_clear_pointer (&module->deadline, g_source_unref);
}

static void
fail (BlModuleManager *manager, BlModule *module, const char *reason)
{
  end_deadline (module);
  set_state (module, BL_MODULE_FAILED, reason);
  log_line (manager, BOWLINE_LOG_WARNING, module->id, reason);
  manager->hooks.release_host (module->host, manager->user_data);
}

static gboolean
deadline_cb (gpointer user_data)
{
  BlModule *module = user_data;
  BlModuleManager *manager = module->manager;
  g_autofree char *reason = g_strdup_printf ("%s: activation: expected an answer within %u s, found none",
                                             module->manifest->library, manager->timeout_seconds);

  g_cancellable_cancel (module->cancellable);
  /* Cancelling may have made it answer at once. */
  if (module->state == BL_MODULE_STARTING)
    fail (manager, module, reason);
  advance (manager);
  return G_SOURCE_REMOVE;
}

static void
note_active (BlModuleManager *manager, BlModule *module)
{
  g_autofree char *message = NULL;

  end_deadline (module);
  module->start_ms = (g_get_monotonic_time () - module->started_at) / 1000;
  set_state (module, BL_MODULE_ACTIVE, NULL);
  g_ptr_array_add (manager->started, module);
  message = g_strdup_printf ("active after %" G_GINT64_FORMAT " ms", module->start_ms);
  log_line (manager, BOWLINE_LOG_INFO, module->id, message);
}

/* An answer after the deadline: a late success is taken back at once. */
static void
finish_late (BlModule *module, gboolean activated)
{
  if (activated && module->descriptor.deactivate != NULL)
    module->descriptor.deactivate (module->host);
  if (module->manager != NULL)
    module->manager->hooks.release_host (module->host, module->manager->user_data);
}

static void
activated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlModule *module = user_data;
  BlModuleManager *manager = module->manager;
  g_autoptr (GError) error = NULL;
  gboolean activated;

  if (!module->awaiting_callback)
    {
      if (manager != NULL)
        log_line (manager, BOWLINE_LOG_ERROR, module->id, "activation: called back more than once; ignored");
      return;
    }
  module->awaiting_callback = FALSE;
  activated = module->descriptor.activate_finish (module->host, result, &error);
  if (module->state != BL_MODULE_STARTING)
    {
      finish_late (module, activated);
      return;
    }
  if (activated)
    note_active (manager, module);
  else
    {
      g_autofree char *reason = g_strdup_printf ("%s: activation failed: %s", module->manifest->library,
                                                 error != NULL ? error->message : "no reason given");

      fail (manager, module, reason);
    }
  advance (manager);
}

static void
activate (BlModuleManager *manager, BlModule *module)
{
  module->host = manager->hooks.create_host (module->manifest, manager->user_data);
  module->cancellable = g_cancellable_new ();
  module->started_at = g_get_monotonic_time ();
  module->awaiting_callback = TRUE;
  set_state (module, BL_MODULE_STARTING, NULL);
  module->deadline = g_timeout_source_new_seconds (MAX (manager->timeout_seconds, 1));
  g_source_set_callback (module->deadline, deadline_cb, module, NULL);
  g_source_attach (module->deadline, g_main_context_get_thread_default ());
  module->descriptor.activate_async (module->host, module->cancellable, activated_cb, module);
}

static gboolean
check_manifest_abi (const BlModuleManifest *manifest, GError **error)
{
  if (manifest->abi_major != BOWLINE_ABI_MAJOR)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: [Module] AbiMajor: expected %u, found %u",
                 manifest->path, BOWLINE_ABI_MAJOR, manifest->abi_major);
  else if (manifest->abi_min_minor > BOWLINE_ABI_MINOR)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                 "%s: [Module] AbiMinMinor: expected at most %u, found %u: it needs a newer program",
                 manifest->path, BOWLINE_ABI_MINOR, manifest->abi_min_minor);
  else
    return TRUE;
  return FALSE;
}

static void
start_module (BlModuleManager *manager, BlModule *module)
{
  g_autoptr (GError) error = NULL;

  if (!check_manifest_abi (module->manifest, &error)
      || !bl_module_loader_load (module->manifest, &module->descriptor, &error))
    {
      refuse (manager, module, error->message);
      return;
    }
  activate (manager, module);
}

static void
complete_start (BlModuleManager *manager)
{
  g_autoptr (GTask) task = g_steal_pointer (&manager->start_task);

  if (manager->cancel_source != NULL)
    {
      g_source_destroy (manager->cancel_source);
      g_clear_pointer (&manager->cancel_source, g_source_unref);
    }
  if (task == NULL || g_task_return_error_if_cancelled (task))
    return;
  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->manifest == NULL || !module->manifest->required || module->state == BL_MODULE_ACTIVE)
        continue;
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_FAILED,
                               "required module \"%s\" did not start: %s", module->id,
                               module->reason != NULL ? module->reason : "it is disabled");
      return;
    }
  g_task_return_boolean (task, TRUE);
}

/* One pass over what is not settled. Returns: TRUE when something changed. */
static gboolean
advance_once (BlModuleManager *manager)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < manager->modules->len && manager->start_task != NULL; i++)
    {
      BlModule *module = manager->modules->pdata[i];
      g_autofree char *reason = NULL;

      if (module->state != BL_MODULE_FOUND)
        continue;
      switch (bl_module_resolver_examine (manager->modules, module, &reason))
        {
        case BL_MODULE_RESOLVER_READY:
          start_module (manager, module);
          changed = TRUE;
          break;
        case BL_MODULE_RESOLVER_IMPOSSIBLE:
          refuse (manager, module, reason);
          changed = TRUE;
          break;
        case BL_MODULE_RESOLVER_WAIT:
        default:
          break;
        }
    }
  return changed;
}

static void
refuse_cycle (BlModuleManager *manager)
{
  g_autofree char *reason = bl_module_resolver_describe_cycle (manager->modules);

  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->state == BL_MODULE_FOUND)
        refuse (manager, module, reason);
    }
}

static guint
count_state (BlModuleManager *manager, BlModuleState state)
{
  guint n = 0;

  for (guint i = 0; i < manager->modules->len; i++)
    n += ((BlModule *)manager->modules->pdata[i])->state == state;
  return n;
}

/* Starts what can start. A plugin may answer from inside its activation, hence the guard. */
static void
advance (BlModuleManager *manager)
{
  manager->advance_again = TRUE;
  if (manager->advancing || manager->start_task == NULL)
    return;
  manager->advancing = TRUE;
  while (manager->advance_again)
    {
      manager->advance_again = FALSE;
      while (advance_once (manager))
        ;
    }
  manager->advancing = FALSE;
  if (count_state (manager, BL_MODULE_STARTING) > 0)
    return;
  if (count_state (manager, BL_MODULE_FOUND) > 0)
    refuse_cycle (manager);
  complete_start (manager);
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  bl_module_manager_stop (user_data);
  return G_SOURCE_REMOVE;
}

void
bl_module_manager_start_async (BlModuleManager *manager,
                               guint timeout_seconds,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (manager->start_task == NULL);

  manager->start_task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (manager->start_task, bl_module_manager_start_async);
  manager->timeout_seconds = timeout_seconds;
  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->state == BL_MODULE_FOUND
          && !manager->hooks.is_enabled (module->manifest, manager->user_data))
        set_state (module, BL_MODULE_DISABLED, NULL);
    }
  if (cancellable != NULL)
    {
      manager->cancel_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (manager->cancel_source, G_SOURCE_FUNC (cancelled_cb), manager, NULL);
      g_source_attach (manager->cancel_source, g_main_context_get_thread_default ());
    }
  advance (manager);
}

gboolean
bl_module_manager_start_finish (BlModuleManager *manager, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- stop -----------------------------------------------------------------------------------------------
 */

static void
stop_module (BlModuleManager *manager, BlModule *module)
{
  gint64 begin = g_get_monotonic_time ();

  set_state (module, BL_MODULE_STOPPED, NULL);
  if (module->descriptor.deactivate != NULL)
    module->descriptor.deactivate (module->host);
  manager->hooks.release_host (module->host, manager->user_data);
  bl_module_manager_note_call (manager, module->id, "deactivate", g_get_monotonic_time () - begin);
}

void
bl_module_manager_stop (BlModuleManager *manager)
{
  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];

      if (module->state == BL_MODULE_FOUND)
        set_state (module, BL_MODULE_STOPPED, NULL);
      if (module->state != BL_MODULE_STARTING)
        continue;
      fail (manager, module, "stopped before its activation was complete");
      g_cancellable_cancel (module->cancellable);
    }
  while (manager->started->len > 0)
    stop_module (manager, g_ptr_array_steal_index (manager->started, manager->started->len - 1));
  complete_start (manager);
}

/* ---- list -----------------------------------------------------------------------------------------------
 */

static void
add_manifest (GVariantDict *dict, const BlModuleManifest *manifest)
{
  g_variant_dict_insert (dict, "version", "s", manifest->version);
  g_variant_dict_insert (dict, "name", "s", manifest->name);
  g_variant_dict_insert (dict, "summary", "s", manifest->summary);
  g_variant_dict_insert (dict, "required", "b", manifest->required);
  g_variant_dict_insert (dict, "provides", "^as", manifest->provides);
  g_variant_dict_insert (dict, "requires", "^as", manifest->requires);
  g_variant_dict_insert (dict, "capabilities", "^as", manifest->capabilities);
}

/* Before the start nobody has asked the configuration yet. */
static BlModuleState
shown_state (BlModuleManager *manager, const BlModule *module)
{
  if (module->state == BL_MODULE_FOUND && !manager->hooks.is_enabled (module->manifest, manager->user_data))
    return BL_MODULE_DISABLED;
  return module->state;
}

GVariant *
bl_module_manager_list (BlModuleManager *manager)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < manager->modules->len; i++)
    {
      BlModule *module = manager->modules->pdata[i];
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "id", "s", module->id);
      g_variant_dict_insert (&dict, "path", "s", module->path);
      g_variant_dict_insert (&dict, "state", "s", bl_module_state_to_string (shown_state (manager, module)));
      if (module->reason != NULL)
        g_variant_dict_insert (&dict, "reason", "s", module->reason);
      if (module->manifest != NULL)
        add_manifest (&dict, module->manifest);
      g_variant_dict_insert (&dict, "start-ms", "x", module->start_ms);
      g_variant_dict_insert (&dict, "slow-calls", "x", module->slow_calls);
      g_variant_dict_insert (&dict, "slowest-ms", "x", module->slowest_us / 1000);
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

const char *
bl_module_manager_get_state (BlModuleManager *manager, const char *id)
{
  BlModule *module = find_good (manager, id);

  for (guint i = 0; module == NULL && i < manager->modules->len; i++)
    if (strcmp (((BlModule *)manager->modules->pdata[i])->id, id) == 0)
      module = manager->modules->pdata[i];
  return module != NULL ? bl_module_state_to_string (module->state) : NULL;
}

void
bl_module_manager_note_call (BlModuleManager *manager, const char *id, const char *what, gint64 microseconds)
{
  BlModule *module;
  g_autofree char *message = NULL;

  if (microseconds < SLOW_CALL_US)
    return;
  module = find_good (manager, id);
  if (module == NULL)
    return;
  module->slow_calls++;
  module->slowest_us = MAX (module->slowest_us, microseconds);
  message = g_strdup_printf ("slow call: %s took %" G_GINT64_FORMAT " ms on the main loop", what,
                             microseconds / 1000);
  log_line (manager, BOWLINE_LOG_WARNING, id, message);
}
