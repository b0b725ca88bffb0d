#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// bowline-agent beside MeshAgent, on one server and one screen, in turns, in one run. See README.md.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: options } = parseArgs({ options: {
  build: { type: 'string', default: process.env.BL_TEST_BUILD ?? join(top, 'build') },
  meshcentral: { type: 'string', default: process.env.BL_TEST_MESHCENTRAL ?? join(top, 'build/test-node/node_modules/meshcentral') },
  only: { type: 'string', default: '' }, // of the two agents: bowline or meshagent
  scenarios: { type: 'string', default: '' },
  quick: { type: 'boolean', default: false },
  json: { type: 'string', default: '' },
} });
process.env.BL_TEST_BUILD = resolve(options.build);
process.env.BL_TEST_TOP ??= top;
process.env.BL_TEST_NODE_MODULES ??= dirname(resolve(options.meshcentral));
const { Bowline, end, until } = await import('../integration/lib.mjs');
const { BowlineAgent, MeshAgent } = await import('./agent-peers.mjs');
const { Screen, online, scenarios } = await import('./agent-scenarios.mjs');
const { print, shown } = await import('./table.mjs');

const program = join(resolve(options.meshcentral), 'agents/meshagent_x86-64');
const size = { quick: options.quick };
const wanted = options.scenarios === '' ? Object.keys(scenarios) : options.scenarios.split(',');
const rows = new Map();
const problems = [];
const scratch = mkdtempSync(join(tmpdir(), 'bowline-agents-'));
const bowline = await Bowline.start();

async function connect() {
  const control = await bowline.control();
  await control.take('serverinfo', (f) => f.action === 'serverinfo');
  return control;
}

async function measure(name, agent, control, screen) {
  const record = (figure, unit, value, target, lessIsBetter) => {
    const row = rows.get(figure) ?? { figure, unit, target, lessIsBetter };
    row[agent.name] = value;
    rows.set(figure, row);
    process.stderr.write(`${agent.name}: ${figure}: ${shown(value, unit)}\n`);
  };
  try {
    await scenarios[name].run({ agent, bowline, control, nodeid: agent.nodeid, screen, scratch, size }, record);
  } catch (error) {
    problems.push(`${agent.name}: ${name}: ${error.message.slice(0, 300)}`);
    process.stderr.write(`${problems.at(-1)}\n`);
  }
}

/** Scenarios that share a screen run one after the other for each agent; MeshAgent brings the screen. */
async function session(names, agents, control) {
  const size_ = scenarios[names[0]].screen;
  const screen = size_ ? new Screen(size_) : undefined;
  if (screen && !agents.some((a) => a instanceof MeshAgent)) await screen.startAlone();
  for (const agent of agents) {
    agent.begin({ screen });
    agent.nodeid = await until('the device is there', () => online({ control, agent }), 60);
    await until('capabilities', async () => {
      const { nodes } = await control.ask({ action: 'nodes', meshid: agent.group });
      return (nodes[agent.group][0].agent.caps & 6) === 6;
    }, 60);
  }
  if (screen) await screen.ready();
  for (const name of names) {
    for (const agent of agents) await measure(name, agent, control, screen);
  }
  for (const agent of agents) await agent.halt();
  await screen?.stop();
}

try {
  await bowline.createUser('admin');
  const control = await connect();
  const group = async (meshname) => (await control.ask({ action: 'createmesh', meshname, meshtype: 2 })).meshid;
  const agents = [];
  // The one that brings the screen first, so that it is there for the other.
  if (options.only !== 'bowline' && existsSync(program)) agents.push(new MeshAgent(bowline, await group('Theirs'), program));
  if (options.only !== 'meshagent') agents.push(new BowlineAgent(bowline, await group('Ours')));
  for (const agent of agents) await agent.create();
  for (const screen of [undefined, '1024x768', '1920x1080']) {
    const names = wanted.filter((name) => scenarios[name].screen === screen && !scenarios[name].last);
    if (names.length > 0) await session(names, agents, control);
  }
  control.close();
  await end(bowline.process);
  for (const name of wanted.filter((n) => scenarios[n].last)) {
    for (const agent of agents) await measure(name, agent);
  }
} finally {
  await bowline.stop().catch((error) => problems.push(error.message));
  rmSync(scratch, { recursive: true, force: true });
}

print([...rows.values()], 'MeshAgent');
for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
if (options.json !== '') {
  const plain = [...rows.values()].map(({ target, ...row }) => ({ ...row, target: typeof target === 'function' ? target(row.MeshAgent) : target }));
  writeFileSync(options.json, `${JSON.stringify({ date: new Date().toISOString(), cpu: cpus()[0].model, cores: cpus().length, rows: plain, problems }, null, 2)}\n`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
