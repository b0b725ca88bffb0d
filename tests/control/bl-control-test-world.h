// SPDX-License-Identifier: Apache-2.0
/** What the tests of this module share: the test host under the core's own dispatcher and principals,
 * stand-ins for auth and relay, and sockets. */
#pragma once

#include "bowline-testing.h"
#include "common/bl-variant.h"

G_BEGIN_DECLS

#define ADMIN "user//admin"
#define ALICE "user//alice"
#define MESH "mesh//QV31G6chBfMpqBTTeBmRbLuU$hhtxik@M7lneP33kcnml3veUO57fI7b6s2mxVrY"
#define MESH2 "mesh//78UpwliX51Ax0kO1MSwKe@7dH4fsTrSuZ0Wq7u99FHbv6VVewMH8heDwRQPKbgOn"
#define NODE "node//e0uG@G5sTI$fS7d3MjrZdp3Nt6ZfVkITBTs1$J@QQdn$Fylpho1rWXETiasGMtm1"
#define NODE_BARE "e0uG@G5sTI$fS7d3MjrZdp3Nt6ZfVkITBTs1$J@QQdn$Fylpho1rWXETiasGMtm1"

typedef struct
{
  BlTestHost *test;
  BowlineHost *host;
  gboolean defer;    /* password checks answer later */
  GPtrArray *orders; /* of char *: "id node protocol rights" */
} World;

extern World world;

/** admin: full administrator with all rights on MESH; alice: remote control there; NODE is in MESH. */
void world_begin (void);
void world_end (void);
/** Starts with another value of a setting. */
void world_begin_with (const char *key, const char *value);
void world_put (const char *document);

/** Opens a socket as @user by x-meshauth. */
BowlineWebSocket *world_connect (const char *user);
/** Opens a socket; pairs are NULL-terminated name, value lists. */
BowlineWebSocket *world_open (const char *const *query,
                              const char *const *headers,
                              const char *const *cookies,
                              BowlinePrincipal *who);
void world_close (BowlineWebSocket *socket);
/** Sends a frame and settles. Returns: (transfer full): the frames that came, in order: a{sv} */
GPtrArray *world_ask (BowlineWebSocket *socket, const char *json);
/** Returns: (transfer full): frames sent since @from */
GPtrArray *world_frames (BowlineWebSocket *socket, guint from);
/** Returns: (transfer none) (nullable): the first frame with this action, or event with this action when it
 * begins with "event:" */
GVariant *world_find (GPtrArray *frames, const char *action);
/** The "result" of the only frame of @action. */
const char *world_result (GPtrArray *frames, const char *action);
BowlinePrincipal *world_principal (guint32 kind, const char *user);

G_END_DECLS
