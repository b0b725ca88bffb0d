#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The one step of meshctrl that installation scripts take: a device group on the server of this machine. Everything else is
// done by MeshCentral's own meshctrl.js, which works with this server.
'use strict';
const { run } = require('./program.js');

const args = process.argv.slice(2);
const command = args.find((arg) => /^adddevicegroup$/i.test(arg));
const at = args.indexOf('--name');
if (!command || at < 0 || !args[at + 1]) {
  console.error('meshctrl: only "AddDeviceGroup --name NAME" is done here; for all other commands use the meshctrl.js of MeshCentral'
    + " (npm package meshcentral) with this server's --url");
  process.exit(1);
}
let answer = '';
const child = run(['--adddevicegroup', args[at + 1]], { stdio: ['ignore', 'pipe', 'inherit'],
  done: (code) => { if (code === 0) console.log(`ok ${answer.trim()}`); process.exit(code); } });
child.stdout.on('data', (data) => { answer += data; });
