// SPDX-License-Identifier: Apache-2.0
// Devices: lists, changes, commands, files, shares. How a row is read: rows.mjs.
// No row tells a connected agent to switch off, sleep or wake: it is a real one, on the machine that tests.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCESS, DEVICE, UNKNOWN } from './reasons.mjs';

const NOTHING = `node//${'A'.repeat(64)}`;
const NO_GROUP = `mesh//${'A'.repeat(64)}`;
const AMT = { unavailable: 'Intel AMT', ours: /^This power action is not available on this server$/ };
const TWICE = 'the original answers twice, first without a result';
const LOCAL = 'it is done in WAN-only operation too';
/** What a core script writes, and the sessions it takes part in, have words and times of their own. */
const withoutAgents = (text) => text.split('\n').filter((l) => !/"(agentlog|relaylog)"/.test(l)).join('\n');
/** Members of objects as Node prints them: neither their order nor the commas between them say anything. */
const members = (text) => text.split('\n').map((l) => l.replace(/,$/, '')).join('\n');
const share = (name) => ({ capture: { [name]: /ID: (\S+)/ } });

/** Of a terminal only that the command ran counts: prompts and colours are the shell's. */
function terminal(text) {
  const lines = text.split(/[\r\n]+/).map((l) => l.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').trim());
  return lines.filter((l) => ['Connecting...', 'Waiting for Agent...', 'Connected.', 'answer 42', 'Connection Closed.'].includes(l)).join('\n');
}

/** Types a command when the session is there, and ends the shell when it has been answered. */
function typist(child) {
  let seen = '';
  let step = 0;
  child.stdout.on('data', (data) => {
    seen += data;
    if (step === 0 && /Connected\.\r?\n[\s\S]*[#$>]/.test(seen)) { step = 1; child.stdin.write('echo answer $((6*7))\r'); }
    if (step === 1 && /answer 42/.test(seen)) { step = 2; child.stdin.write('exit\r'); }
  });
}

/** Whether the file that came back is the one that was sent. */
const isBack = (name) => (text, peer) => {
  const path = join(peer.scratch, name);
  const same = existsSync(path) && readFileSync(path).equals(readFileSync(join(peer.scratch, 'up.bin')));
  return `${text}\n${same ? 'the same bytes' : 'other bytes'}`;
};

export const stages = [
  {
    title: 'Lists of devices',
    together: true,
    before: async (peer) => {
      await peer.startAgent('lab');
      const device = await peer.waitForDevice();
      peer.keep('device', device._id);
    },
    rows: [
      ['ListDevices', []],
      ['ListDevices', ['--json'], { json: true, ...DEVICE }],
      ['ListDevices', ['--csv']],
      ['ListDevices', ['--count']],
      ['ListDevices', ['--group', 'Lab']],
      ['ListDevices', ['--id', '$labId']],
      ['ListDevices', ['--id', '$lab', '--json'], { json: true, ...DEVICE }],
      ['ListDevices', ['--group', 'none'], { about: 'unknown name' }],
      ['ListDevices', ['--id', NO_GROUP], { about: 'unknown group' }],
      ['ListDevices', ['--id', '$office'], { about: 'an empty group' }],
      ['ListDevices', ['--filter', 'group:lab']],
      ['ListDevices', ['--filter', 'os:linux and ip:127']],
      ['ListDevices', ['--filter', 'group:office'], { about: 'nothing fits' }],
      ['ListDevices', ['--filterid', '$device']],
      ['ListDevices', [], { as: 'dana', about: 'with remote control only' }],
      ['ListDevices', ['--json'], { as: 'dana', json: true, ...DEVICE }],
      ['ListDevices', [], { as: 'limited', about: 'sees none' }],
      ['ListDevices', ['--id', '$lab'], { as: 'limited', about: 'without the right' }],
      ['ListDevices', ['--details', '--json'], { json: true, ...DEVICE, drop: [...DEVICE.drop, '_id', 'addr', 'domain', 'type'] }],
      ['ListDevices', ['--details', '--csv'], { deliberate: DEVICE.deliberate, ours: /^id,name,rname,host,[^\n]*\n"<device>","<device-name>","<device-name>","127\.0\.0\.1",1,/ }],
      ['DeviceInfo', ['--id', '$device'], DEVICE],
      ['DeviceInfo', ['--id', '$device', '--json'], { json: true, ...DEVICE }],
      ['DeviceInfo', ['--id', '$device', '--raw'], { json: true, deliberate: DEVICE.deliberate, ours: /"hardware": \{/ }],
      ['DeviceInfo', ['--id', '$deviceId'], { about: 'a bare id', ...DEVICE }],
      ['DeviceInfo', ['--id', NOTHING], { about: 'unknown device' }],
      ['DeviceInfo', ['--id', '$device'], { as: 'limited', about: 'without the right' }],
      ['DeviceInfo', ['--id', '$device'], { as: 'dana', about: 'without the right to details' }],
    ],
  },
  {
    title: 'Changes of devices',
    settles: true,
    rows: [
      ['EditDevice', ['--id', '$device', '--desc', 'front desk', '--tags', 'a,b', '--icon', '3', '--consent', '7']],
      ['EditDevice', ['--id', '$deviceId', '--name', 'renamed'], { about: 'a bare id' }],
      ['ListDevices', ['--json'], { json: true, about: 'after these changes', ...DEVICE }],
      ['ListDevices', ['--filter', 'tag:a']],
      ['ListDevices', ['--filter', 'desc:front']],
      ['DeviceInfo', ['--id', '$device'], { about: 'after these changes', ...DEVICE }],
      ['EditDevice', ['--id', '$device', '--desc', '--tags'], { about: 'takes them away' }],
      ['EditDevice', ['--id', '$device', '--tags', 'one'], { about: 'one tag' }],
      ['EditDevice', ['--id', '$device', '--icon', '9'], { about: 'no such icon' }],
      ['EditDevice', ['--id', '$device'], { about: 'changes nothing', silent: true }],
      ['EditDevice', ['--id', NOTHING, '--desc', 'x'], { about: 'unknown device', silent: true }],
      ['EditDevice', ['--id', '$device', '--desc', 'x'], { as: 'dana', about: 'without the right', silent: true }],
      ['AddUserToDevice', ['--id', '$device', '--userid', 'limited', '--remotecontrol', '--notes']],
      ['AddUserToDevice', ['--id', '$deviceId', '--userid', 'manager', '--fullrights'], { about: 'a bare id' }],
      ['AddUserToDevice', ['--id', '$device', '--userid', 'nobody', '--remotecontrol'], { about: 'unknown account' }],
      ['AddUserToDevice', ['--id', NOTHING, '--userid', 'limited', '--remotecontrol'], { about: 'unknown device', silent: true }],
      ['AddUserToDevice', ['--id', '$device', '--userid', 'manager', '--remotecontrol'], { as: 'limited', about: 'without the right', silent: true }],
      ['ListDevices', ['--json'], { as: 'limited', json: true, about: 'with rights on one device', ...DEVICE }],
      ['UserInfo', [], { as: 'limited', about: 'with rights on one device', ...ACCESS }],
      ['RemoveUserFromDevice', ['--id', '$device', '--userid', 'manager']],
      ['RemoveUserFromDevice', ['--id', '$device', '--userid', 'manager'], { about: 'who is not on it' }],
      ['RemoveUserFromDevice', ['--id', '$device', '--userid', 'nobody'], { about: 'unknown account' }],
      ['RemoveUserFromDevice', ['--id', NOTHING, '--userid', 'manager'], { about: 'unknown device', silent: true }],
      ['RemoveUserFromDevice', ['--id', '$device', '--userid', 'limited']],
      ['MoveToDeviceGroup', ['--devid', '$device', '--id', '$office']],
      ['MoveToDeviceGroup', ['--devid', '$device', '--id', '$office'], { about: 'where it is' }],
      ['MoveToDeviceGroup', ['--devid', '$deviceId', '--group', 'Lab'], { about: 'a bare id, by name' }],
      ['MoveToDeviceGroup', ['--devid', NOTHING, '--id', '$office'], { about: 'unknown device' }],
      ['MoveToDeviceGroup', ['--devid', '$device', '--id', NO_GROUP], { about: 'unknown group', ...UNKNOWN }],
      ['MoveToDeviceGroup', ['--devid', '$device', '--group', 'none'], { about: 'unknown name' }],
      ['MoveToDeviceGroup', ['--devid', '$device', '--id', '$amt'],
        { about: 'a group of another kind', silent: true, deliberate: 'it is answered', ours: /^Device groups are of different types$/ }],
      ['MoveToDeviceGroup', ['--devid', '$device', '--id', '$own'], { as: 'limited', about: 'without the right', deliberate: UNKNOWN.deliberate, ours: /^Device not found$/ }],
      ['AddLocalDevice', ['--id', '$lab', '--devicename', 'printer', '--hostname', '192.0.2.1'], { about: 'a group of another kind' }],
      ['AddLocalDevice', ['--id', NO_GROUP, '--devicename', 'printer', '--hostname', '192.0.2.1'], { about: 'unknown group', deliberate: 'the original stumbles over it', ours: /^Unknown device group$/ }],
      ['AddAmtDevice', ['--id', '$amt', '--devicename', 'vpro', '--hostname', '192.0.2.2', '--user', 'admin', '--pass', 'P@ssw0rd'], { silent: true, deliberate: LOCAL, ours: /^ok$/ }],
      ['AddAmtDevice', ['--id', '$lab', '--devicename', 'vpro', '--hostname', '192.0.2.2', '--user', 'admin', '--pass', 'P@ssw0rd'], { about: 'a group of another kind', silent: true, deliberate: LOCAL, ours: /^Intel AMT agentless mesh only allowed$/ }],
    ],
  },
  {
    title: 'Work on devices',
    rows: [
      ['RunCommand', ['--id', '$device', '--run', 'echo hello $((6*7))', '--reply']],
      ['RunCommand', ['--id', '$deviceId', '--run', 'echo hello', '--reply'], { about: 'a bare id' }],
      ['RunCommand', ['--id', '$device', '--run', 'true']],
      ['RunCommand', ['--id', '$device', '--run', 'echo out; echo err >&2; exit 3', '--reply'], { about: 'errors and a status', deliberate: 'what a command writes to its error output is shown', ours: /^out\nerr$/ }],
      ['RunCommand', ['--id', '$device', '--run', 'echo x', '--powershell'], { about: 'PowerShell on Linux' }],
      ['RunCommand', ['--id', '$device', '--run', 'true', '--runasuseronly'], { about: 'nobody is logged in' }],
      ['RunCommand', ['--id', NOTHING, '--run', 'true'], { about: 'unknown device' }],
      ['RunCommand', ['--id', NOTHING, '--run', 'true', '--reply'], { about: 'unknown device, with output' }],
      ['RunCommand', ['--id', '$device', '--run', 'true'], { as: 'dana', about: 'without the right' }],
      ['RunCommand', ['--id', '$device', '--run', 'true', '--reply'],
        { as: 'limited', about: 'sees it not', deliberate: UNKNOWN.deliberate, ours: /^Invalid nodeid$/ }],
      ['Shell', ['--id', '$deviceId'], { session: true, pty: true, input: typist, reduce: terminal }],
      ['Upload', ['--id', '$deviceId', '--file', 'up.bin', '--target', '$there'], { session: true }],
      ['Upload', ['--id', '$deviceId', '--file', 'up.bin', '--target', '/nonexistent/x'], { session: true, about: 'no such directory' }],
      ['Upload', ['--id', '$deviceId', '--file', 'missing', '--target', '$there'], { about: 'no such file' }],
      ['Download', ['--id', '$deviceId', '--file', '$there/up.bin', '--target', 'down.bin'], { session: true, after: isBack('down.bin') }],
      ['Download', ['--id', '$deviceId', '--file', '$there/none', '--target', 'none.bin'], { session: true, about: 'no such file' }],
      ['Upload', ['--id', '$deviceId', '--file', 'up.bin', '--target', '$there'], { as: 'limited', about: 'sees it not', silent: true }],
      ['DeviceMessage', ['--id', '$device', '--msg', 'hello', '--title', 'T', '--timeout', '1000']],
      ['DeviceMessage', ['--id', '$deviceId', '--msg', 'hello', '--timeout', '1000'], { about: 'a bare id' }],
      ['DeviceMessage', ['--id', NOTHING, '--msg', 'hello'], { about: 'unknown device' }],
      ['DeviceMessage', ['--id', '$device', '--msg', 'hello'],
        { as: 'limited', about: 'sees it not', deliberate: 'the original says OK and does nothing', ours: /^Unable to route$/ }],
      ['DeviceToast', ['--id', '$device', '--msg', 'hello', '--title', 'T']],
      ['DeviceToast', ['--id', NOTHING, '--msg', 'hello'], { about: 'unknown device' }],
      ['DeviceToast', ['--id', '$device', '--msg', 'hello'], { as: 'dana', about: 'without the right' }],
      ['DeviceToast', ['--id', '$device', '--msg', 'hello'], { as: 'limited', about: 'sees it not' }],
      ['DeviceOpenUrl', ['--id', '$device', '--openurl', 'http://127.0.0.1:9/']],
      ['DeviceOpenUrl', ['--id', NOTHING, '--openurl', 'http://127.0.0.1:9/'], { about: 'unknown device' }],
      ['GroupMessage', ['--id', '$lab', '--msg', 'hello', '--timeout', '1000']],
      ['GroupMessage', ['--id', '$office', '--msg', 'hello'], { about: 'an empty group' }],
      ['GroupMessage', ['--id', NO_GROUP, '--msg', 'hello'], { about: 'unknown group' }],
      ['GroupToast', ['--id', '$lab', '--msg', 'hello']],
      ['GroupToast', ['--id', '$office', '--msg', 'hello'], { about: 'an empty group', silent: true }],
      ['GroupToast', ['--id', NO_GROUP, '--msg', 'hello'], { about: 'unknown group', silent: true }],
      ['AgentDownload', ['--id', '$labId', '--type', '6'], { cwd: 'download' }],
      ['AgentDownload', ['--id', '$labId', '--type', '9999'], { about: 'no such agent', cwd: 'download' }],
      ['AgentDownload', ['--id', 'A'.repeat(64), '--type', '3'], { about: 'unknown group', cwd: 'download' }],
    ],
    before: async (peer) => {
      await peer.over(async (control) => { // what only one of the two made
        const made = Object.values((await control.ask({ action: 'nodes' })).nodes).flat().filter((d) => d.name === 'vpro');
        if (made.length > 0) await control.ask({ action: 'removedevices', nodeids: made.map((d) => d._id) });
      });
      const there = join(peer.scratch, 'device');
      mkdirSync(there);
      mkdirSync(join(peer.scratch, 'download'));
      writeFileSync(join(peer.scratch, 'up.bin'), Buffer.alloc(300000, 'bowline'));
      peer.values.set('there', there);
    },
  },
  {
    title: 'Shares',
    rows: [
      ['DeviceSharing', ['--id', '$device'], { about: 'none yet' }],
      ['DeviceSharing', ['--id', '$device', '--add', 'Guest', '--type', 'desktop,terminal', '--consent', 'prompt'], share('shareA')],
      ['DeviceSharing', ['--id', '$device', '--add', 'Viewer', '--type', 'desktop', '--viewonly', '--duration', '30', '--consent', 'none'], share('shareB')],
      ['DeviceSharing', ['--id', '$device', '--add', 'Later', '--type', 'files', '--start', '2031-03-04T10:00:00Z', '--end', '2031-03-04T11:00:00Z'], share('shareC')],
      ['DeviceSharing', ['--id', '$device', '--add', 'Daily', '--daily', '--duration', '15'], share('shareD')],
      ['DeviceSharing', ['--id', '$device', '--add', 'Weekly', '--weekly', '--start', '2031-03-04T10:00:00Z'], share('shareE')],
      ['DeviceSharing', ['--id', '$deviceId', '--add', 'Bare'], { about: 'a bare id', ...share('shareG') }],
      ['DeviceSharing', ['--id', '$device']],
      ['DeviceSharing', ['--id', '$device', '--json'],
        { reduce: members, lines: true, deliberate: 'a share without a port has none', except: [/^ *port: null$/gm] }],
      ['DeviceSharing', ['--id', NOTHING], { about: 'unknown device', silent: true }],
      ['DeviceSharing', ['--id', NOTHING, '--add', 'Guest'], { about: 'unknown device' }],
      ['DeviceSharing', ['--id', '$device', '--add', 'Guest'], { as: 'dana', about: 'without the right' }],
      ['DeviceSharing', ['--id', '$device'], { as: 'limited', about: 'sees it not', deliberate: UNKNOWN.deliberate, ours: /^Invalid node id$/ }],
      ['DeviceSharing', ['--id', '$device', '--add', 'x'.repeat(200)], { about: 'a long name' }],
      ['DeviceSharing', ['--id', '$device', '--remove', '$shareA'], { as: 'dana', about: 'without the right' }],
      ['DeviceSharing', ['--id', '$device', '--remove', '$shareA'], { deliberate: TWICE, ours: /^OK$/ }],
      ['DeviceSharing', ['--id', '$device', '--remove', 'none'], { about: 'unknown share', deliberate: TWICE, ours: /^Invalid device share identifier\.$/ }],
      ['DeviceSharing', ['--id', '$device'], { about: 'what is left' }],
      ['DeviceSharing', ['--id', '$device', '--add', 'Web', '--type', 'http', '--port', '8080'],
        { ...share('shareF'), unavailable: 'web relay', ours: /^Sharing web pages of a device is not available$/ }],
      ['WebRelay', ['--id', '$device', '--type', 'ftp'], { about: 'a kind that is none' }],
    ],
  },
];

/** After the agent has gone. */
export const offline = [
  {
    title: 'Devices that are offline',
    before: async (peer) => { await peer.stopAgent(); },
    rows: [
      ['ListDevices', [], { about: 'offline' }],
      ['DeviceInfo', ['--id', '$device'], { about: 'offline', ...DEVICE }],
      ['RunCommand', ['--id', '$device', '--run', 'true'], { about: 'offline' }],
      ['RunCommand', ['--id', '$device', '--run', 'true', '--reply'], { about: 'offline, with output' }],
      ['DeviceMessage', ['--id', '$device', '--msg', 'hello'], { about: 'offline' }],
      ['DeviceToast', ['--id', '$device', '--msg', 'hello'], { about: 'offline' }],
      ['DeviceOpenUrl', ['--id', '$device', '--openurl', 'http://127.0.0.1:9/'], { about: 'offline' }],
      ['DevicePower', ['--id', '$device', '--off'], { about: 'offline' }],
      ['DevicePower', ['--id', '$device', '--reset'], { about: 'offline' }],
      ['DevicePower', ['--id', '$device', '--sleep'], { about: 'offline' }],
      ['DevicePower', ['--id', '$device', '--amton'], { about: 'Intel AMT', ...AMT }],
      ['DevicePower', ['--id', '$device', '--amtoff'], { about: 'Intel AMT', ...AMT }],
      ['DevicePower', ['--id', '$device', '--amtreset'], { about: 'Intel AMT', ...AMT }],
      ['DevicePower', ['--id', '$device', '--wake'], { about: 'no other agent is near' }],
      ['DevicePower', ['--id', `$device,${NOTHING}`, '--wake'], { about: 'two devices' }],
      ['DevicePower', ['--id', NOTHING, '--wake'], { about: 'unknown device' }],
      ['DevicePower', ['--id', NOTHING, '--off'], { about: 'unknown device' }],
      ['DevicePower', ['--id', '$device'], { about: 'nothing to do' }],
      ['DevicePower', ['--id', '$device', '--off'], { as: 'dana', about: 'without the right' }],
      ['DevicePower', ['--id', '$device', '--wake'], { as: 'limited', about: 'sees it not' }],
      ['ListEvents', ['--id', '$device', '--limit', '100'], { about: 'of a device', reduce: withoutAgents,
        deliberate: 'the first connection is told, changes of tags are named, and a share of web pages is not available',
        except: [/^.*device share Web with.*$/gm, /^.*"Changed device .*$/gm, /^.*"addnode".*$/gm] }],
      ['RemoveDevice', ['--id', '$device'], { as: 'dana', about: 'without the right' }],
      ['RemoveDevice', ['--id', NOTHING], { about: 'unknown device' }],
      ['RemoveDevice', ['--id', '$deviceId'], { about: 'a bare id' }],
      ['RemoveDevice', ['--id', '$device'], { about: 'once more' }],
      ['ListDevices', [], { about: 'none is left' }],
    ],
  },
];
