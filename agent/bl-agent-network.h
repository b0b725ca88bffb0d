// SPDX-License-Identifier: Apache-2.0
// BlAgentNetwork: tells that addresses or routes of this machine changed, or that it slept, so that a connection is looked
// at now and not when a timer ends. The kernel's own messages (rtnetlink); what they say is not read, only that they came.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_AGENT_NETWORK_SETTLE_MS 300 // one change is many messages
#define BL_AGENT_NETWORK_GAP_MS 5000   // between two reports, however restless the network is
#define BL_AGENT_NETWORK_SLEEP_US (3 * G_USEC_PER_SEC) // a shorter sleep is none

typedef struct _BlAgentNetwork BlAgentNetwork;
typedef void (*BlAgentNetworkFunc) (gpointer user_data);

/**
 * Calls CHANGED on the main context some 300 ms after a change, at most once in five seconds. Until it is freed.
 * Returns: (transfer full), or %NULL with an error where the kernel has no such messages.
 */
BlAgentNetwork *bl_agent_network_new (BlAgentNetworkFunc changed, gpointer user_data, GError **error);
void bl_agent_network_free (BlAgentNetwork *network);

/** Returns: microseconds this machine has slept since it was booted. */
gint64 bl_agent_network_get_slept (void);
/** Pure. BEFORE and NOW are from bl_agent_network_get_slept(). Returns: whether it slept between them. */
gboolean bl_agent_network_has_slept (gint64 before, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentNetwork, bl_agent_network_free)

G_END_DECLS
