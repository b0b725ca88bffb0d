// SPDX-License-Identifier: Apache-2.0
// Bundles tests/*.test.ts and runs them under Node's own test runner.
// Usage: test.mjs --source DIR --build DIR [--only NAME]
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';

const { values: opt } = parseArgs({ options: {
  source: { type: 'string', default: '.' }, build: { type: 'string', default: '.' }, only: { type: 'string', default: '' },
} });
const source = resolve(opt.source);
const build = resolve(opt.build);
const out = join(build, 'node_modules', '.test-bundles');

rmSync(out, { recursive: true, force: true });
const names = readdirSync(join(source, 'tests')).filter((n) => n.endsWith('.test.ts') && n.startsWith(opt.only));
await esbuild.build({
  entryPoints: names.map((n) => join(source, 'tests', n)), outdir: out, outExtension: { '.js': '.mjs' },
  bundle: true, platform: 'node', format: 'esm', target: 'node18', packages: 'external', jsx: 'automatic',
  nodePaths: [join(build, 'node_modules')], logLevel: 'warning', sourcemap: 'inline', loader: { '.css': 'empty' },
  // Node.js 18 has it, but not yet as a global.
  banner: { js: "import { webcrypto as blCrypto } from 'node:crypto'; globalThis.crypto ??= blCrypto;" },
});

const files = readdirSync(out).map((n) => join(out, n));
const result = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, BL_WEB_SOURCE: source, BL_WEB_BUILD: build, NODE_OPTIONS: '--enable-source-maps' },
});
process.exit(result.status ?? 1);
