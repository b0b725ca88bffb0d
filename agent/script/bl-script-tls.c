// SPDX-License-Identifier: Apache-2.0
#include "bl-script-tls.h"

#include <errno.h>
#include <glib-unix.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bl-hash.h"
#include "common/bl-variant.h"

#define BLOCK 16384

struct _BlScriptTls
{
  gatomicrefcount refs;
  GMutex lock; // for the socket's life: a cancel must not shut down another one of its number
  int socket;
  int inside; // the thread's end of the pair
  int outside;
  gboolean cancelled; // main context only
  gboolean server, reject, request;
  char *host;
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;
  GMainContext *context;
  GVariant *info;
  GError *error;
  BlScriptTlsDone done;
  gpointer user_data;
};

static void
tls_unref (gpointer data)
{
  BlScriptTls *tls = data;

  if (!g_atomic_ref_count_dec (&tls->refs))
    return;
  if (tls->session != NULL)
    gnutls_deinit (tls->session);
  if (tls->credentials != NULL)
    gnutls_certificate_free_credentials (tls->credentials);
  if (tls->socket >= 0)
    close (tls->socket);
  if (tls->inside >= 0)
    close (tls->inside);
  if (tls->outside >= 0)
    close (tls->outside);
  g_clear_pointer (&tls->info, g_variant_unref);
  g_clear_error (&tls->error);
  g_main_context_unref (tls->context);
  g_mutex_clear (&tls->lock);
  g_free (tls->host);
  g_free (tls);
}

// ---- arguments -------------------------------------------------------------------------

static gboolean
check (int result, const char *what, GError **error)
{
  if (result >= 0)
    return TRUE;
  g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "%s: %s", what, gnutls_strerror (result));
  return FALSE;
}

// Returns: FALSE when the text is longer than it may; DATUM is empty when there is none.
static gboolean
get_text (GVariant *args, const char *key, gnutls_datum_t *datum, GError **error)
{
  const char *text = bl_variant_get_string (args, key);
  gsize size = text != NULL ? strlen (text) : 0;

  datum->data = (unsigned char *) text;
  datum->size = (unsigned int) MIN (size, BL_SCRIPT_TLS_TEXT_MAX);
  if (size <= BL_SCRIPT_TLS_TEXT_MAX)
    return TRUE;
  g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "argument \"%s\": at most %u bytes are expected", key,
               BL_SCRIPT_TLS_TEXT_MAX);
  return FALSE;
}

static gboolean
set_own (BlScriptTls *tls, GVariant *args, GError **error)
{
  const char *passphrase = bl_variant_get_string (args, "passphrase");
  gnutls_datum_t cert, key, pfx;

  if (!get_text (args, "cert", &cert, error) || !get_text (args, "key", &key, error) || !get_text (args, "pfx", &pfx, error))
    return FALSE;
  if (pfx.size > 0)
    {
      gsize size;
      g_autofree guchar *bytes = g_base64_decode ((const char *) pfx.data, &size);
      const gnutls_datum_t datum = { bytes, (unsigned int) size };

      return check (gnutls_certificate_set_x509_simple_pkcs12_mem (tls->credentials, &datum, GNUTLS_X509_FMT_DER, passphrase),
                    "pfx", error);
    }
  if (cert.size > 0 && key.size > 0)
    return check (gnutls_certificate_set_x509_key_mem2 (tls->credentials, &cert, &key, GNUTLS_X509_FMT_PEM, passphrase, 0),
                  "cert and key", error);
  if (!tls->server && cert.size == 0 && key.size == 0)
    return TRUE;
  g_set_error_literal (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "\"cert\" and \"key\", or \"pfx\", are expected");
  return FALSE;
}

static gboolean
set_trust (BlScriptTls *tls, GVariant *args, GError **error)
{
  gnutls_datum_t ca;

  if (!get_text (args, "ca", &ca, error))
    return FALSE;
  if (ca.size > 0)
    {
      // None found is no error for it, and would only be told as one of the peer.
      int found = gnutls_certificate_set_x509_trust_mem (tls->credentials, &ca, GNUTLS_X509_FMT_PEM);

      return check (found != 0 ? found : GNUTLS_E_NO_CERTIFICATE_FOUND, "ca", error);
    }
  // A system without authorities trusts nobody, which the handshake will say.
  if (!tls->server)
    (void) gnutls_certificate_set_x509_system_trust (tls->credentials);
  return TRUE;
}

static gboolean
set_up (BlScriptTls *tls, GVariant *args, GError **error)
{
  if (!check (gnutls_certificate_allocate_credentials (&tls->credentials), "TLS", error)
      || !set_own (tls, args, error) || !set_trust (tls, args, error)
      || !check (gnutls_init (&tls->session, (tls->server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL),
                 "TLS", error)
      || !check (gnutls_set_default_priority (tls->session), "TLS", error)
      || !check (gnutls_credentials_set (tls->session, GNUTLS_CRD_CERTIFICATE, tls->credentials), "TLS", error))
    return FALSE;
  if (tls->server && tls->request)
    gnutls_certificate_server_set_request (tls->session, tls->reject ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
  if (!tls->server && !g_hostname_is_ip_address (tls->host))
    return check (gnutls_server_name_set (tls->session, GNUTLS_NAME_DNS, tls->host, strlen (tls->host)), "host", error);
  return TRUE;
}

// ---- handshake, in the thread ----------------------------------------------------------

static char *
colon_hex (const guint8 hash[BL_SHA384_SIZE])
{
  GString *text = g_string_sized_new (3 * BL_SHA384_SIZE);

  for (gsize i = 0; i < BL_SHA384_SIZE; i++)
    g_string_append_printf (text, i == 0 ? "%02X" : ":%02X", hash[i]);
  return g_string_free (text, FALSE);
}

static void
add_certificate (GVariantBuilder *list, const gnutls_datum_t *der)
{
  guint8 hash[BL_SHA384_SIZE], key[BL_SHA384_SIZE];
  gnutls_x509_crt_t certificate;
  gnutls_datum_t name = { NULL, 0 };
  g_autofree char *digest = NULL, *fingerprint = NULL, *subject = NULL;
  GVariantDict dict;

  bl_certhash (der->data, der->size, hash);
  if (!bl_keyhash (der->data, der->size, key, NULL) || gnutls_x509_crt_init (&certificate) < 0)
    return;
  if (gnutls_x509_crt_import (certificate, der, GNUTLS_X509_FMT_DER) >= 0
      && gnutls_x509_crt_get_dn3 (certificate, &name, 0) >= 0)
    subject = g_utf8_make_valid ((const char *) name.data, (gssize) name.size);
  gnutls_free (name.data);
  gnutls_x509_crt_deinit (certificate);
  digest = colon_hex (hash);
  fingerprint = colon_hex (key);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "digest", "s", digest);
  g_variant_dict_insert (&dict, "fingerprint", "s", fingerprint);
  g_variant_dict_insert (&dict, "subject", "s", subject != NULL ? subject : "");
  g_variant_builder_add (list, "v", g_variant_dict_end (&dict));
}

// Returns: (transfer full) (nullable): what is wrong with the peer's certificate
static char *
find_fault (BlScriptTls *tls)
{
  unsigned int status = 0;
  gnutls_datum_t text = { NULL, 0 };
  char *fault;
  int result;

  if (tls->server && gnutls_certificate_get_peers (tls->session, &status) == NULL)
    return g_strdup ("no certificate");
  result = gnutls_certificate_verify_peers3 (tls->session, tls->server ? NULL : tls->host, &status);
  if (result < 0)
    return g_strdup (gnutls_strerror (result));
  if (status == 0)
    return NULL;
  if (gnutls_certificate_verification_status_print (status, GNUTLS_CRT_X509, &text, 0) < 0)
    return g_strdup ("not trusted");
  fault = g_strstrip (g_strndup ((const char *) text.data, text.size));
  gnutls_free (text.data);
  return fault;
}

static GVariant *
describe (BlScriptTls *tls, const char *fault)
{
  unsigned int n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (tls->session, &n);
  GVariantBuilder certs;
  GVariantDict dict;

  g_variant_builder_init (&certs, G_VARIANT_TYPE ("av"));
  for (unsigned int i = 0; chain != NULL && i < MIN (n, BL_SCRIPT_TLS_CERTS_MAX); i++)
    add_certificate (&certs, &chain[i]);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "authorized", "b", fault == NULL);
  if (fault != NULL)
    g_variant_dict_insert (&dict, "authorizationError", "s", fault);
  g_variant_dict_insert (&dict, "protocol", "s", gnutls_protocol_get_name (gnutls_protocol_get_version (tls->session)));
  g_variant_dict_insert (&dict, "cipher", "s", gnutls_cipher_get_name (gnutls_cipher_get (tls->session)));
  g_variant_dict_insert_value (&dict, "certs", g_variant_builder_end (&certs));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
shake_hands (BlScriptTls *tls)
{
  const gint64 deadline = g_get_monotonic_time () + BL_SCRIPT_TLS_HANDSHAKE_S * G_USEC_PER_SEC;
  g_autofree char *fault = NULL;
  int result;

  while ((result = gnutls_handshake (tls->session)) < 0 && !gnutls_error_is_fatal (result))
    {
      struct pollfd waiting = { tls->socket, gnutls_record_get_direction (tls->session) == 1 ? POLLOUT : POLLIN, 0 };
      gint64 left = (deadline - g_get_monotonic_time ()) / 1000;

      if (left > 0 && (result != GNUTLS_E_AGAIN || poll (&waiting, 1, (int) left) >= 0))
        continue;
      g_set_error_literal (&tls->error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "TLS: the handshake took too long");
      return;
    }
  if (!check (result, "TLS", &tls->error))
    return;
  fault = find_fault (tls);
  if (fault != NULL && tls->reject && (!tls->server || tls->request))
    g_set_error (&tls->error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "TLS: %s", fault);
  else
    tls->info = describe (tls, fault);
}

// ---- the pump, in the thread -----------------------------------------------------------

typedef struct
{
  guint8 data[BLOCK];
  gsize size, done;
  gboolean ended; // nothing comes any more
} Way;

static gsize
left (const Way *way)
{
  return way->size - way->done;
}

// Returns: FALSE when the connection is broken
static gboolean
pump_in (BlScriptTls *tls, Way *way)
{
  if (left (way) == 0 && !way->ended)
    {
      ssize_t n = gnutls_record_recv (tls->session, way->data, sizeof way->data);

      way->done = 0;
      way->size = n > 0 ? (gsize) n : 0;
      // A peer that only closes the connection is one that has ended, as scripts are used to.
      way->ended = n == 0 || (n < 0 && gnutls_error_is_fatal ((int) n));
      if (way->ended)
        shutdown (tls->inside, SHUT_WR);
    }
  while (left (way) > 0)
    {
      ssize_t n = send (tls->inside, way->data + way->done, left (way), MSG_NOSIGNAL);

      if (n < 0 && errno != EINTR)
        return errno == EAGAIN;
      way->done += n > 0 ? (gsize) n : 0;
    }
  return TRUE;
}

static gboolean
pump_out (BlScriptTls *tls, Way *way)
{
  if (left (way) == 0 && !way->ended)
    {
      ssize_t n = read (tls->inside, way->data, sizeof way->data);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return TRUE;
      way->done = 0;
      way->size = n > 0 ? (gsize) n : 0;
      way->ended = n <= 0;
    }
  while (left (way) > 0)
    {
      ssize_t n = gnutls_record_send (tls->session, way->data + way->done, left (way));

      if (n < 0)
        return !gnutls_error_is_fatal ((int) n);
      way->done += (gsize) n;
    }
  return TRUE;
}

static void
pump (BlScriptTls *tls)
{
  g_autofree Way *in = g_new0 (Way, 1), *out = g_new0 (Way, 1);

  while (pump_in (tls, in) && pump_out (tls, out))
    {
      gboolean more = left (in) == 0 && !in->ended && gnutls_record_check_pending (tls->session) > 0;
      struct pollfd waiting[] = {
        { tls->socket, (short) ((left (in) == 0 && !in->ended ? POLLIN : 0) | (left (out) > 0 ? POLLOUT : 0)), 0 },
        { tls->inside, (short) ((left (out) == 0 && !out->ended ? POLLIN : 0) | (left (in) > 0 ? POLLOUT : 0)), 0 },
      };

      // The script has closed its end: nobody is left to read.
      if (out->ended && left (out) == 0)
        {
          (void) gnutls_bye (tls->session, GNUTLS_SHUT_WR); // it may be gone already
          return;
        }
      // A side that has nothing to say is not asked: one that hung up would answer for ever.
      for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
        if (waiting[i].events == 0)
          waiting[i].fd = -1;
      if (!more && poll (waiting, G_N_ELEMENTS (waiting), -1) < 0 && errno != EINTR)
        return;
    }
}

static gboolean
done_cb (gpointer data)
{
  BlScriptTls *tls = data;
  int fd = tls->outside;

  if (tls->cancelled)
    return G_SOURCE_REMOVE;
  if (tls->error == NULL)
    tls->outside = -1;
  tls->done (tls->error == NULL ? fd : -1, tls->info, tls->error, tls->user_data);
  tls_unref (tls); // of who started it
  return G_SOURCE_REMOVE;
}

static gpointer
run (gpointer data)
{
  BlScriptTls *tls = data;
  gboolean good;
  GSource *source = g_idle_source_new ();

  shake_hands (tls);
  good = tls->error == NULL;
  g_atomic_ref_count_inc (&tls->refs);
  g_source_set_callback (source, done_cb, tls, tls_unref);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_attach (source, tls->context);
  g_source_unref (source);
  if (good)
    pump (tls);
  g_mutex_lock (&tls->lock);
  close (tls->socket);
  tls->socket = -1;
  g_mutex_unlock (&tls->lock);
  close (tls->inside);
  tls->inside = -1;
  tls_unref (tls);
  return NULL;
}

// ---- public ----------------------------------------------------------------------------

BlScriptTls *
bl_script_tls_start (int socket, GVariant *args, BlScriptTlsDone done, gpointer user_data, GError **error)
{
  BlScriptTls *tls = g_new0 (BlScriptTls, 1);
  const char *host = bl_variant_get_string (args, "host");
  int pair[2] = { -1, -1 };
  GThread *thread = NULL;

  g_atomic_ref_count_init (&tls->refs);
  g_mutex_init (&tls->lock);
  tls->socket = socket;
  tls->server = bl_variant_get_bool (args, "server", FALSE);
  tls->reject = bl_variant_get_bool (args, "reject", TRUE);
  tls->request = bl_variant_get_bool (args, "request", FALSE);
  tls->host = g_strdup (host != NULL ? host : "");
  tls->context = g_main_context_ref_thread_default ();
  tls->done = done;
  tls->user_data = user_data;
  tls->inside = tls->outside = -1;
  if (set_up (tls, args, error))
    {
      if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        g_set_error_literal (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "no descriptor left");
      else
        {
          tls->inside = pair[0];
          tls->outside = pair[1];
          g_unix_set_fd_nonblocking (socket, TRUE, NULL);
          gnutls_transport_set_int (tls->session, socket);
          g_atomic_ref_count_inc (&tls->refs);
          thread = g_thread_try_new ("script-tls", run, tls, error);
          if (thread == NULL)
            tls_unref (tls); // its own
        }
    }
  if (thread == NULL)
    {
      tls_unref (tls);
      return NULL;
    }
  g_thread_unref (thread);
  return tls;
}

void
bl_script_tls_cancel (BlScriptTls *tls)
{
  tls->cancelled = TRUE;
  g_mutex_lock (&tls->lock);
  if (tls->socket >= 0)
    shutdown (tls->socket, SHUT_RDWR);
  g_mutex_unlock (&tls->lock);
  tls_unref (tls);
}
