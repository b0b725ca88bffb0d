// SPDX-License-Identifier: Apache-2.0
/**
 * The record of one module inside the manager, and the question whether it can start now: Requires, After,
 * Provides and Conflicts over the states of all others. Pure; used by the manager and its tests.
 */
#pragma once

#include "bl-module-manager.h"
#include <bowline/descriptor.h>

G_BEGIN_DECLS

typedef enum
{
  BL_MODULE_FOUND,
  BL_MODULE_DISABLED,
  BL_MODULE_REFUSED,
  BL_MODULE_STARTING,
  BL_MODULE_ACTIVE,
  BL_MODULE_FAILED,
  BL_MODULE_STOPPED,
} BlModuleState;

typedef struct
{
  BlModuleManager *manager;   /* NULL once the manager is gone */
  BlModuleManifest *manifest; /* NULL when it was refused */
  char *id;
  char *path; /* of the manifest */
  BlModuleState state;
  char *reason;
  BowlinePluginDescriptor descriptor;
  BowlineHost *host;
  GCancellable *cancellable;
  GSource *deadline;
  gboolean awaiting_callback;
  gint64 started_at; /* monotonic */
  gint64 start_ms;
  gint64 slow_calls;
  gint64 slowest_us;
} BlModule;

typedef enum
{
  BL_MODULE_RESOLVER_READY,
  BL_MODULE_RESOLVER_WAIT,
  BL_MODULE_RESOLVER_IMPOSSIBLE,
} BlModuleResolverAnswer;

const char *bl_module_state_to_string (BlModuleState state);
/** @modules: all BlModule, sorted by id; @reason: (out): for IMPOSSIBLE */
BlModuleResolverAnswer bl_module_resolver_examine (GPtrArray *modules, const BlModule *module, char **reason);
/** Returns: (transfer full): names those that wait for each other */
char *bl_module_resolver_describe_cycle (GPtrArray *modules);

G_END_DECLS
