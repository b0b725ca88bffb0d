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

export function enrollLines(groupId: string, origin: string, server: ServerInfo | null): EnrollLines {
  const id = shellQuote(shortId(groupId));
  const untrusted = (((server?.features ?? 0) >>> 0) & FEATURE_UNTRUSTED) !== 0;
  const check = untrusted ? ' --no-check-certificate' : '';
  return {
    enroll: `sudo bowline-agent enroll ${shellQuote(origin)} ${id}`,
    script: `wget -O bowline-install.sh "${origin}/meshagents?script=1"${check} && sudo sh bowline-install.sh ${shellQuote(origin)} ${id}`,
    settings: `/meshsettings?id=${encodeURIComponent(shortId(groupId))}`,
  };
}
