// SPDX-License-Identifier: Apache-2.0
// Zip archives: zip-reader and zip-writer. An archive is read where its directory says, so that it need not fit into memory;
// one file of it has to (32 MiB, the limit of one buffer), and what all of it becomes is limited before anything is written.

var ZIP_DIRECTORY_MAX = 8388608, ZIP_FILES_MAX = 10000, ZIP_TOTAL_MAX = 268435456, ZIP_FILE_MAX = 33554432;
var ZIP_END = 22, ZIP_CENTRAL = 46, ZIP_LOCAL = 30, ZIP_STORED = 0, ZIP_DEFLATED = 8, ZIP_UTF8 = 0x800;

// The entries that a central directory lists; throws on one that is malformed.
function zipEntries(directory, count) {
    var entries = [], at = 0, total = 0;
    for (var i = 0; i < count; i++) {
        if (at + ZIP_CENTRAL > directory.length || directory.readUInt32LE(at) != 0x02014b50) { throw new Error('the directory of the archive is damaged'); }
        var size = directory.readUInt16LE(at + 28), next = at + ZIP_CENTRAL + size + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
        if (next > directory.length) { throw new Error('the directory of the archive is damaged'); }
        var entry = {
            name: directory.slice(at + ZIP_CENTRAL, at + ZIP_CENTRAL + size).toString(), flags: directory.readUInt16LE(at + 8), method: directory.readUInt16LE(at + 10),
            crc: directory.readUInt32LE(at + 16), packed: directory.readUInt32LE(at + 20), size: directory.readUInt32LE(at + 24), offset: directory.readUInt32LE(at + 42),
            mode: directory.readUInt32LE(at + 38) >>> 16
        };
        if (entry.packed == 0xffffffff || entry.size == 0xffffffff) { throw new Error('archives of the 64 bit form are not served'); }
        total += entry.size;
        if (total > ZIP_TOTAL_MAX) { throw new Error('the archive would become more than ' + ZIP_TOTAL_MAX + ' bytes'); }
        entries.push(entry);
        at = next;
    }
    return entries;
}

// A name that stays below the folder it is unpacked in, without what would lead elsewhere.
function zipSafeName(name) {
    return name != '' && name.indexOf('\\') < 0 && name.indexOf('\0') < 0 && name.charAt(0) != '/' && name.split('/').every(function (part, i, all) { return part != '..' && part != '.' && (part != '' || i == all.length - 1); });
}

function openZip(path) {
    var fs = require('fs'), size = fs.statSync(path).size, fd = fs.openSync(path, 'rb');
    function read(offset, length) {
        var buffer = Buffer.alloc(length), done = 0;
        while (done < length) {
            var part = fs.readSync(fd, buffer, done, Math.min(length - done, 262144), offset + done);
            if (part <= 0) { throw new Error('the archive is cut off'); }
            done += part;
        }
        return buffer;
    }
    function directory() {
        var tail = read(size - Math.min(size, ZIP_END + 65535), Math.min(size, ZIP_END + 65535)), at = tail.length - ZIP_END;
        while (at >= 0 && tail.readUInt32LE(at) != 0x06054b50) { at--; }
        if (at < 0) { throw new Error('this is not a zip archive'); }
        var count = tail.readUInt16LE(at + 10), length = tail.readUInt32LE(at + 12), offset = tail.readUInt32LE(at + 16);
        if (count > ZIP_FILES_MAX || length > ZIP_DIRECTORY_MAX) { throw new Error('the archive has more than ' + ZIP_FILES_MAX + ' files'); }
        if (offset + length > size) { throw new Error('the directory of the archive is damaged'); }
        return zipEntries(length > 0 ? read(offset, length) : Buffer.alloc(0), count);
    }
    try {
        var entries = directory();
    } catch (e) {
        fs.closeSync(fd);
        throw e;
    }
    return { entries: entries, read: read, close: function () { if (fd !== null) { fs.closeSync(fd); fd = null; } } };
}

// The bytes of one file; what does not become what the directory says is refused.
function unpack(zip, entry) {
    if ((entry.flags & 1) != 0) { throw new Error(entry.name + ' is encrypted'); }
    if (entry.size > ZIP_FILE_MAX || entry.packed > ZIP_FILE_MAX) { throw new Error(entry.name + ' has more than ' + ZIP_FILE_MAX + ' bytes'); }
    var local = zip.read(entry.offset, ZIP_LOCAL);
    if (local.readUInt32LE(0) != 0x04034b50) { throw new Error(entry.name + ' is not where the directory says'); }
    var from = entry.offset + ZIP_LOCAL + local.readUInt16LE(26) + local.readUInt16LE(28);
    var data = entry.packed > 0 ? zip.read(from, entry.packed) : Buffer.alloc(0);
    if (entry.method == ZIP_DEFLATED) { data = native.deflate(data, true, true, entry.size); } else if (entry.method != ZIP_STORED) { throw new Error(entry.name + ' is packed in another way'); }
    if (data.length != entry.size || native.crc32(data) != entry.crc) { throw new Error(entry.name + ' is damaged'); }
    return data;
}

function zipObject(zip) {
    function find(name) {
        var found = zip.entries.filter(function (e) { return e.name == name; })[0];
        if (found === undefined) { throw new Error('the archive has no ' + name); }
        return found;
    }
    function put(entry, folder) {
        var fs = require('fs'), parts = entry.name.split('/'), name = parts.pop(), path = folder;
        parts.forEach(function (part) {
            path += '/' + part;
            // A link that another file of the archive or somebody else put there leads out of the folder.
            try { if (call('fs.lstat', { path: path }).mode >> 12 != 4) { throw new Error(path + ' is no folder'); } } catch (e) { if (!/No such file/.test(e.message)) { throw e; } fs.mkdirSync(path); }
        });
        if (name == '') { return; }
        try { call('fs.lstat', { path: path + '/' + name }); fs.unlinkSync(path + '/' + name); } catch (e) { /* nothing was there */ }
        fs.writeFileSync(path + '/' + name, unpack(zip, entry));
    }
    return {
        files: zip.entries.map(function (e) { return e.name; }),
        crc: function (name) { return find(name).crc; },
        getStream: function (name) {
            var entry = find(name), stream = pipeable(emitterOf({}));
            stream.pause = stream.resume = function () { };
            setImmediate(function () {
                try { stream.emit('data', unpack(zip, entry)); } catch (e) { stream.emit('error', e); return; }
                stream.emit('end');
            });
            return stream;
        },
        extractAll: function (folder) {
            var waiting = zip.entries.slice(), base = String(folder).replace(/\/+$/, '');
            return new Promised(function (ok, fail) {
                waiting.forEach(function (e) { if (!zipSafeName(e.name) || e.mode >> 12 == 10) { throw new Error('not below the folder: ' + e.name); } });
                function step() {
                    if (waiting.length == 0) { ok(); return; }
                    try { put(waiting.shift(), base); } catch (e) { fail(e); return; }
                    setImmediate(step);
                }
                setImmediate(step);
            });
        },
        close: zip.close
    };
}

builtin['zip-reader'] = function () {
    return {
        read: function (path) { return new Promised(function (ok) { ok(zipObject(openZip(String(path)))); }); },
        isZip: function (path) { try { openZip(String(path)).close(); return true; } catch (e) { return false; } }
    };
};

// --- writing ----------------------------------------------------------------------------

function zipHead(entry, central) {
    var name = Buffer.from(entry.name), head = Buffer.alloc(central ? ZIP_CENTRAL : ZIP_LOCAL), at = central ? 6 : 4;
    head.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
    if (central) { head.writeUInt16LE(0x0314, 4); } // made on a system with modes
    head.writeUInt16LE(20, at);
    head.writeUInt16LE(ZIP_UTF8, at + 2);
    head.writeUInt16LE(entry.method, at + 4);
    head.writeUInt16LE(0x0021, at + 8); // 1980-01-01: the same files make the same archive
    head.writeUInt32LE(entry.crc, at + 10);
    head.writeUInt32LE(entry.packed, at + 14);
    head.writeUInt32LE(entry.size, at + 18);
    head.writeUInt16LE(name.length, at + 22);
    if (central) {
        head.writeUInt32LE((0x81a4 << 16) >>> 0, 38);
        head.writeUInt32LE(entry.offset, 42);
    }
    return Buffer.concat([head, name]);
}

builtin['zip-writer'] = function () {
    return {
        // A stream with the archive of the files; names in it are what stays behind basePath. Event 'progress' (name) before each.
        write: function (options) {
            var stream = pipeable(emitterOf({})), waiting = [].concat(options.files), base = options.basePath === undefined ? null : String(options.basePath).replace(/\/*$/, '/');
            var entries = [], offset = 0, paused = false, over = false;
            function give(buffer) { offset += buffer.length; stream.emit('data', buffer); }
            function add(path) {
                var data = require('fs').readFileSync(path), packed = native.deflate(data, false, true), entry = { method: ZIP_DEFLATED, crc: native.crc32(data), size: data.length, packed: packed.length, offset: offset };
                entry.name = base !== null && path.indexOf(base) == 0 ? path.substring(base.length) : path.substring(path.lastIndexOf('/') + 1);
                if (packed.length >= data.length) { entry.method = ZIP_STORED; entry.packed = data.length; packed = data; }
                if (offset + packed.length > ZIP_TOTAL_MAX || entries.length >= ZIP_FILES_MAX) { throw new Error('the archive gets too large'); }
                entries.push(entry);
                give(zipHead(entry, false));
                if (packed.length > 0) { give(packed); }
            }
            function finish() {
                var from = offset, end = Buffer.alloc(ZIP_END);
                entries.forEach(function (entry) { give(zipHead(entry, true)); });
                end.writeUInt32LE(0x06054b50, 0);
                end.writeUInt16LE(entries.length, 8);
                end.writeUInt16LE(entries.length, 10);
                end.writeUInt32LE(offset - from, 12);
                end.writeUInt32LE(from, 16);
                give(end);
                over = true;
                stream.emit('end');
            }
            function step() {
                if (paused || over) { return; }
                if (waiting.length == 0) { finish(); return; }
                var path = String(waiting.shift());
                stream.emit('progress', path);
                try { add(path); } catch (e) { over = true; stream.emit('error', e); return; }
                setImmediate(step);
            }
            stream.pause = function () { paused = true; };
            stream.resume = function () { if (paused) { paused = false; setImmediate(step); } };
            stream.cancel = function () { over = true; };
            setImmediate(step);
            return stream;
        }
    };
};
