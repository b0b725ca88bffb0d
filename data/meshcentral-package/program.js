// SPDX-License-Identifier: Apache-2.0
// Runs the program "meshcentral" on the data folder that belongs to this place: beside node_modules.
'use strict';
const { spawn } = require('child_process');
const { existsSync } = require('fs');
const { join } = require('path');

const places = [process.env.BOWLINE_MESHCENTRAL, '/usr/sbin/meshcentral', '/usr/local/sbin/meshcentral'];

exports.run = (args, { stdio = 'inherit', done = (code) => process.exit(code) } = {}) => {
  const program = places.find((path) => path && existsSync(path));
  if (!program) {
    console.error('meshcentral: the program is not installed; BOWLINE_MESHCENTRAL may say where it is');
    process.exit(1);
  }
  const child = spawn(program, ['--datapath', join(__dirname, '..', '..', 'meshcentral-data'), ...args], { stdio });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => { console.error(`meshcentral: ${error.message}`); process.exit(1); });
  child.on('close', (code) => done(code === null ? 1 : code));
  return child;
};
