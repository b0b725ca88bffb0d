// SPDX-License-Identifier: Apache-2.0
// Sockets of scripts: TCP, TLS, HTTP and UDP, out and in, all on loopback; what may listen, and who is trusted.

#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "bl-script-testing.h"

// wait (f) gives what f (ok, fail) settles on.
#define PRELUDE                                                                                                     \
  "var net = require('net'), tls = require('tls'), http = require('http'), https = require('https'), P = require('promise');" \
  "function wait(f) { return P.wait(new P(f)); }"                                                                    \
  "function listening(server, at) { return wait(function (ok, fail) { server.on('error', fail); server.listen(at || { port: 0 }, function () { ok(server.address().port); }); }); }" \
  "function text(stream, ok) { var all = ''; stream.on('data', function (d) { all += d; }); stream.on('end', function () { ok(all); }); } 1"

static BlScriptAgent *
start (const char *const *allowed)
{
  BlScriptOptions options = { .allowed = allowed };
  BlScriptAgent *agent = bl_script_agent_new (&options, NULL);

  bl_script_agent_push (agent, BL_SCRIPT_TEST_EVALUATOR);
  bl_script_agent_expect (agent, PRELUDE, "1");
  return agent;
}

static void
test_tcp (void)
{
  BlScriptAgent *agent = start (NULL);

  bl_script_agent_expect (agent, "var echo = net.createServer(function (s) { s.on('data', function (d) { s.write(d); }); }); listening(echo) > 0 && echo.address().address", "127.0.0.1");
  bl_script_agent_expect (agent, "wait(function (ok) { var c = net.connect({ port: echo.address().port }, function () { c.write('hello'); }); c.on('data', function (d) { ok(String(d)); c.end(); }); })", "hello");
  // What was written before the close arrives whole.
  bl_script_agent_expect (agent, "var big = net.createServer(function (s) { s.write(Buffer.alloc(3000000)); s.end('end'); }); listening(big);"
                                 "wait(function (ok) { var n = 0; var c = net.connect(big.address().port); c.on('data', function (d) { n += d.length; }); c.on('end', function () { ok(n); }); })", "3000003");
  bl_script_agent_expect (agent, "wait(function (ok) { big.close(function () { ok(big.listening); }); })", "false");
  bl_script_agent_expect (agent, "/in use/.test(run('listening(net.createServer(), { port: echo.address().port })'))", "true");
  bl_script_agent_free (agent);
}

static void
test_allowed (void)
{
  static const char *const no_listen[] = { "net.connect", NULL }, *const wide[] = { "net.*", "udp.*", "public.listen", NULL };
  BlScriptAgent *agent = start (NULL);

  bl_script_agent_expect (agent, "listening(net.createServer(), { port: 0, host: '0.0.0.0' })", "threw Error: operation \\\"public.listen\\\" is not allowed");
  bl_script_agent_expect (agent, "listening(net.createServer(), { port: 0, host: '::' })", "threw Error: operation \\\"public.listen\\\" is not allowed");
  bl_script_agent_expect (agent, "listening(net.createServer(), { port: 0, host: 'localhost' })", "threw Error: an IP address and a port from 0 to 65535 are expected");
  bl_script_agent_expect (agent, "wait(function (ok) { var u = require('dgram').createSocket('udp4'); u.on('error', function (e) { ok(e.message); }); u.bind({ port: 0, address: '0.0.0.0' }); })", "operation \\\"public.listen\\\" is not allowed");
  // A number that nobody gave it opens nothing.
  bl_script_agent_expect (agent, "net.createServer().listen({ path: '/tmp/x' })", "threw Error: only an address and a port are served");
  bl_script_agent_free (agent);
  agent = start (no_listen);
  bl_script_agent_expect (agent, "listening(net.createServer())", "threw Error: operation \\\"net.listen\\\" is not allowed");
  bl_script_agent_expect (agent, "wait(function (ok) { tls.connect({ port: 1 }).on('error', function (e) { ok(e.message); }); })", "operation \\\"tls.connect\\\" is not allowed");
  bl_script_agent_free (agent);
  agent = start (wide);
  bl_script_agent_expect (agent, "listening(net.createServer(), { port: 0, host: '0.0.0.0' }) > 0", "true");
  bl_script_agent_free (agent);
}

// ---- TLS -------------------------------------------------------------------------------

static char *
as_text (const gnutls_datum_t *pem)
{
  g_autofree char *text = g_strndup ((const char *) pem->data, pem->size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  return g_strjoinv ("\\n", lines);
}

// A certificate of "localhost" that is its own authority, as "var cert, key" of the script.
static void
give_certificate (BlScriptAgent *agent)
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t cert_pem, key_pem;
  g_autofree char *cert_text = NULL, *key_text = NULL, *set = NULL;

  g_assert_cmpint (gnutls_x509_privkey_init (&key), >=, 0);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_init (&certificate), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_set_version (certificate, 3), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_set_serial (certificate, "\1", 1), >=, 0);
  gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 3600);
  gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 3600);
  g_assert_cmpint (gnutls_x509_crt_set_dn (certificate, "CN=localhost", NULL), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_set_basic_constraints (certificate, 1, -1), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_set_key (certificate, key), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &cert_pem), >=, 0);
  g_assert_cmpint (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &key_pem), >=, 0);
  cert_text = as_text (&cert_pem);
  key_text = as_text (&key_pem);
  set = g_strdup_printf ("var cert = '%s', key = '%s'; 1", cert_text, key_text);
  bl_script_agent_expect (agent, set, "1");
  gnutls_free (cert_pem.data);
  gnutls_free (key_pem.data);
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
}

#define CONNECT "function connect(o) { o.port = port; o.servername = o.servername || 'localhost'; return wait(function (ok, fail) {"       \
                " var c = tls.connect(o, function () { c.write('hi'); }); c.on('error', fail);"                           \
                " c.on('data', function (d) { ok(c.authorized + ':' + d); c.end(); }); c.on('end', function () { fail(new Error('ended')); }); }); } 1"

static void
test_tls (void)
{
  BlScriptAgent *agent = start (NULL);

  give_certificate (agent);
  bl_script_agent_expect (agent, "var server = tls.createServer({ cert: cert, key: key }, function (s) { s.on('data', function (d) { s.write(d + s.getProtocol()); }); }), port = listening(server); port > 0", "true");
  bl_script_agent_expect (agent, CONNECT, "1");
  bl_script_agent_expect (agent, "connect({ ca: cert })", "true:hiTLS1.3");
  bl_script_agent_expect (agent, "connect({ ca: [cert, cert] })", "true:hiTLS1.3");
  bl_script_agent_expect (agent, "/not trusted|signer not found|issuer/.test(run('connect({})')) || run('connect({})')", "true");
  bl_script_agent_expect (agent, "connect({ rejectUnauthorized: 0 })", "false:hiTLS1.3");
  bl_script_agent_expect (agent, "/TLS: .*does not match/.test(run(\"connect({ ca: cert, servername: 'elsewhere' })\"))", "true");
  bl_script_agent_expect (agent, "connect({ rejectUnauthorized: false, checkServerIdentity: function (certs) { if (certs[0].digest.length == 143 && certs[0].fingerprint.length == 143) { throw new Error('not that one'); } } })", "threw Error: not that one");
  bl_script_agent_expect (agent, "connect({ ca: 'nonsense' })", "threw Error: ca: No certificate was found.");
  bl_script_agent_expect (agent, "connect({ ca: new Array(300000).join('x') })", "threw Error: argument \\\"ca\\\": at most 262144 bytes are expected");
  bl_script_agent_expect (agent, "var sent = wait(function (ok) { var big = tls.createServer({ cert: cert, key: key }, function (s) { s.write(Buffer.alloc(2000000)); s.end(); }); port = listening(big); var n = 0, c = tls.connect({ port: port, servername: 'localhost', ca: cert }); c.on('data', function (d) { n += d.length; }); c.on('end', function () { ok(n); }); }); sent", "2000000");
  bl_script_agent_free (agent);
}

static void
test_client_certificate (void)
{
  BlScriptAgent *agent = start (NULL);

  give_certificate (agent);
  bl_script_agent_expect (agent, "var refusals = 0, server = tls.createServer({ cert: cert, key: key, ca: cert, requestCert: true }, function (s) { s.on('data', function (d) { s.write(s.getPeerCertificate().subject); }); }), port = listening(server);"
                                 "server.on('tlsClientError', function () { refusals++; }); function until(n) { return wait(function (ok) { var t = setInterval(function () { if (refusals == n) { clearInterval(t); ok(n); } }, 5); }); } port > 0", "true");
  bl_script_agent_expect (agent, CONNECT, "1");
  bl_script_agent_expect (agent, "connect({ ca: cert, cert: cert, key: key })", "true:CN=localhost");
  bl_script_agent_expect (agent, "/threw/.test(run('connect({ ca: cert })')) && until(1)", "1");
  // Something that is no TLS, and something that says nothing, do not hold the server up.
  bl_script_agent_expect (agent, "var dumb = net.connect(port), noise = net.connect(port, function () { noise.write('GET / HTTP/1.0\\r\\n\\r\\n'); }); wait(function (ok) { noise.on('end', ok); noise.on('data', function () { }); }); until(2)", "2");
  bl_script_agent_expect (agent, "connect({ ca: cert, cert: cert, key: key })", "true:CN=localhost");
  bl_script_agent_free (agent);
}

// ---- HTTP ------------------------------------------------------------------------------

#define SERVE "function serve(q, r) { text(q, function (body) {"                                                                \
              " if (q.url == '/parts') { r.write('one'); r.write('two'); r.end(); return; }"                           \
              " r.writeHead(201, { 'X-A': q.method }); r.end(q.url + '|' + body); }); }"                            \
              "function ask(module, options, body) { return wait(function (ok, fail) { var q = module.request(options, function (m) { text(m, function (t) { ok(m.statusCode + (m.headers['x-a'] || '') + ':' + t); }); }); q.on('error', fail); q.end(body); }); } 1"

static void
test_http (void)
{
  BlScriptAgent *agent = start (NULL);

  give_certificate (agent);
  bl_script_agent_expect (agent, SERVE, "1");
  bl_script_agent_expect (agent, "var port = listening(http.createServer(serve)), secure = listening(https.createServer({ cert: cert, key: key }, serve)); port != secure", "true");
  bl_script_agent_expect (agent, "ask(http, { port: port, path: '/a' })", "201GET:/a|");
  bl_script_agent_expect (agent, "ask(http, { port: port, path: '/b', method: 'POST' }, new Array(200001).join('z')).length", "200011");
  bl_script_agent_expect (agent, "ask(http, { port: port, path: '/parts' })", "200:onetwo");
  bl_script_agent_expect (agent, "ask(http, { port: port, method: 'HEAD', path: '/c' })", "201HEAD:");
  bl_script_agent_expect (agent, "ask(https, { port: secure, servername: 'localhost', ca: cert, path: '/s' })", "201GET:/s|");
  bl_script_agent_expect (agent, "var uri = http.parseUri('https://localhost:' + secure + '/u'); uri.ca = cert; uri.host = '127.0.0.1'; uri.servername = 'localhost'; ask(http, uri)", "201GET:/u|");
  bl_script_agent_expect (agent, "/^threw Error: TLS/.test(run('ask(https, { port: secure, path: 1 })'))", "true");
  bl_script_agent_expect (agent, "function raw(data) { return wait(function (ok) { var c = net.connect(port, function () { c.write(data); }); text(c, function (t) { ok(t.split('\\r\\n')[0]); }); }); } raw('nonsense\\r\\n\\r\\n')", "HTTP/1.1 400 Bad Request");
  bl_script_agent_expect (agent, "raw(new Array(70000).join('x'))", "HTTP/1.1 400 Bad Request");
  bl_script_agent_expect (agent, "var hooked = http.createServer(); hooked.on('upgrade', function (q, s, head) { s.write('HTTP/1.1 101 Yes\\r\\n\\r\\n' + q.headers.upgrade + head); s.end(); }); port = listening(hooked); raw('GET / HTTP/1.1\\r\\nUpgrade: other\\r\\n\\r\\nrest')", "HTTP/1.1 101 Yes");
  bl_script_agent_free (agent);
}

// ---- UDP -------------------------------------------------------------------------------

static void
test_udp (void)
{
  BlScriptAgent *agent = start (NULL);

  bl_script_agent_expect (agent, "var dgram = require('dgram'), u = dgram.createSocket({ type: 'udp4' }), heard = []; u.on('message', function (m, from) { heard.push(m + '@' + from.address + from.family); });"
                                 "wait(function (ok, fail) { u.on('error', fail); u.bind({ port: 0 }, ok); }); u.address().address", "127.0.0.1");
  bl_script_agent_expect (agent, "dgram.createSocket('udp4').send(Buffer.from('free'), u.address().port, '127.0.0.1'); u.send('own', u.address().port, '127.0.0.1'); u.send(Buffer.from('xpartx'), 1, 4, u.address().port, '127.0.0.1');"
                                 "wait(function (ok) { var t = setInterval(function () { if (heard.length == 3) { clearInterval(t); ok(heard.sort().join()); } }, 5); })", "free@127.0.0.1IPv4,own@127.0.0.1IPv4,part@127.0.0.1IPv4");
  // Many at once: some may be lost, none stops it.
  bl_script_agent_expect (agent, "heard = []; for (var i = 0; i < 2000; i++) { u.send('x', u.address().port, '127.0.0.1'); }"
                                 "wait(function (ok) { var n = -1, t = setInterval(function () { if (heard.length > 0 && heard.length == n) { clearInterval(t); ok(n); } n = heard.length; }, 100); }) > 100", "true");
  bl_script_agent_expect (agent, "heard = []; u.send('after', u.address().port, '127.0.0.1'); wait(function (ok) { var t = setInterval(function () { if (heard.length) { clearInterval(t); ok(heard[0]); } }, 5); })", "after@127.0.0.1IPv4");
  bl_script_agent_expect (agent, "u.removeAllListeners('error'); wait(function (ok) { u.on('error', function (e) { ok(e.message); }); u.addMembership('127.0.0.1'); })", "the address of a multicast group is expected");
  bl_script_agent_free (agent);
}

static void
test_multicast (void)
{
  static const char *const allowed[] = { "udp.*", "net.*", "public.listen", NULL };
  BlScriptAgent *agent = start (allowed);

  bl_script_agent_expect (agent, "var m = require('dgram').createSocket({ type: 'udp4', reuseAddr: true }); wait(function (ok, fail) { m.on('error', fail); m.bind({ port: 0, address: '0.0.0.0' }, ok); }); 1", "1");
  // Not every machine that runs tests has multicast on its loopback: then the refusal is what comes.
  bl_script_agent_expect (agent, "wait(function (ok) { m.removeAllListeners('error'); m.on('error', function () { ok('heard'); }); m.on('message', function (d) { ok(String(d)); }); m.addMembership('239.255.17.1', undefined, 'lo'); m.setMulticastTTL(1); m.setMulticastLoopback(true);"
                                 " m.dropMembership('239.255.17.2', undefined, 'lo'); m.send('heard', m.address().port, '127.0.0.1'); })", "heard");
  bl_script_agent_free (agent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/script/net/tcp", test_tcp);
  g_test_add_func ("/script/net/allowed", test_allowed);
  g_test_add_func ("/script/net/tls", test_tls);
  g_test_add_func ("/script/net/client-certificate", test_client_certificate);
  g_test_add_func ("/script/net/http", test_http);
  g_test_add_func ("/script/net/udp", test_udp);
  g_test_add_func ("/script/net/multicast", test_multicast);
  return g_test_run ();
}
