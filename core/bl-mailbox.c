// SPDX-License-Identifier: Apache-2.0
#include "bl-mailbox.h"

struct _BlMailbox
{
  GSource source; /* first: the source is the mailbox */
  GMutex lock;
  GArray *inbox;  /* under lock */
  GArray *batch;  /* the context's thread only: being delivered */
};

static void
bl_mailbox_deliver (BlMailbox *self)
{
  g_mutex_lock (&self->lock);
  GArray *batch = self->inbox;
  self->inbox = self->batch;
  self->batch = batch;
  g_source_set_ready_time (&self->source, -1);
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < batch->len; i++)
    {
      const BlMail *mail = &g_array_index (batch, BlMail, i);
      mail->func (mail->a, mail->b, mail->c);
    }
  g_array_set_size (batch, 0);
}

static gboolean
bl_mailbox_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  bl_mailbox_deliver ((BlMailbox *) source);
  return G_SOURCE_CONTINUE;
}

static void
bl_mailbox_finalize (GSource *source)
{
  BlMailbox *self = (BlMailbox *) source;
  g_array_unref (self->inbox);
  g_array_unref (self->batch);
  g_mutex_clear (&self->lock);
}

static GSourceFuncs bl_mailbox_funcs = { .dispatch = bl_mailbox_dispatch, .finalize = bl_mailbox_finalize };

BlMailbox *
bl_mailbox_new (GMainContext *context)
{
  BlMailbox *self = (BlMailbox *) g_source_new (&bl_mailbox_funcs, sizeof (BlMailbox));
  g_mutex_init (&self->lock);
  self->inbox = g_array_new (FALSE, FALSE, sizeof (BlMail));
  self->batch = g_array_new (FALSE, FALSE, sizeof (BlMail));
  g_source_set_static_name (&self->source, "bl-mailbox");
  g_source_attach (&self->source, context);
  return self;
}

void
bl_mailbox_free (BlMailbox *self)
{
  while (self->inbox->len > 0)
    bl_mailbox_deliver (self);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

void
bl_mailbox_post (BlMailbox *self, BlMailFunc func, gpointer a, gpointer b, guintptr c)
{
  const BlMail mail = { func, a, b, c };

  g_mutex_lock (&self->lock);
  g_array_append_val (self->inbox, mail);
  if (self->inbox->len == 1)
    g_source_set_ready_time (&self->source, 0);
  g_mutex_unlock (&self->lock);
}
