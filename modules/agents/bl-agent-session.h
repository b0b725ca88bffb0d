// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentSession: one socket of a device, from its opening to its end: the handshake, the core script, and what the
 * device says afterwards (agent-channel.md). Main context; RSA work runs in the worker pool.
 */
#pragma once

#include "bl-agent-update.h"
#include "bl-agents.h"
#include "common/bl-agent-msg.h"
#include "common/bl-rate.h"

G_BEGIN_DECLS

/** What is needed until the device is authenticated, and freed then. */
typedef struct _BlAgentHandshake BlAgentHandshake;

typedef enum
{
  BL_AGENT_STATE_HANDSHAKE,
  BL_AGENT_STATE_ADMISSION, /* verified; its document is being stored */
  BL_AGENT_STATE_HELD,      /* refused, silent */
  BL_AGENT_STATE_READY,     /* authenticated */
  BL_AGENT_STATE_CLOSED,
} BlAgentState;

struct _BlAgentSession
{
  gint ref_count;
  BowlineHost *host;
  BlAgents *agents;         /* NULL once closed */
  BowlineWebSocket *socket; /* NULL once closed */
  BlAgentHandshake *handshake;
  char *node_id;            /* once verified */
  char *address;
  GList link;               /* in agents->sessions */
  BlAgentDeadline deadline;
  BlAgentUpdate *update;    /* while its program is looked at or replaced */
  BlAgentCore *custom_core; /* with BL_AGENT_CORE_CUSTOM */
  gint64 commit_ms;         /* date of its program, 0 when it did not say */
  BlRate messages;
  BlRate bytes;
  guint32 agent_id;
  guint32 caps;             /* as it said in its handshake */
  guint32 console_hash;     /* last console text */
  guint16 paced;            /* seconds in a row it was slowed down */
  guint8 state;             /* BlAgentState */
  guint8 core_kind;         /* BlAgentCoreKind */
  guint8 console_repeats;
  guint8 pushes;            /* core scripts sent on this connection */
  guint8 temporary : 1;     /* its document goes with its connection */
  guint8 entered : 1;       /* is in agents->connected, or was replaced there */
  guint8 stable : 1;        /* command 16 was sent */
  guint8 spoke : 1;         /* the running core sent coreinfo */
  guint8 fallback : 1;      /* the current core does not run there */
  guint8 coreless : 1;      /* gets no core on this connection */
  guint8 own : 1;           /* it is a bowline-agent, and has another program than MeshAgents of its number */
  guint8 recovery : 1;      /* a recovery agent: never a device */
  guint8 is_paced : 1;
};

/** Called for a new socket. @request: for its address and certificate; not kept */
void bl_agent_session_open (BlAgents *agents, BowlineWebSocket *socket, BowlineHttpRequest *request);

BlAgentSession *bl_agent_session_ref (BlAgentSession *session);
void bl_agent_session_unref (BlAgentSession *session);

/** @message: (transfer full) */
void bl_agent_session_send (BlAgentSession *session, GBytes *message);
/** Sends a{sv} as JSON. @message: (transfer floating) */
void bl_agent_session_send_json (BlAgentSession *session, GVariant *message);
void bl_agent_session_close (BlAgentSession *session, guint32 code, const char *reason);
/** Ends at once; nothing is called any more. For the end of the module. */
void bl_agent_session_detach (BlAgentSession *session);
/** Refuses without a word; see bl_agents_hold(). */
void bl_agent_session_hold (BlAgentSession *session, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* bl-agent-handshake.c */
BlAgentHandshake *bl_agent_handshake_new (BlAgents *agents, BowlineHttpRequest *request);
void bl_agent_handshake_free (BlAgentHandshake *handshake);
/** A message before authentication. */
void bl_agent_handshake_message (BlAgentSession *session, GBytes *message);
const BlAgentAuthInfo *bl_agent_handshake_get_info (BlAgentHandshake *handshake);
/** Returns: (transfer none) (nullable): the name from `agentName` */
const char *bl_agent_handshake_get_agent_name (BlAgentHandshake *handshake);

/* bl-agent-admission.c */
/** The device is who it says: let it in, or hold it. Ends the handshake. */
void bl_agent_admission_begin (BlAgentSession *session);
/** Removes all a temporary device left. */
void bl_agent_admission_forget (BlAgentSession *session);

/* bl-agent-orphan.c */
/** Makes the group @mesh_id that a device names, if the setting allows it; admission begins again then. Returns: FALSE when
 * it is not to be made */
gboolean bl_agent_orphan_adopt (BlAgentSession *session, const char *mesh_id);

/* bl-agent-push.c */
/** After authentication: asks for the hash of the device's core. */
void bl_agent_push_begin (BlAgentSession *session);
/** Somebody wants another core there. @custom: (nullable): with BL_AGENT_CORE_CUSTOM, the one */
void bl_agent_push_order (BlAgentSession *session, BlAgentCoreKind kind, BlAgentCore *custom);
/** The device's answer 11. */
void bl_agent_push_hash (BlAgentSession *session, const BlAgentMsg *message);
/** It sent coreinfo: its core runs. */
void bl_agent_push_spoke (BlAgentSession *session);
/** It did not, in time. */
void bl_agent_push_mute (BlAgentSession *session);

/* bl-agent-report.c */
/** A JSON message of an authenticated device. */
void bl_agent_report_message (BlAgentSession *session, const char *text, gsize length);
/** Command 15. */
void bl_agent_report_tag (BlAgentSession *session, const char *text, gsize length);
/** Tells everybody that the device's document changed. @what: (nullable): names of changes worth keeping */
void bl_agent_report_changed (BlAgentSession *session, const char *what);
/** No core runs there any more. */
void bl_agent_report_no_core (BlAgentSession *session);
/** Tells its core what it should know about this server. */
void bl_agent_report_greet (BlAgentSession *session);
/** Asks for system information, unless it is what we have. */
void bl_agent_report_ask_sysinfo (BlAgentSession *session);

G_END_DECLS
