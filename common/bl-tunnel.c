// SPDX-License-Identifier: Apache-2.0
/* Tunnels: protocol numbers and rights, URLs, text control messages. */
#include "common/bl-tunnel.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-utf8.h"
#include "common/bl-variant.h"

#define CTRL_CHANNEL "102938"

gboolean
bl_tunnel_is_terminal (guint protocol)
{
  return protocol == BL_TUNNEL_TERMINAL || protocol == BL_TUNNEL_POWERSHELL
         || protocol == BL_TUNNEL_USER_SHELL || protocol == BL_TUNNEL_USER_POWERSHELL;
}

gboolean
bl_tunnel_is_files (guint protocol)
{
  return protocol == BL_TUNNEL_FILES || protocol == BL_TUNNEL_FILES_OLD
         || protocol == BL_TUNNEL_FILE_DOWNLOAD;
}

gboolean
bl_tunnel_is_screen (guint protocol)
{
  return protocol == BL_TUNNEL_DESKTOP || protocol == BL_TUNNEL_VNC;
}

gboolean
bl_tunnel_is_for_agent (guint protocol)
{
  return protocol == BL_TUNNEL_TERMINAL || protocol == BL_TUNNEL_DESKTOP
         || (protocol >= BL_TUNNEL_FILES && protocol <= BL_TUNNEL_FILE_DOWNLOAD);
}

gboolean
bl_tunnel_is_port (guint protocol)
{
  return protocol == BL_TUNNEL_VNC || protocol == BL_TUNNEL_TCP;
}

guint
bl_tunnel_port_kind (guint protocol, guint16 port)
{
  const gboolean shows = (port >= 5900 && port <= 5999) || port == 3389;
  return protocol == BL_TUNNEL_VNC || shows ? BL_TUNNEL_VNC : BL_TUNNEL_TCP;
}

/* What each protocol needs one bit of, and which bit forbids it. */
static const struct
{
  guint16 protocol;
  guint32 any_of;
  guint32 none_of;
} protocol_rights[] = {
  { BL_TUNNEL_TERMINAL, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_TERMINAL },
  { BL_TUNNEL_DESKTOP, BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_VIEW_ONLY, BL_RIGHT_NO_DESKTOP },
  { BL_TUNNEL_FILES_OLD, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_FILES },
  { BL_TUNNEL_FILES, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_FILES },
  { BL_TUNNEL_POWERSHELL, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_TERMINAL },
  { BL_TUNNEL_PLUGIN, BL_RIGHT_REMOTE_CONTROL, 0 },
  { BL_TUNNEL_USER_SHELL, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_TERMINAL },
  { BL_TUNNEL_USER_POWERSHELL, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_TERMINAL },
  { BL_TUNNEL_FILE_DOWNLOAD, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_FILES },
  { BL_TUNNEL_SSH, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_TERMINAL },
  /* It is always for typing too: what the device's VNC server lets through, nobody here can hold back. */
  { BL_TUNNEL_VNC, BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_RELAY,
    BL_RIGHT_NO_DESKTOP | BL_RIGHT_VIEW_ONLY | BL_RIGHT_LIMITED_INPUT },
  { BL_TUNNEL_SSH_FILES, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_FILES },
  { BL_TUNNEL_TCP, BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_RELAY, 0 },
  { BL_TUNNEL_AMT_WSMAN, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_AMT },
  { BL_TUNNEL_AMT_REDIRECTION, BL_RIGHT_REMOTE_CONTROL, BL_RIGHT_NO_AMT },
  { BL_TUNNEL_MESSENGER, BL_RIGHT_CHAT, 0 },
};

gboolean
bl_tunnel_allowed (guint protocol, guint32 rights)
{
  for (gsize i = 0; i < G_N_ELEMENTS (protocol_rights); i++)
    if (protocol_rights[i].protocol == protocol)
      /* "Everything" has the restriction bits set too, and they do not count then. */
      return rights == BL_RIGHT_ALL
             || ((rights & protocol_rights[i].any_of) != 0 && (rights & protocol_rights[i].none_of) == 0);
  return FALSE;
}

/* --- port relays --- */

static gboolean
is_host (const char *text)
{
  gsize length = 0;
  for (; text[length] != '\0'; length++)
    if (length >= BL_TUNNEL_MAX_HOST
        || (!g_ascii_isalnum (text[length]) && strchr (":._-", text[length]) == NULL))
      return FALSE;
  return length > 0;
}

gboolean
bl_tunnel_port_read (GVariant *object, BlTunnelPort *port)
{
  const gint64 number = bl_variant_get_int (object, "tcpport", 0);
  *port = (BlTunnelPort){
    .node_id = bl_variant_get_string (object, "nodeid"),
    .address = bl_variant_get_string (object, "tcpaddr"),
    .port = (guint16)number,
    .protocol = bl_variant_get_int (object, "p", 0) == BL_TUNNEL_VNC ? BL_TUNNEL_VNC : BL_TUNNEL_TCP,
  };
  return number >= 1 && number <= G_MAXUINT16 && port->node_id != NULL
         && bl_id_is_valid (port->node_id, BL_ID_NODE) && (port->address == NULL || is_host (port->address));
}

GVariant *
bl_tunnel_port_to_variant (const BlTunnelPort *port)
{
  GVariantDict object;
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "nodeid", "s", port->node_id);
  g_variant_dict_insert (&object, "tcpport", "x", (gint64)port->port);
  if (port->address != NULL)
    g_variant_dict_insert (&object, "tcpaddr", "s", port->address);
  g_variant_dict_insert (&object, "p", "x", (gint64)port->protocol);
  return g_variant_dict_end (&object);
}

GVariant *
bl_tunnel_port_parse (const char *node_id, const char *port, const char *address, const char *protocol)
{
  guint64 number, kind = 0;
  if (node_id == NULL || port == NULL || !g_ascii_string_to_unsigned (port, 10, 1, G_MAXUINT16, &number, NULL)
      || (protocol != NULL && !g_ascii_string_to_unsigned (protocol, 10, 0, G_MAXUINT8, &kind, NULL)))
    return NULL;
  g_autofree char *whole = bl_id_complete (BL_ID_NODE, "", node_id, NULL);
  if (whole == NULL || (address != NULL && !is_host (address)))
    return NULL;
  const BlTunnelPort read
      = { .node_id = whole, .address = address, .port = (guint16)number, .protocol = (guint)kind };
  return g_variant_ref_sink (bl_tunnel_port_to_variant (&read));
}

gboolean
bl_tunnel_port_allowed (guint protocol, guint32 rights, guint32 ceiling)
{
  return (ceiling & BL_RIGHT_RELAY) != 0 && bl_tunnel_allowed (protocol, rights);
}

void
bl_tunnel_consent (guint protocol, guint32 consent, gboolean *notify, gboolean *prompt)
{
  guint32 notify_bit = 0, prompt_bit = 0;
  if (bl_tunnel_is_screen (protocol))
    {
      notify_bit = BL_CONSENT_DESKTOP_NOTIFY;
      prompt_bit = BL_CONSENT_DESKTOP_PROMPT;
    }
  else if (bl_tunnel_is_terminal (protocol))
    {
      notify_bit = BL_CONSENT_TERMINAL_NOTIFY;
      prompt_bit = BL_CONSENT_TERMINAL_PROMPT;
    }
  else if (bl_tunnel_is_files (protocol))
    {
      notify_bit = BL_CONSENT_FILES_NOTIFY;
      prompt_bit = BL_CONSENT_FILES_PROMPT;
    }
  else if (protocol
           == BL_TUNNEL_TCP) /* could be anything: whoever is to hear of one kind of session hears of it */
    notify_bit = BL_CONSENT_ALL & ~BL_CONSENT_DESKTOP_TOOLBAR;
  *notify = (consent & notify_bit) != 0;
  *prompt = (consent & prompt_bit) != 0;
}

/* --- URLs --- */

static gboolean
bad_url (GError **error, const char *what, const char *found, gsize len)
{
  g_autofree char *shown = bl_show (found, len);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "tunnel URL: expected %s, found '%s'", what, shown);
  return FALSE;
}

static gboolean
parse_number (const char *text, guint64 max, guint64 *value)
{
  return g_ascii_string_to_unsigned (text, 10, 0, max, value, NULL);
}

/* Printable ASCII without blanks: what an id, cookie or host consists of. */
static gboolean
is_token (const char *text, gsize max)
{
  gsize len = strlen (text);
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return len > 0 && len <= max;
}

static gboolean
set_port (const char *value, guint16 *port, GError **error)
{
  guint64 number;
  if (!parse_number (value, G_MAXUINT16, &number) || number == 0)
    return bad_url (error, "a port from 1 to 65535", value, BL_URL_MAX);
  *port = (guint16)number;
  return TRUE;
}

static gboolean
set_text (char **field, const char *name, const char *value, gsize max, GError **error)
{
  if (!is_token (value, max))
    return bad_url (error, name, value, BL_URL_MAX);
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
set_parameter (BlTunnelUrl *out, const char *name, const char *value, GError **error)
{
  guint64 number;
  if (strcmp (name, "p") == 0)
    {
      if (!parse_number (value, 1000, &number))
        return bad_url (error, "a protocol number", value, BL_URL_MAX);
      out->protocol = (guint)number;
      return TRUE;
    }
  if (strcmp (name, "id") == 0)
    return set_text (&out->id, "an id", value, BL_TUNNEL_MAX_ID, error);
  if (strcmp (name, "nodeid") == 0)
    return set_text (&out->nodeid, "a device id", value, BL_ID_MAX, error);
  if (strcmp (name, "auth") == 0)
    return set_text (&out->auth, "a cookie", value, BL_COOKIE_MAX, error);
  if (strcmp (name, "rauth") == 0)
    return set_text (&out->rauth, "a cookie", value, BL_COOKIE_MAX, error);
  if (strcmp (name, "tcpaddr") == 0)
    return set_text (&out->tcp_addr, "an address", value, BL_TUNNEL_MAX_HOST, error);
  if (strcmp (name, "udpaddr") == 0)
    return set_text (&out->udp_addr, "an address", value, 253, error);
  if (strcmp (name, "tcpport") == 0)
    return set_port (value, &out->tcp_port, error);
  if (strcmp (name, "udpport") == 0)
    return set_port (value, &out->udp_port, error);
  if (strcmp (name, "browser") == 0)
    out->browser = strcmp (value, "1") == 0;
  else if (strcmp (name, "noping") == 0)
    out->no_ping = strcmp (value, "1") == 0;
  /* Others (hd, slowrelay, caller's own) are allowed and mean nothing here. */
  return TRUE;
}

/* Decodes `name=value`. A name that came before is refused: two readers might believe different ones. */
static gboolean
parse_pair (BlTunnelUrl *out, GHashTable *seen, const char *pair, gsize len, GError **error)
{
  const char *equals = memchr (pair, '=', len);
  gsize name_len = equals ? (gsize)(equals - pair) : len;
  g_autofree char *name = g_uri_unescape_segment (pair, pair + name_len, NULL);
  g_autofree char *value = equals ? g_uri_unescape_segment (equals + 1, pair + len, NULL) : g_strdup ("");
  if (name == NULL || value == NULL)
    return bad_url (error, "valid percent-encoding", pair, len);
  if (g_hash_table_contains (seen, name))
    return bad_url (error, "each parameter once", pair, len);
  if (!set_parameter (out, name, value, error))
    return FALSE;
  g_hash_table_add (seen, g_steal_pointer (&name));
  return TRUE;
}

static gboolean
parse_query (const char *query, BlTunnelUrl *out, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  while (*query)
    {
      gsize len = strcspn (query, "&");
      if (len > 0 && !parse_pair (out, seen, query, len, error))
        return FALSE;
      query += len;
      if (*query == '&')
        query++;
    }
  return TRUE;
}

gboolean
bl_tunnel_query_parse (const char *query, BlTunnelUrl *out, GError **error)
{
  g_auto (BlTunnelUrl) url = { 0 };
  *out = (BlTunnelUrl){ 0 };
  if (strnlen (query, BL_URL_MAX + 1) > BL_URL_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "tunnel URL: longer than %d bytes", BL_URL_MAX);
      return FALSE;
    }
  if (!parse_query (query, &url, error))
    return FALSE;
  *out = url;
  url = (BlTunnelUrl){ 0 };
  return TRUE;
}

/* Returns the path of @url: what follows the star, or host and port. */
static const char *
url_path (const char *url, gboolean *relative)
{
  *relative = url[0] == '*' && url[1] == '/';
  if (*relative)
    return url + 1;
  if (url[0] == '/')
    return url;
  if (g_str_has_prefix (url, "wss://"))
    return strchr (url + 6, '/');
  return NULL;
}

gboolean
bl_tunnel_url_parse (const char *url, BlTunnelUrl *out, GError **error)
{
  gboolean relative;
  *out = (BlTunnelUrl){ 0 };
  if (strnlen (url, BL_URL_MAX + 1) > BL_URL_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "tunnel URL: longer than %d bytes", BL_URL_MAX);
      return FALSE;
    }
  const char *path = url_path (url, &relative);
  const char *query = path ? strchr (path, '?') : NULL;
  if (query == NULL)
    return bad_url (error, "*/...ashx?...", url, BL_URL_MAX);
  g_autofree char *whole = g_strndup (path + 1, (gsize)(query - path) - 1);
  char *slash = strrchr (whole, '/');
  const char *endpoint = slash ? slash + 1 : whole;
  if (strcmp (endpoint, "meshrelay.ashx") != 0 && strcmp (endpoint, "devicefile.ashx") != 0)
    return bad_url (error, "meshrelay.ashx or devicefile.ashx", endpoint, BL_URL_MAX);
  if (!bl_tunnel_query_parse (query + 1, out, error))
    return FALSE;
  out->relative = relative;
  out->endpoint = g_strdup (endpoint);
  if (slash)
    *slash = '\0';
  out->domain = g_strdup (slash ? whole : "");
  return TRUE;
}

void
bl_tunnel_url_clear (BlTunnelUrl *url)
{
  g_free (url->domain);
  g_free (url->endpoint);
  g_free (url->id);
  g_free (url->nodeid);
  g_free (url->auth);
  g_free (url->rauth);
  g_free (url->tcp_addr);
  g_free (url->udp_addr);
  *url = (BlTunnelUrl){ 0 };
}

char *
bl_tunnel_url_resolve (const char *url, const char *server, GError **error)
{
  if (url[0] != '*' || !is_token (url, BL_URL_MAX) || url[1] != '/')
    return bad_url (error, "a URL that begins with */", url, BL_URL_MAX), NULL;
  const char *host = g_str_has_prefix (server, "wss://")  ? server + 6
                     : g_str_has_prefix (server, "ws://") ? server + 5
                                                          : NULL;
  if (host == NULL || strcspn (host, "/?#") == 0)
    return bad_url (error, "a server of the form wss://host", server, BL_URL_MAX), NULL;
  g_autoptr (GString) out = g_string_new_len (server, host - server + (gssize)strcspn (host, "/?#"));
  for (const char *p = url + 1; *p; p++)
    {
      if (*p == '$')
        g_string_append (out, "%24");
      else if (*p == '@')
        g_string_append (out, "%40");
      else
        g_string_append_c (out, *p);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* --- control messages --- */

static const struct
{
  const char *name;
  BlTunnelMsgType type;
} message_types[] = {
  { "options", BL_TUNNEL_MSG_OPTIONS },   { "close", BL_TUNNEL_MSG_CLOSE },
  { "termsize", BL_TUNNEL_MSG_TERMSIZE }, { "lock", BL_TUNNEL_MSG_LOCK },
  { "autolock", BL_TUNNEL_MSG_AUTOLOCK }, { "rtt", BL_TUNNEL_MSG_RTT },
  { "ping", BL_TUNNEL_MSG_PING },         { "pong", BL_TUNNEL_MSG_PONG },
  { "console", BL_TUNNEL_MSG_CONSOLE },   { "metadata", BL_TUNNEL_MSG_METADATA },
  { "offer", BL_TUNNEL_MSG_OFFER },       { "answer", BL_TUNNEL_MSG_ANSWER },
  { "webrtc0", BL_TUNNEL_MSG_WEBRTC0 },   { "webrtc1", BL_TUNNEL_MSG_WEBRTC1 },
  { "webrtc2", BL_TUNNEL_MSG_WEBRTC2 },
};

static guint
bounded (GVariant *object, const char *key, guint max)
{
  gint64 value = bl_variant_get_int (object, key, 0);
  return value < 0 ? 0 : (guint)MIN (value, (gint64)max);
}

static gboolean
parse_control (const char *text, gsize len, BlTunnelMsg *msg, GError **error)
{
  const BlJsonLimits limits = { .max_bytes = BL_TUNNEL_MAX_CONTROL, .max_depth = 8, .max_values = 2000 };
  g_autoptr (GVariant) object = bl_json_parse_object (text, len, &limits, BL_JSON_DEFAULT, error);
  if (object == NULL)
    return FALSE;
  const char *type = bl_variant_get_string (object, "type");
  if (type == NULL)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID,
                           "tunnel message: expected a text 'type', found none");
      return FALSE;
    }
  msg->type = BL_TUNNEL_MSG_OTHER;
  for (gsize i = 0; i < G_N_ELEMENTS (message_types); i++)
    if (strcmp (message_types[i].name, type) == 0)
      msg->type = message_types[i].type;
  msg->cols = bounded (object, "cols", BL_TUNNEL_MAX_COLS);
  msg->rows = bounded (object, "rows", BL_TUNNEL_MAX_ROWS);
  msg->value = bl_variant_get_bool (object, "value", FALSE);
  msg->require_login = bl_variant_get_bool (object, "requireLogin", FALSE);
  msg->consent = (guint32)bl_variant_get_int (object, "consent", 0) & BL_CONSENT_ALL;
  const char *file = bl_variant_get_string (object, "file");
  if (file && strlen (file) > BL_FILES_MAX_PATH)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "tunnel message: file: expected at most %d bytes",
                   BL_FILES_MAX_PATH);
      return FALSE;
    }
  msg->file = g_strdup (file);
  msg->message = g_steal_pointer (&object);
  return TRUE;
}

gboolean
bl_tunnel_msg_parse (const char *text, gsize len, BlTunnelMsg *msg, GError **error)
{
  *msg = (BlTunnelMsg){ 0 };
  if (len > 0 && text[0] == '{')
    return parse_control (text, len, msg, error);
  if (len == 1 && text[0] == 'c')
    {
      msg->type = BL_TUNNEL_MSG_CONNECTED;
      return TRUE;
    }
  if (len == 2 && text[0] == 'c' && text[1] == 'r')
    {
      msg->type = BL_TUNNEL_MSG_CONNECTED_RECORDED;
      return TRUE;
    }
  if (len > 0 && len <= 3)
    {
      guint number = 0;
      gsize i = 0;
      for (; i < len && g_ascii_isdigit (text[i]); i++)
        number = number * 10 + (guint)(text[i] - '0');
      if (i == len && number > 0)
        {
          msg->type = BL_TUNNEL_MSG_PROTOCOL;
          msg->protocol = number;
          return TRUE;
        }
    }
  g_autofree char *shown = bl_show (text, len);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
               "tunnel message: expected c, cr, a protocol number or JSON, found '%s'", shown);
  return FALSE;
}

void
bl_tunnel_msg_clear (BlTunnelMsg *msg)
{
  g_free (msg->file);
  g_clear_pointer (&msg->message, g_variant_unref);
  *msg = (BlTunnelMsg){ 0 };
}

gboolean
bl_tunnel_has_ctrl_channel (GVariant *object)
{
  const char *text = bl_variant_get_string (object, "ctrlChannel");
  return text ? strcmp (text, CTRL_CHANNEL) == 0 : bl_variant_get_int (object, "ctrlChannel", 0) == 102938;
}

char *
bl_tunnel_build_simple (BlTunnelMsgType type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (message_types); i++)
    if (message_types[i].type == type)
      return g_strdup_printf ("{\"ctrlChannel\":\"" CTRL_CHANNEL "\",\"type\":\"%s\"}",
                              message_types[i].name);
  g_return_val_if_reached (NULL);
}

char *
bl_tunnel_build_termsize (guint cols, guint rows)
{
  return g_strdup_printf (
      "{\"ctrlChannel\":\"" CTRL_CHANNEL "\",\"type\":\"termsize\",\"cols\":%u,\"rows\":%u}", cols, rows);
}

char *
bl_tunnel_build_rtt (const BlTunnelMsg *msg)
{
  g_autoptr (GVariant) time = bl_variant_get_child (msg->message, "time");
  g_autoptr (GString) out = g_string_new ("{\"ctrlChannel\":\"" CTRL_CHANNEL "\",\"type\":\"rtt\"");
  if (time
      && (g_variant_is_of_type (time, G_VARIANT_TYPE_INT64)
          || g_variant_is_of_type (time, G_VARIANT_TYPE_DOUBLE)))
    {
      g_string_append (out, ",\"time\":");
      bl_json_append (out, time, NULL);
    }
  g_string_append_c (out, '}');
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
bl_tunnel_build_console (const char *text, guint msgid)
{
  g_autoptr (GString) out
      = g_string_new ("{\"ctrlChannel\":\"" CTRL_CHANNEL "\",\"type\":\"console\",\"msg\":");
  if (text)
    bl_json_append_string (out, text);
  else
    g_string_append (out, "null");
  g_string_append_printf (out, ",\"msgid\":%u}", msgid);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
