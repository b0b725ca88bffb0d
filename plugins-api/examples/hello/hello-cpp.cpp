// SPDX-License-Identifier: Apache-2.0
// The same in C++11: exceptions must not cross the boundary, and extern "C" comes with the headers.
#include <bowline/plugin.h>

#include <string>

namespace
{

guint64 registration = 0;

void
serve_hello (BowlineHttpRequest *request, gpointer user_data)
{
  auto *host = static_cast<BowlineHost *> (user_data);
  const std::string text = std::string (bowline_host_get_string (host, "greeting")) + ", "
                           + bowline_http_request_get_address (request) + "\n";
  GBytes *body = g_bytes_new (text.data (), text.size ());

  bowline_http_request_respond (request, 200, "text/plain; charset=utf-8", body);
  g_bytes_unref (body);
}

BowlineEndpoint
hello_endpoint ()
{
  BowlineEndpoint endpoint = {};

  endpoint.struct_size = sizeof endpoint;
  endpoint.path = "/hello-cpp";
  endpoint.methods = "GET";
  endpoint.request = serve_hello;
  return endpoint;
}

void
activate_async (BowlineHost *host,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  GTask *task = g_task_new (nullptr, cancellable, callback, user_data);
  const BowlineEndpoint endpoint = hello_endpoint ();
  GError *error = nullptr;

  registration = bowline_host_register_endpoint (host, &endpoint, host, &error);
  if (registration == 0)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

gboolean
activate_finish (BowlineHost *, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
deactivate (BowlineHost *host)
{
  bowline_host_unregister_endpoint (host, registration);
  registration = 0;
}

BowlinePluginDescriptor
make_descriptor ()
{
  BowlinePluginDescriptor made = {};

  made.struct_size = sizeof made;
  made.abi_major = BOWLINE_ABI_MAJOR;
  made.abi_minor = BOWLINE_ABI_MINOR;
  made.min_host_minor = 0;
  made.kind = BOWLINE_PLUGIN_KIND_SERVER;
  made.id = "hello-cpp";
  made.version = "1.0";
  made.license = "Apache-2.0";
  made.activate_async = activate_async;
  made.activate_finish = activate_finish;
  made.deactivate = deactivate;
  return made;
}

const BowlinePluginDescriptor descriptor = make_descriptor ();

} // namespace

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  return &descriptor;
}
