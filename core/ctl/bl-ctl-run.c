// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-run.h"

#include "common/bl-json.h"

#include <string.h>
#include <unistd.h>

#define SCRIPT_MAX 65535u
#define SIGNAL_BASE 128

// One word is a line the device's shell takes apart; of several, each one stays one.
static char *
join_words (const char *const *words)
{
  if (words[1] == NULL)
    return g_strdup (words[0]);
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autofree char *quoted = g_shell_quote (words[i]);
      g_string_append_printf (line, "%s%s", i > 0 ? " " : "", quoted);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static char *
read_script (const BlCtlRun *run, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  if (run->script == NULL && (run->words == NULL || run->words[0] == NULL))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the commands are missing");
  else if (run->script != NULL && run->words != NULL && run->words[0] != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "commands or --script, not both");
  else if (run->script == NULL)
    {
      text = join_words (run->words);
      length = strlen (text);
    }
  else if (!g_file_get_contents (run->script, &text, &length, error))
    return NULL;
  if (text == NULL)
    return NULL;
  if (length == 0 || length > SCRIPT_MAX || !g_utf8_validate (text, (gssize)length, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "expected 1 to %u bytes of UTF-8 text to run",
                   SCRIPT_MAX);
      return NULL;
    }
  return g_steal_pointer (&text);
}

GVariant *
bl_ctl_run_request (const BlCtlRun *run, GError **error)
{
  g_autofree char *text = read_script (run, error);
  GVariantBuilder request;
  if (text == NULL)
    return NULL;
  g_variant_builder_init (&request, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&request, "{sv}", "action", g_variant_new_string ("device.run"));
  g_variant_builder_add (&request, "{sv}", "responseid", g_variant_new_string ("bowlinectl"));
  g_variant_builder_add (&request, "{sv}", "device", g_variant_new_string (run->device));
  g_variant_builder_add (&request, "{sv}", "cmds", g_variant_new_string (text));
  g_variant_builder_add (&request, "{sv}", "runAsUser", g_variant_new_int64 (run->as_user ? 2 : 0));
  if (run->seconds != 0)
    g_variant_builder_add (&request, "{sv}", "timeout", g_variant_new_int64 (run->seconds));
  return g_variant_ref_sink (g_variant_builder_end (&request));
}

static gboolean
write_all (int fd, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      const ssize_t n = write (fd, data, length);
      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize)n;
    }
  return TRUE;
}

// Returns: whether more will follow; *STATUS is set when not
static gboolean
take_frame (GVariant *frame, gboolean json, int *status)
{
  const char *stream = NULL, *data = NULL, *result = NULL;
  gint64 number;
  g_variant_lookup (frame, "stream", "&s", &stream);
  g_variant_lookup (frame, "data", "&s", &data);
  if (!g_variant_lookup (frame, "error", "&s", &result))
    g_variant_lookup (frame, "result", "&s", &result);
  if (json)
    {
      g_autofree char *text = bl_json_to_string (frame, NULL); // it came as JSON, so it has that form
      g_print ("%s\n", text);
    }
  if (data != NULL && !json)
    {
      gsize length;
      g_autofree guchar *bytes = g_base64_decode (data, &length);
      *status = BL_CTL_RUN_FAILED;
      if (!write_all (g_strcmp0 (stream, "err") == 0 ? STDERR_FILENO : STDOUT_FILENO, bytes, length))
        return FALSE; // nobody reads on; the device is told by the end of the connection
    }
  if (stream != NULL && !g_str_equal (stream, "end"))
    return TRUE;
  const gboolean classic = stream == NULL && g_variant_lookup (frame, "exit", "x", &number);
  if (result != NULL && classic && !json)
    (void)write_all (STDOUT_FILENO, (const guint8 *)result, strlen (result)); // it is over anyway
  else if (result != NULL && !json)
    g_printerr ("bowlinectl: %s\n", result);
  if (g_variant_lookup (frame, "exit", "x", &number) && number >= 0 && number < BL_CTL_RUN_FAILED)
    *status = (int)number;
  else if (g_variant_lookup (frame, "signal", "x", &number) && number > 0 && number < SIGNAL_BASE - 1)
    *status = SIGNAL_BASE + (int)number;
  else
    *status = BL_CTL_RUN_FAILED;
  return FALSE;
}

int
bl_ctl_run (GSocketConnection *connection, GVariant *request, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = bl_json_to_string (request, NULL); // made of texts and numbers
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  gboolean more = g_output_stream_printf (out, NULL, NULL, &error, "%s\n", line);
  int status = BL_CTL_RUN_FAILED;
  while (more)
    {
      gsize length;
      g_autofree char *text = g_data_input_stream_read_line (in, &length, NULL, &error);
      g_autoptr (GVariant) frame
          = text != NULL ? bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, &error) : NULL;
      more = frame != NULL && take_frame (frame, json, &status);
      if (frame == NULL)
        {
          g_printerr ("bowlinectl: %s\n", error != NULL ? error->message : "the server ended without an answer");
          return BL_CTL_RUN_FAILED;
        }
    }
  if (error != NULL)
    g_printerr ("bowlinectl: %s\n", error->message);
  return status;
}
