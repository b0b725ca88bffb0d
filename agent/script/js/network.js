// SPDX-License-Identifier: Apache-2.0
// TCP, TLS, UDP, and the MeshAgent module itself.

// What the agent needs of a script's options for TLS.
function tlsArgs(options, args) {
    var context = options.secureContext || {};
    function pick(name) { return options[name] !== undefined ? options[name] : context[name]; }
    ['ca', 'cert', 'key'].forEach(function (name) {
        var value = pick(name);
        if (value !== undefined && value !== null) { args[name] = [].concat(value).map(String).join('\n'); }
    });
    if (pick('pfx')) { args.pfx = toBuffer(pick('pfx')).toString('base64'); }
    if (pick('passphrase') !== undefined) { args.passphrase = String(pick('passphrase')); }
    args.reject = !(options.rejectUnauthorized === false || options.rejectUnauthorized === 0);
    return args;
}

// The agent looks at the certificate; the script's own check comes on top.
function checkIdentity(options, info) {
    if (typeof options.checkServerIdentity == 'function' && info && info.certs) { options.checkServerIdentity(info.certs); }
}

function describeTls(socket, info) {
    socket.authorized = info.authorized;
    socket.authorizationError = info.authorizationError;
    socket.getPeerCertificate = function () { return info.certs[0] || {}; };
    socket.getProtocol = function () { return info.protocol; };
    socket.getCipher = function () { return { name: info.cipher }; };
}

// A client's socket; CONNECTED (socket) and FAILED (error) once, one of them.
function connectSocket(options, tls, connected, failed) {
    var args = { host: String(options.host || '127.0.0.1'), port: Number(options.port) };
    if (tls && options.servername) { args.address = args.host; args.host = String(options.servername); }
    return socketOn(tls ? 'tls.connect' : 'net.connect', tls ? tlsArgs(options, args) : args, false, function (socket, info) {
        if (tls) {
            try { checkIdentity(options, info); } catch (e) {
                failed(e);
                socket.removeAllListeners('end'); // it never was one
                socket.removeAllListeners('close');
                socket.destroy();
                return;
            }
            describeTls(socket, info);
        }
        connected(socket);
    }, failed);
}

function connector(tls) {
    return function (options, connected) {
        if (typeof options != 'object') { options = { port: options, host: typeof connected == 'string' ? connected : undefined }; connected = arguments[arguments.length - 1]; }
        var event = tls ? 'secureConnect' : 'connect';
        var socket = connectSocket(options, tls, function () { socket.emit(event); }, function (error) {
            socket.emit('error', error);
            socket.emit('close');
        });
        if (typeof connected == 'function') { socket.once(event, connected); }
        return socket;
    };
}

// Only loopback addresses, unless the agent's settings say otherwise.
function serverOf(options, connected, tls) {
    var server = emitterOf({ listening: false }), remote = null, event = tls ? 'secureConnection' : 'connection';
    function accept(from) {
        var args = { connection: from.connection };
        if (tls) {
            tlsArgs(options, args);
            args.server = true;
            args.request = !!options.requestCert;
        }
        socketOn('net.accept', args, false, function (socket, info) {
            socket.remoteAddress = from.remoteAddress;
            socket.remotePort = from.remotePort;
            if (tls) { describeTls(socket, info); }
            server.emit(event, socket);
        }, function (error) { server.emit('tlsClientError', error); });
    }
    server.listen = function (where, host) {
        var at = typeof where == 'object' ? where : { port: where, host: host }, last = arguments[arguments.length - 1];
        if (remote !== null) { throw new Error('the server listens already'); }
        if (at.path !== undefined) { throw new Error('only an address and a port are served'); }
        if (typeof last == 'function') { server.once('listening', last); }
        remote = new RemoteStream('net.listen', { host: typeof at.host == 'string' ? at.host : '127.0.0.1', port: Number(at.port) || 0 }, {
            opened: function (info) { server.listening = true; server.address = function () { return { address: info.address, port: info.port }; }; server.emit('listening'); },
            event: function (told) { if (told.event == 'accepted') { accept(told); } },
            received: function () { }, drained: function () { },
            closed: function (error) {
                server.listening = false;
                remote = null;
                if (error != null) { server.emit('error', new Error(error)); }
                server.emit('close');
            }
        });
        return server;
    };
    server.address = function () { return null; };
    server.close = function (closed) {
        if (typeof closed == 'function') { server.once('close', closed); }
        if (remote !== null) { remote.close(); }
    };
    if (typeof connected == 'function') { server.on(event, connected); }
    return server;
}

function serverMaker(tls) {
    return function (options, connected) {
        return typeof options == 'function' ? serverOf({}, options, tls) : serverOf(options || {}, connected, tls);
    };
}

builtin.net = function () {
    return { createConnection: connector(false), connect: connector(false), createServer: serverMaker(false) };
};

builtin.tls = function () {
    return {
        connect: connector(true), createServer: serverMaker(true),
        createSecureContext: function (options) { return options; },
        generateCertificate: refused('this agent makes no certificates for scripts'),
        loadCertificate: refused('give "pfx" and "passphrase" to connect () or createServer ()'),
        // A number from LOW to HIGH nobody can guess, as text.
        generateRandomInteger: function (low, high) {
            var from = Number(low), span = Number(high) - from + 1, bytes = native.random(6), value = 0;
            if (!(span >= 1 && span <= 281474976710656)) { throw new RangeError('a range of at most 2^48 numbers is expected'); }
            for (var i = 0; i < 6; i++) { value = value * 256 + bytes[i]; }
            return String(from + value % span);
        }
    };
};

// Without bind () to a port it only sends.
function datagramSocket(options, heard) {
    var socket = emitterOf({}), remote = null, wishes = [], reuse = !!(options && options.reuseAddr), bound = null;
    function wish(args) {
        if (remote !== null) { remote.control(args); } else { wishes.push(args); }
    }
    socket.bind = function (where, host) {
        var at = where != null && typeof where == 'object' ? where : { port: where, address: host }, last = arguments[arguments.length - 1];
        if (typeof last == 'function') { socket.once('listening', last); }
        if (!(Number(at.port) >= 0) || remote !== null) { return; }
        remote = new RemoteStream('udp.bind', { host: at.address === undefined ? '127.0.0.1' : String(at.address), port: Number(at.port), reuse: reuse || at.exclusive === false }, {
            opened: function (info) { bound = info; wishes.splice(0).forEach(function (args) { remote.control(args); }); socket.emit('listening'); },
            event: function (told) {
                if (told.event == 'problem') { socket.emit('error', new Error(told.message)); return; }
                remote.control({ op: 'taken' });
                socket.emit('message', told.data || Buffer.alloc(0), { address: told.address, port: told.port, size: told.data ? told.data.length : 0, family: told.address.indexOf(':') < 0 ? 'IPv4' : 'IPv6' });
            },
            received: function () { }, drained: function () { },
            closed: function (error) {
                remote = null;
                if (error != null) { socket.emit('error', new Error(error)); }
                socket.emit('close');
            }
        });
    };
    socket.send = function (data, port, host) {
        if (arguments.length >= 5 || (typeof host == 'number' && typeof arguments[3] == 'number')) { // (data, offset, length, port, host)
            data = toBuffer(data).slice(port, port + host);
            port = arguments[3];
            host = arguments[4];
        }
        host = typeof host == 'string' ? host : '127.0.0.1';
        if (remote !== null) { remote.control({ op: 'send', host: host, port: port }, toBuffer(data)); } else { call('udp.send', { host: host, port: port }, toBuffer(data)); }
    };
    socket.address = function () { return bound; };
    socket.close = function () { if (remote !== null) { remote.close(); } };
    socket.addMembership = function (group, address, name) { wish({ op: 'join', group: String(group), 'interface': name }); };
    socket.dropMembership = function (group, address, name) { wish({ op: 'leave', group: String(group), 'interface': name }); };
    socket.setBroadcast = function (on) { wish({ op: 'broadcast', value: on ? 1 : 0 }); };
    socket.setMulticastTTL = function (ttl) { wish({ op: 'ttl', value: Number(ttl) }); };
    socket.setMulticastLoopback = function (on) { wish({ op: 'loopback', value: on ? 1 : 0 }); };
    socket.setMulticastInterface = function () { };
    if (typeof heard == 'function') { socket.on('message', heard); }
    return socket;
}

builtin.dgram = function () { return { createSocket: datagramSocket }; };

// --- MeshAgent --------------------------------------------------------------------------

var started = { msh: {}, info: {} };
var online = false;
var mesh = emitterOf({ isService: false, hasKVM: 0, updatesEnabled: 0, activeMicroLMS: 0, displayName: 'bowline-agent', idleTimeout: 120 });

mesh.AddCommandHandler = function (f) { mesh.on('Command', f); };
mesh.AddConnectHandler = function (f) { mesh.on('Connected', f); };
mesh._listening = function (name) {
    var list = mesh._listeners.Connected;
    if (name == 'Connected' && online) { guarded(list[list.length - 1].call, mesh, [1]); }
};
mesh.SendCommand = function (command) {
    if (!online) { return 1; }
    if (Buffer.isBuffer(command)) { native.post(FRAME.SEND, command.length > 0 && command[0] == 123 ? 1 : 0, 0, command); return 0; }
    native.post(FRAME.SEND, 1, 0, typeof command == 'string' ? command : JSON.stringify(command));
    return 0;
};
mesh.hostname = function () { return require('os').hostname(); };
mesh.log = log;
mesh.getStartupOptions = function () { return {}; };
mesh.ExecPowerState = function (action, force) { callLater('power', { action: action, forced: !!force }).then(function () { }, log); };

function meshGetter(name, get) { Object.defineProperty(mesh, name, { get: get, enumerable: true }); }
meshGetter('isControlChannelConnected', function () { return online; });
meshGetter('ConnectedServer', function () { return online ? started.info.serverUrl : null; });
meshGetter('ServerUrl', function () { return started.info.serverUrl; });
meshGetter('ServerIP', function () { return started.info.serverIp; });
meshGetter('ARCHID', function () { return started.info.archId; });
meshGetter('ServerInfo', function () {
    var i = started.info;
    return {
        MeshID: i.meshId, ServerID: i.serverId, ServerUri: i.serverUri || i.serverUrl, ServerIP: i.serverIp,
        ControlChannelCertificate: { digest: i.certDigest, fingerprint: i.certFingerprint }
    };
});

builtin.MeshAgent = function () { return mesh; };
builtin._agentNodeId = function () { return function () { return started.info.nodeId; }; };
self._MSH = function () { return JSON.parse(JSON.stringify(started.msh)); };
self.getSHA384FileHash = function (path) { return require('SHA384Stream').create().syncHash(require('fs').readFileSync(path)); };

function onConnected(up) {
    if (online == up) { return; }
    online = up;
    mesh.emit('Connected', up ? 1 : 0);
}

function onServerCommand(data) {
    var command;
    if (data.length > 0 && data[0] != 123) { mesh.emit('Command', data); return; }
    command = native.text(data);
    try { command = JSON.parse(command); } catch (e) { /* then as text, like MeshAgent */ }
    mesh.emit('Command', command);
}

// --- frames of the agent ----------------------------------------------------------------

function onStart(body) {
    started.msh = body.msh || {};
    started.info = body.info || {};
    self.process.versions = { bowline: body.version, duktape: String(Duktape.version) };
}

// BODY is the decoded object for frames with a body, a Buffer for the others.
function dispatch(type, flags, id, body) {
    var stream = streams[id];
    switch (type) {
        case FRAME.START: onStart(body); return;
        case FRAME.INFO: started.info = body; return;
        case FRAME.CONNECTED: onConnected(id != 0); return;
        case FRAME.COMMAND: onServerCommand(body); return;
        case FRAME.RESULT: onResult(id, flags != 0, body); return;
        default: break;
    }
    if (stream === undefined) { return; }
    switch (type) {
        case FRAME.DATA: stream.received(body, flags != 0); return;
        case FRAME.ACK: stream.acknowledged(body.readUInt32BE(0)); return;
        case FRAME.CLOSE: stream.remoteClosed(body.error === undefined ? null : body.error); return;
        case FRAME.OPENED: stream.side.opened(body); return;
        case FRAME.EVENT: stream.side.event(body); return;
        default: return;
    }
}
