// SPDX-License-Identifier: Apache-2.0
#include "bl-files-pack.h"

#include "bl-files-disk.h"
#include "bl-files-io.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABOVE 16 // descriptors from here on do not collide with those the program gets

struct _BlFilesPack
{
  pid_t pid;
  int output; // -1: not ours to read
  int report;
  GString *line; // a report of which the end has not come
  char *problem;
  guint left_out;
};

// ---- starting ------------------------------------------------------------------------------------------------------

static int
lift (int fd)
{
  const int lifted = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, ABOVE) : -1;
  if (fd >= 0)
    close (fd);
  return lifted;
}

// OURS is read from.
static gboolean
make_pipe (int *ours, int *theirs, GError **error)
{
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) != 0)
    return bl_files_fail_errno (error, "pipe");
  *ours = ends[0];
  *theirs = lift (ends[1]);
  return *theirs >= 0 || bl_files_fail_errno (error, "pipe");
}

// OURS is written to: a socket, since a pipe nobody reads would end the agent by a signal.
static gboolean
make_socket (int *ours, int *theirs, GError **error)
{
  int ends[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return bl_files_fail_errno (error, "socketpair");
  *ours = ends[0];
  *theirs = lift (ends[1]);
  return *theirs >= 0 || bl_files_fail_errno (error, "socketpair");
}

// FDS: what it is given at 0, 1, directory and report.
static gboolean
spawn (BlFilesPack *pack, const char *program, const char *what, const int fds[4], GError **error)
{
  static const int targets[4] = { STDIN_FILENO, STDOUT_FILENO, BL_FILES_PACK_DIRECTORY_FD, BL_FILES_PACK_REPORT_FD };
  char *const arguments[] = { (char *)program, (char *)what, NULL };
  char *const environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset (&none);
  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    posix_spawn_file_actions_adddup2 (&actions, fds[i], targets[i]);
  posix_spawn_file_actions_addclosefrom_np (&actions, BL_FILES_PACK_REPORT_FD + 1);
  errno = posix_spawn (&pack->pid, program, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  if (errno == 0)
    return TRUE;
  pack->pid = 0;
  return bl_files_fail_errno (error, program);
}

static BlFilesPack *
start (const char *program, const char *what, int input, int output, int directory, GError **error)
{
  g_autoptr (BlFilesPack) pack = g_new0 (BlFilesPack, 1);
  pack->output = pack->report = -1;
  pack->line = g_string_new (NULL);
  auto_fd written = -1, reported = -1;
  if (program == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "this agent cannot pack or unpack: bowline-files is missing");
      return NULL;
    }
  if (!make_pipe (&pack->report, &reported, error)
      || (output == -1 && !make_pipe (&pack->output, &written, error)))
    return NULL;
  const int fds[4] = { input, output >= 0 ? output : written, directory, reported };
  if (!spawn (pack, program, what, fds, error))
    return NULL;
  (void)g_unix_set_fd_nonblocking (pack->report, TRUE, NULL); // fails for no descriptor that is open
  return g_steal_pointer (&pack);
}

// The program reads them all before it does anything else.
static gboolean
write_names (int fd, const char *const *names, GError **error)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      const gsize length = strlen (names[i]) + 1;
      for (gsize done = 0; done < length;)
        {
          const ssize_t n = send (fd, names[i] + done, length - done, MSG_NOSIGNAL);
          if (n < 0 && errno != EINTR)
            return bl_files_fail_errno (error, "bowline-files");
          done += (gsize)MAX (n, 0);
        }
    }
  return TRUE;
}

BlFilesPack *
bl_files_pack_new (const char *program, const char *path, const char *const *names, int output, GError **error)
{
  auto_fd directory = lift (bl_files_open_directory (path, error));
  auto_fd ours = -1, theirs = -1;
  if (directory < 0 || !make_socket (&ours, &theirs, error))
    return NULL;
  auto_fd written = output >= 0 ? lift (fcntl (output, F_DUPFD_CLOEXEC, ABOVE)) : -1;
  g_autoptr (BlFilesPack) pack = start (program, "pack", theirs, written, directory, error);
  if (pack == NULL)
    return NULL;
  close (theirs); // with a reader of ours the program's end would not show
  theirs = -1;
  return write_names (ours, names, error) ? g_steal_pointer (&pack) : NULL;
}

BlFilesPack *
bl_files_pack_new_unpack (const char *program, const char *archive, const char *target, GError **error)
{
  auto_fd input = lift (open (archive, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (input < 0)
    {
      bl_files_fail_errno (error, archive);
      return NULL;
    }
  if (mkdir (target, 0755) != 0 && errno != EEXIST)
    {
      bl_files_fail_errno (error, target);
      return NULL;
    }
  auto_fd directory = lift (bl_files_open_directory (target, error));
  auto_fd nowhere = lift (open ("/dev/null", O_WRONLY | O_CLOEXEC));
  return directory >= 0 && nowhere >= 0 ? start (program, "unpack", input, nowhere, directory, error) : NULL;
}

static void
reap (BlFilesPack *pack, int *status)
{
  while (pack->pid > 0 && waitpid (pack->pid, status, 0) < 0 && errno == EINTR)
    ;
  pack->pid = 0;
}

void
bl_files_pack_free (BlFilesPack *pack)
{
  int status;
  if (pack == NULL)
    return;
  if (pack->pid > 0)
    {
      kill (pack->pid, SIGKILL);
      reap (pack, &status);
    }
  bl_files_close_fd (&pack->output);
  bl_files_close_fd (&pack->report);
  g_string_free (pack->line, TRUE);
  g_free (pack->problem);
  g_free (pack);
}

// ---- running -------------------------------------------------------------------------------------------------------

static void
take_line (BlFilesPack *pack, BlFilesPackProgress progress, gpointer user_data)
{
  const char *text = pack->line->str + 1;
  switch (pack->line->str[0])
    {
    case BL_FILES_PACK_AT:
      if (progress != NULL)
        progress (text, user_data);
      break;
    case BL_FILES_PACK_FAILED:
      g_free (pack->problem);
      pack->problem = g_utf8_make_valid (text, -1);
      break;
    case BL_FILES_PACK_LEFT_OUT:
      pack->left_out = (guint)g_ascii_strtoull (text, NULL, 10);
      break;
    default:
      break;
    }
}

// Returns: FALSE when there will be no more.
static gboolean
take_reports (BlFilesPack *pack, BlFilesPackProgress progress, gpointer user_data)
{
  char buffer[4096];
  for (;;)
    {
      const ssize_t n = read (pack->report, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 && errno == EAGAIN;
      for (ssize_t i = 0; i < n; i++)
        {
          if (buffer[i] != '\n')
            {
              if (pack->line->len < BL_FILES_PACK_MAX_LINE)
                g_string_append_c (pack->line, buffer[i]);
              continue;
            }
          if (pack->line->len > 0)
            take_line (pack, progress, user_data);
          g_string_truncate (pack->line, 0);
        }
    }
}

gssize
bl_files_pack_read (BlFilesPack *pack, guint8 *buffer, gsize size)
{
  (void)take_reports (pack, NULL, NULL); // a full pipe would stop the program
  return bl_files_read_full (pack->output, buffer, size);
}

gboolean
bl_files_pack_wait (BlFilesPack *pack, GCancellable *cancellable, BlFilesPackProgress progress, gpointer user_data,
                    guint *left_out, GError **error)
{
  GPollFD cancelled = { .fd = -1 };
  const gboolean can_cancel = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &cancelled);
  struct pollfd fds[2] = { { .fd = pack->report, .events = POLLIN }, { .fd = cancelled.fd, .events = POLLIN } };
  while (take_reports (pack, progress, user_data) && !g_cancellable_is_cancelled (cancellable))
    (void)poll (fds, G_N_ELEMENTS (fds), -1);
  if (can_cancel)
    g_cancellable_release_fd (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  int status = -1;
  reap (pack, &status);
  if (left_out != NULL)
    *left_out = pack->left_out;
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return TRUE;
  if (WIFEXITED (status) && WEXITSTATUS (status) == 127) // the dynamic linker's
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "this device cannot pack or unpack: libarchive is missing");
  else if (pack->problem != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, pack->problem);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "bowline-files ended unexpectedly (status %d)", status);
  return FALSE;
}
