// SPDX-License-Identifier: Apache-2.0
// BlAgentScript: one script of an administrator in a script host of its own, under the limits of the core script. It speaks
// for nobody: what it sends besides its output goes nowhere. Main context.
#pragma once

#include "bl-script-runner.h"

G_BEGIN_DECLS

#define BL_AGENT_SCRIPT_SIZE (256u * 1024u) // bytes of a script
#define BL_AGENT_SCRIPT_NO_STATUS (-1)

typedef struct _BlAgentScript BlAgentScript;

typedef struct
{
  /** Output, also what the host reports about the script. @text: UTF-8, of any length; @is_error: for standard error */
  void (*said) (const char *text, gboolean is_error, gpointer user_data);
  /**
   * It is over; once, last, from the main loop. The owner frees it here or later.
   * @status: 0 to 254 as the script said, 1 for an exception nobody caught; BL_AGENT_SCRIPT_NO_STATUS when it was ended
   * @why: (nullable): why it was ended
   */
  void (*ended) (int status, const char *why, gpointer user_data);
} BlAgentScriptEvents;

/** What the agent does for scripts besides what the runner does itself. Slots are nullable; see BlScriptOps. */
typedef struct
{
  void (*power) (BlScriptCall *call, gint64 action, gboolean forced, gpointer user_data);
  void (*operation) (BlScriptCall *call, const char *name, GVariant *args, gpointer user_data);
  gpointer user_data;
} BlAgentScriptServes;

/**
 * bl_agent_script_start:
 * @options: limits and the host program; copied. A script that crashes is started again `crash_limit` - 1 times
 * @source: ECMAScript 5 with the names of docs/SCRIPTING.md, at most BL_AGENT_SCRIPT_SIZE bytes
 * @info: (nullable): what MeshAgent.ServerInfo and its like tell the script, a{sv}
 * @seconds: it is ended after; 0: never
 * @serves: (nullable): borrowed until the free
 * @events: static
 *
 * Returns: (transfer full) (nullable): %NULL with an error when it is too large or cannot be started; no event comes then
 */
BlAgentScript *bl_agent_script_start (const BlScriptOptions *options, const char *source, GVariant *info, guint seconds,
                                      const BlAgentScriptServes *serves, const BlAgentScriptEvents *events, gpointer user_data,
                                      GError **error);
/** Ends it without an event. Not from `said`. */
void bl_agent_script_free (BlAgentScript *script);
/** Ends it; `ended` comes with @why. Nothing it says comes any more. */
void bl_agent_script_end (BlAgentScript *script, const char *why);
void bl_agent_script_set_info (BlAgentScript *script, GVariant *info);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentScript, bl_agent_script_free)

G_END_DECLS
