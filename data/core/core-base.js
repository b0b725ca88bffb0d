// SPDX-License-Identifier: Apache-2.0
// What every part of the core uses: the host's modules, sending, rights, small helpers.
// Plain ES5: the oldest engine that runs this is Duktape 2.6.

var BL_CORE_VERSION = 1;

var blAgent = require('MeshAgent');
var blFs = require('fs');
var blOs = require('os');
var blHttp = require('http');
var blChild = require('child_process');
var blWindows = process.platform == 'win32';

// Rights as the server states them in every message of a user.
var BL_RIGHT = {
    CONTROL: 8, CONSOLE: 16, WAKE: 64, VIEW_ONLY: 256, NO_TERMINAL: 512, NO_FILES: 1024,
    CHAT: 16384, NO_DESKTOP: 65536, COMMANDS: 131072, POWER: 262144, RELAY: 0x200000
};
var BL_RIGHTS_ALL = 4294967295;

// Limits on what peers make us do.
var BL_LIMIT = {
    tunnels: 100, directoryEntries: 20000, found: 10000, depth: 64, outputBytes: 200000,
    commandSeconds: 600, consolePerSecond: 8, blocksInFlight: 32, jsonBytes: 1048576
};

// A module of the host, or null: which ones exist depends on the agent's build.
function blModule(name) {
    try { return require(name); } catch (e) { return null; }
}

function blMayAll(rights) { return rights === BL_RIGHTS_ALL; }

// RIGHTS grant BIT. Full rights are a number with every bit set.
function blMay(rights, bit) {
    return typeof rights == 'number' && (rights & bit) != 0;
}

// RIGHTS carry the restriction BIT; full rights carry none.
function blRestricted(rights, bit) {
    return !blMayAll(rights) && blMay(rights, bit);
}

function blSend(object) {
    try { blAgent.SendCommand(object); } catch (e) { /* not connected: nobody to tell */ }
}

// The agent drops console messages beyond a rate, so they leave in a paced queue.
var blConsoleQueue = [];
var blConsoleTimer = null;

function blConsolePump() {
    blConsoleTimer = null;
    if (blConsoleQueue.length == 0) { return; }
    blSend(blConsoleQueue.shift());
    blConsoleTimer = setTimeout(blConsolePump, Math.ceil(1000 / BL_LIMIT.consolePerSecond));
}

function blConsole(text, sessionid) {
    if (blConsoleQueue.length >= 100) { blConsoleQueue.shift(); }
    blConsoleQueue.push({ action: 'msg', type: 'console', value: blCut(text), sessionid: sessionid });
    if (blConsoleTimer == null) { blConsolePump(); }
}

function blCut(text) {
    var s = String(text);
    return s.length > BL_LIMIT.outputBytes ? s.substring(0, BL_LIMIT.outputBytes) + '\n(cut)' : s;
}

// Answers MESSAGE of a user with FIELDS.
function blReply(message, fields) {
    var answer = { action: 'msg', type: message.type, sessionid: message.sessionid };
    var key;
    if (message.tag !== undefined) { answer.tag = message.tag; }
    for (key in fields) { answer[key] = fields[key]; }
    blSend(answer);
}

function blLog(message, msgid, args, text) {
    blSend({
        action: 'log', msg: text, msgid: msgid, msgArgs: args, userid: message.userid,
        username: message.username, sessionid: message.sessionid, remoteaddr: message.remoteaddr,
        guestname: message.guestname
    });
}

// JSON.parse() for text of a peer: null when it is malformed, no object, or too large.
function blParse(text) {
    var value;
    if (typeof text != 'string' || text.length > BL_LIMIT.jsonBytes) { return null; }
    try { value = JSON.parse(text); } catch (e) { return null; }
    return value != null && typeof value == 'object' ? value : null;
}

// One name inside a folder: no separators, not the folder itself or its parent.
function blIsName(name) {
    return typeof name == 'string' && name.length > 0 && name.length < 1024 && name != '.' && name != '..' &&
        name.indexOf('/') < 0 && name.indexOf('\0') < 0 && !(blWindows && name.indexOf('\\') >= 0);
}

// An absolute path of this system from a peer's text, or null.
function blPath(text) {
    if (typeof text != 'string' || text.length > 4096 || text.indexOf('\0') >= 0) { return null; }
    if (blWindows) { return text.split('/').join('\\'); }
    return text.charAt(0) == '/' ? text : '/' + text;
}

function blJoin(folder, name) {
    var separator = blWindows ? '\\' : '/';
    return folder.charAt(folder.length - 1) == separator ? folder + name : folder + separator + name;
}

function blStat(path) {
    try { return blFs.statSync(path); } catch (e) { return null; }
}

function blReadText(path) {
    try { return blFs.readFileSync(path).toString().trim(); } catch (e) { return null; }
}

// The engine collects what nobody refers to, even a running child or timer.
var blHeld = {};
var blHeldNext = 1;

function blHold(object) {
    blHeld[blHeldNext] = object;
    return blHeldNext++;
}

function blRelease(key) { delete blHeld[key]; }

// Runs PROGRAM with ARGV (argv[0] included) and calls DONE (code, output) once. At most
// the limit of output is kept; a command that takes longer than SECONDS is ended.
function blRun(program, argv, options, seconds, done) {
    var job = { child: null, timer: null }, output = '', finished = false, key = blHold(job);
    function finish(code) {
        if (finished) { return; }
        finished = true;
        blRelease(key);
        if (job.timer != null) { clearTimeout(job.timer); }
        done(code, output);
    }
    function collect(data) {
        if (output.length < BL_LIMIT.outputBytes) { output = blCut(output + data.toString()); }
    }
    try { job.child = blChild.execFile(program, argv, options); } catch (e) { job.child = null; }
    if (job.child == null) { finish(-1); return null; }
    job.child.stdout.on('data', collect);
    job.child.stderr.on('data', collect);
    // Output may still be on its way when the exit is told.
    job.child.on('exit', function (code) {
        job.rest = setTimeout(function () { finish(code); }, 100);
    });
    job.timer = setTimeout(function () { try { job.child.kill(); } catch (e) { /* gone */ } finish(-1); }, seconds * 1000);
    return job.child;
}

// The signed-in user at the screen: their number, or null when there is none.
function blConsoleUser() {
    try { return blModule('user-sessions').consoleUid(); } catch (e) { return null; }
}

function blIsRoot() {
    try { return blModule('user-sessions').isRoot(); } catch (e) { return false; }
}

function blFirstExisting(paths) {
    for (var i = 0; i < paths.length; i++) { if (blFs.existsSync(paths[i])) { return paths[i]; } }
    return null;
}

function blRepeat(text, count) {
    var result = '';
    for (var i = 0; i < count; i++) { result += text; }
    return result;
}

function blPad(text, width) {
    var s = String(text);
    return s.length >= width ? s : s + blRepeat(' ', width - s.length);
}
