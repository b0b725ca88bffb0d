// SPDX-License-Identifier: Apache-2.0
/** Messages of people on their way to a device. Main context. */
#pragma once

#include "bl-control-actions.h"

G_BEGIN_DECLS

/** Adds what the device must know about the sender: sessionid, rights, consent, username, realname, userid,
 * remoteaddr. */
void bl_control_message_sign (BlControl *control,
                              BowlineActionCall *call,
                              const char *node_id,
                              GVariantDict *message);
/** Returns: the consent flags of group, device, account and its user groups, OR-ed. */
gint64 bl_control_message_consent (BlControl *control, const char *user_id, const char *node_id);
/**
 * bl_control_message_tunnel: checks a tunnel request (relay-tunnel 1.2), announces it to the relay and
 * replaces the caller's rauth by the relay's ticket.
 * @message: "value" is replaced, "soptions" and "servertlshash" are added
 * Returns: %FALSE with @error
 */
gboolean bl_control_message_tunnel (
    BlControl *control, BowlineActionCall *call, const char *node_id, GVariantDict *message, GError **error);

#define BL_CONTROL_MAX_COMMANDS 65535 /* characters */

/**
 * Makes the type of the shell of the device's system out of the type 0 (control-channel 7.6).
 * @type: (inout). Returns: %FALSE when the device's system has no such shell
 */
gboolean bl_control_message_shell (BlControl *control, const char *node_id, gint64 *type);

/** Commands for devices, as in runcommands (control-channel 7.6). */
typedef struct
{
  const char *text;
  gint64 type;
  gint64 run_as;
} BlControlCommands;

/** An event: the caller ran @commands on a device. */
void bl_control_message_tell_commands (BlControl *control,
                                       BowlineActionCall *call,
                                       const char *node_id,
                                       const BlControlCommands *commands);

/** Offers the service "bowline.tunnels". */
gboolean bl_control_message_register (BlControl *control, GError **error);

G_END_DECLS
