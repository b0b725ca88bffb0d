// SPDX-License-Identifier: Apache-2.0
// Requests of the server and its users besides tunnels. Each handler re-checks the rights
// that came with the message; what is unknown is ignored.

function blControls(message) { return blMay(message.rights, BL_RIGHT.CONTROL); }

var BL_MESSAGES = {
    console: function (m) {
        if (blControls(m) && blMay(m.rights, BL_RIGHT.CONSOLE) && typeof m.value == 'string') { blConsoleCommand(m); }
    },
    tunnel: blTunnelOpen,
    endtunnel: blTunnelEndMatching,
    ps: function (m) {
        if (!blControls(m)) { return; }
        blProcesses(function (list) { blReply(m, { value: JSON.stringify(list) }); });
    },
    psinfo: function (m) {
        var info = null;
        if (!blControls(m)) { return; }
        try { info = require('process-manager').getProcessInfo(m.pid); } catch (e) { info = null; }
        if (info != null) { blReply(m, { pid: m.pid, value: info }); }
    },
    pskill: blProcessKill,
    services: function (m) { if (blControls(m)) { blServices(m); } },
    service: function (m) { if (blControls(m)) { blService(m, null); } },
    serviceStop: function (m) { if (blControls(m)) { blService(m, 'stop'); } },
    serviceStart: function (m) { if (blControls(m)) { blService(m, 'start'); } },
    serviceRestart: function (m) { if (blControls(m)) { blService(m, 'restart'); } },
    getclip: function (m) { if (blControls(m)) { blClipboardRead(m); } },
    setclip: function (m) { if (blControls(m) && typeof m.data == 'string') { blClipboardWrite(m); } },
    openUrl: function (m) {
        if (blControls(m) && blIsWebUrl(m.url)) { blReply(m, { url: m.url, success: blOpenLocally(m.url) }); }
    },
    // Scripts of administrators need a process of their own, which only bowline-agent gives them.
    runscript: function (m) {
        blSend({ action: 'msg', type: 'runcommands', stream: 'end', result: 'Only bowline-agent runs scripts', sessionid: m.sessionid, responseid: m.responseid });
    },
    messagebox: blMessageBox,
    alertbox: blMessageBox,
    userSessions: function (m) {
        var sessions = blModule('user-sessions');
        if (!blControls(m) || sessions == null) { return; }
        try { sessions.enumerateUsers().then(function (all) { blReply(m, { data: all }); }, function () { }); } catch (e) { /* no answer */ }
    },
    cpuinfo: function (m) {
        var load = blLoad();
        if (blControls(m)) { blReply(m, { cpu: load.cpu, memory: load.memory, thermals: load.thermals }); }
    }
};

var BL_ACTIONS = {
    msg: function (m) {
        if (typeof m.type == 'string' && BL_MESSAGES.hasOwnProperty(m.type)) { BL_MESSAGES[m.type](m); }
    },
    ping: function () { blSend({ action: 'pong' }); },
    sysinfo: function (m) { blSendSysInfo(m.hash); },
    runcommands: blRunCommands,
    poweraction: function (m) {
        var action = blBounded(m.actiontype, 1, 14, 0);
        if (!blServerOr(m, BL_RIGHT.POWER) || action == 0) { return; }
        blLog(m, 0, [], 'Power action ' + action);
        blAgent.ExecPowerState(action, m.forced === true || m.forced == 1 ? 1 : 0);
    },
    wakeonlan: blWake,
    agentupdate: blUpdate,
    uninstallagent: blUninstall,
    toast: function (m) {
        if (typeof m.msg == 'string') { blNotice(typeof m.title == 'string' ? m.title : 'Bowline', m.msg); }
    },
    openUrl: function (m) {
        if (!blServerOr(m, BL_RIGHT.CONTROL) || !blIsWebUrl(m.url)) { return; }
        blSend({ action: 'openUrl', url: m.url, sessionid: m.sessionid, success: blOpenLocally(m.url) });
    },
    errorlog: function () { blSend({ action: 'errorlog', log: [] }); }
};

// Actions the server may also start by itself: then there are no rights to check.
function blServerOr(message, bit) {
    return message.rights === undefined || blMay(message.rights, bit);
}

function blUserNames() {
    var names = {}, lines = blTableLines(blReadText('/etc/passwd'));
    for (var i = 0; i < lines.length; i++) {
        var fields = lines[i].split(':');
        if (fields.length > 2) { names[fields[2]] = fields[0]; }
    }
    return names;
}

function blLinuxProcesses() {
    var list = {}, users = blUserNames(), names = blFs.readdirSync('/proc');
    for (var i = 0; i < names.length; i++) {
        if (!/^[0-9]+$/.test(names[i])) { continue; }
        var status = blReadText('/proc/' + names[i] + '/status');
        if (status == null) { continue; }
        var uid = String(blField(status, 'Uid')).split('\t')[0];
        var line = blReadText('/proc/' + names[i] + '/cmdline');
        var cmd = line ? line.split('\0').join(' ').trim().substring(0, 512) : blField(status, 'Name');
        list[names[i]] = { pid: parseInt(names[i], 10), cmd: cmd, user: users[uid] || uid };
    }
    return list;
}

function blProcesses(done) {
    if (process.platform == 'linux') { done(blLinuxProcesses()); return; }
    try { require('process-manager').getProcesses(function (list) { done(list); }); } catch (e) { done({}); }
}

// "pid" or "pid|name": with a name, the process must still have it.
function blProcessKill(m) {
    var parts = String(m.value).split('|'), pid = blBounded(parts[0], 2, 4194304, 0);
    if (!blControls(m) || pid == 0 || pid == process.pid) { return; }
    blProcesses(function (list) {
        if (list[pid] === undefined || (parts.length > 1 && parts[1] != '' && list[pid].cmd != parts[1])) { return; }
        blLog(m, 19, [pid], 'Ended process ' + pid);
        try { process.kill(pid); } catch (e) { blConsole('Unable to end process ' + pid, m.sessionid); }
    });
}

function blServices(m) {
    var all = [];
    try { all = require('service-manager').manager.enumerateService(); } catch (e) { all = []; }
    blReply(m, { value: JSON.stringify(all) });
}

function blService(m, verb) {
    var service = null;
    if (typeof m.serviceName != 'string' || !/^[0-9A-Za-z:_.@-]{1,256}$/.test(m.serviceName)) { return; }
    try {
        service = require('service-manager').manager.getService(m.serviceName);
        if (verb != null && service.isMe && service.isMe()) { throw new Error('this is the agent'); }
        if (verb != null) { service[verb](); blLog(m, 0, [], 'Service ' + m.serviceName + ': ' + verb); }
        blReply({ type: 'service', sessionid: m.sessionid, tag: m.tag }, { value: JSON.stringify(service) });
    } catch (e) {
        blReply({ type: 'service', sessionid: m.sessionid, tag: m.tag }, { error: String(e) });
    }
}

function blClipboardRead(m) {
    var clipboard = blModule('clipboard');
    if (clipboard == null) { return; }
    try {
        (clipboard.dispatchRead && blAgent.isService ? clipboard.dispatchRead() : clipboard.read()).then(function (text) {
            if (text) { blReply(m, { data: blCut(text) }); }
        }, function () { });
    } catch (e) { /* no clipboard here */ }
}

function blClipboardWrite(m) {
    var clipboard = blModule('clipboard'), success = false;
    if (clipboard == null || m.data.length > BL_LIMIT.jsonBytes) { return; }
    try {
        if (clipboard.dispatchWrite && blAgent.isService) { clipboard.dispatchWrite(m.data); } else { clipboard(m.data); }
        success = true;
    } catch (e) { success = false; }
    blReply(m, { success: success });
}

function blMessageBox(m) {
    var box = blModule('message-box');
    if (!(blControls(m) || blMay(m.rights, BL_RIGHT.CHAT)) || typeof m.title != 'string' || typeof m.msg != 'string' || box == null) { return; }
    // Milliseconds, as everywhere in these messages; 0 stays until it is closed, which the module cannot do without an end.
    var usual = m.type == 'alertbox' ? 9999000 : 120000, ms = m.timeout === 0 ? 86400000 : blBounded(m.timeout, 1, 86400000, usual);
    try { box.create(m.title, m.msg, Math.ceil(ms / 1000), 1).then(function () { }, function () { }); } catch (e) { /* no screen */ }
}

function blIsWebUrl(url) {
    return typeof url == 'string' && url.length < 4096 && /^https?:\/\/[^\s"'<>|&;`\\^]+$/i.test(url.split('&').join(''));
}

// Shows a file or address on the desktop of the user at the screen.
function blOpenLocally(what) {
    var uid = blConsoleUser(), opener = null;
    if (blWindows) { opener = { path: process.env.windir + '\\explorer.exe', name: 'explorer' }; }
    if (process.platform == 'darwin') { opener = { path: '/usr/bin/open', name: 'open' }; }
    if (opener == null && blFs.existsSync('/usr/bin/xdg-open')) { opener = { path: '/usr/bin/xdg-open', name: 'xdg-open' }; }
    if (uid == null || opener == null) { return false; }
    return blRun(opener.path, [opener.name, what], { uid: uid, type: blWindows ? blChild.SpawnTypes.USER : undefined }, 60, function () { }) != null;
}

function blCommandShell(type) {
    if (blWindows) {
        if (type == 2) { return { path: process.env.windir + '\\System32\\WindowsPowerShell\\v1.0\\powershell.exe', argv: ['powershell', '-NoLogo', '-NonInteractive', '-Command', '-'] }; }
        return type == 1 ? { path: process.env.windir + '\\System32\\cmd.exe', argv: ['cmd', '/q'] } : null;
    }
    var path = type == 2 ? blFirstExisting(['/usr/bin/pwsh']) : blFirstExisting(['/bin/bash', '/usr/local/bin/bash', '/bin/sh']);
    if (path == null) { return null; }
    return { path: path, argv: type == 2 ? ['pwsh', '-NonInteractive', '-Command', '-'] : [path.substring(path.lastIndexOf('/') + 1)] };
}

// The commands go to the standard input of a shell, as its user typed them.
function blRunCommands(m) {
    var shell = blCommandShell(m.type), options = {}, uid = blConsoleUser(), child;
    function answer(code, output) {
        if (m.reply !== true) { return; }
        blSend({ action: 'msg', type: 'runcommands', result: output, exit: code, responseid: m.responseid, sessionid: m.sessionid });
    }
    if (!blServerOr(m, BL_RIGHT.COMMANDS) || typeof m.cmds != 'string' || m.cmds.length > BL_LIMIT.jsonBytes) { return; }
    if (shell == null) { answer(-1, 'This machine has no such shell'); return; }
    if (m.runAsUser == 2 && uid == null) { answer(-1, 'No user is signed in'); return; }
    if (m.runAsUser > 0 && uid != null) { options.uid = uid; if (blWindows) { options.type = blChild.SpawnTypes.USER; } }
    blLog(m, 24, [m.cmds.substring(0, 512)], 'Running commands');
    child = blRun(shell.path, shell.argv, options, BL_LIMIT.commandSeconds, answer);
    if (child == null) { return; }
    child.stdin.write(m.cmds + (blWindows ? '\r\nexit\r\n' : '\nexit\n'));
}

function blMagicPacket(mac) {
    var bytes = Buffer.from(mac, 'hex'), packet = Buffer.alloc(102);
    for (var i = 0; i < 102; i++) { packet[i] = i < 6 ? 255 : bytes[(i - 6) % 6]; }
    return packet;
}

function blWake(m) {
    var dgram = blModule('dgram'), socket;
    if (!blServerOr(m, BL_RIGHT.WAKE) || dgram == null || !(m.macs instanceof Array)) { return; }
    try {
        socket = dgram.createSocket({ type: 'udp4' });
        socket.bind({ port: 0 });
        socket.setBroadcast(true);
        for (var i = 0; i < m.macs.length && i < 100; i++) {
            var mac = String(m.macs[i]).split(':').join('');
            if (/^[0-9A-Fa-f]{12}$/.test(mac)) { socket.send(blMagicPacket(mac), 7, '255.255.255.255'); }
        }
    } catch (e) { blConsole('Unable to send wake packets: ' + e, m.sessionid); }
}
