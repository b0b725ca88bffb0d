// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-core"

#include "bl-core-actions.h"

#include "backup/bl-backup.h"
#include "bl-build-config.h"
#include "bl-host.h"

#include <bowline/plugin.h>
#include <unistd.h>

static BlCoreActions context;

static void
add_string (GVariantBuilder *builder, const char *key, const char *value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (value));
}

static void
add_int (GVariantBuilder *builder, const char *key, gint64 value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_int64 (value));
}

static void
add_bool (GVariantBuilder *builder, const char *key, gboolean value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_boolean (value));
}

static void
answer_ok (BowlineActionCall *call)
{
  GVariantBuilder answer;
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  add_string (&answer, "result", "ok");
  bowline_action_call_answer (call, g_variant_builder_end (&answer));
}

// ---- status --------------------------------------------------------------------------------------------------------

static gint64
resident_bytes (void)
{
  g_autofree char *statm = NULL;
  if (!g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL))
    return 0;
  g_auto (GStrv) fields = g_strsplit (statm, " ", 3);
  return fields[0] != NULL && fields[1] != NULL ? g_ascii_strtoll (fields[1], NULL, 10) * sysconf (_SC_PAGESIZE) : 0;
}

static gboolean
count_online_cb (const char *id, GVariant *document, gpointer user_data)
{
  BowlineDeviceState state = { .struct_size = sizeof state };
  *(gint64 *)user_data += bowline_device_get_state (bl_host_get_core (), id, &state);
  return TRUE;
}

static void
add_endpoint_cb (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data)
{
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  add_string (&row, "path", endpoint->path);
  add_string (&row, "module", bowline_host_get_plugin_id (host));
  add_bool (&row, "websocket", endpoint->opened != NULL);
  add_bool (&row, "request", endpoint->request != NULL);
  add_bool (&row, "device", (endpoint->flags & BOWLINE_ENDPOINT_DEVICE) != 0);
  add_bool (&row, "any-host", (endpoint->flags & BOWLINE_ENDPOINT_ANY_HOST) != 0);
  add_bool (&row, "redirect-port", (endpoint->flags & BOWLINE_ENDPOINT_REDIRECT_PORT) != 0);
  g_variant_builder_add (user_data, "v", g_variant_builder_end (&row));
}

// The ports: what they count, and every path that modules serve there.
static GVariant *
front_status (void)
{
  g_autoptr (GVariant) numbers = bl_http_front_dup_status (context.front);
  GVariantBuilder endpoints;
  GVariantDict front;
  g_variant_builder_init (&endpoints, G_VARIANT_TYPE ("av"));
  bl_http_front_foreach_endpoint (context.front, add_endpoint_cb, &endpoints);
  g_variant_dict_init (&front, numbers);
  g_variant_dict_insert_value (&front, "endpoints", g_variant_builder_end (&endpoints));
  return g_variant_dict_end (&front);
}

static void
status_cb (BowlineActionCall *call, gpointer user_data)
{
  BowlineHost *host = bl_host_get_core ();
  gint64 online = 0;
  bowline_directory_foreach (host, "node", NULL, count_online_cb, &online);
  g_autoptr (GVariant) store = bl_store_dup_status (context.store);
  GVariantBuilder answer;
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  add_string (&answer, "version", BL_VERSION);
  add_string (&answer, "mode", context.maintenance ? "maintenance" : "running");
  add_int (&answer, "pid", getpid ());
  add_int (&answer, "uptime-seconds", (g_get_real_time () / 1000 - context.started_ms) / 1000);
  add_int (&answer, "resident-bytes", resident_bytes ());
  add_int (&answer, "users", bowline_directory_count (host, "user"));
  add_int (&answer, "groups", bowline_directory_count (host, "mesh"));
  add_int (&answer, "devices", bowline_directory_count (host, "node"));
  add_int (&answer, "devices-online", online);
  g_variant_builder_add (&answer, "{sv}", "store", store);
  g_variant_builder_add (&answer, "{sv}", "front", front_status ());
  BowlineRelay relay = { .struct_size = sizeof relay };
  gpointer self;
  if (bowline_host_get_relay (host, &relay, &self))
    {
      g_autoptr (GVariant) sessions = relay.status (self);
      g_variant_builder_add (&answer, "{sv}", "relay", sessions);
    }
  bowline_action_call_answer (call, g_variant_builder_end (&answer));
}

// ---- modules -------------------------------------------------------------------------------------------------------

static void
module_list_cb (BowlineActionCall *call, gpointer user_data)
{
  g_autoptr (GVariant) modules = bl_module_manager_list (context.modules);
  GVariantBuilder answer;
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&answer, "{sv}", "modules", modules);
  bowline_action_call_answer (call, g_variant_builder_end (&answer));
}

static void
set_module_enabled (BowlineActionCall *call, gboolean enabled)
{
  g_autoptr (GError) error = NULL;
  const char *name = "";
  g_variant_lookup (bowline_action_call_get_arguments (call), "name", "&s", &name);
  g_autofree char *directory = bl_config_dup_drop_in_directory (context.config);
  if (bl_module_manager_get_state (context.modules, name) == NULL)
    g_set_error (&error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND,
                 "there is no module \"%s\"; see bowlinectl module list", name);
  else
    bl_config_set_module_enabled (directory, name, enabled, &error);
  if (error != NULL)
    bowline_action_call_fail (call, error);
  else
    answer_ok (call);
}

static void
module_enable_cb (BowlineActionCall *call, gpointer user_data)
{
  set_module_enabled (call, TRUE);
}

static void
module_disable_cb (BowlineActionCall *call, gpointer user_data)
{
  set_module_enabled (call, FALSE);
}

// ---- identity, back-up, audit --------------------------------------------------------------------------------------

static void
server_id_cb (BowlineActionCall *call, gpointer user_data)
{
  g_autoptr (GBytes) id = bowline_identity_dup_server_id (bl_host_get_core ());
  gsize length;
  const guint8 *bytes = g_bytes_get_data (id, &length);
  g_autoptr (GString) hex = g_string_sized_new (2 * length);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (hex, "%02X", bytes[i]);
  GVariantBuilder answer;
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  add_string (&answer, "serverid", hex->str);
  bowline_action_call_answer (call, g_variant_builder_end (&answer));
}

static void
backup_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;
  g_autoptr (GError) error = NULL;
  if (!bl_backup_finish (result, &error))
    bowline_action_call_fail (call, error);
  else
    answer_ok (call);
}

static void
backup_cb (BowlineActionCall *call, gpointer user_data)
{
  const char *path = "";
  g_variant_lookup (bowline_action_call_get_arguments (call), "path", "&s", &path);
  if (!g_path_is_absolute (path))
    {
      g_autoptr (GError) error = g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                                              "back-up file: expected an absolute path, found \"%s\"", path);
      bowline_action_call_fail (call, error);
      return;
    }
  bl_backup_async (context.store, context.data_dir, path, backup_done_cb, bowline_action_call_ref (call));
}

static void
audit_verified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineActionCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) report = bl_audit_verify_finish (context.audit, result, &error);
  if (report == NULL)
    bowline_action_call_fail (call, error);
  else
    bowline_action_call_answer (call, report);
}

static void
audit_verify_cb (BowlineActionCall *call, gpointer user_data)
{
  bl_audit_verify_async (context.audit, NULL, audit_verified_cb, bowline_action_call_ref (call));
}

// ---- doctor --------------------------------------------------------------------------------------------------------

static void
add_finding (GVariantBuilder *findings, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_finding (GVariantBuilder *findings, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_variant_builder_add (findings, "v", g_variant_new_string (text));
}

static gint64
free_bytes (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info
      = g_file_query_filesystem_info (file, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, NULL, NULL);
  return info != NULL ? (gint64)g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE) : -1;
}

static void
find_store_problems (GVariantBuilder *findings)
{
  g_autoptr (GVariant) store = bl_store_dup_status (context.store);
  gboolean healthy = FALSE;
  const char *problem = "no reason given";
  g_variant_lookup (store, "healthy", "b", &healthy);
  g_variant_lookup (store, "problem", "&s", &problem);
  if (!healthy)
    add_finding (findings, "The store keeps no changes (%s). Make room on the disk or look at the log.", problem);
  const gint64 space = free_bytes (context.data_dir);
  if (space >= 0 && space < 512 * 1024 * 1024)
    add_finding (findings, "Only %" G_GINT64_FORMAT " MB are free below %s.", space / 1000000, context.data_dir);
}

static void
find_module_problems (GVariantBuilder *findings)
{
  g_autoptr (GVariant) modules = bl_module_manager_list (context.modules);
  for (gsize i = 0; i < g_variant_n_children (modules); i++)
    {
      g_autoptr (GVariant) module = g_variant_get_child_value (modules, i);
      const char *id = "", *state = "", *reason = "";
      g_variant_lookup (module, "id", "&s", &id);
      g_variant_lookup (module, "state", "&s", &state);
      g_variant_lookup (module, "reason", "&s", &reason);
      if (g_str_equal (state, "refused") || g_str_equal (state, "failed"))
        add_finding (findings, "Module %s is %s: %s.", id, state, reason);
    }
}

static void
doctor_cb (BowlineActionCall *call, gpointer user_data)
{
  BowlineHost *host = bl_host_get_core ();
  GVariantBuilder findings, answer;
  g_variant_builder_init (&findings, G_VARIANT_TYPE ("av"));
  find_store_problems (&findings);
  find_module_problems (&findings);
  if (bowline_directory_count (host, "user") == 0)
    add_finding (&findings, "There is no account yet; make one with: bowlinectl user create NAME --site-admin "
                            "--password-stdin");
  if (!bowline_identity_is_trusted (host))
    add_finding (&findings, "The web certificate is self-made; browsers warn. Set web-certificate and web-key, or put "
                            "the server behind a proxy that has one.");
  g_autoptr (GVariant) list = g_variant_ref_sink (g_variant_builder_end (&findings));
  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  add_int (&answer, "problems", (gint64)g_variant_n_children (list));
  g_variant_builder_add (&answer, "{sv}", "findings", list);
  bowline_action_call_answer (call, g_variant_builder_end (&answer));
}

gboolean
bl_core_actions_register (const BlCoreActions *with, GError **error)
{
  static const BowlineArgument name[] = { { .name = "name", .type = BOWLINE_ARGUMENT_STRING,
                                            .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = 64 } };
  static const BowlineArgument path[] = { { .name = "path", .type = BOWLINE_ARGUMENT_STRING,
                                            .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = 4095 } };
#define ROW(word, text, changes, list, count, func)                                                                \
  {                                                                                                                \
    .struct_size = sizeof (BowlineAction), .flags = BOWLINE_ACTION_LOCAL | (changes), .name = (word),              \
    .summary = (text), .arguments = (list), .n_arguments = (count), .argument_size = sizeof (BowlineArgument),     \
    .run = (func),                                                                                                 \
  }
  const BowlineAction rows[] = {
    ROW ("status", "What the server is doing", 0, NULL, 0, status_cb),
    ROW ("module.list", "Modules, their state and why one was refused", 0, NULL, 0, module_list_cb),
    ROW ("module.enable", "Load a module at the next start", 0, name, 1, module_enable_cb),
    ROW ("module.disable", "Do not load a module any more", 0, name, 1, module_disable_cb),
    ROW ("server-id", "The key hash that agents check", 0, NULL, 0, server_id_cb),
    ROW ("backup", "Write store, certificates and keys into a new archive", 0, path, 1, backup_cb),
    ROW ("audit.verify", "Check the chain of the audit trail", 0, NULL, 0, audit_verify_cb),
    ROW ("doctor", "Look for what is wrong", 0, NULL, 0, doctor_cb),
  };
#undef ROW
  context = *with;
  return bowline_host_register_actions (bl_host_get_core (), rows, G_N_ELEMENTS (rows), NULL, error);
}
