// SPDX-License-Identifier: Apache-2.0
/**
 * BlControlSession: one socket of the control channel, from its opening to its end. Main context.
 */
#pragma once

#include "bl-control.h"
#include "common/bl-rate.h"

G_BEGIN_DECLS

#define BL_CONTROL_MAX_CALLS 256u
#define BL_CONTROL_FRAMES_PER_SECOND 200u
#define BL_CONTROL_FRAMES_BURST 1000u

typedef struct _BlControlInner BlControlInner;

struct _BlControlSession
{
  gatomicrefcount count;
  BlControl *control; /* %NULL once the socket is closed */
  BowlineWebSocket *socket;
  BowlinePrincipal *principal; /* %NULL until authenticated */
  BlControlInner *inner;       /* (nullable): inner authentication under way */
  char *id;                    /* "user//name/40 hex"; %NULL until authenticated */
  char *address;
  GBytes *certificate_hash;  /* SHA-384 of what the client was shown */
  GCancellable *cancellable; /* cancelled when the socket is closed */
  gboolean plain;            /* gets the same events as any other session of its account */
  gboolean closing;
  gboolean paused;
  guint calls; /* under way */
  BlRate rate;
  GSource *resume;
  GSource *stats;    /* (nullable): sends `serverstats` again and again */
  GVariant *traffic; /* (nullable): what `trafficdelta` counts from */
};

BlControlSession *
bl_control_session_new (BlControl *control, BowlineWebSocket *socket, BowlineHttpRequest *request);
BlControlSession *bl_control_session_ref (BlControlSession *self);
void bl_control_session_unref (BlControlSession *self);

/** The account is known: the greeting is sent and reading begins, or a limit ends the session. */
void bl_control_session_accept (BlControlSession *self, BowlinePrincipal *principal);
/** @frame: (transfer floating): a{sv} */
void bl_control_session_send (BlControlSession *self, GVariant *frame);
void bl_control_session_send_bytes (BlControlSession *self, GBytes *text);
/** Sends a close frame of control-channel 2.1 and closes the socket. */
void bl_control_session_close (BlControlSession *self, const char *cause, const char *message);
/** As close, with more members (nullable) (transfer floating). */
void bl_control_session_close_with (BlControlSession *self,
                                    const char *cause,
                                    const char *message,
                                    GVariant *more);
/** Closes the socket after what is queued. */
void bl_control_session_end (BlControlSession *self);
/** Ends what `serverstats` began. */
void bl_control_session_stop_stats (BlControlSession *self);
const char *bl_control_session_get_user_id (BlControlSession *self);
/** Returns: (transfer full): the domain of the session's account. */
char *bl_control_session_dup_domain (BlControlSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlControlSession, bl_control_session_unref)

G_END_DECLS
