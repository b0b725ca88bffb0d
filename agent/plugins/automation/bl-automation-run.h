// SPDX-License-Identifier: Apache-2.0
// Commands that run on this device: one process group each, what it says on its way to who asked. Main context.
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

#define BL_AUTOMATION_MAX_RUNS 16u
#define BL_AUTOMATION_MAX_SCRIPT 65535u           // bytes, as the control channel takes them
#define BL_AUTOMATION_MAX_RESULT (512u * 1024u)   // bytes of an answer in one piece; the rest is left out
#define BL_AUTOMATION_MAX_STREAM (8u * 1024u * 1024u) // bytes that are told while it runs; then it is ended
#define BL_AUTOMATION_SECONDS 600
#define BL_AUTOMATION_MAX_SECONDS 86400

typedef struct _BlAutomationRuns BlAutomationRuns;

BlAutomationRuns *bl_automation_runs_new (BowlineHost *host);
/** Kills what runs; nothing is answered any more. */
void bl_automation_runs_free (BlAutomationRuns *runs);
/** Serves `runcommands`: checks rights and limits, starts, answers. What is wrong is the answer. */
void bl_automation_runs_start (BlAutomationRuns *runs, BowlineMessageCall *call);
/** Serves `msg/runstop`: ends the run with the `responseid` that the same session started. */
void bl_automation_runs_stop (BlAutomationRuns *runs, BowlineMessageCall *call);
/** The server is gone: ends all that somebody was listening to. */
void bl_automation_runs_disconnected (BlAutomationRuns *runs);
/** Returns: how many run */
guint bl_automation_runs_count (BlAutomationRuns *runs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAutomationRuns, bl_automation_runs_free)

G_END_DECLS
