// SPDX-License-Identifier: Apache-2.0
/* The headers that every answer carries, whoever made it. */
#include "bl-http-front-private.h"

#include <string.h>

/* Two years, as browsers' preload lists ask for. */
#define BL_HTTP_HSTS "max-age=63072000"

static const char *const security_headers[] = {
  "Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy",
  "Referrer-Policy",         "Strict-Transport-Security",  "X-Content-Type-Options",       "X-Frame-Options",
};

gboolean
bl_http_headers_is_security (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (security_headers); i++)
    if (g_ascii_strcasecmp (name, security_headers[i]) == 0)
      return TRUE;
  return FALSE;
}

void
bl_http_headers_apply (BlHttpFront *front, SoupMessageHeaders *headers, const char *host, gboolean secure)
{
  /* 'self' covers sockets of the same origin in current browsers; older ones need them named */
  g_autofree char *sockets = host != NULL ? g_strdup_printf (" %s://%s", secure ? "wss" : "ws", host) : g_strdup ("");
  g_autofree char *policy
      = g_strdup_printf ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'%s; "
                         "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; worker-src 'self' blob:; "
                         "frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
                         "frame-ancestors 'self'%s; require-trusted-types-for 'script'; "
                         "trusted-types " BL_FRONT_TRUSTED_TYPES " 'allow-duplicates'",
                         sockets,
                         front->frame_ancestors);

  soup_message_headers_replace (headers, "Content-Security-Policy", policy);
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Cross-Origin-Opener-Policy", "same-origin");
  soup_message_headers_replace (
      headers, "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  /* it knows no list; frame-ancestors, which all current browsers know, then decides alone */
  if (front->frame_ancestors[0] == '\0')
    soup_message_headers_replace (headers, "X-Frame-Options", "SAMEORIGIN");
  if (front->options.hsts && secure)
    soup_message_headers_replace (headers, "Strict-Transport-Security", BL_HTTP_HSTS);
}

gboolean
bl_http_headers_is_valid (const char *name, const char *value)
{
  if (name[0] == '\0')
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return FALSE;
  for (const guchar *p = (const guchar *) value; *p != '\0'; p++)
    if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
      return FALSE;
  return TRUE;
}

guint
bl_http_headers_count (SoupMessageHeaders *headers, const char *name)
{
  SoupMessageHeadersIter iter;
  const char *key, *value;
  guint n = 0;
  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &key, &value))
    n += g_ascii_strcasecmp (key, name) == 0;
  return n;
}

gsize
bl_http_headers_size (SoupMessageHeaders *headers)
{
  SoupMessageHeadersIter iter;
  const char *key, *value;
  gsize size = 0;
  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &key, &value))
    size += strlen (key) + strlen (value) + 4;
  return size;
}
