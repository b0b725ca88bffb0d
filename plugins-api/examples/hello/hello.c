// SPDX-License-Identifier: Apache-2.0
/* The smallest useful module: it answers GET /hello with the text of its setting `greeting`. */
#include <bowline/plugin.h>
#include <string.h>

#define HELLO_ID "hello"

static guint64 registration;

static void
serve_hello (BowlineHttpRequest *request, gpointer user_data)
{
  BowlineHost *host = user_data;
  const char *greeting = bowline_host_get_string (host, "greeting");
  g_autofree char *text = g_strdup_printf ("%s, %s\n", greeting, bowline_http_request_get_address (request));
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  bowline_http_request_respond (request, 200, "text/plain; charset=utf-8", body);
}

static void
activate_async (BowlineHost *host,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  const BowlineEndpoint endpoint = {
    .struct_size = sizeof endpoint,
    .path = "/hello",
    .methods = "GET",
    .request = serve_hello,
  };
  GError *error = NULL;

  registration = bowline_host_register_endpoint (host, &endpoint, host, &error);
  if (registration == 0)
    {
      g_task_return_error (task, error);
      return;
    }
  bowline_host_log (host, BOWLINE_LOG_INFO, NULL, "ready at %s", endpoint.path);
  g_task_return_boolean (task, TRUE);
}

static gboolean
activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
deactivate (BowlineHost *host)
{
  bowline_host_unregister_endpoint (host, registration);
  registration = 0;
}

static const BowlinePluginDescriptor descriptor = {
  .struct_size = sizeof (BowlinePluginDescriptor),
  .abi_major = BOWLINE_ABI_MAJOR,
  .abi_minor = BOWLINE_ABI_MINOR,
  .min_host_minor = 0,
  .kind = BOWLINE_PLUGIN_KIND_SERVER,
  .id = HELLO_ID,
  .version = "1.0",
  .license = "Apache-2.0",
  .activate_async = activate_async,
  .activate_finish = activate_finish,
  .deactivate = deactivate,
};

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  return &descriptor;
}
