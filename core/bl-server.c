// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-server"

#include "bl-server.h"

#include "bl-action-call.h"
#include "bl-admin-socket.h"
#include "bl-audit.h"
#include "bl-build-config.h"
#include "bl-certs.h"
#include "bl-core-actions.h"
#include "bl-device-registry.h"
#include "bl-event-log.h"
#include "bl-extension-points.h"
#include "bl-front-config.h"
#include "bl-health.h"
#include "bl-host.h"
#include "bl-http-front.h"
#include "bl-identity.h"
#include "import/bl-export.h"
#include "import/bl-import.h"
#include "bl-principal.h"
#include "bl-service-registry.h"
#include "bl-store.h"
#include "bl-worker-pool.h"

#include <bowline/plugin.h>

#define AUDIT_DAYS 365
#define HEALTH_SECONDS 2

struct _BlServer
{
  BlConfig *config;
  char *data_dir;
  char *package_data_dir;
  gboolean maintenance;

  BlWorkerPool *workers;
  BlServiceRegistry *services;
  BlEventBus *bus;
  BlStore *store;
  BlDirectory *directory;
  BlEventLog *event_log;
  BlAudit *audit;
  BlCerts *certs;
  BlIdentity *identity;
  BlDeviceRegistry *devices;
  BlHttpFront *front;
  BlModuleManager *modules;
  BlAdminSocket *admin;

  guint rotate_id;
  guint health_id;
  gboolean front_started;
  GError *stop_error;
};

// ---- making the components -----------------------------------------------------------------------------------------

static gboolean
scan_modules (BlServer *server, const char *const *directories, GError **error)
{
  server->modules = bl_module_manager_new (BOWLINE_PLUGIN_KIND_SERVER, bl_host_get_module_hooks (), NULL);
  bl_module_manager_scan (server->modules, directories);
  g_autoptr (GPtrArray) manifests = bl_module_manager_dup_manifests (server->modules);
  for (guint i = 0; i < manifests->len; i++)
    bl_config_add_module (server->config, manifests->pdata[i]);
  g_autofree const char **refused = bl_module_manager_dup_refused_ids (server->modules);
  for (guint i = 0; refused[i] != NULL; i++)
    bl_config_add_unchecked_module (server->config, refused[i]);
  bl_host_set_module_manager (server->modules);
  return bl_config_check (server->config, error);
}

static void
make_state (BlServer *server)
{
  server->bus = bl_event_bus_new ();
  bl_event_bus_install (server->bus);
  server->store = bl_store_new ();
  bl_store_install (server->store);
  server->directory = bl_directory_new (server->store, server->bus);
  bl_directory_install (server->directory);
  server->event_log = bl_event_log_new (server->store, server->bus);
  server->audit = bl_audit_new (server->directory, AUDIT_DAYS);
  bl_audit_install (server->audit, server->event_log);
  server->devices = bl_device_registry_new (bl_host_get_core ());
  bl_device_registry_install (server->devices);
  bl_principal_install (bl_host_get_core ());
  bl_action_install ();
  bl_extension_points_install ();
}

static gboolean
make_identity (BlServer *server, GError **error)
{
  BlConfig *config = server->config;
  const BlCertsOptions certs = {
    .data_dir = server->data_dir,
    .name = bl_config_server_string (config, "name"),
    .alt_names = bl_config_server_list (config, "allowed-hosts"),
    .web_certificate = bl_config_server_string (config, "web-certificate"),
    .web_key = bl_config_server_string (config, "web-key"),
  };
  server->certs = bl_certs_new (&certs, error);
  if (server->certs == NULL)
    return FALSE;
  const gint64 alias = bl_config_server_int (config, "alias-port");
  const BlIdentityOptions identity = {
    .certs = server->certs,
    .workers = server->workers,
    .data_dir = server->data_dir,
    .name = certs.name,
    .port = (guint)(alias != 0 ? alias : bl_config_server_int (config, "port")),
    .tls_offload = bl_config_server_boolean (config, "tls-offload"),
    .cert_url = bl_config_server_string (config, "cert-url"),
    .cert_url_interval = (guint)bl_config_server_int (config, "cert-url-interval"),
    .accepted_web_hashes = bl_config_server_list (config, "accepted-web-hashes"),
  };
  server->identity = bl_identity_new (&identity, error);
  if (server->identity == NULL)
    return FALSE;
  bl_identity_install (server->identity);
  return TRUE;
}

static BowlinePrincipal *
session_lookup_cb (const char *value, const char *address, gpointer user_data)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  return bowline_host_get_auth (bl_host_get_core (), &auth, &self) ? auth.session_lookup (self, value, address) : NULL;
}

static gboolean
set_credentials (BlServer *server, GError **error)
{
  g_autoptr (GPtrArray) pairs = bl_certs_dup_web (server->certs);
  g_autoptr (BlTlsCredentials) credentials = bl_tls_credentials_new ();
  for (guint i = 0; i < pairs->len; i++)
    {
      const BlCertPair *pair = pairs->pdata[i];
      if (!bl_tls_credentials_add (credentials, pair->chain_pem, pair->key_pem, error))
        return FALSE;
    }
  bl_http_front_set_credentials (server->front, credentials);
  return TRUE;
}

static gboolean
make_front (BlServer *server, GError **error)
{
  BlFrontOptions options;
  bl_front_options_from_config (&options, server->config);
  options.hsts = bl_identity_is_trusted (server->identity);
  server->front = bl_http_front_new (&options, error);
  if (server->front == NULL)
    return FALSE;
  bl_http_front_install (server->front);
  bl_http_front_set_session_lookup (server->front, session_lookup_cb, server);
  return set_credentials (server, error);
}

BlServer *
bl_server_new (const BlServerOptions *options, GError **error)
{
  g_autoptr (BlServer) server = g_new0 (BlServer, 1);
  server->config = bl_config_ref (options->config);
  server->data_dir = g_strdup (options->data_dir);
  server->package_data_dir = g_strdup (options->package_data_dir);
  server->maintenance = options->maintenance;
  server->workers = bl_worker_pool_new ((guint)bl_config_server_int (server->config, "worker-threads"),
                                        (guint)bl_config_server_int (server->config, "worker-queue"), NULL);
  server->services = bl_service_registry_new ();
  const BlHostEnvironment environment = {
    .config = server->config,
    .services = server->services,
    .workers = server->workers,
    .version = BL_VERSION,
    .data_dir = server->data_dir,
    .package_data_dir = server->package_data_dir,
  };
  bl_host_install (&environment);
  return scan_modules (server, options->module_dirs, error) ? g_steal_pointer (&server) : NULL;
}

void
bl_server_free (BlServer *server)
{
  if (server == NULL)
    return;
  g_clear_pointer (&server->front, bl_http_front_free);
  bl_host_set_module_manager (NULL);
  g_clear_pointer (&server->modules, bl_module_manager_free);
  if (server->bus != NULL)
    {
      bl_action_uninstall ();
      bl_principal_uninstall ();
    }
  g_clear_pointer (&server->devices, bl_device_registry_free);
  g_clear_pointer (&server->identity, bl_identity_free);
  g_clear_pointer (&server->certs, bl_certs_free);
  g_clear_pointer (&server->audit, bl_audit_free);
  g_clear_pointer (&server->event_log, bl_event_log_free);
  g_clear_pointer (&server->directory, bl_directory_free);
  g_clear_pointer (&server->store, bl_store_free);
  g_clear_pointer (&server->bus, bl_event_bus_free);
  g_clear_pointer (&server->services, bl_service_registry_free);
  g_clear_pointer (&server->workers, bl_worker_pool_free);
  g_clear_pointer (&server->config, bl_config_unref);
  g_clear_error (&server->stop_error);
  g_free (server->data_dir);
  g_free (server->package_data_dir);
  g_free (server);
}

// ---- start ---------------------------------------------------------------------------------------------------------

static gboolean
rotate_cb (gpointer user_data)
{
  BlServer *server = user_data;
  g_autoptr (GError) error = NULL;
  if (!set_credentials (server, &error)) // new credentials come with a new ticket key
    g_warning ("the session ticket key was not renewed: %s", error->message);
  return G_SOURCE_CONTINUE;
}

static gboolean
health_cb (gpointer user_data)
{
  BlServer *server = user_data;
  bl_action_set_store_healthy (bl_store_is_healthy (server->store));
  if (bl_config_server_boolean (server->config, "tls-offload"))
    {
      g_autoptr (GBytes) hash = bl_identity_dup_outer_hash (server->identity);
      bl_http_front_set_outer_hash (server->front, hash);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
open_ports (BlServer *server, GError **error)
{
  if (!bl_http_front_start (server->front, error))
    return FALSE;
  server->front_started = TRUE;
  server->rotate_id
      = g_timeout_add_seconds ((guint)bl_config_server_int (server->config, "ticket-rotation"), rotate_cb, server);
  return TRUE;
}

static void
modules_started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BlServer *server = g_task_get_task_data (task);
  GError *error = NULL;
  if (!bl_module_manager_start_finish (server->modules, result, &error)
      || (!server->maintenance && !open_ports (server, &error))
      || (server->admin = bl_admin_socket_new (server->data_dir, &error)) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  server->health_id = g_timeout_add_seconds (HEALTH_SECONDS, health_cb, server);
  health_cb (server);
  g_task_return_boolean (task, TRUE);
}

static gboolean
make_components (BlServer *server, GError **error)
{
  make_state (server);
  if (!make_identity (server, error) || !make_front (server, error))
    return FALSE;
  const BlCoreActions actions = {
    .config = server->config,
    .modules = server->modules,
    .store = server->store,
    .audit = server->audit,
    .front = server->front,
    .data_dir = server->data_dir,
    .started_ms = g_get_real_time () / 1000,
    .maintenance = server->maintenance,
  };
  return bl_core_actions_register (&actions, error) && bl_health_register (server->store, error)
         && bl_import_register (server->store, server->directory, server->data_dir, server->maintenance, error)
         && bl_export_register (error);
}

void
bl_server_start_async (BlServer *server, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, bl_server_start_async);
  g_task_set_task_data (task, server, NULL);
  GError *error = NULL;
  if (!make_components (server, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  const guint timeout = (guint)bl_config_server_int (server->config, "module-start-timeout");
  bl_module_manager_start_async (server->modules, timeout, cancellable, modules_started_cb, g_steal_pointer (&task));
}

gboolean
bl_server_start_finish (BlServer *server, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

// ---- stop ----------------------------------------------------------------------------------------------------------

// Not from inside a callback of the store, which is about to end.
static gboolean
stop_modules_cb (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BlServer *server = g_task_get_task_data (task);
  bl_module_manager_stop (server->modules);
  if (server->stop_error != NULL)
    g_task_return_error (task, g_steal_pointer (&server->stop_error));
  else
    g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
flushed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlServer *server = g_task_get_task_data (user_data);
  (void)bl_directory_flush_finish (server->directory, result, &server->stop_error); // reported when all is down
  g_idle_add (stop_modules_cb, user_data);
}

static void
audit_flushed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlServer *server = g_task_get_task_data (user_data);
  g_autoptr (GError) error = NULL;
  if (!bl_audit_flush_finish (server->audit, result, &error))
    g_warning ("the last audit records were not kept: %s", error->message);
  bl_directory_flush_async (server->directory, NULL, flushed_cb, user_data);
}

static void
front_stopped_cb (gpointer user_data)
{
  BlServer *server = g_task_get_task_data (user_data);
  gpointer self;
  if (server->audit != NULL && bl_store_get (server->store, &self) != NULL)
    bl_audit_flush_async (server->audit, NULL, audit_flushed_cb, user_data);
  else
    g_idle_add (stop_modules_cb, user_data);
}

void
bl_server_stop_async (BlServer *server, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_task_set_source_tag (task, bl_server_stop_async);
  g_task_set_task_data (task, server, NULL);
  g_clear_handle_id (&server->rotate_id, g_source_remove);
  g_clear_handle_id (&server->health_id, g_source_remove);
  g_clear_pointer (&server->admin, bl_admin_socket_free);
  if (server->front_started)
    bl_http_front_stop_async (server->front, front_stopped_cb, task);
  else
    front_stopped_cb (task);
}

gboolean
bl_server_stop_finish (BlServer *server, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

// ---- while it runs -------------------------------------------------------------------------------------------------

void
bl_server_reload (BlServer *server)
{
  g_autoptr (GError) error = NULL;
  gboolean changed = FALSE;
  if (!bl_certs_reload_web (server->certs, &changed, &error) || (changed && !set_credentials (server, &error)))
    {
      g_warning ("the web certificate stays as it was: %s", error->message);
      return;
    }
  if (!changed)
    {
      g_message ("the web certificate has not changed");
      return;
    }
  bl_identity_web_changed (server->identity);
  bl_http_front_set_hsts (server->front, bl_identity_is_trusted (server->identity));
  g_message ("the web certificate was read again");
}

GVariant *
bl_server_dup_modules (BlServer *server)
{
  return bl_module_manager_list (server->modules);
}
