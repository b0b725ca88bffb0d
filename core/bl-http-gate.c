// SPDX-License-Identifier: Apache-2.0
#include "bl-http-gate.h"

#include <bowline/http.h>

#include "common/bl-error.h"

#include <gio/gio.h>
#include <string.h>

#define BL_HTTP_MAX_HOST 300
#define BL_HTTP_MAX_COOKIE 4096
#define BL_HTTP_MAX_QUERY_PARAMETERS 64
#define BL_HTTP_MAX_FORWARDED 32

struct _BlHttpGate
{
  GHashTable *hosts;   /* lower-case names */
  GHashTable *origins; /* lower-case "https://host[:port]" */
  GPtrArray *proxies;  /* of GInetAddressMask */
};

/* ---- values ------------------------------------------------------------------------------------------------------ */

static gboolean
bl_http_name_is_valid (const char *name, gsize length)
{
  if (length == 0 || length > 253)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (name[i]) && name[i] != '-' && name[i] != '.' && name[i] != '_')
      return FALSE;
  return name[0] != '.' && name[0] != '-';
}

static gboolean
bl_http_port_parse (const char *text, guint16 *port)
{
  guint64 value = 0;
  if (!g_ascii_string_to_unsigned (text, 10, 1, 65535, &value, NULL))
    return FALSE;
  *port = (guint16) value;
  return TRUE;
}

char *
bl_http_host_dup_name (const char *host, guint16 *port)
{
  g_autofree char *name = NULL;
  guint16 number = 0;
  const char *end;

  if (host == NULL || strlen (host) > BL_HTTP_MAX_HOST)
    return NULL;
  if (host[0] == '[')
    {
      end = strchr (host, ']');
      if (end == NULL)
        return NULL;
      name = g_strndup (host + 1, (gsize) (end - host - 1));
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);
      if (address == NULL || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
        return NULL;
      g_free (name);
      name = g_inet_address_to_string (address);
      end++;
    }
  else
    {
      end = host + strcspn (host, ":");
      if (!bl_http_name_is_valid (host, (gsize) (end - host)))
        return NULL;
      name = g_ascii_strdown (host, end - host);
      if (g_str_has_suffix (name, "."))
        name[strlen (name) - 1] = '\0';
    }
  if (*end != '\0' && (*end != ':' || !bl_http_port_parse (end + 1, &number)))
    return NULL;
  if (port != NULL)
    *port = number;
  return g_steal_pointer (&name);
}

gboolean
bl_http_host_is_valid (const char *host)
{
  g_autofree char *name = bl_http_host_dup_name (host, NULL);
  return name != NULL;
}

char *
bl_http_cookie_dup (const char *header, const char *name)
{
  g_autofree char *found = NULL;
  const gsize name_length = strlen (name);

  while (header != NULL && *header != '\0')
    {
      const char *end = header + strcspn (header, ";");
      while (header < end && (*header == ' ' || *header == '\t'))
        header++;
      const char *last = end;
      while (last > header && (last[-1] == ' ' || last[-1] == '\t'))
        last--;
      if ((gsize) (last - header) > name_length && strncmp (header, name, name_length) == 0
          && header[name_length] == '=')
        {
          const char *value = header + name_length + 1;
          const gsize length = (gsize) (last - value);
          if (length > BL_HTTP_MAX_COOKIE)
            return NULL;
          /* two different ones: one of them is not from us, and nobody can tell which */
          if (found != NULL && (strlen (found) != length || strncmp (found, value, length) != 0))
            return NULL;
          g_free (found);
          found = g_strndup (value, length);
          for (gsize i = 0; i < length; i++)
            if (found[i] <= 0x20 || found[i] == 0x7f || found[i] == '"' || found[i] == ',' || found[i] == '\\')
              return NULL;
        }
      header = *end == ';' ? end + 1 : end;
    }
  return g_steal_pointer (&found);
}

static char *
bl_http_unescape (const char *text, gsize length, GError **error)
{
  g_autofree char *decoded = g_uri_unescape_segment (text, text + length, NULL);
  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "bad percent-escape or text that is not UTF-8");
      return NULL;
    }
  return g_steal_pointer (&decoded);
}

GHashTable *
bl_http_query_parse (const char *query, GError **error)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  guint n = 0;

  while (query != NULL && *query != '\0')
    {
      const gsize length = strcspn (query, "&");
      const gsize name_length = MIN (strcspn (query, "="), length);
      const gsize value_at = MIN (name_length + 1, length);
      g_autofree char *name = bl_http_unescape (query, name_length, error);
      g_autofree char *value = name != NULL ? bl_http_unescape (query + value_at, length - value_at, error) : NULL;
      if (value == NULL)
        return NULL;
      if (++n > BL_HTTP_MAX_QUERY_PARAMETERS)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "query: expected at most %d parameters",
                       BL_HTTP_MAX_QUERY_PARAMETERS);
          return NULL;
        }
      if (length > 0 && !g_hash_table_contains (table, name))
        g_hash_table_insert (table, g_steal_pointer (&name), g_steal_pointer (&value));
      query += length + (query[length] == '&');
    }
  return g_steal_pointer (&table);
}

char *
bl_http_path_decode (const char *path, GError **error)
{
  g_autofree char *decoded = bl_http_unescape (path, strlen (path), error);
  if (decoded == NULL)
    return NULL;
  g_auto (GStrv) segments = g_strsplit (decoded, "/", -1);
  gboolean bad = decoded[0] != '/';
  for (guint i = 0; segments[i] != NULL; i++)
    bad |= strcmp (segments[i], ".") == 0 || strcmp (segments[i], "..") == 0;
  if (!bad)
    return g_steal_pointer (&decoded);
  g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "path: expected \"/\" first and no \".\" or \"..\"");
  return NULL;
}

/* ---- the gate ---------------------------------------------------------------------------------------------------- */

static gboolean
bl_http_gate_add_host (BlHttpGate *self, const char *what, const char *host, GError **error)
{
  /* an address without brackets is fine in a setting */
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  char *name = address != NULL ? g_inet_address_to_string (address) : bl_http_host_dup_name (host, NULL);
  if (name == NULL)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: expected a host name or address, found \"%s\"", what, host);
      return FALSE;
    }
  g_hash_table_add (self->hosts, name);
  return TRUE;
}

/* Returns: (nullable): "https://name[:port]" in the one spelling used for comparing */
static char *
bl_http_origin_normalize (const char *origin)
{
  const gboolean https = g_ascii_strncasecmp (origin, "https://", 8) == 0;
  if (!https && g_ascii_strncasecmp (origin, "http://", 7) != 0)
    return NULL;
  guint16 port = 0;
  g_autofree char *name = bl_http_host_dup_name (origin + (https ? 8 : 7), &port);
  if (name == NULL)
    return NULL;
  if (port == 0)
    port = https ? 443 : 80;
  return g_strdup_printf ("%s://%s:%u", https ? "https" : "http", name, port);
}

static gboolean
bl_http_gate_add_all (BlHttpGate *self, const BlHttpGateConfig *config, GError **error)
{
  static const char *const local[] = { "localhost", "127.0.0.1", "::1" };

  for (guint i = 0; i < G_N_ELEMENTS (local); i++)
    if (!bl_http_gate_add_host (self, "host", local[i], error))
      return FALSE;
  if (config->name != NULL && config->name[0] != '\0' && !bl_http_gate_add_host (self, "name", config->name, error))
    return FALSE;
  for (guint i = 0; config->bind != NULL && config->bind[i] != NULL; i++)
    if (!bl_http_gate_add_host (self, "bind", config->bind[i], error))
      return FALSE;
  for (guint i = 0; config->allowed_hosts != NULL && config->allowed_hosts[i] != NULL; i++)
    if (!bl_http_gate_add_host (self, "allowed-hosts", config->allowed_hosts[i], error))
      return FALSE;
  for (guint i = 0; config->allowed_origins != NULL && config->allowed_origins[i] != NULL; i++)
    {
      char *origin = bl_http_origin_normalize (config->allowed_origins[i]);
      if (origin == NULL)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "allowed-origins: expected https://HOST[:PORT], found \"%s\"",
                       config->allowed_origins[i]);
          return FALSE;
        }
      g_hash_table_add (self->origins, origin);
    }
  for (guint i = 0; config->trusted_proxies != NULL && config->trusted_proxies[i] != NULL; i++)
    {
      g_autoptr (GError) local_error = NULL;
      GInetAddressMask *mask = g_inet_address_mask_new_from_string (config->trusted_proxies[i], &local_error);
      if (mask == NULL)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "trusted-proxies: expected an address or network, found \"%s\"",
                       config->trusted_proxies[i]);
          return FALSE;
        }
      g_ptr_array_add (self->proxies, mask);
    }
  return TRUE;
}

BlHttpGate *
bl_http_gate_new (const BlHttpGateConfig *config, GError **error)
{
  g_autoptr (BlHttpGate) self = g_new0 (BlHttpGate, 1);
  self->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->proxies = g_ptr_array_new_with_free_func (g_object_unref);
  return bl_http_gate_add_all (self, config, error) ? g_steal_pointer (&self) : NULL;
}

void
bl_http_gate_free (BlHttpGate *self)
{
  g_hash_table_unref (self->hosts);
  g_hash_table_unref (self->origins);
  g_ptr_array_unref (self->proxies);
  g_free (self);
}

gboolean
bl_http_gate_host_is_allowed (BlHttpGate *self, const char *host)
{
  g_autofree char *name = bl_http_host_dup_name (host, NULL);
  return name != NULL && g_hash_table_contains (self->hosts, name);
}

gboolean
bl_http_gate_is_trusted_proxy (BlHttpGate *self, const char *address)
{
  if (self->proxies->len == 0)
    return FALSE;
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);
  for (guint i = 0; inet != NULL && i < self->proxies->len; i++)
    if (g_inet_address_mask_matches (g_ptr_array_index (self->proxies, i), inet))
      return TRUE;
  return FALSE;
}

char *
bl_http_gate_dup_client (BlHttpGate *self, const char *peer, const char *forwarded)
{
  if (forwarded == NULL || !bl_http_gate_is_trusted_proxy (self, peer))
    return g_strdup (peer);
  g_auto (GStrv) hops = g_strsplit (forwarded, ",", -1);
  const guint n = g_strv_length (hops);
  g_autofree char *client = g_strdup (peer);

  if (n > BL_HTTP_MAX_FORWARDED)
    return g_strdup (peer);
  for (guint i = n; i > 0; i--)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (g_strstrip (hops[i - 1]));
      if (address == NULL)
        break;
      g_free (client);
      client = g_inet_address_to_string (address);
      if (!bl_http_gate_is_trusted_proxy (self, client))
        break;
    }
  return g_steal_pointer (&client);
}

static gboolean
bl_http_gate_origin_is_own (BlHttpGate *self, const BlHttpGateRequest *request)
{
  g_autofree char *origin = bl_http_origin_normalize (request->origin);
  g_autofree char *own_text = g_strconcat (request->secure ? "https://" : "http://", request->host, NULL);
  g_autofree char *own = bl_http_origin_normalize (own_text);

  if (origin == NULL)
    return FALSE;
  return g_strcmp0 (origin, own) == 0 || g_hash_table_contains (self->origins, origin);
}

static gboolean
bl_http_method_is_safe (const char *method)
{
  return strcmp (method, "GET") == 0 || strcmp (method, "HEAD") == 0;
}

static void
bl_http_gate_refuse (BlHttpGateVerdict *verdict, guint status, const char *reason)
{
  *verdict = (BlHttpGateVerdict){ .status = status, .reason = reason };
}

void
bl_http_gate_decide (BlHttpGate *self, const BlHttpGateRequest *request, BlHttpGateVerdict *verdict)
{
  const gboolean safe = bl_http_method_is_safe (request->method) && !request->upgrade;

  *verdict = (BlHttpGateVerdict){ 0 };
  if (request->host == NULL || !bl_http_host_is_valid (request->host))
    {
      bl_http_gate_refuse (verdict, 400, "bad Host");
      return;
    }
  if ((request->flags & BOWLINE_ENDPOINT_ANY_HOST) == 0 && !bl_http_gate_host_is_allowed (self, request->host))
    {
      bl_http_gate_refuse (verdict, 421, "foreign Host");
      return;
    }
  if (request->origin != NULL)
    {
      if ((request->flags & BOWLINE_ENDPOINT_DEVICE) != 0)
        {
          bl_http_gate_refuse (verdict, 403, "Origin on a device's channel");
          return;
        }
      const gboolean own = bl_http_gate_origin_is_own (self, request);
      if (!own && !safe)
        {
          bl_http_gate_refuse (verdict, 403, "foreign Origin");
          return;
        }
      verdict->cookies = own;
    }
  else
    verdict->cookies
        = safe
          && (g_strcmp0 (request->fetch_site, "same-origin") == 0 || g_strcmp0 (request->fetch_site, "none") == 0);
  if ((request->flags & BOWLINE_ENDPOINT_COOKIE) == 0 || (request->flags & BOWLINE_ENDPOINT_DEVICE) != 0)
    verdict->cookies = FALSE;
}
