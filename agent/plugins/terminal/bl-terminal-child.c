// SPDX-License-Identifier: Apache-2.0
#include "bl-terminal-child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_COLS 80
#define DEFAULT_ROWS 25
#define EXIT_NOT_STARTED 127

BlTerminalAccount *
bl_terminal_account_new (uid_t uid, GError **error)
{
  struct passwd entry, *found = NULL;
  char buffer[16384];
  const int failure = getpwuid_r (uid, &entry, buffer, sizeof buffer, &found);
  if (found == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no account with the number %u%s%s", (guint)uid,
                   failure != 0 ? ": " : "", failure != 0 ? g_strerror (failure) : "");
      return NULL;
    }
  BlTerminalAccount *account = g_new0 (BlTerminalAccount, 1);
  account->uid = entry.pw_uid;
  account->gid = entry.pw_gid;
  account->name = g_strdup (entry.pw_name);
  account->home = g_strdup (entry.pw_dir);
  account->shell = g_strdup (entry.pw_shell != NULL && entry.pw_shell[0] == '/' ? entry.pw_shell : "/bin/sh");
  account->n_groups = BL_TERMINAL_MAX_GROUPS;
  if (getgrouplist (account->name, account->gid, account->groups, &account->n_groups) < 0)
    account->n_groups = BL_TERMINAL_MAX_GROUPS; // more than fit: the first ones count
  return account;
}

void
bl_terminal_account_free (BlTerminalAccount *account)
{
  if (account == NULL)
    return;
  g_free (account->name);
  g_free (account->home);
  g_free (account->shell);
  g_free (account);
}

void
bl_terminal_child_resize (int master, guint cols, guint rows)
{
  struct winsize size = { 0 };
  if (ioctl (master, TIOCGWINSZ, &size) != 0)
    return;
  if (cols != 0)
    size.ws_col = (unsigned short)cols;
  if (rows != 0)
    size.ws_row = (unsigned short)rows;
  (void)ioctl (master, TIOCSWINSZ, &size); // the shell then keeps the old size
}

static int
open_terminal (char *slave, gsize size, GError **error)
{
  const int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master >= 0 && grantpt (master) == 0 && unlockpt (master) == 0 && ptsname_r (master, slave, size) == 0
      && g_unix_set_fd_nonblocking (master, TRUE, NULL))
    return master;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "no terminal can be opened: %s", g_strerror (errno));
  if (master >= 0)
    close (master);
  return -1;
}

static char **
make_environment (const BlTerminalAccount *account)
{
  const char *language = g_getenv ("LANG");
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_ptr_array_add (list, g_strdup ("TERM=xterm-256color"));
  g_ptr_array_add (list, g_strdup ("PATH=" DEFAULT_PATH));
  g_ptr_array_add (list, g_strconcat ("HOME=", account->home, NULL));
  g_ptr_array_add (list, g_strconcat ("USER=", account->name, NULL));
  g_ptr_array_add (list, g_strconcat ("LOGNAME=", account->name, NULL));
  g_ptr_array_add (list, g_strconcat ("SHELL=", account->shell, NULL));
  g_ptr_array_add (list, g_strconcat ("LANG=", language != NULL ? language : "C.UTF-8", NULL));
  g_ptr_array_add (list, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&list), FALSE);
}

// In the child, between fork and exec: only what is safe in a copy of a threaded process.
static G_NORETURN void
run_child (const char *slave, const BlTerminalAccount *account, char *const *argv, char *const *environment,
           gboolean drop_rights)
{
  for (int n = 1; n < NSIG; n++)
    signal (n, SIG_DFL);
  sigset_t none;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  umask (022);
  setsid ();
  const int terminal = open (slave, O_RDWR);
  if (terminal < 0 || ioctl (terminal, TIOCSCTTY, 0) != 0)
    _exit (EXIT_NOT_STARTED);
  dup2 (terminal, STDIN_FILENO);
  dup2 (terminal, STDOUT_FILENO);
  dup2 (terminal, STDERR_FILENO);
  syscall (SYS_close_range, 3u, ~0u, 0u);
  if (drop_rights
      && (setgroups ((size_t)account->n_groups, account->groups) != 0 || setgid (account->gid) != 0
          || setuid (account->uid) != 0))
    _exit (EXIT_NOT_STARTED);
  if (chdir (account->home) != 0 && chdir ("/") != 0)
    _exit (EXIT_NOT_STARTED);
  execve (argv[0], argv, environment);
  _exit (EXIT_NOT_STARTED);
}

int
bl_terminal_child_start (const BlTerminalChildOptions *options, pid_t *pid, GError **error)
{
  const BlTerminalAccount *account = options->account;
  char slave[64];
  const int master = open_terminal (slave, sizeof slave, error);
  if (master < 0)
    return -1;
  bl_terminal_child_resize (master, options->cols != 0 ? options->cols : DEFAULT_COLS,
                            options->rows != 0 ? options->rows : DEFAULT_ROWS);
  g_auto (GStrv) environment = make_environment (account);
  char *login_argv[] = { (char *)"/bin/login", NULL };
  char *shell_argv[] = { account->shell, (char *)"-i", NULL };
  const gboolean drop_rights = geteuid () == 0 && account->uid != 0;
  // A terminal of another account belongs to it, or its programs could not open it again.
  if (drop_rights)
    (void)chown (slave, account->uid, (gid_t)-1);
  *pid = fork ();
  if (*pid == 0)
    run_child (slave, account, options->login ? login_argv : shell_argv, environment, drop_rights);
  if (*pid < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "no shell can be started: %s", g_strerror (errno));
      close (master);
      return -1;
    }
  return master;
}
