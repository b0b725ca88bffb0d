// SPDX-License-Identifier: Apache-2.0
// A shell on a pseudo terminal: finds the account, opens the terminal, starts the shell in it.
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define BL_TERMINAL_MAX_GROUPS 256

typedef struct
{
  uid_t uid;
  gid_t gid;
  gid_t groups[BL_TERMINAL_MAX_GROUPS];
  int n_groups;
  char *name;
  char *home;
  char *shell;
} BlTerminalAccount;

/** Looks up an account with its groups. Returns: (transfer full), or %NULL with an error. */
BlTerminalAccount *bl_terminal_account_new (uid_t uid, GError **error);
void bl_terminal_account_free (BlTerminalAccount *account);

typedef struct
{
  const BlTerminalAccount *account;
  guint cols;
  guint rows;
  gboolean login; // run login (1), which asks who it is
} BlTerminalChildOptions;

/**
 * Starts the shell in a session of its own on a new terminal.
 * PID: (out). Returns: the terminal's master descriptor, non-blocking, or -1 with an error.
 */
int bl_terminal_child_start (const BlTerminalChildOptions *options, pid_t *pid, GError **error);
/** Tells the terminal its size; 0 leaves it. */
void bl_terminal_child_resize (int master, guint cols, guint rows);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTerminalAccount, bl_terminal_account_free)

G_END_DECLS
