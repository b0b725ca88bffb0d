// SPDX-License-Identifier: Apache-2.0
// Pumps between a script's stream and file descriptors, with back-pressure both ways.

#include "bl-script-fd-peer.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#define CHUNK 32768
#define DRAIN_MAX 64
#define LINGER_S 30 // for what a script wrote before it closed a socket

struct _BlScriptFdPeer
{
  BlScriptStream *stream; // NULL: closed, what is queued leaves yet
  const BlScriptFdPeerEvents *events;
  gpointer owner;
  int input[2]; // -1 when ended
  GSource *reading[2];
  int output;
  gboolean shared; // output is input[0]
  GSource *writing;
  GByteArray *queue;
  gboolean paused;
  gboolean end_output;
  GSource *linger;
};

static gboolean on_readable (gint fd, GIOCondition condition, gpointer data);
static gboolean on_writable (gint fd, GIOCondition condition, gpointer data);

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_source_unref (*source);
  *source = NULL;
}

static GSource *
watch (BlScriptFdPeer *self, int fd, GIOCondition condition, GUnixFDSourceFunc callback)
{
  GSource *source = g_unix_fd_source_new (fd, condition);

  g_source_set_callback (source, G_SOURCE_FUNC (callback), self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
update_reading (BlScriptFdPeer *self)
{
  for (guint i = 0; i < 2; i++)
    {
      gboolean wanted = self->input[i] >= 0 && !self->paused;

      if (!wanted)
        drop_source (&self->reading[i]);
      else if (self->reading[i] == NULL)
        self->reading[i] = watch (self, self->input[i], G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    }
}

static void
written (BlScriptFdPeer *self, gsize bytes)
{
  if (self->stream != NULL)
    bl_script_stream_written (self->stream, bytes);
}

static void
close_output (BlScriptFdPeer *self)
{
  drop_source (&self->writing);
  if (self->output >= 0 && !self->shared)
    close (self->output);
  self->output = -1;
}

// Returns: FALSE when INDEX has ended now.
static gboolean
read_once (BlScriptFdPeer *self, guint index, gboolean *again)
{
  g_autofree char *chunk = g_malloc (CHUNK);
  gssize size = read (self->input[index], chunk, CHUNK);
  g_autoptr (GBytes) bytes = NULL;

  *again = size == CHUNK;
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  // A pseudo terminal whose other end is closed says EIO.
  if (size <= 0)
    return FALSE;
  bytes = g_bytes_new_take (g_steal_pointer (&chunk), (gsize) size);
  bl_script_stream_received (self->stream, bytes, index == 1);
  return TRUE;
}

static void
end_input (BlScriptFdPeer *self, guint index)
{
  drop_source (&self->reading[index]);
  if (self->shared && index == 0)
    close_output (self);
  close (self->input[index]);
  self->input[index] = -1;
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  BlScriptFdPeer *self = data;
  guint index = fd == self->input[0] ? 0 : 1;
  gboolean again;

  if (read_once (self, index, &again))
    return G_SOURCE_CONTINUE;
  end_input (self, index);
  if (self->input[0] < 0 && self->input[1] < 0)
    self->events->ended (self, self->owner);
  return G_SOURCE_REMOVE;
}

static void
flush (BlScriptFdPeer *self)
{
  while (self->output >= 0 && self->queue->len > 0)
    {
      gssize size = write (self->output, self->queue->data, self->queue->len);

      if (size < 0 && errno == EINTR)
        continue;
      if (size < 0 && errno == EAGAIN)
        {
          if (self->writing == NULL)
            self->writing = watch (self, self->output, G_IO_OUT, on_writable);
          return;
        }
      if (size < 0)
        {
          close_output (self);
          break;
        }
      g_byte_array_remove_range (self->queue, 0, (guint) size);
      written (self, (gsize) size);
    }
  // What nobody reads any more counts as written, so that the script is not held up.
  if (self->output < 0 && self->queue->len > 0)
    {
      written (self, self->queue->len);
      g_byte_array_set_size (self->queue, 0);
    }
  drop_source (&self->writing);
  if (self->end_output)
    close_output (self);
}

static void
release (BlScriptFdPeer *self)
{
  drop_source (&self->linger);
  if (self->input[1] >= 0)
    end_input (self, 1);
  close_output (self);
  if (self->input[0] >= 0)
    end_input (self, 0);
  g_byte_array_unref (self->queue);
  g_free (self);
}

static gboolean
on_lingered (gpointer data)
{
  release (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_writable (gint fd, GIOCondition condition, gpointer data)
{
  BlScriptFdPeer *self = data;

  flush (self);
  if (self->stream == NULL && self->writing == NULL)
    {
      release (self);
      return G_SOURCE_REMOVE;
    }
  return self->writing != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
peer_write (BlScriptStream *stream, GBytes *data, gboolean text, gpointer peer)
{
  BlScriptFdPeer *self = peer;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  g_byte_array_append (self->queue, bytes, (guint) size);
  if (self->writing == NULL)
    flush (self);
}

static void
peer_set_paused (BlScriptStream *stream, gboolean paused, gpointer peer)
{
  BlScriptFdPeer *self = peer;

  self->paused = paused;
  update_reading (self);
}

static void
peer_control (BlScriptStream *stream, GVariant *args, gpointer peer)
{
  BlScriptFdPeer *self = peer;

  if (self->events->control != NULL)
    self->events->control (self, args, self->owner);
}

static void
peer_close (BlScriptStream *stream, gpointer peer)
{
  BlScriptFdPeer *self = peer;

  self->events->closed (self->owner);
  self->stream = NULL;
  if (!self->shared || self->writing == NULL)
    {
      release (self);
      return;
    }
  self->paused = TRUE;
  update_reading (self);
  self->linger = g_timeout_source_new_seconds (LINGER_S);
  g_source_set_callback (self->linger, on_lingered, self, NULL);
  g_source_attach (self->linger, g_main_context_get_thread_default ());
}

BlScriptFdPeer *
bl_script_fd_peer_new (BlScriptStream *stream,
                       int input,
                       int extra,
                       int output,
                       const BlScriptFdPeerEvents *events,
                       gpointer owner)
{
  static const BlScriptStreamPeer vtable
      = { .write = peer_write, .set_paused = peer_set_paused, .control = peer_control, .close = peer_close };
  BlScriptFdPeer *self = g_new0 (BlScriptFdPeer, 1);

  self->stream = stream;
  self->events = events;
  self->owner = owner;
  self->input[0] = input;
  self->input[1] = extra;
  self->output = output;
  self->shared = output == input;
  self->queue = g_byte_array_new ();
  g_unix_set_fd_nonblocking (input, TRUE, NULL);
  if (extra >= 0)
    g_unix_set_fd_nonblocking (extra, TRUE, NULL);
  if (!self->shared && output >= 0)
    g_unix_set_fd_nonblocking (output, TRUE, NULL);
  bl_script_stream_bind (stream, &vtable, self);
  update_reading (self);
  return self;
}

BlScriptStream *
bl_script_fd_peer_get_stream (BlScriptFdPeer *self)
{
  return self->stream;
}

int
bl_script_fd_peer_get_input (BlScriptFdPeer *self)
{
  return self->input[0];
}

void
bl_script_fd_peer_drain (BlScriptFdPeer *self)
{
  for (guint index = 0; index < 2; index++)
    {
      gboolean again = self->input[index] >= 0;

      for (guint n = 0; again && n < DRAIN_MAX; n++)
        if (!read_once (self, index, &again))
          break;
    }
}

void
bl_script_fd_peer_end_output (BlScriptFdPeer *self)
{
  self->end_output = TRUE;
  if (self->writing == NULL)
    flush (self);
}
