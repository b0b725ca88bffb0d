// SPDX-License-Identifier: Apache-2.0
#include "bl-files-session.h"

#include "bl-files-worker.h"
#include "common/bl-json.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <string.h>

#define SEND_HIGH (512u * 1024u) // answers on the way to the viewer; then the disk waits

typedef struct
{
  GBytes *bytes; // what the request borrows from
  BlFilesRequest request;
  gboolean quit;
} Job;

typedef struct
{
  GBytes *bytes;
  gboolean text;
  guint32 msgid; // 0: an answer; otherwise an entry for the event log
  char *note;
  char *path;
} Answer;

typedef struct
{
  gatomicrefcount count;
  BowlineHost *host;
  char *program;
  BowlineTunnel *tunnel; // main context only
  GThread *thread;
  GAsyncQueue *jobs;
  GCancellable *cancellable; // of the request that is running
  GCancellable *pack_cancellable; // (nullable): of the archive under way; main context only
  gboolean paused;

  GMutex mutex; // guards all below
  GCond room;
  GQueue answers; // Answer
  gsize answer_bytes; // queued here and in the tunnel
  gsize job_bytes;
  gboolean posted;
  gboolean closed;
  gboolean packing;
} Session;

// An archive takes long; the viewer looks around meanwhile. So it has a thread of its own, one at a time.
typedef struct
{
  Session *session;
  Job *job;
  GCancellable *cancellable;
} Packing;

static void
job_free (Job *job)
{
  bl_files_request_clear (&job->request);
  g_clear_pointer (&job->bytes, g_bytes_unref);
  g_free (job);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;
  g_clear_pointer (&answer->bytes, g_bytes_unref);
  g_free (answer->note);
  g_free (answer->path);
  g_free (answer);
}

static Session *
session_ref (Session *session)
{
  g_atomic_ref_count_inc (&session->count);
  return session;
}

static void
session_unref (gpointer data)
{
  Session *session = data;
  if (!g_atomic_ref_count_dec (&session->count))
    return;
  g_queue_clear_full (&session->answers, answer_free);
  g_async_queue_unref (session->jobs);
  g_object_unref (session->cancellable);
  g_clear_object (&session->pack_cancellable);
  g_mutex_clear (&session->mutex);
  g_cond_clear (&session->room);
  g_free (session->program);
  g_free (session);
}

// ---- answers: from the thread to the main context ------------------------------------------------------------------

static void
send_answer (Session *session, Answer *answer)
{
  if (answer->msgid != 0)
    bowline_tunnel_log (session->tunnel, answer->msgid, g_variant_new_strv ((const char *const[]){ answer->path }, 1),
                        answer->note);
  else if (!answer->text)
    bowline_tunnel_send_binary (session->tunnel, answer->bytes);
  else
    {
      gsize length;
      const char *text = g_bytes_get_data (answer->bytes, &length);
      GVariant *object = bl_json_parse_object (text, length, NULL, BL_JSON_DEFAULT, NULL);
      if (object != NULL)
        {
          bowline_tunnel_send_json (session->tunnel, object);
          g_variant_unref (object);
        }
    }
}

static gboolean
deliver_cb (gpointer user_data)
{
  Session *session = user_data;
  GQueue answers = G_QUEUE_INIT;
  g_mutex_lock (&session->mutex);
  session->posted = FALSE;
  answers = session->answers;
  g_queue_init (&session->answers);
  const gboolean resume = session->paused && session->job_bytes < BL_FILES_MAX_QUEUED / 2;
  g_mutex_unlock (&session->mutex);
  for (Answer *answer; (answer = g_queue_pop_head (&answers)) != NULL;)
    {
      if (session->tunnel != NULL)
        send_answer (session, answer);
      answer_free (answer);
    }
  if (resume && session->tunnel != NULL)
    {
      session->paused = FALSE;
      bowline_tunnel_resume (session->tunnel);
    }
  return G_SOURCE_REMOVE;
}

// With the mutex held.
static void
post_delivery (Session *session)
{
  if (session->posted || session->closed)
    return;
  session->posted = TRUE;
  g_main_context_invoke_full (bowline_host_get_main_context (session->host), G_PRIORITY_DEFAULT, deliver_cb,
                              session_ref (session), session_unref);
}

static void
queue_answer (Session *session, Answer *answer)
{
  g_mutex_lock (&session->mutex);
  while (session->answer_bytes > SEND_HIGH && !session->closed)
    g_cond_wait (&session->room, &session->mutex);
  session->answer_bytes += answer->bytes != NULL ? g_bytes_get_size (answer->bytes) : 0;
  g_queue_push_tail (&session->answers, answer);
  post_delivery (session);
  g_mutex_unlock (&session->mutex);
}

static void
reply_cb (GBytes *bytes, gboolean text, gpointer user_data)
{
  Answer *answer = g_new0 (Answer, 1);
  answer->bytes = g_bytes_ref (bytes);
  answer->text = text;
  queue_answer (user_data, answer);
}

static void
note_cb (guint32 msgid, const char *text, const char *path, gpointer user_data)
{
  Answer *answer = g_new0 (Answer, 1);
  answer->msgid = msgid;
  answer->note = g_utf8_make_valid (text, -1);
  answer->path = g_utf8_make_valid (path, -1);
  queue_answer (user_data, answer);
}

static void
drained_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  Session *session = user_data;
  g_mutex_lock (&session->mutex);
  session->answer_bytes = 0;
  for (GList *item = session->answers.head; item != NULL; item = item->next)
    session->answer_bytes += ((Answer *)item->data)->bytes != NULL ? g_bytes_get_size (((Answer *)item->data)->bytes) : 0;
  g_cond_broadcast (&session->room);
  g_mutex_unlock (&session->mutex);
}

// ---- the thread ----------------------------------------------------------------------------------------------------

static gboolean
still_open (gpointer user_data)
{
  Session *session = user_data;
  g_mutex_lock (&session->mutex);
  const gboolean open = !session->closed;
  g_mutex_unlock (&session->mutex);
  return open;
}

static void
job_done (Session *session, const Job *job)
{
  g_mutex_lock (&session->mutex);
  session->job_bytes -= g_bytes_get_size (job->bytes);
  if (session->paused && session->job_bytes < BL_FILES_MAX_QUEUED / 2)
    post_delivery (session);
  g_mutex_unlock (&session->mutex);
}

static gpointer
thread_main (gpointer data)
{
  Session *session = data;
  g_autoptr (BlFilesWorker) worker = bl_files_worker_new (session->program, reply_cb, note_cb, session);
  for (;;)
    {
      Job *job = g_async_queue_pop (session->jobs);
      const gboolean quit = job->quit;
      if (!quit && still_open (session))
        {
          g_cancellable_reset (session->cancellable);
          bl_files_worker_run (worker, &job->request, session->cancellable);
        }
      if (!quit)
        job_done (session, job);
      job_free (job);
      if (quit)
        break;
    }
  session_unref (session);
  return NULL;
}

static gpointer
pack_main (gpointer data)
{
  Packing *packing = data;
  Session *session = packing->session;
  g_autoptr (BlFilesWorker) worker = bl_files_worker_new (session->program, reply_cb, note_cb, session);
  bl_files_worker_run (worker, &packing->job->request, packing->cancellable);
  g_mutex_lock (&session->mutex);
  session->packing = FALSE;
  g_mutex_unlock (&session->mutex);
  job_free (packing->job);
  g_object_unref (packing->cancellable);
  g_free (packing);
  session_unref (session);
  return NULL;
}

static gpointer
send_whole_main (gpointer data)
{
  Session *session = data;
  g_autoptr (BlFilesWorker) worker = bl_files_worker_new (session->program, reply_cb, note_cb, session);
  Job *job = g_async_queue_pop (session->jobs);
  if (!job->quit)
    bl_files_worker_send_whole (worker, job->request.path, still_open, session);
  job_free (job);
  session_unref (session);
  return NULL;
}

// ---- requests: from the main context to the thread -----------------------------------------------------------------

// Takes JOB.
static void
start_packing (Session *session, Job *job)
{
  g_mutex_lock (&session->mutex);
  const gboolean busy = session->packing;
  session->packing = TRUE;
  g_mutex_unlock (&session->mutex);
  if (busy) // as the protocol has it: the second is not heard
    {
      job_free (job);
      return;
    }
  g_clear_object (&session->pack_cancellable);
  session->pack_cancellable = g_cancellable_new ();
  Packing *packing = g_new0 (Packing, 1);
  packing->session = session_ref (session);
  packing->job = job;
  packing->cancellable = g_object_ref (session->pack_cancellable);
  g_thread_unref (g_thread_new ("bowline-pack", pack_main, packing));
}

static void
handle_request (Session *session, GBytes *bytes)
{
  Job *job = g_new0 (Job, 1);
  g_autoptr (GError) error = NULL;
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  job->bytes = g_bytes_ref (bytes);
  if (!bl_files_request_parse (data, length, &job->request, &error))
    {
      bowline_host_log (session->host, BOWLINE_LOG_INFO, NULL, "a files request was not understood: %s", error->message);
      g_bytes_unref (job->bytes);
      g_free (job);
      return;
    }
  if (job->request.op == BL_FILES_CANCELFINDFILE)
    g_cancellable_cancel (session->cancellable);
  if (job->request.op == BL_FILES_CANCEL && session->pack_cancellable != NULL)
    g_cancellable_cancel (session->pack_cancellable);
  if (job->request.op == BL_FILES_ZIP || job->request.op == BL_FILES_UNZIP)
    {
      start_packing (session, job);
      return;
    }
  g_mutex_lock (&session->mutex);
  session->job_bytes += length;
  const gboolean full = session->job_bytes > BL_FILES_MAX_QUEUED && !session->paused;
  if (full)
    session->paused = TRUE;
  g_mutex_unlock (&session->mutex);
  g_async_queue_push (session->jobs, job);
  if (full)
    bowline_tunnel_pause (session->tunnel);
}

static void
binary_cb (BowlineTunnel *tunnel, GBytes *data, gpointer user_data)
{
  handle_request (user_data, data);
}

static void
json_cb (BowlineTunnel *tunnel, GVariant *message, gpointer user_data)
{
  g_autoptr (GBytes) bytes = bl_json_from_variant (message, NULL); // it came as JSON
  handle_request (user_data, bytes);
}

static void
closed_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  Session *session = user_data;
  Job *job = g_new0 (Job, 1);
  job->quit = TRUE;
  g_mutex_lock (&session->mutex);
  session->closed = TRUE;
  g_cond_broadcast (&session->room);
  g_mutex_unlock (&session->mutex);
  g_cancellable_cancel (session->cancellable);
  if (session->pack_cancellable != NULL)
    g_cancellable_cancel (session->pack_cancellable);
  g_async_queue_push (session->jobs, job);
  g_thread_unref (session->thread); // it ends by itself after the request it is in
  g_clear_pointer (&session->tunnel, bowline_tunnel_unref);
  session_unref (session);
}

void
bl_files_session_open (BowlineHost *host, BowlineTunnel *tunnel, const char *program)
{
  static const BowlineTunnelHandler handler = {
    .struct_size = sizeof handler, .binary = binary_cb, .json = json_cb, .drained = drained_cb, .closed = closed_cb
  };
  BowlineTunnelInfo info = { .struct_size = sizeof info };
  bowline_tunnel_get_info (tunnel, &info);
  Session *session = g_new0 (Session, 1);
  g_atomic_ref_count_init (&session->count);
  session->host = host;
  session->program = g_strdup (program);
  session->tunnel = bowline_tunnel_ref (tunnel);
  session->jobs = g_async_queue_new ();
  session->cancellable = g_cancellable_new ();
  g_mutex_init (&session->mutex);
  g_cond_init (&session->room);
  const gboolean whole = info.protocol == BL_TUNNEL_FILE_DOWNLOAD;
  session->thread = g_thread_new ("bowline-files", whole ? send_whole_main : thread_main, session_ref (session));
  bowline_tunnel_set_handler (tunnel, &handler, session);
  g_autoptr (GVariant) options = bowline_tunnel_dup_options (tunnel);
  const char *file = bl_variant_get_string (options, "file");
  if (!bl_tunnel_allowed (info.protocol, info.rights) || (whole && (file == NULL || file[0] != '/')))
    bowline_tunnel_close (tunnel);
  else if (whole)
    {
      Job *job = g_new0 (Job, 1);
      job->request.path = g_strdup (file);
      g_async_queue_push (session->jobs, job);
    }
}
