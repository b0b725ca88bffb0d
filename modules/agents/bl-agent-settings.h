// SPDX-License-Identifier: Apache-2.0
/**
 * The settings an agent of a device group is installed with (web-http.md section 4.1). Main context.
 */
#pragma once

#include <bowline/plugin.h>

#include "common/bl-msh.h"

G_BEGIN_DECLS

/** What a request may add. All nullable. */
typedef struct
{
  const char *tag;
  const char *install_flags; /* "1" interactive only, "2" service only; anything else: both */
  const char *host;          /* the name the client used: it counts when ours is known in this network only */
} BlAgentSettingsWish;

/** Returns: (transfer full): settings for agents of the group document @mesh. */
BlMsh *
bl_agent_settings_build (BowlineHost *host, GVariant *mesh, const BlAgentSettingsWish *wish, GError **error);

G_END_DECLS
