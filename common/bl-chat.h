// SPDX-License-Identifier: Apache-2.0
/*
 * Rooms of the messenger: `meshmessenger/<asked>/<asks>`, each part a whole id (webrtc-and-messenger.md section 2.1). Pure; any
 * thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_CHAT_PREFIX "meshmessenger/"
/* Two ids, percent-encoded at worst, and the prefix. */
#define BL_CHAT_ID_MAX 2048u

/* Why a relay closes one end of a chat: codes for the application (RFC 6455 section 7.4.2), read by the page. */
#define BL_CHAT_CLOSE_DENIED 4403u  /* no right on the device or account, or a link that is not ours */
#define BL_CHAT_CLOSE_NOBODY 4408u  /* the other end did not come in time */
#define BL_CHAT_CLOSE_TAKEN 4409u   /* the same end was opened once more, elsewhere */
#define BL_CHAT_CLOSE_LEFT 4410u    /* the other end has gone */
#define BL_CHAT_CLOSE_EXPIRED 4411u /* the invitation is too old */
#define BL_CHAT_CLOSE_FULL 4429u    /* too many sessions */

typedef struct
{
  char *id;    /* as it is built anew from both: one spelling a room */
  char *asked; /* id of a device or an account */
  char *asks;  /* id of the account that asks */
} BlChat;

/**
 * bl_chat_parse: @text: (nullable): the id of a room; its parts may be percent-encoded once more.
 * Returns: TRUE and @chat, to be freed with bl_chat_clear(); FALSE unless it names a device or an account, and another account
 */
gboolean bl_chat_parse (const char *text, BlChat *chat);
void bl_chat_clear (BlChat *chat);

/** bl_chat_build: Returns: (transfer full): the id of the room of two ids, each percent-encoded, as links and clients write it */
char *bl_chat_build (const char *asked, const char *asks);

/** bl_chat_is_with_device: Returns: whether the asked end is a device, whose person has no account here. */
gboolean bl_chat_is_with_device (const BlChat *chat);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlChat, bl_chat_clear)

G_END_DECLS
