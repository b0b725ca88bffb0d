// SPDX-License-Identifier: Apache-2.0
/**
 * BlModuleManager: finds plugins, orders them, starts each within a deadline and stops them in reverse order.
 *
 * A plugin that is missing, disabled, broken or hanging is named in the list with the reason; the rest goes
 * on. Both programs use it: bowlined for modules, bowline-agent for agent plugins. Main context only.
 */
#pragma once

#include "bl-module-manifest.h"
#include <bowline/abi.h>

G_BEGIN_DECLS

typedef struct _BlModuleManager BlModuleManager;

/** What the program does for the manager. */
typedef struct
{
  /** Returns: whether the configuration wants this module. */
  gboolean (*is_enabled) (const BlModuleManifest *manifest, gpointer user_data);
  /** Returns: (transfer none): the host handed to this module; lives until the process ends. */
  BowlineHost *(*create_host) (const BlModuleManifest *manifest, gpointer user_data);
  /** Removes everything that was registered through @host: after deactivation and after a failed start. */
  void (*release_host) (BowlineHost *host, gpointer user_data);
  /** (nullable): a line for the log. @level: BOWLINE_LOG_* */
  void (*log) (guint32 level, const char *module, const char *message, gpointer user_data);
} BlModuleManagerHooks;

/** @kind: BOWLINE_PLUGIN_KIND_*: which plugins are loaded */
BlModuleManager *bl_module_manager_new (guint32 kind, const BlModuleManagerHooks *hooks, gpointer user_data);
/** All modules must be stopped. */
void bl_module_manager_free (BlModuleManager *manager);

/**
 * bl_module_manager_scan: reads every manifest in @directories and their direct subdirectories. A directory
 * that does not exist is skipped. Broken manifests and second ones of an id become entries in state
 * "refused".
 */
void bl_module_manager_scan (BlModuleManager *manager, const char *const *directories);
/** Returns: (transfer container) (element-type BlModuleManifest): the good ones, sorted by id; also those of
 * disabled modules */
GPtrArray *bl_module_manager_dup_manifests (BlModuleManager *manager);
/** Returns: (transfer container) (array zero-terminated=1): ids whose manifest was refused */
const char **bl_module_manager_dup_refused_ids (BlModuleManager *manager);

/**
 * bl_module_manager_start_async: loads and activates what is enabled, by Requires, After, Provides and
 * Conflicts.
 * @timeout_seconds: for each module's activation. A module that blocks inside activate_async cannot be
 * interrupted.
 */
void bl_module_manager_start_async (BlModuleManager *manager,
                                    guint timeout_seconds,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
/** Returns: %FALSE only when a module marked as required did not start, or the start was cancelled. */
gboolean bl_module_manager_start_finish (BlModuleManager *manager, GAsyncResult *result, GError **error);
/** Deactivates all active modules, last started first. */
void bl_module_manager_stop (BlModuleManager *manager);

/**
 * Returns: (transfer full): aa{sv}, sorted by id: "id" "version" "name" "summary" "path" (s), "state" (s:
 * found, disabled, refused, starting, active, failed, stopped), "reason" (s, for refused and failed),
 * "provides" "requires" "capabilities" (as), "required" (b), "start-ms" (x), "slow-calls" (x), "slowest-ms"
 * (x)
 */
GVariant *bl_module_manager_list (BlModuleManager *manager);
/** Returns: (transfer none) (nullable): state of one module as in the list */
const char *bl_module_manager_get_state (BlModuleManager *manager, const char *id);

/** A call into a plugin took @microseconds: kept for the list, and logged when above 50 ms. @what: for
 * example "endpoint /hello" */
void
bl_module_manager_note_call (BlModuleManager *manager, const char *id, const char *what, gint64 microseconds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlModuleManager, bl_module_manager_free)

G_END_DECLS
