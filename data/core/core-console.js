// SPDX-License-Identifier: Apache-2.0
// The device console: a few commands that look and do not touch.

var blStarted = Date.now();
var blSleeper = null;

// "a 'b c' d" -> [a, b c, d]
function blWords(line) {
    var words = [], pattern = /"([^"]*)"|'([^']*)'|(\S+)/g, match;
    while ((match = pattern.exec(line)) != null && words.length < 32) {
        words.push(match[1] !== undefined ? match[1] : match[2] !== undefined ? match[2] : match[3]);
    }
    return words;
}

function blSeconds(ms) {
    var s = Math.floor(ms / 1000);
    return Math.floor(s / 86400) + ' d ' + Math.floor(s / 3600) % 24 + ' h ' + Math.floor(s / 60) % 60 + ' min';
}

var BL_CONSOLE = {
    help: { text: 'this list', run: function (args, say) {
        var lines = [];
        for (var name in BL_CONSOLE) { lines.push(blPad(name, 12) + BL_CONSOLE[name].text); }
        say(lines.sort().join('\n'));
    } },
    version: { text: 'versions of core and agent', run: function (args, say) {
        say('Bowline core v' + BL_CORE_VERSION + '\nAgent: ' + JSON.stringify(process.versions));
    } },
    info: { text: 'this agent and its connection', run: function (args, say) {
        say(['Core:     Bowline core v' + BL_CORE_VERSION, 'System:   ' + blOsText(), 'Platform: ' + process.platform,
            'Server:   ' + blAgent.ServerUrl, 'Root:     ' + blIsRoot(), 'Desktop:  ' + blHasDesktop(),
            'Tunnels:  ' + blTunnelCount, 'Running:  ' + blSeconds(Date.now() - blStarted)].join('\n'));
    } },
    osinfo: { text: 'operating system', run: function (args, say) { say(blOsText()); } },
    uptime: { text: 'time since the system started', run: function (args, say) { say(blSeconds(blOs.uptime() * 1000)); } },
    date: { text: 'clock of this machine', run: function (args, say) { say(new Date().toString()); } },
    netinfo: { text: 'network addresses', run: function (args, say) { say(JSON.stringify(blNetInfo(), null, 1)); } },
    sysinfo: { text: 'hardware', run: function (args, say) { say(JSON.stringify(blHardware(), null, 1)); } },
    cpuinfo: { text: 'load and memory', run: function (args, say) { say(JSON.stringify(blLoad())); } },
    users: { text: 'active users', run: function (args, say) { blActiveUsers(function (names) { say(names.length ? names.join('\n') : 'none'); }); } },
    sessions: { text: 'remote sessions', run: function (args, say) { say(JSON.stringify(blSessions)); } },
    ps: { text: 'processes', run: function (args, say) {
        blProcesses(function (list) {
            var lines = [];
            for (var pid in list) { lines.push(blPad(pid, 8) + blPad(list[pid].user || '', 14) + list[pid].cmd); }
            say(lines.join('\n'));
        });
    } },
    ls: { text: 'ls [FOLDER]: names in a folder', run: function (args, say, message) {
        var path = blPath(args[1] || process.cwd()), entries;
        if (blRestricted(message.rights, BL_RIGHT.NO_FILES)) { say('No right to access files'); return; }
        entries = path == null ? null : blFolderEntries(path);
        if (entries == null) { say('No such folder'); return; }
        say(entries.map(function (e) { return blPad(e.t == 2 ? '<dir>' : e.s, 12) + ' ' + e.n; }).sort().join('\n'));
    } },
    update: { text: 'replace the program of this agent, if the server has another', run: function (args, say, message) {
        blSend({ action: 'agentupdate', sessionid: message.sessionid });
    } },
    echo: { text: 'echo TEXT', run: function (args, say) { say(args.slice(1).join(' ')); } },
    sleep: { text: 'sleep SECONDS, then answer (at most 60)', run: function (args, say) {
        var seconds = blBounded(args[1], 0, 60, 1);
        blSleeper = setTimeout(function () { say('Slept ' + seconds + ' s'); }, seconds * 1000);
    } }
};

// bowline-agent takes this command before the core sees it.
if (process.versions && process.versions.bowline) {
    BL_CONSOLE.script = { text: 'script FILE, or script -e CODE: run a script of your own', run: function (args, say) { say('script FILE, or script -e CODE'); } };
}

function blConsoleCommand(message) {
    var words = blWords(message.value), name = words.length == 0 ? '' : words[0].toLowerCase();
    function say(text) { blConsole(text, message.sessionid); }
    if (name == '') { return; }
    if (!BL_CONSOLE.hasOwnProperty(name)) { say('Unknown command "' + name + '"; type help'); return; }
    try { BL_CONSOLE[name].run(words, say, message); } catch (e) { say(name + ': ' + e); }
}
