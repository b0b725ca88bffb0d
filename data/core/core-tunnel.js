// SPDX-License-Identifier: Apache-2.0
// Relay tunnels: opening, certificate pin, control messages, choice of the protocol.
//
// A tunnel is { id, message, rights, consent, options, state, socket, service }. The
// service of a protocol has any of: binary (buffer), text (string), control (object), end ().

var blTunnels = {};
var blTunnelCount = 0;
var blTunnelNext = 1;
// What the user interface shows: kind -> { user id: count }.
var blSessions = { kvm: {}, terminal: {}, files: {}, tcp: {}, udp: {} };

function blSessionUser(message) {
    if (message.guestname) { return message.userid + '/guest:' + Buffer.from(String(message.guestname)).toString('base64'); }
    return message.userid;
}

function blSessionCount(tunnel, kind, step) {
    var user = blSessionUser(tunnel.message), table = blSessions[kind];
    if (typeof user != 'string') { return; }
    table[user] = (table[user] || 0) + step;
    if (table[user] <= 0) { delete table[user]; }
    blSend({ action: 'sessions', type: kind, value: table });
}

// The address of a tunnel: "*/" stands for the server of the control channel.
function blTunnelUrl(value) {
    var own;
    if (typeof value != 'string' || value.length > 4096) { return null; }
    if (value.substring(0, 2) == '*/') {
        own = blHttp.parseUri(blAgent.ServerUrl);
        value = own.protocol + '//' + own.host + ':' + own.port + '/' + value.substring(2);
    }
    return value.split('$').join('%24').split('@').join('%40');
}

function blPlainHash(text) {
    return typeof text == 'string' ? text.split(':').join('').toUpperCase() : null;
}

// Throws unless the tunnel's certificate is the control channel's or the one the server named.
function blPin(message) {
    return function (certificates) {
        var own = blAgent.ServerInfo == null ? null : blAgent.ServerInfo.ControlChannelCertificate;
        var digest = certificates && certificates[0] ? blPlainHash(certificates[0].digest) : null;
        var fingerprint = certificates && certificates[0] ? blPlainHash(certificates[0].fingerprint) : null;
        if (digest != null && own != null && digest == blPlainHash(own.digest)) { return; }
        if (fingerprint != null && own != null && fingerprint == blPlainHash(own.fingerprint)) { return; }
        if (digest != null && digest == blPlainHash(message.servertlshash)) { return; }
        throw new Error('BadCert');
    };
}

function blTunnelOpen(message) {
    var url = blTunnelUrl(message.value), options, tunnel;
    if (url == null || !(url.substring(0, 6) == 'wss://')) { return; }
    if (blTunnelCount >= BL_LIMIT.tunnels) { blConsole('Too many tunnels', message.sessionid); return; }
    tunnel = blTunnelNew(message);
    if (!blRelayAllowed(tunnel)) { blTunnelForget(tunnel); return; }
    options = blHttp.parseUri(url);
    options.rejectUnauthorized = 0;
    options.checkServerIdentity = blPin(message);
    options.perMessageDeflate = message.perMessageDeflate === true;
    if (tunnel.relay != null) {
        blRelayConnect(tunnel, function () { blTunnelRequest(tunnel, options); });
    } else {
        blTunnelRequest(tunnel, options);
    }
}

function blTunnelNew(message) {
    var tunnel = {
        id: blTunnelNext++, message: message, rights: message.rights, state: 'waiting', options: {},
        consent: typeof message.consent == 'number' ? message.consent : 0, socket: null, service: null, ended: false
    };
    tunnel.relay = blRelayTarget(message);
    tunnel.control = function (object) {
        object.ctrlChannel = '102938';
        if (tunnel.socket != null && !tunnel.ended) { tunnel.socket.write(JSON.stringify(object)); }
    };
    tunnel.end = function () {
        if (tunnel.socket != null && !tunnel.ended) { try { tunnel.socket.end(); } catch (e) { /* closing already */ } }
        blTunnelEnded(tunnel);
    };
    blTunnels[tunnel.id] = tunnel;
    blTunnelCount++;
    return tunnel;
}

function blTunnelForget(tunnel) {
    if (blTunnels[tunnel.id] !== tunnel) { return; }
    delete blTunnels[tunnel.id];
    blTunnelCount--;
}

function blTunnelEnded(tunnel) {
    var service = tunnel.service;
    if (tunnel.ended) { return; }
    tunnel.ended = true;
    if (tunnel.kind != null) { blSessionCount(tunnel, tunnel.kind, -1); }
    tunnel.service = null;
    if (service != null && service.end) { try { service.end(); } catch (e) { /* half-open parts */ } }
    blTunnelForget(tunnel);
}

function blTunnelRequest(tunnel, options) {
    var request = blHttp.request(options);
    tunnel.request = request;
    request.on('error', function (e) {
        blConsole('Unable to open the tunnel: ' + e, tunnel.message.sessionid);
        blTunnelEnded(tunnel);
    });
    request.upgrade = function (response, socket) {
        tunnel.socket = socket;
        socket.on('data', function (data) { blTunnelData(tunnel, data); });
        socket.on('end', function () { blTunnelEnded(tunnel); });
        socket.on('error', function () { blTunnelEnded(tunnel); });
    };
    request.end();
}

function blTunnelData(tunnel, data) {
    try {
        if (tunnel.state == 'waiting') { blTunnelJoined(tunnel, data); return; }
        if (typeof data == 'string') { blTunnelText(tunnel, data); return; }
        if (tunnel.state == 'choosing') { blTunnelText(tunnel, data.toString()); return; }
        if (tunnel.service != null && tunnel.service.binary) { tunnel.service.binary(data); }
    } catch (e) {
        blConsole('Tunnel: ' + e, tunnel.message.sessionid);
        tunnel.end();
    }
}

// The first frame says that the other side is there ("c"), perhaps recorded ("cr").
function blTunnelJoined(tunnel, data) {
    var text = data.toString();
    if (text != 'c' && text != 'cr') { return; }
    tunnel.state = 'choosing';
    if (tunnel.relay != null) { tunnel.state = 'running'; blRelayStart(tunnel); }
}

function blTunnelText(tunnel, text) {
    var object = text.charAt(0) == '{' && text.length > 3 ? blParse(text) : null;
    if (tunnel.state == 'choosing') {
        if (object != null) { blTunnelControl(tunnel, object); return; }
        if (text.charAt(0) == '{') { return; }
        blTunnelChoose(tunnel, parseInt(text, 10));
        return;
    }
    if (object != null && object.ctrlChannel !== undefined && String(object.ctrlChannel) == '102938') {
        blTunnelControl(tunnel, object);
        return;
    }
    if (tunnel.service != null && tunnel.service.text) { tunnel.service.text(text, object); }
}

function blTunnelControl(tunnel, object) {
    switch (object.type) {
        case 'options': blTunnelOptions(tunnel, object); return;
        case 'close': tunnel.end(); return;
        case 'rtt': tunnel.control({ type: 'rtt', time: object.time }); return;
        case 'ping': tunnel.control({ type: 'pong' }); return;
        default: break;
    }
    if (tunnel.service != null && tunnel.service.control) { tunnel.service.control(object); }
}

function blTunnelOptions(tunnel, object) {
    var known = ['cols', 'rows', 'xterm', 'requireLogin', 'tsid', 'autolock', 'file'];
    for (var i = 0; i < known.length; i++) {
        if (object[known[i]] !== undefined) { tunnel.options[known[i]] = object[known[i]]; }
    }
    if (typeof object.consent == 'number') { tunnel.consent |= object.consent; }
}

function blTunnelChoose(tunnel, protocol) {
    var usages = (tunnel.message.soptions || {}).usages;
    if (usages instanceof Array && usages.indexOf(protocol) < 0) { blTunnelRefuse(tunnel, 'Not allowed'); return; }
    tunnel.state = 'running';
    tunnel.protocol = protocol;
    switch (protocol) {
        case 1: case 6: case 8: case 9: blTerminalOpen(tunnel); return;
        case 2: blDesktopOpen(tunnel); return;
        case 5: blFilesOpen(tunnel); return;
        case 10: blDeviceFileOpen(tunnel); return;
        default: blTunnelRefuse(tunnel, 'Protocol not available');
    }
}

function blTunnelRefuse(tunnel, text) {
    blStatus(tunnel, 2, text);
    tunnel.end();
}

// Starts SERVICE in TUNNEL and counts it as a session of KIND.
function blTunnelServe(tunnel, kind, service) {
    if (tunnel.ended) { if (service.end) { service.end(); } return; }
    tunnel.service = service;
    if (kind == null) { return; }
    tunnel.kind = kind;
    blSessionCount(tunnel, kind, 1);
}

// The server ends every tunnel of one user and protocol.
function blTunnelEndMatching(message) {
    for (var id in blTunnels) {
        var tunnel = blTunnels[id];
        if (tunnel.message.userid !== message.xuserid || tunnel.protocol !== message.protocol) { continue; }
        if (message.guestname && message.guestname !== tunnel.message.guestname) { continue; }
        tunnel.end();
    }
}
