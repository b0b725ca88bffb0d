// SPDX-License-Identifier: Apache-2.0
// BlAgentChannel: the agent's one connection to its server: finds it, proves both ends (agent-channel section 3), keeps it
// alive and comes back with growing delays. Until the server has signed with the key the settings name, nothing but the
// handshake is sent or taken.
#pragma once

#include "bl-agent-identity.h"
#include "common/bl-agent-msg.h"
#include "common/bl-msh.h"
#include "common/bl-ws-frame.h"

G_BEGIN_DECLS

#define BL_AGENT_IDLE_SECONDS 120 // ping after this long without input
#define BL_AGENT_PONG_SECONDS 5
#define BL_AGENT_PATIENCE_SECONDS 10 // then people are told that the handshake is held
#define BL_AGENT_HOLD_SECONDS 600 // how long a server that does not answer the handshake is waited for

#define BL_AGENT_RETRY_MS 500         // about the first wait after an attempt that failed
#define BL_AGENT_RETRY_MAX_MS 240000  // what the waits grow to

typedef struct _BlAgentChannel BlAgentChannel;

typedef struct
{
  BlMsh *msh;                // borrowed; outlives the channel
  BlAgentIdentity *identity; // borrowed
  const char *state_dir;
  const char *version;       // reported as the build's date and name
  const char *host_info;     // "Debian GNU/Linux 12 (bookworm) - x64"
  const char *name;          // computer name
  guint32 agent_id;          // architecture number
  guint32 platform;          // BlAgentPlatform
  guint32 capabilities;      // BlAgentCaps
  guint32 retry_ms;          // milliseconds; 0: BL_AGENT_RETRY_MS
  guint32 retry_max_ms;      // milliseconds; 0: BL_AGENT_RETRY_MAX_MS
} BlAgentChannelOptions;

typedef struct
{
  void (*connected) (gpointer user_data);
  void (*disconnected) (gpointer user_data);
  // A JSON message of the proven server, a{sv}.
  void (*json) (GVariant *message, gpointer user_data);
  // A numbered command of 10 or higher.
  void (*command) (const BlAgentMsg *message, gpointer user_data);
  // One line for people: why it is not connected, or that it is. Called when it changes.
  void (*status) (const char *text, gboolean good, gpointer user_data);
} BlAgentChannelEvents;

/** EVENTS is static. Returns: (transfer full), or %NULL with an error when the settings lack or garble something. */
BlAgentChannel *bl_agent_channel_new (const BlAgentChannelOptions *options, const BlAgentChannelEvents *events,
                                      gpointer user_data, GError **error);
void bl_agent_channel_free (BlAgentChannel *channel);
/** Begins to connect; it goes on until it is freed. */
void bl_agent_channel_start (BlAgentChannel *channel);

/**
 * The network may be another one, or the machine has slept: a connection from an address that is gone ends, another one is
 * tried by a ping, and an attempt that waits for its turn is made now. The caller bounds how often.
 */
void bl_agent_channel_look (BlAgentChannel *channel);

gboolean bl_agent_channel_is_connected (BlAgentChannel *channel);
/** Sends JSON text. Returns: %FALSE while not connected. */
gboolean bl_agent_channel_send_json (BlAgentChannel *channel, GVariant *message);
/** Sends a frame as it is. */
gboolean bl_agent_channel_send (BlAgentChannel *channel, BlWsOpcode opcode, GBytes *frame);

/** Returns: (transfer none) (nullable): the URL of the server in use */
const char *bl_agent_channel_get_url (BlAgentChannel *channel);
/** Returns: (transfer none) (nullable): 48 bytes: hash of the certificate the proven server shows on this channel */
const guint8 *bl_agent_channel_get_certificate_hash (BlAgentChannel *channel);
/** Returns: (transfer none) (nullable): http://host:port of the proxy in use */
const char *bl_agent_channel_get_proxy (BlAgentChannel *channel);
/** Returns: (transfer full) (nullable): TLS session for a tunnel to the same server */
GBytes *bl_agent_channel_dup_session (BlAgentChannel *channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentChannel, bl_agent_channel_free)

G_END_DECLS
