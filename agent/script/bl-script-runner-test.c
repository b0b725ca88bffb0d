// SPDX-License-Identifier: Apache-2.0
// Tests of the script host under its runner: good scripts, hostile scripts, restarts.

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "bl-script-testing.h"

#define GOOD BL_SCRIPT_TEST_GOOD
#define EVALUATOR BL_SCRIPT_TEST_EVALUATOR
#define expect_value bl_script_agent_expect

static BlScriptAgent *
start (const char *source, BlScriptOptions options)
{
  BlScriptAgent *agent = bl_script_agent_new (&options, NULL);

  bl_script_agent_push (agent, source);
  return agent;
}

static void
test_good_core (void)
{
  BlScriptAgent *agent = start (GOOD, (BlScriptOptions){ 0 });
  guint8 hash[48];

  bl_script_agent_wait_sent (agent, "coreinfo");
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  g_assert_cmpint (bl_script_runner_get_pid (agent->runner), >, 0);
  g_assert_true (bl_script_runner_get_core_hash (agent->runner, hash));
  g_assert_false (bl_script_runner_is_fallback (agent->runner));
  g_assert_true (bl_script_runner_set_core (agent->runner, NULL, NULL));
  g_assert_false (bl_script_runner_get_core_hash (agent->runner, hash));
  g_assert_cmpint (bl_script_runner_get_pid (agent->runner), ==, 0);
  bl_script_agent_free (agent);
}

// What the kernel says about the host while it runs.
static void
test_confined (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("a sanitizer needs what the sandbox forbids");
#else
  BlScriptAgent *agent = start (GOOD, (BlScriptOptions){ 0 });
  g_autofree char *path = NULL, *status = NULL;

  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  path = g_strdup_printf ("/proc/%d/status", bl_script_runner_get_pid (agent->runner));
  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  g_assert_nonnull (strstr (status, "NoNewPrivs:\t1\n"));
  g_assert_null (strstr (status, "\nUid:\t0\t"));
  g_assert_nonnull (strstr (status, "CapEff:\t0000000000000000\n"));
  if (BL_TEST_SECCOMP)
    g_assert_nonnull (strstr (status, "Seccomp:\t2\n"));
  bl_script_agent_free (agent);
#endif
}

static void
test_runtime (void)
{
  BlScriptAgent *agent = start (EVALUATOR, (BlScriptOptions){ 0 });

  expect_value (agent, "6*7", "42");
  expect_value (agent, "Buffer.from('\\u00e5k').toString('hex')", "C3A56B");
  expect_value (agent, "Buffer.from('6142', 'hex').toString()", "aB");
  expect_value (agent, "Buffer.from('YWI=', 'base64').toString() + Buffer.from('\\xff', 'binary')[0]", "ab255");
  expect_value (agent, "Buffer.from([1, 2]) === null", "true");
  expect_value (agent, "Buffer.concat([Buffer.from('a'), Buffer.from('b')]).toString()", "ab");
  expect_value (agent, "var b = Buffer.alloc(4); b.writeUInt32BE(258, 0); b[2] + ':' + b.length", "1:4");
  expect_value (agent, "require('SHA384Stream').create().syncHash('abc').toString('hex').substring(0, 8)", "CB00753F");
  expect_value (agent, "JSON.stringify(require('http').parseUri('wss://127.0.0.1:44/x?a=b'))",
                "{\\\"protocol\\\":\\\"wss:\\\",\\\"host\\\":\\\"127.0.0.1\\\",\\\"port\\\":44,\\\"path\\\":\\\"/x?a=b\\\",\\\"method\\\":\\\"GET\\\"}");
  expect_value (agent, "addModule('m', 'exports.f = function () { return 5; };'); require('m').f()", "5");
  expect_value (agent, "typeof setTimeout(function () { }, 1)", "object");
  expect_value (agent, "require('fs').existsSync('/etc/passwd') + ':' + require('fs').statSync('/etc').isDirectory()", "true:true");
  expect_value (agent, "require('fs').readdirSync('/nonexistent').length", "0");
  expect_value (agent, "require('fs').readFileSync('/proc/self/status').toString().length > 100", "true");
  expect_value (agent, "require('fs').openSync('/dev/zero', 'rbN')", "threw Error: open /dev/zero: not a regular file");
  expect_value (agent, "var s = require('SimpleDataStore').Shared(); s.Put('k=1', 'v'); s.Get('k=1') + s.Get('none') + s.Keys", "vnullk=1");
  expect_value (agent, "require('_GenericMarshal')", "threw Error: module not found: _GenericMarshal");
  expect_value (agent, "require('MeshAgent').ServerInfo.ControlChannelCertificate.digest", "AA:BB");
  bl_script_agent_free (agent);
}

static void
test_events_and_promises (void)
{
  BlScriptAgent *agent = start (EVALUATOR, (BlScriptOptions){ 0 });

  expect_value (agent,
                "var P = require('promise'); P.all([P.resolve(1), new P(function (ok) { setTimeout(function () { ok(2); }, 10); })])"
                ".then(function (v) { mesh.SendCommand({ action: 'later', v: v }); }); 1",
                "1");
  bl_script_agent_wait_sent (agent, "\"v\":[1,2]");
  expect_value (agent,
                "var e = require('events').EventEmitter({}, true), n = 0; e.once('x', function (a) { n += a; }); e.emit('x', 2); e.emit('x', 2); n",
                "2");
  expect_value (agent, "setTimeout(function () { throw new Error('late'); }, 1); 1", "1");
  bl_script_agent_wait_logged (agent, "late");
  expect_value (agent, "'still here'", "still here");
  bl_script_agent_free (agent);
}

static void
test_child_process (void)
{
  BlScriptAgent *agent = start (EVALUATOR, (BlScriptOptions){ 0 });

  expect_value (agent,
                "var c = require('child_process').execFile('/bin/sh', ['sh']), out = '', err = '';"
                "c.stdout.on('data', function (d) { out += d; }); c.stderr.on('data', function (d) { err += d; });"
                "c.on('exit', function (code) { mesh.SendCommand({ action: 'child', out: out, err: err, code: code }); });"
                "c.stdin.write('echo a$((1+1)); echo b >&2; exit 3\\n'); 1",
                "1");
  bl_script_agent_wait_sent (agent, "\"out\":\"a2\\n\",\"err\":\"b\\n\",\"code\":3");
  expect_value (agent,
                "var k = require('child_process').execFile('/bin/sleep', ['sleep', '100'], {}); k.stdout.on('data', function () { });"
                "k.on('exit', function (code) { mesh.SendCommand({ action: 'killed', code: code }); }); k.kill(); 1",
                "1");
  bl_script_agent_wait_sent (agent, "\"action\":\"killed\",\"code\":137");
  expect_value (agent,
                "var x = require('child_process').execFile('/nonexistent', ['x']);"
                "x.on('exit', function (code) { mesh.SendCommand({ action: 'nothing', code: code }); }); 1",
                "1");
  bl_script_agent_wait_sent (agent, "\"action\":\"nothing\",\"code\":-1");
  bl_script_agent_free (agent);
}

// A child that writes more than the script takes is held up, not buffered.
static void
test_back_pressure (void)
{
  BlScriptAgent *agent = start (EVALUATOR, (BlScriptOptions){ 0 });

  expect_value (agent,
                "var c = require('child_process').execFile('/bin/sh', ['sh', '-c', 'head -c 4000000 /dev/zero; echo done >&2']), n = 0;"
                "c.stdout.on('data', function (d) { n += d.length; }); c.stdout.pause();"
                "c.stderr.on('data', function (d) { mesh.SendCommand({ action: 'err', n: n }); });"
                "c.on('exit', function (code) { mesh.SendCommand({ action: 'all', n: n }); });"
                "setTimeout(function () { mesh.SendCommand({ action: 'before', n: n }); c.stdout.resume(); }, 200); 1",
                "1");
  bl_script_agent_wait_sent (agent, "\"action\":\"before\",\"n\":0");
  bl_script_agent_wait_sent (agent, "\"action\":\"all\",\"n\":4000000");
  bl_script_agent_free (agent);
}

static void
test_not_allowed (void)
{
  static const char *const allowed[] = { "os.info", "fs.stat", NULL };
  BlScriptAgent *agent = start (EVALUATOR, (BlScriptOptions){ .allowed = allowed });

  expect_value (agent, "require('fs').existsSync('/etc')", "true");
  expect_value (agent, "require('fs').readFileSync('/etc/passwd')", "threw Error: operation \\\"fs.readFile\\\" is not allowed");
  expect_value (agent,
                "var c = require('child_process').execFile('/bin/sh', ['sh']);"
                "c.on('exit', function (code) { mesh.SendCommand({ action: 'refused', code: code }); }); 1",
                "1");
  bl_script_agent_wait_sent (agent, "\"action\":\"refused\",\"code\":-1");
  bl_script_agent_wait_logged (agent, "not allowed");
  bl_script_agent_free (agent);
}

// --- failing scripts --------------------------------------------------------------------

// Runs SOURCE with one crash allowed; it must fail with CODE while this loop turns.
static void
expect_failure (const char *source, BlScriptOptions options, BlScriptError code)
{
  BlScriptAgent *agent;
  gint64 before = g_get_monotonic_time (), after;

  options.crash_limit = 1;
  agent = start (source, options);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_FAILED);
  after = g_get_monotonic_time ();
  g_assert_error (agent->failure, BL_SCRIPT_ERROR, (int) code);
  g_assert_cmpint (bl_script_runner_get_pid (agent->runner), ==, 0);
  // A tick each 5 ms; on a busy machine a tenth of them is proof enough.
  if (after - before > 100000)
    g_assert_cmpuint (agent->ticks, >, (after - before) / 50000);
  bl_script_agent_free (agent);
}

static const BlScriptOptions quick = { .hang_ms = 400, .start_ms = 10000 };

static void
test_syntax_error (void)
{
  expect_failure ("function (", quick, BL_SCRIPT_ERROR_EXCEPTION);
}

static void
test_exception (void)
{
  expect_failure ("undefinedThing();", quick, BL_SCRIPT_ERROR_EXCEPTION);
}

static void
test_silent_core (void)
{
  expect_failure ("var a = 1;", (BlScriptOptions){ .start_ms = 200 }, BL_SCRIPT_ERROR_NOT_READY);
}

static void
test_infinite_loop (void)
{
  expect_failure ("while (true) { }", quick, BL_SCRIPT_ERROR_HUNG);
  expect_failure (GOOD "setTimeout(function () { for (;;) { } }, 1);", quick, BL_SCRIPT_ERROR_HUNG);
}

static void
test_tail_recursion (void)
{
  expect_failure ("function f() { return f(); } f();", quick, BL_SCRIPT_ERROR_HUNG);
}

static void
test_slow_pattern (void)
{
  expect_failure ("/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'); while (true) { }", quick, BL_SCRIPT_ERROR_HUNG);
}

static void
test_memory_bomb (void)
{
  BlScriptOptions small = { .hang_ms = 10000, .memory_bytes = 16 * 1024 * 1024 };

  expect_failure ("var a = []; while (true) { try { a.push(Buffer.alloc(100000)); } catch (e) { } }", small, BL_SCRIPT_ERROR_MEMORY);
  expect_failure ("var s = 'x'; while (true) { try { s += s; } catch (e) { } }", small, BL_SCRIPT_ERROR_MEMORY);
}

// Comes back to its loop each time, so that only the processor time tells.
static void
test_busy_script (void)
{
  BlScriptOptions one = { .hang_ms = 2000, .cpu_seconds = 1 };

  expect_failure (GOOD "setInterval(function () { var end = Date.now() + 100; while (Date.now() < end) { } }, 1);", one,
                  BL_SCRIPT_ERROR_CPU);
}

static void
test_missing_host (void)
{
  BlScriptOptions options = { 0 };
  BlScriptAgent *agent;
  g_autofree char *path = g_strdup (g_getenv ("BL_TEST_SCRIPT_HOST"));

  g_setenv ("BL_TEST_SCRIPT_HOST", "/nonexistent/host", TRUE);
  agent = bl_script_agent_new (&options, NULL);
  g_setenv ("BL_TEST_SCRIPT_HOST", path, TRUE);
  bl_script_agent_push (agent, GOOD);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_FAILED);
  g_assert_error (agent->failure, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_SPAWN);
  bl_script_agent_free (agent);
}

// --- restarts ---------------------------------------------------------------------------

static void
test_crashes_are_counted (void)
{
  BlScriptAgent *agent = start (GOOD, (BlScriptOptions){ .restart_ms = 10 });

  for (guint i = 0; i < 3; i++)
    {
      bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
      g_assert_cmpuint (agent->starts, ==, 2 * i + 1 - i);
      kill (bl_script_runner_get_pid (agent->runner), SIGKILL);
      bl_script_agent_wait_state (agent, i < 2 ? BL_SCRIPT_STATE_STARTING : BL_SCRIPT_STATE_FAILED);
    }
  g_assert_error (agent->failure, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_CRASHED);
  g_assert_true (bl_script_runner_start (agent->runner, NULL));
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  bl_script_agent_free (agent);
}

static void
remove_store (const char *directory)
{
  const char *names[] = { "core", "core.good", "core.bad" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (directory, names[i], NULL);
      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_last_good_core (void)
{
  g_autofree char *directory = g_dir_make_tmp ("bl-runner-XXXXXX", NULL);
  g_autoptr (BlCoreStore) store = bl_core_store_new (directory, NULL);
  BlScriptOptions options = { 0 };
  BlScriptAgent *agent = bl_script_agent_new (&options, store);
  guint8 pushed[48], reported[48];

  bl_script_agent_push (agent, GOOD);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  bl_script_agent_push (agent, "this is no program");
  bl_core_hash ("\0\0\0\0this is no program", 22, pushed);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  g_assert_error (agent->failure, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_EXCEPTION);
  g_assert_true (bl_script_runner_is_fallback (agent->runner));
  g_assert_true (bl_script_runner_get_core_hash (agent->runner, reported));
  g_assert_cmpmem (pushed, 48, reported, 48);
  bl_script_agent_free (agent);

  // After a restart of the agent the bad core is not tried again.
  agent = bl_script_agent_new (&options, store);
  g_assert_true (bl_script_runner_start (agent->runner, NULL));
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  g_assert_no_error (agent->failure);
  g_assert_true (bl_script_runner_is_fallback (agent->runner));
  bl_script_agent_free (agent);
  remove_store (directory);
}

static void
test_offline_core_is_patient (void)
{
  BlScriptOptions options = { .start_ms = 100 };
  BlScriptAgent *agent = bl_script_agent_new (&options, NULL);
  guint ticks;

  bl_script_runner_set_connected (agent->runner, FALSE);
  bl_script_agent_push (agent, GOOD);
  ticks = agent->ticks;
  while (agent->ticks < ticks + 60)
    bl_script_agent_turn (g_get_monotonic_time () + G_USEC_PER_SEC, "a tick");
  g_assert_cmpint (bl_script_runner_get_state (agent->runner), ==, BL_SCRIPT_STATE_STARTING);
  bl_script_runner_set_connected (agent->runner, TRUE);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  bl_script_agent_free (agent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/script/runner/good-core", test_good_core);
  g_test_add_func ("/script/runner/confined", test_confined);
  g_test_add_func ("/script/runner/runtime", test_runtime);
  g_test_add_func ("/script/runner/events-promises", test_events_and_promises);
  g_test_add_func ("/script/runner/child-process", test_child_process);
  g_test_add_func ("/script/runner/back-pressure", test_back_pressure);
  g_test_add_func ("/script/runner/not-allowed", test_not_allowed);
  g_test_add_func ("/script/runner/syntax-error", test_syntax_error);
  g_test_add_func ("/script/runner/exception", test_exception);
  g_test_add_func ("/script/runner/silent", test_silent_core);
  g_test_add_func ("/script/runner/infinite-loop", test_infinite_loop);
  g_test_add_func ("/script/runner/tail-recursion", test_tail_recursion);
  g_test_add_func ("/script/runner/slow-pattern", test_slow_pattern);
  g_test_add_func ("/script/runner/memory-bomb", test_memory_bomb);
  g_test_add_func ("/script/runner/busy", test_busy_script);
  g_test_add_func ("/script/runner/missing-host", test_missing_host);
  g_test_add_func ("/script/runner/crashes", test_crashes_are_counted);
  g_test_add_func ("/script/runner/last-good", test_last_good_core);
  g_test_add_func ("/script/runner/offline", test_offline_core_is_patient);
  return g_test_run ();
}
