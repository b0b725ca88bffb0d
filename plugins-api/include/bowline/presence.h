/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "presence" of the agent: the person in front of the device. One plugin provides it: it shows who
 * works on the device, asks before a session starts where that is demanded, and lets the person end sessions.
 *
 * The agent decides what is demanded (server, viewer and the device's own settings added up, see relay-tunnel section 3) and what
 * a missing answer means; the plugin only asks and shows. Without such a plugin, sessions that demand a question are refused.
 * Main context.
 */
#ifndef BOWLINE_PRESENCE_H
#define BOWLINE_PRESENCE_H

#include <bowline/agent.h>

G_BEGIN_DECLS

typedef struct _BowlineConsent BowlineConsent;

/* What a session demands: BowlineConsentInfo.needs */
#define BOWLINE_CONSENT_NOTIFY 1u /* say that it starts; answer at once */
#define BOWLINE_CONSENT_PROMPT 2u /* ask, and answer with what the person says */
#define BOWLINE_CONSENT_BAR 4u    /* show a bar while it lasts */

/* Answers */
#define BOWLINE_CONSENT_ALLOW 1u
#define BOWLINE_CONSENT_DENY 2u
#define BOWLINE_CONSENT_NOBODY 3u /* nobody is logged in, or nothing can show the question */
#define BOWLINE_CONSENT_LOCKED 4u /* the screen is locked */

typedef struct
{
  guint32 struct_size;
  guint32 needs;       /* BOWLINE_CONSENT_* */
  guint32 timeout;     /* seconds until the agent decides without an answer */
  guint32 reserved;
  const char *title;   /* (nullable): set by an administrator of the server */
  const char *message; /* (nullable): likewise, names filled in; plain text, at most 1024 bytes */
} BowlineConsentInfo;

BOWLINE_AVAILABLE_IN_1_0 BowlineConsent *bowline_consent_ref (BowlineConsent *consent);
BOWLINE_AVAILABLE_IN_1_0 void bowline_consent_unref (BowlineConsent *consent);
/** Fills @info up to its struct_size; strings are borrowed, valid with the consent. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_consent_get_info (BowlineConsent *consent, BowlineConsentInfo *info);
/** Returns: (transfer none): the session that waits; who is behind it says bowline_tunnel_get_info(). */
BOWLINE_AVAILABLE_IN_1_0 BowlineTunnel *bowline_consent_get_tunnel (BowlineConsent *consent);
/** Answers once; later answers, and answers after `withdrawn`, do nothing. @answer: BOWLINE_CONSENT_ALLOW, ... */
BOWLINE_AVAILABLE_IN_1_0 void bowline_consent_answer (BowlineConsent *consent, guint32 answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlineConsent, bowline_consent_unref)

/** BowlineAgentPresence: `ask` is mandatory, the others are nullable. */
typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /** A session demands something. Keep a reference to answer later. */
  void (*ask) (BowlineConsent *consent, gpointer user_data);
  /** The question is over without an answer: the viewer left, or the time is up. */
  void (*withdrawn) (BowlineConsent *consent, gpointer user_data);
  /** Sessions, the pause or the connection to the server changed. */
  void (*changed) (gpointer user_data);
} BowlineAgentPresence;

/** Returns: %FALSE when another plugin provides it or the table is malformed. The table is copied. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_register_agent_presence (
    BowlineHost *host, const BowlineAgentPresence *presence, gpointer user_data, GError **error);

/** Returns: (transfer container) (element-type BowlineTunnel): running sessions, oldest first. Hold a reference to keep one. */
BOWLINE_AVAILABLE_IN_1_0 GPtrArray *bowline_agent_list_tunnels (BowlineHost *host);
/** Returns: when @tunnel's session started, seconds since 1970; 0 when it has not */
BOWLINE_AVAILABLE_IN_1_0 gint64 bowline_tunnel_get_started (BowlineTunnel *tunnel);
/** Returns: a number that no other session has while the agent runs */
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_tunnel_get_number (BowlineTunnel *tunnel);
/**
 * Ends @tunnel in the name of the person at the device; @reason (nullable) is shown to the viewer.
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_tunnel_stop (BowlineTunnel *tunnel, const char *reason);
/**
 * Ends all sessions and refuses new ones until @until (seconds since 1970); 0 ends the pause. It ends with the agent, and
 * lasts 24 hours at most.
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_agent_pause (BowlineHost *host, gint64 until);
/** Returns: the end of the pause, 0 when there is none */
BOWLINE_AVAILABLE_IN_1_0 gint64 bowline_agent_get_pause (BowlineHost *host);
/** Returns: (transfer none) (nullable): address of the server the agent is, or last was, connected to; valid until the next call */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_agent_get_server (BowlineHost *host);

G_END_DECLS
#endif
