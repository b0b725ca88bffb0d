// SPDX-License-Identifier: Apache-2.0
// Agent programs with the real ones of the npm package: import, every form of download, installing by the original script,
// and a MeshAgent that replaces itself.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync,
  symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, MESHAGENT, end, skipMeshAgent, start, until } from '../integration/lib.mjs';

const MESHCENTRAL = process.env.BL_TEST_MESHCENTRAL ?? '';
const skip = skipMeshAgent || (existsSync(join(MESHCENTRAL, 'agents')) ? false : 'no MeshCentral here');
const scratch = mkdtempSync(join(tmpdir(), 'bowline-update-'));
const sha384 = (data) => createHash('sha384').update(data).digest('hex');
const original = skip ? null : readFileSync(MESHAGENT);
const agents = join(MESHCENTRAL, 'agents');
let bowline;
let group;

before(async () => {
  if (skip) return;
  bowline = await Bowline.start({ sets: ['agents.agent-updates=true'] });
  await bowline.createUser('admin');
  group = (await bowline.createGroup('Lab')).split('/').pop();
});

after(async () => {
  if (!skip) assert.equal(await bowline.stop(), 0);
  rmSync(scratch, { recursive: true, force: true });
});

const run = (program, args, options) => new Promise((resolve) => {
  execFile(program, args, { timeout: 60000, ...options }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
});

test('what is imported, and what is refused', { skip, timeout: 120000 }, async () => {
  const none = await bowline.fetch('/meshagents?id=6');
  assert.equal(none.status, 404);
  assert.match(none.body.toString(), /bowlinectl agents import/);
  const odd = join(scratch, 'odd');
  mkdirSync(odd);
  copyFileSync(join(agents, 'meshagent_arm'), join(odd, 'meshagent_x86-64'));
  symlinkSync(MESHAGENT, join(odd, 'meshagent_x86-64_nokvm'));
  writeFileSync(join(odd, 'meshagent_poky'), 'no program');
  copyFileSync(join(agents, 'meshagent_pogo'), join(odd, 'meshagent_pogo'));
  const first = JSON.parse(await bowline.ctl(['agents', 'import', odd, '--json']));
  assert.equal(first.taken, 1);
  const why = Object.fromEntries(first.files.map((f) => [f.file, `${f.state}: ${f.detail}`]));
  assert.match(why['meshagent_x86-64'], /refused: expected ELF x86-64, found ELF ARM/);
  assert.match(why['meshagent_x86-64_nokvm'], /refused: a symbolic link/);
  assert.match(why.meshagent_poky, /refused: program: neither ELF/);
  assert.match(why.meshagent_pogo, /taken: ELF ARM/);
  assert.match(await bowline.ctl(['agents', 'import', MESHCENTRAL]), /^\d\d taken, 1 unchanged, 0 refused \(meshcentral [\d.]+\)$/m);
  const again = JSON.parse(await bowline.ctl(['agents', 'import', MESHCENTRAL, '--json']));
  assert.equal(again.taken, 0);
  assert.ok(again.unchanged > 25);
  const listed = JSON.parse(await bowline.ctl(['agents', 'list', '--json']));
  assert.equal(listed['meshagent_x86-64'].sha384, sha384(original));
  assert.equal(statSync(join(bowline.data, 'agents', 'meshagent_x86-64')).mode & 0o7777, 0o644);
});

test('programs as they are, and as archives', { skip, timeout: 60000 }, async () => {
  const plain = await bowline.fetch('/meshagents?id=6');
  assert.equal(plain.status, 200);
  assert.equal(sha384(plain.body), sha384(original));
  assert.match(plain.headers['content-disposition'], /filename="meshagent"/);
  assert.ok(!Number.isNaN(Date.parse(plain.headers['last-modified'])));
  const head = await bowline.fetch('/meshagents?id=6', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], String(original.length));
  assert.equal(head.body.length, 0);
  const known = await bowline.fetch('/meshagents?id=6', { headers: { 'if-none-match': plain.headers.etag } });
  assert.equal(known.status, 304);
  const zip = await bowline.fetch('/meshagents?id=6&zip=1');
  writeFileSync(join(scratch, 'a.zip'), zip.body);
  const unpack = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; sys.stdout.buffer.write(z.read("meshagent"))';
  assert.equal(sha384(execFileSync('python3', ['-c', unpack, join(scratch, 'a.zip')], { maxBuffer: 2 ** 26 })), sha384(original));
  assert.equal((await bowline.fetch('/meshagents?id=4711')).status, 404);
  assert.equal((await bowline.fetch(`/meshagents?id=6&meshid=${group}`)).body.length, original.length);
});

test('settings inside a Windows program', { skip, timeout: 60000 }, async () => {
  const got = await bowline.fetch(`/meshagents?id=4&meshid=${encodeURIComponent(group)}&installflags=2&ac=x`);
  assert.equal(got.status, 200);
  assert.match(got.headers['content-disposition'], /filename="meshagent64-Lab.exe"/);
  assert.equal(sha384((await bowline.fetch(`/meshagents?id=4&meshid=${group}&installflags=2`)).body), sha384(got.body));
  const file = readFileSync(join(agents, 'MeshService64.exe'));
  const text = (await bowline.fetch(`/meshsettings?id=${group}&installflags=2`)).body;
  assert.ok(got.body.subarray(0, file.length).equals(file));
  assert.ok(got.body.subarray(file.length, -20).equals(text));
  assert.equal(got.body.subarray(-20).toString('hex').toUpperCase(),
    `${text.length.toString(16).padStart(8, '0').toUpperCase()}B996015880544A19B7F7E9BE44914C19`);
  // One with a certificate: what the original program sees in it is still a table that reaches to the end.
  const signed = await bowline.fetch(`/meshagents?id=10006&meshid=${group}`);
  const path = join(scratch, 'signed.exe');
  writeFileSync(path, signed.body);
  const info = createRequire(join(MESHCENTRAL, 'x.js'))(join(MESHCENTRAL, 'exeHandler.js')).parseWindowsExecutable(path);
  assert.equal(info.CertificateTableAddress + info.CertificateTableSize, signed.body.length);
  assert.equal(info.certificateDwLength, info.CertificateTableSize);
  assert.equal(signed.body.subarray(-16).toString('hex').toUpperCase(), 'B996015880544A19B7F7E9BE44914C19');
});

test('a program that installs itself', { skip, timeout: 120000 }, async () => {
  for (const raw of [group, encodeURIComponent(group)]) {
    const got = await bowline.fetch(`/meshagents?id=${raw}&meshinstall=6&installflags=1`);
    assert.equal(got.status, 200);
    assert.ok(got.body.subarray(0, original.length).equals(original));
    assert.equal(got.body.subarray(-16).toString('hex').toUpperCase(), 'B996015880544A19B7F7E9BE44914C18');
    writeFileSync(join(scratch, 'meshagent'), got.body, { mode: 0o755 });
  }
  assert.equal((await bowline.fetch(`/meshagents?id=${group}&meshinstall=4`)).status, 404);
  assert.equal((await bowline.fetch('/meshagents?id=nonsense&meshinstall=6')).status, 401);
  const env = { PATH: process.env.PATH, HOME: scratch };
  const shown = await run(join(scratch, 'meshagent'), ['-mesh'], { cwd: scratch, env });
  const settings = JSON.parse(shown.out.slice(shown.out.indexOf('{'), shown.out.lastIndexOf('}') + 1));
  assert.equal(settings.MeshName, 'Lab');
  assert.match(settings.MeshServer, /^wss:\/\/localhost:\d+\/agent.ashx$/);
  assert.match((await run(join(scratch, 'meshagent'), ['-help'], { cwd: scratch, env })).out, /-connect/);
  const child = start(join(scratch, 'meshagent'), ['-connect'], { cwd: scratch, env: { ...env, DISPLAY: ':9999', XAUTHORITY: '/nonexistent' }, stdio: 'ignore', detached: true });
  await bowline.waitOnline(1, 60);
  process.kill(-child.pid, 'SIGKILL');
  await until('it is forgotten', async () => JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices.length === 0, 60);
});

test('the original install script', { skip, timeout: 60000 }, async () => {
  const dir = join(scratch, 'install');
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = readFileSync(join(agents, 'meshinstall-linux.sh'), 'utf8')
    .replaceAll('{{{wgetoptionshttps}}}', '--no-check-certificate --quiet ').replaceAll('{{{curloptionshttps}}}', '-k ')
    .replaceAll('{{{wgetoptionshttp}}}', '').replaceAll('{{{curloptionshttp}}}', '');
  writeFileSync(join(dir, 'meshinstall.sh'), script);
  const stand = (name, text) => writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  // What the script starts at the end must not change this machine: the program that came is kept aside.
  stand('wget', '/usr/bin/wget "$@" || exit $?\n[ -e ./meshagent.msh ] && exit 0\nmv ./meshagent ./meshagent.got\n'
    + 'printf \'#!/bin/sh\\necho "$@" >./started\\n\' >./meshagent');
  stand('whoami', 'echo root');
  for (const url of [`https://localhost:${bowline.port}`, `http://localhost:${bowline.redirectPort}`]) {
    const { out, err } = await run('bash', ['meshinstall.sh', url, group], { cwd: dir, env: { PATH: `${bin}:${process.env.PATH}` } });
    assert.match(out, /Agent downloaded/, err);
    assert.equal(readFileSync(join(dir, 'started'), 'utf8').trim(), '-fullinstall --copy-msh=1');
    assert.equal(sha384(readFileSync(join(dir, 'meshagent.got'))), sha384(original));
    const msh = readFileSync(join(dir, 'meshagent.msh'), 'utf8');
    assert.match(msh, /^MeshID=0x[0-9A-F]{96}\r?$/m);
    assert.match(msh, /^StartupType=\d/m);
    for (const file of ['started', 'meshagent.msh', 'meshagent.got', 'meshagent']) rmSync(join(dir, file));
  }
});

test('a MeshAgent replaces itself', { skip, timeout: 180000 }, async () => {
  const changed = join(scratch, 'older');
  copyFileSync(MESHAGENT, changed);
  appendFileSync(changed, '// an older build');
  chmodSync(changed, 0o755);
  const agent = await bowline.startMeshAgent('Lab', { program: changed });
  const exe = join(agent.dir, 'meshagent');
  assert.notEqual(sha384(readFileSync(exe)), sha384(original));
  const [device] = await bowline.waitOnline(1, 60);
  // The agent removes itself before it copies the new one: for a moment there is none.
  await until('the new program is in place', () => existsSync(exe) && sha384(readFileSync(exe)) === sha384(original), 90)
    .catch((e) => { throw new Error(`${e.message}\n${bowline.log().slice(-2000)}\n${agent.log().slice(-2000)}`); });
  const control = await bowline.control();
  await until('the same device is back with a core', async () => {
    const [back] = await bowline.waitOnline(1, 60);
    if (back._id !== device._id) return false;
    const { nodes } = await control.ask({ action: 'nodes' });
    return Object.values(nodes).flat().some((n) => n._id === device._id && /core/i.test(n.agent?.core ?? ''));
  }, 60);
  control.close();
  assert.equal((bowline.log().match(/a device got a new program/g) ?? []).length, 1);
  await end(agent);
});
