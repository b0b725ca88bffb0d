// SPDX-License-Identifier: Apache-2.0
/**
 * BlFrontFixture: a front on a free loopback port with a few endpoints, for tests. The front runs on the main context;
 * bl_front_fixture_run() runs a client function on a thread beside it.
 */
#pragma once

#include "bl-http-front.h"
#include "testing/bl-front-client.h"

G_BEGIN_DECLS

typedef struct
{
  BlHttpFront *front;
  BlTlsCredentials *credentials;
  BowlineHost *host;
  guint16 port;
  char authority[32]; /* "localhost:PORT" */

  /* what the endpoints saw; main thread */
  GPtrArray *sockets;   /* of "/hold.ws": open ones */
  BowlineWebSocket *waiting; /* of "/pair.ws" */
  guint opened, closed, messages, gone;
  guint close_codes[256];
  guint n_close_codes;
  char *close_reason;
  BowlineHttpRequest *late;
  guint slow_us;        /* what the handler of "/slow.ws" takes */
} BlFrontFixture;

/** @tune: (nullable): changes the options before the front is made */
BlFrontFixture *bl_front_fixture_new (void (*tune) (BlFrontOptions *options));
void bl_front_fixture_free (BlFrontFixture *self);
/** Runs @func on a thread and the main context until it returns. */
void bl_front_fixture_run (BlFrontFixture *self, void (*func) (BlFrontFixture *fixture));
/** Iterates the main context until @done says so; fails after @seconds. */
void bl_front_fixture_wait (BlFrontFixture *self, gboolean (*done) (BlFrontFixture *fixture), guint seconds);
/** From a client thread: calls @func on the main thread and waits. */
void bl_front_fixture_call (BlFrontFixture *self, void (*func) (BlFrontFixture *fixture));
/** From a client thread: polls until @done is true on the main thread. */
void bl_front_fixture_await (BlFrontFixture *self, gboolean (*done) (BlFrontFixture *fixture), guint seconds);
gint64 bl_front_fixture_get_status (BlFrontFixture *self, const char *name);

G_END_DECLS
