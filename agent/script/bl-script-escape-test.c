// SPDX-License-Identifier: Apache-2.0
// Scripts that try to get out, to take everything, or to take the agent with them. Each runs in the real host; the agent
// goes on turning its loop, and what it did not allow does not happen.

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "bl-script-testing.h"

static BlScriptAgent *
start (const char *source, BlScriptOptions options)
{
  BlScriptAgent *agent = bl_script_agent_new (&options, NULL);

  bl_script_agent_push (agent, source);
  return agent;
}

static const char *const few[] = { "os.info", "db.*", NULL };

// Deep recursion, growing texts and patterns throw, and the script goes on.
static void
test_caught (void)
{
  BlScriptAgent *agent = start (BL_SCRIPT_TEST_EVALUATOR, (BlScriptOptions){ .allowed = few });

  bl_script_agent_expect (agent, "function f() { return 1 + f(); } try { f(); } catch (e) { e instanceof RangeError; }", "true");
  bl_script_agent_expect (agent, "try { JSON.parse(new Array(100001).join('[')); } catch (e) { e instanceof Error; }", "true");
  bl_script_agent_expect (agent, "try { Buffer.alloc(1e9); } catch (e) { e.name; }", "RangeError");
  bl_script_agent_expect (agent, "try { new RegExp(new Array(100000).join('(')); } catch (e) { e instanceof Error; }", "true");
  bl_script_agent_expect (agent, "try { for (;;) { setTimeout(function () { }, 1e9); } } catch (e) { e.message; }", "too many timers");
  bl_script_agent_expect (agent, "var big = { toString: function () { return big; }, valueOf: function () { return big; } }; try { '' + big; } catch (e) { e.name; }", "TypeError");
  bl_script_agent_expect (agent, "6*7", "42");
  bl_script_agent_free (agent);
}

// What leads to memory or to the host's own functions is not there.
static void
test_nothing_native (void)
{
  static const char *const names[] = { "_GenericMarshal", "heci", "win-registry", "ScriptContainer", "native", "vm", "bindings" };
  BlScriptAgent *agent = start (BL_SCRIPT_TEST_EVALUATOR, (BlScriptOptions){ .allowed = few });

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *expression = g_strdup_printf ("require('%s')", names[i]);
      g_autofree char *expected = g_strdup_printf ("threw Error: module not found: %s", names[i]);
      bl_script_agent_expect (agent, expression, expected);
    }
  bl_script_agent_expect (agent, "typeof native + typeof dispatch + typeof Duktape.modSearch", "undefinedundefinedundefined");
  bl_script_agent_expect (agent, "(function () { return arguments.callee.caller; })() == null || typeof (function () { return arguments.callee.caller; })()", "true");
  bl_script_agent_expect (agent, "Function('return typeof native')()", "undefined");
  bl_script_agent_expect (agent, "mesh.eval('typeof native')", "undefined");
  bl_script_agent_free (agent);
}

// A script may spoil its own prototypes, and what its own library makes of them; the agent still decides.
static void
test_pollution (void)
{
  BlScriptAgent *agent = start (BL_SCRIPT_TEST_EVALUATOR, (BlScriptOptions){ .allowed = few });

  bl_script_agent_expect (agent,
                          "Object.prototype.op = 'os.info'; Object.defineProperty(Object.prototype, 'data', { get: function () { return 1; }, configurable: true });"
                          "var said; try { require('fs').readFileSync('/etc/passwd'); } catch (e) { said = e.message; }"
                          "delete Object.prototype.op; delete Object.prototype.data; said",
                          "operation \\\"fs.readFile\\\" is not allowed");
  bl_script_agent_expect (agent,
                          "var s = JSON.stringify; JSON.stringify = function (o) { o.op = 'fs.stat'; return s(o).replace('fs.stat', 'fs.readFile'); };"
                          "try { require('os').hostname(); require('fs').statSync('/etc/passwd'); said = 'read'; } catch (e) { said = e.message; } JSON.stringify = s; said",
                          "operation \\\"fs.readFile\\\" is not allowed");
  bl_script_agent_expect (agent,
                          "var trap = new Proxy({}, { get: function (t, k) { return k == 'length' ? 1e9 : trap; } }); try { Buffer.concat(trap); } catch (e) { said = 'threw'; } said",
                          "threw");
  bl_script_agent_expect (agent, "Array.prototype.push = null; Function.prototype.apply = null; 'x'", "x");
  g_assert_cmpint (bl_script_runner_get_pid (agent->runner), >, 0);
  bl_script_agent_free (agent);
}

// Files, children and connections need an operation each; without it nothing opens.
static void
test_outside (void)
{
  static const char *const tries[] = {
    "require('fs').readFileSync('/etc/shadow')", "require('fs').writeFileSync('/tmp/bl-escape', 'x')",
    "require('fs').readdirSync('/root')", "require('fs').unlinkSync('/etc/passwd')", "require('fs').openSync('/dev/mem', 'r')",
    "process.kill(1, 9)", "require('user-sessions').getUsername(0)", "require('dgram').createSocket().send('x', 9, '127.0.0.1')",
  };
  BlScriptAgent *agent = start (BL_SCRIPT_TEST_EVALUATOR, (BlScriptOptions){ .allowed = few });

  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    {
      g_autofree char *expression = g_strdup_printf ("try { %s; 'done'; } catch (e) { /is not allowed/.test(e.message); }", tries[i]);
      bl_script_agent_expect (agent, expression, "true");
    }
  bl_script_agent_expect (agent,
                          "var n = 0, c = require('net').createConnection({ host: '127.0.0.1', port: 1 }); c.on('error', function (e) {"
                          " mesh.SendCommand({ action: 'refused', m: e.message }); }); 1",
                          "1");
  bl_script_agent_wait_sent (agent, "net.connect\\\" is not allowed");
  bl_script_agent_expect (agent,
                          "var x = require('child_process').execFile('/bin/sh', ['sh', '-c', 'touch /tmp/bl-escape']); x.waitExit(); x.code", "-1");
  g_assert_false (g_file_test ("/tmp/bl-escape", G_FILE_TEST_EXISTS));
  bl_script_agent_free (agent);
}

// Descriptors and children are the agent's: it counts them.
static void
test_exhaustion (void)
{
  BlScriptAgent *agent = start (BL_SCRIPT_TEST_EVALUATOR, (BlScriptOptions){ .max_streams = 8 });

  bl_script_agent_expect (agent, "var fds = []; try { for (;;) { fds.push(require('fs').openSync('/etc/passwd', 'r')); } } catch (e) { fds.length < 1000; }", "true");
  bl_script_agent_expect (agent, "fds.forEach(function (fd) { require('fs').closeSync(fd); }); require('fs').openSync('/etc/passwd', 'r') > 0", "true");
  bl_script_agent_expect (agent,
                          "var kids = []; for (var i = 0; i < 50; i++) { kids.push(require('child_process').execFile('/bin/sleep', ['sleep', '60'])); }"
                          "kids.filter(function (k) { return k.pid > 0; }).length",
                          "8");
  bl_script_agent_expect (agent, "kids.forEach(function (k) { k.kill(); k.waitExit(); }); kids[0].code", "137");
  bl_script_agent_free (agent);
}

// Runs SOURCE with one crash allowed; it must fail with CODE.
static void
expect_end (const char *source, BlScriptOptions options, BlScriptError code)
{
  BlScriptAgent *agent;

  options.crash_limit = 1;
  agent = start (source, options);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_FAILED);
  g_assert_error (agent->failure, BL_SCRIPT_ERROR, (int) code);
  bl_script_agent_free (agent);
}

// Loops where the engine, not the script, is at work.
static void
test_greed (void)
{
  BlScriptOptions quick = { .hang_ms = 400 };

  // Small pieces, and every refusal swallowed: it may not reach its limit before its time is over.
  expect_end ("var o = {}, i = 0; for (;;) { try { o['k' + i++] = { a: [i] }; } catch (e) { } }", quick, BL_SCRIPT_ERROR_HUNG);
  expect_end (BL_SCRIPT_TEST_GOOD "setTimeout(function () { var s = /^(\\w+\\s?)*$/; for (;;) { s.test('aaaaaaaaaaaaaaaaaaaaaaaaaaa!'); } }, 1);",
              quick, BL_SCRIPT_ERROR_HUNG);
  expect_end (BL_SCRIPT_TEST_GOOD "setTimeout(function () { var p = new Proxy({}, { has: function () { for (;;) { } } }); 'x' in p; }, 1);", quick,
              BL_SCRIPT_ERROR_HUNG);
  expect_end (BL_SCRIPT_TEST_GOOD "setTimeout(function () { [3, 1, 2].sort(function () { for (;;) { } }); }, 1);", quick, BL_SCRIPT_ERROR_HUNG);
}

// The host dies in the middle of a session: the session ends, the script starts again once, the agent goes on.
static void
test_killed_in_session (void)
{
  BlScriptAgent *agent = start (BL_SCRIPT_TEST_EVALUATOR, (BlScriptOptions){ .restart_ms = 10 });
  guint starts;

  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  bl_script_agent_expect (agent,
                          "var o = require('http').parseUri('wss://127.0.0.1:4430/x'), r = require('http').request(o); r.on('upgrade', function (a, s) {"
                          " s.on('data', function (d) { s.write('echo ' + d); }); }); r.end(); 1",
                          "1");
  bl_script_agent_wait_tunnel (agent);
  bl_script_agent_tunnel_text (agent, "hello");
  bl_script_agent_wait_tunnel_text (agent, "echo hello");
  starts = agent->starts;
  kill (bl_script_runner_get_pid (agent->runner), SIGKILL);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_STARTING);
  bl_script_agent_wait_state (agent, BL_SCRIPT_STATE_RUNNING);
  g_assert_null (agent->tunnel);
  g_assert_cmpuint (agent->starts, ==, starts + 1);
  bl_script_agent_expect (agent, "'again'", "again");
  bl_script_agent_free (agent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/script/escape/caught", test_caught);
  g_test_add_func ("/script/escape/nothing-native", test_nothing_native);
  g_test_add_func ("/script/escape/pollution", test_pollution);
  g_test_add_func ("/script/escape/outside", test_outside);
  g_test_add_func ("/script/escape/exhaustion", test_exhaustion);
  g_test_add_func ("/script/escape/greed", test_greed);
  g_test_add_func ("/script/escape/killed-in-session", test_killed_in_session);
  return g_test_run ();
}
