// SPDX-License-Identifier: Apache-2.0
/* Before authentication: agent-channel.md section 3. Messages may come in more than one order; each counts once. */
#include <string.h>

#include "bl-agent-session.h"
#include "common/bl-agent-json.h"
#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

struct _BlAgentHandshake
{
  guint8 web_hash[BL_SHA384_SIZE]; /* as the agent reported it */
  guint8 agent_nonce[BL_SHA384_SIZE];
  guint8 server_nonce[BL_SHA384_SIZE];
  GBytes *shown_hash; /* of the certificate this client was shown (nullable) */
  BlAgentAuthInfo info;
  char name[BL_AGENT_MAX_NAME + 1]; /* what info.name points to */
  char *agent_name;
  guint8 server_id[BL_SHA384_SIZE]; /* the one it was installed for: ours, or one we took over */
  GBytes *server_certificate;       /* of that id */
  guint8 n_messages;
  guint8 has_request : 1;
  guint8 has_confirm : 1;
  guint8 has_verify : 1; /* being verified, or verified */
  guint8 has_info : 1;
  guint8 verified : 1;
};

BlAgentHandshake *
bl_agent_handshake_new (BlAgents *agents, BowlineHttpRequest *request)
{
  BlAgentHandshake *handshake = g_new0 (BlAgentHandshake, 1);
  GBytes *shown = bowline_http_request_get_certificate_hash (request);

  if (shown != NULL && g_bytes_get_size (shown) == BL_SHA384_SIZE)
    handshake->shown_hash = g_bytes_ref (shown);
  memcpy (handshake->server_id, g_bytes_get_data (agents->server_id, NULL), BL_SHA384_SIZE);
  handshake->server_certificate = g_bytes_ref (agents->server_certificate);
  return handshake;
}

void
bl_agent_handshake_free (BlAgentHandshake *handshake)
{
  g_clear_pointer (&handshake->shown_hash, g_bytes_unref);
  g_bytes_unref (handshake->server_certificate);
  g_free (handshake->agent_name);
  g_free (handshake);
}

const BlAgentAuthInfo *
bl_agent_handshake_get_info (BlAgentHandshake *handshake)
{
  return &handshake->info;
}

const char *
bl_agent_handshake_get_agent_name (BlAgentHandshake *handshake)
{
  return handshake->agent_name;
}

/* Authentication is complete when both the signature and the information are there, whichever came first. */
static void
check_complete (BlAgentSession *session)
{
  if (session->state == BL_AGENT_STATE_HANDSHAKE && session->handshake->verified && session->handshake->has_info)
    bl_agent_admission_begin (session);
}

/* ---- the agent's signature -------------------------------------------------------------------------------------- */

typedef struct
{
  BlAgentSession *session;
  GBytes *message; /* command 2 */
  guint8 web_hash[BL_SHA384_SIZE];
  guint8 server_nonce[BL_SHA384_SIZE];
  guint8 agent_nonce[BL_SHA384_SIZE];
  guint8 key_hash[BL_SHA384_SIZE];
  GError *error;
} VerifyJob;

static void
verify_work (gpointer data)
{
  VerifyJob *job = data;
  const BlSlice parts[] = {
    { job->web_hash, BL_SHA384_SIZE },
    { job->server_nonce, BL_SHA384_SIZE },
    { job->agent_nonce, BL_SHA384_SIZE },
  };
  gsize size;
  gconstpointer bytes = g_bytes_get_data (job->message, &size);
  BlAgentMsg message;

  if (!bl_agent_msg_parse_from_agent (bytes, size, &message, &job->error))
    return;
  bl_agent_verify (message.auth_verify.cert, message.auth_verify.cert_len, parts, G_N_ELEMENTS (parts),
                   message.auth_verify.signature, message.auth_verify.signature_len, job->key_hash, &job->error);
}

static void
verify_done (gpointer data)
{
  VerifyJob *job = data;
  BlAgentSession *session = job->session;

  if (session->state != BL_AGENT_STATE_HANDSHAKE)
    return;
  if (job->error != NULL)
    {
      bl_agent_session_hold (session, "signature: %s", job->error->message);
      return;
    }
  session->node_id = bl_id_from_hash (BL_ID_NODE, NULL, job->key_hash);
  session->handshake->verified = TRUE;
  check_complete (session);
}

static void
verify_free (gpointer data)
{
  VerifyJob *job = data;

  bl_agent_session_unref (job->session);
  g_bytes_unref (job->message);
  g_clear_error (&job->error);
  g_free (job);
}

static void
take_verify (BlAgentSession *session, GBytes *message)
{
  BlAgentHandshake *handshake = session->handshake;
  VerifyJob *job;

  /* Without our nonce there is nothing it could have signed. */
  if (!handshake->has_request)
    {
      bl_agent_session_hold (session, "signature before the request");
      return;
    }
  handshake->has_verify = TRUE;
  job = g_new0 (VerifyJob, 1);
  job->session = bl_agent_session_ref (session);
  job->message = g_bytes_ref (message);
  memcpy (job->web_hash, handshake->web_hash, BL_SHA384_SIZE);
  memcpy (job->server_nonce, handshake->server_nonce, BL_SHA384_SIZE);
  memcpy (job->agent_nonce, handshake->agent_nonce, BL_SHA384_SIZE);
  if (bowline_host_offload (session->host, verify_work, verify_done, job, verify_free))
    return;
  verify_free (job);
  bl_agent_session_close (session, 1013, "busy");
}

/* ---- our signature ---------------------------------------------------------------------------------------------- */

typedef struct
{
  BlAgentSession *session;
  GBytes *certificate; /* the handshake may be over when the signature is there */
} SignJob;

static void
signed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SignJob *job = user_data;
  BlAgentSession *session = job->session;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) signature = bowline_identity_sign_finish (session->host, result, &error);
  gconstpointer certificate;
  gsize certificate_size, size;

  /* It may come after our 4: an agent takes it at any time. */
  if (signature == NULL && session->socket != NULL)
    {
      bowline_host_log (session->host, BOWLINE_LOG_WARNING, NULL, "%s", error->message);
      bl_agent_session_close (session, 1013, "busy");
    }
  else if (signature != NULL && session->socket != NULL && session->state != BL_AGENT_STATE_HELD)
    {
      certificate = g_bytes_get_data (job->certificate, &certificate_size);
      bl_agent_session_send (session, bl_agent_write_auth_verify (certificate, certificate_size,
                                                                  g_bytes_get_data (signature, &size),
                                                                  g_bytes_get_size (signature)));
    }
  bl_agent_session_unref (session);
  g_bytes_unref (job->certificate);
  g_free (job);
}

static void
start_signature (BlAgentSession *session, const guint8 *web_hash)
{
  BlAgentHandshake *handshake = session->handshake;
  guint8 data[3 * BL_SHA384_SIZE];
  g_autoptr (GBytes) bytes = NULL;
  SignJob *job = g_new0 (SignJob, 1);

  job->session = bl_agent_session_ref (session);
  job->certificate = g_bytes_ref (handshake->server_certificate);
  memcpy (data, web_hash, BL_SHA384_SIZE);
  memcpy (data + BL_SHA384_SIZE, handshake->agent_nonce, BL_SHA384_SIZE);
  memcpy (data + 2 * BL_SHA384_SIZE, handshake->server_nonce, BL_SHA384_SIZE);
  bytes = g_bytes_new (data, sizeof data);
  bowline_identity_sign_as_async (session->host, handshake->server_id, BL_SHA384_SIZE, bytes,
                                  session->agents->cancellable, signed_cb, job);
}

/* An agent compares our answer with the hash of the whole certificate it saw. If it reported the hash of its key
 * (which old servers accepted), we answer with the certificate's. */
static const guint8 *
choose_web_hash (BlAgentSession *session)
{
  BlAgentHandshake *handshake = session->handshake;
  g_autoptr (GBytes) web = NULL;
  guint8 hash[BL_SHA384_SIZE];
  gconstpointer der;
  gsize size;

  if (handshake->shown_hash == NULL
      || memcmp (g_bytes_get_data (handshake->shown_hash, NULL), handshake->web_hash, BL_SHA384_SIZE) == 0)
    return handshake->web_hash;
  web = bowline_identity_dup_certificate (session->host, BOWLINE_CERTIFICATE_WEB);
  if (web == NULL)
    return handshake->web_hash;
  der = g_bytes_get_data (web, &size);
  if (!bl_keyhash (der, size, hash, NULL) || memcmp (hash, handshake->web_hash, BL_SHA384_SIZE) != 0)
    return handshake->web_hash;
  return g_bytes_get_data (handshake->shown_hash, NULL);
}

static void
take_request (BlAgentSession *session, const BlAgentMsg *message)
{
  BlAgentHandshake *handshake = session->handshake;
  const guint8 *web_hash;

  if (!bowline_identity_accepts_web_hash (session->host, message->auth_request.web_hash, BL_SHA384_SIZE))
    {
      bl_agent_session_hold (session, "it sees a web certificate that is not ours; behind a proxy, set cert-url");
      return;
    }
  handshake->has_request = TRUE;
  memcpy (handshake->web_hash, message->auth_request.web_hash, BL_SHA384_SIZE);
  memcpy (handshake->agent_nonce, message->auth_request.nonce, BL_SHA384_SIZE);
  bl_random_bytes (handshake->server_nonce, BL_SHA384_SIZE);
  web_hash = choose_web_hash (session);
  bl_agent_session_send (session, bl_agent_write_auth_request (web_hash, handshake->server_nonce));
  if (!handshake->has_confirm)
    start_signature (session, web_hash);
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

static void
take_info (BlAgentSession *session, const BlAgentAuthInfo *info)
{
  BlAgentHandshake *handshake = session->handshake;
  g_autofree char *name = g_utf8_make_valid (info->name, (gssize) MIN (info->name_len, BL_AGENT_MAX_NAME));

  handshake->has_info = TRUE;
  handshake->info = *info;
  for (char *c = name; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  g_utf8_strncpy (handshake->name, name, BL_AGENT_MAX_NAME / 4);
  handshake->info.name = handshake->name;
  handshake->info.name_len = strlen (handshake->name);
  session->agent_id = info->agent_id;
  session->caps = info->capabilities;
  check_complete (session);
}

/* An agent that belongs to another server would refuse our signature; it is not worth making one. */
static void
take_server_id (BlAgentSession *session, const guint8 *server_id)
{
  BlAgentHandshake *handshake = session->handshake;
  GBytes *certificate;

  if (memcmp (server_id, handshake->server_id, BL_SHA384_SIZE) == 0)
    return;
  certificate = bowline_identity_dup_agent_certificate (session->host, server_id, BL_SHA384_SIZE);
  if (certificate == NULL)
    {
      bl_agent_session_hold (session, "it was installed for another server id");
      return;
    }
  g_bytes_unref (handshake->server_certificate);
  handshake->server_certificate = certificate;
  memcpy (handshake->server_id, server_id, BL_SHA384_SIZE);
}

static void
take_json (BlAgentSession *session, const char *text, gsize length)
{
  const BlJsonLimits limits = { .max_bytes = 4096, .max_depth = 2, .max_values = 16 };
  g_autoptr (GVariant) parsed = NULL;
  g_autoptr (GVariant) message = NULL;
  const char *name;

  parsed = bl_json_parse_object (text, length, &limits, BL_JSON_REPLACE_INVALID_UTF8, NULL);
  message = parsed != NULL ? bl_agent_json_check (parsed, NULL) : NULL;
  if (g_strcmp0 (bl_variant_get_string (message, "action"), "agentName") != 0)
    return;
  name = bl_variant_get_string (message, "value");
  if (name == NULL || *name == '\0' || session->handshake->agent_name != NULL)
    return;
  session->handshake->agent_name = g_strdup (name);
}

static void
take_command (BlAgentSession *session, const BlAgentMsg *message, GBytes *bytes)
{
  BlAgentHandshake *handshake = session->handshake;

  switch (message->command)
    {
    case BL_AGENT_AUTH_REQUEST:
      if (!handshake->has_request)
        take_request (session, message);
      break;
    case BL_AGENT_AUTH_VERIFY:
      if (!handshake->has_verify)
        take_verify (session, bytes);
      break;
    case BL_AGENT_AUTH_INFO:
      if (!handshake->has_info)
        take_info (session, &message->auth_info);
      break;
    case BL_AGENT_AUTH_CONFIRM:
      /* Behind 1 it is too late: the signature is under way. */
      handshake->has_confirm = TRUE;
      break;
    case BL_AGENT_SERVER_ID:
      take_server_id (session, message->server_id);
      break;
    case BL_AGENT_COMMIT_DATE:
      session->commit_ms = bl_agent_update_parse_date (message->text.text, message->text.len);
      session->own = bl_agent_update_is_own (message->text.text, message->text.len);
      break;
    default: /* 31 tells what is known from 3 later; others do not count yet */
      break;
    }
}

void
bl_agent_handshake_message (BlAgentSession *session, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *data = g_bytes_get_data (message, &size);
  BlAgentMsg parsed;

  if (++session->handshake->n_messages > BL_AGENTS_MAX_EARLY)
    {
      bl_agent_session_close (session, 1008, "too many messages");
      return;
    }
  if (size > BL_AGENT_MAX_HANDSHAKE)
    {
      bl_agent_session_close (session, 1009, "too long before authentication");
      return;
    }
  if (bl_agent_msg_is_json (data, size))
    take_json (session, data, size);
  else if (bl_agent_msg_parse_from_agent (data, size, &parsed, &error))
    take_command (session, &parsed, message);
  else if (!g_error_matches (error, BL_ERROR, BL_ERROR_UNKNOWN))
    bl_agent_session_hold (session, "%s", error->message);
}
