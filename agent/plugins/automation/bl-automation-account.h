// SPDX-License-Identifier: Apache-2.0
// In whose name commands run: the agent's own account, or that of the person at the screen. Main context.
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define BL_AUTOMATION_MAX_GROUPS 256

typedef struct
{
  uid_t uid;
  gid_t gid;
  gid_t groups[BL_AUTOMATION_MAX_GROUPS];
  int n_groups;
  char *home;
  GStrv environment; // with the way to the person's desktop, if it is theirs
} BlAutomationAccount;

/**
 * @run_as: 0 the agent's account; 1 the person at the screen, or the agent's account when there is none; 2 only the
 *   person at the screen (agent-channel 11)
 * Returns: (transfer full) (nullable): %NULL with an error that can be shown to who asked
 */
BlAutomationAccount *bl_automation_account_new (gint64 run_as, GError **error);
void bl_automation_account_free (BlAutomationAccount *account);
/** Becomes @account for good. In a child between fork and exec. Returns: %FALSE when the system refuses */
gboolean bl_automation_account_become (const BlAutomationAccount *account);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAutomationAccount, bl_automation_account_free)

G_END_DECLS
