// SPDX-License-Identifier: Apache-2.0
/**
 * BlMailbox: brings calls from other threads to one GMainContext, in order and in batches, so that a message costs an
 * array element and not a GSource.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What is posted: a function and its three arguments; whoever posts says who owns them. */
typedef void (*BlMailFunc) (gpointer a, gpointer b, guintptr c);

typedef struct
{
  BlMailFunc func;
  gpointer a;
  gpointer b;
  guintptr c;
} BlMail;

typedef struct _BlMailbox BlMailbox;

/** @context: (nullable): where posted functions run; %NULL: the default one */
BlMailbox *bl_mailbox_new (GMainContext *context);
/** On the context's thread, when nobody posts any more: runs what is left. */
void bl_mailbox_free (BlMailbox *self);
/** Any thread. */
void bl_mailbox_post (BlMailbox *self, BlMailFunc func, gpointer a, gpointer b, guintptr c);

G_END_DECLS
