// SPDX-License-Identifier: Apache-2.0
// Scripts of administrators on this device: from the console, or sent by the server (agent/script/README.md, "Scripts of
// administrators"): run once with their output on its way while they run, or kept until somebody stops them. Main context.
#pragma once

#include "bl-agent-script.h"

G_BEGIN_DECLS

#define BL_AGENT_OWN_SCRIPTS_MAX 4                  // that run once, at a time
#define BL_AGENT_OWN_SCRIPT_OUTPUT (64u * 1024u)    // on the console; what is longer is cut off
#define BL_AGENT_OWN_SCRIPT_STREAM (2u * 1024u * 1024u) // told while it runs; then it is ended
#define BL_AGENT_OWN_SCRIPT_SECONDS 60              // on the console, and unless the order says otherwise
#define BL_AGENT_OWN_SCRIPT_SECONDS_MAX 86400

typedef struct _BlAgentOwnScripts BlAgentOwnScripts;

/** Sends @message, a{sv} (floating sunk), to the server. */
typedef void (*BlAgentOwnScriptSend) (GVariant *message, gpointer user_data);

/**
 * @options: limits and the host program; borrowed until the free
 * @serves: (nullable): borrowed until the free
 * @directory: where kept scripts are; those that are there are started
 * Returns: (transfer full)
 */
BlAgentOwnScripts *bl_agent_own_scripts_new (const BlScriptOptions *options, const BlAgentScriptServes *serves,
                                             const char *directory, BlAgentOwnScriptSend send, gpointer user_data);
/** Ends those that run, without a word. */
void bl_agent_own_scripts_free (BlAgentOwnScripts *scripts);

/**
 * bl_agent_own_scripts_take: console lines "script FILE" and "script -e CODE", orders `msg/runscript`, and `msg/runstop` for a
 * script. Rights are checked here; what is wrong is the answer.
 * @message: of the server
 *
 * Returns: whether it was one of them
 */
gboolean bl_agent_own_scripts_take (BlAgentOwnScripts *scripts, GVariant *message);
/** What MeshAgent.ServerInfo and its like tell scripts from now on: a{sv}, floating sunk. */
void bl_agent_own_scripts_set_info (BlAgentOwnScripts *scripts, GVariant *info);
/** The server is gone: ends all that somebody was listening to. */
void bl_agent_own_scripts_disconnected (BlAgentOwnScripts *scripts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentOwnScripts, bl_agent_own_scripts_free)

G_END_DECLS
