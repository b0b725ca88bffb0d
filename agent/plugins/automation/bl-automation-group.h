// SPDX-License-Identifier: Apache-2.0
// All processes of one run, also those that left its process group (setsid, daemons). The kernel keeps them together in a
// control group where systemd delegated one to the agent (Delegate=yes); elsewhere they are found by a mark in the environment
// they inherited, which a process that wants to escape can take off. Main context, but bl_automation_group_join().
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define BL_AUTOMATION_MARK "BOWLINE_RUN"
#define BL_AUTOMATION_SWEEPS 10 // times that marked processes are looked for: they may fork meanwhile

typedef struct _BlAutomationGroup BlAutomationGroup;

/**
 * @parent: (nullable): directory of a control group (version 2) that groups may be made in; %NULL: none
 * Returns: (transfer full)
 */
BlAutomationGroup *bl_automation_group_new (const char *parent);
/** Forgets it; what runs goes on. */
void bl_automation_group_free (BlAutomationGroup *group);
/** Returns: (transfer full) (nullable): the control group of this process, if it is delegated to it */
char *bl_automation_group_find_parent (void);
/** Returns: (transfer none): a NAME=VALUE that belongs into the environment of the first process */
const char *bl_automation_group_get_mark (BlAutomationGroup *group);
/** Enters @group with the calling process, before it gives up privileges. In a child between fork and exec. */
void bl_automation_group_join (BlAutomationGroup *group);
/** Sends a signal to all processes. @leader: of the process group they began in */
void bl_automation_group_signal (BlAutomationGroup *group, pid_t leader, int signal);

/** Pure: Returns: whether @mark (NAME=VALUE) is one of the strings in @environment, as in /proc/PID/environ */
gboolean bl_automation_mark_is_in (const char *mark, const char *environment, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAutomationGroup, bl_automation_group_free)

G_END_DECLS
