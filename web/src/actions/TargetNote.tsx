// SPDX-License-Identifier: Apache-2.0
// Says for which devices an action is, and which are left out and why.
import { ngettext, _ } from '../lib/i18n';
import type { Device } from '../store/model';
import type { Targets } from './targets';

const NAMED = 8;

export function nameList(devices: readonly Device[]): string {
  const names = devices.slice(0, NAMED).map((d) => d.name).join(', ');
  return devices.length > NAMED ? `${names}, …` : names;
}

export function TargetNote({ targets }: { targets: Targets }) {
  const { ready, away, refused } = targets;
  return (
    <div className="bl-targets">
      {ready.length > 1 && <p>{ngettext('For {n} device:', 'For {n} devices:', ready.length)} <b>{nameList(ready)}</b></p>}
      {away.length > 0 && <p className="bl-soft">{ngettext('{n} device is left out because it is not connected:', '{n} devices are left out because they are not connected:', away.length)} {nameList(away)}</p>}
      {refused.length > 0 && <p className="bl-soft">{ngettext('{n} device is left out because your account does not have the right:', '{n} devices are left out because your account does not have the right:', refused.length)} {nameList(refused)}</p>}
    </div>
  );
}

/** Why nothing can be done, or null. */
export function targetProblem(targets: Targets): string | null {
  if (targets.ready.length > 0) return null;
  return targets.away.length > 0 ? _('The device is not connected.') : _('Your account does not have the right to do this.');
}
