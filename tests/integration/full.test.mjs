// SPDX-License-Identifier: Apache-2.0
// A store that can keep no more: changes are refused with the reason, everything else goes on, nothing is lost.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Bowline, end } from './lib.mjs';

let bowline;
let control;

before(async () => {
  bowline = await Bowline.start({ sets: ['db-sqlite.max-size=1M'] });
  await bowline.createUser('admin');
  control = await bowline.control();
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
});

test('a full store refuses changes in words and serves on', async () => {
  const filler = 'x'.repeat(900);
  const made = [];
  let refusal;
  for (let i = 0; i < 3000 && !refusal; i++) {
    const answer = await control.ask({ action: 'createmesh', meshname: `group ${i}`, meshtype: 2, desc: filler });
    if (answer.meshid) made.push(answer.meshid);
    else refusal = answer.result;
  }
  assert.ok(made.length > 10, `${made.length} groups fit`);
  assert.match(String(refusal), /full|room|space|size/i);
  assert.match(bowline.log(), /full|no room|space/i);
  assert.equal((await bowline.fetch('/robots.txt')).status, 200);
  const { meshes } = await control.ask({ action: 'meshes' });
  assert.equal(meshes.length, made.length);
  control.close();
  assert.equal(await end(bowline.process), 0);
  bowline.sets = [];
  await bowline.run();
  control = await bowline.control();
  const again = await control.ask({ action: 'meshes' });
  assert.deepEqual(again.meshes.map((m) => m._id).sort(), made.sort());
  assert.equal((await bowline.fetch('/health.ashx')).status, 200);
});
