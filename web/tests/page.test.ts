// SPDX-License-Identifier: Apache-2.0
// Small pure parts of the page: addresses, windowing, command lines, details, tunnel.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Tunnel, type TunnelHooks } from '../src/control/tunnel';
import { hardwareItems, interfaces, memoryBytes, parseCapacity, volumes } from '../src/device/details';
import { drives, memoryModules, nameServers, partRows, securityChip, toCsv, virtualText } from '../src/device/hardware';
import { neededFolders } from '../src/files/drop';
import { enrollLines, shellQuote } from '../src/groups/enroll';
import { normalId, parseEmbed, parsePageData, withoutSecrets } from '../src/lib/embed';
import { formatBytes } from '../src/lib/format';
import { pluralForm, setCatalog, ngettext, _ } from '../src/lib/i18n';
import { visibleRange } from '../src/devices/useVirtual';

const GROUP = 'mesh//QV31G6chBfMpqBTTeBmRbLuU$hhtxik@M7lneP33kcnml3veUO57fI7b6s2mxVrY';

test('enrol lines survive a shell', () => {
  const trusted = enrollLines(GROUP, 'https://mesh.example.com', { features: 1 });
  assert.equal(trusted.enroll, "sudo bowline-agent enroll https://mesh.example.com 'QV31G6chBfMpqBTTeBmRbLuU$hhtxik@M7lneP33kcnml3veUO57fI7b6s2mxVrY'");
  assert.ok(!trusted.script.includes('--no-check-certificate'));
  assert.ok(enrollLines(GROUP, 'https://h', { features: 2148670081 }).script.includes('--no-check-certificate'));
  assert.ok(enrollLines(GROUP, 'https://h', { features: -2146297215 }).script.includes('--no-check-certificate'));
  assert.equal(trusted.settings, '/meshsettings?id=QV31G6chBfMpqBTTeBmRbLuU%24hhtxik%40M7lneP33kcnml3veUO57fI7b6s2mxVrY');
  const pinned = enrollLines(GROUP, 'https://h', { features: 2148670081, agentCertHash: 'VKlKybSRdgcPpy3R8eRiico8Cc6Alz0v$uZWxizlVEJOU5TIZ$qoCS2uyA$isgOT' });
  assert.match(pinned.enroll, / --server-id 54a94ac9b49176070fa72dd1f1e46289ca3c09ce80973d2ffee656c62ce554424e5394c867faa8092daec80fe2b20393$/);
  assert.ok(!trusted.enroll.includes('--server-id'));
  assert.equal(shellQuote("it's"), "'it'\\''s'");
});

test('only rows near the visible part are drawn', () => {
  assert.deepEqual(visibleRange(0, 600, 44, 5000), [0, 20]);
  const [first, last] = visibleRange(100_000, 600, 44, 5000);
  assert.ok(first > 2200 && last - first < 40);
  assert.deepEqual(visibleRange(0, 600, 44, 0), [0, 0]);
  assert.deepEqual(visibleRange(9999, 600, 44, 3), [2, 3]);
});

test('details: memory, disks, interfaces, odd input', () => {
  assert.equal(parseCapacity('16 GB'), 16 * 2 ** 30);
  assert.equal(parseCapacity('8192 MB'), 8 * 2 ** 30);
  assert.equal(parseCapacity('No Module Installed'), 0);
  assert.equal(memoryBytes({ linux: { memory: { Memory_Device: [{ Size: '4 GB' }, { Size: '4 GB' }, { Size: 'No Module Installed' }] } } }), 8 * 2 ** 30);
  assert.equal(memoryBytes({ linux: { MemoryTotal: 4096 } }), 4096);
  assert.deepEqual(hardwareItems({ action: 'getsysinfo', hardware: { identifiers: { cpu_name: 'Fast' }, linux: { Processors: 4 } } }).map(([, v]) => v), ['Fast × 4']);
  assert.equal(memoryBytes({ windows: { memory: [{ Capacity: '8589934592' }] } }), 8 * 2 ** 30);
  assert.deepEqual(hardwareItems({ action: 'getsysinfo', hardware: 'x' }), []);
  assert.deepEqual(interfaces({ action: 'getnetworkinfo', netif2: null }), []);
  const nets = interfaces({ action: 'getnetworkinfo', netif2: { lo: [{ address: '127.0.0.1' }], eth0: [{ address: '192.0.2.2', gateway: '192.0.2.1', status: 'up' }, { address: 'fe80::1' }] } });
  assert.deepEqual(nets.map((n) => [n.name, n.addresses.length]), [['eth0', 2], ['lo', 1]]);
  assert.equal(volumes({ action: 'getsysinfo', hardware: { linux: { volumes: { a: { mount_point: '/', size: 100, available: 40 } } } } })[0]?.size, 102_400);
});

test('details: drives and their health, odd and hostile input', () => {
  const answer = (hardware: unknown) => ({ action: 'getsysinfo', hardware });
  const [disk, far] = drives(answer({ identifiers: { storage_devices: [
    { Caption: 'sda', Model: 'M', Size: 1e12, Type: 'HDD', Smart: { State: 'failing', Reasons: ['sectors', 'new-word', 7], Temperature: -3, PowerOnHours: 5 } }, { Caption: 'X', Size: '500000000' }] } }));
  assert.deepEqual([disk?.health, disk?.reasons, disk?.note], ['failing', ['it has bad sectors', 'new-word'], 'sda · HDD · 1 TB']);
  assert.deepEqual(disk?.items.map(([, value]) => value), ['-3 °C', '5 hours']);
  assert.deepEqual([far?.name, far?.health, far?.note], ['X', 'unknown', '500 MB']);
  const windows = { identifiers: { storage_devices: [{ Model: 'A' }, { Model: 'B' }] }, windows: { drives: [{ Model: 'A', Status: 'OK' }, { Model: 'B', Status: 'Pred Fail' }] } };
  assert.deepEqual(drives(answer(windows)).map((d) => d.health), ['ok', 'failing']);
  for (const odd of [null, 7, [], { identifiers: { storage_devices: [null, 7, { Smart: 'x', Model: {} }] } }]) assert.ok(drives(answer(odd)).every((d) => d.health === 'unknown'));
  assert.deepEqual(memoryModules(answer({ windows: { memory: [{ DeviceLocator: 'D1', Capacity: '8589934592', Speed: 2400 }, { Capacity: '0' }] } })).map((m) => [m.name, m.note]), [['D1', '8 GiB · 2400 MT/s']]);
  assert.equal(securityChip(answer({ tpm: { SpecVersion: '2.0, 0, 1.38', IsEnabled: false } })), '2.0, off');
  assert.equal(securityChip(answer({})), '');
  assert.equal(virtualText(answer({ linux: { virtual: { Type: 'container', Name: 'LXC' } } })), 'container (LXC)');
  assert.deepEqual(nameServers(answer({ network: { dns: ['192.0.2.1', 5] } })), ['192.0.2.1']);
});

test('details: volumes and interfaces of other agents', () => {
  const answer = (hardware: unknown) => ({ action: 'getsysinfo', hardware });
  const list = volumes(answer({ linux: { volumes: [{ mount_point: '/', size: '100', used: '60', available: '40', type: 'ext4' }, { mount_point: '/mnt', type: 'nfs4' }, { mount_point: '/var/lib/docker/x', size: '1' }] } }));
  assert.deepEqual(list.map((v) => [v.name, v.size, v.available]), [['/', 102_400, 40_960], ['/mnt', 0, 0]]);
  assert.deepEqual(volumes(answer({ windows: { volumes: { C: { name: 'System', size: 10, sizeremaining: 4, volumeStatus: 'FullyEncrypted' }, D: { cdrom: true } } } })).map((v) => [v.name, v.note]), [['C: System', 'encrypted']]);
  const old = interfaces({ action: 'getnetworkinfo', netif: [{ name: 'Ethernet', mac: '02:00:00:00:00:01', v4addr: '192.0.2.3', v4mask: '255.255.255.128', v4gateway: '192.0.2.1' }] });
  assert.deepEqual([old[0]?.name, old[0]?.addresses, old[0]?.gateways], ['Ethernet', ['192.0.2.3/25'], ['192.0.2.1']]);
});

test('details as a file: one line a value, no formulas', () => {
  assert.equal(toCsv([['System', [['Name', '=1+1'], ['Empty', ''], ['Quote', 'a "b", c']]]]), '\uFEFFSystem,Name,\'=1+1\r\nSystem,Quote,"a ""b"", c"\r\n');
  assert.deepEqual(partRows([{ name: 'n', note: 'x', items: [['A', 'b']] }]), [['n', 'x, A: b']]);
});

test('folders of a drop: parents first, each once', () => {
  const file = {} as File;
  assert.deepEqual(neededFolders([{ file, folders: ['a', 'b'] }, { file, folders: ['a'] }, { file, folders: [] }]), [['a'], ['a', 'b']]);
});

test('numbers and plurals', () => {
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1_500_000), '1.5 MB');
  assert.equal(pluralForm('1'.repeat(100) + '0'.repeat(100), 3450), 0);
  setCatalog('de', { plural: '1011', messages: { '{n} file': ['{n} Datei', '{n} Dateien'], 'Hello {name}': 'Hallo {name}' } });
  assert.equal(ngettext('{n} file', '{n} files', 1), '1 Datei');
  assert.equal(ngettext('{n} file', '{n} files', 2), '2 Dateien');
  assert.equal(_('Hello {name}', { name: '$&' }), 'Hallo $&');
  assert.equal(_('not there'), 'not there');
  setCatalog('en', null);
});

class FakeSocket {
  static last: FakeSocket;
  readyState = 1;
  binaryType = '';
  sent: string[] = [];
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) { FakeSocket.last = this; }
  send(data: string) { this.sent.push(data); }
  close() { this.readyState = 3; }
}

async function tunnel(result: string) {
  const states: string[] = [];
  const hooks: TunnelHooks = { onState: (s, reason) => states.push(reason ? `${s}:${reason}` : s), onOpen: () => states.push('go'), onBinary: () => undefined };
  const sent: unknown[] = [];
  const t = new Tunnel({
    nodeId: 'node//a$b@c', protocol: 1, base: 'wss://h', cookies: async () => ({ cookie: 'C=', rcookie: 'R' }),
    request: async (m) => { sent.push(m); return { action: 'msg', result }; },
    createSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
  }, hooks);
  await new Promise((r) => setImmediate(r));
  return { t, states, sent, socket: FakeSocket.last, receive: (data: unknown) => FakeSocket.last.onmessage!({ data }) };
}

test('a tunnel asks the device and joins at the relay', async () => {
  const { t, states, sent, socket, receive } = await tunnel('OK');
  const url = new URL(socket.url);
  assert.equal(url.searchParams.get('nodeid'), 'node//a$b@c');
  assert.equal(url.searchParams.get('auth'), 'C=');
  const message = sent[0] as { value: string; usage: number };
  assert.equal(message.value, `*/meshrelay.ashx?p=1&nodeid=node//a$b@c&id=${url.searchParams.get('id')}&rauth=R`);
  t.sendText('too early');
  receive('c');
  receive('{"ctrlChannel":102938,"type":"console","msgid":1,"msg":"asking"}');
  receive('{"ctrlChannel":"102938","type":"console","msg":null}');
  receive('{"ctrlChannel":"102938","type":"ping"}');
  assert.deepEqual(socket.sent, ['{"ctrlChannel":"102938","type":"pong"}']);
  socket.onclose!();
  assert.deepEqual(states, ['waiting', 'open', 'go', 'consent', 'open', 'closed:ended']);
});

test('a tunnel says why it did not come about', async () => {
  assert.deepEqual((await tunnel('Unable to route')).states, ['closed:offline']);
  assert.deepEqual((await tunnel('Permission denied')).states, ['closed:server']);
  const denied = await tunnel('OK');
  denied.receive('c');
  denied.receive('{"ctrlChannel":"102938","type":"console","msgid":2,"msg":"no"}');
  assert.equal(denied.states.pop(), 'closed:denied');
  const silent = await tunnel('OK');
  silent.socket.onclose!();
  assert.equal(silent.states.pop(), 'closed:no-answer');
});

const HEX = '415DF5D5FBE1C4E5DC73D0A9B5E4F0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8FFEFF';

test('addresses of other programs: ids in both forms, hostile values', () => {
  const short = Buffer.from(HEX, 'hex').toString('base64').replace(/\+/g, '@').replace(/\//g, '$');
  assert.equal(short.length, 64);
  assert.equal(normalId(HEX), short);
  assert.equal(normalId(HEX.toLowerCase()), short);
  assert.equal(normalId(short), short);
  assert.equal(normalId(`node//${short}`), short);
  for (const bad of ['', 'x', HEX.slice(1), `${short}A`, `${HEX}00`, '<script>']) assert.equal(normalId(bad), '', bad);
  const embed = parseEmbed(`?login=abc&gotonode=${HEX}&viewmode=11&hide=31`);
  assert.equal(embed.wanted!.node, short);
  assert.equal(embed.wanted!.viewMode, 11);
  assert.equal(embed.hide, 31);
  assert.equal(embed.signedByAddress, true);
  assert.equal(parseEmbed('').wanted, null);
  assert.equal(parseEmbed('?q=x&hide=99999999999').hide, 0);
  assert.equal(parseEmbed('?hide=-1').hide, 0);
  assert.equal(parseEmbed(`?gotodevicename=${'n'.repeat(5000)}`).wanted!.deviceName.length, 256);
  assert.equal(withoutSecrets('?login=abc&gotonode=x&user=u&pass=p&hide=3&'), '?gotonode=x&hide=3');
  assert.equal(withoutSecrets('?login=abc&'), '');
});

test('page data of the server: every key may be missing or of another type', () => {
  assert.deepEqual(parsePageData('{"auth":"a","rauth":"r","hide":3,"viewmode":12}'), { auth: 'a', rauth: 'r', hide: 3, viewMode: 12, guest: null, chat: null });
  for (const bad of [null, undefined, '', '[]', 'null', '{', '{"auth":1,"hide":"x"}', '7'])
    assert.deepEqual(parsePageData(bad), { auth: '', rauth: '', hide: 0, viewMode: 0, guest: null, chat: null });
});
