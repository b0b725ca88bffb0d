// SPDX-License-Identifier: Apache-2.0
#include "bl-automation-group.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PROC "/proc"
#define PIDS_MAX 65536 // of a control group, looked at in one go

struct _BlAutomationGroup
{
  char *mark;
  char *directory; // nullable: its control group
  int procs;       // cgroup.procs of it, or -1
};

// ---- the control group ---------------------------------------------------------------------------------------------

// Where the second version of control groups is mounted, alone or beside the first.
static char *
find_mount (void)
{
  static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
  for (guint i = 0; i < G_N_ELEMENTS (mounts); i++)
    {
      g_autofree char *file = g_build_filename (mounts[i], "cgroup.procs", NULL);
      g_autofree char *controllers = g_build_filename (mounts[i], "cgroup.controllers", NULL);
      if (access (file, F_OK) == 0 && access (controllers, F_OK) == 0)
        return g_strdup (mounts[i]);
    }
  return NULL;
}

char *
bl_automation_group_find_parent (void)
{
  static const char *const marks[] = { "trusted.delegate", "user.delegate" };
  g_autofree char *text = NULL, *mount = find_mount ();
  if (mount == NULL || !g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char value = 0;
      if (!g_str_has_prefix (lines[i], "0::/"))
        continue;
      g_autofree char *directory = g_build_filename (mount, lines[i] + strlen ("0::"), NULL);
      for (guint m = 0; m < G_N_ELEMENTS (marks); m++)
        if (getxattr (directory, marks[m], &value, 1) == 1 && value == '1')
          return g_steal_pointer (&directory);
    }
  return NULL; // it is somebody else's: systemd's, or a container's
}

static void
make_directory (BlAutomationGroup *group, const char *parent, const char *name)
{
  g_autofree char *directory = g_build_filename (parent, name, NULL);
  g_autofree char *procs = g_build_filename (directory, "cgroup.procs", NULL);
  if (g_mkdir (directory, 0755) != 0)
    return;
  group->directory = g_steal_pointer (&directory);
  group->procs = open (procs, O_WRONLY | O_CLOEXEC);
}

void
bl_automation_group_join (BlAutomationGroup *group)
{
  // Without it the mark is still there.
  if (group->procs >= 0)
    (void)!write (group->procs, "0", 1);
}

// The kernel's own way, which no fork gets past. Returns: FALSE on a kernel before 5.14
static gboolean
kill_directory (BlAutomationGroup *group)
{
  g_autofree char *path = g_build_filename (group->directory, "cgroup.kill", NULL);
  const int fd = open (path, O_WRONLY | O_CLOEXEC);
  const gboolean done = fd >= 0 && write (fd, "1", 1) == 1;
  if (fd >= 0)
    close (fd);
  return done;
}

static void
signal_directory (BlAutomationGroup *group, int signal)
{
  g_autofree char *path = g_build_filename (group->directory, "cgroup.procs", NULL);
  g_autofree char *text = NULL;
  if ((signal == SIGKILL && kill_directory (group)) || !g_file_get_contents (path, &text, NULL, NULL))
    return;
  g_auto (GStrv) lines = g_strsplit (text, "\n", PIDS_MAX);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const gint64 pid = g_ascii_strtoll (lines[i], NULL, 10);
      if (pid > 1 && pid != getpid ())
        (void)kill ((pid_t)pid, signal); // it may be over already
    }
}

// ---- the mark ------------------------------------------------------------------------------------------------------

gboolean
bl_automation_mark_is_in (const char *mark, const char *environment, gsize length)
{
  const gsize size = strlen (mark);
  for (gsize at = 0; at + size < length;)
    {
      const char *end = memchr (environment + at, '\0', length - at);
      const gsize word = end != NULL ? (gsize)(end - (environment + at)) : length - at;
      if (word == size && memcmp (environment + at, mark, size) == 0)
        return TRUE;
      at += word + 1;
    }
  return FALSE;
}

static guint
signal_marked (BlAutomationGroup *group, int signal)
{
  g_autoptr (GDir) dir = g_dir_open (PROC, 0, NULL);
  const char *name;
  guint found = 0;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (PROC, name, "environ", NULL);
      g_autofree char *text = NULL;
      gsize length = 0;
      if (!g_ascii_isdigit (name[0]) || !g_file_get_contents (path, &text, &length, NULL) // of another user, or over
          || !bl_automation_mark_is_in (group->mark, text, length))
        continue;
      const pid_t pid = (pid_t)g_ascii_strtoll (name, NULL, 10);
      if (pid > 1 && pid != getpid () && kill (pid, signal) == 0)
        found++;
    }
  return found;
}

void
bl_automation_group_signal (BlAutomationGroup *group, pid_t leader, int signal)
{
  (void)kill (-leader, signal); // it may be over already
  if (group->procs >= 0)
    signal_directory (group, signal);
  // What is asked is asked once; what is killed may have had children while it was looked for.
  for (guint i = 0; i < BL_AUTOMATION_SWEEPS && signal_marked (group, signal) > 0 && signal == SIGKILL; i++)
    ;
}

// ---- life ----------------------------------------------------------------------------------------------------------

const char *
bl_automation_group_get_mark (BlAutomationGroup *group)
{
  return group->mark;
}

BlAutomationGroup *
bl_automation_group_new (const char *parent)
{
  g_autofree char *name = g_strdup_printf ("run-%08x%08x", g_random_int (), g_random_int ());
  BlAutomationGroup *group = g_new0 (BlAutomationGroup, 1);
  group->mark = g_strconcat (BL_AUTOMATION_MARK "=", name, NULL);
  group->procs = -1;
  if (parent != NULL)
    make_directory (group, parent, name);
  return group;
}

void
bl_automation_group_free (BlAutomationGroup *group)
{
  if (group == NULL)
    return;
  if (group->procs >= 0)
    close (group->procs);
  if (group->directory != NULL)
    (void)g_rmdir (group->directory); // it stays while something runs in it, and goes with the agent's own group
  g_free (group->directory);
  g_free (group->mark);
  g_free (group);
}
