// SPDX-License-Identifier: Apache-2.0
#include "bl-automation-run.h"

#include "bl-automation-account.h"
#include "bl-automation-group.h"
#include "bl-automation-plan.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (32u * 1024u)
#define PAUSE_MS 10       // between full reads: a flood must not fill the channel
#define KILL_SECONDS 2    // between asking a group to end and killing it
#define DRAIN_MS 500      // for the output of children that outlive what was started
#define ALIVE_SECONDS 30  // how often the server hears that a quiet run still runs
#define SCRIPT_FD 3
#define SCRIPT_PATH "/proc/self/fd/3"
#define EXIT_NOT_STARTED 127

typedef struct _Run Run;

struct _BlAutomationRuns
{
  BowlineHost *host;
  GPtrArray *list; // Run
  char *parent;    // (nullable): the control group that runs get theirs in
};

typedef struct
{
  Run *run;
  GInputStream *stream; // owned
  const char *name;
} Reader;

struct _Run
{
  guint count;
  BlAutomationRuns *runs; // NULL once it is over
  BowlineMessageCall *call;
  GPid leader; // of the process group it was started in
  BlAutomationGroup *group;
  int status;
  GCancellable *cancellable;
  Reader readers[2];
  guint n_reading;
  gboolean streams, wants_result, exited;
  GByteArray *result;
  gsize told, left_out;
  char *why; // it was ended, and not by itself
  guint limit_id, kill_id, alive_id, drain_id;
};

static void read_more (Reader *reader);

static Run *
run_ref (Run *run)
{
  run->count++;
  return run;
}

static void
run_unref (Run *run)
{
  if (--run->count > 0)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (run->readers); i++)
    g_object_unref (run->readers[i].stream);
  g_object_unref (run->cancellable);
  g_byte_array_unref (run->result);
  bowline_message_call_unref (run->call);
  bl_automation_group_free (run->group);
  g_free (run->why);
  g_free (run);
}

static void
clear_timers (Run *run)
{
  g_clear_handle_id (&run->limit_id, g_source_remove);
  g_clear_handle_id (&run->kill_id, g_source_remove);
  g_clear_handle_id (&run->alive_id, g_source_remove);
  g_clear_handle_id (&run->drain_id, g_source_remove);
}

// ---- answers -------------------------------------------------------------------------------------------------------

static void
init_answer (GVariantBuilder *answer)
{
  g_variant_builder_init (answer, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (answer, "{sv}", "action", g_variant_new_string ("msg"));
  g_variant_builder_add (answer, "{sv}", "type", g_variant_new_string ("runcommands"));
}

// @status: (nullable): of the process. @text: (nullable)
static void
answer_end (BowlineMessageCall *call, gboolean streams, const int *status, const char *text)
{
  GVariantBuilder answer;
  init_answer (&answer);
  if (streams)
    g_variant_builder_add (&answer, "{sv}", "stream", g_variant_new_string ("end"));
  if (status != NULL && WIFEXITED (*status))
    g_variant_builder_add (&answer, "{sv}", "exit", g_variant_new_int64 (WEXITSTATUS (*status)));
  if (status != NULL && WIFSIGNALED (*status))
    g_variant_builder_add (&answer, "{sv}", "signal", g_variant_new_int64 (WTERMSIG (*status)));
  if (text != NULL)
    g_variant_builder_add (&answer, "{sv}", "result", g_variant_new_string (text));
  bowline_message_call_answer (call, g_variant_builder_end (&answer));
}

static void
answer_part (Run *run, const char *stream, GBytes *bytes)
{
  GVariantBuilder answer;
  init_answer (&answer);
  g_variant_builder_add (&answer, "{sv}", "stream", g_variant_new_string (stream));
  if (bytes != NULL)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (bytes, &size);
      g_variant_builder_add (&answer, "{sv}", "data", g_variant_new_take_string (g_base64_encode (data, size)));
    }
  bowline_message_call_answer (run->call, g_variant_builder_end (&answer));
}

static char *
make_result (Run *run)
{
  const GByteArray *result = run->result; // without data while it is empty
  g_autofree char *output = result->len > 0 ? g_utf8_make_valid ((const char *)result->data, (gssize)result->len) : NULL;
  GString *text = g_string_new (output);
  if (run->left_out > 0)
    g_string_append_printf (text, "\n[%" G_GSIZE_FORMAT " more bytes were left out]\n", run->left_out);
  if (run->why != NULL)
    g_string_append_printf (text, "%s\n", run->why);
  return g_string_free (text, FALSE);
}

static void
finish_if_done (Run *run)
{
  if (run->runs == NULL || !run->exited || run->n_reading > 0)
    return;
  clear_timers (run);
  if (run->streams)
    answer_end (run->call, TRUE, &run->status, run->why);
  else if (run->wants_result)
    {
      g_autofree char *text = make_result (run);
      answer_end (run->call, FALSE, &run->status, text);
    }
  BlAutomationRuns *runs = g_steal_pointer (&run->runs);
  g_ptr_array_remove_fast (runs->list, run);
}

// ---- the end -------------------------------------------------------------------------------------------------------

static gboolean
kill_cb (gpointer user_data)
{
  Run *run = user_data;
  run->kill_id = 0;
  bl_automation_group_signal (run->group, run->leader, SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
end_run (Run *run, char *why)
{
  if (run->why != NULL || run->exited)
    {
      g_free (why);
      return;
    }
  run->why = why;
  bl_automation_group_signal (run->group, run->leader, SIGTERM);
  run->kill_id = g_timeout_add_seconds (KILL_SECONDS, kill_cb, run);
}

static gboolean
limit_cb (gpointer user_data)
{
  Run *run = user_data;
  run->limit_id = 0;
  end_run (run, g_strdup ("Ended: it ran longer than it may"));
  return G_SOURCE_REMOVE;
}

static gboolean
alive_cb (gpointer user_data)
{
  answer_part (user_data, "alive", NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
drain_cb (gpointer user_data)
{
  Run *run = user_data;
  run->drain_id = 0;
  g_cancellable_cancel (run->cancellable);
  return G_SOURCE_REMOVE;
}

static void
exited_cb (GPid pid, int status, gpointer user_data)
{
  Run *run = user_data;
  g_spawn_close_pid (pid);
  run->exited = TRUE;
  run->status = status;
  if (run->runs != NULL)
    {
      // What was ended ends whole, also what left its process group. What ended by itself may leave a service behind that it started.
      if (run->why != NULL)
        bl_automation_group_signal (run->group, run->leader, SIGKILL);
      run->drain_id = g_timeout_add (DRAIN_MS, drain_cb, run);
      finish_if_done (run);
    }
  run_unref (run);
}

// ---- output --------------------------------------------------------------------------------------------------------

static void
take_output (Run *run, const char *stream, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  if (run->streams && run->told + size > BL_AUTOMATION_MAX_STREAM)
    end_run (run, g_strdup_printf ("Ended: it said more than %u bytes", BL_AUTOMATION_MAX_STREAM));
  else if (run->streams)
    {
      run->told += size;
      answer_part (run, stream, bytes);
    }
  else if (run->wants_result)
    {
      const gsize taken = MIN (size, BL_AUTOMATION_MAX_RESULT - run->result->len);
      g_byte_array_append (run->result, data, (guint)taken);
      run->left_out += size - taken;
    }
}

static gboolean
resume_cb (gpointer user_data)
{
  read_more (user_data);
  return G_SOURCE_REMOVE;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reader *reader = user_data;
  Run *run = reader->run;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
  const gsize size = bytes != NULL ? g_bytes_get_size (bytes) : 0;
  if (size > 0 && run->runs != NULL)
    take_output (run, reader->name, bytes);
  if (size == 0)
    {
      run->n_reading--;
      finish_if_done (run);
      run_unref (run);
    }
  else if (size == READ_SIZE)
    g_timeout_add (PAUSE_MS, resume_cb, reader);
  else
    read_more (reader);
}

static void
read_more (Reader *reader)
{
  g_input_stream_read_bytes_async (reader->stream, READ_SIZE, G_PRIORITY_DEFAULT_IDLE, reader->run->cancellable,
                                   read_cb, reader);
}

static void
start_reading (Run *run, guint i, int fd, const char *name)
{
  run->readers[i] = (Reader){ .run = run_ref (run), .stream = g_unix_input_stream_new (fd, TRUE), .name = name };
  run->n_reading++;
  read_more (&run->readers[i]);
}

// ---- the start -----------------------------------------------------------------------------------------------------

// A file without a name, so that nobody can change the script or find it later.
static int
make_script (const char *script, gsize length, GError **error)
{
  const int fd = memfd_create ("script", MFD_CLOEXEC);
  gsize done = 0;
  while (fd >= 0 && done < length)
    {
      const ssize_t n = write (fd, script + done, length - done);
      if (n <= 0)
        break;
      done += (gsize)n;
    }
  if (fd >= 0 && done == length && fchmod (fd, 0444) == 0)
    return fd;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "There is no room for the script: %s",
               g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

typedef struct
{
  const BlAutomationAccount *account;
  BlAutomationGroup *group;
} Start;

// In the child, between fork and exec.
static void
become_cb (gpointer user_data)
{
  const Start *start = user_data;
  const BlAutomationAccount *account = start->account;
  sigset_t none;
  for (int n = 1; n < NSIG; n++)
    signal (n, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  umask (022);
  setsid ();
  bl_automation_group_join (start->group);
  if (!bl_automation_account_become (account) || (chdir (account->home) != 0 && chdir ("/") != 0))
    _exit (EXIT_NOT_STARTED);
}

// What was started, and the reading ends of its outputs.
typedef struct
{
  GPid pid;
  BlAutomationGroup *group;
  int outputs[2];
} Child;

static gboolean
spawn (BlAutomationRuns *runs, GVariant *message, Child *child, GError **error)
{
  const char *script = bl_variant_get_string (message, "cmds");
  const gsize length = script != NULL ? strlen (script) : 0;
  if (length == 0 || length > BL_AUTOMATION_MAX_SCRIPT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "There are no commands, or more than %u bytes",
                   BL_AUTOMATION_MAX_SCRIPT);
      return FALSE;
    }
  g_auto (GStrv) words
      = bl_automation_plan (bl_variant_get_int (message, "type", 0), script, length, SCRIPT_PATH, error);
  g_autoptr (BlAutomationAccount) account
      = words != NULL ? bl_automation_account_new (bl_variant_get_int (message, "runAsUser", 0), error) : NULL;
  const int fd = account != NULL ? make_script (script, length, error) : -1;
  const int target = SCRIPT_FD;
  if (fd < 0)
    return FALSE;
  g_autoptr (BlAutomationGroup) group = bl_automation_group_new (runs->parent);
  g_autoptr (GStrvBuilder) environment = g_strv_builder_new ();
  g_strv_builder_addv (environment, (const char **)account->environment);
  g_strv_builder_add (environment, bl_automation_group_get_mark (group));
  g_auto (GStrv) variables = g_strv_builder_end (environment);
  Start start = { account, group };
  const gboolean done = g_spawn_async_with_pipes_and_fds (
      NULL, (const char *const *)words, (const char *const *)variables, G_SPAWN_DO_NOT_REAP_CHILD, become_cb, &start, -1, -1, -1,
      &fd, &target, 1, &child->pid, NULL, &child->outputs[0], &child->outputs[1], error);
  close (fd);
  if (done)
    child->group = g_steal_pointer (&group);
  return done;
}

static void
add_run (BlAutomationRuns *runs, BowlineMessageCall *call, const Child *child)
{
  GVariant *message = bowline_message_call_get_message (call);
  const gint64 seconds = bl_variant_get_int (message, "timeout", BL_AUTOMATION_SECONDS);
  Run *run = g_new0 (Run, 1);
  run->count = 1;
  run->runs = runs;
  run->call = bowline_message_call_ref (call);
  run->leader = child->pid;
  run->group = child->group;
  run->cancellable = g_cancellable_new ();
  run->streams = bl_variant_get_bool (message, "stream", FALSE);
  run->wants_result = bl_variant_get_bool (message, "reply", FALSE);
  run->result = g_byte_array_new ();
  run->limit_id
      = g_timeout_add_seconds ((guint)CLAMP (seconds, 1, BL_AUTOMATION_MAX_SECONDS), limit_cb, run);
  if (run->streams)
    run->alive_id = g_timeout_add_seconds (ALIVE_SECONDS, alive_cb, run);
  g_ptr_array_add (runs->list, run);
  g_child_watch_add (child->pid, exited_cb, run_ref (run));
  start_reading (run, 0, child->outputs[0], "out");
  start_reading (run, 1, child->outputs[1], "err");
}

void
bl_automation_runs_start (BlAutomationRuns *runs, BowlineMessageCall *call)
{
  GVariant *message = bowline_message_call_get_message (call);
  const guint32 rights = bowline_message_call_get_rights (call);
  const gboolean streams = bl_variant_get_bool (message, "stream", FALSE);
  g_autoptr (GError) error = NULL;
  Child child;
  gboolean started = FALSE;
  if (rights != BL_RIGHT_ALL && (rights & BL_RIGHT_COMMANDS) == 0)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "Access denied");
  else if (runs->list->len >= BL_AUTOMATION_MAX_RUNS)
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "%u commands run on this device already", runs->list->len);
  else
    started = spawn (runs, message, &child, &error);
  if (started)
    {
      add_run (runs, call, &child);
      return;
    }
  bowline_host_log (runs->host, BOWLINE_LOG_WARNING, NULL, "commands were not run: %s", error->message);
  if (streams || bl_variant_get_bool (message, "reply", FALSE))
    answer_end (call, streams, NULL, error->message);
}

void
bl_automation_runs_stop (BlAutomationRuns *runs, BowlineMessageCall *call)
{
  static const char *const keys[] = { "sessionid", "responseid" };
  GVariant *stop = bowline_message_call_get_message (call);
  for (guint i = 0; i < runs->list->len; i++)
    {
      Run *run = runs->list->pdata[i];
      GVariant *message = bowline_message_call_get_message (run->call);
      gboolean same = TRUE;
      for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
        {
          const char *wanted = bl_variant_get_string (stop, keys[k]);
          same = same && wanted != NULL && g_strcmp0 (wanted, bl_variant_get_string (message, keys[k])) == 0;
        }
      if (same)
        end_run (run, g_strdup ("Ended by who started it"));
    }
}

void
bl_automation_runs_disconnected (BlAutomationRuns *runs)
{
  for (guint i = 0; i < runs->list->len; i++)
    {
      Run *run = runs->list->pdata[i];
      if (run->streams)
        end_run (run, g_strdup ("Ended: nobody was listening any more"));
    }
}

guint
bl_automation_runs_count (BlAutomationRuns *runs)
{
  return runs->list->len;
}

BlAutomationRuns *
bl_automation_runs_new (BowlineHost *host)
{
  BlAutomationRuns *runs = g_new0 (BlAutomationRuns, 1);
  runs->host = host;
  runs->parent = bl_automation_group_find_parent ();
  runs->list = g_ptr_array_new_with_free_func ((GDestroyNotify)run_unref);
  return runs;
}

void
bl_automation_runs_free (BlAutomationRuns *runs)
{
  for (guint i = 0; i < runs->list->len; i++)
    {
      Run *run = runs->list->pdata[i];
      run->runs = NULL;
      clear_timers (run);
      g_cancellable_cancel (run->cancellable);
      bl_automation_group_signal (run->group, run->leader, SIGKILL);
    }
  g_ptr_array_unref (runs->list);
  g_free (runs->parent);
  g_free (runs);
}
