// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthSessions: browser sessions. The cookie is 256 random bits; memory and store hold its SHA-256 only, so
 * a restart keeps sessions and a stolen database opens none. Main context.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_AUTH_COOKIE_NAME "__Host-bowline"
#define BL_AUTH_MAX_SESSIONS 100000u
#define BL_AUTH_MAX_SESSIONS_PER_USER 64u

typedef struct
{
  gint64 idle_ms;     /* a session ends when it was not used for so long */
  gint64 lifetime_ms; /* and in any case this long after the login */
} BlAuthSessionOptions;

typedef struct
{
  char *id; /* "session-<64 hex digits>" */
  char *user_id;
  char *token_id; /* (nullable): login token it was opened with */
  char *key_id;   /* (nullable): login key whose token opened it */
  char *node_id;  /* (nullable): the one device it is for */
  char *address;
  char *agent;
  gint64 created_ms;
  gint64 seen_ms;
  gint64 kept_ms; /* seen_ms as the store has it */
} BlAuthSession;

typedef struct _BlAuthSessions BlAuthSessions;

BlAuthSessions *bl_auth_sessions_new (BowlineHost *host, const BlAuthSessionOptions *options);
void bl_auth_sessions_free (BlAuthSessions *self);
/** Takes over what the store kept: aa{sv}. What is over is deleted. */
void bl_auth_sessions_load (BlAuthSessions *self, GVariant *documents, gint64 now_ms);
/** Returns: (transfer full): the cookie's value; the oldest of too many sessions of an account ends. */
char *bl_auth_sessions_open (BlAuthSessions *self,
                             const BowlinePrincipalInfo *who,
                             const char *agent,
                             gint64 now_ms);
/** Returns: (transfer none) (nullable): the session of cookie @value, now used from @address. */
const BlAuthSession *
bl_auth_sessions_use (BlAuthSessions *self, const char *value, const char *address, gint64 now_ms);
/** Returns: (transfer none) (nullable): without using it. */
const BlAuthSession *bl_auth_sessions_find (BlAuthSessions *self, const char *id, gint64 now_ms);
/** Counts as a use, for what was opened with a cookie made for the session. */
void bl_auth_sessions_touch (BlAuthSessions *self, const char *id, gint64 now_ms);
/** Ends one, and everything that was opened with it. */
void bl_auth_sessions_end (BlAuthSessions *self, const char *id);
/** Ends all of an account, or only those a login token opened. */
void bl_auth_sessions_end_user (BlAuthSessions *self, const char *user_id, const char *token_id);
void bl_auth_sessions_expire (BlAuthSessions *self, gint64 now_ms);
/** Returns: whether the account has a valid session that was used at @address. */
gboolean bl_auth_sessions_at (BlAuthSessions *self, const char *user_id, const char *address, gint64 now_ms);
/**
 * bl_auth_sessions_list: the valid sessions of an account, the oldest first.
 * Returns: (transfer container): of BlAuthSession, each good until it ends
 */
GPtrArray *bl_auth_sessions_list (BlAuthSessions *self, const char *user_id, gint64 now_ms);
guint bl_auth_sessions_count (BlAuthSessions *self);

/** Returns: (transfer full): document id of cookie @value. */
char *bl_auth_session_id (const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAuthSessions, bl_auth_sessions_free)

G_END_DECLS
