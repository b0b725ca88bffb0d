// SPDX-License-Identifier: Apache-2.0
// TCP, UDP, and the MeshAgent module itself.

builtin.net = function () {
    function connect(options, connected) {
        var socket = socketOn('net.connect', { host: String(options.host || '127.0.0.1'), port: options.port }, false, function () {
            socket.emit('connect');
        }, function (error) {
            socket.emit('error', error);
            socket.emit('close');
        });
        if (connected) { socket.once('connect', connected); }
        return socket;
    }
    function createServer() {
        return emitterOf({ listen: function () { throw new Error('scripts do not listen on this agent'); }, close: function () { } });
    }
    return { createConnection: connect, connect: connect, createServer: createServer };
};

builtin.dgram = function () {
    return {
        createSocket: function () {
            var socket = emitterOf({});
            socket.bind = socket.setBroadcast = socket.close = socket.setMulticastTTL = function () { };
            socket.send = function (data, port, host) { call('udp.send', { host: host, port: port }, toBuffer(data)); };
            return socket;
        }
    };
};

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
