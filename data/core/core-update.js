// SPDX-License-Identifier: Apache-2.0
// The server names a new program for this agent: it is fetched, compared with its hash, and takes the place of the running
// one. Only an installed agent can do this; one that somebody started by hand is not restarted by anybody.

var blUpdateJob = null;

function blUpdateSay(job, text) { if (job.sessionid) { blConsole(text, job.sessionid); } }

function blUpdateEnd(job, text) {
    if (blUpdateJob === job) { blUpdateJob = null; }
    if (text) { blConsole('Update: ' + text, job.sessionid); }
}

function blServiceName() {
    var name = blAgent.serviceName;
    return typeof name == 'string' && /^[A-Za-z0-9 ._@-]{1,128}$/.test(name) ? name : blWindows ? 'Mesh Agent' : 'meshagent';
}

// The service this agent is, or null.
function blOwnService() {
    var service = null;
    try { service = require('service-manager').manager.getService(blServiceName()); } catch (e) { return null; }
    try { return service.isMe() ? service : null; } catch (e) { return null; }
}

function blUpdate(message) {
    var job = { sessionid: message.sessionid, hash: blPlainHash(message.hash) }, url = blTunnelUrl(message.url), options;
    if (blUpdateJob != null) { blUpdateSay(job, 'An update is under way'); return; }
    if (message.rights !== undefined || url == null || !/^[0-9A-F]{96}$/.test(job.hash || '')) { return; }
    if (blOwnService() == null) { blUpdateEnd(job, 'this agent is not an installed service'); return; }
    blUpdateJob = job;
    job.path = process.execPath + (blWindows ? '.update.exe' : '.update');
    options = blHttp.parseUri(url.indexOf('wss:') == 0 ? 'https:' + url.substring(4) : url);
    options.protocol = 'https:';
    options.rejectUnauthorized = false;
    options.checkServerIdentity = blPin(message);
    job.request = require('https').get(options);
    job.request.on('error', function (e) { blUpdateEnd(job, 'it cannot be fetched: ' + e); });
    job.request.on('response', function (response) { blUpdateFetch(job, response); });
}

function blUpdateFetch(job, response) {
    if (response.statusCode != 200) { blUpdateEnd(job, 'the server answers ' + response.statusCode); return; }
    try { job.file = blFs.openSync(job.path, 'wb'); } catch (e) { blUpdateEnd(job, 'it cannot be written: ' + e); return; }
    response.on('data', function (data) {
        try { blFs.writeSync(job.file, data); } catch (e) { job.failed = String(e); }
    });
    response.on('end', function () {
        var found;
        blFs.closeSync(job.file);
        found = job.failed ? null : blPlainHash(getSHA384FileHash(job.path).toString('hex'));
        if (found !== job.hash) {
            try { blFs.unlinkSync(job.path); } catch (e) { /* nothing to remove */ }
            blUpdateEnd(job, job.failed || 'what came is not what the server named');
            return;
        }
        blSend({ action: 'agentupdatedownloaded' });
        job.timer = setTimeout(function () { blUpdateReplace(job); }, 500); // so that the message leaves
    });
}

function blUpdateReplace(job) {
    try {
        if (blWindows) { blUpdateReplaceWindows(job); return; }
        blFs.chmodSync(job.path, blFs.statSync(process.execPath).mode);
        blFs.renameSync(job.path, process.execPath);
        blOwnService().restart();
    } catch (e) { blUpdateEnd(job, String(e)); }
}

// A running program cannot be written there: this process becomes a command line that stops the service, replaces the
// program and starts the service.
function blUpdateReplaceWindows(job) {
    var marshal = require('_GenericMarshal'), runtime = marshal.CreateNativeProxy('msvcrt.dll');
    var shell = marshal.CreateVariable(process.env.windir + '\\system32\\cmd.exe', { wide: true });
    var first = marshal.CreateVariable('cmd.exe', { wide: true });
    var line = marshal.CreateVariable('/C net stop "' + blServiceName() + '" & copy /Y "' + job.path + '" "' +
        process.execPath + '" & net start "' + blServiceName() + '" & erase "' + job.path + '"', { wide: true });
    var words = marshal.CreateVariable(3 * marshal.PointerSize);
    runtime.CreateMethod('_wexecve');
    first.pointerBuffer().copy(words.toBuffer());
    line.pointerBuffer().copy(words.toBuffer(), marshal.PointerSize);
    runtime._wexecve(shell, words, 0);
}

// The server removed this device for good: an installed agent takes itself off the machine. What runs in the service ends
// with it, so a process of its own does it.
function blUninstall(message) {
    var name = blServiceName(), code, program = process.execPath.split(blWindows ? '\\' : '/').pop();
    if (message.rights !== undefined || blOwnService() == null) { return; }
    code = 'var m = require("service-manager").manager; try { m.getService("' + name + '").stop(); } catch (e) { } ' +
        'm.uninstallService("' + name + '"); process.exit();';
    blHold(blChild.execFile(process.execPath, [program, '-b64exec', Buffer.from(code).toString('base64')], { type: 4 }));
}
