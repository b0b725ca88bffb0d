// SPDX-License-Identifier: Apache-2.0
// File sessions (protocol 5): listing and changing folders. Transfers: core-transfer.js.
// Names in requests are names inside the given folder, never paths.

function blFilesOpen(tunnel) {
    if (!blMay(tunnel.rights, BL_RIGHT.CONTROL) || blRestricted(tunnel.rights, BL_RIGHT.NO_FILES)) {
        blTunnelRefuse(tunnel, 'No right to access files');
        return;
    }
    blConsent(tunnel, 'files', function () { blFilesStart(tunnel); }, function () { tunnel.end(); });
}

function blFilesStart(tunnel) {
    var session = { tunnel: tunnel, upload: null, downloads: {}, search: null, zip: null };
    session.answer = function (object) { if (!tunnel.ended) { tunnel.socket.write(Buffer.from(JSON.stringify(object))); } };
    session.answerText = function (object) { if (!tunnel.ended) { tunnel.socket.write(JSON.stringify(object)); } };
    blLog(tunnel.message, 64, [], 'Started file session');
    blTunnelServe(tunnel, 'files', {
        text: function (text) { blFilesRequest(session, blParse(text)); },
        binary: function (data) { blFilesBinary(session, data); },
        end: function () {
            blUploadClose(session, false);
            for (var id in session.downloads) { blDownloadClose(session, id); }
            session.search = null;
        }
    });
}

// A binary frame is a request when it begins with "{", otherwise a block of the upload.
function blFilesBinary(session, data) {
    if (data.length > 0 && data[0] == 123) { blFilesRequest(session, blParse(data.toString())); return; }
    blUploadBlock(session, data);
}

var BL_FILES_ACTIONS = {
    ls: blFilesList, mkdir: blFilesMkdir, rm: blFilesRemove, rename: blFilesRename, copy: blFilesCopy, move: blFilesMove,
    findfile: blFilesFind, cancelfindfile: function (session) { session.search = null; },
    zip: blFilesZip, unzip: blFilesUnzip, cancel: blFilesCancel, open: blFilesOpenLocal,
    upload: blUploadStart, uploaddone: blUploadDone, uploadcancel: blUploadCancel, uploadhash: blUploadHash,
    download: blDownloadRequest
};

function blFilesRequest(session, request) {
    if (request == null) { return; }
    if (request.ctrlChannel !== undefined) { blTunnelControl(session.tunnel, request); return; }
    if (typeof request.action != 'string' || !BL_FILES_ACTIONS.hasOwnProperty(request.action)) { return; }
    BL_FILES_ACTIONS[request.action](session, request);
}

function blEntry(folder, name) {
    var stat = blStat(blJoin(folder, name)), entry = { n: name, t: 3, s: 0 };
    if (stat == null) { return entry; }
    if (stat.isDirectory()) { entry.t = 2; delete entry.s; } else { entry.s = stat.size; }
    entry.d = stat.mtime;
    return entry;
}

function blDrives() {
    var drives = blFs.readDrivesSync(), result = [];
    for (var i = 0; i < drives.length; i++) {
        result.push({ n: drives[i].name, t: 1, dt: drives[i].type, s: drives[i].size, f: drives[i].free });
    }
    return result;
}

function blFolderEntries(path) {
    var names, result = [], stat = blStat(path);
    if (stat == null || !stat.isDirectory()) { return null; }
    try { names = blFs.readdirSync(path); } catch (e) { return null; }
    for (var i = 0; i < names.length && result.length < BL_LIMIT.directoryEntries; i++) {
        if (names[i] != '.' && names[i] != '..') { result.push(blEntry(path, names[i])); }
    }
    return result;
}

function blFilesList(session, request) {
    var path = blPath(request.path), entries = null;
    if (blWindows && request.path === '') { entries = blDrives(); } else if (path != null) { entries = blFolderEntries(path); }
    session.answer({ path: request.path, reqid: request.reqid, dir: entries });
}

function blFilesMkdir(session, request) {
    var path = blPath(request.path);
    if (path != null) { try { blFs.mkdirSync(path); } catch (e) { /* the next listing shows it */ } }
}

function blFilesRemove(session, request) {
    var folder = blPath(request.path), names = request.delfiles;
    if (folder == null || !(names instanceof Array)) { return; }
    for (var i = 0; i < names.length; i++) {
        if (!blIsName(names[i])) { continue; }
        blRemove(blJoin(folder, names[i]), request.rec === true);
    }
    blLog(session.tunnel.message, 45, [folder], 'Deleted in ' + folder);
}

// A tree is removed by the system's own tool, which does not follow links.
function blRemove(path, recursive) {
    var stat = blStat(path);
    if (recursive && stat != null && stat.isDirectory() && !blWindows) {
        blRun('/bin/rm', ['rm', '-rf', '--', path], {}, BL_LIMIT.commandSeconds, function () { });
        return;
    }
    if (recursive && stat != null && stat.isDirectory()) { blRemoveTree(path, 0); return; }
    try { blFs.unlinkSync(path); } catch (e) { /* the next listing shows it */ }
}

function blRemoveTree(path, depth) {
    var names = blFs.readdirSync(path), stat;
    for (var i = 0; i < names.length; i++) {
        if (!blIsName(names[i]) || depth >= BL_LIMIT.depth) { continue; }
        stat = blStat(blJoin(path, names[i]));
        if (stat != null && stat.isDirectory()) { blRemoveTree(blJoin(path, names[i]), depth + 1); continue; }
        try { blFs.unlinkSync(blJoin(path, names[i])); } catch (e) { /* in use */ }
    }
    try { blFs.rmdirSync(path); } catch (e) { /* not empty */ }
}

function blFilesRename(session, request) {
    var folder = blPath(request.path);
    if (folder == null || !blIsName(request.oldname) || !blIsName(request.newname)) { return; }
    try { blFs.renameSync(blJoin(folder, request.oldname), blJoin(folder, request.newname)); } catch (e) { /* shown by the listing */ }
}

function blTransferNames(request, each) {
    var from = blPath(request.scpath), to = blPath(request.dspath);
    if (from == null || to == null || from == to || !(request.names instanceof Array)) { return; }
    for (var i = 0; i < request.names.length; i++) {
        if (blIsName(request.names[i])) { each(blJoin(from, request.names[i]), blJoin(to, request.names[i])); }
    }
}

function blCopy(from, to) {
    if (!blWindows) {
        blRun('/bin/cp', ['cp', '-a', '-T', '--', from, to], {}, BL_LIMIT.commandSeconds, function () { });
        return;
    }
    try { blFs.copyFileSync(from, to); } catch (e) { /* shown by the listing */ }
}

function blFilesCopy(session, request) { blTransferNames(request, blCopy); }

function blFilesMove(session, request) {
    blTransferNames(request, function (from, to) {
        if (!blWindows) {
            blRun('/bin/mv', ['mv', '-T', '--', from, to], {}, BL_LIMIT.commandSeconds, function () { });
            return;
        }
        try { blFs.renameSync(from, to); } catch (e) { /* shown by the listing */ }
    });
}

// "*" and "?" as in a shell, without regard to case. Linear in both lengths.
function blMatches(pattern, name) {
    var p = 0, n = 0, star = -1, mark = 0;
    pattern = pattern.toLowerCase();
    name = name.toLowerCase();
    while (n < name.length) {
        if (p < pattern.length && (pattern.charAt(p) == '?' || pattern.charAt(p) == name.charAt(n)) && pattern.charAt(p) != '*') {
            p++; n++;
        } else if (p < pattern.length && pattern.charAt(p) == '*') {
            star = p++; mark = n;
        } else if (star >= 0) {
            p = star + 1; n = ++mark;
        } else { return false; }
    }
    while (p < pattern.length && pattern.charAt(p) == '*') { p++; }
    return p == pattern.length;
}

function blFilesFind(session, request) {
    var root = blPath(request.path);
    if (root == null || typeof request.filter != 'string' || request.filter.length > 256) { return; }
    session.search = { root: root, filter: request.filter, reqid: request.reqid, queue: [''], found: 0, looked: 0 };
    blFindStep(session, session.search);
}

// One folder a turn, so that the rest of the core stays responsive.
function blFindStep(session, search) {
    if (session.search !== search || session.tunnel.ended) { return; }
    var folder = search.queue.shift();
    if (folder === undefined || search.found >= BL_LIMIT.found || search.looked >= 1000000) {
        session.search = null;
        session.answer({ action: 'findfile', r: null, reqid: search.reqid });
        return;
    }
    blFindFolder(session, search, folder);
    search.timer = setTimeout(function () { blFindStep(session, search); }, 0);
}

function blFindFolder(session, search, folder) {
    var path = folder == '' ? search.root : blJoin(search.root, folder), names = [], relative, stat;
    try { names = blFs.readdirSync(path); } catch (e) { return; }
    for (var i = 0; i < names.length; i++) {
        if (!blIsName(names[i])) { continue; }
        search.looked++;
        relative = folder == '' ? names[i] : folder + '/' + names[i];
        if (blMatches(search.filter, names[i]) && search.found < BL_LIMIT.found) {
            search.found++;
            session.answer({ action: 'findfile', r: relative, reqid: search.reqid });
        }
        stat = blStat(blJoin(path, names[i]));
        if (stat != null && stat.isDirectory() && relative.split('/').length < BL_LIMIT.depth) { search.queue.push(relative); }
    }
}

function blDialog(session, msg, more) {
    var answer = { action: 'dialogmessage', msg: msg };
    for (var key in more) { answer[key] = more[key]; }
    session.answer(answer);
}

function blFilesZip(session, request) {
    var folder = blPath(request.path), writer = blModule('zip-writer'), files = [], out;
    if (folder == null || writer == null || !blIsName(request.output) || !(request.files instanceof Array) || session.zip != null) { return; }
    for (var i = 0; i < request.files.length; i++) { if (blIsName(request.files[i])) { files.push(blJoin(folder, request.files[i])); } }
    if (files.length == 0) { return; }
    blDialog(session, 'zipping', {});
    out = blFs.createWriteStream(blJoin(folder, request.output), { flags: 'wbN' });
    session.zip = writer.write({ files: files, basePath: folder });
    session.zip.on('progress', function (name, percent) { blDialog(session, 'zippingFile', { file: name, progress: percent }); });
    out.on('close', function () {
        session.zip = null;
        blDialog(session, null, {});
        session.answer({ action: 'refresh' });
    });
    session.zip.pipe(out);
}

function blFilesCancel(session) {
    if (session.zip != null && session.zip.cancel) { session.zip.cancel(function () { blDialog(session, null, {}); }); }
}

function blFilesUnzip(session, request) {
    var input = blPath(request.input), dest = blPath(request.dest), reader = blModule('zip-reader');
    function failed(e) {
        blDialog(session, 'unziperror', { error: String(e) });
        session.answer({ action: 'refresh' });
    }
    if (input == null || dest == null || reader == null) { return; }
    reader.read(input).then(function (archive) {
        blDialog(session, 'unzipping', {});
        for (var i = 0; i < archive.files.length; i++) {
            if (!blIsSafeMember(archive.files[i])) { archive.close(); failed('unsafe name in the archive'); return; }
        }
        archive.extractAll(dest).then(function () {
            blDialog(session, null, {});
            session.answer({ action: 'refresh' });
        }, failed);
    }, failed);
}

// A member of an archive must stay below the folder it is unpacked into.
function blIsSafeMember(name) {
    var parts = String(name).split('\\').join('/').split('/');
    if (parts[0] == '' || parts[0].indexOf(':') >= 0) { return false; }
    return parts.indexOf('..') < 0;
}

function blFilesOpenLocal(session, request) {
    var path = blPath(request.path);
    if (path != null && blFs.existsSync(path)) { blOpenLocally(path); }
}
