// SPDX-License-Identifier: Apache-2.0
// Who may join a room of the messenger, the invitation a device gets, and the page of a room (webrtc-and-messenger section 2).
// A device's person has no account: the invitation sealed into the link is what proves that the link was sent to this device.
// Main context.
#pragma once

#include "bl-relay-session.h"
#include "common/bl-chat.h"

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_RELAY_CHAT_INVITATION_SECONDS 3600 // the offer at the device stands as long
#define BL_RELAY_CHAT_WAIT_SECONDS 600        // how long the first end waits; a person is slower than a program

typedef enum
{
  BL_RELAY_CHAT_OPEN,
  BL_RELAY_CHAT_SIGN_IN, // nobody is signed in, and there is no invitation
  BL_RELAY_CHAT_DENIED,
  BL_RELAY_CHAT_EXPIRED,
} BlRelayChatVerdict;

/** Returns: (transfer full): what opens the device's end of @chat for an hour. */
char *bl_relay_chat_invite (BowlineHost *host, const BlChat *chat);

/** Whether @asks, whose room it is, may chat with the other end now. */
gboolean bl_relay_chat_is_allowed (BowlineHost *host, BowlinePrincipal *asks, const BlChat *chat);

/**
 * bl_relay_chat_admit: who opens one end of @chat, or its page: by the invitation or a login cookie in `auth`, or the session.
 * @end: (out): which end it is: the one that was asked is BL_RELAY_DEVICE, also when it is an account
 * @principal: (out) (transfer full) (nullable): the account; %NULL for a device
 */
BlRelayChatVerdict bl_relay_chat_admit (BowlineHost *host, BowlineHttpRequest *request, const BlChat *chat, BlRelayEnd *end,
                                        BowlinePrincipal **principal);

/** Answers GET /messenger?id=ROOM[&auth=…] with the page of the room, or with why there is none. */
void bl_relay_chat_respond (BowlineHost *host, BowlineHttpRequest *request);

G_END_DECLS
