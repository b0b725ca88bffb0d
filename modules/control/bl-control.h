// SPDX-License-Identifier: Apache-2.0
/**
 * BlControl: the control channel: its sessions, by id and by account, and what they share. Main context.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

typedef struct _BlControlNodes BlControlNodes;
typedef struct _BlControlSession BlControlSession;
typedef struct _BlControlStats BlControlStats;

typedef struct
{
  gatomicrefcount count; /* what waits for the directory keeps it alive */
  gboolean stopped;
  BowlineHost *host;
  GHashTable *sessions; /* id -> BlControlSession */
  GHashTable *users;    /* user id -> GPtrArray of BlControlSession */
  GPtrArray *waiting;   /* sessions that are not authenticated yet */
  BlControlNodes *nodes;
  BlControlStats *stats;
  GPtrArray *runs; /* see bl-control-runs.h */
  guint64 endpoint;
  guint64 image_endpoint;
  guint64 subscriptions[8];
  guint n_subscriptions;
  GSource *timer;
  guint max_sessions;
  guint max_sessions_per_user;
  guint max_waiting;
  GPtrArray *presets;  /* (nullable): see bl-control-presets.h */
  guint ping_interval; /* seconds, 0: none */
  guint ticks;
  GCancellable *cancellable; /* ends what handlers wait for */
  guint64 ignored;           /* texts that were no request */
  /* the last account form that was told of by bl_control_event_is_told() */
  GVariant *told;
  char *told_by;
  gint64 told_msgid;
} BlControl;

BlControl *bl_control_new (BowlineHost *host, GError **error);
/** Ends sessions, registrations and sources; what is under way comes to nothing. Drops the reference of
 * bl_control_new(). */
void bl_control_stop (BlControl *self);
BlControl *bl_control_ref (BlControl *self);
void bl_control_unref (BlControl *self);

/** Returns: (transfer none) (nullable) */
BlControlSession *bl_control_find_session (BlControl *self, const char *id);
/** Ends sessions of a user id, a login token or a browser session. */
void bl_control_revoke (BlControl *self, const char *id);
/** Tells the pages how many sessions an account has. */
void bl_control_announce_count (BlControl *self, const char *user_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlControl, bl_control_stop)

G_END_DECLS
