// SPDX-License-Identifier: Apache-2.0
// The tiny core: it says that it is there, and answers two console commands. Nothing else of the host is used.

var blTinyAgent = require('MeshAgent');
var BL_TINY = 'Bowline tiny core v1';

function blTinyCommand(command) {
    var name, answer;
    if (command == null || typeof command != 'object') { return; }
    if (command.action == 'ping') { blTinyAgent.SendCommand({ action: 'pong' }); }
    if (command.action != 'msg' || command.type != 'console' || typeof command.rights != 'number') { return; }
    if ((command.rights & 24) != 24 || typeof command.value != 'string') { return; }
    name = command.value.trim().toLowerCase();
    answer = name == 'help' ? 'help, version' : name == 'version' ? BL_TINY : 'Unknown command; type help';
    blTinyAgent.SendCommand({ action: 'msg', type: 'console', value: answer, sessionid: command.sessionid });
}

blTinyAgent.AddCommandHandler(blTinyCommand);
blTinyAgent.AddConnectHandler(function (up) {
    if (up) { blTinyAgent.SendCommand({ action: 'coreinfo', caps: 0, value: BL_TINY }); }
});
