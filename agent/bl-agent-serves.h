// SPDX-License-Identifier: Apache-2.0
// What the agent's features do for scripts: power, messages to the person at the screen, the clipboard. Main context.
#pragma once

#include "bl-agent-features.h"
#include "bl-script-runner.h"

G_BEGIN_DECLS

#define BL_AGENT_SERVES_TITLE_MAX 512u
#define BL_AGENT_SERVES_TEXT_MAX 4096u
#define BL_AGENT_SERVES_CLIPBOARD_MAX (256u * 1024u)

/**
 * Switches the device off or restarts it as `poweraction` of a server does (agent-channel 11). Answers @call once; that the
 * system refused it later is in the log.
 */
void bl_agent_serves_power (BlAgentFeatures *features, BlScriptCall *call, gint64 action);
/** "message.toast", "message.box", "clipboard.read", "clipboard.write". Answers @call once. */
void bl_agent_serves_operation (BlAgentFeatures *features, BlScriptCall *call, const char *name, GVariant *args);

G_END_DECLS
