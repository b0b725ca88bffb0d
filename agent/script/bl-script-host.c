// SPDX-License-Identifier: Apache-2.0
// bowline-script-host: runs one core script for bowline-agent, which started it with a
// socket on descriptor 3. It can compute and send frames, and nothing else.

#include "bl-script-host.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bl-script-resources.h"

#define READ_CHUNK 65536
#define BLOCK_HEADER 16
// Duktape collects garbage and tries again a few times before it throws; a script that
// is refused more often than this within two seconds does not get by with its memory.
#define REFUSALS_MAX 24
#define REFUSALS_US (2 * G_USEC_PER_SEC)
#define MEMORY_DEFAULT (64u * 1024 * 1024)
#define CPU_DEFAULT 60

// --- memory -----------------------------------------------------------------------------

// Each block has its size before it, so that the heap can be counted.
static void *
refuse (BlScriptHost *host)
{
  gint64 now = g_get_monotonic_time ();

  if (now - host->memory_refused_us > REFUSALS_US)
    {
      host->memory_refused_us = now;
      host->memory_refusals = 0;
    }
  if (++host->memory_refusals >= REFUSALS_MAX && !host->memory_told)
    {
      host->memory_told = TRUE;
      bl_script_host_post (host, BL_SCRIPT_FRAME_MEMORY, 0, 0, NULL, 0);
    }
  return NULL;
}

static void *
resize_block (void *udata, void *old, duk_size_t size)
{
  BlScriptHost *host = udata;
  guint8 *block = old != NULL ? (guint8 *) old - BLOCK_HEADER : NULL;
  gsize before = block != NULL ? *(gsize *) (void *) block : 0;

  if (host->memory_used - before + size > host->memory_limit)
    return refuse (host);
  block = realloc (block, size + BLOCK_HEADER);
  if (block == NULL)
    return refuse (host);
  host->memory_used = host->memory_used - before + size;
  *(gsize *) (void *) block = size;
  return block + BLOCK_HEADER;
}

static void
free_block (void *udata, void *old)
{
  BlScriptHost *host = udata;

  if (old == NULL)
    return;
  host->memory_used -= *(gsize *) (void *) ((guint8 *) old - BLOCK_HEADER);
  free ((guint8 *) old - BLOCK_HEADER);
}

static void *
alloc_block (void *udata, duk_size_t size)
{
  return size == 0 ? NULL : resize_block (udata, NULL, size);
}

static void *
realloc_block (void *udata, void *old, duk_size_t size)
{
  if (size > 0)
    return resize_block (udata, old, size);
  free_block (udata, old);
  return NULL;
}

// Duktape cannot go on after this; the agent sees the signal.
static void
on_fatal (void *udata, const char *message)
{
  BlScriptHost *host = udata;
  const char *text = message != NULL ? message : "fatal error";

  bl_script_host_post (host, BL_SCRIPT_FRAME_EXCEPTION, 0, 0, text, strlen (text));
  abort ();
}

// --- frames -----------------------------------------------------------------------------

void
bl_script_host_post (BlScriptHost *host, guint8 type, guint8 flags, guint32 id, const void *data, gsize size)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  gsize sent = 0;

  if (host->closed)
    return;
  bl_script_frame_append (frame, type, flags, id, data, size);
  while (sent < frame->len)
    {
      gssize n = send (BL_SCRIPT_HOST_FD, frame->data + sent, frame->len - sent, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          host->closed = TRUE;
          return;
        }
      sent += (gsize) n;
    }
}

void
bl_script_host_receive (BlScriptHost *host, int timeout_ms)
{
  struct pollfd wait = { .fd = BL_SCRIPT_HOST_FD, .events = POLLIN };
  guint8 chunk[READ_CHUNK];
  gssize size;

  if (poll (&wait, 1, timeout_ms) <= 0)
    return;
  size = recv (BL_SCRIPT_HOST_FD, chunk, sizeof chunk, 0);
  if (size > 0)
    bl_script_parser_feed (&host->parser, chunk, (gsize) size);
  else if (size == 0 || errno != EINTR)
    host->closed = TRUE;
}

gboolean
bl_script_host_next (BlScriptHost *host, BlScriptFrame *frame)
{
  g_autoptr (GError) error = NULL;

  while (bl_script_parser_next (&host->parser, frame, &error))
    {
      if (frame->type != BL_SCRIPT_FRAME_PING)
        return TRUE;
      bl_script_host_post (host, BL_SCRIPT_FRAME_PONG, 0, frame->id, NULL, 0);
    }
  if (error != NULL)
    host->closed = TRUE;
  return FALSE;
}

// --- the script -------------------------------------------------------------------------

static const char *
error_text (duk_context *ctx)
{
  if (duk_is_error (ctx, -1) && duk_get_prop_string (ctx, -1, "stack"))
    return duk_safe_to_string (ctx, -1);
  return duk_safe_to_string (ctx, -1);
}

static void
report (BlScriptHost *host, gboolean loading)
{
  const char *text = error_text (host->ctx);

  bl_script_host_post (host, BL_SCRIPT_FRAME_EXCEPTION, loading ? 1 : 0, 0, text, MIN (strlen (text), 4096));
}

// Stack on entry: runtime object. Calls dispatch (type, flags, id, body).
static duk_ret_t
dispatch_safely (duk_context *ctx, void *udata)
{
  const BlScriptFrame *frame = udata;

  duk_get_prop_string (ctx, -1, "dispatch");
  duk_push_uint (ctx, frame->type);
  duk_push_uint (ctx, frame->flags);
  duk_push_uint (ctx, frame->id);
  if (bl_script_frame_has_body (frame->type))
    bl_script_host_push_body (ctx, frame->payload, frame->size);
  else
    bl_script_host_push_buffer (ctx, frame->payload, frame->size);
  duk_call (ctx, 4);
  return 0;
}

static duk_ret_t
run_core_safely (duk_context *ctx, void *udata)
{
  const BlScriptFrame *frame = udata;

  duk_push_lstring (ctx, (const char *) frame->payload, frame->size);
  duk_push_string (ctx, "CoreModule.js");
  duk_compile (ctx, 0);
  duk_call (ctx, 0);
  return 0;
}

static void
handle (BlScriptHost *host, BlScriptFrame *frame)
{
  gboolean core = frame->type == BL_SCRIPT_FRAME_CORE;
  // The parser's memory moves when the script makes a synchronous call.
  g_autoptr (GBytes) copy = g_bytes_new (frame->payload, frame->size);

  frame->payload = g_bytes_get_data (copy, NULL);
  if (core && frame->payload == NULL)
    return;
  if (duk_safe_call (host->ctx, core ? run_core_safely : dispatch_safely, frame, 0, 1) != DUK_EXEC_SUCCESS)
    report (host, core);
  else if (core)
    bl_script_host_post (host, BL_SCRIPT_FRAME_READY, 0, 0, NULL, 0);
  duk_set_top (host->ctx, 1);
}

// Handles one waiting frame. Returns: FALSE when there was none.
static gboolean
handle_next (BlScriptHost *host)
{
  BlScriptFrame frame;
  GBytes *kept = g_queue_pop_head (&host->later);

  if (kept == NULL)
    {
      if (!bl_script_host_next (host, &frame))
        return FALSE;
      handle (host, &frame);
      return TRUE;
    }
  if (bl_script_frame_read (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), &frame))
    handle (host, &frame);
  g_bytes_unref (kept);
  return TRUE;
}

static duk_ret_t
tick_safely (duk_context *ctx, void *udata)
{
  duk_get_prop_string (ctx, -1, "tick");
  duk_call (ctx, 0);
  return 1;
}

static int
tick (BlScriptHost *host)
{
  int next = 1000;

  if (duk_safe_call (host->ctx, tick_safely, NULL, 0, 1) == DUK_EXEC_SUCCESS)
    next = duk_to_int (host->ctx, -1);
  else
    report (host, FALSE);
  duk_set_top (host->ctx, 1);
  return next;
}

// Pushes the runtime object: the script side of this program.
static duk_ret_t
load_safely (duk_context *ctx, void *udata)
{
  GBytes *source = udata;
  gsize size;
  const char *text = g_bytes_get_data (source, &size);
  duk_memory_functions functions;

  duk_push_lstring (ctx, text, size);
  duk_push_string (ctx, "runtime.js");
  duk_compile (ctx, DUK_COMPILE_EVAL);
  duk_call (ctx, 0);
  duk_push_global_object (ctx);
  duk_get_memory_functions (ctx, &functions);
  bl_script_host_push_native (functions.udata);
  duk_call_method (ctx, 1);
  return 1;
}

static gboolean
load_runtime (BlScriptHost *host)
{
  g_autoptr (GBytes) source
      = g_resource_lookup_data (bl_script_get_resource (), "/bowline/script/runtime.js", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  if (source == NULL)
    return FALSE;
  if (duk_safe_call (host->ctx, load_safely, source, 0, 1) == DUK_EXEC_SUCCESS)
    return TRUE;
  report (host, TRUE);
  return FALSE;
}

static void
run (BlScriptHost *host)
{
  while (!host->closed)
    {
      int next = tick (host);

      if (handle_next (host))
        continue;
      bl_script_host_receive (host, next);
    }
}

static guint64
option (int argc, char **argv, const char *prefix, guint64 otherwise)
{
  for (int i = 1; i < argc; i++)
    if (g_str_has_prefix (argv[i], prefix))
      return g_ascii_strtoull (argv[i] + strlen (prefix), NULL, 10);
  return otherwise;
}

int
main (int argc, char **argv)
{
  BlScriptHost host = { .memory_limit = (gsize) option (argc, argv, "--memory=", MEMORY_DEFAULT) };
  guint cpu = (guint) option (argc, argv, "--cpu=", CPU_DEFAULT);
  int status = EXIT_FAILURE;

  if (fcntl (BL_SCRIPT_HOST_FD, F_GETFD) < 0)
    {
      g_printerr ("bowline-script-host is started by bowline-agent, with a socket on descriptor %d\n", BL_SCRIPT_HOST_FD);
      return EXIT_FAILURE;
    }
  if (!bl_script_sandbox_limits (host.memory_limit, cpu))
    {
      g_printerr ("bowline-script-host: cannot set limits: %s\n", g_strerror (errno));
      return EXIT_FAILURE;
    }
  bl_script_parser_init (&host.parser);
  g_queue_init (&host.later);
  host.hashes = g_ptr_array_new ();
  host.ctx = duk_create_heap (alloc_block, realloc_block, free_block, &host, on_fatal);
  if (host.ctx != NULL && load_runtime (&host) && bl_script_sandbox_enter ())
    {
      bl_script_host_post (&host, BL_SCRIPT_FRAME_HELLO, 0, BL_SCRIPT_PROTO_VERSION, NULL, 0);
      run (&host);
      status = EXIT_SUCCESS;
    }
  if (host.ctx != NULL)
    duk_destroy_heap (host.ctx);
  for (guint i = 0; i < host.hashes->len; i++)
    g_clear_pointer (&g_ptr_array_index (host.hashes, i), g_checksum_free);
  g_ptr_array_unref (host.hashes);
  g_queue_clear_full (&host.later, (GDestroyNotify) g_bytes_unref);
  bl_script_parser_clear (&host.parser);
  return status;
}
