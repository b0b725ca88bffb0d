// SPDX-License-Identifier: Apache-2.0
// Terminal sessions: a shell on a pseudo terminal; protocols 1, 6 (administrator) and
// 8, 9 (the user at the screen), where 6 and 9 ask for PowerShell.

function blBounded(value, low, high, otherwise) {
    var n = parseInt(value, 10);
    return isNaN(n) || n < low || n > high ? otherwise : n;
}

function blTerminalOpen(tunnel) {
    if (!blMay(tunnel.rights, BL_RIGHT.CONTROL) || blRestricted(tunnel.rights, BL_RIGHT.NO_TERMINAL)) {
        blTunnelRefuse(tunnel, 'No right to use the terminal');
        return;
    }
    blConsent(tunnel, 'terminal', function () { blTerminalStart(tunnel); }, function () { tunnel.end(); });
}

function blTerminalShell(tunnel) {
    var power = tunnel.protocol == 6 || tunnel.protocol == 9, path = null;
    if (blWindows) {
        return power ? { path: process.env.windir + '\\System32\\WindowsPowerShell\\v1.0\\powershell.exe', argv: ['powershell'] }
            : { path: process.env.windir + '\\System32\\cmd.exe', argv: ['cmd'] };
    }
    if (tunnel.options.requireLogin === true && blFs.existsSync('/bin/login')) { return { path: '/bin/login', argv: ['login'] }; }
    if (power) { path = blFirstExisting(['/usr/bin/pwsh', '/opt/microsoft/powershell/7/pwsh']); }
    if (path != null) { return { path: path, argv: ['pwsh'] }; }
    path = blFirstExisting(['/bin/bash', '/usr/local/bin/bash', '/bin/sh']);
    return { path: path, argv: [path.substring(path.lastIndexOf('/') + 1)] };
}

function blTerminalOptions(tunnel) {
    var asUser = tunnel.protocol == 8 || tunnel.protocol == 9;
    var options = {
        type: blChild.SpawnTypes.TERM,
        env: {
            TERM: tunnel.options.xterm === false ? 'vt100' : 'xterm-256color', HISTCONTROL: 'ignoreboth',
            COLUMNS: '' + blBounded(tunnel.options.cols, 10, 1000, 80), LINES: '' + blBounded(tunnel.options.rows, 4, 1000, 25)
        }
    };
    if (blWindows) { return { type: asUser ? blChild.SpawnTypes.USER : blChild.SpawnTypes.DEFAULT }; }
    if (process.env && process.env.PATH) { options.env.PATH = process.env.PATH; }
    if (process.env && process.env.LANG) { options.env.LANG = process.env.LANG; }
    if (asUser) {
        options.uid = blConsoleUser();
        if (options.uid == null) { return null; }
        try { options.env.HOME = blModule('user-sessions').getHomeFolder(options.uid); } catch (e) { /* the shell finds it */ }
    } else if (process.env && process.env.HOME) {
        options.env.HOME = process.env.HOME;
    }
    return options;
}

function blTerminalStart(tunnel) {
    var options = blTerminalOptions(tunnel), shell = blTerminalShell(tunnel), child = null;
    if (options == null) { blTunnelRefuse(tunnel, 'No user is signed in'); return; }
    try { child = blChild.execFile(shell.path, shell.argv, options); } catch (e) { child = null; }
    if (child == null) { blTunnelRefuse(tunnel, 'Unable to start the shell'); return; }
    blLog(tunnel.message, 62, [], 'Started terminal session');
    blTerminalPipe(tunnel, child);
    blTerminalSize(child, tunnel.options.cols, tunnel.options.rows);
}

function blTerminalSize(child, cols, rows) {
    cols = blBounded(cols, 10, 1000, 0);
    rows = blBounded(rows, 4, 1000, 0);
    if (cols > 0 && rows > 0 && child.tcsetsize) { child.tcsetsize(rows, cols); }
}

function blTerminalPipe(tunnel, child) {
    var gone = false;
    child.stdout.pipe(tunnel.socket, { dataTypeSkip: 1, end: false });
    child.stderr.on('data', function (data) { if (!tunnel.ended) { tunnel.socket.write(data); } });
    tunnel.socket.pipe(child.stdin, { dataTypeSkip: 1, end: false });
    child.on('exit', function () { gone = true; tunnel.end(); });
    blTunnelServe(tunnel, 'terminal', {
        child: child,
        control: function (object) { if (object.type == 'termsize') { blTerminalSize(child, object.cols, object.rows); } },
        end: function () {
            try { child.stdout.unpipe(tunnel.socket); } catch (e) { /* the stream is gone */ }
            if (!gone) { try { child.kill(); } catch (e) { /* ended meanwhile */ } }
        }
    });
}
