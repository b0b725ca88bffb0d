// SPDX-License-Identifier: Apache-2.0
// MeshAgent's modules that need nothing but the ones before: processes, services, search, compression, small helpers.

// Output of a program, as text; what it writes to stderr is dropped. Throws when it does not start.
function outputOf(path, argv) {
    var child = childOf(path, argv), parts = [];
    child.stdout.on('data', function (data) { parts.push(data); });
    child.stderr.on('data', function () { });
    child.waitExit(30000);
    return { code: child.code, text: String(Buffer.concat(parts)) };
}

function findBinary(name) {
    var folders = info().path.split(':'), fs = require('fs');
    for (var i = 0; i < folders.length; i++) {
        if (fs.existsSync(folders[i] + '/' + name)) { return folders[i] + '/' + name; }
    }
    return null;
}

builtin['lib-finder'] = function () {
    return { hasBinary: function (name) { return findBinary(name) !== null; }, findBinary: findBinary };
};

// --- processes --------------------------------------------------------------------------

function processEntry(pid, names) {
    var fs = require('fs'), entry = { pid: pid, user: '', cmd: '', path: '' };
    var status = String(fs.readFileSync('/proc/' + pid + '/status'));
    var words = String(fs.readFileSync('/proc/' + pid + '/cmdline')).replace(/\0+$/, '').split('\0');
    var uid = /^Uid:\s+(\d+)/m.exec(status), name = /^Name:\s+(.*)$/m.exec(status);
    entry.cmd = words[0] != '' ? words.join(' ') : name == null ? '' : name[1];
    entry.path = words[0];
    entry.user = uid == null ? '' : names[uid[1]] || uid[1];
    return entry;
}

builtin['process-manager'] = function () {
    function names() {
        var result = {};
        passwd().forEach(function (line) { if (line.length > 2) { result[line[2]] = line[0]; } });
        return result;
    }
    return {
        getProcesses: function (callback) {
            var result = {}, known = names(), rest = Array.prototype.slice.call(arguments, 1);
            require('fs').readdirSync('/proc').forEach(function (name) {
                if (!/^\d+$/.test(name)) { return; }
                try { result[name] = processEntry(parseInt(name, 10), known); } catch (e) { /* it has just ended */ }
            });
            if (typeof callback == 'function') { callback.apply(this, [result].concat(rest)); }
            return result;
        },
        getProcess: function (cmd) {
            var all = this.getProcesses();
            return Object.keys(all).filter(function (pid) { return all[pid].cmd == cmd; }).map(Number);
        },
        getProcessInfo: function (pid) {
            return processEntry(Number(pid), names());
        }
    };
};

// --- services, through systemctl --------------------------------------------------------

function systemctl(words) {
    var path = findBinary('systemctl');
    if (path == null) { throw new Error('this device has no systemd'); }
    return outputOf(path, ['systemctl', '--no-pager'].concat(words));
}

function serviceOf(name) {
    var unit = String(name), fields = {};
    if (!/^[A-Za-z0-9:_.\\@-]+$/.test(unit) || unit.charAt(0) == '-') { throw new Error('not the name of a service: ' + name); }
    if (!/\.service$/.test(unit)) { unit += '.service'; }
    systemctl(['show', '--property=Id,Description,LoadState,ActiveState,MainPID,UnitFileState', unit]).text.split('\n').forEach(function (line) {
        var at = line.indexOf('=');
        if (at > 0) { fields[line.substring(0, at)] = line.substring(at + 1); }
    });
    if (fields.LoadState === undefined || fields.LoadState == 'not-found') { throw new Error('there is no service ' + name); }
    function act(verb) {
        return function () {
            var done = systemctl([verb, unit]);
            if (done.code !== 0) { throw new Error(verb + ' of ' + unit + ' failed'); }
        };
    }
    return {
        name: unit.replace(/\.service$/, ''), description: fields.Description, pid: parseInt(fields.MainPID, 10) || 0,
        startType: fields.UnitFileState == 'enabled' ? 'AUTO_START' : fields.UnitFileState == 'disabled' ? 'DISABLED' : 'DEMAND_START',
        serviceType: 'systemd',
        isRunning: function () { return fields.ActiveState == 'active'; },
        isMe: function () { return parseInt(fields.MainPID, 10) == info().pid; },
        start: act('start'), stop: act('stop'), restart: act('restart')
    };
}

builtin['service-manager'] = function () {
    var manager = {
        getService: serviceOf,
        getServiceType: function () { return 'systemd'; },
        isAdmin: function () { return info().uid == 0; },
        enumerateService: function () {
            return systemctl(['list-units', '--type=service', '--all', '--plain', '--no-legend', '--full']).text.split('\n')
                .map(function (line) { return /^(\S+)\.service\s+\S+\s+(\S+)\s+(\S+)\s*(.*)$/.exec(line); })
                .filter(function (m) { return m != null; })
                .map(function (m) {
                    return { name: m[1], displayName: m[4], status: { state: m[3] == 'running' ? 'RUNNING' : m[3].toUpperCase() } };
                });
        }
    };
    return { manager: manager, serviceManager: manager };
};

// --- files ------------------------------------------------------------------------------

builtin['file-search'] = function () {
    return {
        // A promise with the events 'result' (path) of what matches; cancel () ends it.
        find: function (root, criteria) {
            var waiting = [String(root).replace(/\/+$/, '')], over = false, keep, fs = require('fs');
            var patterns = [].concat(criteria || '*').map(function (text) {
                return new RegExp('^' + String(text).replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.') + '$', 'i');
            });
            var found = emitterOf(new Promised(function (ok) { keep = ok; }));
            function step() {
                if (over || waiting.length == 0) { keep(); return; }
                var folder = waiting.shift();
                fs.readdirSync(folder == '' ? '/' : folder).forEach(function (name) {
                    var path = folder + '/' + name, isFolder = false;
                    try { isFolder = call('fs.lstat', { path: path }).mode >> 12 == 4; } catch (e) { return; }
                    if (isFolder && waiting.length < 100000) { waiting.push(path); return; }
                    if (patterns.some(function (p) { return p.test(name); })) { found.emit('result', path); }
                });
                setImmediate(step);
            }
            found.cancel = function () { over = true; };
            setImmediate(step);
            return found;
        }
    };
};

// --- streams that work on all they were given -------------------------------------------

builtin.MemoryStream = function () {
    return function () {
        var stream = pipeable(emitterOf({ buffer: Buffer.alloc(0) }));
        stream.write = stream.append = function (data) { stream.buffer = Buffer.concat([stream.buffer, toBuffer(data)]); return true; };
        stream.end = function (data) {
            if (data !== undefined) { stream.write(data); }
            stream.emit('end');
        };
        return stream;
    };
};

builtin['compressed-stream'] = function () {
    function converter(inflate) {
        return function () {
            var stream = pipeable(emitterOf({})), parts = [];
            stream.pause = stream.resume = function () { };
            stream.write = function (data) { parts.push(toBuffer(data)); return true; };
            stream.end = function (data) {
                if (data !== undefined) { stream.write(data); }
                var all = native.deflate(Buffer.concat(parts), inflate);
                parts = [];
                setImmediate(function () {
                    stream.emit('data', all);
                    stream.emit('end');
                });
            };
            return stream;
        };
    }
    return {
        createCompressor: converter(false), createDecompressor: converter(true),
        deflate: function (data) { return native.deflate(toBuffer(data), false); },
        inflate: function (data) { return native.deflate(toBuffer(data), true); }
    };
};

builtin.queue = function () {
    return function () {
        var items = [];
        return {
            enQueue: function (item) { items.push(item); return items.length; },
            deQueue: function () { if (items.length == 0) { throw new Error('the queue is empty'); } return items.shift(); },
            peekQueue: function () { if (items.length == 0) { throw new Error('the queue is empty'); } return items[0]; },
            isEmpty: function () { return items.length == 0; },
            getLength: function () { return items.length; }
        };
    };
};

// --- facts of the device ----------------------------------------------------------------

builtin['kvm-helper'] = function () {
    return {
        users: function () {
            var result = {};
            require('user-sessions').Current(function (list) { for (var i in list) { result[i] = list[i]; } });
            return result;
        }
    };
};
builtin['util-language'] = function () { return { current: String(info().lang).split('.')[0].replace('_', '-').replace(/^C$/, 'en') }; };
builtin['default_route'] = function () {
    return function () {
        var gateways = require('os').getDefaultGateways(), names = Object.keys(gateways);
        return names.length == 0 ? null : { interface: names[0], gateway: gateways[names[0]] };
    };
};
builtin['linux-gnome-helpers'] = function () { return { available: false }; };
// Sessions over WebRTC are not offered; a core that asks for one goes on with its WebSocket.
builtin.ILibWebRTC = function () { return { createConnection: refused('this agent has no WebRTC') }; };
builtin['monitor-info'] = function () { return emitterOf({ kvm_x11_support: false }); };
builtin['power-monitor'] = function () { return emitterOf({}); };
builtin.NetworkMonitor = function () {
    return function () {
        var monitor = emitterOf({}), last = null;
        function look() {
            var now = JSON.stringify(require('os').networkInterfaces());
            if (last !== null && now != last) { monitor.emit('change'); }
            last = now;
        }
        look();
        monitor.timer = setInterval(look, 30000);
        return monitor;
    };
};
builtin['global-tunnel'] = function () { return { initialize: function () { }, end: function () { }, proxyConfig: undefined }; };
builtin.ChainViewer = function () {
    return emitterOf({
        getSnapshot: function () { return 'streams: ' + Object.keys(streams).length + '\ntimers: ' + timerCount; },
        getTimerInfo: function () {
            return Object.keys(timers).map(function (id) { return (timers[id].metadata || 'timer') + ' [' + Math.max(Math.round(timers[id].due - native.now()), 0) + ' ms]'; }).join('\n');
        }
    });
};
builtin.DescriptorEvents = function () { return { getDescriptorCount: function () { return Object.keys(streams).length; } }; };

// --- what a core may ask of its runtime -------------------------------------------------

function refused(what) { return function () { throw new Error(what); }; }

mesh.eval = function (text) { return native.compile(String(text), 'eval'); };
mesh.forceExit = mesh.restartCore = mesh.disconnect = refused('a core cannot end or restart its agent');
mesh.getRemoteDesktopStream = refused('this agent serves desktops itself');
mesh.GenerateCertificate = mesh.GenerateAgentCertificate = refused('this agent makes no certificates for scripts');
mesh.DataPing = function () { return Promised.reject(new Error('this agent watches its connection itself')); };
mesh.kvmRefresh = function () { };
mesh.agentMode = 0;
mesh.ContainerPermissions = { DEFAULT: 0, NO_AGENT: 0x10000000, NO_MARSHAL: 0x08000000, NO_PROCESS_SPAWNING: 0x04000000, NO_FILE_SYSTEM_ACCESS: 1, NO_NETWORK_ACCESS: 2 };
meshGetter('coreHash', function () { return started.info.coreHash; });
meshGetter('NetInfo', function () { return JSON.stringify({ netif2: require('os').networkInterfaces() }); });

// Calls F once when no timer, stream or question of the script is left that something could still come from.
var idleCallbacks = [];
mesh.whenIdle = function (f) { idleCallbacks.push(f); };
function turn() {
    var next = tick();
    if (next < 0 && idleCallbacks.length > 0 && Object.keys(streams).length == 0 && Object.keys(calls).length == 0) {
        idleCallbacks.splice(0).forEach(function (f) { guarded(f, mesh, []); });
        next = tick();
    }
    return next;
}

return { dispatch: dispatch, tick: turn };
