// SPDX-License-Identifier: Apache-2.0
#include "bl-control-inner.h"

#include "bl-control-login.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define HASH_SIZE 48u

struct _BlControlInner
{
  gboolean proved; /* the server has answered; name and password may come */
  guint8 nonce[BL_CONTROL_INNER_NONCE];
  GSource *deadline;
};

static void
refuse (BlControlSession *session, const char *message)
{
  bl_control_inner_end (session);
  bl_control_session_close (session, "noauth", message);
}

static gboolean
on_deadline (gpointer user_data)
{
  refuse (user_data, "noauth");
  return G_SOURCE_REMOVE;
}

void
bl_control_inner_begin (BlControlSession *session)
{
  BlControlInner *self = g_new0 (BlControlInner, 1);

  session->inner = self;
  self->deadline = g_timeout_source_new_seconds (BL_CONTROL_INNER_SECONDS);
  g_source_set_callback (self->deadline, on_deadline, session, NULL);
  g_source_attach (self->deadline, bowline_host_get_main_context (session->control->host));
  bowline_websocket_set_max_message (session->socket, BL_CONTROL_INNER_MAX_MESSAGE);
  session->paused = FALSE;
  bowline_websocket_resume (session->socket);
}

void
bl_control_inner_end (BlControlSession *session)
{
  BlControlInner *self = g_steal_pointer (&session->inner);

  if (self == NULL)
    return;
  g_source_destroy (self->deadline);
  g_source_unref (self->deadline);
  g_free (self);
}

/* What comes meanwhile stays with the socket. */
static void
hold (BlControlSession *session)
{
  session->paused = TRUE;
  bowline_websocket_pause (session->socket);
}

/* ---- the server proves who it is
 * ---------------------------------------------------------------------------------- */

static void
send_proof (BlControlSession *session, GBytes *certificate, GBytes *signature)
{
  gsize certificate_size, signature_size;
  const guchar *certificate_data = g_bytes_get_data (certificate, &certificate_size);
  const guchar *signature_data = g_bytes_get_data (signature, &signature_size);
  g_autofree char *der = g_base64_encode (certificate_data, certificate_size);
  g_autofree char *signed_text = g_base64_encode (signature_data, signature_size);
  g_autofree char *nonce = g_base64_encode (session->inner->nonce, BL_CONTROL_INNER_NONCE);
  GVariantDict frame;

  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "serverAuth");
  g_variant_dict_insert (&frame, "cert", "s", der);
  g_variant_dict_insert (&frame, "nonce", "s", nonce);
  g_variant_dict_insert (&frame, "signature", "s", signed_text);
  bl_control_session_send (session, g_variant_dict_end (&frame));
}

static void
on_signed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BlControlSession) session = user_data;
  g_autoptr (GBytes) signature = NULL;
  g_autoptr (GBytes) certificate = NULL;

  if (session->control == NULL || session->inner == NULL)
    return;
  signature = bowline_identity_sign_finish (session->control->host, result, NULL);
  certificate = bowline_identity_dup_certificate (session->control->host, BOWLINE_CERTIFICATE_AGENT_SERVER);
  if (signature == NULL || certificate == NULL)
    {
      refuse (session, "noauth");
      return;
    }
  session->inner->proved = TRUE;
  send_proof (session, certificate, signature);
  session->paused = FALSE;
  bowline_websocket_resume (session->socket);
}

/* Exactly 48 bytes each: what is signed here can then be no message of the agents' handshake, whose second 48
 * bytes are a device's random number and here a hash that was checked. */
static void
prove (BlControlSession *session, GVariant *request)
{
  BlControlInner *self = session->inner;
  const char *nonce_text = bl_variant_get_string (request, "cnonce");
  const char *hash_text = bl_variant_get_string (request, "tlshash");
  g_autoptr (GBytes) nonce = nonce_text != NULL ? bl_base64_decode (nonce_text, strlen (nonce_text)) : NULL;
  guint8 hash[HASH_SIZE];
  g_autoptr (GByteArray) data = NULL;
  g_autoptr (GBytes) message = NULL;

  if (nonce == NULL || g_bytes_get_size (nonce) != BL_CONTROL_INNER_NONCE || hash_text == NULL
      || !bl_hex_decode (hash_text, strlen (hash_text), hash, sizeof hash))
    {
      refuse (session, "badargs");
      return;
    }
  if (!bowline_identity_accepts_web_hash (session->control->host, hash, sizeof hash))
    {
      refuse (session, "badtlscert");
      return;
    }
  bl_random_bytes (self->nonce, sizeof self->nonce);
  data = g_byte_array_new ();
  g_byte_array_append (data, g_bytes_get_data (nonce, NULL), BL_CONTROL_INNER_NONCE);
  g_byte_array_append (data, hash, sizeof hash);
  g_byte_array_append (data, self->nonce, sizeof self->nonce);
  message = g_byte_array_free_to_bytes (g_steal_pointer (&data));
  hold (session);
  bowline_identity_sign_async (session->control->host, message, session->cancellable, on_signed,
                               bl_control_session_ref (session));
}

/* ---- the person does
 * ---------------------------------------------------------------------------------------------- */

static void
check (BlControlSession *session, GVariant *request)
{
  const char *user_text = bl_variant_get_string (request, "username");
  const char *password_text = bl_variant_get_string (request, "password");
  g_autofree char *user = user_text != NULL ? bl_control_login_decode (user_text) : NULL;
  g_autofree char *password = password_text != NULL ? bl_control_login_decode (password_text) : NULL;

  if (user == NULL || password == NULL)
    {
      refuse (session, "badargs");
      return;
    }
  bl_control_inner_end (session);
  hold (session);
  bl_control_login_check (session, user, password, bl_variant_get_string (request, "token"), "noauth-2d");
}

void
bl_control_inner_message (BlControlSession *session, guint32 type, GBytes *message)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  g_autoptr (GVariant) request
      = type == BOWLINE_MESSAGE_TEXT ? bl_json_parse_object (text, size, NULL, BL_JSON_DEFAULT, NULL) : NULL;
  const char *action = request != NULL ? bl_variant_get_string (request, "action") : NULL;

  if (g_strcmp0 (action, "serverAuth") == 0 && !session->inner->proved)
    prove (session, request);
  else if (g_strcmp0 (action, "userAuth") == 0 && session->inner->proved)
    check (session, request);
  else
    refuse (session, "badargs");
}
