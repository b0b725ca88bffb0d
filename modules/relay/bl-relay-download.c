// SPDX-License-Identifier: Apache-2.0
// Follows relay-tunnel section 6 and web-http section 7.
#include "bl-relay-download.h"

#include "common/bl-json.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <string.h>

struct _BlRelayDownload
{
  BowlineHttpRequest *request; // NULL once answered
  BowlineWebSocket *device;    // NULL until it came
  char *path;
  gint64 left; // bytes
  gboolean began;
  void (*gone) (gpointer user_data);
  gpointer user_data;
};

// ---- pure parts ----------------------------------------------------------------------------------------------------

gboolean
bl_relay_download_path_is_valid (const char *path)
{
  if (path == NULL || path[0] == '\0' || strlen (path) > BL_RELAY_DOWNLOAD_MAX_PATH || !g_utf8_validate (path, -1, NULL))
    return FALSE;
  for (const char *p = path; *p != '\0'; p++)
    {
      if (g_ascii_iscntrl (*p))
        return FALSE;
    }
  return TRUE;
}

char *
bl_relay_download_disposition (const char *path)
{
  const char *name = path;
  for (const char *p = path; *p != '\0'; p++)
    {
      if ((*p == '/' || *p == '\\') && p[1] != '\0')
        name = p + 1;
    }
  g_autofree char *plain = g_strdup (name);
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  for (char *p = plain; *p != '\0'; p++)
    {
      if (!g_ascii_isalnum (*p) && strchr ("._- ()", *p) == NULL)
        *p = '_';
    }
  return g_strdup_printf ("attachment; filename=\"%s\"; filename*=UTF-8''%s", plain, escaped);
}

gboolean
bl_relay_download_read_answer (GBytes *message, gint64 *size)
{
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  g_autoptr (GVariant) answer = bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL);
  *size = bl_variant_get_int (answer, "size", -1);
  return g_strcmp0 (bl_variant_get_string (answer, "op"), "ok") == 0 && *size >= 0;
}

// ---- the answer ----------------------------------------------------------------------------------------------------

BlRelayDownload *
bl_relay_download_new (BowlineHttpRequest *request, const char *path, void (*gone) (gpointer user_data), gpointer user_data)
{
  BlRelayDownload *download = g_new0 (BlRelayDownload, 1);
  download->request = bowline_http_request_ref (request);
  download->path = g_strdup (path);
  download->gone = gone;
  download->user_data = user_data;
  return download;
}

static void
respond (BlRelayDownload *download, guint32 status)
{
  g_autoptr (BowlineHttpRequest) request = g_steal_pointer (&download->request);
  if (request != NULL)
    bowline_http_request_respond (request, status, NULL, NULL);
}

static void
finish (BlRelayDownload *download, gboolean complete)
{
  g_autoptr (BowlineHttpRequest) request = g_steal_pointer (&download->request);
  if (request != NULL)
    bowline_http_request_end (request, complete);
}

void
bl_relay_download_free (BlRelayDownload *download)
{
  if (download == NULL)
    return;
  if (download->began)
    finish (download, FALSE);
  else
    respond (download, 404);
  g_clear_pointer (&download->device, bowline_websocket_unref);
  g_free (download->path);
  g_free (download);
}

static void
writable_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlRelayDownload *download = user_data;
  bowline_websocket_resume (download->device);
}

static void
gone_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlRelayDownload *download = user_data;
  download->gone (download->user_data);
}

void
bl_relay_download_join (BlRelayDownload *download, BowlineWebSocket *device)
{
  g_autoptr (GVariant) options = NULL;
  g_autofree char *text = NULL;
  GVariantDict object;
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "type", "s", "options");
  g_variant_dict_insert (&object, "file", "s", download->path);
  options = g_variant_ref_sink (g_variant_dict_end (&object));
  text = bl_json_to_string (options, NULL);
  download->device = bowline_websocket_ref (device);
  bowline_websocket_set_max_message (device, BL_RELAY_DOWNLOAD_MAX_MESSAGE);
  bowline_websocket_send_text (device, "c");
  bowline_websocket_send_text (device, text);
  bowline_websocket_send_text (device, "10");
  bowline_websocket_resume (device);
}

static gboolean
handle_text (BlRelayDownload *download, GBytes *message)
{
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  g_autoptr (GVariant) object = bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL);
  if (object == NULL || bl_tunnel_has_ctrl_channel (object) || download->began)
    return TRUE; // what it says to a viewer, such as that somebody is being asked
  if (!bl_relay_download_read_answer (message, &download->left))
    {
      respond (download, 401);
      return FALSE;
    }
  g_autofree char *disposition = bl_relay_download_disposition (download->path);
  download->began = TRUE;
  bowline_http_request_add_header (download->request, "Content-Disposition", disposition);
  bowline_http_request_begin (download->request, 200, "application/octet-stream", download->left, writable_cb, gone_cb,
                              download);
  if (download->left > 0)
    return TRUE;
  finish (download, TRUE);
  return FALSE;
}

gboolean
bl_relay_download_message (BlRelayDownload *download, guint32 type, GBytes *message)
{
  const gint64 size = (gint64)g_bytes_get_size (message);
  if (type == BOWLINE_MESSAGE_TEXT)
    return handle_text (download, message);
  if (!download->began || size > download->left)
    return FALSE; // it breaks its word
  download->left -= size;
  if (!bowline_http_request_write (download->request, message) && download->left > 0)
    bowline_websocket_pause (download->device);
  if (download->left > 0)
    return TRUE;
  finish (download, TRUE);
  return FALSE;
}

gboolean
bl_relay_download_is_late (const BlRelayDownload *download, gint64 joined_us, gint64 now_us)
{
  return !download->began && now_us >= joined_us + BL_RELAY_DOWNLOAD_ANSWER_SECONDS * G_USEC_PER_SEC;
}
