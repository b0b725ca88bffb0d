// SPDX-License-Identifier: Apache-2.0
/** `/agentinvite` and `/invite`: how to install an agent, for people who were invited. Follows web-http
 * section 5. Main context. */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

/** Codes one address may try: that many at once, then one in six seconds. */
#define BL_GUESTS_TRIES 10u
/** Addresses that are remembered. */
#define BL_GUESTS_MAX_ADDRESSES 10000u

typedef struct _BlGuestsInvites BlGuestsInvites;

BlGuestsInvites *bl_guests_invites_new (BowlineHost *host);
void bl_guests_invites_free (BlGuestsInvites *invites);

/** `GET /agentinvite?c=` */
void bl_guests_invites_show (BlGuestsInvites *invites, BowlineHttpRequest *request);
/** `GET /invite` and `POST /invite` */
void bl_guests_invites_enter (BlGuestsInvites *invites, BowlineHttpRequest *request);

G_END_DECLS
