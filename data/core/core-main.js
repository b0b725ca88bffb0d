// SPDX-License-Identifier: Apache-2.0
// Where the core starts: it registers its two handlers, last, when all parts are known.

function blOnCommand(command) {
    if (command == null || typeof command != 'object' || typeof command.action != 'string') { return; }
    if (!BL_ACTIONS.hasOwnProperty(command.action)) { return; }
    try { BL_ACTIONS[command.action](command); } catch (e) { blConsole('Error in ' + command.action + ': ' + e, command.sessionid); }
}

function blOnConnect(up) {
    if (!up) { return; }
    blSendCoreInfo();
    blScheduleNetInfo();
}

function blWatch() {
    var sessions = blModule('user-sessions'), monitor = blModule('NetworkMonitor');
    if (sessions != null && sessions.on) { try { sessions.on('changed', blSendUsers); } catch (e) { /* not offered here */ } }
    if (monitor != null && monitor.on) { try { monitor.on('change', blScheduleNetInfo); } catch (e) { /* not offered here */ } }
}

blAgent.AddCommandHandler(blOnCommand);
blAgent.AddConnectHandler(blOnConnect);
blWatch();
