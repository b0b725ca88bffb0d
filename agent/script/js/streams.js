// SPDX-License-Identifier: Apache-2.0
// Streams: pipes between objects of the script, and streams the agent serves.

var WINDOW = 262144; // bytes of one stream under way, as in bl-script-proto.h
var streams = {};
var streamNext = 1;

function isSkipped(chunk, skip) {
    return (skip == 1 && typeof chunk == 'string') || (skip == 2 && typeof chunk != 'string');
}

// Gives OBJECT (an emitter with pause () and resume ()) pipe and unpipe.
function pipeable(object) {
    object._pipes = [];
    object.pipe = function (target, options) {
        var settings = options || {};
        var pipe = {
            target: target,
            data: function (chunk) {
                if (isSkipped(chunk, settings.dataTypeSkip)) { return; }
                if (target.write(chunk) === false) {
                    object.pause();
                    target.once('drain', function () { object.resume(); });
                }
            },
            end: function () { if (settings.end !== false) { target.end(); } }
        };
        object._pipes.push(pipe);
        object.on('data', pipe.data);
        object.on('end', pipe.end);
        if (target.emit) { target.emit('pipe', object); }
        return target;
    };
    object.unpipe = function (target) {
        object._pipes = object._pipes.filter(function (pipe) {
            if (target !== undefined && pipe.target !== target) { return true; }
            object.removeListener('data', pipe.data);
            object.removeListener('end', pipe.end);
            object.resume();
            return false;
        });
    };
    return object;
}

// One stream served by the agent: SIDE gets received (data, text), opened (info),
// event (event), closed (error), drained ().
function RemoteStream(operation, args, side) {
    var stream = this;
    stream.id = streamNext++;
    stream.side = side;
    stream.outstanding = 0; // written, not yet taken by the agent
    stream.waiting = [];    // not yet given to the agent
    stream.inbox = [];      // received while paused
    stream.paused = false;
    stream.closed = false;
    streams[stream.id] = stream;
    args.op = operation;
    native.request(FRAME.OPEN, stream.id, JSON.stringify(args));
}

RemoteStream.prototype.write = function (data) {
    if (this.closed) { return true; }
    this.waiting.push(data);
    this.flush();
    return this.waiting.length == 0 && this.outstanding <= WINDOW;
};

RemoteStream.prototype.flush = function () {
    while (this.waiting.length > 0 && this.outstanding <= WINDOW) {
        var data = this.waiting.shift();
        this.outstanding += native.post(FRAME.DATA, typeof data == 'string' ? 1 : 0, this.id, data);
    }
};

RemoteStream.prototype.acknowledged = function (bytes) {
    var full = this.waiting.length > 0 || this.outstanding > WINDOW;
    this.outstanding = Math.max(this.outstanding - bytes, 0);
    this.flush();
    if (full && this.waiting.length == 0 && this.outstanding <= WINDOW) { this.side.drained(); }
};

RemoteStream.prototype.received = function (data, text) {
    if (this.paused) { this.inbox.push({ data: data, text: text }); return; }
    native.acknowledge(this.id, data.length);
    this.side.received(text && this.side.strings ? native.text(data) : data, text);
};

RemoteStream.prototype.pause = function () { this.paused = true; };

RemoteStream.prototype.resume = function () {
    this.paused = false;
    while (!this.paused && this.inbox.length > 0) {
        var next = this.inbox.shift();
        this.received(next.data, next.text);
    }
    if (!this.paused && this.ending && this.inbox.length == 0) { this.finish(); }
};

RemoteStream.prototype.control = function (args, data) {
    if (!this.closed) { native.request(FRAME.CONTROL, this.id, JSON.stringify(args), data); }
};

RemoteStream.prototype.close = function () {
    if (this.closed) { return; }
    this.closed = true;
    while (this.waiting.length > 0) {
        var data = this.waiting.shift();
        native.post(FRAME.DATA, typeof data == 'string' ? 1 : 0, this.id, data);
    }
    native.post(FRAME.CLOSE, 0, this.id);
    delete streams[this.id];
    this.side.closed(null);
};

RemoteStream.prototype.remoteClosed = function (error) {
    this.ending = { error: error };
    if (this.inbox.length == 0) { this.finish(); }
};

RemoteStream.prototype.finish = function () {
    if (this.closed) { return; }
    this.closed = true;
    delete streams[this.id];
    this.side.closed(this.ending.error);
};

// A duplex socket as a script sees it. OPENED (socket, info) runs once it is connected.
function socketOn(operation, args, strings, opened, failed) {
    var socket = pipeable(emitterOf({})), connected = false, ended = false;
    var remote = new RemoteStream(operation, args, {
        strings: strings,
        opened: function (info) { connected = true; opened(socket, info); },
        received: function (data) { socket.emit('data', data); },
        event: function (event) { socket.emit(event.event, event); },
        drained: function () { socket.emit('drain'); },
        closed: function (error) {
            if (ended) { return; }
            ended = true;
            if (!connected && error != null) { failed(new Error(error)); return; }
            socket.emit('end');
            socket.emit('close');
        }
    });
    socket.write = function (data) {
        if (data != null && typeof data == 'object' && !Buffer.isBuffer(data)) { data = JSON.stringify(data); }
        return remote.write(data);
    };
    socket.end = function (data) {
        if (data !== undefined) { socket.write(data); }
        setImmediate(function () { remote.close(); });
    };
    socket.destroy = function () { remote.close(); };
    socket.pause = function () { remote.pause(); };
    socket.resume = function () { remote.resume(); };
    socket.ping = function () { remote.control({ op: 'ping' }); };
    socket.setTimeout = function () { };
    socket.unshift = function (data) { socket.emit('data', data); };
    return socket;
}

builtin.stream = function () {
    function source(options) {
        var object = pipeable(emitterOf({}));
        object.push = function (chunk) { if (chunk === null) { object.emit('end'); } else { object.emit('data', chunk); } return true; };
        object.pause = function () { };
        object.resume = function () { };
        if (options && options.read) { object._read = options.read; }
        return object;
    }
    function sink(object, options) {
        object.write = function (chunk) {
            return options.write.call(object, chunk, function () { object.emit('drain'); }) !== false;
        };
        object.end = function (chunk) {
            if (chunk !== undefined) { object.write(chunk); }
            if (options.final) { options.final.call(object, function () { object.emit('finish'); }); }
        };
        return object;
    }
    return {
        Readable: function (options) { return source(options); },
        Writable: function (options) { return sink(emitterOf({}), options); },
        Duplex: function (options) { return sink(source(options), options); }
    };
};
