// SPDX-License-Identifier: Apache-2.0
/* The HTTP side of opening a WebSocket. */
#include "common/bl-ws-handshake.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-utf8.h"

/* RFC 6455 section 1.3. */
#define WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

typedef struct
{
  const char *name;
  const char *value;
} Header;

struct _BlHttpResponse
{
  GString *head; /* raw until complete, then cut into NUL-terminated pieces in place */
  gboolean done;
  guint status;
  const char *reason;
  guint n_headers;
  Header headers[BL_HTTP_MAX_HEADERS];
};

static gboolean
invalid (GError **error, const char *expected, const char *found)
{
  g_autofree char *shown = bl_show (found ? found : "", BL_HTTP_MAX_RESPONSE_HEAD);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s, found '%s'", expected, shown);
  return FALSE;
}

gboolean
bl_ws_key_is_valid (const char *key)
{
  guint8 raw[18];
  gint state = 0;
  guint save = 0;
  if (key == NULL || strlen (key) != 24 || strcmp (key + 22, "==") != 0)
    return FALSE;
  for (gsize i = 0; i < 22; i++)
    if (!g_ascii_isalnum (key[i]) && key[i] != '+' && key[i] != '/')
      return FALSE;
  return g_base64_decode_step (key, 24, raw, &state, &save) == 16;
}

char *
bl_ws_accept_key (const char *key)
{
  guint8 digest[20];
  gsize len = sizeof digest;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  g_checksum_update (sum, (const guchar *)key, -1);
  g_checksum_update (sum, (const guchar *)WS_GUID, -1);
  g_checksum_get_digest (sum, digest, &len);
  return g_base64_encode (digest, len);
}

char *
bl_ws_make_key (void)
{
  guint8 raw[16];
  bl_random_bytes (raw, sizeof raw);
  return g_base64_encode (raw, sizeof raw);
}

/* Visible ASCII; with @blanks also inner spaces and tabs. UTF-8 and control characters do not belong in a
 * head. */
static gboolean
is_plain (const char *text, gboolean blanks)
{
  if (text == NULL || *text == '\0')
    return FALSE;
  for (const char *p = text; *p; p++)
    if (!g_ascii_isgraph (*p) && !(blanks && (*p == ' ' || *p == '\t')))
      return FALSE;
  return TRUE;
}

char *
bl_ws_build_upgrade_request (
    const char *host, const char *target, const char *key, const char *const *headers, GError **error)
{
  if (!is_plain (host, FALSE))
    return invalid (error, "upgrade request: expected a host", host), NULL;
  if (!is_plain (target, FALSE) || *target != '/')
    return invalid (error, "upgrade request: expected a path", target), NULL;
  if (!bl_ws_key_is_valid (key))
    return invalid (error, "upgrade request: expected base64 of 16 bytes", key), NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  g_string_append_printf (out,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
                          target, host, key);
  for (; headers && *headers; headers++)
    {
      if (!is_plain (*headers, TRUE) || strchr (*headers, ':') == NULL)
        return invalid (error, "upgrade request: expected 'Name: value'", *headers), NULL;
      g_string_append_printf (out, "%s\r\n", *headers);
    }
  g_string_append (out, "\r\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
bl_http_build_connect (const char *host, guint16 port, const char *user, const char *password, GError **error)
{
  if (!is_plain (host, FALSE) || strpbrk (host, "/?#@[]") != NULL)
    return invalid (error, "CONNECT: expected a host", host), NULL;
  const char *open = strchr (host, ':') ? "[" : "";
  const char *shut = strchr (host, ':') ? "]" : "";
  g_autoptr (GString) out = g_string_new (NULL);
  g_string_append_printf (out, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, host, shut, port,
                          open, host, shut, port);
  if (user)
    {
      g_autofree char *pair = g_strdup_printf ("%s:%s", user, password ? password : "");
      g_autofree char *basic = g_base64_encode ((const guchar *)pair, strlen (pair));
      g_string_append_printf (out, "Proxy-Authorization: Basic %s\r\n", basic);
    }
  g_string_append (out, "\r\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

BlHttpResponse *
bl_http_response_new (void)
{
  BlHttpResponse *self = g_new0 (BlHttpResponse, 1);
  self->head = g_string_new (NULL);
  return self;
}

void
bl_http_response_free (BlHttpResponse *self)
{
  if (self == NULL)
    return;
  g_string_free (self->head, TRUE);
  g_free (self);
}

static gboolean
parse_status (BlHttpResponse *self, char *line, GError **error)
{
  if (!g_str_has_prefix (line, "HTTP/1.") || !g_ascii_isdigit (line[7]) || line[8] != ' ')
    return invalid (error, "HTTP answer: expected 'HTTP/1.x'", line);
  char *code = line + 9;
  if (!g_ascii_isdigit (code[0]) || !g_ascii_isdigit (code[1]) || !g_ascii_isdigit (code[2])
      || (code[3] != ' ' && code[3] != '\0') || code[0] == '0')
    return invalid (error, "HTTP answer: expected a status of three digits", line);
  self->status = (guint)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
  self->reason = code[3] ? code + 4 : "";
  return TRUE;
}

static gboolean
parse_header (BlHttpResponse *self, char *line, GError **error)
{
  char *colon = strchr (line, ':');
  if (colon == NULL || colon == line)
    return invalid (error, "HTTP answer: expected 'Name: value'", line);
  for (char *p = line; p < colon; p++)
    if (!g_ascii_isalnum (*p) && strchr ("!#$%&'*+-.^_`|~", *p) == NULL)
      return invalid (error, "HTTP answer: expected a header name", line);
  if (self->n_headers == BL_HTTP_MAX_HEADERS)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "HTTP answer: more than %d headers",
                   BL_HTTP_MAX_HEADERS);
      return FALSE;
    }
  *colon = '\0';
  self->headers[self->n_headers++] = (Header){ .name = line, .value = g_strstrip (colon + 1) };
  return TRUE;
}

/* Cuts the complete head into lines. */
static gboolean
parse_head (BlHttpResponse *self, GError **error)
{
  char *line = self->head->str;
  gboolean first = TRUE;
  if (strlen (line) != self->head->len)
    return invalid (error, "HTTP answer: expected no NUL", line);
  while (*line)
    {
      char *end = strstr (line, "\r\n");
      if (end == NULL || end == line)
        break;
      *end = '\0';
      if (strpbrk (line, "\r\n") != NULL)
        return invalid (error, "HTTP answer: expected CR LF", line);
      if (first ? !parse_status (self, line, error) : !parse_header (self, line, error))
        return FALSE;
      first = FALSE;
      line = end + 2;
    }
  if (first)
    return invalid (error, "HTTP answer: expected a status line", line);
  return TRUE;
}

BlHttpResult
bl_http_response_feed (BlHttpResponse *self, const guint8 *data, gsize len, gsize *consumed, GError **error)
{
  *consumed = 0;
  if (self->done)
    return self->status > 0 ? BL_HTTP_DONE : BL_HTTP_ERROR;
  gsize before = self->head->len;
  gsize take = MIN (len, BL_HTTP_MAX_RESPONSE_HEAD - before);
  g_string_append_len (self->head, (const char *)data, (gssize)take);
  gsize from = before > 3 ? before - 3 : 0;
  const char *end = memmem (self->head->str + from, self->head->len - from, "\r\n\r\n", 4);
  if (end == NULL)
    {
      *consumed = take;
      if (self->head->len < BL_HTTP_MAX_RESPONSE_HEAD)
        return BL_HTTP_NEED_MORE;
      self->done = TRUE;
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "HTTP answer: head longer than %d bytes",
                   BL_HTTP_MAX_RESPONSE_HEAD);
      return BL_HTTP_ERROR;
    }
  gsize total = (gsize)(end - self->head->str) + 4;
  *consumed = total - before;
  g_string_truncate (self->head, total);
  self->done = TRUE;
  if (parse_head (self, error))
    return BL_HTTP_DONE;
  self->status = 0;
  return BL_HTTP_ERROR;
}

guint
bl_http_response_get_status (const BlHttpResponse *self)
{
  return self->status;
}

const char *
bl_http_response_get_reason (const BlHttpResponse *self)
{
  return self->reason ? self->reason : "";
}

const char *
bl_http_response_get_header (const BlHttpResponse *self, const char *name)
{
  for (guint i = 0; i < self->n_headers; i++)
    if (g_ascii_strcasecmp (self->headers[i].name, name) == 0)
      return self->headers[i].value;
  return NULL;
}

/* Looks for @token in a comma-separated header. */
static gboolean
has_token (const BlHttpResponse *self, const char *name, const char *token)
{
  const char *value = bl_http_response_get_header (self, name);
  g_auto (GStrv) parts = value ? g_strsplit (value, ",", 16) : NULL;
  for (guint i = 0; parts && parts[i]; i++)
    if (g_ascii_strcasecmp (g_strstrip (parts[i]), token) == 0)
      return TRUE;
  return FALSE;
}

gboolean
bl_ws_check_upgrade (const BlHttpResponse *response, const char *key, GError **error)
{
  if (response->status != 101)
    {
      g_autofree char *reason = bl_show (bl_http_response_get_reason (response), 200);
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "WebSocket upgrade: expected status 101, found %u %s",
                   response->status, reason);
      return FALSE;
    }
  if (!has_token (response, "Upgrade", "websocket"))
    return invalid (error, "WebSocket upgrade: expected 'Upgrade: websocket'",
                    bl_http_response_get_header (response, "Upgrade"));
  if (!has_token (response, "Connection", "upgrade"))
    return invalid (error, "WebSocket upgrade: expected 'Connection: Upgrade'",
                    bl_http_response_get_header (response, "Connection"));
  g_autofree char *expected = bl_ws_accept_key (key);
  const char *found = bl_http_response_get_header (response, "Sec-WebSocket-Accept");
  if (!bl_str_equal_ct (expected, found))
    return invalid (error, "WebSocket upgrade: expected the Sec-WebSocket-Accept of our key", found);
  const char *extra = bl_http_response_get_header (response, "Sec-WebSocket-Extensions");
  if (extra == NULL)
    extra = bl_http_response_get_header (response, "Sec-WebSocket-Protocol");
  if (extra)
    return invalid (error, "WebSocket upgrade: expected no extension or subprotocol", extra);
  return TRUE;
}

gboolean
bl_http_check_connect (const BlHttpResponse *response, GError **error)
{
  if (response->status >= 200 && response->status < 300)
    return TRUE;
  g_autofree char *reason = bl_show (bl_http_response_get_reason (response), 200);
  g_set_error (error, BL_ERROR, response->status == 407 ? BL_ERROR_AUTH : BL_ERROR_FAILED,
               "proxy: expected status 200, found %u %s", response->status, reason);
  return FALSE;
}
