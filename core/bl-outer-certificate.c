// SPDX-License-Identifier: Apache-2.0
/* Reads the certificates of the proxy in front of us. */
#include "bl-outer-certificate.h"

#include <poll.h>
#include <string.h>

#include <bowline/error.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "bl-certs.h"
#include "bl-secret-file.h"

/* The second set makes a proxy that has both kinds of certificate show the other one. */
static const char *const priorities[] = {
  "NORMAL",
  "NORMAL:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512"
  ":+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512",
};

static GUri *
parse_url (const char *url, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_SCHEME_NORMALIZE, &local);

  if (uri != NULL && g_str_equal (g_uri_get_scheme (uri), "https") && g_uri_get_host (uri) != NULL
      && *g_uri_get_host (uri) != '\0')
    return g_steal_pointer (&uri);
  if (uri != NULL && g_str_equal (g_uri_get_scheme (uri), "file") && g_uri_get_path (uri)[0] == '/')
    return g_steal_pointer (&uri);
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "cert-url: expected https://HOST[:PORT]/ or file:///PATH, found \"%s\"",
               url);
  return NULL;
}

gboolean
bl_outer_certificate_check_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = parse_url (url, error);

  return uri != NULL;
}

static gboolean
handshake (gnutls_session_t session, int fd, GCancellable *cancellable, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + BL_OUTER_CERTIFICATE_TIMEOUT * G_USEC_PER_SEC;
  int rc;

  while ((rc = gnutls_handshake (session)) < 0)
    {
      struct pollfd poll_fd = { .fd = fd, .events = gnutls_record_get_direction (session) ? POLLOUT : POLLIN };

      if (gnutls_error_is_fatal (rc))
        break;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (g_get_monotonic_time () >= deadline)
        {
          g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_TIMEOUT, "no TLS answer in time");
          return FALSE;
        }
      /* Short, so that the end of the program is noticed. */
      if (rc == GNUTLS_E_AGAIN && poll (&poll_fd, 1, 200) < 0)
        continue;
    }
  if (rc == GNUTLS_E_SUCCESS)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "TLS handshake: %s", gnutls_strerror (rc));
  return FALSE;
}

/* Returns: (transfer full): the leaf after a handshake on @fd */
static GBytes *
read_leaf (int fd, const char *host, const char *priority, GCancellable *cancellable, GError **error)
{
  gnutls_certificate_credentials_t credentials = NULL;
  gnutls_session_t session = NULL;
  const gnutls_datum_t *peer;
  unsigned n = 0;
  GBytes *leaf = NULL;

  if (gnutls_certificate_allocate_credentials (&credentials) < 0
      || gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0
      || gnutls_priority_set_direct (session, priority, NULL) < 0
      || gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials) < 0)
    g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "TLS cannot be set up");
  else
    {
      if (!g_hostname_is_ip_address (host))
        gnutls_server_name_set (session, GNUTLS_NAME_DNS, host, strlen (host));
      gnutls_transport_set_int (session, fd);
      if (handshake (session, fd, cancellable, error))
        {
          peer = gnutls_certificate_get_peers (session, &n);
          if (peer != NULL && n > 0)
            leaf = g_bytes_new (peer[0].data, peer[0].size);
          else
            g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "expected a certificate, found none");
        }
    }
  if (session != NULL)
    gnutls_deinit (session);
  if (credentials != NULL)
    gnutls_certificate_free_credentials (credentials);
  return leaf;
}

static GBytes *
fetch_one (GUri *uri, const char *priority, GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  int port = g_uri_get_port (uri);
  int fd;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, BL_OUTER_CERTIFICATE_TIMEOUT);
  connection = g_socket_client_connect_to_host (client, g_uri_get_host (uri), port > 0 ? (guint16) port : 443,
                                                cancellable, error);
  if (connection == NULL)
    return NULL;
  fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  return read_leaf (fd, g_uri_get_host (uri), priority, cancellable, error);
}

static GPtrArray *
read_file (GUri *uri, GError **error)
{
  g_autoptr (GBytes) pem = bl_secret_file_read (g_uri_get_path (uri), BL_CERTS_MAX_FILE, FALSE, error);
  GPtrArray *found = NULL;
  gnutls_x509_crt_t crt = NULL;
  gnutls_datum_t in, der = { NULL, 0 };
  gsize size = 0;

  if (pem == NULL)
    return NULL;
  in.data = (unsigned char *) g_bytes_get_data (pem, &size);
  in.size = (unsigned) size;
  if (gnutls_x509_crt_init (&crt) >= 0 && gnutls_x509_crt_import (crt, &in, GNUTLS_X509_FMT_PEM) >= 0
      && gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &der) >= 0)
    {
      found = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      g_ptr_array_add (found, g_bytes_new (der.data, der.size));
      gnutls_free (der.data);
    }
  else
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected a certificate in PEM form",
                 g_uri_get_path (uri));
  if (crt != NULL)
    gnutls_x509_crt_deinit (crt);
  return found;
}

GPtrArray *
bl_outer_certificate_fetch (const char *url, GCancellable *cancellable, GError **error)
{
  g_autoptr (GUri) uri = parse_url (url, error);
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  if (uri == NULL)
    return NULL;
  if (g_str_equal (g_uri_get_scheme (uri), "file"))
    return read_file (uri, error);
  first = fetch_one (uri, priorities[0], cancellable, error);
  if (first == NULL)
    {
      g_prefix_error (error, "%s: ", url);
      return NULL;
    }
  found = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (found, g_bytes_ref (first));
  second = fetch_one (uri, priorities[1], cancellable, NULL);
  if (second != NULL && !g_bytes_equal (first, second))
    g_ptr_array_add (found, g_bytes_ref (second));
  return g_steal_pointer (&found);
}
