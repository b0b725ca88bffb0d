// SPDX-License-Identifier: Apache-2.0
// Who may ask at all (K1, K15): every endpoint that the server registers, asked by a foreign page or under a foreign
// name, directly and behind a proxy; what a cookie is worth; headers of every answer; guessing passwords.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Bowline, Control, PASSWORD, WebSocket, until } from './lib.mjs';
import { request, say, upgradeHeaders } from './wire.mjs';

const FOREIGN = 'https://evil.example';
const servers = {};
let endpoints;
let cookie;

async function endpointsOf(bowline) {
  const status = JSON.parse(await bowline.ctl(['status', '--json']));
  return status.front.endpoints;
}

async function login(bowline, { user = 'admin', password = PASSWORD, tls = true, headers = {} } = {}) {
  return say(bowline.port, request('POST', '/api/login', { 'Content-Type': 'application/json', Connection: 'close', ...headers },
    JSON.stringify({ username: user, password })), { tls });
}

async function sessionOf(bowline, options) {
  const answer = await login(bowline, options);
  assert.equal(answer.status, 200, answer.body.toString());
  return answer.headers['set-cookie'].split(';')[0];
}

before(async () => {
  const limits = ['auth.hash-memory=19M', 'auth.hash-passes=1'];
  servers.direct = await Bowline.start({ sets: limits });
  await servers.direct.createUser('admin');
  cookie = await sessionOf(servers.direct);
  endpoints = await endpointsOf(servers.direct);
  servers.trusted = await Bowline.start({ sets: [...limits, 'server.tls-offload=true', 'server.trusted-proxies=127.0.0.1'] });
  await servers.trusted.createUser('admin');
  servers.untrusted = await Bowline.start({ sets: [...limits, 'server.tls-offload=true', 'server.trusted-proxies=192.0.2.1'] });
  await servers.untrusted.createUser('admin');
});

after(async () => { for (const server of Object.values(servers)) assert.equal(await server.stop(), 0); });

test('the server says which endpoints it has', () => {
  const paths = endpoints.map((e) => e.path);
  for (const path of ['/', '/control.ashx', '/meshrelay.ashx', '/agent.ashx', '/api/login', '/api/logout', '/api/session', '/health.ashx']) {
    assert.ok(paths.includes(path), `${path} in ${paths}`);
  }
  assert.deepEqual(endpoints.filter((e) => e.websocket).map((e) => e.path).sort(), ['/agent.ashx', '/control.ashx', '/meshrelay.ashx']);
});

// What a browser may send for a page that is not ours, and what attackers make of our own name.
const foreignOrigins = (port) => [FOREIGN, 'null', '', 'http://evil.example', `http://localhost:${port}`, 'https://localhost',
  `https://localhost:${port + 1}`, `https://localhost.evil.example:${port}`, `https://localhost:${port}@evil.example`,
  `https://localhost:${port}/`, `https://localhost:${port}, ${FOREIGN}`, `https://evil.example#localhost:${port}`, `wss://localhost:${port}`];

async function refusesForeign(port, tls, fixed) {
  for (const { path } of endpoints.filter((e) => e.websocket)) {
    for (const origin of foreignOrigins(port)) {
      for (const credentials of [{}, { Cookie: cookie }]) {
        const headers = { ...fixed, ...upgradeHeaders, ...credentials, Origin: origin };
        const answer = await say(port, request('GET', `${path}?id=x&p=1&browser=1`, headers), { tls });
        assert.equal(answer?.status, 403, `${path} for "${origin}" with ${JSON.stringify({ ...fixed, ...credentials })}`);
      }
    }
  }
}

test('every WebSocket endpoint refuses a foreign Origin before the upgrade', async () => {
  const { port } = servers.direct;
  await refusesForeign(port, true, { Host: `localhost:${port}` });
});

test('so it does behind a proxy, and whatever an untrusted one claims', async () => {
  const { port } = servers.trusted;
  const forwarded = { Host: 'inner', 'X-Forwarded-Host': `localhost:${port}`, 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '192.0.2.7' };
  await refusesForeign(port, false, forwarded);
  const own = await say(port, request('GET', '/control.ashx', { ...forwarded, ...upgradeHeaders, Origin: `https://localhost:${port}` }), { tls: false });
  assert.equal(own.status, 101);
  // even a trusted proxy cannot make a foreign name ours
  const alien = { ...forwarded, 'X-Forwarded-Host': 'evil.example', ...upgradeHeaders, Origin: FOREIGN };
  assert.equal((await say(port, request('GET', '/control.ashx', alien), { tls: false })).status, 421);
  const lie = { Host: `localhost:${servers.untrusted.port}`, 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', ...upgradeHeaders };
  for (const origin of [FOREIGN, `https://localhost:${servers.untrusted.port}`]) {
    const answer = await say(servers.untrusted.port, request('GET', '/control.ashx', { ...lie, Origin: origin }), { tls: false });
    assert.equal(answer.status, 403, origin);
  }
  const direct = { Host: `localhost:${servers.direct.port}`, 'X-Forwarded-Host': 'evil.example', ...upgradeHeaders, Origin: FOREIGN };
  assert.equal((await say(servers.direct.port, request('GET', '/control.ashx', direct))).status, 403);
});

test('a device\'s channel refuses every Origin, ours too', async () => {
  const { port } = servers.direct;
  for (const { path } of endpoints.filter((e) => e.device)) {
    const headers = { ...upgradeHeaders, Host: `localhost:${port}`, Origin: `https://localhost:${port}` };
    assert.equal((await say(port, request('GET', path, headers))).status, 403, path);
  }
  const headers = { ...upgradeHeaders, Host: `localhost:${port}`, Origin: `https://localhost:${port}` };
  assert.equal((await say(port, request('GET', '/control.ashx', headers))).status, 101);
});

test('a foreign page changes nothing, reads nothing and gets no CORS', async () => {
  const { port } = servers.direct;
  for (const { path } of endpoints) {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await say(port, request(method, path, { Host: `localhost:${port}`, Origin: FOREIGN, Cookie: cookie,
        'Access-Control-Request-Method': 'POST', 'Content-Type': 'text/plain', 'Content-Length': '0' }));
      assert.equal(answer.status, 403, `${method} ${path}`);
    }
    const read = await say(port, request('GET', path, { Host: `localhost:${port}`, Origin: FOREIGN, Cookie: cookie }));
    for (const name of Object.keys(read.headers)) assert.ok(!name.startsWith('access-control-'), `${path}: ${name}`);
  }
});

test('a foreign Host gets no page', async () => {
  const { port } = servers.direct;
  for (const { path, 'any-host': any, request: http } of endpoints) {
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '10.9.8.7', '[2001:db8::1]']) {
      const extra = http ? {} : upgradeHeaders;
      const answer = await say(port, request('GET', path, { ...extra, Host: host }));
      if (any) assert.notEqual(answer.status, 421, path);
      else assert.equal(answer.status, 421, `${path} as ${host}`);
      assert.ok(!answer.body.includes('<script'), `${path} as ${host}`);
    }
  }
  for (const headers of [{ Host: null }, { Host: 'local host' }, { Host: ['localhost', 'evil.example'] }, { Host: 'a@localhost' }, { Host: '' }]) {
    const answer = await say(port, request('GET', '/', headers));
    assert.equal(answer.status, 400, JSON.stringify(headers));
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, 'LOCALHOST', `[::1]:${port}`]) {
    assert.equal((await say(port, request('GET', '/', { Host: host }))).status, 200, host);
  }
});

test('a cookie counts for our own page only', async () => {
  const { port } = servers.direct;
  const Host = `localhost:${port}`;
  const ask = async (headers) => (await say(port, request('GET', '/api/session', { Host, Cookie: cookie, ...headers }))).status;
  assert.equal(await ask({ Origin: `https://${Host}` }), 200);
  assert.equal(await ask({ 'Sec-Fetch-Site': 'same-origin' }), 200);
  assert.equal(await ask({ 'Sec-Fetch-Site': 'none' }), 200);
  for (const headers of [{}, { Origin: FOREIGN }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: FOREIGN }, { 'Sec-Fetch-Site': 'none', Origin: 'null' }]) {
    assert.equal(await ask(headers), 401, JSON.stringify(headers));
  }
  for (const bad of [`${cookie}x`, '__Host-bowline=', `${cookie}; __Host-bowline=AAAA`, `bowline=${cookie.split('=')[1]}`]) {
    assert.equal(await ask({ Origin: `https://${Host}`, Cookie: bad }), 401, bad);
  }
  const out = await say(port, request('POST', '/api/logout', { Host, Cookie: cookie, 'Content-Type': 'application/json' }, '{"everywhere":true}'));
  assert.equal(out.status, 200);
  assert.equal(await ask({ Origin: `https://${Host}` }), 200, 'a logout without our Origin ends nothing');
});

test('every answer carries the security headers', async () => {
  const { port, redirectPort } = servers.direct;
  const Host = `localhost:${port}`;
  const answers = {
    200: request('GET', '/', { Host }),
    '200 health': request('GET', '/health.ashx', { Host }),
    404: request('GET', '/assets/nothing.js', { Host }),
    '404 upgrade': request('GET', '/nothing.ashx', { ...upgradeHeaders, Host }),
    405: request('DELETE', '/api/session', { Host }),
    401: request('GET', '/api/session', { Host }),
    413: request('POST', '/api/login', { Host, 'Content-Length': '99999999' }),
    '413 chunked': request('POST', '/api/login', { Host, 'Transfer-Encoding': 'chunked' }) + `ffff\r\n${'x'.repeat(0xffff)}\r\n`,
    421: request('GET', '/', { Host: 'evil.example' }),
    400: request('GET', '/', { Host: null }),
    '400 escape': request('GET', '/%ff', { Host }),
    '400 lengths': request('POST', '/api/login', { Host, 'Content-Length': ['1', '2'] }) + 'x',
    '400 both': request('POST', '/api/login', { Host, 'Content-Length': '1', 'Transfer-Encoding': 'chunked' }) + 'x',
    403: request('POST', '/api/login', { Host, Origin: FOREIGN, 'Content-Length': '0' }),
    431: request('GET', '/', { Host, 'X-Long': 'x'.repeat(40000) }),
    '400 malformed': 'HELLO\r\n\r\n',
    '505 version': 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(answers)) {
    const answer = await say(port, bytes);
    assert.ok(answer, `${name}: no answer`);
    assert.equal(answer.status, Number(name.slice(0, 3)), name);
    assert.match(answer.headers['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'self'/, name);
    assert.doesNotMatch(answer.headers['content-security-policy'], /unsafe-/, name);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', name);
    assert.equal(answer.headers['x-frame-options'], 'SAMEORIGIN', name);
    assert.equal(answer.headers['referrer-policy'], 'no-referrer', name);
    assert.equal(answer.headers['cross-origin-opener-policy'], 'same-origin', name);
    assert.match(answer.headers['permissions-policy'] ?? '', /camera=\(\)/, name);
    assert.doesNotMatch(answer.headers.server ?? '', /\d/, `${name}: names a version`);
    if (answer.status >= 400) assert.match(answer.headers['cache-control'] ?? '', /no-store/, name);
  }
  const plain = await say(redirectPort, request('GET', '/x?y=1', { Host: `localhost:${redirectPort}` }), { tls: false });
  assert.equal(plain.status, 302);
  assert.equal(plain.headers.location, `https://localhost:${port}/x?y=1`);
  assert.equal(plain.headers['x-content-type-options'], 'nosniff');
  assert.equal((await say(redirectPort, request('GET', '/', { Host: 'evil.example' }), { tls: false })).status, 421);
});

test('a connection that its client closes is gone', async () => {
  const bowline = servers.direct;
  const open = async () => JSON.parse(await bowline.ctl(['status', '--json'])).front.connections;
  await until('none open', async () => await open() === 0);
  for (const path of ['/', '/health.ashx', '/assets/nothing.js']) {
    await say(bowline.port, request('GET', path, { Host: 'localhost' }));
    await until(`none open after ${path}`, async () => await open() === 0, 10);
  }
});

test('the login cookie tells nothing and goes nowhere else', async () => {
  const answer = await login(servers.direct);
  const [pair, ...attributes] = answer.headers['set-cookie'].split(/; */);
  const value = pair.slice('__Host-bowline='.length);
  assert.ok(pair.startsWith('__Host-bowline='));
  assert.deepEqual(attributes.map((a) => a.replace(/=\d+$/, '=N')).sort(), ['HttpOnly', 'Max-Age=N', 'Path=/', 'SameSite=Strict', 'Secure']);
  assert.match(value, /^[A-Za-z0-9_-]{32,}$/);
  assert.notEqual(pair, cookie, 'each login has its own');
  for (const text of [value, Buffer.from(value, 'base64').toString('latin1')]) assert.doesNotMatch(text, /admin|user\/|127\.0/);
});

test('logging out everywhere ends the other sessions and their channels', async () => {
  const bowline = servers.direct;
  await bowline.createUser('many');
  const Origin = `https://localhost:${bowline.port}`;
  const pairs = [await sessionOf(bowline, { user: 'many' }), await sessionOf(bowline, { user: 'many' })];
  const controls = [];
  for (const pair of pairs) {
    const control = new Control(new WebSocket(`wss://localhost:${bowline.port}/control.ashx`, { rejectUnauthorized: false, origin: Origin, headers: { Cookie: pair } }));
    await control.opened();
    await control.take('serverinfo', (f) => f.action === 'serverinfo');
    controls.push(control);
  }
  const answer = await say(bowline.port, request('POST', '/api/logout', { Host: `localhost:${bowline.port}`, Origin, Cookie: pairs[0],
    'Content-Type': 'application/json', Connection: 'close' }, '{"everywhere":true}'));
  assert.equal(answer.status, 200);
  for (const control of controls) await until('channel closed', () => control.closed);
  for (const pair of pairs) {
    const look = await say(bowline.port, request('GET', '/api/session', { Host: `localhost:${bowline.port}`, Origin, Cookie: pair }));
    assert.equal(look.status, 401);
  }
});

test('the control channel says why it closes (control-channel 2.1)', async () => {
  const bowline = servers.direct;
  const b64 = (t) => Buffer.from(t).toString('base64');
  const closeOf = async (path, headers = {}, says) => {
    const control = await bowline.control({ path, headers });
    if (says) control.send(says);
    const frame = await control.take('close', (f) => f.action === 'close');
    await until('closed', () => control.closed);
    return `${frame.cause} ${frame.msg}`;
  };
  const Origin = `https://localhost:${bowline.port}`;
  assert.equal(await closeOf('/control.ashx'), 'noauth noauth');
  assert.equal(await closeOf('/control.ashx?auth=AAAA'), 'noauth noauth');
  assert.equal(await closeOf('/control.ashx?user=admin&pass=wrong'), 'noauth noauth-2a');
  assert.equal(await closeOf('/control.ashx', { 'x-meshauth': 'nonsense' }), 'noauth noauth-2c');
  assert.equal(await closeOf('/control.ashx', { 'x-meshauth': '*' }, { action: 'serverAuth', cnonce: 'short', tlshash: '' }), 'noauth badargs');
  assert.equal(await closeOf('/control.ashx', { 'x-meshauth': `${b64('admin')},${b64('wrong')}` }), 'noauth noauth-2d');
  assert.equal(await closeOf('/control.ashx', { 'x-meshauth': `${b64('nobody')},${b64('wrong')}` }), 'noauth noauth-2d');
  assert.equal(await closeOf('/control.ashx', { Origin, Cookie: '__Host-bowline=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }), 'expired expired-1');
  assert.equal(await closeOf('/control.ashx', { Cookie: cookie }), 'noauth noauth', 'a cookie without our Origin is none');
});

test('guessing is slowed down for the account and the address, never for who is signed in', async () => {
  const bowline = servers.trusted;
  const proxied = (address) => ({ Host: 'inner', 'X-Forwarded-Host': `localhost:${bowline.port}`, 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': address });
  const from = (address, user, password) => login(bowline, { user, password, tls: false, headers: proxied(address) });
  const word = (answer) => JSON.parse(answer.body).error;
  for (const name of ['neighbour', 'victim', 'other']) await bowline.createUser(name, { admin: false });
  const pair = await sessionOf(bowline, { user: 'neighbour', tls: false, headers: proxied('192.0.2.1') });
  const words = [];
  for (let i = 0; i < 40 && !words.includes('throttled'); i++) words.push(word(await from('192.0.2.1', 'victim', `guess ${i}`)));
  assert.ok(words.length > 3 && words.includes('throttled'), words.join());
  assert.equal(words[0], 'invalid');
  const slowed = await from('192.0.2.2', 'victim', 'again');
  assert.equal(word(slowed), 'throttled', 'the account waits, whatever the address');
  assert.ok(Number(slowed.headers['retry-after']) >= 1);
  for (let i = 0; i < 40; i++) if (word(await from('192.0.2.1', `x${i}`, 'guess')) === 'throttled') break;
  assert.equal(word(await from('192.0.2.1', 'other', PASSWORD)), 'throttled', 'the address waits, whatever the account');
  assert.equal((await from('192.0.2.3', 'other', PASSWORD)).status, 200, 'another address does not');
  const session = request('GET', '/api/session', { ...proxied('192.0.2.1'), Origin: `https://localhost:${bowline.port}`, Cookie: pair });
  assert.equal((await say(bowline.port, session, { tls: false })).status, 200, 'the neighbour goes on');
  assert.equal((await from('192.0.2.1', 'neighbour', PASSWORD)).status, 200, 'and may sign in once more');
  const b64 = (t) => Buffer.from(t).toString('base64');
  const control = new Control(new WebSocket(`ws://127.0.0.1:${bowline.port}/control.ashx`,
    { headers: { ...proxied('192.0.2.1'), 'x-meshauth': `${b64('other')},${b64(PASSWORD)}` } }));
  await control.opened();
  assert.equal((await control.take('close', (f) => f.action === 'close')).cause, 'banned', 'the control channel counts too');
});
