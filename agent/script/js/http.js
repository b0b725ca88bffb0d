// SPDX-License-Identifier: Apache-2.0
// Requests: WebSockets to the own server, and HTTP over TCP or TLS; servers of HTTP.

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
    var usual = isSecure(options) ? 443 : 80, headers = { Host: options.host + (!options.port || options.port == usual ? '' : ':' + options.port), Connection: 'close' }, text, name;
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
    var to = { port: Number(options.port) || (isSecure(options) ? 443 : 80) };
    ['host', 'servername', 'secureContext', 'ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'checkServerIdentity'].forEach(function (name) { to[name] = options[name]; });
    object.socket = connectSocket(to, isSecure(options), function (socket) {
        socket.write(Buffer.concat([Buffer.from(text), body]));
    }, fail);
    object.socket.on('data', function (bytes) {
        try { if (reader === null) { begin(bytes); } else { reader.feed(bytes); } } catch (e) { fail(e); }
    });
    object.socket.on('end', function () {
        if (reader !== null) { reader.over(); } else { fail(new Error('there was no answer')); }
    });
}

function isSecure(options) { return options.protocol == 'https:'; }

function request(options, answered, protocol) {
    var object = emitterOf({}), parts = [], copy = {}, name;
    if (typeof options == 'string') { options = parseUri(options); }
    for (name in options) { copy[name] = options[name]; }
    options = copy;
    options.protocol = options.protocol || protocol;
    options.host = options.host || options.hostname || '127.0.0.1';
    if (typeof answered == 'function') { object.on('response', answered); }
    object.write = function (data) { parts.push(toBuffer(data)); return true; };
    object.end = function (data) {
        if (data !== undefined) { object.write(data); }
        if (options.protocol == 'wss:') { openWebSocket(object, options); return; }
        if (options.protocol == 'http:' || isSecure(options)) { sendRequest(object, options, Buffer.concat(parts)); return; }
        setImmediate(function () { object.emit('error', new Error('only http:, https: and wss: are served')); });
    };
    object.abort = function () { if (object.socket) { object.socket.destroy(); } };
    return object;
}

// --- servers ----------------------------------------------------------------------------

var HEAD_MS = 30000; // a client has this long for the head of its request

function parseRequest(text) {
    var lines = text.split('\r\n'), first = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(lines[0]);
    if (first == null) { throw new Error('the request is not HTTP'); }
    lines[0] = 'HTTP/1.1 200';
    var message = parseHead(lines.join('\r\n'));
    return { method: first[1], url: first[2], headers: message.headers };
}

// One answer a connection, which ends with it.
function responseOn(socket, method) {
    var response = emitterOf({ statusCode: 200, headersSent: false, finished: false }), headers = {}, chunked = false;
    function sendHead(length) {
        var text = 'HTTP/1.1 ' + Number(response.statusCode) + ' ' + (response.statusMessage || 'OK') + '\r\n', known = false, name;
        for (name in headers) {
            known = known || name.toLowerCase() == 'content-length';
            text += name + ': ' + headers[name] + '\r\n';
        }
        if (!known && length !== undefined) { text += 'Content-Length: ' + length + '\r\n'; }
        chunked = !known && length === undefined;
        if (chunked) { text += 'Transfer-Encoding: chunked\r\n'; }
        text += 'Connection: close\r\n';
        if (/[\r\n]/.test(text.replace(/\r\n/g, ''))) { throw new Error('a line end within a header'); }
        response.headersSent = true;
        socket.write(Buffer.from(text + '\r\n'));
    }
    response.setHeader = function (name, value) { headers[name] = String(value); };
    response.writeHead = function (status, message, more) {
        response.statusCode = status;
        if (typeof message == 'string') { response.statusMessage = message; } else { more = message; }
        for (var name in more || {}) { headers[name] = String(more[name]); }
    };
    response.write = function (data) {
        var bytes = toBuffer(data);
        if (!response.headersSent) { sendHead(); }
        if (method == 'HEAD' || bytes.length == 0) { return true; }
        return socket.write(chunked ? Buffer.concat([Buffer.from(bytes.length.toString(16) + '\r\n'), bytes, Buffer.from('\r\n')]) : bytes);
    };
    response.end = function (data) {
        var bytes = data === undefined ? Buffer.alloc(0) : toBuffer(data);
        if (response.finished) { return; }
        response.finished = true;
        if (!response.headersSent) { sendHead(bytes.length); }
        response.write(bytes);
        socket.end(chunked && method != 'HEAD' ? Buffer.from('0\r\n\r\n') : undefined);
        response.emit('finish');
    };
    socket.on('drain', function () { response.emit('drain'); });
    socket.on('close', function () { response.emit('close'); });
    return response;
}

function serveRequests(server, socket) {
    var head = Buffer.alloc(0), reader = null, request = null, passed = false;
    var timer = setTimeout(function () { socket.destroy(); }, HEAD_MS);
    function refuse() { socket.end(Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')); passed = true; }
    function begin(bytes) {
        head = Buffer.concat([head, bytes]);
        var text = head.toString('binary'), at = text.indexOf('\r\n\r\n'), rest;
        if (at < 0) { if (head.length > LIMIT_HEAD) { throw new Error('the request has no end of its head'); } return; }
        clearTimeout(timer);
        rest = head.slice(at + 4);
        request = pipeable(emitterOf(parseRequest(text.substring(0, at))));
        request.socket = socket;
        request.pause = function () { socket.pause(); };
        request.resume = function () { socket.resume(); };
        if (request.headers.upgrade !== undefined && server.listenerCount('upgrade') > 0) { passed = true; server.emit('upgrade', request, socket, rest); return; }
        if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) { request.headers['content-length'] = '0'; }
        reader = bodyReader(request.headers, function (part) { request.emit('data', part); }, function () { request.emit('end'); }, function (e) { request.emit('error', e); socket.destroy(); });
        server.emit('request', request, responseOn(socket, request.method));
        reader.feed(rest);
    }
    socket.on('data', function (bytes) {
        if (passed) { return; }
        try { if (reader === null) { begin(bytes); } else { reader.feed(bytes); } } catch (e) { refuse(); }
    });
    socket.on('close', function () { clearTimeout(timer); });
}

function webServer(tls) {
    return function (options, asked) {
        var given = typeof options == 'function' ? {} : options || {}, heard = typeof options == 'function' ? options : asked;
        var server = serverOf(given, function (socket) { serveRequests(server, socket); }, tls);
        if (typeof heard == 'function') { server.on('request', heard); }
        return server;
    };
}

function webModule(protocol) {
    return function () {
        var ask = function (options, answered) { return request(options, answered, protocol); };
        return {
            parseUri: parseUri, request: ask, globalAgent: {}, createServer: webServer(protocol == 'https:'),
            get: function (options, answered) { var r = ask(options, answered); r.end(); return r; },
            generateNonce: function (length) { return native.random(Math.ceil(length / 2)).toString('hex').substring(0, length); }
        };
    };
}

builtin.http = webModule('http:');
builtin.https = webModule('https:');
