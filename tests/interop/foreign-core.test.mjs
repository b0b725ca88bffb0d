// SPDX-License-Identifier: Apache-2.0
// MeshCentral's own core script on bowline-agent's script host: it starts, says what it is, and its console answers as far as
// this agent has what it asks for.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Bowline, until } from '../integration/lib.mjs';

const foreign = join(process.env.BL_TEST_MESHCENTRAL ?? '', 'agents', 'meshcore.min.js');

test("MeshCentral's own core", { skip: !existsSync(foreign) && 'no MeshCentral here', timeout: 120000 }, async (t) => {
  const bowline = await Bowline.start({ sets: [`agents.core=${foreign}`] });
  t.after(async () => { assert.equal(await bowline.stop(), 0); });
  await bowline.createUser('admin');
  const group = await bowline.createGroup('Lab');
  const agent = await bowline.startAgent(group);
  const [{ _id: nodeid }] = await bowline.waitOnline(1);
  const control = await bowline.control();
  t.after(() => control.close());
  const isAnswer = (f) => f.action === 'msg' && f.type === 'console' && f.nodeid === nodeid;
  const ask = async (value, pattern) => {
    let asked = 0;
    return until(`console: ${value}`, () => {
      const found = control.frames.find((f) => isAnswer(f) && pattern.test(f.value ?? ''));
      // The core starts some time after the device appeared.
      if (!found && Date.now() - asked > 2000) { asked = Date.now(); control.send({ action: 'msg', type: 'console', nodeid, value }); }
      return found;
    }, 40).catch((e) => { throw new Error(`${e.message}\n${JSON.stringify(control.frames.filter(isAnswer)).slice(-1500)}\n${agent.log().slice(-1500)}`); });
  };
  await ask('help', /Available commands/);
  for (const [value, pattern] of [['info', /Agent|Current Core/i], ['osinfo', /linux|debian|gnu/i], ['netinfo', /address/], ['ls /', /List of/],
    ['type /etc/hostname', /\w/], ['ps', /1, root/], ['args a --b c', /b: "c"/], ['eval 6*7', /^42$/], ['parseuri http://a.b/c', /"host":"a.b"/],
    ['dbset key value', /Key set/], ['dbget key', /^value/], ['dbkeys', /\["key"\]/], ['tunnels', /No websocket sessions/], ['power', /SHUTDOWN/],
    ['versions', /bowline/], ['modules', /sysinfo/], ['cpuinfo', /"memory"/], ['agentsize', /\d+/], ['nonsense', /unknown|Invalid/i]]) {
    control.frames.splice(0);
    await ask(value, pattern);
  }
  assert.doesNotMatch(agent.log(), /given up/);
});
