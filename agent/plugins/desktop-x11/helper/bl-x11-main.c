// SPDX-License-Identifier: Apache-2.0
/* bowline-desktop-x11: shows one viewer the X screen that DISPLAY names. Started by the agent, with the link
 * on descriptor 3. */
#include "../bl-desktop-link.h"
#include "bl-x11-app.h"

#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  BlX11Options options;
  guint64 uid, gid;
  gboolean drop;
} Arguments;

static gboolean
read_number (const char *text, guint64 *value)
{
  return text != NULL && g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT32 - 1, value, NULL);
}

static gboolean
read_arguments (int argc, char **argv, Arguments *arguments)
{
  gboolean good = TRUE;

  for (int i = 1; i < argc && good; i++)
    {
      if (strcmp (argv[i], "--view-only") == 0)
        arguments->options.view_only = TRUE;
      else if (strcmp (argv[i], "--limited") == 0)
        arguments->options.limited = TRUE;
      else if (strcmp (argv[i], "--unlock") == 0)
        arguments->options.unlock = TRUE;
      else if (strcmp (argv[i], "--user") == 0 && i + 2 < argc)
        {
          good = read_number (argv[i + 1], &arguments->uid) && read_number (argv[i + 2], &arguments->gid);
          arguments->drop = TRUE;
          i += 2;
        }
      else
        good = FALSE;
    }
  return good;
}

/* The session's user is enough to see its screen; nothing here needs more. */
static gboolean
restrict_process (const Arguments *arguments)
{
  const struct rlimit no_core = { 0, 0 };

  if (setrlimit (RLIMIT_CORE, &no_core) != 0)
    return FALSE;
  if (arguments->drop
      && (setgroups (0, NULL) != 0
          || setresgid ((gid_t)arguments->gid, (gid_t)arguments->gid, (gid_t)arguments->gid) != 0
          || setresuid ((uid_t)arguments->uid, (uid_t)arguments->uid, (uid_t)arguments->uid) != 0))
    return FALSE;
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

int
main (int argc, char **argv)
{
  Arguments arguments = { { 0 }, 0, 0, FALSE };

  signal (SIGPIPE, SIG_IGN);
  mallopt (M_ARENA_MAX, 1);
  if (!read_arguments (argc, argv, &arguments) || fcntl (BL_DESKTOP_LINK_FD, F_SETFL, O_NONBLOCK) != 0)
    {
      g_printerr ("bowline-desktop-x11 is started by bowline-agent\n");
      return 2;
    }
  if (!restrict_process (&arguments))
    {
      g_printerr ("bowline-desktop-x11: its rights cannot be reduced\n");
      return EXIT_FAILURE;
    }
  return bl_x11_app_run (BL_DESKTOP_LINK_FD, &arguments.options);
}
