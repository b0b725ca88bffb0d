// SPDX-License-Identifier: Apache-2.0
// Requests: WebSockets to the own server, and plain HTTP over TCP.

var LIMIT_HEAD = 65536;

// "wss://name:password@host:port/path" -> the options of a request.
function parseUri(url) {
    var m = /^([a-z]+):\/\/(?:([^:@\/?#]*)(?::([^@\/?#]*))?@)?(\[[0-9A-Fa-f:.]+\]|[^:\/?#]+)(?::([0-9]+))?([\/?].*)?$/.exec(String(url));
    if (m == null) { throw new Error('not an address: ' + url); }
    var ports = { 'http': 80, 'ws': 80, 'https': 443, 'wss': 443 };
    var options = { protocol: m[1] + ':', host: m[4], port: m[5] ? parseInt(m[5], 10) : ports[m[1]], path: m[6] || '/', method: 'GET' };
    if (m[2] !== undefined) { options.username = m[2]; }
    if (m[3] !== undefined) { options.password = m[3]; }
    return options;
}

// The agent pins the certificate of its own server; the script's own check comes on top.
function checkCertificate(options, info) {
    if (typeof options.checkServerIdentity != 'function' || !info || !info.certDigest) { return; }
    options.checkServerIdentity([{ digest: info.certDigest, fingerprint: info.certFingerprint }]);
}

function openWebSocket(object, options) {
    var args = { url: 'wss://' + options.host + ':' + options.port + options.path, certs: [], deflate: options.perMessageDeflate === true };
    object.socket = socketOn('ws.connect', args, true, function (socket, info) {
        try { checkCertificate(options, info); } catch (e) {
            socket.destroy();
            object.emit('error', e);
            return;
        }
        object.emit('upgrade', { statusCode: 101, headers: {} }, socket, null);
    }, function (error) { object.emit('error', error); });
}

// --- HTTP/1.1 ---------------------------------------------------------------------------

function parseHead(text) {
    var lines = text.split('\r\n'), first = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(lines[0]), headers = {};
    if (first == null) { throw new Error('the answer is not HTTP'); }
    for (var i = 1; i < lines.length; i++) {
        var at = lines[i].indexOf(':');
        if (at <= 0) { throw new Error('a malformed line in the answer'); }
        headers[lines[i].substring(0, at).toLowerCase()] = lines[i].substring(at + 1).trim();
    }
    return { statusCode: parseInt(first[1], 10), statusMessage: first[2] || '', headers: headers };
}

// What a body needs until it is whole: feed (bytes) gives parts to DATA and END; over () is the end of the connection.
function bodyReader(headers, data, end, fail) {
    var chunked = /chunked/i.test(headers['transfer-encoding'] || ''), left = headers['content-length'] === undefined ? -1 : Number(headers['content-length']);
    var rest = Buffer.alloc(0), done = false;
    function finish() { if (!done) { done = true; end(); } }
    if (!chunked && left === 0) { setImmediate(finish); }
    function line() {
        var text = rest.slice(0, Math.min(rest.length, 1024)).toString('binary'), at = text.indexOf('\r\n');
        if (at < 0) { if (text.length == 1024) { fail(new Error('a malformed chunk')); done = true; } return null; }
        rest = rest.slice(at + 2);
        return text.substring(0, at);
    }
    function chunks() {
        while (!done) {
            if (left > 0) {
                if (rest.length == 0) { return; }
                var part = rest.slice(0, left);
                rest = rest.slice(part.length);
                left -= part.length;
                data(part);
                if (left > 0) { return; }
                left = -2; // the line end behind it
            }
            var text = line();
            if (text === null) { return; }
            if (left == -2) { left = -1; continue; }
            if (!/^[0-9A-Fa-f]{1,7}\s*(;.*)?$/.test(text)) { fail(new Error('a malformed chunk')); done = true; return; }
            left = parseInt(text, 16);
            if (left == 0) { finish(); }
        }
    }
    return {
        feed: function (bytes) {
            if (done) { return; }
            if (chunked) { rest = Buffer.concat([rest, bytes]); chunks(); return; }
            if (left >= 0) { bytes = bytes.slice(0, left); left -= bytes.length; }
            if (bytes.length > 0) { data(bytes); }
            if (left == 0) { finish(); }
        },
        over: function () { if (chunked || left > 0) { if (!done) { done = true; fail(new Error('the answer is not complete')); } } else { finish(); } }
    };
}

function requestHead(options, length) {
    var headers = { Host: options.host + (options.port == 80 ? '' : ':' + options.port), Connection: 'close' }, text, name;
    for (name in options.headers || {}) { headers[name] = String(options.headers[name]); }
    if (length > 0) { headers['Content-Length'] = length; }
    text = (options.method || 'GET') + ' ' + (options.path || '/') + ' HTTP/1.1\r\n';
    for (name in headers) { text += name + ': ' + headers[name] + '\r\n'; }
    if (/[\r\n]/.test(text.replace(/\r\n/g, ''))) { throw new Error('a line end within a header'); }
    return text + '\r\n';
}

function sendRequest(object, options, body) {
    var head = Buffer.alloc(0), reader = null, response = null, over = false;
    function finish() { over = true; object.socket.destroy(); }
    function fail(error) {
        if (over) { return; }
        finish();
        object.emit('error', error);
    }
    function begin(bytes) {
        head = Buffer.concat([head, bytes]);
        var text = head.toString('binary'), at = text.indexOf('\r\n\r\n');
        if (at < 0) { if (head.length > LIMIT_HEAD) { throw new Error('the answer has no end of its head'); } return; }
        response = pipeable(emitterOf(parseHead(text.substring(0, at))));
        response.pause = function () { object.socket.pause(); };
        response.resume = function () { object.socket.resume(); };
        if (options.method == 'HEAD') { response.headers['content-length'] = 0; }
        reader = bodyReader(response.headers, function (part) { response.emit('data', part); },
            function () { finish(); response.emit('end'); }, fail);
        object.emit('response', response);
        reader.feed(head.slice(at + 4));
    }
    var text = requestHead(options, body.length);
    object.socket = socketOn('net.connect', { host: String(options.host), port: Number(options.port) || 80 }, false, function (socket) {
        socket.write(Buffer.concat([Buffer.from(text), body]));
    }, fail);
    object.socket.on('data', function (bytes) {
        try { if (reader === null) { begin(bytes); } else { reader.feed(bytes); } } catch (e) { fail(e); }
    });
    object.socket.on('end', function () {
        if (reader !== null) { reader.over(); } else { fail(new Error('there was no answer')); }
    });
}

function request(options, answered) {
    var object = emitterOf({}), parts = [];
    if (typeof options == 'string') { options = parseUri(options); }
    if (typeof answered == 'function') { object.on('response', answered); }
    object.write = function (data) { parts.push(toBuffer(data)); return true; };
    object.end = function (data) {
        if (data !== undefined) { object.write(data); }
        if (options.protocol == 'wss:') { openWebSocket(object, options); return; }
        if (options.protocol === undefined || options.protocol == 'http:') { sendRequest(object, options, Buffer.concat(parts)); return; }
        setImmediate(function () { object.emit('error', new Error('only http: and wss: are served')); });
    };
    object.abort = function () { if (object.socket) { object.socket.destroy(); } };
    return object;
}

builtin.http = builtin.https = function () {
    return {
        parseUri: parseUri, request: request, globalAgent: {},
        get: function (options, answered) { var r = request(options, answered); r.end(); return r; },
        generateNonce: function (length) { return native.random(Math.ceil(length / 2)).toString('hex').substring(0, length); }
    };
};
