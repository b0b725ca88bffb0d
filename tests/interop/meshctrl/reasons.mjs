// SPDX-License-Identifier: Apache-2.0
// Differences on purpose that several rows share.

/** Accounts. */
export const ACCESS = {
  deliberate: 'the time of the last use counts command lines too',
  except: [/^access: <seconds>$/gm],
  drop: ['access'],
};

export const FEATURES = {
  deliberate: 'features are those that this server has, languages those of its page',
  except: [/^features2?: \d+$/gm, /^languages: \[[^\]]*\]$/gm],
  drop: ['features', 'features2', 'languages'],
};

/** Devices: what their core script reports of itself and of the hardware, and the address. */
export const DEVICE = {
  deliberate: 'the core script is another one and tells more of the hardware; the address is kept in WAN-only operation too',
  except: [/^ +Hostname: .*$/gm, /^--- (BIOS|Motherboard|Memory|Storage) ---$(\n {2,}.*)*/gm],
  drop: ['host', 'lastbootuptime', 'users', 'core', 'caps', 'sys', 'Hostname', 'BIOS', 'Motherboard', 'Memory', 'Storage'],
};

/** Something that is named by an id nobody has. */
export const UNKNOWN = {
  deliberate: 'nothing tells whether an id exists that one may not see',
  ours: /^Permission denied$/,
};

export const NOTHING_HAPPENS = { deliberate: 'the original says ok and does nothing' };
