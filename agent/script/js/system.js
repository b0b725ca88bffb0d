// SPDX-License-Identifier: Apache-2.0
// Files, processes, users and the system, by operations of the agent.

var osInfo = null;

function info() {
    if (osInfo == null) { osInfo = call('os.info'); }
    return osInfo;
}

self.process = emitterOf({
    platform: 'linux', argv: ['bowline-script-host'], versions: {},
    cwd: function () { return '/'; },
    exit: function () { throw new Error('a core cannot end its host'); },
    kill: function (pid, number) { call('process.kill', { pid: pid, signal: typeof number == 'number' ? number : 15 }); },
    coreDumpLocation: undefined,
    stdin: emitterOf({}),
    stdout: emitterOf({ write: function (text) { log(text); return true; } }),
    stderr: emitterOf({ write: function (text) { log(text); return true; } })
});
Object.defineProperty(self.process, 'pid', { get: function () { return info().pid; }, enumerable: true });
Object.defineProperty(self.process, 'execPath', { get: function () { return info().exe; }, enumerable: true });
Object.defineProperty(self.process, 'env', {
    get: function () { return { PATH: info().path, LANG: info().lang, HOME: info().home }; }, enumerable: true
});

builtin.os = function () {
    function interfaces() {
        var result = {};
        call('os.network').addresses.forEach(function (a) {
            if (!result.hasOwnProperty(a.name)) { result[a.name] = []; }
            result[a.name].push({ address: a.address, family: a.family, mac: a.mac, netmask: a.netmask, status: a.status, type: a.type });
        });
        return result;
    }
    function gateways() {
        var result = {}, lines = String(require('fs').readFileSync('/proc/net/route')).split('\n');
        for (var i = 1; i < lines.length; i++) {
            var f = lines[i].split('\t');
            if (f.length < 3 || f[1] != '00000000') { continue; }
            result[f[0]] = [6, 4, 2, 0].map(function (at) { return parseInt(f[2].substring(at, at + 2), 16); }).join('.');
        }
        return result;
    }
    function dns() {
        return String(require('fs').readFileSync('/etc/resolv.conf')).split('\n').filter(function (line) {
            return line.substring(0, 11) == 'nameserver ';
        }).map(function (line) { return line.substring(11).trim(); });
    }
    var os = {
        arch: function () { return info().machine == 'x86_64' ? 'x64' : info().machine; },
        platform: function () { return 'linux'; },
        hostname: function () { return info().hostname; },
        tmpdir: function () { return info().tmpdir + '/'; },
        uptime: function () { osInfo = null; return info().uptime; },
        name: function () { return Promised.resolve(info().name); },
        networkInterfaces: interfaces, getDefaultGateways: gateways, dns: dns, endianness: function () { return 'LE'; }
    };
    Object.defineProperty(os, 'Name', { get: function () { return info().name; }, enumerable: true });
    return os;
};

function statOf(path) {
    var s = call('fs.stat', { path: path });
    delete s.op;
    s.isDirectory = function () { return (s.mode & 61440) == 16384; };
    s.isFile = function () { return (s.mode & 61440) == 32768; };
    return s;
}

function readStream(path, options) {
    var stream = pipeable(emitterOf({})), paused = true, ended = false, scheduled = null;
    var fd = call('fs.open', { path: path, flags: (options && options.flags) || 'r' }).fd;
    function finish() {
        if (ended) { return; }
        ended = true;
        call('fs.close', { fd: fd });
        stream.emit('end');
        stream.emit('close');
    }
    function step() {
        scheduled = null;
        if (paused || ended) { return; }
        var data = call('fs.read', { fd: fd, length: 65536 }).data;
        if (data === undefined || data.length == 0) { finish(); return; }
        stream.emit('data', data);
        schedule();
    }
    function schedule() { if (scheduled == null && !paused && !ended) { scheduled = setImmediate(step); } }
    stream.pause = function () { paused = true; };
    stream.resume = function () { paused = false; schedule(); };
    stream.close = finish;
    stream._listening = function (name) { if (name == 'data') { stream.resume(); } };
    return stream;
}

function writeStream(path, options) {
    var stream = emitterOf({}), fd = call('fs.open', { path: path, flags: (options && options.flags) || 'w' }).fd;
    stream.write = function (data) { call('fs.write', { fd: fd }, toBuffer(data)); return true; };
    stream.end = function (data) {
        if (data !== undefined) { stream.write(data); }
        call('fs.close', { fd: fd });
        setImmediate(function () { stream.emit('finish'); stream.emit('close'); });
    };
    return stream;
}

// Looks at the file now and then; event and callback 'change'.
function watchFile(path, options, callback) {
    var watcher = emitterOf({}), heard = typeof options == 'function' ? options : callback;
    function state() { try { var s = statOf(path); return s.mtime + '/' + s.size; } catch (e) { return ''; } }
    var last = state();
    var timer = setInterval(function () {
        var now = state();
        if (now == last) { return; }
        last = now;
        watcher.emit('change', 'change', path);
    }, 5000);
    watcher.close = function () { clearInterval(timer); };
    if (typeof heard == 'function') { watcher.on('change', heard); }
    return watcher;
}

builtin.fs = function () {
    return {
        openSync: function (path, flags) { return call('fs.open', { path: path, flags: flags || 'r' }).fd; },
        closeSync: function (fd) { call('fs.close', { fd: fd }); },
        readSync: function (fd, buffer, offset, length, position) {
            var data = call('fs.read', { fd: fd, length: length, position: typeof position == 'number' ? position : -1 }).data;
            if (data === undefined) { return 0; }
            data.copy(buffer, offset);
            return data.length;
        },
        writeSync: function (fd, data, offset, length) {
            var bytes = toBuffer(data);
            if (offset !== undefined) { bytes = bytes.slice(offset, length === undefined ? undefined : offset + length); }
            return call('fs.write', { fd: fd }, bytes).written;
        },
        readdirSync: function (path) { return call('fs.readdir', { path: path.replace(/\/\*$/, '') || '/' }).names; },
        statSync: statOf,
        existsSync: function (path) { try { statOf(path); return true; } catch (e) { return false; } },
        mkdirSync: function (path) { call('fs.mkdir', { path: path }); },
        unlinkSync: function (path) { call('fs.unlink', { path: path }); },
        rmdirSync: function (path) { call('fs.rmdir', { path: path }); },
        renameSync: function (from, to) { call('fs.rename', { from: from, to: to }); },
        copyFileSync: function (from, to) { call('fs.copy', { from: from, to: to }); },
        chmodSync: function (path, mode) { call('fs.chmod', { path: path, mode: mode }); },
        readFileSync: function (path) { return call('fs.readFile', { path: path }).data || Buffer.alloc(0); },
        writeFileSync: function (path, data, options) {
            call('fs.writeFile', { path: path, flags: (options && options.flags) || 'w' }, toBuffer(data));
        },
        appendFileSync: function (path, data) { call('fs.writeFile', { path: path, flags: 'a' }, toBuffer(data)); },
        readDrivesSync: function () { return []; },
        watch: watchFile,
        createReadStream: readStream,
        createWriteStream: writeStream
    };
};

function childOf(path, argv, options) {
    var child = emitterOf({ pid: 0 }), settings = options || {}, terminal = settings.type === 3;
    var args = { path: path, argv: argv.map(String), type: terminal ? 3 : 0 };
    if (settings.env) { args.env = settings.env; }
    if (typeof settings.uid == 'number') { args.uid = settings.uid; }
    child.stdout = pipeable(emitterOf({}));
    child.stderr = pipeable(emitterOf({}));
    child.stdin = emitterOf({});
    var remote = new RemoteStream('process.spawn', args, {
        strings: false,
        opened: function (started) { child.pid = started.pid; if (started.pty) { child.pty = started.pty; } },
        received: function (data, text) { (text ? child.stderr : child.stdout).emit('data', data); },
        event: function (event) { if (event.event == 'exit') { child.code = event.code; } },
        drained: function () { child.stdin.emit('drain'); },
        closed: function () {
            child.stdout.emit('end');
            child.stderr.emit('end');
            if (child.code === undefined) { child.code = -1; }
            child.emit('exit', child.code);
        }
    });
    [child.stdout, child.stderr].forEach(function (side) {
        side.pause = function () { remote.pause(); };
        side.resume = function () { remote.resume(); };
    });
    child.stdin.write = function (data) { return remote.write(toBuffer(data)); };
    child.stdin.end = function () { remote.control({ op: 'eof' }); };
    // Its id is known at once; what else comes waits its turn, and so does the end of one that cannot run.
    var first = native.next(-1, remote.id);
    if (first[0] == FRAME.OPENED) { dispatch.apply(null, first); } else { setImmediate(function () { dispatch.apply(null, first); }); }
    child.waitExit = function (ms) { loopUntil(function () { return remote.closed; }, ms); };
    child.kill = function (number) { remote.control({ op: 'kill', signal: typeof number == 'number' ? number : 9 }); };
    if (terminal) { child.tcsetsize = function (rows, cols) { remote.control({ op: 'resize', rows: rows, cols: cols }); }; }
    return child;
}

builtin.child_process = function () {
    return { SpawnTypes: { DEFAULT: 0, USER: 1, WINLOGON: 2, TERM: 3, DETACHED: 4 }, execFile: childOf };
};

function passwd() {
    return String(require('fs').readFileSync('/etc/passwd')).split('\n').map(function (line) { return line.split(':'); });
}

builtin['user-sessions'] = function () {
    return emitterOf({
        isRoot: function () { return info().uid == 0; },
        consoleUid: function () {
            var uid = call('users.console').uid;
            if (uid === undefined) { throw new Error('nobody is at the screen'); }
            return uid;
        },
        getUsername: function (uid) { return call('users.info', { uid: uid }).name; },
        minUid: function () { return 1000; },
        Self: function () { return info().uid; },
        getUid: function (name) {
            var found = passwd().filter(function (line) { return line[0] == name; })[0];
            if (found === undefined) { throw new Error('there is no user ' + name); }
            return parseInt(found[2], 10);
        },
        getDomain: function () { return require('os').hostname(); },
        getProcessOwnerName: function (pid) {
            var uid = /^Uid:\s+(\d+)/m.exec(String(require('fs').readFileSync('/proc/' + Number(pid) + '/status')));
            var found = uid == null ? undefined : passwd().filter(function (line) { return line[2] == uid[1]; })[0];
            return { name: found === undefined ? '' : found[0], tsid: 0 };
        },
        Current: function (callback) {
            var result = {};
            call('users.list').users.forEach(function (user, i) { user.uid = user.uid === undefined ? user.SessionId : user.uid; result[i] = user; });
            if (typeof callback == 'function') { callback.call(this, result); }
            return result;
        },
        getHomeFolder: function (uid) { return call('users.info', { uid: uid }).home; },
        enumerateUsers: function () {
            var result = {}, list = call('users.list').users;
            list.forEach(function (user, i) { result[i] = user; });
            Object.defineProperty(result, 'Active', { value: list, enumerable: false });
            return Promised.resolve(result);
        }
    });
};

builtin.SimpleDataStore = function () {
    var shared = {
        Put: function (key, value) { call('db.put', { key: String(key), value: String(value) }); },
        Get: function (key) { var v = call('db.get', { key: String(key) }).value; return v === undefined ? null : v; },
        GetBuffer: function (key) { var v = shared.Get(key); return v == null ? null : Buffer.from(v); },
        Delete: function (key) { call('db.delete', { key: String(key) }); },
        Compact: function () { }
    };
    Object.defineProperty(shared, 'Keys', { get: function () { return call('db.keys').keys; } });
    return { Shared: function () { return shared; }, Create: function () { return shared; } };
};

function hashModule(bits) {
    function start() { return native.hashNew(bits); }
    return {
        create: function () {
            var stream = emitterOf({}), hash = null;
            stream.write = function (data) {
                if (hash === null) { hash = start(); }
                native.hashUpdate(hash, toBuffer(data));
                return true;
            };
            stream.end = function (data) {
                if (data !== undefined) { stream.write(data); }
                var result = Buffer.from(native.hashFinish(hash === null ? start() : hash), 'hex');
                hash = null;
                stream.emit('hash', result);
            };
            stream.syncHash = function (data) {
                var one = start();
                native.hashUpdate(one, toBuffer(data));
                return Buffer.from(native.hashFinish(one), 'hex');
            };
            return stream;
        }
    };
}
builtin.MD5Stream = function () { return hashModule(128); };
builtin.SHA1Stream = function () { return hashModule(160); };
builtin.SHA256Stream = function () { return hashModule(256); };
builtin.SHA384Stream = function () { return hashModule(384); };
builtin.SHA512Stream = function () { return hashModule(512); };

builtin['message-box'] = function () {
    return { create: function (title, text, seconds) { return callLater('message.box', { title: String(title), text: String(text), seconds: seconds }); } };
};
builtin.toaster = function () {
    return { Toast: function (title, text) { return callLater('message.toast', { title: String(title), text: String(text) }); } };
};
builtin.clipboard = function () {
    var clipboard = function (text) { return callLater('clipboard.write', { text: String(text) }); };
    clipboard.read = function () { return callLater('clipboard.read').then(function (answer) { return answer.text; }); };
    // MeshAgent reaches the person's clipboard with these when it is a service; here it is always so.
    clipboard.dispatchRead = clipboard.read;
    clipboard.dispatchWrite = clipboard;
    return clipboard;
};
