// SPDX-License-Identifier: Apache-2.0
/**
 * BlFakeAgent: the device's side of the agent channel, without a transport: messages in, messages out. Tests connect
 * it to a fake socket, the load generator to thousands of real ones. One thread.
 */
#pragma once

#include "bl-fake-identity.h"
#include "common/bl-agent-msg.h"

G_BEGIN_DECLS

/** Borrowed during the life of the agent. */
typedef struct
{
  BlFakeIdentity *identity;
  const guint8 *web_hash;  /* 48: hash of the TLS certificate it sees */
  const guint8 *server_id; /* 48 */
  const guint8 *mesh_id;   /* 48 */
  const char *name;        /* computer name */
  const char *agent_name;  /* (nullable) */
  guint32 agent_id;
  guint32 caps;
  gboolean known;          /* it knows the server's certificate: sends 4, wants no signature */
  gboolean info_first;     /* sends 3 together with 4 and 1 */
  gboolean pkcs7;          /* signs as Windows does */
  gboolean mute;           /* its core never speaks */
  gboolean bad_signature;
  gboolean old_info;           /* AuthInfo without a computer name, of 70 bytes */
  gboolean no_date;            /* as agents before command 30 */
  const char *date;            /* (nullable): another date of its program */
  const char *tag;             /* (nullable) */
  const guint8 *program_hash;  /* (nullable): what it answers to 12; without, it does not answer */
  guint stall_after;           /* takes so many blocks of a new program, then no more; 0: all */
} BlFakeAgentOptions;

typedef struct _BlFakeAgent BlFakeAgent;

/** @message: (transfer none) */
typedef void (*BlFakeAgentSend) (GBytes *message, gpointer user_data);

BlFakeAgent *bl_fake_agent_new (const BlFakeAgentOptions *options, BlFakeAgentSend send, gpointer user_data);
void bl_fake_agent_free (BlFakeAgent *agent);
/** The socket is open: sends the first messages. */
void bl_fake_agent_start (BlFakeAgent *agent);
/** A message of the server. */
void bl_fake_agent_receive (BlFakeAgent *agent, gconstpointer data, gsize size);
void bl_fake_agent_send_json (BlFakeAgent *agent, const char *json);

gboolean bl_fake_agent_is_authenticated (BlFakeAgent *agent);
/** The server's signature was there and right. */
gboolean bl_fake_agent_trusts_server (BlFakeAgent *agent);
/** Command 16 came. */
gboolean bl_fake_agent_is_stable (BlFakeAgent *agent);
/** Cores received: pushed, and of these compressed. */
guint bl_fake_agent_get_pushes (BlFakeAgent *agent);
guint bl_fake_agent_get_compressed (BlFakeAgent *agent);
guint bl_fake_agent_get_clears (BlFakeAgent *agent);
/** Returns: (transfer none) (nullable): the script it has */
const char *bl_fake_agent_get_script (BlFakeAgent *agent);
/** The core it has from an earlier connection. */
void bl_fake_agent_set_core (BlFakeAgent *agent, const guint8 *hash);
/** Returns: (transfer none): JSON messages received */
GPtrArray *bl_fake_agent_get_json (BlFakeAgent *agent);
/** Returns: (transfer none): what it received of a new program */
GByteArray *bl_fake_agent_get_program (BlFakeAgent *agent);
/** The program came whole: its SHA-384 is the one the server named. */
gboolean bl_fake_agent_has_program (BlFakeAgent *agent);
/** Returns: (transfer none) (nullable): what went wrong in its eyes */
const char *bl_fake_agent_get_problem (BlFakeAgent *agent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFakeAgent, bl_fake_agent_free)

G_END_DECLS
