// SPDX-License-Identifier: Apache-2.0
// Making the agent a service of this machine, and removing it again: for people and scripts that call it as they call
// MeshAgent (-fullinstall, --installPath=...), and for servers that tell it to go. An agent from a package leaves its files to
// the package manager; one from an archive copies itself.
#pragma once

#include "common/bl-msh.h"

G_BEGIN_DECLS

#define BL_AGENT_INSTALL_PATH "/opt/bowline-agent"
#define BL_AGENT_SERVICE "bowline-agent"
#define BL_AGENT_EXIT_REMOVED 77 // the unit does not start it again then

typedef struct
{
  const char *root_dir;     // (nullable): another root: everything is below it, and nothing is started or stopped
  const char *install_path; // (nullable): BL_AGENT_INSTALL_PATH
  const char *state_dir;    // keys and settings
  const char *archive;      // (nullable): the archive this program was unpacked from, for its hash
  BlMsh *msh;               // (nullable): settings to install
} BlAgentSetup;

/** Copies the program if it came as an archive, writes settings and unit, enables and starts the service. */
gboolean bl_agent_setup_install (const BlAgentSetup *setup, GError **error);
/** Stops and disables the service and removes its files. FULL: keys and settings as well. */
gboolean bl_agent_setup_uninstall (const BlAgentSetup *setup, gboolean full, GError **error);
/** As the service itself: removes everything but the running process, which ends with BL_AGENT_EXIT_REMOVED then. */
gboolean bl_agent_setup_remove_self (const BlAgentSetup *setup, GError **error);

G_END_DECLS
