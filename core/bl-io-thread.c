// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-io-thread.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BL_IO_BATCH 256
#define BL_IO_TICK_US G_USEC_PER_SEC

struct _BlIoThread
{
  GThread *thread;
  int epoll_fd;
  int wake_fd;

  GMutex lock;
  GArray *inbox; /* under lock */
  gboolean stop; /* under lock */

  /* the thread's own */
  GArray *batch;
  GArray *deferred;
  BlIoWatch *watches;
  BlIoWatch *sweep_next; /* next to tick; kept right by removals */
  BlIoWatch *again_first, *again_last;
  struct epoll_event events[BL_IO_BATCH];
  int n_events;
  gint64 now_us;
  gint64 next_tick_us;
  guint8 *buffer;
  guint8 *output;
  guint8 *wire_in;
  guint8 *wire_out;
};

static void
bl_io_thread_run_deferred (BlIoThread *self)
{
  /* deferred work may defer more */
  for (guint i = 0; i < self->deferred->len; i++)
    {
      const BlMail mail = g_array_index (self->deferred, BlMail, i);
      mail.func (mail.a, NULL, 0);
    }
  g_array_set_size (self->deferred, 0);
}

static gboolean
bl_io_thread_read_mail (BlIoThread *self)
{
  g_mutex_lock (&self->lock);
  GArray *batch = self->inbox;
  self->inbox = self->batch;
  self->batch = batch;
  const gboolean stop = self->stop;
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < batch->len; i++)
    {
      const BlMail *mail = &g_array_index (batch, BlMail, i);
      mail->func (mail->a, mail->b, mail->c);
    }
  g_array_set_size (batch, 0);
  return !stop;
}

static void
bl_io_thread_tick (BlIoThread *self)
{
  for (BlIoWatch *watch = self->watches; watch != NULL; watch = self->sweep_next)
    {
      self->sweep_next = watch->next;
      if (watch->tick != NULL)
        watch->tick (watch, self->now_us);
    }
  self->sweep_next = NULL;
}

static void
bl_io_thread_run_again (BlIoThread *self)
{
  guint n = 0;
  for (BlIoWatch *watch = self->again_first; watch != NULL; watch = watch->again_next)
    n++;

  /* only those of now: a watch that asks once more waits for the next round, so that none starves the others */
  for (; n > 0 && self->again_first != NULL; n--)
    {
      BlIoWatch *watch = self->again_first;
      self->again_first = watch->again_next;
      if (self->again_first == NULL)
        self->again_last = NULL;
      watch->again_next = NULL;
      watch->again = FALSE;
      watch->ready (watch, EPOLLIN);
    }
}

static gboolean
bl_io_thread_iterate (BlIoThread *self)
{
  gboolean keep = TRUE;
  int timeout_ms = 0;
  if (self->again_first == NULL)
    timeout_ms = (int) CLAMP ((self->next_tick_us - g_get_monotonic_time ()) / 1000 + 1, 0, 1000);

  int n = epoll_wait (self->epoll_fd, self->events, BL_IO_BATCH, timeout_ms);
  self->n_events = MAX (n, 0);
  self->now_us = g_get_monotonic_time ();
  bl_io_thread_run_again (self);
  for (int i = 0; i < self->n_events; i++)
    {
      BlIoWatch *watch = self->events[i].data.ptr;
      const guint32 events = self->events[i].events;
      if (watch == NULL)
        continue;
      if ((gpointer) watch == (gpointer) self)
        {
          guint64 value;
          if (read (self->wake_fd, &value, sizeof value) == sizeof value)
            keep = bl_io_thread_read_mail (self);
        }
      else
        watch->ready (watch, events);
    }
  self->n_events = 0;
  bl_io_thread_run_deferred (self);

  if (self->now_us >= self->next_tick_us)
    {
      self->next_tick_us = self->now_us + BL_IO_TICK_US;
      bl_io_thread_tick (self);
      bl_io_thread_run_deferred (self);
    }
  return keep;
}

static gpointer
bl_io_thread_main (gpointer data)
{
  BlIoThread *self = data;
  while (bl_io_thread_iterate (self))
    ;
  while (self->inbox->len > 0)
    bl_io_thread_read_mail (self);
  bl_io_thread_run_deferred (self);
  return NULL;
}

BlIoThread *
bl_io_thread_new (const char *name)
{
  BlIoThread *self = g_new0 (BlIoThread, 1);
  g_mutex_init (&self->lock);
  self->inbox = g_array_new (FALSE, FALSE, sizeof (BlMail));
  self->batch = g_array_new (FALSE, FALSE, sizeof (BlMail));
  self->deferred = g_array_new (FALSE, FALSE, sizeof (BlMail));
  self->buffer = g_malloc (BL_IO_BUFFER_HEADROOM + BL_IO_BUFFER_SIZE);
  self->output = g_malloc (BL_IO_BUFFER_SIZE);
  self->wire_in = g_malloc (BL_IO_WIRE_SIZE);
  self->wire_out = g_malloc (BL_IO_WIRE_SIZE);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  self->now_us = g_get_monotonic_time ();

  struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };
  if (self->epoll_fd < 0 || self->wake_fd < 0
      || epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &event) != 0)
    g_critical ("cannot create an I/O thread's event queue: %s", g_strerror (errno));
  self->thread = g_thread_new (name, bl_io_thread_main, self);
  return self;
}

void
bl_io_thread_free (BlIoThread *self)
{
  const guint64 one = 1;
  g_mutex_lock (&self->lock);
  self->stop = TRUE;
  g_mutex_unlock (&self->lock);
  if (write (self->wake_fd, &one, sizeof one) != sizeof one)
    g_warning ("cannot wake an I/O thread: %s", g_strerror (errno));
  g_thread_join (self->thread);

  close (self->epoll_fd);
  close (self->wake_fd);
  g_array_unref (self->inbox);
  g_array_unref (self->batch);
  g_array_unref (self->deferred);
  g_mutex_clear (&self->lock);
  g_free (self->buffer);
  g_free (self->output);
  g_free (self->wire_in);
  g_free (self->wire_out);
  g_free (self);
}

void
bl_io_thread_post (BlIoThread *self, BlMailFunc func, gpointer a, gpointer b, guintptr c)
{
  const BlMail mail = { func, a, b, c };

  g_mutex_lock (&self->lock);
  g_array_append_val (self->inbox, mail);
  const gboolean first = self->inbox->len == 1;
  g_mutex_unlock (&self->lock);
  if (first)
    {
      const guint64 one = 1;
      if (write (self->wake_fd, &one, sizeof one) != sizeof one)
        g_warning ("cannot wake an I/O thread: %s", g_strerror (errno));
    }
}

gboolean
bl_io_thread_is_current (BlIoThread *self)
{
  return g_thread_self () == self->thread;
}

gboolean
bl_io_thread_watch (BlIoThread *self, BlIoWatch *watch, int fd, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
    return FALSE;
  watch->thread = self;
  watch->fd = fd;
  watch->events = events;
  watch->again = FALSE;
  watch->prev = NULL;
  watch->next = self->watches;
  if (self->watches != NULL)
    self->watches->prev = watch;
  self->watches = watch;
  return TRUE;
}

void
bl_io_watch_modify (BlIoWatch *watch, guint32 events)
{
  if (watch->thread == NULL || watch->events == events)
    return;
  struct epoll_event event = { .events = events, .data.ptr = watch };
  if (epoll_ctl (watch->thread->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
    g_warning ("cannot change what an I/O thread waits for: %s", g_strerror (errno));
  watch->events = events;
}

static void
bl_io_thread_forget_again (BlIoThread *self, BlIoWatch *watch)
{
  BlIoWatch *before = NULL;
  for (BlIoWatch *i = self->again_first; i != NULL; before = i, i = i->again_next)
    {
      if (i != watch)
        continue;
      if (before != NULL)
        before->again_next = i->again_next;
      else
        self->again_first = i->again_next;
      if (self->again_last == i)
        self->again_last = before;
      break;
    }
  watch->again = FALSE;
  watch->again_next = NULL;
}

void
bl_io_watch_remove (BlIoWatch *watch)
{
  BlIoThread *self = watch->thread;
  if (self == NULL)
    return;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL) != 0)
    g_warning ("cannot forget a descriptor: %s", g_strerror (errno));
  /* events already fetched for it must not reach it */
  for (int i = 0; i < self->n_events; i++)
    if (self->events[i].data.ptr == watch)
      self->events[i].data.ptr = NULL;
  if (watch->again)
    bl_io_thread_forget_again (self, watch);
  if (self->sweep_next == watch)
    self->sweep_next = watch->next;
  if (watch->prev != NULL)
    watch->prev->next = watch->next;
  else
    self->watches = watch->next;
  if (watch->next != NULL)
    watch->next->prev = watch->prev;
  watch->next = watch->prev = NULL;
  watch->thread = NULL;
}

void
bl_io_watch_again (BlIoWatch *watch)
{
  BlIoThread *self = watch->thread;
  if (self == NULL || watch->again)
    return;
  watch->again = TRUE;
  watch->again_next = NULL;
  if (self->again_last != NULL)
    self->again_last->again_next = watch;
  else
    self->again_first = watch;
  self->again_last = watch;
}

gint64
bl_io_thread_get_time (BlIoThread *self)
{
  return self->now_us;
}

guint8 *
bl_io_thread_get_buffer (BlIoThread *self)
{
  return self->buffer + BL_IO_BUFFER_HEADROOM;
}

guint8 *
bl_io_thread_get_output (BlIoThread *self)
{
  return self->output;
}

guint8 *
bl_io_thread_get_wire_in (BlIoThread *self)
{
  return self->wire_in;
}

guint8 *
bl_io_thread_get_wire_out (BlIoThread *self)
{
  return self->wire_out;
}

void
bl_io_thread_defer (BlIoThread *self, BlMailFunc func, gpointer a)
{
  const BlMail mail = { .func = func, .a = a };
  g_array_append_val (self->deferred, mail);
}
