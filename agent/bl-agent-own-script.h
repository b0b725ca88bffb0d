// SPDX-License-Identifier: Apache-2.0
// Scripts an administrator runs once on this device: each in a script host of its own, beside the core script and under
// the same limits. Main context.
#pragma once

#include "bl-script-runner.h"

G_BEGIN_DECLS

#define BL_AGENT_OWN_SCRIPTS_MAX 4
#define BL_AGENT_OWN_SCRIPT_SIZE (256u * 1024u)
#define BL_AGENT_OWN_SCRIPT_OUTPUT (64u * 1024u) // what is longer is cut off
#define BL_AGENT_OWN_SCRIPT_SECONDS 60

typedef struct _BlAgentOwnScripts BlAgentOwnScripts;

/** What a script wrote, and why it ended if that was not by itself. UTF-8; once for each script. */
typedef void (*BlAgentOwnScriptDone) (const char *output, const char *session, gpointer user_data);

/** @options: limits and the host program; borrowed until the free. Returns: (transfer full) */
BlAgentOwnScripts *bl_agent_own_scripts_new (const BlScriptOptions *options, BlAgentOwnScriptDone done, gpointer user_data);
/** Ends those that run, without a word. */
void bl_agent_own_scripts_free (BlAgentOwnScripts *scripts);

/**
 * bl_agent_own_scripts_run:
 * @source: ECMAScript 5 with the names of docs/SCRIPTING.md
 * @info: (nullable): what MeshAgent.ServerInfo and its like tell the script, a{sv}
 * @session: whom to answer; comes back with the output
 *
 * Returns: %FALSE when it is too large or too many run; nothing comes later then.
 */
gboolean bl_agent_own_scripts_run (BlAgentOwnScripts *scripts, const char *source, GVariant *info, const char *session,
                                   GError **error);

/** Reads a script of at most BL_AGENT_OWN_SCRIPT_SIZE bytes from a regular file. @text: (out) (transfer full) */
gboolean bl_agent_own_script_read (const char *path, char **text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentOwnScripts, bl_agent_own_scripts_free)

G_END_DECLS
