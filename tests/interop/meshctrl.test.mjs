// SPDX-License-Identifier: Apache-2.0
// Every command of MeshCentral's own meshctrl.js against MeshCentral and against Bowline, side by side; the output must be
// the same, or differ as the table (meshctrl/rows.mjs) says and why. docs/COMPATIBILITY.md is made here:
//   meshctrl.test.mjs --write
// writes it; without that the test fails when it is out of date.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { TOP, skipMeshAgent } from '../integration/lib.mjs';
import { document } from './meshctrl/document.mjs';
import { isRight, judge } from './meshctrl/judge.mjs';
import { normalise } from './meshctrl/normalise.mjs';
import { BowlinePeer, MESHCENTRAL, MeshCentralPeer } from './meshctrl/peers.mjs';
import { ACCOUNTS, STAGES, known, name } from './meshctrl/rows.mjs';

const skip = existsSync(MESHCENTRAL) ? skipMeshAgent : 'no MeshCentral here';
const write = process.argv.includes('--write');
const show = process.argv.includes('--show'); // prints what is not as it should be
const TOGETHER = 4;
const STAGE_SECONDS = 400;
const SESSION_TRIES = 4;
const SESSION_SECONDS = 12;
const SLOW_MS = 4000; // what is printed with --show
const DOCUMENT = join(TOP, 'docs', 'COMPATIBILITY.md');
const KNOWN = join(TOP, 'tests', 'interop', 'meshctrl', 'known.json');
let peers = [];

before(async () => {
  if (skip) return;
  peers = [new MeshCentralPeer(), new BowlinePeer()];
  await Promise.all(peers.map((p) => p.start()));
});

after(async () => {
  const ends = await Promise.allSettled(peers.map((p) => p.stop()));
  assert.deepEqual(ends.map((e) => e.reason ?? e.value), peers.map(() => 0));
});

/**
 * Runs meshctrl for a row. It gives the cookie of a session to String.replace(), which makes one "$" of two, and then waits for a
 * session that nobody knows: such a session, of either server, is tried again, and that is printed.
 */
async function runMeshctrl(peer, row) {
  const options = { ...row, silent: row.silent ?? (known(row) && peer === peers[1] && !row.pty), cwd: row.cwd && join(peer.scratch, row.cwd) };
  const args = [row.command, ...row.args, ...ACCOUNTS[row.as]];
  for (let i = 1; row.session && i < SESSION_TRIES; i++) {
    const text = await peer.meshctrl(args, { ...options, seconds: SESSION_SECONDS });
    if (!/Waiting for Agent\.\.\.\s*(Connection Closed\.|\(no answer\))\s*$/.test(text)) return text;
    process.stderr.write(`# ${peer.name}, ${name(row)}: the session did not begin, try ${i + 1}\n`);
  }
  return peer.meshctrl(args, options);
}

/** Runs a row on one server; returns its normalised output. */
async function runOn(peer, row) {
  if (row.cwd) mkdirSync(join(peer.scratch, row.cwd), { recursive: true });
  let text = await runMeshctrl(peer, row);
  for (const [name, pattern] of Object.entries(row.capture ?? {})) {
    const found = pattern.exec(text);
    if (found) peer.keep(name, found[1] ?? found[0]);
  }
  if (row.after) text = row.after(text, peer);
  return normalise(text, peer, row);
}

/** The rows of a stage on one server, which does not wait for the other. silent: takes what is not waited for. */
async function runRows(stage, peer, silent) {
  const rows = [...stage.rows];
  const run = async (row) => {
    const begin = Date.now();
    row[peer === peers[0] ? 'theirs' : 'mine'] = await runOn(peer, row);
    if (show && Date.now() - begin > SLOW_MS) process.stderr.write(`# ${peer.name}, ${name(row)}: ${Date.now() - begin} ms\n`);
  };
  const work = async () => { for (let row = rows.shift(); row; row = rows.shift()) {
    // What is refused without a word changes nothing: the end of its time is waited for once, at the end of everything.
    if (row.silent) silent.push(run(row));
    else await run(row);
  } };
  if (stage.before) await stage.before(peer);
  await Promise.all(Array.from({ length: stage.together ? TOGETHER : 1 }, work));
  if (stage.settles) await Promise.all(silent);
}

async function runStage(stage, silent) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not within ${STAGE_SECONDS} s`)), STAGE_SECONDS * 1000); });
  const work = stage.run ? stage.run(peers, ACCOUNTS) : Promise.all(peers.map((p) => runRows(stage, p, silent)));
  try { await Promise.race([work, late]); } finally { clearTimeout(timer); }
}

test('every row is run', { skip }, async () => {
  const silent = [];
  for (const stage of STAGES) {
    const begin = Date.now();
    try { await runStage(stage, silent); } catch (e) { stage.error = e; }
    if (show) process.stderr.write(`# ${stage.title}: ${Date.now() - begin} ms\n`);
  }
  await Promise.all(silent);
});

for (const stage of STAGES) {
  test(stage.title, { skip }, async (t) => {
    if (stage.error) throw stage.error;
    for (const row of stage.rows) {
      if (show && !isRight(row)) process.stderr.write(`=== ${name(row)}\n--- MeshCentral\n${row.theirs}\n--- Bowline\n${row.mine}\n`);
      await t.test(name(row), () => { if (!known(row)) judge(row); }); // the document says which are wrong
    }
  });
}

test('every command is in the table', { skip }, () => {
  const help = execFileSync(process.execPath, ['--no-warnings', join(MESHCENTRAL, 'meshctrl.js'), 'help'], { encoding: 'utf8' });
  const commands = /Possible actions are: (.*)\./.exec(help)[1].split(', ');
  const tested = new Set(STAGES.flatMap((s) => s.rows.map((r) => r.command.toLowerCase())));
  assert.deepEqual(commands.filter((c) => !tested.has(c)), []);
});

test('the document is up to date', { skip }, () => {
  for (const row of STAGES.flatMap((s) => s.rows)) row.differs = write ? !isRight(row) : known(row);
  const text = document(STAGES);
  if (write) {
    writeFileSync(DOCUMENT, text);
    writeFileSync(KNOWN, `${JSON.stringify(STAGES.flatMap((s) => s.rows).filter((r) => !isRight(r)).map(name), null, 1)}\n`);
  }
  assert.equal(existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '', text);
});
