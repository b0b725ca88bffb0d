// SPDX-License-Identifier: Apache-2.0
// The runner: which core runs, when it counts as good, and what happens when it fails.

#include "bl-script-runner.h"

#include <string.h>

#include "bl-build-config.h"
#include "bl-script-private.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#define PREFIX_SIZE 4
#define COMMAND_MAX (16u * 1024 * 1024)
#define LOG_MAX 1024
#define CRASH_WINDOW_US ((gint64) 600 * G_USEC_PER_SEC)
#define RESTART_MAX_MS 60000
#define PUBLIC_LISTEN "public.listen" // net.listen and udp.bind where other machines reach them
#define MEMORY_DEFAULT (64u * 1024 * 1024)

struct _BlScriptRunner
{
  BlScriptOptions options;
  BlScriptOps ops;
  gpointer user_data;
  BlCoreStore *store;
  GVariant *msh;
  GVariant *info;

  GBytes *pushed;  // what the server pushed last
  GBytes *running; // what runs or is to run: the same, or the last good core
  BlScriptState state;
  gboolean connected;
  gint64 crashes[16]; // times of the last ones
  guint n_crashes;
  GSource *restart;
  GSource *deadline; // for coreinfo

  BlScriptProcess *process;
  BlScriptLink *link;
  BlScriptStreams *streams;
  BlScriptEnv *env;
};

G_DEFINE_QUARK (bl-script-error-quark, bl_script_error)

static void start_process (BlScriptRunner *self);

const char *const *
bl_script_default_operations (void)
{
  static const char *const operations[] = { "fs.*", "os.*", "users.*", "db.*", "process.*", "net.*", "tls.*", "udp.*",
                                            "ws.connect", "power", "message.*", "clipboard.*", NULL };

  return operations;
}

static guint
or_default (guint value, guint otherwise)
{
  return value != 0 ? value : otherwise;
}

static void
log_line (BlScriptRunner *self, GLogLevelFlags level, const char *text, gsize size)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) MIN (size, LOG_MAX));

  if (self->ops.log != NULL)
    self->ops.log (self, level, valid, self->user_data);
  else
    g_log (G_LOG_DOMAIN, level, "%s: %s", self->options.name, valid);
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_source_unref (*source);
  *source = NULL;
}

static void
set_state (BlScriptRunner *self, BlScriptState state, const GError *error)
{
  self->state = state;
  if (self->ops.state_changed != NULL)
    self->ops.state_changed (self, state, error, self->user_data);
}

static GSource *
after_ms (BlScriptRunner *self, guint ms, GSourceFunc callback)
{
  GSource *source = g_timeout_source_new (ms);

  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
stop_process (BlScriptRunner *self)
{
  drop_source (&self->restart);
  drop_source (&self->deadline);
  if (self->process == NULL)
    return;
  self->link->runner = NULL;
  self->link->process = NULL;
  g_clear_pointer (&self->link, bl_script_link_unref);
  g_clear_pointer (&self->streams, bl_script_streams_free);
  g_clear_pointer (&self->env, bl_script_env_free);
  g_clear_pointer (&self->process, bl_script_process_free);
}

// --- failing ----------------------------------------------------------------------------

// The running core is given up: the last good one takes over, or nothing runs.
static void
give_up (BlScriptRunner *self, const GError *error)
{
  g_autoptr (GBytes) good = NULL;

  log_line (self, G_LOG_LEVEL_WARNING, error->message, strlen (error->message));
  if (self->store != NULL && self->running != NULL && self->pushed != NULL && g_bytes_equal (self->running, self->pushed))
    {
      bl_core_store_mark_bad (self->store, NULL);
      good = bl_core_store_load (self->store, BL_CORE_SLOT_LAST_GOOD);
    }
  if (good == NULL || g_bytes_equal (good, self->running))
    {
      set_state (self, BL_SCRIPT_STATE_FAILED, error);
      return;
    }
  g_clear_pointer (&self->running, g_bytes_unref);
  self->running = g_steal_pointer (&good);
  self->n_crashes = 0;
  set_state (self, BL_SCRIPT_STATE_STARTING, error);
  start_process (self);
}

static guint
count_crash (BlScriptRunner *self)
{
  gint64 now = g_get_monotonic_time ();
  guint kept = 0;

  for (guint i = 0; i < self->n_crashes; i++)
    if (now - self->crashes[i] < CRASH_WINDOW_US)
      self->crashes[kept++] = self->crashes[i];
  if (kept == G_N_ELEMENTS (self->crashes))
    memmove (self->crashes, self->crashes + 1, sizeof (gint64) * --kept);
  self->crashes[kept++] = now;
  self->n_crashes = kept;
  return kept;
}

static gboolean
on_restart (gpointer data)
{
  BlScriptRunner *self = data;

  drop_source (&self->restart);
  start_process (self);
  return G_SOURCE_REMOVE;
}

static void
on_ended (BlScriptProcess *process, const GError *reason, gpointer data)
{
  BlScriptRunner *self = data;
  g_autoptr (GError) error = g_error_copy (reason);
  guint crashes;

  stop_process (self);
  // These would happen again at once.
  if (error->code == BL_SCRIPT_ERROR_EXCEPTION || error->code == BL_SCRIPT_ERROR_NOT_READY)
    {
      give_up (self, error);
      return;
    }
  crashes = count_crash (self);
  if (crashes >= MIN (self->options.crash_limit, G_N_ELEMENTS (self->crashes)))
    {
      give_up (self, error);
      return;
    }
  log_line (self, G_LOG_LEVEL_WARNING, error->message, strlen (error->message));
  self->restart = after_ms (self, MIN (self->options.restart_ms << (crashes - 1), RESTART_MAX_MS), on_restart);
  set_state (self, BL_SCRIPT_STATE_STARTING, error);
}

static gboolean
on_deadline (gpointer data)
{
  BlScriptRunner *self = data;

  drop_source (&self->deadline);
  // Without a server a core has nobody to send coreinfo to.
  if (self->connected && self->process != NULL && self->state == BL_SCRIPT_STATE_STARTING)
    bl_script_process_kill (self->process, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_NOT_READY,
                                                        "the core sent no coreinfo within %u ms", self->options.start_ms));
  return G_SOURCE_REMOVE;
}

// --- what the script does ---------------------------------------------------------------

static gboolean
is_core_info (const void *data, gsize size)
{
  g_autoptr (GVariant) object = NULL;

  if (size > COMMAND_MAX || size == 0 || *(const char *) data != '{')
    return FALSE;
  object = bl_json_parse_object (data, size, NULL, BL_JSON_REPLACE_INVALID_UTF8, NULL);
  return object != NULL && g_strcmp0 (bl_variant_get_string (object, "action"), "coreinfo") == 0;
}

static void
on_send (BlScriptRunner *self, const BlScriptFrame *frame)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (self->state == BL_SCRIPT_STATE_STARTING && is_core_info (frame->payload, frame->size))
    {
      drop_source (&self->deadline);
      if (self->store != NULL && !bl_core_store_mark_good (self->store, self->running, &error))
        log_line (self, G_LOG_LEVEL_WARNING, error->message, strlen (error->message));
      set_state (self, BL_SCRIPT_STATE_RUNNING, NULL);
    }
  bytes = g_bytes_new (frame->payload, frame->size);
  if (self->ops.send_command != NULL)
    self->ops.send_command (self, bytes, frame->flags & 1, self->user_data);
}

static gboolean
is_allowed (BlScriptRunner *self, const char *name)
{
  for (guint i = 0; self->options.allowed[i] != NULL; i++)
    {
      const char *entry = self->options.allowed[i];
      gsize size = strlen (entry);
      gboolean open_end = size > 0 && entry[size - 1] == '*';

      if (open_end ? strncmp (name, entry, size - 1) == 0 : strcmp (name, entry) == 0)
        return TRUE;
    }
  return FALSE;
}

static GError *
not_allowed (const char *name)
{
  return g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_NOT_ALLOWED, "operation \"%s\" is not allowed", name);
}

static void
run_call (BlScriptRunner *self, BlScriptCall *call, const char *name, GVariant *args)
{
  BlScriptOperation operation = bl_script_operation_find (name);
  g_autoptr (GError) error = NULL;
  GVariant *result;

  if (operation != NULL)
    {
      result = operation (self->env, args, &error);
      if (result != NULL)
        bl_script_call_return (call, result);
      else
        bl_script_call_fail (call, error);
      return;
    }
  if (strcmp (name, "power") == 0 && self->ops.power != NULL)
    {
      self->ops.power (self, call, bl_script_arg_int (args, "action", 0), bl_variant_get_bool (args, "forced", FALSE), self->user_data);
      return;
    }
  if (self->ops.operation != NULL)
    {
      self->ops.operation (self, call, name, args, self->user_data);
      return;
    }
  error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "operation \"%s\" is not available", name);
  bl_script_call_fail (call, error);
}

static void
on_call (BlScriptRunner *self, const BlScriptFrame *frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) args = bl_script_body_decode (frame->payload, frame->size, &error);
  const char *name = args != NULL ? bl_variant_get_string (args, "op") : NULL;
  BlScriptCall *call = bl_script_call_new (self->link, frame->id);

  if (name == NULL)
    {
      if (error == NULL)
        error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_PROTOCOL, "a call without \"op\"");
      bl_script_call_fail (call, error);
      return;
    }
  if (!is_allowed (self, name))
    {
      error = not_allowed (name);
      log_line (self, G_LOG_LEVEL_WARNING, error->message, strlen (error->message));
      bl_script_call_fail (call, error);
      return;
    }
  run_call (self, call, name, args);
}

static void
open_stream (BlScriptRunner *self, BlScriptStream *stream, const char *name, GVariant *args)
{
  g_autoptr (GError) error = NULL;

  const gboolean listens = strcmp (name, "net.listen") == 0 || strcmp (name, "udp.bind") == 0;

  if (!is_allowed (self, name))
    error = not_allowed (name);
  else if (listens && bl_script_listen_is_public (args) && !is_allowed (self, PUBLIC_LISTEN))
    error = not_allowed (PUBLIC_LISTEN);
  else if (bl_script_streams_count (self->streams) > self->options.max_streams)
    error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "more than %u streams are open", self->options.max_streams);
  else if (strcmp (name, "process.spawn") == 0)
    bl_script_spawn_open (stream, args);
  else if (strcmp (name, "net.connect") == 0)
    bl_script_net_open (stream, args, FALSE);
  else if (strcmp (name, "tls.connect") == 0)
    bl_script_net_open (stream, args, TRUE);
  else if (strcmp (name, "net.accept") == 0)
    bl_script_net_accept (self->env, stream, args);
  else if (strcmp (name, "net.listen") == 0)
    bl_script_listen_open (self->env, stream, args);
  else if (strcmp (name, "udp.bind") == 0)
    bl_script_udp_open (self->env, stream, args);
  else if (strcmp (name, "ws.connect") == 0 && self->ops.ws_connect != NULL)
    self->ops.ws_connect (self, stream, args, self->user_data);
  else
    error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "operation \"%s\" is not available", name);
  if (error != NULL)
    bl_script_stream_closed (stream, error);
}

static void
on_stream_open (BlScriptRunner *self, const BlScriptFrame *frame)
{
  g_autoptr (GVariant) args = bl_script_body_decode (frame->payload, frame->size, NULL);
  const char *name = args != NULL ? bl_variant_get_string (args, "op") : NULL;
  BlScriptStream *stream = name != NULL ? bl_script_streams_add (self->streams, frame->id) : NULL;

  if (stream == NULL)
    {
      bl_script_process_kill (self->process, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_PROTOCOL,
                                                          "script host: stream %u cannot be opened", frame->id));
      return;
    }
  open_stream (self, stream, name, args);
}

static void
on_exception (BlScriptRunner *self, const BlScriptFrame *frame)
{
  g_autofree char *valid = g_utf8_make_valid ((const char *) frame->payload, (gssize) MIN (frame->size, LOG_MAX));

  if ((frame->flags & 1) != 0)
    bl_script_process_kill (self->process, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_EXCEPTION,
                                                        "the core does not load: %s", valid));
  else
    log_line (self, G_LOG_LEVEL_WARNING, valid, strlen (valid));
}

static void
on_frame (BlScriptProcess *process, const BlScriptFrame *frame, gpointer data)
{
  BlScriptRunner *self = data;

  switch (frame->type)
    {
    case BL_SCRIPT_FRAME_SEND:
      on_send (self, frame);
      return;
    case BL_SCRIPT_FRAME_LOG:
      log_line (self, (frame->flags & 1) != 0 ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE, (const char *) frame->payload,
                frame->size);
      return;
    case BL_SCRIPT_FRAME_CALL:
      on_call (self, frame);
      return;
    case BL_SCRIPT_FRAME_STREAM_OPEN:
      on_stream_open (self, frame);
      return;
    case BL_SCRIPT_FRAME_EXCEPTION:
      on_exception (self, frame);
      return;
    case BL_SCRIPT_FRAME_HELLO:
    case BL_SCRIPT_FRAME_READY:
      return;
    default:
      if (!bl_script_streams_frame (self->streams, frame))
        bl_script_process_kill (process, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_PROTOCOL,
                                                      "script host: unexpected frame type %u", frame->type));
    }
}

// --- starting ---------------------------------------------------------------------------

static void
send_body (BlScriptRunner *self, guint8 type, GVariant *body)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = bl_script_body_encode (body, &error);
  gsize size;
  const void *data;

  if (bytes == NULL)
    {
      log_line (self, G_LOG_LEVEL_WARNING, error->message, strlen (error->message));
      return;
    }
  data = g_bytes_get_data (bytes, &size);
  bl_script_process_send (self->process, type, 0, 0, data, size);
}

static void
send_start (BlScriptRunner *self)
{
  g_auto (GVariantDict) dict;
  gsize size;
  const char *package = g_bytes_get_data (self->running, &size);

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "s", BL_VERSION);
  g_variant_dict_insert_value (&dict, "allowed", g_variant_new_strv (self->options.allowed, -1));
  if (self->msh != NULL)
    g_variant_dict_insert_value (&dict, "msh", self->msh);
  if (self->info != NULL)
    g_variant_dict_insert_value (&dict, "info", self->info);
  send_body (self, BL_SCRIPT_FRAME_START, g_variant_dict_end (&dict));
  bl_script_process_send (self->process, BL_SCRIPT_FRAME_CONNECTED, 0, self->connected ? 1 : 0, NULL, 0);
  bl_script_process_send (self->process, BL_SCRIPT_FRAME_CORE, 0, 0, package + PREFIX_SIZE, size - PREFIX_SIZE);
}

static void
start_process (BlScriptRunner *self)
{
  static const BlScriptProcessEvents events = { .frame = on_frame, .ended = on_ended };
  BlScriptProcessLimits limits = { .host_path = self->options.host_path,
                                   .memory_bytes = self->options.memory_bytes,
                                   .cpu_seconds = self->options.cpu_seconds,
                                   .hang_ms = self->options.hang_ms };
  g_autoptr (GError) error = NULL;

  self->process = bl_script_process_spawn (&limits, &events, self, &error);
  if (self->process == NULL)
    {
      log_line (self, G_LOG_LEVEL_WARNING, error->message, strlen (error->message));
      set_state (self, BL_SCRIPT_STATE_FAILED, error);
      return;
    }
  self->link = bl_script_link_new (self, self->process);
  self->streams = bl_script_streams_new (self->process);
  self->env = bl_script_env_new (self->options.state_dir);
  self->deadline = after_ms (self, self->options.start_ms, on_deadline);
  send_start (self);
}

static void
start_core (BlScriptRunner *self)
{
  stop_process (self);
  self->n_crashes = 0;
  set_state (self, BL_SCRIPT_STATE_STARTING, NULL);
  start_process (self);
}

// --- public -----------------------------------------------------------------------------

BlScriptRunner *
bl_script_runner_new (const BlScriptOptions *options, const BlScriptOps *ops, gpointer user_data, BlCoreStore *store)
{
  BlScriptRunner *self = g_new0 (BlScriptRunner, 1);
  const char *const *allowed = options->allowed != NULL ? options->allowed : bl_script_default_operations ();

  self->options = *options;
  self->options.host_path = g_strdup (options->host_path != NULL ? options->host_path : BL_LIBEXECDIR "/bowline-script-host");
  self->options.name = g_strdup (options->name != NULL ? options->name : "core");
  self->options.state_dir = g_strdup (options->state_dir);
  self->options.allowed = (const char *const *) g_strdupv ((char **) allowed);
  self->options.memory_bytes = options->memory_bytes != 0 ? options->memory_bytes : MEMORY_DEFAULT;
  self->options.cpu_seconds = or_default (options->cpu_seconds, 20);
  self->options.hang_ms = or_default (options->hang_ms, 5000);
  self->options.start_ms = or_default (options->start_ms, 20000);
  self->options.crash_limit = or_default (options->crash_limit, 3);
  self->options.restart_ms = or_default (options->restart_ms, 1000);
  self->options.max_streams = or_default (options->max_streams, 256);
  self->ops = *ops;
  self->user_data = user_data;
  self->store = store != NULL ? bl_core_store_ref (store) : NULL;
  self->pushed = store != NULL ? bl_core_store_load (store, BL_CORE_SLOT_CURRENT) : NULL;
  return self;
}

void
bl_script_runner_free (BlScriptRunner *self)
{
  memset (&self->ops, 0, sizeof self->ops);
  stop_process (self);
  g_clear_pointer (&self->store, bl_core_store_unref);
  g_clear_pointer (&self->msh, g_variant_unref);
  g_clear_pointer (&self->info, g_variant_unref);
  g_clear_pointer (&self->pushed, g_bytes_unref);
  g_clear_pointer (&self->running, g_bytes_unref);
  g_free ((char *) self->options.host_path);
  g_free ((char *) self->options.name);
  g_free ((char *) self->options.state_dir);
  g_strfreev ((char **) self->options.allowed);
  g_free (self);
}

void
bl_script_runner_set_msh (BlScriptRunner *self, GVariant *msh)
{
  g_clear_pointer (&self->msh, g_variant_unref);
  self->msh = g_variant_ref_sink (msh);
}

void
bl_script_runner_set_server_info (BlScriptRunner *self, GVariant *info)
{
  g_clear_pointer (&self->info, g_variant_unref);
  self->info = g_variant_ref_sink (info);
  if (self->process != NULL)
    send_body (self, BL_SCRIPT_FRAME_INFO, info);
}

gboolean
bl_script_runner_set_core (BlScriptRunner *self, GBytes *package, GError **error)
{
  gsize size = package != NULL ? g_bytes_get_size (package) : 0;

  if (package != NULL && (size <= PREFIX_SIZE || size > BL_CORE_MAX_SIZE))
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_BAD_CORE,
                   "core package of %" G_GSIZE_FORMAT " bytes, expected %d to %d", size, PREFIX_SIZE + 1, BL_CORE_MAX_SIZE);
      return FALSE;
    }
  if (self->store != NULL && !bl_core_store_set_current (self->store, package, error))
    return FALSE;
  stop_process (self);
  g_clear_pointer (&self->pushed, g_bytes_unref);
  g_clear_pointer (&self->running, g_bytes_unref);
  if (package == NULL)
    {
      set_state (self, BL_SCRIPT_STATE_STOPPED, NULL);
      return TRUE;
    }
  self->pushed = g_bytes_ref (package);
  self->running = g_bytes_ref (package);
  start_core (self);
  return TRUE;
}

gboolean
bl_script_runner_start (BlScriptRunner *self, GError **error)
{
  if (self->process != NULL || self->restart != NULL)
    return TRUE;
  if (self->pushed == NULL)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_BAD_CORE, "there is no core to run");
      return FALSE;
    }
  g_clear_pointer (&self->running, g_bytes_unref);
  if (self->store != NULL && bl_core_store_is_bad (self->store))
    self->running = bl_core_store_load (self->store, BL_CORE_SLOT_LAST_GOOD);
  if (self->running == NULL)
    self->running = g_bytes_ref (self->pushed);
  start_core (self);
  return TRUE;
}

void
bl_script_runner_stop (BlScriptRunner *self)
{
  stop_process (self);
  set_state (self, BL_SCRIPT_STATE_STOPPED, NULL);
}

gboolean
bl_script_runner_get_core_hash (BlScriptRunner *self, guint8 hash[48])
{
  if (self->pushed == NULL)
    return FALSE;
  bl_core_hash (g_bytes_get_data (self->pushed, NULL), g_bytes_get_size (self->pushed), hash);
  return TRUE;
}

BlScriptState
bl_script_runner_get_state (BlScriptRunner *self)
{
  return self->state;
}

gboolean
bl_script_runner_is_fallback (BlScriptRunner *self)
{
  return self->process != NULL && self->pushed != NULL && !g_bytes_equal (self->running, self->pushed);
}

GPid
bl_script_runner_get_pid (BlScriptRunner *self)
{
  return self->process != NULL ? bl_script_process_get_pid (self->process) : 0;
}

void
bl_script_runner_set_connected (BlScriptRunner *self, gboolean connected)
{
  if (self->connected == !!connected)
    return;
  self->connected = !!connected;
  if (self->process == NULL)
    return;
  bl_script_process_send (self->process, BL_SCRIPT_FRAME_CONNECTED, 0, self->connected ? 1 : 0, NULL, 0);
  if (self->connected && self->deadline == NULL && self->state == BL_SCRIPT_STATE_STARTING)
    self->deadline = after_ms (self, self->options.start_ms, on_deadline);
}

void
bl_script_runner_command (BlScriptRunner *self, GBytes *frame)
{
  gsize size;
  const void *data = g_bytes_get_data (frame, &size);

  if (self->process != NULL && size > 0 && size <= COMMAND_MAX)
    bl_script_process_send (self->process, BL_SCRIPT_FRAME_COMMAND, 0, 0, data, size);
}
