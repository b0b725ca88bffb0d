// SPDX-License-Identifier: Apache-2.0
// BlScriptStream and BlScriptCall: what a script has open on the agent's side.

#include "bl-script-private.h"

#include <string.h>

#include "common/bl-bytes.h"

struct _BlScriptStreams
{
  BlScriptProcess *process;
  GHashTable *table; // id -> BlScriptStream
};

struct _BlScriptStream
{
  BlScriptStreams *owner;
  guint32 id;
  const BlScriptStreamPeer *peer;
  gpointer peer_data;
  gsize outstanding; // sent to the script, not taken yet
  gboolean paused;
  gboolean closing;
};

struct _BlScriptCall
{
  BlScriptLink *link;
  guint32 id;
};

// --- links and calls --------------------------------------------------------------------

BlScriptLink *
bl_script_link_new (BlScriptRunner *runner, BlScriptProcess *process)
{
  BlScriptLink *link = g_new0 (BlScriptLink, 1);

  link->refs = 1;
  link->runner = runner;
  link->process = process;
  return link;
}

BlScriptLink *
bl_script_link_ref (BlScriptLink *link)
{
  link->refs++;
  return link;
}

void
bl_script_link_unref (BlScriptLink *link)
{
  if (--link->refs == 0)
    g_free (link);
}

BlScriptCall *
bl_script_call_new (BlScriptLink *link, guint32 id)
{
  BlScriptCall *call = g_new0 (BlScriptCall, 1);

  call->link = bl_script_link_ref (link);
  call->id = id;
  return call;
}

static void
answer (BlScriptCall *call, gboolean failed, GBytes *body)
{
  gsize size;
  const void *data = g_bytes_get_data (body, &size);

  if (call->link->process != NULL)
    bl_script_process_send (call->link->process, BL_SCRIPT_FRAME_RESULT, failed ? 1 : 0, call->id, data, size);
  bl_script_link_unref (call->link);
  g_free (call);
}

static GBytes *
error_body (const char *message)
{
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "error", "s", message);
  return bl_script_body_encode (g_variant_dict_end (&dict), NULL);
}

void
bl_script_call_return (BlScriptCall *call, GVariant *result)
{
  g_autoptr (GVariant) owned = result != NULL ? g_variant_ref_sink (result) : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (owned != NULL && g_variant_is_of_type (owned, G_VARIANT_TYPE_VARDICT))
    {
      body = bl_script_body_encode (owned, &error);
    }
  else
    {
      if (owned != NULL)
        g_variant_dict_insert_value (&dict, "value", owned);
      body = bl_script_body_encode (g_variant_dict_end (&dict), &error);
    }
  if (body == NULL)
    body = error_body (error->message);
  answer (call, error != NULL, body);
}

void
bl_script_call_fail (BlScriptCall *call, const GError *error)
{
  g_autoptr (GBytes) body = error_body (error->message);

  answer (call, TRUE, body);
}

// --- streams ----------------------------------------------------------------------------

BlScriptStreams *
bl_script_streams_new (BlScriptProcess *process)
{
  BlScriptStreams *streams = g_new0 (BlScriptStreams, 1);

  streams->process = process;
  streams->table = g_hash_table_new (NULL, NULL);
  return streams;
}

guint
bl_script_streams_count (BlScriptStreams *streams)
{
  return g_hash_table_size (streams->table);
}

BlScriptStream *
bl_script_streams_add (BlScriptStreams *streams, guint32 id)
{
  BlScriptStream *stream;

  if (g_hash_table_contains (streams->table, GUINT_TO_POINTER (id)))
    return NULL;
  stream = g_new0 (BlScriptStream, 1);
  stream->owner = streams;
  stream->id = id;
  g_hash_table_insert (streams->table, GUINT_TO_POINTER (id), stream);
  return stream;
}

static void
send_body (BlScriptStream *stream, guint8 type, GVariant *body)
{
  g_autoptr (GBytes) bytes = bl_script_body_encode (body, NULL);
  gsize size;
  const void *data;

  if (bytes == NULL)
    return;
  data = g_bytes_get_data (bytes, &size);
  bl_script_process_send (stream->owner->process, type, 0, stream->id, data, size);
}

// The one way a stream ends: its peer is told once, then it is gone.
static void
finish (BlScriptStream *stream)
{
  if (stream->closing)
    return;
  stream->closing = TRUE;
  g_hash_table_remove (stream->owner->table, GUINT_TO_POINTER (stream->id));
  if (stream->peer != NULL)
    stream->peer->close (stream, stream->peer_data);
  g_free (stream);
}

void
bl_script_streams_free (BlScriptStreams *streams)
{
  GHashTableIter iter;
  gpointer stream;

  for (;;)
    {
      g_hash_table_iter_init (&iter, streams->table);
      if (!g_hash_table_iter_next (&iter, NULL, &stream))
        break;
      finish (stream);
    }
  g_hash_table_unref (streams->table);
  g_free (streams);
}

static void
on_data (BlScriptStream *stream, const BlScriptFrame *frame)
{
  g_autoptr (GBytes) data = g_bytes_new (frame->payload, frame->size);

  if (stream->peer != NULL && stream->peer->write != NULL)
    stream->peer->write (stream, data, frame->flags & 1, stream->peer_data);
}

static void
on_ack (BlScriptStream *stream, const BlScriptFrame *frame)
{
  BlReader reader;
  gsize bytes;

  bl_reader_init (&reader, frame->payload, frame->size);
  bytes = bl_reader_u32be (&reader);
  stream->outstanding -= MIN (bytes, stream->outstanding);
  if (!stream->paused || stream->outstanding > BL_SCRIPT_STREAM_WINDOW / 2)
    return;
  stream->paused = FALSE;
  if (stream->peer != NULL && stream->peer->set_paused != NULL)
    stream->peer->set_paused (stream, FALSE, stream->peer_data);
}

gboolean
bl_script_streams_frame (BlScriptStreams *streams, const BlScriptFrame *frame)
{
  BlScriptStream *stream;
  g_autoptr (GVariant) body = NULL;

  if (frame->type != BL_SCRIPT_FRAME_STREAM_DATA && frame->type != BL_SCRIPT_FRAME_STREAM_ACK
      && frame->type != BL_SCRIPT_FRAME_STREAM_CLOSE && frame->type != BL_SCRIPT_FRAME_STREAM_CONTROL)
    return FALSE;
  stream = g_hash_table_lookup (streams->table, GUINT_TO_POINTER (frame->id));
  if (stream == NULL)
    return TRUE;
  if (frame->type == BL_SCRIPT_FRAME_STREAM_DATA)
    on_data (stream, frame);
  else if (frame->type == BL_SCRIPT_FRAME_STREAM_ACK)
    on_ack (stream, frame);
  else if (frame->type == BL_SCRIPT_FRAME_STREAM_CLOSE)
    finish (stream);
  else if (stream->peer != NULL && stream->peer->control != NULL)
    {
      body = bl_script_body_decode (frame->payload, frame->size, NULL);
      if (body != NULL)
        stream->peer->control (stream, body, stream->peer_data);
    }
  return TRUE;
}

void
bl_script_stream_bind (BlScriptStream *stream, const BlScriptStreamPeer *peer, gpointer peer_data)
{
  stream->peer = peer;
  stream->peer_data = peer_data;
}

void
bl_script_stream_opened (BlScriptStream *stream, GVariant *info)
{
  send_body (stream, BL_SCRIPT_FRAME_STREAM_OPENED, info);
}

void
bl_script_stream_received (BlScriptStream *stream, GBytes *data, gboolean text)
{
  gsize size;
  const void *bytes = g_bytes_get_data (data, &size);

  if (size > BL_SCRIPT_PAYLOAD_MAX)
    return;
  stream->outstanding += size;
  bl_script_process_send (stream->owner->process, BL_SCRIPT_FRAME_STREAM_DATA, text ? 1 : 0, stream->id, bytes, size);
  if (stream->closing || stream->paused || stream->outstanding <= BL_SCRIPT_STREAM_WINDOW)
    return;
  stream->paused = TRUE;
  if (stream->peer != NULL && stream->peer->set_paused != NULL)
    stream->peer->set_paused (stream, TRUE, stream->peer_data);
}

void
bl_script_stream_written (BlScriptStream *stream, gsize bytes)
{
  guint32 big = GUINT32_TO_BE ((guint32) MIN (bytes, G_MAXUINT32));

  bl_script_process_send (stream->owner->process, BL_SCRIPT_FRAME_STREAM_ACK, 0, stream->id, &big, sizeof big);
}

void
bl_script_stream_event (BlScriptStream *stream, GVariant *event)
{
  send_body (stream, BL_SCRIPT_FRAME_STREAM_EVENT, event);
}

void
bl_script_stream_closed (BlScriptStream *stream, const GError *error)
{
  g_autoptr (GBytes) body = error != NULL ? error_body (error->message) : bl_script_body_encode (NULL, NULL);
  gsize size;
  const void *data = g_bytes_get_data (body, &size);

  if (stream->closing)
    return;
  bl_script_process_send (stream->owner->process, BL_SCRIPT_FRAME_STREAM_CLOSE, 0, stream->id, data, size);
  finish (stream);
}
