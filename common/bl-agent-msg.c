// SPDX-License-Identifier: Apache-2.0
/* The binary commands of the agent channel. */
#include "common/bl-agent-msg.h"

#include <string.h>

#include "common/bl-bytes.h"
#include "common/bl-error.h"
#include "common/bl-utf8.h"

#define OLD_AUTH_INFO_SIZE 70

gboolean
bl_agent_msg_is_json (gconstpointer data, gsize len)
{
  return len > 0 && *(const guint8 *)data == '{';
}

static gboolean
too_large (GError **error, const char *what, gsize expected, gsize found)
{
  g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
               "%s: expected at most %" G_GSIZE_FORMAT " bytes, found %" G_GSIZE_FORMAT, what, expected,
               found);
  return FALSE;
}

static gboolean
parse_auth_request (BlReader *r, BlAgentMsg *msg, GError **error)
{
  msg->auth_request.web_hash = bl_reader_bytes (r, BL_SHA384_SIZE);
  msg->auth_request.nonce = bl_reader_bytes (r, BL_SHA384_SIZE);
  return bl_reader_finish (r, "AuthRequest (1)", error);
}

static gboolean
parse_auth_verify (BlReader *r, BlAgentMsg *msg, GError **error)
{
  msg->auth_verify.cert_len = bl_reader_u16be (r);
  msg->auth_verify.cert = bl_reader_bytes (r, msg->auth_verify.cert_len);
  msg->auth_verify.signature = bl_reader_rest (r, &msg->auth_verify.signature_len);
  if (!bl_reader_finish (r, "AuthVerify (2)", error))
    return FALSE;
  if (msg->auth_verify.cert_len > BL_AGENT_MAX_CERT)
    return too_large (error, "AuthVerify (2): certificate", BL_AGENT_MAX_CERT, msg->auth_verify.cert_len);
  if (msg->auth_verify.signature_len > BL_AGENT_MAX_SIGNATURE)
    return too_large (error, "AuthVerify (2): signature", BL_AGENT_MAX_SIGNATURE,
                      msg->auth_verify.signature_len);
  if (msg->auth_verify.cert_len == 0 || msg->auth_verify.signature_len == 0)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID,
                           "AuthVerify (2): expected a certificate and a signature, found none");
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_auth_info (BlReader *r, BlAgentMsg *msg, GError **error)
{
  BlAgentAuthInfo *info = &msg->auth_info;
  info->info_version = bl_reader_u32be (r);
  info->agent_id = bl_reader_u32be (r);
  info->agent_version = bl_reader_u32be (r);
  info->platform = bl_reader_u32be (r);
  if (info->platform < BL_AGENT_PLATFORM_DESKTOP || info->platform > BL_AGENT_PLATFORM_VIRTUAL)
    info->platform = BL_AGENT_PLATFORM_DESKTOP;
  const guint8 *mesh_id = bl_reader_bytes (r, BL_ID48_SIZE);
  if (mesh_id)
    memcpy (info->mesh_id, mesh_id, BL_ID48_SIZE);
  info->capabilities = bl_reader_u32be (r);
  info->name = "";
  if (r->len != OLD_AUTH_INFO_SIZE)
    {
      info->name_len = bl_reader_u16be (r);
      info->name = (const char *)bl_reader_bytes (r, info->name_len);
    }
  if (!bl_reader_finish (r, "AuthInfo (3)", error))
    return FALSE;
  if (info->name_len > BL_AGENT_MAX_NAME)
    return too_large (error, "AuthInfo (3): computer name", BL_AGENT_MAX_NAME, info->name_len);
  /* The name ends up in documents and logs; a NUL would cut it there. */
  if (memchr (info->name, 0, info->name_len) || !bl_utf8_is_valid (info->name, info->name_len))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID,
                           "AuthInfo (3): expected a computer name in UTF-8");
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_text (BlReader *r, BlAgentMsg *msg, gsize max, const char *what, GError **error)
{
  msg->text.text = (const char *)bl_reader_rest (r, &msg->text.len);
  while (msg->text.len > 0 && msg->text.text[msg->text.len - 1] == '\0')
    msg->text.len--;
  return msg->text.len <= max || too_large (error, what, max, msg->text.len);
}

static BlAgentHashKind
classify_hash (const guint8 *hash)
{
  guint8 all = 0xFF, any = 0;
  for (gsize i = 0; i < BL_SHA384_SIZE; i++)
    {
      all &= hash[i];
      any |= hash[i];
    }
  return any == 0 ? BL_AGENT_HASH_ZERO : all == 0xFF ? BL_AGENT_HASH_ONES : BL_AGENT_HASH_VALUE;
}

static gboolean
parse_hash (BlReader *r, BlAgentMsg *msg, const char *what, GError **error)
{
  msg->request_id = bl_reader_u16be (r);
  if (bl_reader_remaining (r) > 0)
    {
      msg->hash.hash = bl_reader_bytes (r, BL_SHA384_SIZE);
      if (msg->hash.hash)
        msg->hash.kind = classify_hash (msg->hash.hash);
    }
  return bl_reader_finish (r, what, error);
}

static gboolean
parse_empty (BlReader *r, BlAgentMsg *msg, const char *what, GError **error)
{
  if (msg->command >= BL_AGENT_CORE_MODULE)
    msg->request_id = bl_reader_u16be (r);
  return bl_reader_finish (r, what, error);
}

static gboolean
parse_block (BlReader *r, BlAgentMsg *msg, const char *what, GError **error)
{
  msg->request_id = bl_reader_u16be (r);
  msg->block.data = bl_reader_rest (r, &msg->block.len);
  return bl_reader_finish (r, what, error);
}

static gboolean
parse_core (BlReader *r, BlAgentMsg *msg, const char *what, GError **error)
{
  msg->request_id = bl_reader_u16be (r);
  if (bl_reader_remaining (r) > 0)
    {
      msg->core.hash = bl_reader_bytes (r, BL_SHA384_SIZE);
      msg->core.data = bl_reader_rest (r, &msg->core.len);
    }
  if (!bl_reader_finish (r, what, error))
    return FALSE;
  return msg->core.len <= BL_CORE_MAX || too_large (error, what, BL_CORE_MAX, msg->core.len);
}

/* Reads the command. FALSE when there is none. */
static gboolean
begin (BlReader *r, gconstpointer data, gsize len, BlAgentMsg *msg, GError **error)
{
  memset (msg, 0, sizeof *msg);
  bl_reader_init (r, data, len);
  msg->command = bl_reader_u16be (r);
  if (!bl_reader_ok (r))
    return bl_reader_finish (r, "agent command", error);
  return TRUE;
}

static gboolean
unknown (const BlAgentMsg *msg, const char *from, GError **error)
{
  g_set_error (error, BL_ERROR, BL_ERROR_UNKNOWN, "unknown command %u from the %s", msg->command, from);
  return FALSE;
}

gboolean
bl_agent_msg_parse_from_agent (gconstpointer data, gsize len, BlAgentMsg *msg, GError **error)
{
  BlReader r;
  if (!begin (&r, data, len, msg, error))
    return FALSE;
  if (msg->command < BL_AGENT_CORE_MODULE && len > BL_AGENT_MAX_HANDSHAKE)
    return too_large (error, "handshake command", BL_AGENT_MAX_HANDSHAKE, len);
  switch (msg->command)
    {
    case BL_AGENT_AUTH_REQUEST:
      return parse_auth_request (&r, msg, error);
    case BL_AGENT_AUTH_VERIFY:
      return parse_auth_verify (&r, msg, error);
    case BL_AGENT_AUTH_INFO:
      return parse_auth_info (&r, msg, error);
    case BL_AGENT_AUTH_CONFIRM:
      return parse_empty (&r, msg, "AuthConfirm (4)", error);
    case BL_AGENT_SERVER_ID:
      msg->server_id = bl_reader_bytes (&r, BL_ID48_SIZE);
      return bl_reader_finish (&r, "ServerId (5)", error);
    case BL_AGENT_CORE_HASH:
      return parse_hash (&r, msg, "CoreModuleHash (11)", error);
    case BL_AGENT_AGENT_HASH:
      return parse_hash (&r, msg, "AgentHash (12)", error);
    case BL_AGENT_UPDATE_BLOCK:
      return parse_empty (&r, msg, "AgentUpdateBlock (14)", error);
    case BL_AGENT_TAG:
      return parse_text (&r, msg, BL_AGENT_MAX_TAG, "AgentTag (15)", error);
    case BL_AGENT_COMMIT_DATE:
      return parse_text (&r, msg, BL_AGENT_MAX_TEXT, "CommitDate (30)", error);
    case BL_AGENT_HOST_INFO:
      return parse_text (&r, msg, BL_AGENT_MAX_TEXT, "HostInfo (31)", error);
    default:
      if (msg->command >= BL_AGENT_SCRIPT_FIRST)
        return parse_block (&r, msg, "script command", error);
      return unknown (msg, "agent", error);
    }
}

gboolean
bl_agent_msg_parse_from_server (gconstpointer data, gsize len, BlAgentMsg *msg, GError **error)
{
  BlReader r;
  if (!begin (&r, data, len, msg, error))
    return FALSE;
  switch (msg->command)
    {
    case BL_AGENT_AUTH_REQUEST:
      return parse_auth_request (&r, msg, error);
    case BL_AGENT_AUTH_VERIFY:
      return parse_auth_verify (&r, msg, error);
    case BL_AGENT_AUTH_CONFIRM:
      return parse_empty (&r, msg, "AuthConfirm (4)", error);
    case BL_AGENT_CORE_MODULE:
      return parse_core (&r, msg, "CoreModule (10)", error);
    case BL_AGENT_COMPRESSED_CORE:
      return parse_core (&r, msg, "CompressedCoreModule (20)", error);
    case BL_AGENT_CORE_HASH:
      return parse_empty (&r, msg, "CoreModuleHash (11)", error);
    case BL_AGENT_AGENT_HASH:
      return parse_empty (&r, msg, "AgentHash (12)", error);
    case BL_AGENT_UPDATE:
      return parse_hash (&r, msg, "AgentUpdate (13)", error);
    case BL_AGENT_UPDATE_BLOCK:
      if (len > BL_AGENT_UPDATE_BLOCK_SIZE + 4)
        return too_large (error, "AgentUpdateBlock (14)", BL_AGENT_UPDATE_BLOCK_SIZE + 4, len);
      return parse_block (&r, msg, "AgentUpdateBlock (14)", error);
    case BL_AGENT_CORE_OK:
      return parse_empty (&r, msg, "CoreOk (16)", error);
    default:
      if (msg->command >= BL_AGENT_SCRIPT_FIRST)
        return parse_block (&r, msg, "script command", error);
      return unknown (msg, "server", error);
    }
}

/* --- writers --- */

static void
start (BlWriter *w, BlAgentCommand command, gsize reserve)
{
  bl_writer_init (w, reserve + 4);
  bl_writer_u16be (w, (guint16)command);
}

static void
start_request (BlWriter *w, BlAgentCommand command, guint16 request_id, gsize reserve)
{
  start (w, command, reserve);
  bl_writer_u16be (w, request_id);
}

GBytes *
bl_agent_write_auth_request (const guint8 *web_hash, const guint8 *nonce)
{
  BlWriter w;
  start (&w, BL_AGENT_AUTH_REQUEST, 96);
  bl_writer_bytes (&w, web_hash, BL_SHA384_SIZE);
  bl_writer_bytes (&w, nonce, BL_SHA384_SIZE);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_auth_verify (gconstpointer cert, gsize cert_len, gconstpointer signature, gsize signature_len)
{
  BlWriter w;
  g_return_val_if_fail (cert_len <= BL_AGENT_MAX_CERT && signature_len <= BL_AGENT_MAX_SIGNATURE, NULL);
  start (&w, BL_AGENT_AUTH_VERIFY, cert_len + signature_len);
  bl_writer_u16be (&w, (guint16)cert_len);
  bl_writer_bytes (&w, cert, cert_len);
  bl_writer_bytes (&w, signature, signature_len);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_auth_info (const BlAgentAuthInfo *info)
{
  BlWriter w;
  gsize name_len = bl_utf8_valid_prefix (info->name, MIN (info->name_len, BL_AGENT_MAX_NAME));
  start (&w, BL_AGENT_AUTH_INFO, OLD_AUTH_INFO_SIZE + name_len);
  bl_writer_u32be (&w, info->info_version);
  bl_writer_u32be (&w, info->agent_id);
  bl_writer_u32be (&w, info->agent_version);
  bl_writer_u32be (&w, info->platform);
  bl_writer_bytes (&w, info->mesh_id, BL_ID48_SIZE);
  bl_writer_u32be (&w, info->capabilities);
  bl_writer_u16be (&w, (guint16)name_len);
  bl_writer_bytes (&w, info->name, name_len);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_auth_confirm (void)
{
  BlWriter w;
  start (&w, BL_AGENT_AUTH_CONFIRM, 0);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_server_id (const guint8 *server_id)
{
  BlWriter w;
  start (&w, BL_AGENT_SERVER_ID, BL_ID48_SIZE);
  bl_writer_bytes (&w, server_id, BL_ID48_SIZE);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_tag (const char *tag)
{
  BlWriter w;
  gsize len = strlen (tag);
  start (&w, BL_AGENT_TAG, len);
  bl_writer_bytes (&w, tag, MIN (len, BL_AGENT_MAX_TAG));
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_text (BlAgentCommand command, const char *text)
{
  BlWriter w;
  gsize len = strlen (text);
  start (&w, command, len);
  bl_writer_bytes (&w, text, MIN (len, BL_AGENT_MAX_TEXT));
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_hash (BlAgentCommand command, guint16 request_id, const guint8 *hash)
{
  BlWriter w;
  start_request (&w, command, request_id, BL_SHA384_SIZE);
  if (hash)
    bl_writer_bytes (&w, hash, BL_SHA384_SIZE);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_core_clear (void)
{
  BlWriter w;
  start_request (&w, BL_AGENT_CORE_MODULE, 0, 0);
  return bl_writer_end (&w);
}

static GBytes *
write_core (BlAgentCommand command, const guint8 *hash, gconstpointer data, gsize len)
{
  BlWriter w;
  g_return_val_if_fail (len <= BL_CORE_MAX, NULL);
  start_request (&w, command, 0, BL_SHA384_SIZE + len);
  bl_writer_bytes (&w, hash, BL_SHA384_SIZE);
  bl_writer_bytes (&w, data, len);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_core (GBytes *package)
{
  guint8 hash[BL_SHA384_SIZE];
  gsize len;
  gconstpointer data = g_bytes_get_data (package, &len);
  bl_sha384 (data, len, hash);
  return write_core (BL_AGENT_CORE_MODULE, hash, data, len);
}

GBytes *
bl_agent_write_core_deflated (const guint8 *hash, gconstpointer deflated, gsize len)
{
  return write_core (BL_AGENT_COMPRESSED_CORE, hash, deflated, len);
}

GBytes *
bl_agent_write_core_ok (void)
{
  BlWriter w;
  start_request (&w, BL_AGENT_CORE_OK, 0, 0);
  return bl_writer_end (&w);
}

GBytes *
bl_agent_write_update_block (guint16 request_id, gconstpointer data, gsize len)
{
  BlWriter w;
  g_return_val_if_fail (len <= BL_AGENT_UPDATE_BLOCK_SIZE, NULL);
  start_request (&w, BL_AGENT_UPDATE_BLOCK, request_id, len);
  bl_writer_bytes (&w, data, len);
  return bl_writer_end (&w);
}

#define CORE_PREFIX 4

GBytes *
bl_core_package (gconstpointer script, gsize len)
{
  BlWriter w;
  g_return_val_if_fail (len <= BL_CORE_MAX - CORE_PREFIX, NULL);
  bl_writer_init (&w, len + CORE_PREFIX);
  bl_writer_zeros (&w, CORE_PREFIX);
  bl_writer_bytes (&w, script, len);
  return bl_writer_end (&w);
}

gboolean
bl_core_package_open (const guint8 *package,
                      gsize len,
                      const guint8 *hash,
                      const char **script,
                      gsize *script_len,
                      GError **error)
{
  guint8 found[BL_SHA384_SIZE];
  if (len < CORE_PREFIX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "core package: expected at least 4 bytes, found %" G_GSIZE_FORMAT, len);
      return FALSE;
    }
  bl_sha384 (package, len, found);
  if (!bl_equal_ct (found, hash, sizeof found))
    {
      g_autofree char *expected_hex = bl_hex_encode (hash, 8, FALSE);
      g_autofree char *found_hex = bl_hex_encode (found, 8, FALSE);
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "core package: expected hash %s..., found %s...",
                   expected_hex, found_hex);
      return FALSE;
    }
  *script = (const char *)package + CORE_PREFIX;
  *script_len = len - CORE_PREFIX;
  return TRUE;
}
