// SPDX-License-Identifier: Apache-2.0
#include "testing/bl-front-client.h"

#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BL_FRONT_CLIENT_WAIT_S 20

int
bl_front_client_dial (guint16 port)
{
  const struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  const struct timeval wait = { .tv_sec = BL_FRONT_CLIENT_WAIT_S };
  const int one = 1;
  const int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (connect (fd, (const struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

BlFrontClient *
bl_front_client_new_resumed (guint16 port, const char *priority, const char *name, GBytes *session)
{
  const int fd = bl_front_client_dial (port);
  if (fd < 0)
    return NULL;
  BlFrontClient *self = g_new0 (BlFrontClient, 1);
  self->fd = fd;
  self->input = g_byte_array_new ();
  if (g_strcmp0 (priority, "plain") == 0)
    return self;

  int code;
  gnutls_certificate_allocate_credentials (&self->credentials);
  gnutls_init (&self->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
  g_assert_cmpint (gnutls_priority_set_direct (self->session, priority != NULL ? priority : "NORMAL", NULL), ==, 0);
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  if (name != NULL)
    gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, name, strlen (name));
  if (session != NULL)
    gnutls_session_set_data (self->session, g_bytes_get_data (session, NULL), g_bytes_get_size (session));
  gnutls_transport_set_int (self->session, fd);
  do
    code = gnutls_handshake (self->session);
  while (code < 0 && code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal (code));
  if (code == 0)
    return self;
  bl_front_client_free (self);
  return NULL;
}

BlFrontClient *
bl_front_client_new (guint16 port, const char *priority)
{
  return bl_front_client_new_resumed (port, priority, NULL, NULL);
}

void
bl_front_client_free (BlFrontClient *self)
{
  if (self->session != NULL)
    gnutls_deinit (self->session);
  if (self->credentials != NULL)
    gnutls_certificate_free_credentials (self->credentials);
  close (self->fd);
  g_byte_array_unref (self->input);
  if (self->websocket)
    bl_ws_parser_clear (&self->parser);
  g_free (self);
}

gboolean
bl_front_client_send (BlFrontClient *self, gconstpointer data, gsize size)
{
  const guint8 *bytes = data;
  while (size > 0)
    {
      const gssize n = self->session != NULL ? gnutls_record_send (self->session, bytes, size)
                                             : send (self->fd, bytes, size, MSG_NOSIGNAL);
      if (n <= 0)
        return FALSE;
      bytes += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static gssize
bl_front_client_receive_raw (BlFrontClient *self, gpointer buffer, gsize size)
{
  const gint64 end_us = g_get_monotonic_time () + BL_FRONT_CLIENT_WAIT_S * G_USEC_PER_SEC;
  gssize n;
  if (self->session == NULL)
    return recv (self->fd, buffer, size, 0);
  /* "again" also stands for a record without data, such as a session ticket */
  do
    n = gnutls_record_recv (self->session, buffer, size);
  while (n == GNUTLS_E_INTERRUPTED || (n == GNUTLS_E_AGAIN && g_get_monotonic_time () < end_us));
  return n < 0 ? -1 : n;
}

gssize
bl_front_client_read (BlFrontClient *self, gpointer buffer, gsize size)
{
  if (self->input->len == 0)
    return bl_front_client_receive_raw (self, buffer, size);
  const guint n = (guint) MIN (size, self->input->len);
  memcpy (buffer, self->input->data, n);
  g_byte_array_remove_range (self->input, 0, n);
  return n;
}

static gboolean
bl_front_client_fill (BlFrontClient *self)
{
  guint8 buffer[16384];
  const gssize n = bl_front_client_receive_raw (self, buffer, sizeof buffer);
  if (n > 0)
    g_byte_array_append (self->input, buffer, (guint) n);
  return n > 0;
}

static gssize
bl_front_client_find_end (BlFrontClient *self)
{
  for (guint i = 3; i < self->input->len; i++)
    if (memcmp (self->input->data + i - 3, "\r\n\r\n", 4) == 0)
      return i + 1;
  return -1;
}

guint
bl_front_client_ask (BlFrontClient *self, const char *text, char **head, GBytes **body)
{
  gssize end;
  guint status = 0;

  if (text != NULL)
    bl_front_client_send (self, text, strlen (text));
  while ((end = bl_front_client_find_end (self)) < 0)
    if (!bl_front_client_fill (self))
      return 0;
  g_autofree char *lines = g_strndup ((const char *) self->input->data, (gsize) end);
  g_byte_array_remove_range (self->input, 0, (guint) end);
  g_assert_cmpint (sscanf (lines, "HTTP/1.%*u %u", &status), ==, 1);
  g_autofree char *lower = g_ascii_strdown (lines, -1);
  const char *length_text = strstr (lower, "content-length: ");
  const guint length = length_text != NULL ? (guint) strtoul (length_text + 16, NULL, 10) : 0;
  while (self->input->len < length)
    if (!bl_front_client_fill (self))
      return 0;
  if (body != NULL)
    *body = g_bytes_new (self->input->data, length);
  g_byte_array_remove_range (self->input, 0, length);
  if (head != NULL)
    *head = g_steal_pointer (&lines);
  return status;
}

guint
bl_front_client_upgrade (BlFrontClient *self, const char *host, const char *target, const char *headers)
{
  g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                                           "Sec-WebSocket-Version: 13\r\n%s\r\n",
                                           target, host, headers != NULL ? headers : "");
  const guint status = bl_front_client_ask (self, text, NULL, NULL);
  if (status == 101)
    {
      bl_ws_parser_init (&self->parser, BL_WS_CLIENT, 64 * 1024 * 1024);
      self->websocket = TRUE;
    }
  return status;
}

gboolean
bl_front_client_send_frame (BlFrontClient *self, BlWsOpcode opcode, gboolean fin, gconstpointer data, gsize size)
{
  static const guint8 mask[4] = { 0x12, 0x34, 0x56, 0x78 };
  g_autofree guint8 *frame = g_malloc (size + BL_WS_MAX_HEADER);
  const gsize header = bl_ws_write_header (frame, opcode, fin, size, mask);

  if (size > 0)
    memcpy (frame + header, data, size);
  bl_ws_mask (frame + header, size, mask, 0);
  return bl_front_client_send (self, frame, header + size);
}

int
bl_front_client_receive (BlFrontClient *self, GBytes **payload, guint *close_code)
{
  for (;;)
    {
      BlWsMessage message;
      gsize consumed = 0;
      g_autoptr (GError) error = NULL;
      const BlWsResult result
          = bl_ws_parser_feed (&self->parser, self->input->data, self->input->len, &consumed, &message, &error);
      g_assert_no_error (error);
      if (result == BL_WS_MESSAGE)
        {
          if (payload != NULL)
            *payload = g_bytes_new (message.data, message.len);
          if (close_code != NULL)
            *close_code = message.opcode == BL_WS_CLOSE ? message.close_code : 0;
        }
      g_byte_array_remove_range (self->input, 0, (guint) consumed);
      if (result == BL_WS_MESSAGE)
        return (int) message.opcode;
      if (!bl_front_client_fill (self))
        return -1;
    }
}

GBytes *
bl_front_client_dup_session (BlFrontClient *self)
{
  gnutls_datum_t data = { NULL, 0 };
  if (gnutls_session_get_data2 (self->session, &data) < 0)
    return NULL;
  GBytes *bytes = g_bytes_new (data.data, data.size);
  gnutls_free (data.data);
  return bytes;
}

void
bl_front_client_make_certificate (gboolean ecdsa, const char *name, GBytes **chain_pem, GBytes **key_pem)
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t pem;
  const guint8 serial[] = { 1 };
  const time_t now = time (NULL);

  gnutls_x509_privkey_init (&key);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, ecdsa ? GNUTLS_PK_ECDSA : GNUTLS_PK_RSA,
                                                 ecdsa ? GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1) : 2048, 0),
                   ==, 0);
  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, serial, sizeof serial);
  gnutls_x509_crt_set_activation_time (certificate, now - 3600);
  gnutls_x509_crt_set_expiration_time (certificate, now + 86400);
  gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name, (guint) strlen (name));
  gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, name, (guint) strlen (name), GNUTLS_FSAN_SET);
  gnutls_x509_crt_set_key (certificate, key);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0), ==, 0);

  gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &pem);
  *chain_pem = g_bytes_new (pem.data, pem.size);
  gnutls_free (pem.data);
  gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &pem);
  *key_pem = g_bytes_new (pem.data, pem.size);
  gnutls_free (pem.data);
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
}

BlTlsCredentials *
bl_front_client_make_credentials (void)
{
  BlTlsCredentials *credentials = bl_tls_credentials_new ();
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) chain = NULL, key = NULL;
      bl_front_client_make_certificate (i == 0, "localhost", &chain, &key);
      bl_tls_credentials_add (credentials, chain, key, &error);
      g_assert_no_error (error);
    }
  return credentials;
}
