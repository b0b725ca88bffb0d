// SPDX-License-Identifier: Apache-2.0
// Remote desktop: the agent's own capture stream, piped; this core adds rights and consent.

function blDesktopOpen(tunnel) {
    var control = blMay(tunnel.rights, BL_RIGHT.CONTROL);
    if ((!control && !blMay(tunnel.rights, BL_RIGHT.VIEW_ONLY)) || blRestricted(tunnel.rights, BL_RIGHT.NO_DESKTOP)) {
        blTunnelRefuse(tunnel, 'No right to see the desktop');
        return;
    }
    if (!blHasDesktop()) { blTunnelRefuse(tunnel, 'This agent has no desktop'); return; }
    tunnel.viewOnly = !control || blRestricted(tunnel.rights, BL_RIGHT.VIEW_ONLY) || tunnel.message.desktopviewonly === true;
    blConsent(tunnel, 'desktop', function () { blDesktopStart(tunnel); }, function () { tunnel.end(); });
}

function blDesktopStart(tunnel) {
    var kvm = null, users = {};
    try { kvm = blAgent.getRemoteDesktopStream(tunnel.options.tsid); } catch (e) { kvm = null; }
    if (kvm == null) { blTunnelRefuse(tunnel, 'Unable to open the desktop'); return; }
    blLog(tunnel.message, 63, [], 'Started desktop session');
    if (!tunnel.viewOnly) { tunnel.socket.pipe(kvm, { dataTypeSkip: 1, end: false }); }
    kvm.pipe(tunnel.socket, { dataTypeSkip: 1, end: false });
    blTunnelServe(tunnel, 'kvm', {
        end: function () {
            try { kvm.unpipe(tunnel.socket); } catch (e) { /* the stream is gone */ }
            try { tunnel.socket.unpipe(kvm); } catch (e) { /* the stream is gone */ }
            if (blDesktopViewers() == 0) { try { kvm.end(); } catch (e) { /* stopped itself */ } }
        }
    });
    for (var user in blSessions.kvm) { users[user] = blSessions.kvm[user]; }
    tunnel.control({ type: 'metadata', users: users, startTime: Date.now() });
}

function blDesktopViewers() {
    var count = 0;
    for (var id in blTunnels) {
        if (blTunnels[id].protocol == 2 && blTunnels[id].service != null) { count++; }
    }
    return count;
}
