// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-admin"

#include "bl-admin-socket.h"

#include "bl-host.h"
#include "common/bl-json.h"
#include "common/bl-limits.h"

#include <bowline/plugin.h>
#include <gio/gunixsocketaddress.h>
#include <sys/stat.h>
#include <unistd.h>

struct _BlAdminSocket
{
  GSocketService *service;
  char *path;
  GList *clients; // Client
};

typedef struct
{
  gatomicrefcount count;
  BlAdminSocket *admin; // NULL once it is gone
  GSocketConnection *connection;
  GDataInputStream *input;
  BowlinePrincipal *principal;
  GCancellable *cancellable;
  GString *output;
  gboolean writing;
} Client;

static void read_line (Client *client);

static Client *
client_ref (Client *client)
{
  g_atomic_ref_count_inc (&client->count);
  return client;
}

static void
client_unref (gpointer data)
{
  Client *client = data;
  if (!g_atomic_ref_count_dec (&client->count))
    return;
  g_object_unref (client->input);
  g_object_unref (client->connection);
  g_object_unref (client->cancellable);
  bowline_principal_unref (client->principal);
  g_string_free (client->output, TRUE);
  g_free (client);
}

static void
client_close (Client *client)
{
  if (client->admin == NULL)
    return;
  client->admin->clients = g_list_remove (client->admin->clients, client);
  client->admin = NULL;
  g_cancellable_cancel (client->cancellable);
  g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL); // nothing to do about a failure
  client_unref (client);
}

static void write_output (Client *client);

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) sent = g_object_steal_data (G_OBJECT (source), "bl-sent");
  client->writing = FALSE;
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    client_close (client);
  else
    write_output (client);
  client_unref (client);
}

static void
write_output (Client *client)
{
  if (client->writing || client->output->len == 0 || client->admin == NULL)
    return;
  GOutputStream *stream = g_io_stream_get_output_stream (G_IO_STREAM (client->connection));
  GBytes *bytes = g_string_free_to_bytes (client->output);
  client->output = g_string_new (NULL);
  client->writing = TRUE;
  g_object_set_data_full (G_OBJECT (stream), "bl-sent", bytes, (GDestroyNotify)g_bytes_unref);
  g_output_stream_write_all_async (stream, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), G_PRIORITY_DEFAULT,
                                   client->cancellable, written_cb, client_ref (client));
}

static void
send_frame (GVariant *frame, gpointer user_data)
{
  Client *client = user_data;
  if (client->admin == NULL)
    return;
  g_autoptr (GError) error = NULL;
  if (!bl_json_append (client->output, frame, &error))
    g_warning ("an answer on the local socket has no JSON form: %s", error->message);
  g_string_append_c (client->output, '\n');
  write_output (client);
}

static void
send_error (Client *client, const char *message)
{
  GVariantBuilder frame;
  g_variant_builder_init (&frame, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&frame, "{sv}", "responseid", g_variant_new_string ("bowlinectl"));
  g_variant_builder_add (&frame, "{sv}", "error", g_variant_new_string (message));
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_builder_end (&frame));
  send_frame (variant, client);
}

static void
handle_line (Client *client, const char *line, gsize length)
{
  g_autoptr (GError) error = NULL;
  GVariant *request = bl_json_parse_object (line, length, NULL, BL_JSON_DEFAULT, &error);
  if (request == NULL)
    {
      send_error (client, error->message);
      return;
    }
  const char *action = "(none)";
  g_variant_lookup (request, "action", "&s", &action);
  g_autofree char *unknown = g_strdup_printf ("no module that runs here offers \"%s\"", action);
  if (!bowline_action_dispatch (bl_host_get_core (), client->principal, NULL, request, client->cancellable, send_frame,
                                client_ref (client), client_unref))
    send_error (client, unknown);
  g_variant_unref (request);
}

static void
line_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  gsize length;
  g_autofree char *line = g_data_input_stream_read_line_finish (client->input, result, &length, NULL);
  if (line == NULL || length > BL_ADMIN_MAX_LINE)
    client_close (client);
  else
    {
      handle_line (client, line, length);
      read_line (client);
    }
  client_unref (client);
}

static void
read_line (Client *client)
{
  if (client->admin == NULL)
    return;
  g_data_input_stream_read_line_async (client->input, G_PRIORITY_DEFAULT, client->cancellable, line_cb,
                                       client_ref (client));
}

static gboolean
peer_is_allowed (GSocketConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCredentials) credentials
      = g_socket_get_credentials (g_socket_connection_get_socket (connection), &error);
  const uid_t uid = credentials != NULL ? g_credentials_get_unix_user (credentials, &error) : (uid_t)-1;
  if (error != NULL || uid == (uid_t)-1 || (uid != 0 && uid != geteuid ()))
    {
      g_warning ("refused a connection to the local socket: %s",
                 error != NULL ? error->message : "only root and the server's own account may use it");
      return FALSE;
    }
  return TRUE;
}

static gboolean
incoming_cb (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  BlAdminSocket *admin = user_data;
  if (!peer_is_allowed (connection) || g_list_length (admin->clients) >= BL_ADMIN_MAX_CLIENTS)
    return TRUE;
  const BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = BOWLINE_PRINCIPAL_LOCAL,
    .user_id = "local",
    .rights_ceiling = G_MAXUINT32,
    .site_ceiling = G_MAXUINT32,
  };
  Client *client = g_new0 (Client, 1);
  g_atomic_ref_count_init (&client->count);
  client->admin = admin;
  client->connection = g_object_ref (connection);
  client->input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  client->principal = bowline_principal_new (bl_host_get_core (), &info);
  client->cancellable = g_cancellable_new ();
  client->output = g_string_new (NULL);
  admin->clients = g_list_prepend (admin->clients, client);
  read_line (client);
  return TRUE;
}

BlAdminSocket *
bl_admin_socket_new (const char *data_dir, GError **error)
{
  g_autoptr (BlAdminSocket) admin = g_new0 (BlAdminSocket, 1);
  admin->path = g_build_filename (data_dir, BL_ADMIN_SOCKET_NAME, NULL);
  admin->service = g_socket_service_new ();
  unlink (admin->path);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (admin->path);
  const mode_t mask = umask (0177);
  const gboolean bound = g_socket_listener_add_address (G_SOCKET_LISTENER (admin->service), address, G_SOCKET_TYPE_STREAM,
                                                        G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error);
  umask (mask);
  if (!bound)
    {
      g_prefix_error (error, "%s: ", admin->path);
      return NULL;
    }
  g_signal_connect (admin->service, "incoming", G_CALLBACK (incoming_cb), admin);
  return g_steal_pointer (&admin);
}

void
bl_admin_socket_free (BlAdminSocket *admin)
{
  if (admin == NULL)
    return;
  g_signal_handlers_disconnect_by_data (admin->service, admin);
  g_socket_service_stop (admin->service);
  g_socket_listener_close (G_SOCKET_LISTENER (admin->service));
  while (admin->clients != NULL)
    client_close (admin->clients->data);
  g_object_unref (admin->service);
  unlink (admin->path);
  g_free (admin->path);
  g_free (admin);
}
