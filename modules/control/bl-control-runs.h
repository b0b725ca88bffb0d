// SPDX-License-Identifier: Apache-2.0
/** Commands that devices run for callers who hear what they say meanwhile. Main context. */
#pragma once

#include "bl-control-actions.h"

G_BEGIN_DECLS

#define BL_CONTROL_MAX_RUNS 64u /* of the local socket, at a time */
#define BL_CONTROL_MAX_RUN_SECONDS 86400
#define BL_CONTROL_RUNS_RESPONSE "run" /* responseid of orders of the local socket */

void bl_control_runs_init (BlControl *control);
/** Ends them all, on the devices too. */
void bl_control_runs_clear (BlControl *control);
/** Looks whose caller has left and whose device; once a second. */
void bl_control_runs_tick (BlControl *control);
/** Takes an answer of a device if it is for a call of the local socket. Returns: whether it was */
gboolean bl_control_runs_take (BlControl *control, const char *node_id, GVariant *message);
/** Tells a device that nobody hears any more what the commands say whose output @message is a part of. */
void bl_control_runs_unheard (BlControl *control, const char *node_id, GVariant *message);

/** Sends the order that @call is about. Returns: %FALSE when the device is not connected */
typedef gboolean (*BlControlRunsSend) (BlControl *control, BowlineActionCall *call, const char *node_id, const char *session_id);
/** Has the device that the argument "device" names do something, and @call hear what it says meanwhile. */
void bl_control_runs_start (BlControl *control, BowlineActionCall *call, BlControlRunsSend send);

G_END_DECLS
