// SPDX-License-Identifier: Apache-2.0
/**
 * BlIoThread: one thread that moves bytes: an epoll set, a mailbox, and a tick every second for deadlines.
 *
 * It runs TLS handshakes, WebSockets and relay pairs. What it watches belongs to it: except for
 * bl_io_thread_post(), _new() and _free() everything here is called on the thread itself.
 */
#pragma once

#include "bl-mailbox.h"

#include <sys/epoll.h>

G_BEGIN_DECLS

/* Bytes read in one go; enough for four TLS records. */
#define BL_IO_BUFFER_SIZE 65536
/* The same with what TLS puts around it. */
#define BL_IO_WIRE_SIZE (BL_IO_BUFFER_SIZE + 4096)
/* Room in front of the buffer, for output that shares it (see bl_ws_rewriter_feed()). */
#define BL_IO_BUFFER_HEADROOM 16

typedef struct _BlIoThread BlIoThread;
typedef struct _BlIoWatch BlIoWatch;

/** Embedded in whatever owns a file descriptor. Fields are the thread's, but for the two functions. */
struct _BlIoWatch
{
  /* @events: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP; may remove the watch and free its owner */
  void (*ready) (BlIoWatch *watch, guint32 events);
  /* (nullable): about once a second; may remove the watch and free its owner */
  void (*tick) (BlIoWatch *watch, gint64 now_us);

  BlIoThread *thread;
  BlIoWatch *next, *prev;
  BlIoWatch *again_next;
  int fd;
  guint32 events;
  gboolean again;
};

BlIoThread *bl_io_thread_new (const char *name);
/** Ends the thread. What it still watches must be gone, or be owned by someone who knows. Not on the thread itself. */
void bl_io_thread_free (BlIoThread *self);
/** Any thread; runs in the order of posting. */
void bl_io_thread_post (BlIoThread *self, BlMailFunc func, gpointer a, gpointer b, guintptr c);
gboolean bl_io_thread_is_current (BlIoThread *self);

/** @events: may also hold EPOLLEXCLUSIVE. Returns: %FALSE with errno when the kernel refuses. */
gboolean bl_io_thread_watch (BlIoThread *self, BlIoWatch *watch, int fd, guint32 events);
void bl_io_watch_modify (BlIoWatch *watch, guint32 events);
/** Does nothing when it is not watched. Does not close the descriptor. */
void bl_io_watch_remove (BlIoWatch *watch);
/** Calls ready() with EPOLLIN in the next round, though the kernel has nothing new: bytes wait in the TLS layer. */
void bl_io_watch_again (BlIoWatch *watch);

/** Returns: monotonic microseconds at the beginning of this round */
gint64 bl_io_thread_get_time (BlIoThread *self);
/** Returns: BL_IO_BUFFER_SIZE bytes, with BL_IO_BUFFER_HEADROOM before them, for use within one callback */
guint8 *bl_io_thread_get_buffer (BlIoThread *self);
/** Returns: a second buffer of BL_IO_BUFFER_SIZE, for gathering output within one callback */
guint8 *bl_io_thread_get_output (BlIoThread *self);

/** Returns: two of BL_IO_WIRE_SIZE, for what goes to and comes from the sockets below TLS */
guint8 *bl_io_thread_get_wire_in (BlIoThread *self);
guint8 *bl_io_thread_get_wire_out (BlIoThread *self);

/**
 * bl_io_thread_defer: runs @func after the mails and events of this round, so that several small changes to one object
 * become one system call.
 */
void bl_io_thread_defer (BlIoThread *self, BlMailFunc func, gpointer a);

G_END_DECLS
