// SPDX-License-Identifier: Apache-2.0
// Frames and bodies between agent and script host.

#include "bl-script-proto.h"

#include <string.h>

#include "common/bl-bytes.h"
#include "common/bl-error.h"
#include "common/bl-json.h"

#define FRAME_REST_HEADER (BL_SCRIPT_FRAME_HEADER - 4)

void
bl_script_parser_init (BlScriptParser *self)
{
  self->buffer = g_byte_array_new ();
  self->consumed = 0;
}

void
bl_script_parser_clear (BlScriptParser *self)
{
  g_clear_pointer (&self->buffer, g_byte_array_unref);
  self->consumed = 0;
}

void
bl_script_parser_feed (BlScriptParser *self, const void *data, gsize size)
{
  if (self->consumed > 0)
    {
      g_byte_array_remove_range (self->buffer, 0, (guint) self->consumed);
      self->consumed = 0;
    }
  g_byte_array_append (self->buffer, data, (guint) size);
}

// Returns: the bytes of the frame at the start of DATA, 0 when it is not complete, or with ERROR.
static gsize
read_frame (const guint8 *data, gsize size, BlScriptFrame *frame, GError **error)
{
  BlReader reader;
  guint32 length;

  bl_reader_init (&reader, data, size);
  if (bl_reader_remaining (&reader) < BL_SCRIPT_FRAME_HEADER)
    return 0;
  length = bl_reader_u32be (&reader);
  if (length < FRAME_REST_HEADER || length > BL_SCRIPT_PAYLOAD_MAX + FRAME_REST_HEADER)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "script frame: length %u, expected %u to %u", length,
                   FRAME_REST_HEADER, BL_SCRIPT_PAYLOAD_MAX + FRAME_REST_HEADER);
      return 0;
    }
  if (bl_reader_remaining (&reader) < length)
    return 0;
  frame->type = bl_reader_u8 (&reader);
  frame->flags = bl_reader_u8 (&reader);
  frame->id = bl_reader_u32be (&reader);
  frame->size = length - FRAME_REST_HEADER;
  frame->payload = bl_reader_bytes (&reader, frame->size);
  return 4 + (gsize) length;
}

gboolean
bl_script_parser_next (BlScriptParser *self, BlScriptFrame *frame, GError **error)
{
  gsize used = read_frame (self->buffer->data + self->consumed, self->buffer->len - self->consumed, frame, error);

  self->consumed += used;
  return used > 0;
}

gboolean
bl_script_frame_read (const void *data, gsize size, BlScriptFrame *frame)
{
  return read_frame (data, size, frame, NULL) == size && size > 0;
}

gboolean
bl_script_frame_has_body (guint8 type)
{
  return type == BL_SCRIPT_FRAME_START || type == BL_SCRIPT_FRAME_INFO || type == BL_SCRIPT_FRAME_RESULT
         || type == BL_SCRIPT_FRAME_STREAM_CLOSE || type == BL_SCRIPT_FRAME_STREAM_OPENED
         || type == BL_SCRIPT_FRAME_STREAM_EVENT;
}

static void
put_u32 (guint8 *out, guint32 value)
{
  guint32 big = GUINT32_TO_BE (value);

  memcpy (out, &big, sizeof big);
}

void
bl_script_frame_append (GByteArray *out, guint8 type, guint8 flags, guint32 id, const void *payload, gsize size)
{
  guint8 header[BL_SCRIPT_FRAME_HEADER];

  g_return_if_fail (size <= BL_SCRIPT_PAYLOAD_MAX);
  put_u32 (header, (guint32) size + FRAME_REST_HEADER);
  header[4] = type;
  header[5] = flags;
  put_u32 (header + 6, id);
  g_byte_array_append (out, header, sizeof header);
  if (size > 0)
    g_byte_array_append (out, payload, (guint) size);
}

static void
append_entry (GString *out, const char *key, GVariant *value, gboolean first, GError **error, gboolean *ok)
{
  if (!first)
    g_string_append_c (out, ',');
  bl_json_append_string (out, key);
  g_string_append_c (out, ':');
  *ok = bl_json_append (out, value, error);
  if (!*ok)
    g_prefix_error (error, "script body: key \"%s\": ", key);
}

GBytes *
bl_script_body_encode (GVariant *body, GError **error)
{
  g_autoptr (GVariant) owned = body != NULL ? g_variant_ref_sink (body) : NULL;
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GString) text = g_string_new ("{");
  GByteArray *out;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  guint8 prefix[4];
  gboolean first = TRUE, ok = TRUE;
  gsize size = 0;
  gconstpointer bytes = NULL;

  if (owned != NULL)
    {
      g_variant_iter_init (&iter, owned);
      while (ok && g_variant_iter_loop (&iter, "{&sv}", &key, &value))
        {
          if (data == NULL && g_strcmp0 (key, "data") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
            {
              data = g_variant_ref (value);
              continue;
            }
          append_entry (text, key, value, first, error, &ok);
          first = FALSE;
        }
    }
  if (!ok)
    return NULL;
  g_string_append_c (text, '}');
  if (data != NULL)
    bytes = g_variant_get_fixed_array (data, &size, 1);
  put_u32 (prefix, (guint32) text->len);
  out = g_byte_array_sized_new ((guint) (text->len + size + sizeof prefix));
  g_byte_array_append (out, prefix, sizeof prefix);
  g_byte_array_append (out, (const guint8 *) text->str, (guint) text->len);
  if (size > 0)
    g_byte_array_append (out, bytes, (guint) size);
  return g_byte_array_free_to_bytes (out);
}

gboolean
bl_script_body_split (const void *data,
                      gsize size,
                      const char **json,
                      gsize *json_size,
                      const guint8 **rest,
                      gsize *rest_size)
{
  BlReader reader;

  bl_reader_init (&reader, data, size);
  *json_size = bl_reader_u32be (&reader);
  *json = (const char *) bl_reader_bytes (&reader, *json_size);
  *rest = bl_reader_rest (&reader, rest_size);
  return bl_reader_ok (&reader);
}

GVariant *
bl_script_body_decode (const void *data, gsize size, GError **error)
{
  BlJsonLimits limits = { .max_bytes = BL_SCRIPT_PAYLOAD_MAX, .max_string = BL_SCRIPT_PAYLOAD_MAX, .max_values = 200000 };
  g_autoptr (GVariant) object = NULL;
  g_auto (GVariantDict) dict;
  const char *json;
  const guint8 *rest;
  gsize json_size, rest_size;

  g_variant_dict_init (&dict, NULL);
  if (!bl_script_body_split (data, size, &json, &json_size, &rest, &rest_size))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "script body: %" G_GSIZE_FORMAT " bytes are too few for its text",
                   size);
      return NULL;
    }
  object = bl_json_parse_object (json, json_size, &limits, BL_JSON_REPLACE_INVALID_UTF8, error);
  if (object == NULL)
    {
      g_prefix_error (error, "script body: ");
      return NULL;
    }
  if (rest_size == 0)
    return g_steal_pointer (&object);
  g_variant_dict_clear (&dict);
  g_variant_dict_init (&dict, object);
  g_variant_dict_insert_value (&dict, "data",
                               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, rest, rest_size, 1));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
