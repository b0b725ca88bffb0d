// SPDX-License-Identifier: Apache-2.0
// The command lines that bring a machine into a group.
import { FEATURE_UNTRUSTED, type ServerInfo } from '../control/types';
import { shortId } from '../store/model';

export interface EnrollLines {
  /** The machine has the package. */
  enroll: string;
  /** The machine has nothing yet. */
  script: string;
  /** Address of the settings file. */
  settings: string;
}

/** Quotes @word for a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** The 96 hex digits of an id in the 64-character form; null when it is none. */
export function idToHex(id: string): string | null {
  if (!/^[\w@$]{64}$/.test(id)) return null;
  const bytes = atob(id.replace(/@/g, '+').replace(/\$/g, '/'));
  return Array.from(bytes, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

export function enrollLines(groupId: string, origin: string, server: ServerInfo | null): EnrollLines {
  const id = shellQuote(shortId(groupId));
  const untrusted = (((server?.features ?? 0) >>> 0) & FEATURE_UNTRUSTED) !== 0;
  const check = untrusted ? ' --no-check-certificate' : '';
  // Where the certificate says nothing, the server's own key is what the agent checks.
  const serverId = untrusted ? idToHex(String(server?.['agentCertHash'] ?? '')) : null;
  const pin = serverId ? ` --server-id ${serverId}` : '';
  return {
    enroll: `sudo bowline-agent enroll ${shellQuote(origin)} ${id}${pin}`,
    script: `wget -O bowline-install.sh "${origin}/meshagents?script=1"${check} && sudo sh bowline-install.sh ${shellQuote(origin)} ${id}`,
    settings: `/meshsettings?id=${encodeURIComponent(shortId(groupId))}`,
  };
}
