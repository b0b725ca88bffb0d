// SPDX-License-Identifier: Apache-2.0
// Port relay: a TCP (or UDP) target reached from this machine, piped into the tunnel.

function blRelayTarget(message) {
    var tcp = blBounded(message.tcpport, 1, 65535, 0), udp = blBounded(message.udpport, 1, 65535, 0);
    if (message.tcpport !== undefined && message.tcpport !== null) { return { kind: 'tcp', port: tcp, host: blRelayHost(message.tcpaddr) }; }
    if (message.udpport !== undefined && message.udpport !== null) { return { kind: 'udp', port: udp, host: blRelayHost(message.udpaddr) }; }
    return null;
}

function blRelayHost(text) {
    if (text === undefined || text === null || text === '') { return '127.0.0.1'; }
    return typeof text == 'string' && /^[0-9A-Za-z:._-]{1,255}$/.test(text) ? text : null;
}

// A server that opens a relay by itself may leave out the rights; when they are there,
// they must allow it.
function blRelayAllowed(tunnel) {
    if (tunnel.relay == null) { return true; }
    if (tunnel.relay.port == 0 || tunnel.relay.host == null) { return false; }
    if (tunnel.rights === undefined) { return true; }
    return blMay(tunnel.rights, BL_RIGHT.CONTROL) || blMay(tunnel.rights, BL_RIGHT.RELAY);
}

function blRelayConnect(tunnel, connected) {
    if (tunnel.relay.kind == 'udp') { blRelayBind(tunnel, connected); return; }
    var net = require('net'), socket;
    socket = net.createConnection({ host: tunnel.relay.host, port: tunnel.relay.port }, function () { connected(); });
    tunnel.target = socket;
    socket.on('error', function (e) {
        blConsole('Unable to reach ' + tunnel.relay.host + ':' + tunnel.relay.port, tunnel.message.sessionid);
        tunnel.end();
    });
    socket.on('end', function () { tunnel.end(); });
}

function blRelayBind(tunnel, connected) {
    var dgram = blModule('dgram');
    if (dgram == null) { blTunnelForget(tunnel); return; }
    tunnel.target = dgram.createSocket({ type: 'udp4' });
    tunnel.target.bind({ port: 0 });
    connected();
}

function blRelayStart(tunnel) {
    var target = tunnel.target;
    tunnel.protocol = tunnel.relay.kind;
    if (tunnel.relay.kind == 'tcp') {
        tunnel.socket.pipe(target, { dataTypeSkip: 1, end: false });
        target.pipe(tunnel.socket, { end: false });
    } else {
        target.on('message', function (data, from) {
            if (!tunnel.ended && from.port == tunnel.relay.port) { tunnel.socket.write(data); }
        });
    }
    blTunnelServe(tunnel, tunnel.relay.kind, {
        binary: tunnel.relay.kind == 'udp' ? function (data) { target.send(data, tunnel.relay.port, tunnel.relay.host); } : null,
        end: function () {
            try { if (target.end) { target.end(); } else { target.close(); } } catch (e) { /* closed by the peer */ }
        }
    });
}
