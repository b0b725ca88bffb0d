// SPDX-License-Identifier: Apache-2.0
// The actions core itself offers on the local socket: status, modules, server id, back-up, audit, doctor.
#pragma once

#include "bl-audit.h"
#include "bl-config.h"
#include "bl-http-front.h"
#include "bl-module-manager.h"
#include "bl-store.h"

G_BEGIN_DECLS

/** What the actions look at; all borrowed, valid until the server ends. */
typedef struct
{
  BlConfig *config;
  BlModuleManager *modules;
  BlStore *store;
  BlAudit *audit;
  BlHttpFront *front;
  const char *data_dir;
  gint64 started_ms;
  gboolean maintenance; // no network: started by bowlinectl for one request
} BlCoreActions;

/** Registers them as the core's own. @context: borrowed. Main context. */
gboolean bl_core_actions_register (const BlCoreActions *context, GError **error);

G_END_DECLS
