// SPDX-License-Identifier: Apache-2.0
// Runs inside a MeshAgent program for Linux, BSD or macOS that was fetched for one device group: the server puts this script
// behind the program, with the group's settings in it. The program can then be started by hand and installs itself, or
// connects for as long as it runs. Plain ES5 for the agent's engine.
var settings = '@SETTINGS@';

var program = process.execPath.split('/').pop();
var flags = parseInt(settings.InstallFlags || 3); // 1: connecting is offered, 2: installing is offered
var service = settings.meshServiceName || 'meshagent';
var title = settings.displayName || 'Mesh Agent';

function given(word) { return process.argv.indexOf(word) > 0; }

function installed() {
  try { return require('service-manager').manager.getService(service); } catch (e) { return null; }
}

function stop(text) {
  console.log(text);
  process.exit();
}

function quoted(key, value) { return '--' + key + '="' + value + '"'; }

// Runs this program again without this script, and waits for its end.
function again(words) {
  var child = require('child_process').execFile(process.execPath, [program, '--no-embedded=1'].concat(words));
  var show = function (data) { process.stdout.write(data.toString()); };
  child.stdout.on('data', show);
  child.stderr.on('data', show);
  child.waitExit();
}

function install() {
  var text = '';
  var words = ['-fullinstall', '--copy-msh=1'];
  for (var key in settings) { text += key + '=' + settings[key] + '\n'; }
  require('fs').writeFileSync(process.execPath + '.msh', text);
  ['meshServiceName', 'displayName', 'companyName'].forEach(function (key) {
    if (settings[key]) { words.push(quoted(key, settings[key])); }
  });
  for (var i = 1; i < process.argv.length; ++i) {
    var word = process.argv[i];
    if (word.indexOf('--installPath=') == 0) { word = quoted('installPath', word.substring(14).split('"').join('')); }
    if (word.indexOf('--') == 0) { words.push(word); }
  }
  again(words);
}

function uninstall() { again(['-fulluninstall', quoted('meshServiceName', service)]); }

function connect() {
  var words = [program, '--no-embedded=1', '--disableUpdate=1', quoted('AgentCapabilities', '0x00000020')];
  var passed = ['MeshName', 'MeshType', 'MeshID', 'ServerID', 'MeshServer', 'displayName', 'agentName', 'Tag'];
  passed.forEach(function (key) { if (settings[key]) { words.push(quoted(key, settings[key])); } });
  global.running = require('child_process').execFile(process.execPath, words);
  global.running.stdout.on('data', function () { });
  global.running.stderr.on('data', function () { });
  global.running.on('exit', function (code) { process.exit(code); });
  console.log('Connecting to ' + settings.MeshServer + ' in group ' + settings.MeshName + '. Ctrl-C ends it.');
}

function usage() {
  var lines = ['Usage:'];
  if (flags & 1) { lines.push('  ./' + program + ' -connect                       connect until it is ended'); }
  if (flags & 2) {
    lines.push('  ./' + program + ' -install [--installPath=DIR]   install as a service (as root)');
    lines.push('  ./' + program + ' -update                        install this version over an older one (as root)');
    lines.push('  ./' + program + ' -uninstall                     remove the service (as root)');
  }
  lines.push('  ./' + program + ' -mesh                          show the settings');
  return lines.join('\n');
}

// A window with buttons, where the desktop has a program for it.
function ask() {
  var box = require('message-box');
  var present = installed();
  var buttons = ['Cancel'];
  if (!box.kdialog && !(box.zenity && box.zenity.extra) && process.platform != 'darwin') { stop(usage()); }
  if ((flags & 2) && require('user-sessions').isRoot()) {
    if (present) { buttons.unshift('Uninstall'); }
    buttons.unshift(present ? 'Update' : 'Install');
  }
  if (flags & 1) { buttons.unshift('Connect'); }
  box.create(title, 'Group: ' + settings.MeshName + '\nServer: ' + settings.MeshServer + '\nService: '
    + (present ? 'installed' : 'not installed'), 99999, buttons).then(function (answer) {
    if (answer == 'Connect') { connect(); return; }
    if (answer == 'Install' || answer == 'Update') { install(); }
    if (answer == 'Uninstall') { uninstall(); }
    process.exit();
  }, function () { process.exit(); });
}

function needRoot() {
  if (!require('user-sessions').isRoot()) { stop('This needs root; try: sudo ./' + program + ' ' + process.argv[1]); }
}

if (!settings.MeshServer) { stop('This program holds no settings of a device group.'); }
if (given('-mesh')) { stop(JSON.stringify(settings, null, 2)); }
if (given('-help')) { stop(usage()); }
if (given('-connect') && (flags & 1)) {
  connect();
} else if ((given('-install') || given('-update')) && (flags & 2)) {
  needRoot();
  install();
  process.exit();
} else if (given('-uninstall')) {
  needRoot();
  uninstall();
  process.exit();
} else if (process.argv.length > 1 || (process.platform == 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)) {
  stop(usage());
} else {
  ask();
}
