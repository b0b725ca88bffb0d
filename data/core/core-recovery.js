// SPDX-License-Identifier: Apache-2.0
// The recovery core: what is left when the whole core does not start on a device. Terminal, files, a short console, and
// new programs. It looks at nothing and asks nothing by itself.

var BL_RECOVERY = 'Bowline recovery core v' + BL_CORE_VERSION;

function blHasDesktop() { return false; }
function blDesktopOpen(tunnel) { blTunnelRefuse(tunnel, 'The recovery core shows no desktop'); }
function blDeviceFileOpen(tunnel) { tunnel.socket.write(JSON.stringify({ op: 'cancel' })); tunnel.end(); }
function blRelayTarget() { return null; }
function blRelayAllowed() { return true; }

function blRecoveryInfo() {
    var name = process.platform;
    try { name = blOs.name(); } catch (e) { /* not offered here */ }
    return { action: 'coreinfo', caps: 2 | 4, value: BL_RECOVERY, osdesc: String(name), root: blIsRoot() };
}

var BL_RECOVERY_CONSOLE = {
    help: function (say) { say('help, version, info, update'); },
    version: function (say) { say(BL_RECOVERY + '\nAgent: ' + JSON.stringify(process.versions)); },
    info: function (say) {
        say(['Core:     ' + BL_RECOVERY, 'Platform: ' + process.platform, 'Program:  ' + process.execPath,
            'Server:   ' + blAgent.ServerUrl, 'Root:     ' + blIsRoot(), 'Tunnels:  ' + blTunnelCount].join('\n'));
    },
    update: function (say, message) { blSend({ action: 'agentupdate', sessionid: message.sessionid }); }
};

function blRecoveryConsole(m) {
    var name = typeof m.value == 'string' ? m.value.trim().toLowerCase() : '';
    function say(text) { blConsole(text, m.sessionid); }
    if (!blMay(m.rights, BL_RIGHT.CONTROL) || !blMay(m.rights, BL_RIGHT.CONSOLE) || name == '') { return; }
    if (!BL_RECOVERY_CONSOLE.hasOwnProperty(name)) { say('Unknown command "' + name + '"; type help'); return; }
    BL_RECOVERY_CONSOLE[name](say, m);
}

var BL_RECOVERY_ACTIONS = {
    ping: function () { blSend({ action: 'pong' }); },
    agentupdate: blUpdate,
    uninstallagent: blUninstall,
    msg: function (m) {
        if (m.type == 'console') { blRecoveryConsole(m); }
        if (m.type == 'tunnel') { blTunnelOpen(m); }
        if (m.type == 'endtunnel') { blTunnelEndMatching(m); }
    }
};

blAgent.AddCommandHandler(function (command) {
    if (command == null || typeof command != 'object' || typeof command.action != 'string') { return; }
    if (!BL_RECOVERY_ACTIONS.hasOwnProperty(command.action)) { return; }
    try { BL_RECOVERY_ACTIONS[command.action](command); } catch (e) { blConsole('Error in ' + command.action + ': ' + e, command.sessionid); }
});
blAgent.AddConnectHandler(function (up) { if (up) { blSend(blRecoveryInfo()); } });
