// SPDX-License-Identifier: Apache-2.0
/* An invented device. */
#include "bl-fake-agent.h"

#include <gio/gio.h>
#include <string.h>

#include "common/bl-ids.h"

#define MAX_JSON_KEPT 1000u

struct _BlFakeAgent
{
  BlFakeAgentOptions options;
  BlFakeAgentSend send;
  gpointer user_data;
  guint8 nonce[BL_SHA384_SIZE];
  guint8 server_nonce[BL_SHA384_SIZE];
  guint8 core_hash[BL_SHA384_SIZE];
  char *script;
  char *problem;
  GPtrArray *json;
  GByteArray *program;
  guint blocks;
  gboolean has_program;
  guint pushes, compressed, clears;
  gboolean has_core, sent_info, trusts, authenticated, stable;
};

BlFakeAgent *
bl_fake_agent_new (const BlFakeAgentOptions *options, BlFakeAgentSend send, gpointer user_data)
{
  BlFakeAgent *agent = g_new0 (BlFakeAgent, 1);

  agent->options = *options;
  agent->send = send;
  agent->user_data = user_data;
  agent->json = g_ptr_array_new_with_free_func (g_free);
  agent->program = g_byte_array_new ();
  bl_random_bytes (agent->nonce, sizeof agent->nonce);
  return agent;
}

void
bl_fake_agent_free (BlFakeAgent *agent)
{
  g_ptr_array_unref (agent->json);
  g_byte_array_unref (agent->program);
  g_free (agent->script);
  g_free (agent->problem);
  g_free (agent);
}

static void
send_take (BlFakeAgent *agent, GBytes *message)
{
  agent->send (message, agent->user_data);
  g_bytes_unref (message);
}

void
bl_fake_agent_send_json (BlFakeAgent *agent, const char *json)
{
  send_take (agent, g_bytes_new (json, strlen (json)));
}

static void
send_info (BlFakeAgent *agent)
{
  BlAgentAuthInfo info = {
    .info_version = 1,
    .agent_id = agent->options.agent_id,
    .platform = BL_AGENT_PLATFORM_DESKTOP,
    .capabilities = agent->options.caps,
    .name = agent->options.name,
    .name_len = strlen (agent->options.name),
  };
  g_autofree char *json = NULL;

  if (agent->sent_info)
    return;
  agent->sent_info = TRUE;
  if (agent->options.agent_name != NULL)
    {
      json = g_strdup_printf ("{\"action\":\"agentName\",\"value\":\"%s\"}", agent->options.agent_name);
      bl_fake_agent_send_json (agent, json);
    }
  memcpy (info.mesh_id, agent->options.mesh_id, BL_ID48_SIZE);
  if (agent->options.old_info)
    {
      g_autoptr (GBytes) whole = bl_agent_write_auth_info (&info);
      send_take (agent, g_bytes_new_from_bytes (whole, 0, 70));
      return;
    }
  send_take (agent, bl_agent_write_auth_info (&info));
}

void
bl_fake_agent_start (BlFakeAgent *agent)
{
  const char *date = agent->options.date != NULL ? agent->options.date : "2022-Nov-2 23:01:45-0700";

  if (!agent->options.no_date)
    {
      send_take (agent, bl_agent_write_text (BL_AGENT_COMMIT_DATE, date));
      send_take (agent, bl_agent_write_text (BL_AGENT_HOST_INFO, "Debian GNU/Linux 12 (bookworm) - x64"));
    }
  send_take (agent, bl_agent_write_server_id (agent->options.server_id));
  if (agent->options.known)
    send_take (agent, bl_agent_write_auth_confirm ());
  send_take (agent, bl_agent_write_auth_request (agent->options.web_hash, agent->nonce));
  if (agent->options.info_first)
    send_info (agent);
}

static void
fail (BlFakeAgent *agent, const char *problem)
{
  if (agent->problem == NULL)
    agent->problem = g_strdup (problem);
}

static void
take_request (BlFakeAgent *agent, const BlAgentMsg *message)
{
  const BlSlice parts[] = {
    { agent->options.web_hash, BL_SHA384_SIZE },
    { agent->server_nonce, BL_SHA384_SIZE },
    { agent->nonce, BL_SHA384_SIZE },
  };
  BlFakeIdentity *identity = agent->options.identity;
  g_autoptr (GBytes) signature = NULL;
  gconstpointer certificate, data;
  gsize certificate_size, size;

  if (memcmp (message->auth_request.web_hash, agent->options.web_hash, BL_SHA384_SIZE) != 0)
    fail (agent, "the server echoes another web hash");
  memcpy (agent->server_nonce, message->auth_request.nonce, BL_SHA384_SIZE);
  /* A wrong signature is one over something else. */
  signature = (agent->options.pkcs7 ? bl_fake_identity_sign_pkcs7
                                    : bl_fake_identity_sign) (identity, parts, agent->options.bad_signature ? 2 : 3);
  certificate = g_bytes_get_data (identity->certificate, &certificate_size);
  data = g_bytes_get_data (signature, &size);
  send_take (agent, bl_agent_write_auth_verify (certificate, certificate_size, data, size));
}

static void
take_verify (BlFakeAgent *agent, const BlAgentMsg *message)
{
  const BlSlice parts[] = {
    { agent->options.web_hash, BL_SHA384_SIZE },
    { agent->nonce, BL_SHA384_SIZE },
    { agent->server_nonce, BL_SHA384_SIZE },
  };
  guint8 hash[BL_SHA384_SIZE];

  if (!bl_keyhash (message->auth_verify.cert, message->auth_verify.cert_len, hash, NULL)
      || memcmp (hash, agent->options.server_id, sizeof hash) != 0)
    fail (agent, "the server has another id");
  else if (!bl_agent_verify (message->auth_verify.cert, message->auth_verify.cert_len, parts, G_N_ELEMENTS (parts),
                             message->auth_verify.signature, message->auth_verify.signature_len, NULL, NULL))
    fail (agent, "the server's signature is wrong");
  else
    {
      agent->trusts = TRUE;
      send_info (agent);
    }
}

static void
send_core_hash (BlFakeAgent *agent)
{
  send_take (agent, bl_agent_write_hash (BL_AGENT_CORE_HASH, 0, agent->has_core ? agent->core_hash : NULL));
}

static void
send_core_info (BlFakeAgent *agent)
{
  if (!agent->options.mute)
    bl_fake_agent_send_json (agent, "{\"action\":\"coreinfo\",\"value\":\"Fake core\",\"caps\":23,\"osdesc\":\"Fake OS\","
                                    "\"root\":true}");
}

static GBytes *
inflate (gconstpointer data, gsize size)
{
  g_autoptr (GZlibDecompressor) decompressor = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW);
  g_autoptr (GInputStream) memory = g_memory_input_stream_new_from_data (data, (gssize) size, NULL);
  g_autoptr (GInputStream) stream = g_converter_input_stream_new (memory, G_CONVERTER (decompressor));

  return g_input_stream_read_bytes (stream, BL_CORE_MAX, NULL, NULL);
}

static void
take_core (BlFakeAgent *agent, const BlAgentMsg *message)
{
  g_autoptr (GBytes) package = NULL;
  const char *script;
  gsize size, script_size;
  gconstpointer data;

  g_clear_pointer (&agent->script, g_free);
  agent->has_core = FALSE;
  agent->stable = FALSE;
  if (message->core.hash == NULL)
    {
      agent->clears++;
      send_core_hash (agent);
      return;
    }
  agent->pushes++;
  if (message->command == BL_AGENT_COMPRESSED_CORE)
    {
      agent->compressed++;
      package = inflate (message->core.data, message->core.len);
    }
  else
    package = g_bytes_new (message->core.data, message->core.len);
  if (package == NULL)
    {
      fail (agent, "the core cannot be inflated");
      return;
    }
  data = g_bytes_get_data (package, &size);
  if (!bl_core_package_open (data, size, message->core.hash, &script, &script_size, NULL))
    {
      fail (agent, "the core has another hash");
      return;
    }
  agent->script = g_strndup (script, script_size);
  memcpy (agent->core_hash, message->core.hash, sizeof agent->core_hash);
  agent->has_core = TRUE;
  /* A new core starts, and may speak, before its hash is confirmed. */
  send_core_info (agent);
  send_core_hash (agent);
}

static void
take_update (BlFakeAgent *agent, const BlAgentMsg *message)
{
  guint8 hash[BL_SHA384_SIZE];

  if (message->hash.kind == BL_AGENT_HASH_NONE)
    {
      g_byte_array_set_size (agent->program, 0);
      agent->blocks = 0;
      return;
    }
  bl_sha384 (agent->program->data, agent->program->len, hash);
  agent->has_program = memcmp (hash, message->hash.hash, sizeof hash) == 0;
}

static void
take_block (BlFakeAgent *agent, const BlAgentMsg *message)
{
  g_byte_array_append (agent->program, message->block.data, (guint) message->block.len);
  agent->blocks++;
  if (agent->options.stall_after == 0 || agent->blocks < agent->options.stall_after)
    send_take (agent, bl_agent_write_update_block (message->request_id, NULL, 0));
}

static void
take_command (BlFakeAgent *agent, const BlAgentMsg *message)
{
  switch (message->command)
    {
    case BL_AGENT_AUTH_REQUEST:
      take_request (agent, message);
      break;
    case BL_AGENT_AUTH_VERIFY:
      take_verify (agent, message);
      break;
    case BL_AGENT_AUTH_CONFIRM:
      agent->authenticated = TRUE;
      send_take (agent, bl_agent_write_tag (agent->options.tag != NULL ? agent->options.tag : ""));
      break;
    case BL_AGENT_CORE_HASH:
      send_core_hash (agent);
      break;
    case BL_AGENT_CORE_MODULE:
    case BL_AGENT_COMPRESSED_CORE:
      take_core (agent, message);
      break;
    case BL_AGENT_AGENT_HASH:
      if (agent->options.program_hash != NULL)
        send_take (agent, bl_agent_write_hash (BL_AGENT_AGENT_HASH, message->request_id, agent->options.program_hash));
      break;
    case BL_AGENT_UPDATE:
      take_update (agent, message);
      break;
    case BL_AGENT_UPDATE_BLOCK:
      take_block (agent, message);
      break;
    case BL_AGENT_CORE_OK:
      if (!agent->stable && agent->script == NULL)
        send_core_info (agent);
      agent->stable = TRUE;
      break;
    default:
      break;
    }
}

void
bl_fake_agent_receive (BlFakeAgent *agent, gconstpointer data, gsize size)
{
  BlAgentMsg message;

  if (bl_agent_msg_is_json (data, size))
    {
      if (agent->json->len < MAX_JSON_KEPT)
        g_ptr_array_add (agent->json, g_strndup (data, size));
    }
  else if (bl_agent_msg_parse_from_server (data, size, &message, NULL))
    take_command (agent, &message);
  else
    fail (agent, "the server sends something malformed");
}

gboolean
bl_fake_agent_is_authenticated (BlFakeAgent *agent)
{
  return agent->authenticated;
}

gboolean
bl_fake_agent_trusts_server (BlFakeAgent *agent)
{
  return agent->trusts;
}

gboolean
bl_fake_agent_is_stable (BlFakeAgent *agent)
{
  return agent->stable;
}

guint
bl_fake_agent_get_pushes (BlFakeAgent *agent)
{
  return agent->pushes;
}

guint
bl_fake_agent_get_compressed (BlFakeAgent *agent)
{
  return agent->compressed;
}

guint
bl_fake_agent_get_clears (BlFakeAgent *agent)
{
  return agent->clears;
}

const char *
bl_fake_agent_get_script (BlFakeAgent *agent)
{
  return agent->script;
}

void
bl_fake_agent_set_core (BlFakeAgent *agent, const guint8 *hash)
{
  agent->has_core = TRUE;
  memcpy (agent->core_hash, hash, sizeof agent->core_hash);
}

GPtrArray *
bl_fake_agent_get_json (BlFakeAgent *agent)
{
  return agent->json;
}

GByteArray *
bl_fake_agent_get_program (BlFakeAgent *agent)
{
  return agent->program;
}

gboolean
bl_fake_agent_has_program (BlFakeAgent *agent)
{
  return agent->has_program;
}

const char *
bl_fake_agent_get_problem (BlFakeAgent *agent)
{
  return agent->problem;
}
