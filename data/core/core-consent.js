// SPDX-License-Identifier: Apache-2.0
// Asking or telling the person at the machine before a session starts.

// Flags by kind of session: a notice afterwards, a question before.
var BL_CONSENT = {
    desktop: { notify: 1, prompt: 8, message: 'consentMsgDesktop', notice: 'notifyMsgDesktop', verb: 'see and control your desktop' },
    terminal: { notify: 2, prompt: 16, message: 'consentMsgTerminal', notice: 'notifyMsgTerminal', verb: 'use a terminal on this computer' },
    files: { notify: 4, prompt: 32, message: 'consentMsgFiles', notice: 'notifyMsgFiles', verb: 'access files on this computer' }
};

function blText(options, key, otherwise) {
    return typeof options[key] == 'string' && options[key].length > 0 ? options[key] : otherwise;
}

function blVisitor(tunnel) {
    var m = tunnel.message;
    return String(m.guestname || m.realname || m.username || 'A remote user');
}

function blNotice(title, text) {
    var toaster = blModule('toaster'), result;
    if (toaster == null) { return false; }
    try {
        result = toaster.Toast(title, text);
        if (result && result.then) { result.then(function () { }, function () { }); }
        return true;
    } catch (e) { return false; }
}

function blStatus(tunnel, msgid, text) {
    tunnel.control({ type: 'console', msg: text, msgid: msgid });
}

// Calls ALLOWED () or DENIED () once, after the person decided, or at once when nobody
// need be asked. Without a way to ask the answer is no, unless the server said otherwise.
function blConsent(tunnel, kind, allowed, denied) {
    var rule = BL_CONSENT[kind], options = tunnel.message.soptions || {}, flags = tunnel.consent;
    var nobody = blConsoleUser() == null, box = blModule('message-box'), promise, decided = false;
    function accept(asked) {
        if (decided) { return; }
        decided = true;
        if (asked) { blStatus(tunnel, 0, null); }
        if ((flags & rule.notify) != 0) {
            blNotice(blText(options, 'notifyTitle', 'Bowline'), blText(options, rule.notice, '{0} started a remote session.').replace('{0}', blVisitor(tunnel)));
        }
        allowed();
    }
    function refuse() {
        if (decided) { return; }
        decided = true;
        blStatus(tunnel, 2, 'Consent was denied');
        denied();
    }
    if ((flags & rule.prompt) == 0) { accept(false); return; }
    if (nobody && options.consentAutoAcceptIfNoUser === true) { accept(false); return; }
    blStatus(tunnel, 1, 'Waiting for the user to grant access...');
    if (box == null) { refuse(); return; }
    try {
        promise = box.create(blText(options, 'consentTitle', 'Bowline'),
            blText(options, rule.message, '{0} asks to ' + rule.verb + '. Allow?').replace('{0}', blVisitor(tunnel)),
            typeof options.consentTimeout == 'number' ? options.consentTimeout : 30);
        tunnel.question = promise;
        promise.then(function () { accept(true); }, function () {
            if (options.consentAutoAccept === true) { accept(true); } else { refuse(); }
        });
    } catch (e) { refuse(); }
}
