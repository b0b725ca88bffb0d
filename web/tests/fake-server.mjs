// SPDX-License-Identifier: Apache-2.0
// A server for working on the page: serves the built files under the strict
// content security policy and invents groups and devices.
// Usage: node tests/fake-server.mjs [--dist DIR] [--port N] [--devices N]; signs in "admin" with "admin".
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { startDevice } from './fake-device.mjs';

/** What the server gives to a page that was opened with a sign-in link. */
export const TICKET = 'T1cket+/@$==';
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
  + "form-action 'self'; base-uri 'none'; frame-ancestors 'self' http://127.0.0.1:*; worker-src 'self'; require-trusted-types-for 'script'; trusted-types bowline";

const id64 = (kind, n) => `${kind}//${createHash('sha384').update(`${kind}${n}`).digest('base64').replace(/\+/g, '@').replace(/\//g, '$')}`;
const SYSTEMS = ['Debian GNU/Linux 12 (bookworm)', 'Ubuntu 24.04.1 LTS', 'Microsoft Windows 11 Pro', 'Fedora Linux 41', 'macOS 15.1', 'AlmaLinux 9.5'];
const NAMES = ['web', 'db', 'mail', 'build', 'desk', 'kiosk', 'edge', 'store'];
const TAGS = ['production', 'staging', 'windows', 'lab', 'backup', 'eu-west'];
const USERS = ['alice', 'bob', 'carol', 'dave'];

export function makeState(count, groupCount = 4) {
  const groups = new Map();
  const nodes = new Map();
  const names = ['Datacentre Frankfurt', 'Office', 'Test lab', 'Branch offices', 'Retail', 'Customers'];
  for (let g = 0; g < groupCount; g++) {
    const _id = id64('mesh', g);
    groups.set(_id, { type: 'mesh', _id, name: names[g] ?? `Group ${g}`, mtype: 2, desc: g === 0 ? 'Everything that must never be switched off' : '', domain: '',
      links: { 'user//admin': { name: 'admin', rights: 4294967295 } } });
  }
  for (let i = 0; i < count; i++) nodes.set(id64('node', i), makeNode(i, [...groups.keys()][i % Math.max(1, groupCount)]));
  const lastconnects = Object.fromEntries([...nodes.keys()].map((k, i) => [k, Date.now() - i * 1.7e6]));
  return { groups, nodes, lastconnects, notes: new Map() };
}

export function makeNode(i, meshid) {
  const online = i % 7 !== 3;
  return { type: 'node', mtype: 2, _id: id64('node', i), icon: 1, meshid, name: `${NAMES[i % NAMES.length]}-${String(i + 1).padStart(2, '0')}`, rname: `host${i}`, domain: '',
    agent: { ver: 0, id: i % SYSTEMS.length === 2 ? 4 : 6, caps: 31, core: 'Bowline 0.1.0', root: true }, host: null, firstconnect: Date.parse('2026-10-01') + i * 1e6,
    ip: `192.0.2.${(i % 250) + 1}`, osdesc: SYSTEMS[i % SYSTEMS.length], desc: i === 0 ? 'Front web server, second rack' : '',
    tags: i % 3 === 0 ? [TAGS[i % TAGS.length], TAGS[(i + 1) % TAGS.length]] : [], users: i % 4 === 1 ? [USERS[i % USERS.length]] : [],
    ...(i === 5 ? { sessions: { help: { [USERS[i % USERS.length]]: 'The printer on the second floor takes no paper.' } } } : {}),
    ...(online ? { conn: 1, pwr: 1, agct: Date.now() - i * 60_000 } : {}) };
}

const HARDWARE = { identifiers: { product_name: 'ProLiant DL20', product_vendor: 'HPE', cpu_name: 'Intel Xeon E-2336 @ 2.90GHz', bios_vendor: 'HPE', bios_version: 'U60 2.8',
  bios_mode: 'UEFI', board_serial: 'CZ3104', gpu_name: ['Matrox G200eH3'], storage_devices: [
    { Caption: 'nvme0n1', Model: 'Samsung PM9A3', Size: 960197124096, Type: 'SSD', SerialNumber: 'S64HNE0R', Smart: { State: 'ok', Reasons: [], Temperature: 41, PowerOnHours: 18211, BadSectors: 0, WearPercent: 7 } },
    { Caption: 'sda', Model: 'ST4000NM000A', Size: 4000787030016, Type: 'HDD', Smart: { State: 'failing', Reasons: ['attribute', 'sectors'], Temperature: 52, PowerOnHours: 40133, BadSectors: 312 } }] },
  tpm: { SpecVersion: '2.0', IsEnabled: true }, network: { dns: ['192.0.2.53', '2001:db8::53'] },
  linux: { Kernel: '6.1.0-28-amd64', arch: 'x86_64', LastBootUpTime: Date.parse('2026-11-18T04:00:00Z'), MemoryTotal: 33_400_000_000, Processors: 12, virtual: { Type: 'vm', Name: 'KVM' },
    memory: { Memory_Device: [{ Locator: 'PROC 1 DIMM 1', Size: '16 GB', Speed: '3200 MT/s', Manufacturer: 'Hynix' }, { Locator: 'PROC 1 DIMM 2', Size: '16 GB', Speed: '3200 MT/s', Manufacturer: 'Hynix' }] },
    displays: [{ Connector: 'DP-1', Name: 'U2723QE', Manufacturer: 'DEL', Resolution: '3840x2160', SizeCm: '60 x 34' }],
    volumes: [{ mount_point: '/', type: 'ext4', size: 480_000_000, available: 120_000_000 }, { mount_point: '/srv', type: 'xfs', size: 400_000_000, available: 21_000_000 }, { mount_point: '/mnt/backup', type: 'nfs4', source: 'backup:/export' }] } };
const NETWORK = { lo: [{ mac: '00:00:00:00:00:00', type: 'loopback', status: 'up', address: '127.0.0.1', family: 'IPv4', netmask: '255.0.0.0' }],
  eth0: [{ mac: '02:FC:00:00:00:01', type: 'ethernet', status: 'up', speed: 10_000_000_000, address: '192.0.2.10', netmask: '255.255.255.0', family: 'IPv4', gateway: '192.0.2.1' }, { mac: '02:FC:00:00:00:01', address: '2001:db8::10', family: 'IPv6', status: 'up' }],
  eth1: [{ mac: '02:FC:00:00:00:02', type: 'ethernet', status: 'down' }] };

const HAPPENED = [['runcommands', 'Running commands'], ['relaylog', 'Ended desktop session, 34 second(s)'], ['changenode', 'Changed device: name, tags'], ['login', 'Account login from 192.0.2.7']];

function makeEvents(state, { nodeid, limit = 60 }) {
  const nodes = [...state.nodes.keys()];
  return Array.from({ length: Math.min(limit, 120) }, (_, i) => {
    const [action, msg] = HAPPENED[i % HAPPENED.length];
    return { action, msg, time: new Date(Date.now() - i * 4_000_000).toISOString(), username: USERS[i % USERS.length],
      ...(action === 'login' ? {} : { nodeid: nodeid ?? nodes[i % nodes.length] }), ...(action === 'runcommands' ? { cmds: 'systemctl restart nginx' } : {}) };
  });
}

function answerControl(state, message, send, broadcast) {
  const reply = (fields) => send({ action: message.action, ...(message.responseid ? { responseid: message.responseid } : {}), ...fields });
  const node = state.nodes.get(message.nodeid);
  switch (message.action) {
    case 'ping': send({ action: 'pong' }); break;
    case 'meshes': reply({ meshes: [...state.groups.values()] }); break;
    case 'nodes': {
      const nodes = {};
      for (const { meshid, ...rest } of state.nodes.values()) (nodes[meshid] ??= []).push(rest);
      reply({ nodes });
      break;
    }
    case 'lastconnects': reply({ lastconnects: state.lastconnects }); break;
    case 'lastconnect': reply({ nodeid: message.nodeid, time: state.lastconnects[message.nodeid], addr: '203.0.113.5:40000' }); break;
    case 'getsysinfo':
      reply({ nodeid: message.nodeid, hardware: HARDWARE, time: state.detailsTime ??= Date.now() - 5 * 3_600_000, ...(message.refresh ? { refreshing: Boolean(node?.conn) } : {}) });
      if (message.refresh && node?.conn) { state.detailsTime = Date.now(); broadcast({ action: 'sysinfohash', nodeid: message.nodeid, hash: 'h' }); }
      break;
    case 'getnetworkinfo': reply({ nodeid: message.nodeid, updateTime: Date.now(), netif2: NETWORK }); break;
    case 'authcookie': reply({ cookie: TICKET, rcookie: randomBytes(12).toString('base64') }); break;
    case 'msg': reply({ result: node?.conn ? 'OK' : 'Unable to route' }); break;
    case 'createmesh': {
      const _id = id64('mesh', randomBytes(8).toString('hex'));
      const mesh = { type: 'mesh', _id, name: message.meshname, mtype: 2, desc: message.desc ?? '', domain: '', links: { 'user//admin': { name: 'admin', rights: 4294967295 } } };
      state.groups.set(_id, mesh);
      broadcast({ action: 'createmesh', meshid: _id, mtype: 2, mesh });
      reply({ result: 'ok', meshid: _id, links: mesh.links });
      break;
    }
    case 'editmesh': {
      const mesh = state.groups.get(message.meshid);
      Object.assign(mesh, { name: message.meshname, desc: message.desc });
      broadcast({ action: 'meshchange', meshid: mesh._id, name: mesh.name, mtype: 2, desc: mesh.desc, links: mesh.links });
      reply({ result: 'ok' });
      break;
    }
    case 'deletemesh':
      state.groups.delete(message.meshid);
      for (const n of [...state.nodes.values()]) if (n.meshid === message.meshid) state.nodes.delete(n._id);
      broadcast({ action: 'deletemesh', meshid: message.meshid });
      reply({ result: 'ok' });
      break;
    case 'changedevice':
      Object.assign(node, { name: message.name, desc: message.desc, tags: Array.isArray(message.tags) ? message.tags : [] });
      broadcast({ action: 'changenode', nodeid: node._id, node });
      reply({ result: 'ok' });
      break;
    case 'removedevices':
      for (const id of message.nodeids) { state.nodes.delete(id); broadcast({ action: 'removenode', nodeid: id }); }
      reply({ result: 'ok' });
      break;
    case 'blsessions': reply({ sessions: [['a', 'Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36', true], ['b', 'Mozilla/5.0 (Windows NT 10.0; rv:128.0) Firefox/128.0', false]].map(([id, agent, own], i) => (
      { id, agent, own, token: false, address: '192.0.2.7', created: Date.now() - 86_400_000 * (i + 1), seen: Date.now() - 60_000 * i })) }); break;
    case 'blendsession': reply({ result: 'ok' }); break;
    case 'events': reply({ events: makeEvents(state, message) }); break;
    case 'powertimeline': reply({ nodeid: message.nodeid, timeline: [0, Math.floor(Date.now() / 1000) - 500_000, 1, 90_000, 0, 40_000, 1, 120_000, 4, 30_000, 1] }); break;
    case 'getNotes': reply({ id: message.id, notes: state.notes.get(message.id) ?? null }); break;
    case 'setNotes': state.notes.set(message.id, message.notes); reply({ result: 'ok' }); break;
    case 'runcommands':
      for (const nodeid of message.nodeids) send({ action: 'msg', type: 'runcommands', nodeid, responseid: message.responseid, result: `output of ${state.nodes.get(nodeid).name}\n` });
      break;
    case 'deviceShares':
    case 'deviceMeshShares': reply({ deviceShares: [] }); break;
    case 'users': reply({ users: USERS.map((name, i) => ({ _id: `user//${name}`, name, realname: `${name[0].toUpperCase()}${name.slice(1)} Example`, email: `${name}@example.org`,
      ...(i === 0 ? { siteadmin: 4294967295, otpsecret: 1, otpkeys: 9 } : i === 3 ? { siteadmin: 32 } : {}), login: Math.floor(Date.now() / 1000) - i * 86_400 })) }); break;
    case 'usergroups': reply({ ugroups: { 'ugrp//support': { _id: 'ugrp//support', name: 'Support', desc: 'Everybody at the desk', links: { 'user//bob': { rights: 1 }, 'user//carol': { rights: 1 } } } } }); break;
    case 'wssessioncount': reply({ wssessions: { 'user//alice': 2 } }); break;
    case 'previousLogins': reply({ events: [{ t: new Date(Date.now() - 3_600_000).toISOString(), m: 107, a: ['192.0.2.7'] }] }); break;
    case 'loginTokens': reply({ loginTokens: [] }); break;
    case 'serverversion': reply({ tags: { current: '0.1.0' } }); break;
    case 'serverstats': if (message.interval > 0) send({ action: 'serverstats', totalmem: 8e9, availablemem: 5e9, cpuavg: [0.4, 0.3, 0.2], values: { ServerState: { AgentSessions: 51, DeviceGroups: 4, UserAccounts: 4 } } }); break;
    case 'servertimelinestats': reply({ events: Array.from({ length: 60 }, (_, i) => ({ time: new Date(Date.now() - i * 300_000).toISOString(), conn: { ca: 50 + (i * 7) % 9, us: 2 + i % 3, rs: i % 4 }, mem: { rss: 3e7 + i * 1e5 } })) }); break;
    default: if (message.responseid) reply({ result: 'Invalid action' });
  }
}

export async function startFakeServer({ dist, port = 0, devices = 12, groups = 4, cookieTrusted = false } = {}) {
  const state = makeState(devices, groups);
  const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));
  const files = new Map(manifest.files.map((f) => [f.path, f]));
  const sessions = new Set();
  const controls = new Set();
  const traffic = { requests: [], bytes: 0 };
  const signedIn = (request) => cookieTrusted || new URL(request.url, 'http://x').searchParams.get('auth') === TICKET || sessions.has(/(?:^|; )session=(\w+)/.exec(request.headers.cookie ?? '')?.[1]);
  const broadcast = (event) => { for (const send of controls) send({ action: 'event', event }); };

  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    traffic.requests.push(url.pathname);
    response.setHeader('Content-Security-Policy', CSP);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (url.pathname.startsWith('/api/')) { api(request, response, url); return; }
    const entry = files.get(url.pathname) ?? (/\.\w+$/.test(url.pathname) ? null : files.get(manifest.index));
    if (!entry) { response.writeHead(404).end(); return; }
    const br = (request.headers['accept-encoding'] ?? '').includes('br') || process.env.BL_FORCE_BR ? entry.encodings.br : entry.encodings.gzip;
    const encoded = br ? { 'Content-Encoding': br.file.endsWith('.br') ? 'br' : 'gzip' } : {};
    if (entry.path === manifest.index && url.searchParams.has('login')) {
      const meta = `<meta name="bowline-page" content="${JSON.stringify({ auth: TICKET, rauth: TICKET }).replace(/"/g, '&quot;')}">`;
      response.writeHead(200, { 'Content-Type': entry.type, 'Cache-Control': 'no-store' })
        .end(readFileSync(join(dist, entry.file), 'utf8').replace('<head>', () => `<head>${meta}`));
      return;
    }
    if (url.pathname === '/sharing') {
      const answer = state.guest ?? { state: 'invalid' };
      const status = answer.state === 'open' ? 200 : 404;
      const asJson = request.headers.accept === 'application/json';
      const meta = `<head><meta name="bowline-page" content="${JSON.stringify({ guest: answer }).replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')}">`;
      response.writeHead(status, { 'Content-Type': asJson ? 'application/json' : entry.type, 'Cache-Control': 'no-store' })
        .end(asJson ? JSON.stringify(answer) : readFileSync(join(dist, entry.file), 'utf8').replace('<head>', () => meta));
      return;
    }
    const data = readFileSync(join(dist, br ? br.file : entry.file));
    traffic.bytes += data.length;
    response.writeHead(200, { 'Content-Type': entry.type, ETag: entry.etag, ...encoded,
      'Cache-Control': entry.immutable ? 'public, max-age=31536000, immutable' : 'no-cache' }).end(data);
  });

  function api(request, response, url) {
    const json = (status, body, headers = {}) => response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers }).end(JSON.stringify(body));
    if (url.pathname === '/api/session') { json(signedIn(request) ? 200 : 401, signedIn(request) ? { user: 'admin' } : { error: 'none' }); return; }
    let body = '';
    request.on('data', (d) => { body += d; });
    request.on('end', () => {
      const input = JSON.parse(body || '{}');
      if (url.pathname === '/api/logout') { sessions.clear(); json(200, { ok: true }); return; }
      if (input.username === 'locked') { json(401, { error: 'locked' }); return; }
      if (input.username === 'busy') { json(401, { error: 'throttled', retryAfter: 3 }); return; }
      if (input.password !== 'admin') { json(401, { error: 'invalid' }); return; }
      if (input.username === 'token' && input.token !== '123456') { json(401, { error: 'token-required' }); return; }
      const value = randomBytes(12).toString('hex');
      sessions.add(value);
      json(200, { ok: true }, { 'Set-Cookie': `session=${value}; Path=/; HttpOnly; SameSite=Strict` });
    });
  }

  const wss = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url, 'http://localhost');
    wss.handleUpgrade(request, socket, head, (ws) => {
      if (url.pathname === '/control.ashx') control(ws, request);
      else if (url.pathname === '/meshrelay.ashx') relay(ws);
      else ws.close();
    });
  });

  function control(ws, request) {
    const send = (m) => { if (ws.readyState === 1) ws.send(JSON.stringify(m)); };
    if (!signedIn(request)) { send({ action: 'close', cause: 'noauth', msg: 'noauth' }); ws.close(); return; }
    controls.add(send);
    ws.on('close', () => controls.delete(send));
    send({ action: 'serverinfo', serverinfo: { domain: '', name: 'localhost', port: 443, features: 0x80000000, agentCertHash: 'VKlKybSRdgcPpy3R8eRiico8Cc6Alz0v$uZWxizlVEJOU5TIZ$qoCS2uyA$isgOT', serverTime: Date.now(), preConfiguredScripts: [{ name: 'Free space', type: 3 }, { name: 'Restart the spooler', type: 2 }] } });
    send({ action: 'userinfo', userinfo: { _id: 'user//admin', name: 'admin', siteadmin: 4294967295, links: {} } });
    ws.on('message', (data) => answerControl(state, JSON.parse(data.toString()), send, broadcast));
  }

  function relay(ws) {
    setTimeout(() => {
      if (ws.readyState === 1) ws.send('c');
      const device = startDevice((data) => { if (ws.readyState === 1) ws.send(data); }, () => ws.close());
      ws.on('message', (data, binary) => device(data, binary));
    }, 20);
  }

  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => {
    for (const ws of wss.clients) ws.terminate();
    server.close(resolve);
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, state, broadcast, traffic, stop, sockets: wss.clients };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { dist: { type: 'string', default: 'dist' }, port: { type: 'string', default: '8096' }, devices: { type: 'string', default: '12' }, groups: { type: 'string', default: '4' } } });
  const { url } = await startFakeServer({ dist: values.dist, port: Number(values.port), devices: Number(values.devices), groups: Number(values.groups) });
  console.log(`the page is at ${url}/ (sign in as admin, admin)`);
}
