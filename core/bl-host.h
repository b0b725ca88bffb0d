// SPDX-License-Identifier: Apache-2.0
/**
 * The host that each plugin of the server gets: its settings, its log, services and the worker pool; and the
 * bookkeeping that belongs to a plugin: what to remove when it goes, and how long its calls take.
 */
#pragma once

#include "bl-config.h"
#include "bl-module-manager.h"
#include "bl-service-registry.h"
#include "bl-worker-pool.h"
#include "bowline-private.h"

G_BEGIN_DECLS

/** All borrowed; they outlive every plugin. */
typedef struct
{
  BlConfig *config;
  BlServiceRegistry *services;
  BlWorkerPool *workers;
  const char *version;
  const char *data_dir;
  const char *package_data_dir;
} BlHostEnvironment;

/** Installs the functions of <bowline/host.h>. @environment is copied. Once. */
void bl_host_install (const BlHostEnvironment *environment);

/** Returns: (transfer none): the host of plugin @id, made at the first call; lives until the process ends. */
BowlineHost *bl_host_get (const char *id);
/** Returns: (transfer none): the host core itself uses where a function asks for one; id "core". */
BowlineHost *bl_host_get_core (void);

/** A component that keeps registrations adds a function that removes all those of one plugin; called in
 * reverse order. */
typedef void (*BlHostReleaseFunc) (BowlineHost *host, gpointer user_data);
void bl_host_add_release_func (BlHostReleaseFunc func, gpointer user_data);
/** Ends with the component. */
void bl_host_remove_release_func (BlHostReleaseFunc func, gpointer user_data);
/** Calls them all. */
void bl_host_release (BowlineHost *host);

/** The hooks for bl_module_manager_new() on top of all this; user_data is unused. */
const BlModuleManagerHooks *bl_host_get_module_hooks (void);
/** Whom measured calls are reported to; %NULL ends it. */
void bl_host_set_module_manager (BlModuleManager *manager);
/** Returns: (transfer none) (nullable) */
BlModuleManager *bl_host_get_module_manager (void);

/** Around every call from core into a plugin: begin gives the time, end reports it. @what: (static)
 * "endpoint", ... */
#define bl_host_call_begin() g_get_monotonic_time ()
void bl_host_call_end (BowlineHost *host, gint64 begin, const char *what, const char *detail);

G_END_DECLS
