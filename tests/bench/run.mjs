#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The same scenarios against Bowline and against MeshCentral, in turns, in one run. See README.md.
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpus } from 'node:os';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: options } = parseArgs({ options: {
  build: { type: 'string', default: process.env.BL_TEST_BUILD ?? join(top, 'build') },
  meshcentral: { type: 'string', default: process.env.BL_TEST_MESHCENTRAL ?? join(top, 'build/test-node/node_modules/meshcentral') },
  only: { type: 'string', default: '' }, // of the two servers: bowline or meshcentral
  scenarios: { type: 'string', default: '' },
  agents: { type: 'string', default: '3000' },
  quick: { type: 'boolean', default: false },
  json: { type: 'string', default: '' },
} });
process.env.BL_TEST_BUILD = resolve(options.build);
process.env.BL_TEST_NODE_MODULES ??= dirname(resolve(options.meshcentral));
const { BowlinePeer, MeshCentralPeer } = await import('./servers.mjs');
const { scenarios } = await import('./scenarios.mjs');
const { print, shown } = await import('./table.mjs');

const size = { agents: Number(options.agents), base: Math.round(Number(options.agents) / 6), repeat: options.quick ? 1 : 3, quick: options.quick };
const servers = [];
if (options.only !== 'meshcentral') servers.push(new BowlinePeer());
if (options.only !== 'bowline') servers.push(new MeshCentralPeer(resolve(options.meshcentral)));

const rows = new Map();
const problems = [];
function record(server, figure, unit, value, target) {
  const row = rows.get(figure) ?? { figure, unit, target };
  row[server.name] = value;
  rows.set(figure, row);
  process.stderr.write(`${server.name}: ${figure}: ${shown(value, unit)}\n`);
}

try {
  for (const server of servers) await server.create();
  const wanted = options.scenarios === '' ? null : options.scenarios.split(',');
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (wanted !== null && !scenario.always && !wanted.includes(name)) continue;
    for (const server of servers) {
      try {
        await scenario.run(server, size, (...args) => record(server, ...args), join(resolve(options.build), 'tests/bench/bl-bench-load'));
      } catch (error) {
        if (scenario.always) throw error;
        problems.push(`${server.name}: ${name}: ${error.message}`);
        process.stderr.write(`${problems.at(-1)}\n`);
      }
    }
  }
} finally {
  for (const server of servers) await server.stop().catch((error) => problems.push(`${server.name}: ${error.message}`));
}

print([...rows.values()], 'MeshCentral');
for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
if (options.json !== '') {
  writeFileSync(options.json, `${JSON.stringify({ date: new Date().toISOString(), cpu: cpus()[0].model, cores: cpus().length,
    agents: size.agents, rows: [...rows.values()], problems }, null, 2)}\n`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
