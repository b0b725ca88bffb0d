// SPDX-License-Identifier: Apache-2.0
// Bytes of files: upload with resume, download in blocks, one file by protocol 10.

var BL_BLOCK = 16384;   // a full download block with its header
var BL_BLOCK_HEADER = 4;

function blUploadFail(session, reqid) {
    blUploadClose(session, false);
    session.answer(reqid === undefined ? { action: 'uploaderror' } : { action: 'uploaderror', reqid: reqid });
}

function blUploadStart(session, request) {
    var folder = blPath(request.path), path;
    blUploadClose(session, false);
    if (folder == null || !blIsName(request.name)) { blUploadFail(session, request.reqid); return; }
    path = blJoin(folder, request.name);
    try {
        session.upload = { path: path, reqid: request.reqid, fd: blFs.openSync(path, request.append === true ? 'abN' : 'wbN') };
    } catch (e) { session.upload = null; }
    if (session.upload == null) { blUploadFail(session, request.reqid); return; }
    blLog(session.tunnel.message, 105, [path], 'Upload: ' + path);
    session.answer({ action: 'uploadstart', reqid: request.reqid });
}

// A first byte of zero is an escape: it is not part of the data.
function blUploadBlock(session, data) {
    var upload = session.upload, from, written;
    if (upload == null || data.length == 0) { return; }
    from = data[0] == 0 ? 1 : 0;
    try {
        written = data.length == from ? 0 : blFs.writeSync(upload.fd, data, from, data.length - from);
    } catch (e) { blUploadFail(session); return; }
    if (typeof written == 'number' && written < data.length - from) { blUploadFail(session); return; }
    session.answer({ action: 'uploadack', reqid: upload.reqid });
}

function blUploadClose(session, remove) {
    var upload = session.upload;
    if (upload == null) { return; }
    session.upload = null;
    try { blFs.closeSync(upload.fd); } catch (e) { /* nothing more to do */ }
    if (remove) { try { blFs.unlinkSync(upload.path); } catch (e) { /* already gone */ } }
}

function blUploadDone(session) {
    if (session.upload == null) { return; }
    var reqid = session.upload.reqid;
    blUploadClose(session, false);
    session.answer({ action: 'uploaddone', reqid: reqid });
}

function blUploadCancel(session) {
    if (session.upload == null) { return; }
    var reqid = session.upload.reqid;
    blUploadClose(session, true);
    session.answer({ action: 'uploadcancel', reqid: reqid });
}

// What is there already, so that the sender can append the rest.
function blUploadHash(session, request) {
    var folder = blPath(request.path), answer = { action: 'uploadhash', reqid: request.reqid, path: request.path, name: request.name, tag: request.tag, hash: null };
    var stream, file;
    function done(hash) { answer.hash = hash; session.answer(answer); }
    if (folder == null || !blIsName(request.name) || blStat(blJoin(folder, request.name)) == null) { done(null); return; }
    try {
        stream = require('SHA384Stream').create();
        file = blFs.createReadStream(blJoin(folder, request.name), { flags: 'rbN' });
        session.hashing = { stream: stream, file: file };
        stream.on('hash', function (hash) { session.hashing = null; done(hash.toString('hex').toUpperCase()); });
        file.pipe(stream);
    } catch (e) { done(null); }
}

function blDownloadRequest(session, request) {
    var id = String(request.id);
    switch (request.sub) {
        case 'start': blDownloadStart(session, request, id); return;
        case 'startack': blDownloadCredit(session, id, blBounded(request.ack, 1, BL_LIMIT.blocksInFlight, 1)); return;
        case 'ack': blDownloadCredit(session, id, 1); return;
        case 'stop': blDownloadClose(session, id); return;
        default: return;
    }
}

function blDownloadStart(session, request, id) {
    var path = request.ask === 'coredump' ? process.coreDumpLocation : blPath(request.path), fd = null, stat;
    blDownloadClose(session, id);
    stat = path ? blStat(path) : null;
    if (stat != null && !stat.isDirectory() && Object.keys(session.downloads).length < 16) {
        try { fd = blFs.openSync(path, 'rbN'); } catch (e) { fd = null; }
    }
    if (fd == null) { session.answerText({ action: 'download', sub: 'cancel', id: request.id }); return; }
    session.downloads[id] = { fd: fd, credit: 0, blocked: false };
    blLog(session.tunnel.message, 106, [path, stat.size], 'Download: ' + path);
    session.answerText({ action: 'download', sub: 'start', id: request.id });
}

function blDownloadCredit(session, id, blocks) {
    var download = session.downloads[id];
    if (download === undefined) { return; }
    download.credit = Math.min(download.credit + blocks, BL_LIMIT.blocksInFlight);
    while (session.downloads[id] === download && download.credit > 0) {
        download.credit--;
        blDownloadBlock(session, id, download);
    }
}

function blDownloadBlock(session, id, download) {
    var block = Buffer.alloc(BL_BLOCK), read = 0, last;
    try { read = blFs.readSync(download.fd, block, BL_BLOCK_HEADER, BL_BLOCK - BL_BLOCK_HEADER, null); } catch (e) { read = -1; }
    if (read < 0) {
        blDownloadClose(session, id);
        session.answerText({ action: 'download', sub: 'cancel', id: id });
        return;
    }
    last = read < BL_BLOCK - BL_BLOCK_HEADER;
    block[0] = 1;
    block[1] = 0;
    block[2] = 0;
    block[3] = last ? 1 : 0;
    session.tunnel.socket.write(last ? block.slice(0, BL_BLOCK_HEADER + read) : block);
    if (last) { blDownloadClose(session, id); }
}

function blDownloadClose(session, id) {
    var download = session.downloads[id];
    if (download === undefined) { return; }
    delete session.downloads[id];
    try { blFs.closeSync(download.fd); } catch (e) { /* nothing more to do */ }
}

// Protocol 10: the server asks for one file, over a tunnel it opened by itself. Only such
// a tunnel may come without rights.
function blDeviceFileOpen(tunnel) {
    var own = String(tunnel.message.value).indexOf('/devicefile.ashx?') > 0 && tunnel.rights === undefined;
    var may = blMay(tunnel.rights, BL_RIGHT.CONTROL) && !blRestricted(tunnel.rights, BL_RIGHT.NO_FILES);
    var path = blPath(tunnel.options.file), stat = path == null ? null : blStat(path), stream = null;
    if ((own || may) && stat != null && !stat.isDirectory()) {
        try { stream = blFs.createReadStream(path, { flags: 'rbN' }); } catch (e) { stream = null; }
    }
    if (stream == null) {
        tunnel.socket.write(JSON.stringify({ op: 'cancel' }));
        tunnel.end();
        return;
    }
    tunnel.socket.write(JSON.stringify({ op: 'ok', size: stat.size }));
    blLog(tunnel.message, 106, [path, stat.size], 'Download: ' + path);
    blTunnelServe(tunnel, null, { stream: stream, end: function () { try { stream.close(); } catch (e) { /* read to its end */ } } });
    stream.on('end', function () { tunnel.end(); });
    stream.pipe(tunnel.socket, { end: false });
}
