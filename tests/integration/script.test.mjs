// SPDX-License-Identifier: Apache-2.0
// Scripts an administrator runs on a device: the examples of docs/SCRIPTING.md say what they claim, limits and rights hold, and
// a script host that is killed takes nothing else with it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, TOP, openTunnel, until } from './lib.mjs';

let bowline;
let control;
let agent;
let nodeid;
let group;

before(async () => {
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  await bowline.createUser('other', { admin: false });
  control = await bowline.control();
  group = (await control.ask({ action: 'createmesh', meshname: 'Scripts', meshtype: 2 })).meshid;
  agent = await bowline.startAgent(group, { settings: '[script]\nallow=fs.*;os.*;users.*;db.*;process.spawn;ws.connect\ncpu-seconds=5\n' });
  nodeid = (await bowline.waitOnline(1))[0]._id;
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
});

async function say(value, who = control) {
  who.send({ action: 'msg', type: 'console', nodeid, value });
  return (await who.take(`console: ${value.slice(0, 80)}`, (f) => f.action === 'msg' && f.type === 'console' && f.nodeid === nodeid)).value;
}

/** The script hosts of the agent. */
function hosts() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(agent.pid)
        && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('bowline-script');
    } catch {
      return false;
    }
  }).map(Number);
}

async function coreAnswers() {
  await until('the core answers', async () => {
    control.send({ action: 'msg', type: 'console', nodeid, value: 'echo ready' });
    await new Promise((next) => { setTimeout(next, 200); });
    return control.frames.some((f) => f.type === 'console' && f.value === 'ready');
  });
  await until('no answer is left', async () => {
    const n = control.frames.length;
    control.frames.splice(0);
    await new Promise((next) => { setTimeout(next, 300); });
    return n === 0;
  });
}

test('the examples of the documentation', async () => {
  const text = readFileSync(join(TOP, 'docs/SCRIPTING.md'), 'utf8');
  const examples = [...text.matchAll(/```js\n([\s\S]*?)```\n\n```output\n([\s\S]*?)```/g)];
  assert.ok(examples.length >= 5);
  for (const [i, [, code, output]] of examples.entries()) {
    const file = join(agent.state, `example-${i}.js`);
    writeFileSync(file, code);
    const got = await say(`script ${file}`);
    assert.ok(got.startsWith(output.trimEnd()), `${code}\n${got}`);
  }
});

test('the commands of the documentation', async () => {
  const [, block] = /```console\n([\s\S]*?)```/.exec(readFileSync(join(TOP, 'docs/SCRIPTING.md'), 'utf8'));
  const steps = block.split(/^\$ /m).slice(1).map((step) => [step.slice(0, step.indexOf('\n')), step.slice(step.indexOf('\n') + 1)]);
  assert.ok(steps.length >= 5);
  const file = scriptFile('hello.js', steps[0][1]);
  for (const [line, output] of steps.slice(1)) {
    const words = line.replace('DEVICE', nodeid).replace('hello.js', file).split(' ');
    assert.deepEqual(words.slice(0, 2), ['bowlinectl', 'script']);
    // A script that was just kept may have nothing to show yet.
    if (words[2] === 'list') await until(line, async () => (await ctl(...words.slice(2))).out === output);
    else assert.deepEqual(await ctl(...words.slice(2)), { code: 0, out: output, err: '' });
  }
});

test('one line, an error, an end, a limit', async () => {
  assert.equal(await say('script -e console.log(1 + 1)'), '2');
  assert.equal(await say('script -e 1'), '(no output)');
  assert.match(await say('script -e function ('), /SyntaxError/);
  assert.equal(await say("script -e setInterval(function () { }, 1000); console.log('a'); process.exit()"), 'a');
  assert.match(await say('script /nonexistent'), /No such file|Error/);
  assert.match(await say('script /dev/zero'), /a file of at most/);
  assert.match(await say("script -e require('net').createConnection({ port: 1 }).on('error', function (e) { console.log(e.message); })"), /not allowed/);
  assert.match(await say('script -e for (;;) { }'), /did not return to its loop|processor time/);
  const long = await say("script -e console.log(new Array(200000).join('x'))");
  assert.ok(long.length < 70000 && long.endsWith('[the rest is cut off]'));
  assert.match(await say("script -e require('MeshAgent').SendCommand({ action: 'coreinfo', value: 'stolen' }); console.log('b')"), /^b$/);
  const { nodes } = await control.ask({ action: 'nodes', meshid: group });
  assert.notEqual(nodes[group][0].agent.core, 'stolen');
});

/** bowlinectl script; what it printed and its exit status. */
function ctl(...args) {
  return new Promise((resolve) => {
    execFile(join(BUILD, 'bin', 'bowlinectl'), ['--data-dir', bowline.data, 'script', ...args], { maxBuffer: 1 << 26 }, (error, out, err) => { resolve({ code: error?.code ?? 0, out, err }); });
  });
}

function scriptFile(name, code) {
  const file = join(bowline.dir, name);
  writeFileSync(file, code);
  return file;
}

test('bowlinectl: output, exit status, several devices, limits', async () => {
  const told = scriptFile('told.js', "console.log('a', 1); console.error('b'); process.stdout.write('c'); setTimeout(function () { process.exit(7); }, 10);");
  assert.deepEqual(await ctl('run', told, nodeid), { code: 7, out: 'a 1\nc', err: 'b\n' });
  const two = await ctl('run', told, nodeid, nodeid);
  assert.deepEqual([two.code, two.out], [7, 'a 1\nca 1\nc']);
  const thrown = await ctl('run', scriptFile('thrown.js', "console.log('x');\nnothing.here();"), nodeid);
  assert.deepEqual([thrown.code, thrown.out], [1, 'x\n']);
  assert.match(thrown.err, /'nothing' undefined/);
  assert.equal((await ctl('run', scriptFile('late.js', "setTimeout(function () { throw new Error('late'); }, 5);"), nodeid)).code, 1);
  const endless = await ctl('run', scriptFile('endless.js', "require('MeshAgent').SendCommand({ action: 'coreinfo' }); setInterval(function () { }, 50);"), nodeid, '--timeout', '1');
  assert.equal(endless.code, 255);
  assert.match(endless.err, /did not end within 1 seconds/);
  const loud = await ctl('run', scriptFile('loud.js', "var t = new Array(100000).join('x'); setInterval(function () { console.log(t); }, 1);"), nodeid);
  assert.equal(loud.code, 255);
  assert.match(loud.err, /said more than/);
  const large = scriptFile('large.js', `/*${'x'.repeat(250 * 1024)}*/ console.log('large');`);
  assert.deepEqual(await ctl('run', large, nodeid), { code: 0, out: 'large\n', err: '' });
  assert.equal((await ctl('run', scriptFile('larger.js', 'x'.repeat(300 * 1024)), nodeid)).code, 2);
  assert.equal((await ctl('run', told)).code, 2);
  assert.match((await ctl('run', told, 'nowhere')).err, /no such device/);
});

test('bowlinectl: a script that is kept lives on with the agent, until it is stopped', async () => {
  const code = "var db = require('SimpleDataStore').Shared(); db.Put('n', Number(db.Get('n')) + 1); console.log('start ' + db.Get('n')); setInterval(function () { }, 1000);";
  assert.equal((await ctl('keep', scriptFile('counter.js', code), nodeid)).code, 0);
  assert.match((await ctl('list', nodeid)).out, /^counter\trunning\t/);
  await until('it has begun', async () => /\tstart 1\n$/.test((await ctl('list', nodeid)).out));
  agent = await agent.restart();
  await until('it has begun again, and kept what it stored', async () => /^counter\trunning\t.*\tstart 2\n$/.test((await ctl('list', nodeid)).out));
  assert.match((await ctl('keep', scriptFile('bad.js', '1'), nodeid, '--name', '../x')).err, /The name of a script/);
  assert.equal((await ctl('keep', scriptFile('ends.js', 'process.exit(3)'), nodeid)).code, 0);
  await until('the other has ended', async () => /^ends\tended with 3\t/m.test((await ctl('list', nodeid)).out));
  assert.equal((await ctl('stop', 'ends', nodeid)).code, 0);
  assert.equal((await ctl('stop', 'counter', nodeid)).code, 0);
  assert.equal((await ctl('list', nodeid)).out, '');
  assert.match((await ctl('stop', 'counter', nodeid)).err, /No script of this name/);
});

test('how many there may be', async () => {
  const idle = scriptFile('idle.js', 'setInterval(function () { }, 1000);');
  const ends = scriptFile('ends.js', 'process.exit(0);');
  for (let i = 0; i < 8; i++) assert.equal((await ctl('keep', ends, nodeid, '--name', `k${i}`)).code, 0);
  assert.match((await ctl('keep', ends, nodeid, '--name', 'k8')).err, /8 scripts are kept already/);
  assert.equal((await ctl('keep', ends, nodeid, '--name', 'k7')).code, 0);
  for (let i = 0; i < 8; i++) assert.equal((await ctl('stop', `k${i}`, nodeid)).code, 0);
  for (let i = 0; i < 4; i++) control.send({ action: 'runscript', nodeids: [nodeid], op: 'run', source: readFileSync(idle, 'utf8'), responseid: `n${i}` });
  control.send({ action: 'runscript', nodeids: [nodeid], op: 'run', source: '1', responseid: 'n4' });
  assert.match((await control.take('a refusal', (f) => f.stream === 'end' && f.responseid === 'n4')).result, /4 scripts are running already/);
  for (let i = 0; i < 4; i++) {
    control.send({ action: 'msg', type: 'runstop', nodeid, responseid: `n${i}` });
    await control.take('an end', (f) => f.stream === 'end' && f.responseid === `n${i}`);
  }
});

test('the control channel: a script in parts, its event, and who may', async () => {
  control.send({ action: 'runscript', nodeids: [nodeid], op: 'run', name: 'hello', source: "console.log('here'); setInterval(function () { }, 50);", responseid: 's' });
  const part = await control.take('a part', (f) => f.type === 'runcommands' && f.stream === 'out');
  assert.equal(Buffer.from(part.data, 'base64').toString(), 'here\n');
  const event = await control.take('the event', (f) => f.action === 'event' && f.event?.action === 'runscript' && /hello/.test(f.event.msg));
  assert.deepEqual([event.event.msg, event.event.nodeid], ['Running a script: hello', nodeid]);
  control.send({ action: 'msg', type: 'runstop', nodeid, responseid: 's' });
  const last = await control.take('the end', (f) => f.stream === 'end');
  assert.equal(last.result, 'Ended by who started it');
  assert.equal((await control.ask({ action: 'runscript', nodeids: [nodeid], op: 'jump' })).result, 'Invalid operation');
});

test('without the right to the console there is no script', async () => {
  await control.ask({ action: 'addmeshuser', meshid: group, usernames: ['other'], meshadmin: 8 });
  const other = await bowline.control({ user: 'other' });
  other.send({ action: 'msg', type: 'console', nodeid, value: 'script -e console.log(require("fs").readFileSync("/etc/hostname"))' });
  assert.equal((await other.ask({ action: 'runscript', nodeids: [nodeid], op: 'run', source: "console.log('stolen')" })).result, 'Access denied');
  // Past the action, straight to the device: the device itself refuses.
  other.send({ action: 'msg', type: 'runscript', nodeid, op: 'run', source: "console.log('stolen')", responseid: 'x' });
  assert.match((await other.take('a refusal', (f) => f.stream === 'end')).result, /rights/);
  await other.ask({ action: 'nodes', meshid: group });
  assert.equal(other.frames.filter((f) => f.type === 'console').length, 0);
  other.close();
});

test('a killed script host: the core starts again once, sessions go on', async () => {
  await coreAnswers();
  const tunnel = await openTunnel(bowline, control, nodeid, 1);
  await tunnel.until('a prompt', () => tunnel.binary.length > 0);
  await until('the hosts of earlier scripts are gone', () => hosts().length === 1);
  const [pid] = hosts();
  process.kill(pid, 'SIGKILL');
  tunnel.socket.send(Buffer.from('echo still-$((6*7))\r'));
  await tunnel.until('the terminal goes on', () => Buffer.concat(tunnel.binary).includes('still-42'));
  await until('one host again', () => hosts().length === 1 && hosts()[0] !== pid);
  await coreAnswers();
  tunnel.socket.close();
  assert.equal((await bowline.waitOnline(1)).length, 1);
});
