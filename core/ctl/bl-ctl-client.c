// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-client.h"

#include "bl-ctl-tree.h"
#include "common/bl-json.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX (256u * 1024u * 1024u)
#define MAINTENANCE_SECONDS 60

GSocketConnection *
bl_ctl_server_connect (const char *data_dir, GError **error)
{
  g_autofree char *path = g_build_filename (data_dir, "control.sock", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  return g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, error);
}

gboolean
bl_ctl_server_runs (const char *data_dir)
{
  g_autoptr (GSocketConnection) connection = bl_ctl_server_connect (data_dir, NULL);
  return connection != NULL;
}

char *
bl_ctl_find_bowlined (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = self != NULL ? g_path_get_dirname (self) : NULL;
  const char *const relative[] = { "bowlined", "../sbin/bowlined" };
  for (guint i = 0; directory != NULL && i < G_N_ELEMENTS (relative); i++)
    {
      g_autofree char *path = g_build_filename (directory, relative[i], NULL);
      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&path);
    }
  return NULL;
}

static void
keep_ready_fd (gpointer user_data)
{
  // The read end belongs to the parent; the write end must survive exec.
  const int *fds = user_data;
  close (fds[0]);
  fcntl (fds[1], F_SETFD, 0);
  prctl (PR_SET_PDEATHSIG, SIGTERM); // no server is left when this program is killed
}

GPid
bl_ctl_spawn_ready (GPtrArray *argv, guint seconds, guint flags, GError **error)
{
  int fds[2];
  GPid pid = 0;
  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return 0;
  g_autofree char *ready = g_strdup_printf ("%d", fds[1]);
  g_ptr_array_add (argv, (char *)"--ready-fd");
  g_ptr_array_add (argv, ready);
  g_ptr_array_add (argv, NULL);
  const gboolean spawned = g_spawn_async (NULL, (char **)argv->pdata, NULL,
                                          flags | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                                          keep_ready_fd, fds, &pid, error);
  close (fds[1]);
  if (spawned)
    {
      GPollFD poll_fd = { .fd = fds[0], .events = G_IO_IN | G_IO_HUP };
      char byte;
      if (g_poll (&poll_fd, 1, (int)seconds * 1000) != 1 || read (fds[0], &byte, 1) != 1)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the server did not start; see above");
          kill (pid, SIGTERM);
          waitpid (pid, NULL, 0);
          pid = 0;
        }
    }
  close (fds[0]);
  return pid;
}

// Starts a server without network and waits until it takes requests. Returns its process id, or 0.
static GPid
start_maintenance (const BlCtlServer *server, GError **error)
{
  g_autofree char *program = bl_ctl_find_bowlined ();
  if (program == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no server runs there, and bowlined was not found");
      return 0;
    }
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const char *const fixed[] = { program, "--maintenance", "--data-dir", server->data_dir, "--set", "server.log-level=warning" };
  for (guint i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_ptr_array_add (argv, (char *)fixed[i]);
  // ./run keeps the settings of its server beside its data.
  g_autofree char *beside = g_build_filename (server->data_dir, "bowline.conf", NULL);
  const char *config = server->config;
  if (config == NULL && g_file_test (beside, G_FILE_TEST_EXISTS))
    config = beside;
  if (config != NULL)
    {
      g_ptr_array_add (argv, (char *)"--config");
      g_ptr_array_add (argv, (char *)config);
    }
  for (guint i = 0; server->sets != NULL && server->sets[i] != NULL; i++)
    {
      g_ptr_array_add (argv, (char *)"--set");
      g_ptr_array_add (argv, server->sets[i]);
    }
  const GPid pid = bl_ctl_spawn_ready (argv, MAINTENANCE_SECONDS, G_SPAWN_STDOUT_TO_DEV_NULL, error);
  if (pid == 0)
    g_prefix_error_literal (error, "no server runs there, and for this request: ");
  return pid;
}

static GVariant *
exchange (GSocketConnection *connection, GVariant *request, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  if (!bl_json_append (line, request, error))
    return NULL;
  g_string_append_c (line, '\n');
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  if (!g_output_stream_write_all (out, line->str, line->len, NULL, NULL, error))
    return NULL;
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  for (;;)
    {
      gsize length;
      g_autofree char *text = g_data_input_stream_read_line (in, &length, NULL, error);
      if (text == NULL)
        {
          if (error != NULL && *error == NULL)
            g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the server ended without an answer");
          return NULL;
        }
      const BlJsonLimits limits = { .max_bytes = ANSWER_MAX, .max_values = G_MAXUINT };
      g_autoptr (GVariant) frame = bl_json_parse_object (text, length, &limits, BL_JSON_DEFAULT, error);
      if (frame == NULL)
        return NULL;
      const char *id;
      if (g_variant_lookup (frame, "responseid", "&s", &id))
        return g_steal_pointer (&frame);
    }
}

GVariant *
bl_ctl_server_ask (const BlCtlServer *server, GVariant *request, int *ended, GError **error)
{
  g_autoptr (GSocketConnection) connection = bl_ctl_server_connect (server->data_dir, NULL);
  GPid maintenance = 0;
  int status = 0;
  if (connection == NULL)
    {
      maintenance = start_maintenance (server, error);
      if (maintenance == 0)
        return NULL;
      connection = bl_ctl_server_connect (server->data_dir, error);
    }
  g_autoptr (GVariant) answer = connection != NULL ? exchange (connection, request, error) : NULL;
  if (maintenance != 0)
    {
      kill (maintenance, SIGTERM);
      waitpid (maintenance, &status, 0);
      bl_ctl_tree_give_back (server->data_dir);
    }
  if (ended != NULL)
    *ended = status;
  return g_steal_pointer (&answer);
}
