// SPDX-License-Identifier: Apache-2.0
// Installs the page's build dependencies into the build directory, so that the
// source tree stays clean and one clone can have several builds.
// Usage: deps.mjs SOURCE_DIR BUILD_DIR STAMP
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [source, build, stamp] = process.argv.slice(2);
if (!stamp) {
  console.error('usage: deps.mjs SOURCE_DIR BUILD_DIR STAMP');
  process.exit(2);
}

for (const name of ['package.json', 'package-lock.json'])
  copyFileSync(join(source, name), join(build, name));

// Node.js and TypeScript resolve packages upwards from a file's own directory:
// through these links the sources are seen beside the packages.
for (const name of ['src', 'tests', 'tools', 'tsconfig.json']) {
  const link = join(build, name);
  if (existsSync(link) && lstatSync(link).isSymbolicLink()) rmSync(link);
  if (!existsSync(link)) symlinkSync(join(source, name), link);
}

// No package of ours needs an install script, so none is run.
const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'],
  { cwd: build, stdio: ['ignore', 'inherit', 'inherit'] });
if (result.error || result.status !== 0) {
  console.error(`web: "npm ci" failed in ${build}: ${result.error?.message ?? `exit status ${result.status}`}`);
  console.error('web: the page needs the npm registry or a filled npm cache; configure with -Dweb=false to leave it out');
  process.exit(1);
}
writeFileSync(stamp, '');
