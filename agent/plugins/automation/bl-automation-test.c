// SPDX-License-Identifier: Apache-2.0
#include "bl-automation-group.h"
#include "bl-automation-plan.h"
#include "bl-automation-run.h"
#include "bowline-private.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_SECONDS 30

// ---- the agent, as the plugin sees it ------------------------------------------------------------------------------

struct _BowlineMessageCall
{
  gatomicrefcount count;
  GVariant *message;
};

typedef struct
{
  BlAutomationRuns *runs;
  GString *out, *err;
  GVariant *end; // the last answer that is no output
  guint answers;
} World;

static World the_world;

static BowlineMessageCall *
call_ref (BowlineMessageCall *call)
{
  g_atomic_ref_count_inc (&call->count);
  return call;
}

static void
call_unref (BowlineMessageCall *call)
{
  if (!g_atomic_ref_count_dec (&call->count))
    return;
  g_variant_unref (call->message);
  g_free (call);
}

static GVariant *
call_get_message (BowlineMessageCall *call)
{
  return call->message;
}

static guint32
call_get_rights (BowlineMessageCall *call)
{
  return (guint32)bl_variant_get_int (call->message, "rights", 0);
}

static void
call_answer (BowlineMessageCall *call, GVariant *answer)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (answer);
  const char *stream = bl_variant_get_string (owned, "stream"), *data = bl_variant_get_string (owned, "data");
  g_assert_cmpstr (bl_variant_get_string (owned, "action"), ==, "msg");
  g_assert_cmpstr (bl_variant_get_string (owned, "type"), ==, "runcommands");
  the_world.answers++;
  if (data != NULL)
    {
      gsize length;
      g_autofree guchar *bytes = g_base64_decode (data, &length);
      g_string_append_len (g_str_equal (stream, "err") ? the_world.err : the_world.out, (const char *)bytes,
                           (gssize)length);
      return;
    }
  g_clear_pointer (&the_world.end, g_variant_unref);
  the_world.end = g_steal_pointer (&owned);
}

static void
host_log (BowlineHost *host, guint32 level, GVariant *fields, const char *text)
{
}

static BowlineMessageCall *
make_call (const char *json)
{
  g_autoptr (GError) error = NULL;
  BowlineMessageCall *call = g_new0 (BowlineMessageCall, 1);
  g_atomic_ref_count_init (&call->count);
  call->message = bl_json_parse_object (json, strlen (json), NULL, BL_JSON_DEFAULT, &error);
  g_assert_no_error (error);
  return call;
}

static void
order (const char *json)
{
  BowlineMessageCall *call = make_call (json);
  bl_automation_runs_start (the_world.runs, call);
  call_unref (call);
}

static void
run (const char *fields, const char *script)
{
  g_autoptr (GString) json = g_string_new ("{\"action\":\"runcommands\",\"sessionid\":\"s\",\"responseid\":\"r\",");
  g_string_append (json, fields);
  g_string_append (json, ",\"cmds\":");
  bl_json_append_string (json, script);
  g_string_append_c (json, '}');
  order (json->str);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_assert_not_reached ();
}

static void
turn_until_ended (void)
{
  const guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);
  while (the_world.end == NULL || bl_automation_runs_count (the_world.runs) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
turn_until_said (const char *text)
{
  const guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);
  while (strstr (the_world.out->str, text) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
set_up (World *unused, gconstpointer data)
{
  static const BowlineMessageCallOps call_ops = {
    .ref = call_ref,
    .unref = call_unref,
    .get_message = call_get_message,
    .get_rights = call_get_rights,
    .answer = call_answer,
  };
  static const BowlineHostOps host_ops = { .log = host_log };
  bowline_private_install_message_call_ops (&call_ops);
  bowline_private_install_host_ops (&host_ops);
  the_world = (World){ .runs = bl_automation_runs_new (NULL), .out = g_string_new (NULL), .err = g_string_new (NULL) };
}

static void
tear_down (World *unused, gconstpointer data)
{
  bl_automation_runs_free (the_world.runs);
  g_string_free (the_world.out, TRUE);
  g_string_free (the_world.err, TRUE);
  g_clear_pointer (&the_world.end, g_variant_unref);
  for (guint i = 0; i < 100 && g_main_context_iteration (NULL, FALSE); i++)
    ; // what was cancelled hears of it
}

#define ALL "\"rights\":4294967295,\"type\":3"
#define STREAM ALL ",\"stream\":true,\"reply\":true"

// ---- the first line ------------------------------------------------------------------------------------------------

static void
test_interpreter (void)
{
  static const char *const bad[] = { "#!", "#!\nx", "#! bash\n", "#!bin/sh\n" };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) plain = bl_automation_interpreter ("#!/bin/sh", 9, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (plain[0], ==, "/bin/sh");
  g_assert_null (plain[1]);
  const char *script = "#! /usr/bin/env  python3 -u \r\nprint(1)";
  g_auto (GStrv) two = bl_automation_interpreter (script, strlen (script), &error);
  g_assert_cmpstr (two[0], ==, "/usr/bin/env");
  g_assert_cmpstr (two[1], ==, "python3 -u");
  g_assert_null (bl_automation_interpreter ("echo", 4, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (bl_automation_interpreter (bad[i], strlen (bad[i]), &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_clear_error (&error);
    }
}

static void
test_interpreter_length (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strnfill (BL_AUTOMATION_LINE_MAX + 2, 'x');
  memcpy (line, "#!/", 3);
  line[BL_AUTOMATION_LINE_MAX] = '\n';
  g_auto (GStrv) longest = bl_automation_interpreter (line, BL_AUTOMATION_LINE_MAX + 1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (longest[0]), ==, BL_AUTOMATION_LINE_MAX - 2);
  line[BL_AUTOMATION_LINE_MAX] = 'x';
  line[BL_AUTOMATION_LINE_MAX + 1] = '\n';
  g_assert_null (bl_automation_interpreter (line, BL_AUTOMATION_LINE_MAX + 2, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

// ---- runs ----------------------------------------------------------------------------------------------------------

static void
test_result (World *unused, gconstpointer data)
{
  run (ALL ",\"reply\":true", "echo $((40+2)); printf 'a\\0\\377b'; echo no >&2; exit 3");
  turn_until_ended ();
  const char *text = bl_variant_get_string (the_world.end, "result");
  g_assert_nonnull (strstr (text, "42\n"));
  g_assert_nonnull (strstr (text, "no\n"));
  g_assert_nonnull (strstr (text, "a\357\277\275\357\277\275b"));
  g_assert_cmpint (bl_variant_get_int (the_world.end, "exit", -1), ==, 3);
  g_assert_cmpuint (the_world.answers, ==, 1);
}

static void
test_stream (World *unused, gconstpointer data)
{
  run (STREAM, "#!/bin/sh -e\necho one; echo two >&2; read x || echo empty; echo $PWD=$HOME; false; echo never");
  turn_until_ended ();
  g_assert_true (g_str_has_prefix (the_world.out->str, "one\nempty\n"));
  g_assert_null (strstr (the_world.out->str, "never"));
  g_assert_cmpstr (the_world.err->str, ==, "two\n");
  g_assert_cmpint (bl_variant_get_int (the_world.end, "exit", -1), ==, 1);
  g_assert_null (bl_variant_get_string (the_world.end, "result"));
}

static void
test_refused (World *unused, gconstpointer data)
{
  run ("\"rights\":8,\"type\":3,\"reply\":true", "echo no");
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "result"), ==, "Access denied");
  run ("\"rights\":131072,\"type\":1,\"reply\":true", "echo no");
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "result"), ==, "This machine has no such shell");
  run (STREAM, "#!/no/such/program\n");
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "stream"), ==, "end");
  g_assert_nonnull (bl_variant_get_string (the_world.end, "result"));
  g_autofree char *longest = g_strnfill (BL_AUTOMATION_MAX_SCRIPT + 1, '#');
  run (STREAM, longest);
  g_assert_nonnull (strstr (bl_variant_get_string (the_world.end, "result"), "65535 bytes"));
  g_clear_pointer (&the_world.end, g_variant_unref);
  longest[BL_AUTOMATION_MAX_SCRIPT] = '\0';
  run (STREAM, longest);
  turn_until_ended ();
  g_assert_cmpint (bl_variant_get_int (the_world.end, "exit", -1), ==, 0);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
assert_gone (const char *pid)
{
  const guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);
  const guint tick = g_timeout_add (20, tick_cb, NULL);
  while (kill ((pid_t)g_ascii_strtoll (pid, NULL, 10), 0) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
  g_source_remove (deadline);
}

// The whole group goes, also what is deaf to being asked.
static void
test_time_limit (World *unused, gconstpointer data)
{
  run (STREAM ",\"timeout\":1", "trap '' TERM; sleep 1000 & echo $!; wait");
  turn_until_said ("\n");
  turn_until_ended ();
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "result"), ==, "Ended: it ran longer than it may");
  g_assert_cmpint (bl_variant_get_int (the_world.end, "signal", 0), ==, SIGKILL);
  assert_gone (the_world.out->str);
}

// A process with a session of its own, whose parent has gone, is no child of anybody any more.
static void
test_escaped (World *unused, gconstpointer data)
{
  run (STREAM ",\"timeout\":1", "(setsid sh -c 'trap \"\" TERM; echo $$; sleep 1000 & wait; wait' &); exec sleep 1000");
  turn_until_said ("\n");
  turn_until_ended ();
  assert_gone (the_world.out->str);
}

static void
test_mark (void)
{
  static const char environment[] = "A=B\0BOWLINE_RUN=run-1\0C";
  g_assert_true (bl_automation_mark_is_in ("BOWLINE_RUN=run-1", environment, sizeof environment - 1));
  g_assert_true (bl_automation_mark_is_in ("A=B", environment, sizeof environment));
  g_assert_false (bl_automation_mark_is_in ("BOWLINE_RUN=run-", environment, sizeof environment - 1));
  g_assert_false (bl_automation_mark_is_in ("OWLINE_RUN=run-1", environment, sizeof environment - 1));
  g_assert_false (bl_automation_mark_is_in ("C", environment, sizeof environment - 2));
  g_assert_false (bl_automation_mark_is_in ("C", "", 0));
}

static void
join_cb (gpointer group)
{
  setsid ();
  bl_automation_group_join (group);
}

// With a control group, taking off the mark does not help.
static void
test_control_group (void)
{
  static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
  char *argv[] = { (char *)"env", (char *)"-i", (char *)"/bin/sh", (char *)"-c", (char *)"exec setsid -w sleep 1000", NULL };
  g_autofree char *name = g_strdup_printf ("bowline-test-%d", getpid ()), *parent = NULL;
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (mounts) && parent == NULL; i++)
    {
      g_autofree char *file = g_build_filename (mounts[i], "cgroup.controllers", NULL);
      g_autofree char *directory = g_build_filename (mounts[i], name, NULL);
      if (access (file, F_OK) == 0 && g_mkdir (directory, 0755) == 0)
        parent = g_steal_pointer (&directory);
    }
  if (parent == NULL)
    {
      g_test_skip ("no control group can be made here");
      return;
    }
  BlAutomationGroup *group = bl_automation_group_new (parent);
  GPid pid;
  int status;
  g_assert_true (g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, join_cb, group, &pid, &error));
  g_assert_no_error (error);
  // No process group has this number: what is reached is reached through the control group.
  bl_automation_group_signal (group, G_MAXINT, SIGKILL);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  bl_automation_group_free (group);
  // A killed process leaves its group a moment after it is gone.
  const guint deadline = g_timeout_add_seconds (DEADLINE_SECONDS, deadline_cb, NULL);
  const guint tick = g_timeout_add (10, tick_cb, NULL);
  while (g_rmdir (parent) != 0)
    {
      g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);
      const char *child;
      while (dir != NULL && (child = g_dir_read_name (dir)) != NULL)
        if (g_str_has_prefix (child, "run-"))
          {
            g_autofree char *path = g_build_filename (parent, child, NULL);
            g_rmdir (path);
          }
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (tick);
  g_source_remove (deadline);
}

// logind tells who is at the screen in files. Returns: whether a namespace of our own has made-up ones now
static gboolean
make_seat (uid_t uid)
{
  g_autofree char *seat = g_strdup_printf ("IS_SEAT0=1\nACTIVE=c1\nACTIVE_UID=%u\nSESSIONS=c1\n", uid);
  g_autofree char *session = g_strdup_printf ("UID=%u\nACTIVE=1\nSTATE=active\nDISPLAY=:7\nTYPE=x11\nCLASS=user\n", uid);
  return geteuid () == 0 && unshare (CLONE_NEWNS) == 0 && mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
         && mount ("tmpfs", "/run", "tmpfs", 0, "size=1m") == 0 && g_mkdir_with_parents ("/run/systemd/seats", 0755) == 0
         && g_mkdir_with_parents ("/run/systemd/sessions", 0755) == 0
         && g_file_set_contents ("/run/systemd/seats/seat0", seat, -1, NULL)
         && g_file_set_contents ("/run/systemd/sessions/c1", session, -1, NULL);
}

static void
test_as_user (World *unused, gconstpointer data)
{
  const struct passwd *entry = getpwnam ("daemon");
  if (entry == NULL || !make_seat (entry->pw_uid))
    {
      g_test_skip ("only root can act as another user, in a mount namespace");
      return;
    }
  g_autofree char *expected
      = g_strdup_printf ("%u %u %u %s daemon /run/user/%u unix:path=/run/user/%u/bus :7\n", entry->pw_uid, entry->pw_gid,
                         entry->pw_gid, entry->pw_dir, entry->pw_uid, entry->pw_uid);
  run (STREAM ",\"runAsUser\":2",
       "echo $(id -u) $(id -g) $(id -G) $HOME $USER $XDG_RUNTIME_DIR $DBUS_SESSION_BUS_ADDRESS $DISPLAY");
  turn_until_ended ();
  g_assert_cmpstr (the_world.out->str, ==, expected);
  g_clear_pointer (&the_world.end, g_variant_unref);
  // Nothing of root is left to it.
  run (STREAM ",\"runAsUser\":1", "grep -E '^(Uid|Gid|CapEff|CapPrm):' /proc/self/status; kill -0 1 || echo refused");
  g_string_set_size (the_world.out, 0);
  turn_until_ended ();
  g_assert_nonnull (strstr (the_world.out->str, "refused\n"));
  g_assert_nonnull (strstr (the_world.out->str, "CapEff:\t0000000000000000\n"));
  g_assert_nonnull (strstr (the_world.out->str, "CapPrm:\t0000000000000000\n"));
  g_assert_cmpint (g_unlink ("/run/systemd/seats/seat0"), ==, 0);
  run (STREAM ",\"runAsUser\":2", "echo never");
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "result"), ==, "No user is signed in");
}

static void
test_stop (World *unused, gconstpointer data)
{
  BowlineMessageCall *other = make_call ("{\"sessionid\":\"t\",\"responseid\":\"r\"}");
  BowlineMessageCall *own = make_call ("{\"sessionid\":\"s\",\"responseid\":\"r\"}");
  run (STREAM, "sleep 1000 & echo $!; wait");
  turn_until_said ("\n");
  bl_automation_runs_stop (the_world.runs, other);
  g_assert_cmpuint (bl_automation_runs_count (the_world.runs), ==, 1);
  bl_automation_runs_stop (the_world.runs, own);
  turn_until_ended ();
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "result"), ==, "Ended by who started it");
  assert_gone (the_world.out->str);
  call_unref (other);
  call_unref (own);
}

static void
test_output_limits (World *unused, gconstpointer data)
{
  run (ALL ",\"reply\":true", "head -c 600000 /dev/zero | tr '\\0' x");
  turn_until_ended ();
  const char *text = bl_variant_get_string (the_world.end, "result");
  g_assert_nonnull (strstr (text, "[75712 more bytes were left out]"));
  g_clear_pointer (&the_world.end, g_variant_unref);
  run (STREAM, "exec yes");
  turn_until_ended ();
  g_assert_nonnull (strstr (bl_variant_get_string (the_world.end, "result"), "8388608 bytes"));
  g_assert_cmpuint (the_world.out->len, <=, BL_AUTOMATION_MAX_STREAM);
}

static void
test_number_limit (World *unused, gconstpointer data)
{
  for (guint i = 0; i < BL_AUTOMATION_MAX_RUNS; i++)
    run (STREAM, "exec sleep 1000");
  g_assert_null (the_world.end);
  run (STREAM, "echo one too many");
  g_assert_cmpstr (bl_variant_get_string (the_world.end, "result"), ==, "16 commands run on this device already");
  bl_automation_runs_disconnected (the_world.runs);
  turn_until_ended ();
}

// A service that was started keeps the pipe open; the answer does not wait for it.
static void
test_left_behind (World *unused, gconstpointer data)
{
  run (STREAM, "sleep 1000 & echo $!");
  turn_until_ended ();
  g_assert_cmpint (bl_variant_get_int (the_world.end, "exit", -1), ==, 0);
  g_assert_cmpint (kill ((pid_t)g_ascii_strtoll (the_world.out->str, NULL, 10), SIGKILL), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/automation/interpreter", test_interpreter);
  g_test_add_func ("/automation/interpreter-length", test_interpreter_length);
  g_test_add ("/automation/result", World, NULL, set_up, test_result, tear_down);
  g_test_add ("/automation/stream", World, NULL, set_up, test_stream, tear_down);
  g_test_add ("/automation/refused", World, NULL, set_up, test_refused, tear_down);
  g_test_add ("/automation/time-limit", World, NULL, set_up, test_time_limit, tear_down);
  g_test_add ("/automation/escaped", World, NULL, set_up, test_escaped, tear_down);
  g_test_add_func ("/automation/mark", test_mark);
  g_test_add_func ("/automation/control-group", test_control_group);
  g_test_add ("/automation/stop", World, NULL, set_up, test_stop, tear_down);
  g_test_add ("/automation/output-limits", World, NULL, set_up, test_output_limits, tear_down);
  g_test_add ("/automation/number-limit", World, NULL, set_up, test_number_limit, tear_down);
  g_test_add ("/automation/left-behind", World, NULL, set_up, test_left_behind, tear_down);
  g_test_add ("/automation/as-user", World, NULL, set_up, test_as_user, tear_down);
  return g_test_run ();
}
