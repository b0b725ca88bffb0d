// SPDX-License-Identifier: Apache-2.0
// Scripts that stay on this device until somebody stops them: started with the agent, each with a folder of its own for its
// text, its data store and whose it is. Main context.
#pragma once

#include "bl-agent-script.h"

G_BEGIN_DECLS

#define BL_AGENT_KEPT_SCRIPTS_MAX 8
#define BL_AGENT_KEPT_SCRIPT_NAME_MAX 64
#define BL_AGENT_KEPT_SCRIPT_LINE_MAX 200 // characters of the last line of output that a list shows

typedef struct _BlAgentKeptScripts BlAgentKeptScripts;

/** Starts what is kept in @directory. @options, @serves: borrowed. Returns: (transfer full) */
BlAgentKeptScripts *bl_agent_kept_scripts_new (const BlScriptOptions *options, const BlAgentScriptServes *serves,
                                               const char *directory);
/** Ends them; they stay kept. */
void bl_agent_kept_scripts_free (BlAgentKeptScripts *kept);

/**
 * bl_agent_kept_scripts_keep: writes a script down and starts it; one of the same name gives way to it, its data store stays.
 * @name: 1 to 64 of A-Z, a-z, 0-9, "-", "_" and ".", not beginning with "."
 * @source: at most BL_AGENT_SCRIPT_SIZE bytes
 * @owner: the account behind it
 * @info: (nullable): as for bl_agent_script_start()
 *
 * Returns: %FALSE with an error that can be shown to who asked
 */
gboolean bl_agent_kept_scripts_keep (BlAgentKeptScripts *kept, const char *name, const char *source, const char *owner,
                                     GVariant *info, GError **error);
/** Ends a script and forgets it. Returns: %FALSE with an error when there is none of this name */
gboolean bl_agent_kept_scripts_stop (BlAgentKeptScripts *kept, const char *name, GError **error);
/** Returns: (transfer full): a line for each: name, state, owner, last line of its output; separated by tabs */
char *bl_agent_kept_scripts_list (BlAgentKeptScripts *kept);
void bl_agent_kept_scripts_set_info (BlAgentKeptScripts *kept, GVariant *info);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentKeptScripts, bl_agent_kept_scripts_free)

G_END_DECLS
