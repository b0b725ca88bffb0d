// SPDX-License-Identifier: Apache-2.0
// Scripts an administrator runs on a device: the examples of docs/SCRIPTING.md say what they claim, limits and rights hold, and
// a script host that is killed takes nothing else with it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, TOP, openTunnel, until } from './lib.mjs';

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

test('without the right to the console there is no script', async () => {
  await control.ask({ action: 'addmeshuser', meshid: group, usernames: ['other'], meshadmin: 8 });
  const other = await bowline.control({ user: 'other' });
  other.send({ action: 'msg', type: 'console', nodeid, value: 'script -e console.log(require("fs").readFileSync("/etc/hostname"))' });
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
