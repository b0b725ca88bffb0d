// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-tls-stream.h"

#include <glib-unix.h>
#include <string.h>

struct _BlTlsStream
{
  GIOStream parent_instance;
  BlTlsConn *conn;
  GInputStream *input;
  GOutputStream *output;
  BlTlsStreamFunc func;
  gpointer user_data;
  gboolean stopped; /* reads say "would block" */
  gboolean cut;     /* reads and writes say "end" */
  gboolean idle;    /* between requests */
};

#define BL_TYPE_TLS_INPUT (bl_tls_input_get_type ())
G_DECLARE_FINAL_TYPE (BlTlsInput, bl_tls_input, BL, TLS_INPUT, GInputStream)
#define BL_TYPE_TLS_OUTPUT (bl_tls_output_get_type ())
G_DECLARE_FINAL_TYPE (BlTlsOutput, bl_tls_output, BL, TLS_OUTPUT, GOutputStream)

/* The two halves borrow the stream, which owns them; libsoup may hold them longer, hence the reset on finalize. */
struct _BlTlsInput
{
  GInputStream parent_instance;
  BlTlsStream *stream;
};

struct _BlTlsOutput
{
  GOutputStream parent_instance;
  BlTlsStream *stream;
};

static void bl_tls_input_pollable_init (GPollableInputStreamInterface *iface);
static void bl_tls_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE (BlTlsStream, bl_tls_stream, G_TYPE_IO_STREAM)
G_DEFINE_FINAL_TYPE_WITH_CODE (BlTlsInput,
                               bl_tls_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, bl_tls_input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (BlTlsOutput,
                               bl_tls_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, bl_tls_output_pollable_init))

static void
bl_tls_stream_tell (BlTlsStream *self, BlTlsStreamEvent event, gsize n)
{
  if (self->func != NULL)
    self->func (self, event, n, self->user_data);
}

static gboolean
bl_tls_stream_is_over (BlTlsStream *self, GError **error)
{
  if (self != NULL && self->conn != NULL && !self->cut)
    return FALSE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the connection is closed");
  return TRUE;
}

static gssize
bl_tls_stream_fail (gssize result, GError **error)
{
  if (result == BL_TLS_AGAIN)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "the socket is not ready");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the connection is broken");
  return -1;
}

/* A source that fires at once when @now, otherwise when the socket is ready for @condition. */
static GSource *
bl_tls_stream_create_source (BlTlsStream *self, GObject *half, GCancellable *cancellable, GIOCondition condition, gboolean now)
{
  GSource *source = g_pollable_source_new_full (half, NULL, cancellable);
  g_autoptr (GSource) child
      = now ? g_timeout_source_new (0) : g_unix_fd_source_new (bl_tls_conn_get_fd (self->conn), condition);
  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
  return source;
}

/* ---- input ------------------------------------------------------------------------------------------------------- */

static gssize
bl_tls_input_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  BlTlsStream *self = BL_TLS_INPUT (stream)->stream;

  if (self != NULL && self->stopped)
    return bl_tls_stream_fail (BL_TLS_AGAIN, error);
  const gboolean over = bl_tls_stream_is_over (self, NULL);
  const gssize n = over ? BL_TLS_FAILED : bl_tls_conn_read (self->conn, buffer, count);
  /* libsoup 3.2 forgets a connection that ends before the first byte of a request, and keeps it for ever. One byte of
   * a request that never comes makes it notice. */
  if (self != NULL && self->idle && (n == 0 || n == BL_TLS_FAILED) && count > 0)
    {
      self->idle = FALSE;
      self->cut = TRUE;
      memcpy (buffer, "?", 1);
      return 1;
    }
  if (over)
    return 0;
  if (n < 0)
    return bl_tls_stream_fail (n, error);
  bl_tls_stream_tell (self, BL_TLS_STREAM_READ, (gsize) n);
  return n;
}

static gssize
bl_tls_input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  return bl_tls_input_read (G_INPUT_STREAM (stream), buffer, count, NULL, error);
}

static gboolean
bl_tls_input_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static gboolean
bl_tls_input_is_readable (GPollableInputStream *stream)
{
  BlTlsStream *self = BL_TLS_INPUT (stream)->stream;
  /* unknown without trying; libsoup tries */
  return self == NULL || !self->stopped;
}

static GSource *
bl_tls_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  BlTlsStream *self = BL_TLS_INPUT (stream)->stream;
  const gboolean now
      = self == NULL || self->conn == NULL || self->cut || bl_tls_conn_has_pending (self->conn);
  const gboolean write = !now && bl_tls_conn_wants_write (self->conn);
  return bl_tls_stream_create_source (self, G_OBJECT (stream), cancellable, write ? G_IO_OUT : G_IO_IN, now);
}

static void
bl_tls_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = bl_tls_input_is_readable;
  iface->create_source = bl_tls_input_create_source;
  iface->read_nonblocking = bl_tls_input_read_nonblocking;
}

static void
bl_tls_input_class_init (BlTlsInputClass *class)
{
  GInputStreamClass *input_class = G_INPUT_STREAM_CLASS (class);
  input_class->read_fn = bl_tls_input_read;
  input_class->close_fn = bl_tls_input_close;
}

static void
bl_tls_input_init (BlTlsInput *self)
{
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static gssize
bl_tls_output_write (GOutputStream *stream, const void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  BlTlsStream *self = BL_TLS_OUTPUT (stream)->stream;

  if (bl_tls_stream_is_over (self, error))
    return -1;
  const gssize n = bl_tls_conn_write (self->conn, buffer, count);
  if (n == BL_TLS_AGAIN)
    bl_tls_stream_tell (self, BL_TLS_STREAM_BLOCKED, 0);
  if (n < 0)
    return bl_tls_stream_fail (n, error);
  bl_tls_stream_tell (self, BL_TLS_STREAM_WROTE, (gsize) n);
  return n;
}

static gssize
bl_tls_output_write_nonblocking (GPollableOutputStream *stream, const void *buffer, gsize count, GError **error)
{
  return bl_tls_output_write (G_OUTPUT_STREAM (stream), buffer, count, NULL, error);
}

static gboolean
bl_tls_output_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static gboolean
bl_tls_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static GSource *
bl_tls_output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  BlTlsStream *self = BL_TLS_OUTPUT (stream)->stream;
  const gboolean now = self == NULL || self->conn == NULL || self->cut;
  return bl_tls_stream_create_source (self, G_OBJECT (stream), cancellable, G_IO_OUT, now);
}

static void
bl_tls_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = bl_tls_output_is_writable;
  iface->create_source = bl_tls_output_create_source;
  iface->write_nonblocking = bl_tls_output_write_nonblocking;
}

static void
bl_tls_output_class_init (BlTlsOutputClass *class)
{
  GOutputStreamClass *output_class = G_OUTPUT_STREAM_CLASS (class);
  output_class->write_fn = bl_tls_output_write;
  output_class->close_fn = bl_tls_output_close;
}

static void
bl_tls_output_init (BlTlsOutput *self)
{
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static GInputStream *
bl_tls_stream_get_input_stream (GIOStream *stream)
{
  return BL_TLS_STREAM (stream)->input;
}

static GOutputStream *
bl_tls_stream_get_output_stream (GIOStream *stream)
{
  return BL_TLS_STREAM (stream)->output;
}

static gboolean
bl_tls_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  BlTlsStream *self = BL_TLS_STREAM (stream);
  BlTlsStreamFunc func = g_steal_pointer (&self->func);

  if (func != NULL)
    func (self, BL_TLS_STREAM_CLOSED, 0, self->user_data);
  g_clear_pointer (&self->conn, bl_tls_conn_free);
  return TRUE;
}

static void
bl_tls_stream_finalize (GObject *object)
{
  BlTlsStream *self = BL_TLS_STREAM (object);
  bl_tls_stream_close (G_IO_STREAM (self), NULL, NULL);
  BL_TLS_INPUT (self->input)->stream = NULL;
  BL_TLS_OUTPUT (self->output)->stream = NULL;
  g_object_unref (self->input);
  g_object_unref (self->output);
  G_OBJECT_CLASS (bl_tls_stream_parent_class)->finalize (object);
}

static void
bl_tls_stream_class_init (BlTlsStreamClass *class)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (class);
  stream_class->get_input_stream = bl_tls_stream_get_input_stream;
  stream_class->get_output_stream = bl_tls_stream_get_output_stream;
  stream_class->close_fn = bl_tls_stream_close;
  G_OBJECT_CLASS (class)->finalize = bl_tls_stream_finalize;
}

static void
bl_tls_stream_init (BlTlsStream *self)
{
  BlTlsInput *input = g_object_new (BL_TYPE_TLS_INPUT, NULL);
  BlTlsOutput *output = g_object_new (BL_TYPE_TLS_OUTPUT, NULL);
  input->stream = self;
  output->stream = self;
  self->input = G_INPUT_STREAM (input);
  self->output = G_OUTPUT_STREAM (output);
}

BlTlsStream *
bl_tls_stream_new (BlTlsConn *conn, BlTlsStreamFunc func, gpointer user_data)
{
  BlTlsStream *self = g_object_new (BL_TYPE_TLS_STREAM, NULL);
  self->conn = conn;
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
bl_tls_stream_forget (BlTlsStream *self)
{
  self->func = NULL;
}

BlTlsConn *
bl_tls_stream_get_conn (BlTlsStream *self)
{
  return self->conn;
}

BlTlsConn *
bl_tls_stream_steal_conn (BlTlsStream *self)
{
  return g_steal_pointer (&self->conn);
}

void
bl_tls_stream_set_idle (BlTlsStream *self, gboolean idle)
{
  self->idle = idle;
}

void
bl_tls_stream_stop_reading (BlTlsStream *self)
{
  self->stopped = TRUE;
}

void
bl_tls_stream_cut (BlTlsStream *self, gboolean wake)
{
  self->cut = TRUE;
  if (wake && self->conn != NULL)
    bl_tls_conn_abort (self->conn);
}
