// SPDX-License-Identifier: Apache-2.0
// bowline-files: packs and unpacks for the files plugin, which starts it for each archive. See bl-files-pack.h.
#include "../bl-files-pack.h"
#include "bl-files-archive.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY (1024u * 1024u * 1024u) // what the largest dictionaries of compression need, and no more

// One line a message; a name with a line end in it must not look like two.
static void
tell (char kind, const char *text)
{
  g_autofree char *line = g_strdup_printf ("%c%.*s\n", kind, BL_FILES_PACK_MAX_LINE - 3, text);
  for (char *p = line + 1; p[1] != '\0'; p++)
    if (*p == '\n')
      *p = '?';
  const gsize length = strlen (line);
  for (gsize sent = 0; sent < length;)
    {
      const ssize_t n = write (BL_FILES_PACK_REPORT_FD, line + sent, length - sent);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return; // whoever asked is gone; that shows at the next write of data
      sent += (gsize)n;
    }
}

// No more than a few lines a second: the viewer sees where it is, and the pipe does not slow the work down.
static void
progress_cb (const char *path, gpointer user_data)
{
  gint64 *last = user_data;
  const gint64 now = g_get_monotonic_time ();
  if (now - *last < BL_FILES_PACK_REPORT_MS * 1000)
    return;
  *last = now;
  tell (BL_FILES_PACK_AT, path);
}

static char **
read_names (void)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 buffer[4096];
  for (ssize_t n; (n = read (STDIN_FILENO, buffer, sizeof buffer)) != 0;)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 || all->len > BL_FILES_PACK_MAX_NAMES)
        return NULL;
      g_byte_array_append (all, buffer, (guint)n);
    }
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint pos = 0; pos < all->len;)
    {
      const char *name = (const char *)all->data + pos;
      const gsize length = strnlen (name, all->len - pos);
      g_ptr_array_add (names, g_strndup (name, length));
      pos += (guint)length + 1;
    }
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_steal (names, NULL);
}

static void
confine (void)
{
  const struct rlimit memory = { MEMORY, MEMORY }, none = { 0, 0 };
  (void)prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); // each of these only narrows what the program may do
  (void)prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__
  (void)setrlimit (RLIMIT_AS, &memory);
#else
  (void)memory;
#endif
  (void)setrlimit (RLIMIT_NPROC, &none); // no program is started, whatever a compression would like
  (void)setrlimit (RLIMIT_CORE, &none);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  umask (022);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gint64 last = 0;
  guint left_out = 0;
  gboolean done = FALSE;
  setlocale (LC_ALL, "C.UTF-8"); // names in archives
  if (argc != 2 || (!g_str_equal (argv[1], "pack") && !g_str_equal (argv[1], "unpack")))
    {
      g_printerr ("bowline-files is started by bowline-agent\n");
      return 2;
    }
  confine ();
  if (g_str_equal (argv[1], "pack"))
    {
      g_auto (GStrv) names = read_names ();
      if (names != NULL)
        done = bl_archive_pack (BL_FILES_PACK_DIRECTORY_FD, (const char *const *)names, STDOUT_FILENO, progress_cb, &last,
                                &left_out, &error);
    }
  else
    done = bl_archive_unpack (STDIN_FILENO, BL_FILES_PACK_DIRECTORY_FD, progress_cb, &last, &left_out, &error);
  if (!done)
    tell (BL_FILES_PACK_FAILED, error != NULL ? error->message : "the names of what is to be packed did not come");
  else if (left_out > 0)
    {
      g_autofree char *number = g_strdup_printf ("%u", left_out);
      tell (BL_FILES_PACK_LEFT_OUT, number);
    }
  return done ? 0 : 1;
}
