// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define RAW_SIZE (128u * 1024u)  // of one system call
#define RECORD_MAX 16384u        // RFC 8446 section 5.1
#define RECORD_ROOM (RECORD_MAX + 512u) // encrypted, with header and tag

typedef struct
{
  guint8 *data;
  gsize pos;
  gsize length;
} Span;

struct _BlAgentWire
{
  gnutls_session_t session;
  int fd;
  Span in; // of the shared buffer while records are read; a copy of what was left afterwards
  gboolean reading;
  gboolean dry;     // the kernel had no more
  gboolean sending; // records gather in the shared buffer
  GByteArray *spill; // (nullable): encrypted, and the kernel had no room
  gsize spilled;     // of it, sent since
  gboolean broken;   // the connection takes nothing any more
};

// Sockets take turns on one thread, so one set of buffers is enough for all.
static struct
{
  guint8 *in;
  guint8 *out;
  guint8 *plain;
  gsize out_length;
} shared;

void
bl_agent_wire_rest (void)
{
  g_clear_pointer (&shared.in, g_free);
  g_clear_pointer (&shared.out, g_free);
  g_clear_pointer (&shared.plain, g_free);
}

static gsize
span_take (Span *span, gpointer data, gsize size)
{
  const gsize n = MIN (size, span->length - span->pos);
  memcpy (data, span->data + span->pos, n);
  span->pos += n;
  return n;
}

static ssize_t
pull (gnutls_transport_ptr_t ptr, void *data, size_t size)
{
  BlAgentWire *wire = ptr;
  ssize_t n;
  if (wire->in.pos < wire->in.length)
    return (ssize_t)span_take (&wire->in, data, size);
  if (wire->dry)
    {
      gnutls_transport_set_errno (wire->session, EAGAIN);
      return -1;
    }
  do
    n = recv (wire->fd, wire->reading ? shared.in : data, wire->reading ? RAW_SIZE : size, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    gnutls_transport_set_errno (wire->session, errno);
  if (n <= 0 || !wire->reading)
    return n;
  if (wire->in.data != shared.in)
    g_free (wire->in.data);
  wire->in = (Span){ shared.in, 0, (gsize)n };
  wire->dry = n < (ssize_t)RAW_SIZE; // spares the call that would only say so
  return (ssize_t)span_take (&wire->in, data, size);
}

static void
keep (BlAgentWire *wire, const guint8 *data, gsize length)
{
  if (wire->spill == NULL)
    wire->spill = g_byte_array_new ();
  g_byte_array_append (wire->spill, data, (guint)length);
}

static void
send_gathered (BlAgentWire *wire)
{
  ssize_t n = 0;
  if (shared.out_length > 0)
    do
      n = send (wire->fd, shared.out, shared.out_length, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
  wire->broken = n < 0 && errno != EAGAIN && errno != EWOULDBLOCK;
  n = MAX (n, 0);
  if (!wire->broken && (gsize)n < shared.out_length)
    keep (wire, shared.out + n, shared.out_length - (gsize)n);
  shared.out_length = 0;
}

static ssize_t
push (gnutls_transport_ptr_t ptr, const giovec_t *parts, int n_parts)
{
  BlAgentWire *wire = ptr;
  const struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (gsize)n_parts };
  gsize total = 0;
  for (int i = 0; i < n_parts; i++)
    total += parts[i].iov_len;
  if (wire->sending && shared.out_length + total <= RAW_SIZE)
    {
      for (int i = 0; i < n_parts; i++)
        {
          memcpy (shared.out + shared.out_length, parts[i].iov_base, parts[i].iov_len);
          shared.out_length += parts[i].iov_len;
        }
      return (ssize_t)total;
    }
  if (wire->spill != NULL) // a message of TLS itself, behind records that wait
    {
      for (int i = 0; i < n_parts; i++)
        keep (wire, parts[i].iov_base, parts[i].iov_len);
      return (ssize_t)total;
    }
  ssize_t n;
  do
    n = sendmsg (wire->fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    gnutls_transport_set_errno (wire->session, errno);
  return n;
}

BlAgentWire *
bl_agent_wire_new (gnutls_session_t session, int fd)
{
  BlAgentWire *wire = g_new0 (BlAgentWire, 1);
  wire->session = session;
  wire->fd = fd;
  gnutls_transport_set_ptr (session, wire);
  gnutls_transport_set_pull_function (session, pull);
  gnutls_transport_set_vec_push_function (session, push);
  // The owner keeps the time; without this the library would ask the descriptor itself.
  gnutls_handshake_set_timeout (session, GNUTLS_INDEFINITE_TIMEOUT);
  return wire;
}

void
bl_agent_wire_free (BlAgentWire *wire)
{
  if (wire == NULL)
    return;
  if (wire->in.data != shared.in)
    g_free (wire->in.data);
  g_clear_pointer (&wire->spill, g_byte_array_unref);
  g_free (wire);
}

gssize
bl_agent_wire_receive (BlAgentWire *wire, guint8 **data, gsize *used)
{
  gssize n = 1;
  if (shared.in == NULL)
    shared.in = g_malloc (RAW_SIZE);
  if (shared.plain == NULL)
    shared.plain = g_malloc (BL_AGENT_WIRE_PLAIN);
  *used = 0;
  *data = shared.plain;
  wire->reading = TRUE;
  wire->dry = FALSE;
  while (*used < BL_AGENT_WIRE_PLAIN
         && (n = gnutls_record_recv (wire->session, shared.plain + *used, BL_AGENT_WIRE_PLAIN - *used)) > 0)
    *used += (gsize)n;
  wire->reading = wire->dry = FALSE;
  // The rest of the shared buffer is another socket's from here on.
  Span rest = wire->in;
  wire->in = (Span){ NULL };
  if (rest.pos < rest.length)
    wire->in = (Span){ g_memdup2 (rest.data + rest.pos, rest.length - rest.pos), 0, rest.length - rest.pos };
  if (rest.data != shared.in)
    g_free (rest.data);
  return n;
}

gboolean
bl_agent_wire_has_input (BlAgentWire *wire)
{
  return wire->in.pos < wire->in.length || gnutls_record_check_pending (wire->session) > 0;
}

gboolean
bl_agent_wire_flush (BlAgentWire *wire)
{
  while (wire->spill != NULL)
    {
      const ssize_t n
          = send (wire->fd, wire->spill->data + wire->spilled, wire->spill->len - wire->spilled, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return FALSE;
      wire->broken = n < 0;
      wire->spilled = wire->broken ? wire->spill->len : wire->spilled + (gsize)n;
      if (wire->spilled == wire->spill->len)
        {
          g_clear_pointer (&wire->spill, g_byte_array_unref);
          wire->spilled = 0;
        }
    }
  return TRUE;
}

gboolean
bl_agent_wire_is_full (BlAgentWire *wire)
{
  return wire->spill != NULL;
}

gssize
bl_agent_wire_send (BlAgentWire *wire, const guint8 *data, gsize length)
{
  gsize done = 0;
  gssize n = 0;
  if (shared.out == NULL)
    shared.out = g_malloc (RAW_SIZE);
  while (done < length && n >= 0 && bl_agent_wire_flush (wire) && !wire->broken)
    {
      wire->sending = TRUE;
      while (done < length && shared.out_length + RECORD_ROOM <= RAW_SIZE)
        {
          n = gnutls_record_send (wire->session, data + done, MIN (length - done, RECORD_MAX));
          if (n < 0)
            break;
          done += (gsize)n;
        }
      wire->sending = FALSE;
      send_gathered (wire);
    }
  if (wire->broken)
    return GNUTLS_E_PUSH_ERROR;
  if (n < 0 && n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED)
    return n;
  return (gssize)done;
}
