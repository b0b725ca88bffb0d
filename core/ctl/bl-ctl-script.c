// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-script.h"

#include "bl-ctl-client.h"
#include "bl-ctl-run.h"

#include <string.h>

#define SUFFIX ".js"

static char *
read_source (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  if (length > 0 && length <= BL_CTL_SCRIPT_MAX && strlen (text) == length && g_utf8_validate (text, (gssize)length, NULL))
    return g_steal_pointer (&text);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: expected 1 to %u bytes of UTF-8 text", path,
               BL_CTL_SCRIPT_MAX);
  return NULL;
}

static char *
make_name (const BlCtlScript *script)
{
  if (script->name != NULL)
    return g_strdup (script->name);
  char *name = g_path_get_basename (script->operand);
  if (g_str_has_suffix (name, SUFFIX) && strlen (name) > strlen (SUFFIX))
    name[strlen (name) - strlen (SUFFIX)] = '\0';
  return name;
}

static GVariant *
make_request (const BlCtlScript *script, const char *device, const char *name, const char *source)
{
  GVariantBuilder request;
  g_variant_builder_init (&request, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&request, "{sv}", "action", g_variant_new_string ("device.script"));
  g_variant_builder_add (&request, "{sv}", "responseid", g_variant_new_string ("bowlinectl"));
  g_variant_builder_add (&request, "{sv}", "op", g_variant_new_string (script->op));
  g_variant_builder_add (&request, "{sv}", "device", g_variant_new_string (device));
  if (name != NULL)
    g_variant_builder_add (&request, "{sv}", "name", g_variant_new_string (name));
  if (source != NULL)
    g_variant_builder_add (&request, "{sv}", "source", g_variant_new_string (source));
  if (script->seconds != 0)
    g_variant_builder_add (&request, "{sv}", "timeout", g_variant_new_int64 (script->seconds));
  return g_variant_ref_sink (g_variant_builder_end (&request));
}

GPtrArray *
bl_ctl_script_requests (const BlCtlScript *script, GError **error)
{
  const gboolean list = g_str_equal (script->op, "list"), stop = g_str_equal (script->op, "stop");
  const gboolean has_devices = script->devices != NULL && script->devices[0] != NULL;
  g_autofree char *source = NULL, *name = NULL;
  if (!list && !has_devices)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the device is missing");
      return NULL;
    }
  if (!list && !stop && (source = read_source (script->operand, error)) == NULL)
    return NULL;
  if (!list)
    name = stop ? g_strdup (script->operand) : make_name (script);
  g_autoptr (GPtrArray) requests = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  if (list)
    g_ptr_array_add (requests, make_request (script, script->operand, NULL, NULL));
  for (guint i = 0; has_devices && script->devices[i] != NULL; i++)
    g_ptr_array_add (requests, make_request (script, script->devices[i], name, source));
  return g_steal_pointer (&requests);
}

int
bl_ctl_script_run (const char *data_dir, GPtrArray *requests, gboolean json)
{
  int first = 0;
  for (guint i = 0; i < requests->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketConnection) connection = bl_ctl_server_connect (data_dir, &error);
      const char *device = NULL;
      if (connection == NULL)
        {
          g_printerr ("bowlinectl: no server runs there: %s\n", error->message);
          return BL_CTL_RUN_FAILED;
        }
      g_variant_lookup (requests->pdata[i], "device", "&s", &device);
      if (requests->len > 1 && !json)
        g_printerr ("%s:\n", device);
      const int status = bl_ctl_run (connection, requests->pdata[i], json);
      if (first == 0)
        first = status;
    }
  return first;
}
