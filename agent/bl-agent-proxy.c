// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-proxy.h"

#include "common/bl-error.h"

#include <string.h>

#define DEFAULT_PORT 8080 // what MeshAgent takes for an address without one

gboolean
bl_agent_proxy_is_exempt (const char *list, const char *host)
{
  g_auto (GStrv) names = g_strsplit_set (list, ", ", -1);
  const gsize length = strlen (host);
  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *name = names[i][0] == '.' ? names[i] + 1 : names[i];
      const gsize tail = strlen (name);
      if (tail == 0)
        continue;
      if (g_str_equal (name, "*"))
        return TRUE;
      if (length >= tail && g_ascii_strcasecmp (host + length - tail, name) == 0
          && (length == tail || host[length - tail - 1] == '.'))
        return TRUE;
    }
  return FALSE;
}

char *
bl_agent_proxy_parse (const char *text, GError **error)
{
  g_autofree char *full = strstr (text, "://") != NULL ? g_strdup (text) : g_strconcat ("http://", text, NULL);
  const char *scheme_end = strstr (full, "://");
  g_autoptr (GUri) uri = strlen (text) <= BL_AGENT_PROXY_MAX
                             ? g_uri_parse (full, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, NULL)
                             : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  if (host == NULL || host[0] == '\0' || (size_t)(scheme_end - full) != 4 || !g_str_has_prefix (full, "http"))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID,
                           "proxy: expected [http://][USER:PASSWORD@]HOST[:PORT] in at most 1024 bytes");
      return NULL;
    }
  const char *user = g_uri_get_userinfo (uri);
  const int port = g_uri_get_port (uri);
  const gboolean v6 = strchr (host, ':') != NULL;
  return g_strdup_printf ("http://%s%s%s%s%s:%d", user != NULL ? user : "", user != NULL ? "@" : "", v6 ? "[" : "", host,
                          v6 ? "]" : "", port > 0 ? port : DEFAULT_PORT);
}

static const char *
find_in_environment (const char *host)
{
  static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "http_proxy" };
  const char *exempt = g_getenv ("no_proxy");
  if (exempt == NULL)
    exempt = g_getenv ("NO_PROXY");
  if (exempt != NULL && bl_agent_proxy_is_exempt (exempt, host))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *proxy = g_getenv (names[i]);
      if (proxy != NULL && proxy[0] != '\0')
        return proxy;
    }
  return NULL;
}

char *
bl_agent_proxy_find (BlMsh *msh, const char *host)
{
  const char *proxy = msh != NULL ? bl_msh_get (msh, "WebProxy") : NULL;
  if (proxy == NULL && (msh == NULL || bl_msh_get_int (msh, "ignoreProxyFile", 0) == 0))
    proxy = find_in_environment (host);
  if (proxy == NULL || proxy[0] == '\0')
    return NULL;
  g_autoptr (GError) error = NULL;
  char *found = bl_agent_proxy_parse (proxy, &error);
  if (found == NULL)
    g_warning ("%s; it is not used", error->message);
  return found;
}

char *
bl_agent_proxy_describe (const char *proxy)
{
  const char *at = strrchr (proxy, '@'), *scheme = strstr (proxy, "://");
  return g_strdup (at != NULL ? at + 1 : scheme != NULL ? scheme + 3 : proxy);
}
