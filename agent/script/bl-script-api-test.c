// SPDX-License-Identifier: Apache-2.0
// The names of MeshAgent that scripts rely on, with their quirks: what each gives on this agent.

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "bl-script-testing.h"

#define FS "require('fs')."

static BlScriptAgent *
start (void)
{
  BlScriptOptions options = { 0 };
  BlScriptAgent *agent = bl_script_agent_new (&options, NULL);

  bl_script_agent_push (agent, BL_SCRIPT_TEST_EVALUATOR);
  return agent;
}

static void
test_globals (void)
{
  BlScriptAgent *agent = start ();

  bl_script_agent_expect (agent, "global === this && typeof global.setTimeout", "function");
  bl_script_agent_expect (agent, "addModuleObject('thing', { n: 3 }); require('thing').n", "3");
  bl_script_agent_expect (agent,
                          "addCompressedModule('c', require('compressed-stream').deflate('exports.n = 4;')); require('c').n + getJSModule('c').length",
                          "18");
  bl_script_agent_expect (agent, "addModule('fs', 'exports.n = 1;'); require('fs').n === undefined", "true");
  bl_script_agent_expect (agent, "typeof Duktape.fin + typeof Duktape.act + typeof Duktape.Thread", "undefinedundefinedundefined");
  bl_script_agent_expect (agent, "Buffer.from('a\\0\\xff', 'binary').toString().length", "3");
  bl_script_agent_expect (agent, "Buffer.from('6100FF62', 'hex').toString().charCodeAt(1)", "0");
  bl_script_agent_expect (agent, "process.cwd() + process.platform + (process.execPath.charAt(0) == '/')", "/linuxtrue");
  bl_script_agent_expect (agent,
                          "process.on('uncaughtException', function (e) { mesh.SendCommand({ action: 'uncaught', m: e.message }); });"
                          "setTimeout(function () { throw new Error('one'); }, 1); 1",
                          "1");
  bl_script_agent_wait_sent (agent, "\"m\":\"one\"");
  bl_script_agent_free (agent);
}

static void
test_events (void)
{
  BlScriptAgent *agent = start ();

  bl_script_agent_expect (agent,
                          "function Thing() { require('events').EventEmitter.call(this, true).createEvent('x'); } var t = new Thing(), n = 0;"
                          "t.on('x', function (a) { n += a; }); t.prependListener('x', function (a) { n = n * 10 + a; }); t.emit('x', 2); n + ':' + t.listenerCount('x')",
                          "4:2");
  bl_script_agent_expect (agent, "var q = require('queue')(); q.enQueue(1); q.enQueue(2); q.deQueue() + ':' + q.getLength() + q.isEmpty()", "1:1false");
  bl_script_agent_expect (agent, "var m = require('MemoryStream')(); m.write('a'); m.write(Buffer.from('b')); m.buffer.toString()", "ab");
  bl_script_agent_expect (agent,
                          "var P = require('promise'); P.wait(new P(function (ok) { setTimeout(function () { ok(7); }, 20); }))", "7");
  bl_script_agent_expect (agent, "P.wait(P.reject(new Error('no')))", "threw Error: no");
  bl_script_agent_free (agent);
}

static void
test_hashes (void)
{
  BlScriptAgent *agent = start ();
  static const char *const known[][2] = { { "MD5", "900150983CD24FB0" }, { "SHA1", "A9993E364706816A" },
    { "SHA256", "BA7816BF8F01CFEA" }, { "SHA384", "CB00753F45A35E8B" }, { "SHA512", "DDAF35A193617ABA" } };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *expression = g_strdup_printf ("require('%sStream').create().syncHash('abc').toString('hex').substring(0, 16)", known[i][0]);
      bl_script_agent_expect (agent, expression, known[i][1]);
    }
  bl_script_agent_expect (agent, "var h = require('SHA256Stream').create(), got; h.on('hash', function (v) { got = v; }); h.write('ab'); h.end('c'); got.toString('hex').substring(0, 8)", "BA7816BF");
  bl_script_agent_expect (agent, "var z = require('compressed-stream'); z.inflate(z.deflate('abcabcabc')).toString()", "abcabcabc");
  bl_script_agent_expect (agent, "z.inflate('no such thing')", "threw RangeError: no deflated data, or more than 33554432 bytes");
  bl_script_agent_expect (agent, "var r = require('tls').generateRandomInteger('5', '7'); r >= 5 && r <= 7 && typeof r", "string");
  bl_script_agent_free (agent);
}

static void
test_children (void)
{
  BlScriptAgent *agent = start ();

  bl_script_agent_expect (agent,
                          "var c = require('child_process').execFile('/bin/sh', ['sh']), out = ''; c.stdout.on('data', function (d) { out += d; });"
                          "c.stdin.write('echo a$((1+1)); exit 3\\n'); var pid = c.pid; c.waitExit(); (pid > 1) + out + c.code",
                          "truea2\\n3");
  bl_script_agent_expect (agent,
                          "var t0 = Date.now(), s = require('child_process').execFile('/bin/sleep', ['sleep', '60']); s.waitExit(50);"
                          "s.kill(); s.waitExit(); (Date.now() - t0 < 20000) + ':' + s.code",
                          "true:137");
  // Timers and the server's messages go on while a script waits.
  bl_script_agent_expect (agent,
                          "var turns = 0, i = setInterval(function () { turns++; }, 5), w = require('child_process').execFile('/bin/sleep', ['sleep', '0.2']);"
                          "w.waitExit(); clearInterval(i); turns > 3",
                          "true");
  bl_script_agent_expect (agent, "var pm = require('process-manager'), all; pm.getProcesses(function (p) { all = p; }); all[1].pid + ':' + (Object.keys(all).length > 1)", "1:true");
  bl_script_agent_expect (agent, "pm.getProcessInfo(process.pid).user == require('user-sessions').getProcessOwnerName(process.pid).name", "true");
  bl_script_agent_expect (agent, "require('lib-finder').hasBinary('sh') + ':' + require('lib-finder').findBinary('no such program')", "true:null");
  bl_script_agent_expect (agent, "require('service-manager').manager.getService('-x')", "threw Error: not the name of a service: -x");
  bl_script_agent_free (agent);
}

static void
test_files (void)
{
  BlScriptAgent *agent = start ();
  g_autofree char *directory = g_dir_make_tmp ("bl-script-api-XXXXXX", NULL);
  g_autofree char *inner = g_build_filename (directory, "b", NULL), *file = g_build_filename (inner, "found.txt", NULL);
  g_autofree char *link = g_build_filename (directory, "round", NULL);
  g_autofree char *set = g_strdup_printf ("var dir = '%s'; " FS "mkdirSync(dir + '/b'); " FS "writeFileSync(dir + '/b/found.txt', 'x');"
                                          FS "appendFileSync(dir + '/b/found.txt', 'y'); " FS "readFileSync(dir + '/b/found.txt').toString()", directory);

  bl_script_agent_expect (agent, set, "xy");
  g_assert_cmpint (symlink (directory, link), ==, 0); // a search must not follow it round and round
  bl_script_agent_expect (agent, "var f = require('file-search').find(dir, '*.TXT'), hits = []; f.on('result', function (p) { hits.push(p); }); P = require('promise'); P.wait(f); hits.length", "1");
  bl_script_agent_expect (agent, FS "readDrivesSync().length", "0");
  bl_script_agent_expect (agent, "try { " FS "statSync(dir + '/none'); } catch (e) { /No such file/.test(e.message); }", "true");
  g_unlink (file);
  g_unlink (link);
  g_rmdir (inner);
  g_rmdir (directory);
  bl_script_agent_free (agent);
}

// ---- HTTP against a server of this test ------------------------------------------------

static gboolean
answer (GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer text)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char asked[4096] = "";

  (void)g_input_stream_read (input, asked, sizeof asked - 1, NULL, NULL); // one small request in one piece
  const char *reply = strstr (asked, "GET /chunks") != NULL
                          ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"
                      : strstr (asked, "GET /bad") != NULL ? "SMTP\r\n\r\n"
                      : strstr (asked, "GET /short") != NULL ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
                                                            : "HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";
  (void)g_output_stream_write_all (output, reply, strlen (reply), NULL, NULL, NULL); // the client may be gone
  return TRUE;
}

static void
test_http (void)
{
  BlScriptAgent *agent = start ();
  g_autoptr (GSocketService) service = g_threaded_socket_service_new (2);
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_autofree char *set = NULL;

  g_assert_cmpuint (port, >, 0);
  g_signal_connect (service, "run", G_CALLBACK (answer), NULL);
  set = g_strdup_printf ("var http = require('http'), base = 'http://127.0.0.1:%u';"
                         "function get(path) { var P = require('promise'); return P.wait(new P(function (ok, fail) {"
                         "  var r = http.request(http.parseUri(base + path)); r.on('error', fail); r.on('response', function (m) {"
                         "    var text = m.statusCode + (m.headers['x-a'] || '') + ':'; m.on('data', function (d) { text += d; }); m.on('end', function () { ok(text); }); }); r.end(); })); }"
                         "get('/plain')", port);
  bl_script_agent_expect (agent, set, "201b:ok");
  bl_script_agent_expect (agent, "get('/chunks')", "200:abcde");
  bl_script_agent_expect (agent, "get('/bad')", "threw Error: the answer is not HTTP");
  bl_script_agent_expect (agent, "get('/short')", "threw Error: the answer is not complete");
  bl_script_agent_expect (agent, "JSON.stringify(http.parseUri('http://a:b@c/d').password)", "\\\"b\\\"");
  bl_script_agent_expect (agent, "http.generateNonce(9).length", "9");
  g_socket_service_stop (service);
  bl_script_agent_free (agent);
}

static void
test_mesh_agent (void)
{
  BlScriptAgent *agent = start ();

  bl_script_agent_expect (agent, "mesh.eval('2+3')", "5");
  bl_script_agent_expect (agent, "mesh.forceExit(1)", "threw Error: a core cannot end or restart its agent");
  bl_script_agent_expect (agent, "mesh.getRemoteDesktopStream()", "threw Error: this agent serves desktops itself");
  bl_script_agent_expect (agent, "require('ILibWebRTC').createConnection()", "threw Error: this agent has no WebRTC");
  bl_script_agent_expect (agent, "typeof JSON.parse(mesh.NetInfo).netif2", "object");
  bl_script_agent_free (agent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/script/api/globals", test_globals);
  g_test_add_func ("/script/api/events", test_events);
  g_test_add_func ("/script/api/hashes", test_hashes);
  g_test_add_func ("/script/api/children", test_children);
  g_test_add_func ("/script/api/files", test_files);
  g_test_add_func ("/script/api/http", test_http);
  g_test_add_func ("/script/api/mesh-agent", test_mesh_agent);
  return g_test_run ();
}
