// SPDX-License-Identifier: Apache-2.0
// One script host process: spawn, frames in and out, heartbeat, processor time.

#include "bl-script-process.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bl-script-runner.h"

#define HOST_FD 3
#define READ_CHUNK (64 * 1024)
#define READS_A_TURN 16
#define QUEUE_MAX (48u * 1024 * 1024)
#define CPU_WINDOW_S 60
// A script that does nothing is looked at ever less often, up to this many beats apart, so that it costs the device no
// wake-ups. What the kernel limits does not wait for that.
#define REST_BEATS 16
#define QUIET_US 5000 // processor time between two looks that is no work: the heartbeat itself

typedef struct
{
  gint64 at_us;
  gint64 used_us;
} CpuSample;

struct _BlScriptProcess
{
  const BlScriptProcessEvents *events;
  gpointer user_data;
  BlScriptProcessLimits limits;
  GSubprocess *subprocess;
  GCancellable *cancellable;
  GPid pid;
  clockid_t clock; // meaningful while pid is not 0
  GSocket *socket;
  GSource *input;
  GSource *output;
  GSource *heartbeat;
  guint beat_ms;
  guint beats; // until the source's time
  guint rest;  // beats from an answer to the next look
  gint64 quiet_us; // processor time at the last look
  BlScriptParser parser;
  GByteArray *queue;
  gsize queue_sent;
  GQueue cpu; // of CpuSample, the last minute
  guint32 ping_id;
  gint64 ping_sent_us; // 0: none under way
  GError *reason;
};

static GSource *
attach (BlScriptProcess *self, GSource *source, GSourceFunc callback)
{
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
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
close_channel (BlScriptProcess *self)
{
  drop_source (&self->input);
  drop_source (&self->output);
  drop_source (&self->heartbeat);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
}

static gboolean on_heartbeat (gpointer data);

static void
set_heartbeat (BlScriptProcess *self, guint beats)
{
  drop_source (&self->heartbeat);
  self->beats = beats;
  self->heartbeat = attach (self, g_timeout_source_new (self->beat_ms * self->beats), on_heartbeat);
}

void
bl_script_process_kill (BlScriptProcess *self, GError *reason)
{
  if (self->reason == NULL)
    self->reason = reason;
  else
    g_error_free (reason);
  close_channel (self);
  g_subprocess_force_exit (self->subprocess);
}

// Something happens in the script, or may.
static void
look_closely (BlScriptProcess *self)
{
  self->rest = 1;
  if (self->beats != 1 && self->heartbeat != NULL)
    set_heartbeat (self, 1);
}

// The script is well: the next look has time.
static void
answered (BlScriptProcess *self)
{
  self->ping_sent_us = 0;
  if (self->rest > 1 && self->heartbeat != NULL)
    set_heartbeat (self, self->rest);
}

// --- input ------------------------------------------------------------------------------

static void
on_frame (BlScriptProcess *self, const BlScriptFrame *frame)
{
  if (frame->type == BL_SCRIPT_FRAME_PONG)
    {
      if (frame->id == self->ping_id)
        answered (self);
      return;
    }
  look_closely (self);
  if (frame->type == BL_SCRIPT_FRAME_MEMORY)
    {
      bl_script_process_kill (self, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_MEMORY,
                                                 "the script reached its memory limit of %" G_GUINT64_FORMAT " bytes",
                                                 self->limits.memory_bytes));
      return;
    }
  self->events->frame (self, frame, self->user_data);
}

// Returns: FALSE when the channel is closed now.
static gboolean
parse_input (BlScriptProcess *self)
{
  g_autoptr (GError) error = NULL;
  BlScriptFrame frame;

  while (self->reason == NULL && bl_script_parser_next (&self->parser, &frame, &error))
    on_frame (self, &frame);
  if (error != NULL)
    bl_script_process_kill (self, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_PROTOCOL, "script host: %s", error->message));
  return self->reason == NULL;
}

static gboolean
read_available (BlScriptProcess *self)
{
  g_autofree char *chunk = g_malloc (READ_CHUNK);

  for (guint i = 0; i < READS_A_TURN; i++)
    {
      g_autoptr (GError) error = NULL;
      gssize size = g_socket_receive (self->socket, chunk, READ_CHUNK, NULL, &error);

      if (size < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return TRUE;
      if (size <= 0)
        {
          // The end of the process follows and says more.
          close_channel (self);
          return FALSE;
        }
      bl_script_parser_feed (&self->parser, chunk, (gsize) size);
      if (!parse_input (self))
        return FALSE;
    }
  return TRUE;
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  return read_available (data) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

// --- output -----------------------------------------------------------------------------

static gboolean on_writable (GSocket *socket, GIOCondition condition, gpointer data);

static void
flush (BlScriptProcess *self)
{
  while (self->queue_sent < self->queue->len)
    {
      g_autoptr (GError) error = NULL;
      gssize sent = g_socket_send (self->socket, (const char *) self->queue->data + self->queue_sent,
                                   self->queue->len - self->queue_sent, NULL, &error);

      if (sent < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          if (self->output == NULL)
            self->output = attach (self, g_socket_create_source (self->socket, G_IO_OUT, NULL), G_SOURCE_FUNC (on_writable));
          return;
        }
      if (sent < 0)
        {
          close_channel (self);
          return;
        }
      self->queue_sent += (gsize) sent;
    }
  g_byte_array_set_size (self->queue, 0);
  self->queue_sent = 0;
  drop_source (&self->output);
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer data)
{
  BlScriptProcess *self = data;

  flush (self);
  return self->output != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
bl_script_process_send (BlScriptProcess *self, guint8 type, guint8 flags, guint32 id, const void *payload, gsize size)
{
  gsize waiting = self->queue->len - self->queue_sent;

  if (self->input == NULL || self->reason != NULL)
    return;
  if (waiting + size > QUEUE_MAX)
    {
      bl_script_process_kill (self, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_HUNG,
                                                 "the script host left %" G_GSIZE_FORMAT " bytes unread", waiting));
      return;
    }
  if (self->queue_sent > READ_CHUNK)
    {
      g_byte_array_remove_range (self->queue, 0, (guint) self->queue_sent);
      self->queue_sent = 0;
    }
  if (type != BL_SCRIPT_FRAME_PING)
    look_closely (self);
  bl_script_frame_append (self->queue, type, flags, id, payload, size);
  if (self->output == NULL)
    flush (self);
}

// --- watching ---------------------------------------------------------------------------

static gint64
cpu_used_us (BlScriptProcess *self)
{
  struct timespec used;

  if (self->pid == 0 || clock_gettime (self->clock, &used) != 0)
    return 0;
  return (gint64) used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

// Returns: FALSE when the script was killed for what it used within the last minute. The
// kernel's own limit follows behind, for the case that this loop is busy.
static gboolean
check_cpu (BlScriptProcess *self, gint64 now)
{
  CpuSample *sample = g_new (CpuSample, 1);
  const CpuSample *oldest;
  struct rlimit limit;
  gint64 budget = (gint64) self->limits.cpu_seconds * G_USEC_PER_SEC;

  sample->at_us = now;
  sample->used_us = cpu_used_us (self);
  g_queue_push_tail (&self->cpu, sample);
  oldest = g_queue_peek_head (&self->cpu);
  while (now - oldest->at_us > CPU_WINDOW_S * G_USEC_PER_SEC)
    {
      g_free (g_queue_pop_head (&self->cpu));
      oldest = g_queue_peek_head (&self->cpu);
    }
  if (sample->used_us - oldest->used_us > budget)
    {
      bl_script_process_kill (self, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_CPU,
                                                 "the script used more than %u s of processor time within a minute",
                                                 self->limits.cpu_seconds));
      return FALSE;
    }
  if (self->pid == 0 || prlimit (self->pid, RLIMIT_CPU, NULL, &limit) != 0)
    return TRUE;
  limit.rlim_cur = MIN (limit.rlim_max, (rlim_t) (sample->used_us / G_USEC_PER_SEC) + self->limits.cpu_seconds + 1);
  prlimit (self->pid, RLIMIT_CPU, &limit, NULL);
  return TRUE;
}

static gboolean
on_heartbeat (gpointer data)
{
  BlScriptProcess *self = data;
  gint64 now;

  // An answer may lie in the socket when it was this loop that was busy.
  if (self->ping_sent_us != 0 && !read_available (self))
    return G_SOURCE_REMOVE;
  now = g_get_monotonic_time ();
  if (!check_cpu (self, now))
    return G_SOURCE_REMOVE;
  if (self->ping_sent_us == 0)
    {
      const gint64 used = cpu_used_us (self);

      self->rest = used - self->quiet_us < QUIET_US ? MIN (self->rest * 2, REST_BEATS) : 1;
      self->quiet_us = used;
      self->ping_sent_us = now;
      bl_script_process_send (self, BL_SCRIPT_FRAME_PING, 0, ++self->ping_id, NULL, 0);
    }
  else if (now - self->ping_sent_us > (gint64) self->limits.hang_ms * 1000)
    {
      bl_script_process_kill (self, g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_HUNG,
                                                 "the script did not return to its loop within %u ms", self->limits.hang_ms));
      return G_SOURCE_REMOVE;
    }
  if (self->heartbeat == NULL || self->beats == 1)
    return self->heartbeat != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
  set_heartbeat (self, 1); // an answer that does not come is noticed in time
  return G_SOURCE_REMOVE;
}

static GError *
reason_of_end (BlScriptProcess *self)
{
  if (!g_subprocess_get_if_signaled (self->subprocess))
    return g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_CRASHED, "the script host ended with status %d",
                        g_subprocess_get_exit_status (self->subprocess));
  if (g_subprocess_get_term_sig (self->subprocess) == SIGXCPU)
    return g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_CPU, "the script used more than %u s of processor time",
                        self->limits.cpu_seconds);
  return g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_CRASHED, "the script host was ended by signal %d",
                      g_subprocess_get_term_sig (self->subprocess));
}

static void
on_exited (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  BlScriptProcess *self = data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, &error);
  // Cancelled: the process was freed.
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  // Its last words, such as an exception, may still be unread.
  if (self->input != NULL)
    read_available (self);
  close_channel (self);
  if (self->reason == NULL)
    self->reason = reason_of_end (self);
  self->events->ended (self, self->reason, self->user_data);
}

// --- life -------------------------------------------------------------------------------

static GSubprocess *
spawn (const BlScriptProcessLimits *limits, int fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *memory = g_strdup_printf ("--memory=%" G_GUINT64_FORMAT, limits->memory_bytes);
  g_autofree char *cpu = g_strdup_printf ("--cpu=%u", limits->cpu_seconds + 1);
  const char *argv[] = { limits->host_path, memory, cpu, NULL };
  const char *keep[] = { "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH", "TZ", NULL };
  char *empty[] = { NULL };

  g_subprocess_launcher_set_environ (launcher, empty);
  for (guint i = 0; keep[i] != NULL; i++)
    if (g_getenv (keep[i]) != NULL)
      g_subprocess_launcher_setenv (launcher, keep[i], g_getenv (keep[i]), TRUE);
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_take_fd (launcher, fd, HOST_FD);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

BlScriptProcess *
bl_script_process_spawn (const BlScriptProcessLimits *limits,
                         const BlScriptProcessEvents *events,
                         gpointer user_data,
                         GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GSubprocess) subprocess = NULL;
  g_autoptr (GSocket) socket = NULL;
  BlScriptProcess *self;
  const char *identifier;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_SPAWN, "no socket pair: %s", g_strerror (errno));
      return NULL;
    }
  socket = g_socket_new_from_fd (fds[0], &local);
  if (socket != NULL)
    subprocess = spawn (limits, fds[1], &local);
  else
    close (fds[0]);
  if (subprocess == NULL)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_SPAWN, "cannot start %s: %s", limits->host_path, local->message);
      return NULL;
    }
  g_socket_set_blocking (socket, FALSE);
  self = g_new0 (BlScriptProcess, 1);
  self->events = events;
  self->user_data = user_data;
  self->limits = *limits;
  self->limits.host_path = NULL;
  self->subprocess = g_steal_pointer (&subprocess);
  self->cancellable = g_cancellable_new ();
  identifier = g_subprocess_get_identifier (self->subprocess);
  self->pid = identifier != NULL ? (GPid) g_ascii_strtoll (identifier, NULL, 10) : 0;
  if (self->pid != 0 && clock_getcpuclockid (self->pid, &self->clock) != 0)
    self->pid = 0;
  self->socket = g_steal_pointer (&socket);
  self->queue = g_byte_array_new ();
  bl_script_parser_init (&self->parser);
  g_queue_init (&self->cpu);
  self->input = attach (self, g_socket_create_source (self->socket, G_IO_IN, NULL), G_SOURCE_FUNC (on_readable));
  self->beat_ms = CLAMP (limits->hang_ms / 2, 10, 1000);
  self->rest = 1;
  set_heartbeat (self, 1);
  g_subprocess_wait_async (self->subprocess, self->cancellable, on_exited, self);
  return self;
}

void
bl_script_process_free (BlScriptProcess *self)
{
  g_cancellable_cancel (self->cancellable);
  close_channel (self);
  g_subprocess_force_exit (self->subprocess);
  g_clear_object (&self->subprocess);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->socket);
  g_clear_pointer (&self->queue, g_byte_array_unref);
  bl_script_parser_clear (&self->parser);
  g_queue_clear_full (&self->cpu, g_free);
  g_clear_error (&self->reason);
  g_free (self);
}

GPid
bl_script_process_get_pid (BlScriptProcess *self)
{
  return self->pid;
}
