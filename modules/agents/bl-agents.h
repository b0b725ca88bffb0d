// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgents: the module's state: all sockets of devices, the table of connected ones, queues of deadlines, and the core
 * scripts. One instance while the module is active. Main context.
 */
#pragma once

#include <bowline/plugin.h>

#include "bl-agent-binaries.h"
#include "bl-agent-core.h"
#include "bl-agent-deadline.h"
#include "bl-agent-downloads.h"
#include "bl-agent-update.h"

G_BEGIN_DECLS


#define BL_AGENTS_STORM_WINDOW 300 /* seconds in which disconnections of a device are counted */
#define BL_AGENTS_SAME_CONSOLE 30 /* equal console messages one after the other that end a connection */
#define BL_AGENTS_MAX_PACED 300   /* seconds a device may be slowed down without a break */
#define BL_AGENTS_MAX_EARLY 24    /* messages before authentication */
#define BL_AGENTS_MAX_ADOPTED 100 /* groups made because devices named them, until the next start */

/** The settings of the manifest, read once. */
typedef struct
{
  guint ping_seconds;
  guint pong_seconds;
  guint idle_seconds;
  guint hold_seconds;
  guint max_holds;
  guint handshake_seconds;
  guint core_seconds;
  guint max_message;
  guint max_devices;
  guint message_rate;
  guint message_burst;
  guint byte_rate;
  guint storm_clear;  /* more disconnections: the device runs without a core; 0: no limit */
  guint storm_refuse; /* more: it is not let in; 0: no limit */
  guint max_updates;  /* programs sent at a time */
  guint update_seconds; /* for the next answer of a device that gets one */
  gboolean updates;   /* other programs are replaced */
} BlAgentsSettings;

struct _BlAgents
{
  BowlineHost *host;
  BlAgentsSettings settings;
  BlAgentCores *cores;
  GBytes *server_id;           /* 48 bytes */
  GBytes *server_certificate;  /* DER of the agent-server certificate */
  GHashTable *connected;       /* node id (owned by the session) -> BlAgentSession that devices' messages go to */
  GHashTable *disconnections;  /* node id -> how often in this window */
  GHashTable *helps;           /* node id -> hash of the request for help that was written down last */
  gint64 window_end_us;
  GQueue sessions;             /* BlAgentSession by its link: every open socket, rotated by the pings */
  BlAgentDeadlines handshakes; /* must be through in time */
  BlAgentDeadlines holds;      /* refused, kept open and silent for a while */
  BlAgentDeadlines cores_due;  /* whose core was started and has not spoken yet */
  GPtrArray *paced;            /* BlAgentSession: reading is paused until the next tick */
  GCancellable *cancellable;
  guint64 endpoint;
  guint64 subscription;
  BlAgentBinaries *binaries;
  BlAgentDownloads *downloads;
  BlAgentUpdates *updates;
  guint tick;                  /* source, while there are sessions */
  guint n_adopted;             /* groups made for devices */
  guint ping_credit;           /* pings owed, in sessions times seconds */
  guint pong_credit;
};

/** Starts everything; %FALSE with @error when something is missing. */
BlAgents *bl_agents_new (BowlineHost *host, GError **error);
/** Ends every session. */
void bl_agents_free (BlAgents *agents);

void bl_agents_add (BlAgents *agents, BlAgentSession *session);
void bl_agents_remove (BlAgents *agents, BlAgentSession *session);

/** A device was authenticated: it takes the place of an older connection, which is closed. */
void bl_agents_enter (BlAgents *agents, BlAgentSession *session);
/** The connection that entered has ended. Returns: %FALSE when another one had taken its place. */
gboolean bl_agents_leave (BlAgents *agents, BlAgentSession *session);
/** Returns: disconnections of this device in the current window */
guint bl_agents_get_disconnections (BlAgents *agents, const char *node_id);

/** Returns: (transfer none) (nullable): the device's session, if messages can go there */
BlAgentSession *bl_agents_find (BlAgents *agents, const char *node_id);
/** Offers service "bowline.agents". */
gboolean bl_agents_offer (BlAgents *agents, GError **error);

/** Keeps the socket open and silent: an agent that is refused at once would come back at once. */
void bl_agents_hold (BlAgents *agents, BlAgentSession *session);
/** Stops reading until the next tick. */
void bl_agents_pace (BlAgents *agents, BlAgentSession *session);

G_END_DECLS
