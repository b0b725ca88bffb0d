// SPDX-License-Identifier: Apache-2.0
// What this machine is: coreinfo, network addresses, hardware.

var blInfoLast = '';
var blNetTimer = null;

function blHasDesktop() {
    return typeof blAgent.getRemoteDesktopStream == 'function' && (blAgent.hasKVM == 1 || blAgent.hasKVM === true);
}

function blOsText() {
    var text = blOs.Name;
    if (typeof text != 'string') { text = process.platform; }
    return text;
}

function blBootTime() {
    try { return Date.now() - Math.floor(blOs.uptime() * 1000); } catch (e) { return undefined; }
}

// Names of the users whose sessions are active; DONE (names) comes once.
function blActiveUsers(done) {
    var sessions = blModule('user-sessions'), promise;
    if (sessions == null) { done([]); return; }
    try {
        promise = sessions.enumerateUsers();
        promise.then(function (all) {
            var names = [], key, entry, name;
            for (key in all) {
                entry = all[key];
                if (entry == null || entry.State != 'Active' || !entry.Username) { continue; }
                name = entry.Domain ? entry.Domain + '\\' + entry.Username : entry.Username;
                if (names.indexOf(name) < 0) { names.push(name); }
            }
            done(names);
        }, function () { done([]); });
    } catch (e) { done([]); }
}

function blCoreInfo(users) {
    var boot = blBootTime();
    var info = {
        action: 'coreinfo', caps: 2 | 4 | (blHasDesktop() ? 1 : 0),
        value: 'Bowline core v' + BL_CORE_VERSION, osdesc: blOsText(), root: blIsRoot()
    };
    if (typeof boot == 'number') { info.lastbootuptime = boot; }
    if (users != null) { info.users = users; }
    return info;
}

// Sends coreinfo: at once without users, again when they are known or have changed.
function blSendCoreInfo() {
    blInfoLast = '';
    blSend(blCoreInfo(null));
    blSendUsers();
}

function blSendUsers() {
    blActiveUsers(function (users) {
        var key = JSON.stringify(users);
        if (key == blInfoLast) { return; }
        blInfoLast = key;
        blSend(blCoreInfo(users));
    });
}

function blNetInfo() {
    var interfaces = {}, gateways = {};
    try { interfaces = blOs.networkInterfaces(); } catch (e) { return {}; }
    try { gateways = blOs.getDefaultGateways(); } catch (e) { gateways = {}; }
    for (var name in interfaces) {
        for (var i = 0; i < interfaces[name].length; i++) {
            if (gateways[name] && !interfaces[name][i].gateway && interfaces[name][i].family == 'IPv4') {
                interfaces[name][i].gateway = gateways[name];
            }
        }
    }
    return interfaces;
}

function blSendNetInfo() {
    blSend({ action: 'netinfo', netif2: blNetInfo() });
}

function blScheduleNetInfo() {
    if (blNetTimer != null) { return; }
    blNetTimer = setTimeout(function () { blNetTimer = null; blSendNetInfo(); }, 5000);
    blNetTimer.metadata = 'netinfo';
}

function blTableLines(text) {
    return text == null ? [] : text.split('\n');
}

// "Key: value" files of /proc.
function blField(text, key) {
    var lines = blTableLines(text);
    for (var i = 0; i < lines.length; i++) {
        var colon = lines[i].indexOf(':');
        if (colon > 0 && lines[i].substring(0, colon).trim() == key) { return lines[i].substring(colon + 1).trim(); }
    }
    return null;
}

function blSetIf(object, key, value) {
    if (value != null && value !== '') { object[key] = value; }
}

function blDmi(object, key, file) {
    blSetIf(object, key, blReadText('/sys/class/dmi/id/' + file));
}

function blDisks() {
    var disks = [], names = [];
    try { names = blFs.readdirSync('/sys/block'); } catch (e) { return disks; }
    for (var i = 0; i < names.length && disks.length < 100; i++) {
        if (!blIsName(names[i]) || /^(loop|ram|zram|dm-|md|sr|fd)/.test(names[i])) { continue; }
        var blocks = parseInt(blReadText('/sys/block/' + names[i] + '/size'), 10);
        var model = blReadText('/sys/block/' + names[i] + '/device/model');
        if (isNaN(blocks) || blocks == 0) { continue; }
        disks.push({ Caption: model ? model : names[i], Name: names[i], Size: blocks * 512 });
    }
    return disks;
}

// Processors, name servers and the kind of TPM chip, as bowline-agent tells them.
function blAddSystem(hardware, cpu) {
    var lines = blTableLines(cpu), servers = [], processors = 0, i, match;
    for (i = 0; i < lines.length; i++) { if (/^processor\s*:/.test(lines[i])) { processors++; } }
    if (processors > 0) { hardware.linux.Processors = processors; }
    lines = blTableLines(blReadText('/etc/resolv.conf'));
    for (i = 0; i < lines.length && servers.length < 16; i++) {
        match = /^nameserver\s+(\S+)/.exec(lines[i]);
        if (match) { servers.push(match[1]); }
    }
    hardware.network = { dns: servers };
    var tpm = blReadText('/sys/class/tpm/tpm0/tpm_version_major');
    if (tpm == '1' || tpm == '2') { hardware.tpm = { SpecVersion: tpm == '1' ? '1.2' : '2.0', IsEnabled: true }; }
}

function blLinuxHardware() {
    var ids = {}, cpu = blReadText('/proc/cpuinfo'), memory = blReadText('/proc/meminfo');
    var total = parseInt(blField(memory, 'MemTotal'), 10);
    blDmi(ids, 'bios_vendor', 'bios_vendor');
    blDmi(ids, 'bios_version', 'bios_version');
    blDmi(ids, 'bios_date', 'bios_date');
    blDmi(ids, 'board_vendor', 'board_vendor');
    blDmi(ids, 'board_name', 'board_name');
    blDmi(ids, 'board_version', 'board_version');
    blDmi(ids, 'board_serial', 'board_serial');
    blDmi(ids, 'product_name', 'product_name');
    blDmi(ids, 'product_serial', 'product_serial');
    blDmi(ids, 'product_uuid', 'product_uuid');
    blDmi(ids, 'product_vendor', 'sys_vendor');
    blDmi(ids, 'bios_serial', 'product_serial');
    if (blStat('/sys/firmware') != null) { ids.bios_mode = blStat('/sys/firmware/efi') != null ? 'UEFI' : 'Legacy'; }
    blSetIf(ids, 'cpu_name', blField(cpu, 'model name'));
    ids.storage_devices = blDisks();
    var hardware = { identifiers: ids, agentvers: process.versions, linux: {} };
    var release = blReadText('/proc/sys/kernel/osrelease');
    blSetIf(hardware.linux, 'Kernel', release);
    if (!isNaN(total)) { hardware.linux.MemoryTotal = total * 1024; }
    blAddSystem(hardware, cpu);
    return hardware;
}

function blHardware() {
    var hardware = process.platform == 'linux' ? blLinuxHardware() : { identifiers: {}, agentvers: process.versions };
    return hardware;
}

function blHash(text) {
    var module = blModule('SHA384Stream');
    return module == null ? null : module.create().syncHash(text).toString('hex').toLowerCase();
}

// Answers the server's sysinfo unless it has the same data already.
function blSendSysInfo(knownHash) {
    var hardware = blHardware(), hash = null;
    try { hash = blHash(JSON.stringify(hardware)); } catch (e) { hash = null; }
    if (hash != null && typeof knownHash == 'string' && knownHash.toLowerCase() == hash) { return; }
    blSend({ action: 'sysinfo', data: { hash: hash, hardware: hardware } });
}

// Processor, memory and temperature right now (Linux).
function blLoad() {
    var memory = blReadText('/proc/meminfo'), load = blReadText('/proc/loadavg');
    var total = parseInt(blField(memory, 'MemTotal'), 10), free = parseInt(blField(memory, 'MemAvailable'), 10);
    var result = { cpu: null, memory: null, thermals: [] };
    if (load != null) { result.cpu = { total: parseFloat(load.split(' ')[0]) }; }
    if (!isNaN(total) && !isNaN(free) && total > 0) {
        result.memory = { MemTotal: total, MemFree: free, percentConsumed: Math.round((total - free) * 1000 / total) / 10 };
    }
    return result;
}
