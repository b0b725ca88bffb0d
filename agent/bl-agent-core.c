// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-core.h"

#include "common/bl-hash.h"

#include <string.h>

#define HASH_FILE "core.hash" // of the core the server pushed last

struct _BlAgentCore
{
  BlAgentChannel *channel;
  char *hash_path;
  guint8 hash[BL_SHA384_SIZE];
  gboolean has_hash;
};

BlAgentCore *
bl_agent_core_new (BlAgentChannel *channel, BlMsh *msh, BlAgentIdentity *identity, const char *state_dir, GError **error)
{
  BlAgentCore *core = g_new0 (BlAgentCore, 1);
  g_autofree char *text = NULL;
  gsize length;
  core->channel = channel;
  core->hash_path = g_build_filename (state_dir, HASH_FILE, NULL);
  core->has_hash = g_file_get_contents (core->hash_path, &text, &length, NULL)
                   && bl_hex_decode (text, length, core->hash, sizeof core->hash);
  return core;
}

void
bl_agent_core_free (BlAgentCore *core)
{
  if (core == NULL)
    return;
  g_free (core->hash_path);
  g_free (core);
}

static void
send_frame (BlAgentCore *core, GBytes *frame)
{
  bl_agent_channel_send (core->channel, BL_WS_BINARY, frame);
  g_bytes_unref (frame);
}

static void
answer_core_hash (BlAgentCore *core, guint16 request_id)
{
  send_frame (core, bl_agent_write_hash (BL_AGENT_CORE_HASH, request_id, core->has_hash ? core->hash : NULL));
}

static void
keep_core (BlAgentCore *core, const BlAgentMsg *message)
{
  g_autoptr (GError) error = NULL;
  core->has_hash = message->core.hash != NULL;
  if (core->has_hash)
    memcpy (core->hash, message->core.hash, sizeof core->hash);
  g_autofree char *hex = core->has_hash ? bl_hex_encode (core->hash, sizeof core->hash, FALSE) : g_strdup ("");
  if (!g_file_set_contents_full (core->hash_path, hex, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_warning ("the core's hash is not kept: %s", error->message);
  answer_core_hash (core, message->request_id);
}

void
bl_agent_core_command (BlAgentCore *core, const BlAgentMsg *message)
{
  static const guint8 no_updates[BL_SHA384_SIZE];
  switch (message->command)
    {
    case BL_AGENT_CORE_MODULE:
    case BL_AGENT_COMPRESSED_CORE:
      keep_core (core, message);
      break;
    case BL_AGENT_CORE_HASH:
      answer_core_hash (core, message->request_id);
      break;
    case BL_AGENT_AGENT_HASH:
      // Zero says that updates come another way: this program belongs to the package manager.
      send_frame (core, bl_agent_write_hash (BL_AGENT_AGENT_HASH, message->request_id, no_updates));
      break;
    default:
      break;
    }
}

void
bl_agent_core_json (BlAgentCore *core, GVariant *message)
{
}

void
bl_agent_core_set_connected (BlAgentCore *core, gboolean connected)
{
}
