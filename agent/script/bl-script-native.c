// SPDX-License-Identifier: Apache-2.0
// The `native` object: the few things the script side cannot do in ECMAScript.

#include <gio/gio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "bl-script-host.h"

#define HASHES_MAX 64
#define ALLOCATE_MAX (32 * 1024 * 1024)
#define WAIT_MAX_MS 86400000.0
#define RANDOM_MAX 65536
#define READ_BLOCK 16384

static BlScriptHost *
get_host (duk_context *ctx)
{
  duk_memory_functions functions;

  duk_get_memory_functions (ctx, &functions);
  return functions.udata;
}

void
bl_script_host_push_buffer (duk_context *ctx, const void *data, gsize size)
{
  void *copy = duk_push_fixed_buffer (ctx, size);

  if (size > 0)
    memcpy (copy, data, size);
  duk_push_buffer_object (ctx, -1, 0, size, DUK_BUFOBJ_NODEJS_BUFFER);
  duk_remove (ctx, -2);
}

// Bytes of a text or buffer argument; NULL with size 0 for anything else.
static const char *
get_bytes (duk_context *ctx, duk_idx_t index, gsize *size)
{
  duk_size_t length = 0;
  const char *data = NULL;

  if (duk_is_string (ctx, index))
    data = duk_get_lstring (ctx, index, &length);
  else if (duk_is_buffer_data (ctx, index))
    data = duk_get_buffer_data (ctx, index, &length);
  *size = length;
  return data;
}

// Duktape keeps characters beyond the basic plane as two surrogates of three bytes each;
// the wire wants UTF-8. Returns: (transfer full).
static char *
wire_text (const char *text, gsize size, gsize *out_size)
{
  const guint8 *in = (const guint8 *) text;
  char *out = g_malloc (size + 1);
  gsize n = 0;

  for (gsize i = 0; i < size;)
    {
      gboolean pair = i + 6 <= size && in[i] == 0xed && (in[i + 1] & 0xf0) == 0xa0 && in[i + 3] == 0xed && (in[i + 4] & 0xf0) == 0xb0;

      if (!pair)
        {
          out[n++] = (char) in[i++];
          continue;
        }
      n += (gsize) g_unichar_to_utf8 (0x10000u + ((((in[i + 1] & 0x0fu) << 6 | (in[i + 2] & 0x3fu)) << 10)
                                                  | ((in[i + 4] & 0x0fu) << 6 | (in[i + 5] & 0x3fu))),
                                      out + n);
      i += 6;
    }
  *out_size = n;
  return out;
}

// post (type, flags, id, data): sends a frame; returns the bytes sent.
static duk_ret_t
native_post (duk_context *ctx)
{
  BlScriptHost *host = get_host (ctx);
  gsize size;
  const char *data = get_bytes (ctx, 3, &size);
  g_autofree char *text = NULL;

  if (duk_is_string (ctx, 3))
    {
      text = wire_text (data, size, &size);
      data = text;
    }
  // Duktape throws by longjmp(): nothing may be allocated when it does.
  if (size > BL_SCRIPT_PAYLOAD_MAX)
    {
      g_clear_pointer (&text, g_free);
      return duk_range_error (ctx, "more than %u bytes in one piece", BL_SCRIPT_PAYLOAD_MAX);
    }
  bl_script_host_post (host, (guint8) duk_to_uint (ctx, 0), (guint8) duk_to_uint (ctx, 1), duk_to_uint32 (ctx, 2), data, size);
  duk_push_number (ctx, (double) size);
  return 1;
}

// Sends a body out of JSON text and optional bytes.
static gboolean
post_body (duk_context *ctx, guint8 type, guint32 id, duk_idx_t json_index, duk_idx_t data_index)
{
  GByteArray *body = g_byte_array_new ();
  gsize json_size, data_size;
  const char *json = get_bytes (ctx, json_index, &json_size);
  const char *data = get_bytes (ctx, data_index, &data_size);
  g_autofree char *text = wire_text (json, json_size, &json_size);
  guint32 prefix = GUINT32_TO_BE ((guint32) json_size);
  gboolean fits = json_size + data_size + sizeof prefix <= BL_SCRIPT_PAYLOAD_MAX;

  if (fits)
    {
      g_byte_array_append (body, (const guint8 *) &prefix, sizeof prefix);
      g_byte_array_append (body, (const guint8 *) text, (guint) json_size);
      if (data_size > 0)
        g_byte_array_append (body, (const guint8 *) data, (guint) data_size);
      bl_script_host_post (get_host (ctx), type, 0, id, body->data, body->len);
    }
  g_byte_array_unref (body);
  return fits;
}

// request (type, id, json, data)
static duk_ret_t
native_request (duk_context *ctx)
{
  duk_require_string (ctx, 2);
  if (!post_body (ctx, (guint8) duk_to_uint (ctx, 0), duk_to_uint32 (ctx, 1), 2, 3))
    return duk_range_error (ctx, "request too large");
  return 0;
}

void
bl_script_host_push_body (duk_context *ctx, const void *data, gsize size)
{
  const char *json;
  const guint8 *rest;
  gsize json_size, rest_size;

  if (!bl_script_body_split (data, size, &json, &json_size, &rest, &rest_size))
    (void) duk_type_error (ctx, "malformed body");
  duk_push_lstring (ctx, json, json_size);
  duk_json_decode (ctx, -1);
  if (rest_size == 0)
    return;
  bl_script_host_push_buffer (ctx, rest, rest_size);
  duk_put_prop_string (ctx, -2, "data");
}

static void
keep_for_later (BlScriptHost *host, const BlScriptFrame *frame)
{
  GByteArray *copy = g_byte_array_new ();

  bl_script_frame_append (copy, frame->type, frame->flags, frame->id, frame->payload, frame->size);
  g_queue_push_tail (&host->later, g_byte_array_free_to_bytes (copy));
}

// call (id, json, data): waits for the answer; everything else is kept for later.
static duk_ret_t
native_call (duk_context *ctx)
{
  BlScriptHost *host = get_host (ctx);
  guint32 id = duk_to_uint32 (ctx, 0);
  BlScriptFrame frame;

  duk_require_string (ctx, 1);
  if (!post_body (ctx, BL_SCRIPT_FRAME_CALL, id, 1, 2))
    return duk_range_error (ctx, "request too large");
  while (!host->closed)
    {
      while (bl_script_host_next (host, &frame))
        {
          if (frame.type != BL_SCRIPT_FRAME_RESULT || frame.id != id)
            {
              keep_for_later (host, &frame);
              continue;
            }
          bl_script_host_push_body (ctx, frame.payload, frame.size);
          if (frame.flags == 0)
            return 1;
          duk_get_prop_string (ctx, -1, "error");
          return duk_generic_error (ctx, "%s", duk_safe_to_string (ctx, -1));
        }
      bl_script_host_receive (host, -1);
    }
  return duk_generic_error (ctx, "the agent is gone");
}

// Pushes [type, flags, id, body] of a frame whose payload lies in memory that no call of Duktape moves or frees.
static void
push_frame (duk_context *ctx, const BlScriptFrame *frame)
{
  duk_push_array (ctx);
  duk_push_uint (ctx, frame->type);
  duk_put_prop_index (ctx, -2, 0);
  duk_push_uint (ctx, frame->flags);
  duk_put_prop_index (ctx, -2, 1);
  duk_push_uint (ctx, frame->id);
  duk_put_prop_index (ctx, -2, 2);
  if (bl_script_frame_has_body (frame->type))
    bl_script_host_push_body (ctx, frame->payload, frame->size);
  else
    bl_script_host_push_buffer (ctx, frame->payload, frame->size);
  duk_put_prop_index (ctx, -2, 3);
}

// The oldest frame that was kept, as push_frame () does. Returns: FALSE when there is none.
static gboolean
push_kept (duk_context *ctx)
{
  BlScriptHost *host = get_host (ctx);
  GBytes *kept = g_queue_peek_head (&host->later);
  BlScriptFrame frame;
  gsize size;
  guint8 *copy;

  if (kept == NULL)
    return FALSE;
  size = g_bytes_get_size (kept);
  copy = duk_push_fixed_buffer (ctx, size); // throws before anything is taken
  memcpy (copy, g_bytes_get_data (kept, NULL), size);
  g_bytes_unref (g_queue_pop_head (&host->later));
  if (!bl_script_frame_read (copy, size, &frame))
    return FALSE;
  push_frame (ctx, &frame);
  return TRUE;
}

// next (milliseconds, id): the next frame as an array, undefined after the time. With an id only what the agent
// answers to its opening; everything else is kept for later.
static duk_ret_t
native_next (duk_context *ctx)
{
  BlScriptHost *host = get_host (ctx);
  const double ms = duk_to_number (ctx, 0);
  const guint32 id = duk_to_uint32 (ctx, 1);
  const gint64 end = ms < 0 ? G_MAXINT64 : g_get_monotonic_time () + (gint64) (MIN (ms, WAIT_MAX_MS) * 1000);
  BlScriptFrame frame;

  if (id == 0 && push_kept (ctx))
    return 1;
  for (gint64 now = 0; !host->closed && now < end; now = g_get_monotonic_time ())
    {
      while (bl_script_host_next (host, &frame))
        {
          if (id == 0
              || (frame.id == id && (frame.type == BL_SCRIPT_FRAME_STREAM_OPENED || frame.type == BL_SCRIPT_FRAME_STREAM_CLOSE)))
            {
              push_frame (ctx, &frame);
              return 1;
            }
          keep_for_later (host, &frame);
        }
      now = g_get_monotonic_time ();
      if (now < end)
        bl_script_host_receive (host, end == G_MAXINT64 ? -1 : (int) ((end - now + 999) / 1000));
    }
  return host->closed ? duk_generic_error (ctx, "the agent is gone") : 0;
}

static duk_ret_t
native_acknowledge (duk_context *ctx)
{
  guint32 big = GUINT32_TO_BE (duk_to_uint32 (ctx, 1));

  bl_script_host_post (get_host (ctx), BL_SCRIPT_FRAME_STREAM_ACK, 0, duk_to_uint32 (ctx, 0), &big, sizeof big);
  return 0;
}

static duk_ret_t
native_exception (duk_context *ctx)
{
  gsize size;
  const char *text = get_bytes (ctx, 0, &size);

  bl_script_host_post (get_host (ctx), BL_SCRIPT_FRAME_EXCEPTION, 0, 0, text, MIN (size, 4096));
  return 0;
}

static duk_ret_t
native_now (duk_context *ctx)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  duk_push_number (ctx, (double) now.tv_sec * 1000.0 + (double) now.tv_nsec / 1e6);
  return 1;
}

static duk_ret_t
native_to_buffer (duk_context *ctx)
{
  gsize size;
  const char *data = get_bytes (ctx, 0, &size);

  bl_script_host_push_buffer (ctx, data, size);
  return 1;
}

static duk_ret_t
native_allocate (duk_context *ctx)
{
  double size = duk_to_number (ctx, 0);

  if (!(size >= 0 && size <= ALLOCATE_MAX))
    return duk_range_error (ctx, "buffer of 0 to %d bytes expected", ALLOCATE_MAX);
  duk_push_fixed_buffer (ctx, (duk_size_t) size);
  duk_push_buffer_object (ctx, -1, 0, (duk_size_t) size, DUK_BUFOBJ_NODEJS_BUFFER);
  return 1;
}

static gboolean
is_text (const char *data, gsize size)
{
  const char *end = data + size;

  // GLib ends a text at a zero byte; here it is a character like others.
  for (const char *zero = data; zero != NULL; data = zero + 1)
    {
      zero = memchr (data, 0, (gsize) (end - data));
      if (!g_utf8_validate_len (data, (gsize) ((zero != NULL ? zero : end) - data), NULL))
        return FALSE;
    }
  return TRUE;
}

// Returns: (transfer full)
static GString *
make_text (const char *data, gsize size)
{
  GString *text = g_string_sized_new (size);
  const char *end = data + size;

  for (const char *zero = data; zero != NULL; data = zero + 1)
    {
      char *valid;

      zero = memchr (data, 0, (gsize) (end - data));
      valid = g_utf8_make_valid (data, (zero != NULL ? zero : end) - data);
      g_string_append (text, valid);
      g_free (valid);
      if (zero != NULL)
        g_string_append_c (text, '\0');
    }
  return text;
}

static duk_ret_t
push_text (duk_context *ctx, void *udata)
{
  const GString *text = udata;

  duk_push_lstring (ctx, text->str, text->len);
  return 1;
}

// text (buffer): UTF-8, with wrong bytes replaced.
static duk_ret_t
native_text (duk_context *ctx)
{
  gsize size;
  const char *data = get_bytes (ctx, 0, &size);
  GString *text;
  duk_int_t result;

  if (size == 0 || is_text (data, size))
    {
      duk_push_lstring (ctx, size > 0 ? data : "", size);
      return 1;
    }
  text = make_text (data, size);
  result = duk_safe_call (ctx, push_text, text, 0, 1);
  g_string_free (text, TRUE);
  return result == DUK_EXEC_SUCCESS ? 1 : duk_throw (ctx);
}

// latin1 (buffer): one character a byte.
static duk_ret_t
native_latin1 (duk_context *ctx)
{
  gsize size;
  const guint8 *data = (const guint8 *) get_bytes (ctx, 0, &size);
  char *text = duk_push_fixed_buffer (ctx, size * 2 + 1);
  gsize n = 0;

  for (gsize i = 0; i < size; i++)
    n += (gsize) g_unichar_to_utf8 (data[i], text + n);
  duk_push_lstring (ctx, text, n);
  return 1;
}

static duk_ret_t
native_from_latin1 (duk_context *ctx)
{
  duk_size_t size = duk_get_length (ctx, 0);
  guint8 *data = duk_push_fixed_buffer (ctx, size);

  for (duk_size_t i = 0; i < size; i++)
    data[i] = (guint8) duk_char_code_at (ctx, 0, i);
  duk_push_buffer_object (ctx, -1, 0, size, DUK_BUFOBJ_NODEJS_BUFFER);
  return 1;
}

// hashNew (bits): a hash of that many bits, of the SHA-2 family, SHA-1 (160) or MD5 (128).
static duk_ret_t
native_hash_new (duk_context *ctx)
{
  static const struct { guint bits; GChecksumType type; } known[] = {
    { 128, G_CHECKSUM_MD5 }, { 160, G_CHECKSUM_SHA1 }, { 256, G_CHECKSUM_SHA256 }, { 384, G_CHECKSUM_SHA384 },
    { 512, G_CHECKSUM_SHA512 },
  };
  BlScriptHost *host = get_host (ctx);
  const guint bits = duk_to_uint (ctx, 0);
  guint index = 0, which = 0;

  while (which < G_N_ELEMENTS (known) && known[which].bits != bits)
    which++;
  if (which == G_N_ELEMENTS (known))
    return duk_range_error (ctx, "there is no hash of %u bits", bits);
  while (index < host->hashes->len && g_ptr_array_index (host->hashes, index) != NULL)
    index++;
  if (index >= HASHES_MAX)
    return duk_range_error (ctx, "more than %d hashes at once", HASHES_MAX);
  if (index == host->hashes->len)
    g_ptr_array_add (host->hashes, NULL);
  g_ptr_array_index (host->hashes, index) = g_checksum_new (known[which].type);
  duk_push_uint (ctx, index);
  return 1;
}

static GChecksum *
get_hash (duk_context *ctx)
{
  BlScriptHost *host = get_host (ctx);
  guint index = duk_to_uint (ctx, 0);

  return index < host->hashes->len ? g_ptr_array_index (host->hashes, index) : NULL;
}

static duk_ret_t
native_hash_update (duk_context *ctx)
{
  GChecksum *hash = get_hash (ctx);
  gsize size;
  const char *data = get_bytes (ctx, 1, &size);

  if (hash != NULL && data != NULL)
    g_checksum_update (hash, (const guchar *) data, (gssize) size);
  return 0;
}

static duk_ret_t
native_hash_finish (duk_context *ctx)
{
  BlScriptHost *host = get_host (ctx);
  GChecksum *hash = get_hash (ctx);

  if (hash == NULL)
    return duk_type_error (ctx, "no such hash");
  duk_push_string (ctx, g_checksum_get_string (hash));
  g_ptr_array_index (host->hashes, duk_to_uint (ctx, 0)) = NULL;
  g_checksum_free (hash);
  return 1;
}

// random (size): bytes nobody can guess.
static duk_ret_t
native_random (duk_context *ctx)
{
  const guint size = duk_to_uint (ctx, 0);
  guint8 *data;

  if (size > RANDOM_MAX)
    return duk_range_error (ctx, "at most %d random bytes at once", RANDOM_MAX);
  data = duk_push_fixed_buffer (ctx, size);
  for (guint done = 0; done < size;)
    {
      const gssize n = getrandom (data + done, size - done, 0);

      if (n <= 0)
        return duk_generic_error (ctx, "no random bytes");
      done += (guint) n;
    }
  duk_push_buffer_object (ctx, -1, 0, size, DUK_BUFOBJ_NODEJS_BUFFER);
  return 1;
}

static duk_ret_t
push_copy (duk_context *ctx, void *udata)
{
  const GByteArray *made = udata;
  void *copy = duk_push_fixed_buffer (ctx, MAX (made->len, 1));

  memcpy (copy, made->data, made->len);
  return 1;
}

// Runs all of a buffer through a converter. Returns: (transfer full): NULL when it is malformed or gets too large.
static GByteArray *
convert (GConverter *converter, const char *data, gsize size, gsize limit)
{
  GByteArray *made = g_byte_array_new ();
  guint8 block[READ_BLOCK];
  GConverterResult result = G_CONVERTER_CONVERTED;

  while (result == G_CONVERTER_CONVERTED && made->len <= limit)
    {
      gsize used = 0, n = 0;

      result = g_converter_convert (converter, data, size, block, sizeof block, G_CONVERTER_INPUT_AT_END, &used, &n, NULL);
      data += used;
      size -= used;
      g_byte_array_append (made, block, (guint) n);
    }
  if (result == G_CONVERTER_FINISHED && made->len <= limit)
    return made;
  g_byte_array_unref (made);
  return NULL;
}

// deflate (buffer, inflate, raw, limit): the buffer deflated, with the head of zlib unless RAW, or what such a buffer stands for,
// at most LIMIT bytes.
static duk_ret_t
native_deflate (duk_context *ctx)
{
  const gboolean inflate = duk_to_boolean (ctx, 1) != 0;
  const GZlibCompressorFormat format = duk_to_boolean (ctx, 2) ? G_ZLIB_COMPRESSOR_FORMAT_RAW : G_ZLIB_COMPRESSOR_FORMAT_ZLIB;
  const gsize limit = duk_is_number (ctx, 3) ? MIN (duk_to_uint (ctx, 3), ALLOCATE_MAX) : ALLOCATE_MAX;
  GConverter *converter;
  GByteArray *made;
  gsize size;
  const char *data = get_bytes (ctx, 0, &size);
  void *copy = NULL;

  converter = inflate ? G_CONVERTER (g_zlib_decompressor_new (format))
                      : G_CONVERTER (g_zlib_compressor_new (format, -1));
  made = convert (converter, data, size, limit);
  g_object_unref (converter);
  size = made != NULL ? made->len : 0;
  // Taken over in a call that is allowed to fail, so that ours is freed.
  if (made != NULL && duk_safe_call (ctx, push_copy, made, 0, 1) == DUK_EXEC_SUCCESS)
    copy = duk_get_buffer (ctx, -1, NULL);
  if (made != NULL)
    g_byte_array_unref (made);
  if (copy == NULL)
    return duk_range_error (ctx, "no deflated data, or more than %d bytes", (int) limit);
  duk_push_buffer_object (ctx, -1, 0, size, DUK_BUFOBJ_NODEJS_BUFFER);
  return 1;
}

// crc32 (buffer): the checksum that zip archives have.
static duk_ret_t
native_crc32 (duk_context *ctx)
{
  static guint32 table[256];
  gsize size;
  const guint8 *data = (const guint8 *) get_bytes (ctx, 0, &size);
  guint32 sum = G_MAXUINT32;

  if (table[1] == 0)
    for (guint32 i = 0; i < G_N_ELEMENTS (table); i++)
      {
        table[i] = i;
        for (guint bit = 0; bit < 8; bit++)
          table[i] = (table[i] >> 1) ^ ((table[i] & 1) != 0 ? 0xedb88320u : 0);
      }
  for (gsize i = 0; i < size; i++)
    sum = table[(sum ^ data[i]) & 0xff] ^ (sum >> 8);
  duk_push_number (ctx, (double) (sum ^ G_MAXUINT32));
  return 1;
}

// compile (source, name): the value of the program.
static duk_ret_t
native_compile (duk_context *ctx)
{
  duk_compile (ctx, DUK_COMPILE_EVAL);
  duk_call (ctx, 0);
  return 1;
}

void
bl_script_host_push_native (BlScriptHost *host)
{
  static const duk_function_list_entry functions[] = {
    { "post", native_post, 4 },
    { "request", native_request, 4 },
    { "call", native_call, 3 },
    { "next", native_next, 2 },
    { "acknowledge", native_acknowledge, 2 },
    { "exception", native_exception, 1 },
    { "now", native_now, 0 },
    { "toBuffer", native_to_buffer, 1 },
    { "allocate", native_allocate, 1 },
    { "text", native_text, 1 },
    { "latin1", native_latin1, 1 },
    { "fromLatin1", native_from_latin1, 1 },
    { "hashNew", native_hash_new, 1 },
    { "hashUpdate", native_hash_update, 2 },
    { "hashFinish", native_hash_finish, 1 },
    { "random", native_random, 1 },
    { "deflate", native_deflate, 4 },
    { "crc32", native_crc32, 1 },
    { "compile", native_compile, 2 },
    { NULL, NULL, 0 },
  };

  duk_push_object (host->ctx);
  duk_put_function_list (host->ctx, -1, functions);
}
