// SPDX-License-Identifier: Apache-2.0
// The ground of the script host: buffers, timers, events, promises, modules.
//
// The parts of this folder are joined into one function whose argument `native` is the
// host program. They give a core script the names and quirks of MeshAgent's runtime.

var FRAME = {
    START: 1, CORE: 2, COMMAND: 3, CONNECTED: 4, RESULT: 5, INFO: 7, SEND: 35, LOG: 36, CALL: 37,
    OPEN: 40, CONTROL: 41, DATA: 64, ACK: 65, CLOSE: 66, OPENED: 67, EVENT: 68
};
var LIMIT_TIMERS = 10000;
var LIMIT_LISTENERS = 1000;
var self = this; // the global object

// A finalizer would run in the middle of anything, also of the host's own calls; looking at the call stack reaches
// functions that are not a script's. What remains is what texts and bytes need.
var codec = { enc: Duktape.enc, dec: Duktape.dec };
self.Duktape = { enc: codec.enc, dec: codec.dec, version: Duktape.version };
self.global = self;

// --- buffers ----------------------------------------------------------------------------

var plainToString = Buffer.prototype.toString;

Buffer.from = function (value, encoding) {
    if (Buffer.isBuffer(value)) { return Buffer.concat([value]); }
    if (typeof value != 'string') { return null; }
    switch (encoding) {
        case 'hex': return native.toBuffer(codec.dec('hex', value));
        case 'base64': return native.toBuffer(codec.dec('base64', value));
        case 'binary': return native.fromLatin1(value);
        default: return native.toBuffer(value);
    }
};

Buffer.alloc = function (size, fill) {
    var buffer = native.allocate(size);
    if (fill) { buffer.fill(fill); }
    return buffer;
};

Buffer.prototype.toString = function (encoding, start, end) {
    var part = start === undefined && end === undefined ? this : this.slice(start, end);
    switch (encoding) {
        case 'hex': return codec.enc('hex', part).toUpperCase();
        case 'base64': return codec.enc('base64', part);
        case 'binary': return native.latin1(part);
        default: return native.text(part);
    }
};

function toBuffer(data) {
    return Buffer.isBuffer(data) ? data : native.toBuffer(String(data));
}

// --- timers -----------------------------------------------------------------------------

var timers = {};
var timerCount = 0;
var timerNext = 1;

function addTimer(callback, ms, repeat, args) {
    if (timerCount >= LIMIT_TIMERS) { throw new Error('too many timers'); }
    var delay = Math.max(Number(ms) || 0, 0);
    var timer = { id: timerNext++, due: native.now() + delay, delay: repeat ? Math.max(delay, 1) : -1, callback: callback, args: args };
    timers[timer.id] = timer;
    timerCount++;
    return timer;
}

function clearTimer(timer) {
    if (timer == null || timers[timer.id] !== timer) { return; }
    delete timers[timer.id];
    timerCount--;
}

self.setTimeout = function (callback, ms) { return addTimer(callback, ms, false, Array.prototype.slice.call(arguments, 2)); };
self.setInterval = function (callback, ms) { return addTimer(callback, ms, true, Array.prototype.slice.call(arguments, 2)); };
self.setImmediate = function (callback) { return addTimer(callback, 0, false, Array.prototype.slice.call(arguments, 1)); };
self.clearTimeout = self.clearInterval = self.clearImmediate = clearTimer;

// process.on('uncaughtException'): once for an exception, not for those of its own listeners.
var tellingUncaught = false;
function tellUncaught(e) {
    if (tellingUncaught || listenersOf(self.process, 'uncaughtException').length == 0) { return; }
    tellingUncaught = true;
    try { self.process.emit('uncaughtException', e); } finally { tellingUncaught = false; }
}

function guarded(callback, thisValue, args) {
    try {
        callback.apply(thisValue, args);
    } catch (e) {
        native.exception(e && e.stack ? String(e.stack) : String(e));
        tellUncaught(e);
    }
}

// Runs what is due; returns the milliseconds until the next timer, -1 without one.
function tick() {
    var now = native.now(), due = [], next = -1, id, timer;
    for (id in timers) { if (timers[id].due <= now) { due.push(timers[id]); } }
    due.sort(function (a, b) { return a.due - b.due || a.id - b.id; });
    for (var i = 0; i < due.length; i++) {
        timer = due[i];
        if (timers[timer.id] !== timer) { continue; }
        if (timer.delay >= 0) { timer.due = now + timer.delay; } else { clearTimer(timer); }
        guarded(timer.callback, timer, timer.args);
    }
    now = native.now();
    for (id in timers) {
        var left = Math.max(timers[id].due - now, 0);
        if (next < 0 || left < next) { next = left; }
    }
    return Math.ceil(next);
}

// --- events -----------------------------------------------------------------------------

function listenersOf(emitter, name) {
    if (!emitter._listeners.hasOwnProperty(name)) { emitter._listeners[name] = []; }
    return emitter._listeners[name];
}

function addListener(emitter, name, listener, once, first) {
    var list = listenersOf(emitter, name);
    if (typeof listener != 'function' || list.length >= LIMIT_LISTENERS) { throw new Error('cannot add a listener for ' + name); }
    list[first ? 'unshift' : 'push']({ call: listener, once: once });
    if (emitter._listening) { emitter._listening(name); }
    return emitter;
}

// Gives OBJECT the methods of an emitter.
function emitterOf(object) {
    if (object.hasOwnProperty('_listeners')) { return object; }
    Object.defineProperty(object, '_listeners', { value: {}, enumerable: false });
    object.on = object.addListener = function (name, f) { return addListener(object, name, f, false, false); };
    object.once = function (name, f) { return addListener(object, name, f, true, false); };
    object.prependListener = function (name, f) { return addListener(object, name, f, false, true); };
    object.prependOnceListener = function (name, f) { return addListener(object, name, f, true, true); };
    object.removeListener = function (name, f) {
        object._listeners[name] = listenersOf(object, name).filter(function (l) { return l.call !== f; });
        return object;
    };
    object.removeAllListeners = function (name) { object._listeners[name] = []; return object; };
    object.listenerCount = function (name) { return listenersOf(object, name).length; };
    object.createEvent = function () { };
    object.emit = function (name) {
        var args = Array.prototype.slice.call(arguments, 1), list = listenersOf(object, name).slice();
        for (var i = 0; i < list.length; i++) {
            if (list[i].once) { object.removeListener(name, list[i].call); }
            guarded(list[i].call, object, args);
        }
        if (typeof object[name] == 'function' && list.length == 0 && name == 'upgrade') { guarded(object[name], object, args); return true; }
        return list.length > 0;
    };
    return object;
}

// --- promises ---------------------------------------------------------------------------

function Promised(executor) {
    var promise = this, waiting = [];
    promise._state = 0; // 1 kept, 2 broken
    function settle(state, value) {
        if (promise._state != 0) { return; }
        promise._state = state;
        promise._value = value;
        waiting.splice(0).forEach(function (f) { setImmediate(f); });
    }
    function keep(value) {
        if (value != null && typeof value.then == 'function') { value.then(keep, function (e) { settle(2, e); }); return; }
        settle(1, value);
    }
    promise.then = function (ok, fail) {
        var next = new Promised(function () { });
        function run() {
            var handler = promise._state == 1 ? ok : fail;
            try {
                if (typeof handler != 'function') { next[promise._state == 1 ? '_keep' : '_break'](promise._value); return; }
                next._keep(handler.call(promise, promise._value));
            } catch (e) { next._break(e); }
        }
        if (promise._state == 0) { waiting.push(run); } else { setImmediate(run); }
        next.parentPromise = promise;
        return next;
    };
    promise['catch'] = function (fail) { return promise.then(undefined, fail); };
    promise['finally'] = function (f) { return promise.then(function (v) { f(); return v; }, function (e) { f(); throw e; }); };
    promise._keep = promise.resolve = promise._res = keep;
    promise._break = promise.reject = promise._rej = function (e) { settle(2, e); };
    try { executor.call(promise, promise._keep, promise._break); } catch (e) { promise._break(e); }
}

Promised.resolve = function (value) { return new Promised(function (ok) { ok(value); }); };
Promised.reject = function (value) { return new Promised(function (ok, fail) { fail(value); }); };
Promised.all = function (list) {
    return new Promised(function (ok, fail) {
        var left = list.length, values = [];
        if (left == 0) { ok(values); }
        list.forEach(function (p, i) { p.then(function (v) { values[i] = v; if (--left == 0) { ok(values); } }, fail); });
    });
};

// Runs the script's loop until DONE () or after MS milliseconds.
function loopUntil(done, ms) {
    var end = typeof ms == 'number' && ms >= 0 ? native.now() + ms : -1;
    while (!done()) {
        var next = tick(), left = end < 0 ? -1 : end - native.now();
        if (done() || (end >= 0 && left <= 0)) { return; }
        var frame = native.next(next < 0 ? left : left < 0 ? next : Math.min(next, left), 0);
        if (frame !== undefined) { guarded(dispatch, null, frame); }
    }
}

// Blocks until the promise is settled; returns its value or throws it.
Promised.wait = function (promise) {
    loopUntil(function () { return promise._state != 0; });
    if (promise._state == 2) { throw promise._value; }
    return promise._value;
};

// --- modules ----------------------------------------------------------------------------

var builtin = {};   // name -> function returning the module
var loaded = {};
var sources = {};

self.require = function (name) {
    if (loaded.hasOwnProperty(name)) { return loaded[name]; }
    if (sources.hasOwnProperty(name)) {
        var module = { exports: {}, id: name };
        loaded[name] = module.exports;
        native.compile('(function (module, exports, require) {' + sources[name] + '\n})', name + '.js')(module, module.exports, self.require);
        loaded[name] = module.exports;
        return module.exports;
    }
    if (!builtin.hasOwnProperty(name)) { throw new Error('module not found: ' + name); }
    loaded[name] = builtin[name]();
    return loaded[name];
};
// Built-in modules stay what they are.
self.addModule = function (name, source) {
    if (builtin.hasOwnProperty(name)) { return; }
    sources[name] = String(source);
    delete loaded[name];
};
// The same, deflated.
self.addCompressedModule = function (name, data) { self.addModule(name, String(native.deflate(data, true))); };
// Not over a built-in one, which stays what it is.
self.addModuleObject = function (name, object) { if (!builtin.hasOwnProperty(name)) { loaded[name] = object; } };
self.getJSModule = function (name) { return sources[name]; };
self.getModules = function () { return Object.keys(sources); };

builtin.promise = function () { return Promised; };
// EventEmitter (object), new EventEmitter (), and EventEmitter.call (this, true), as MeshAgent's modules write it.
function EventEmitter(object) {
    return emitterOf(object != null && typeof object == 'object' ? object : this);
}
builtin.events = function () {
    return {
        EventEmitter: EventEmitter,
        inherits: function (target) { return emitterOf(target); },
        moderated: function (f) { return f; },
        setFinalizerMetadata: function () { }
    };
};

// --- requests to the agent --------------------------------------------------------------

var callNext = 1;
var calls = {};

// Runs operation NAME and returns its answer; the agent's refusal is thrown.
function call(name, args, data) {
    var request = args || {};
    request.op = name;
    return native.call(callNext++, JSON.stringify(request), data);
}

function callLater(name, args, data) {
    var request = args || {};
    request.op = name;
    return new Promised(function (ok, fail) {
        var id = callNext++;
        calls[id] = { ok: ok, fail: fail };
        native.request(FRAME.CALL, id, JSON.stringify(request), data);
    });
}

function onResult(id, failed, body) {
    var pending = calls[id];
    if (pending === undefined) { return; }
    delete calls[id];
    if (failed) { pending.fail(new Error(body.error)); } else { pending.ok(body); }
}

function log(text) { native.post(FRAME.LOG, 0, 0, String(text)); }
self.console = { log: log, info: log, warn: log, error: log };
