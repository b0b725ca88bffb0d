// SPDX-License-Identifier: Apache-2.0
// Restart, switch off, sleep: always asked first.
import { change } from '../app/session';
import { showDone } from '../app/Toasts';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import { TargetNote, targetProblem } from './TargetNote';
import type { Targets } from './targets';

type Kind = 'restart' | 'off' | 'sleep';

const TYPES: Readonly<Record<Kind, number>> = { off: 2, restart: 3, sleep: 4 };

function title(kind: Kind, targets: Targets): string {
  const one = targets.ready[0] ?? targets.away[0] ?? targets.refused[0];
  const n = targets.ready.length;
  const name = one?.name ?? '';
  switch (kind) {
    case 'restart': return n > 1 ? ngettext('Restart {n} device?', 'Restart {n} devices?', n) : _('Restart {name}?', { name });
    case 'off': return n > 1 ? ngettext('Switch {n} device off?', 'Switch {n} devices off?', n) : _('Switch {name} off?', { name });
    case 'sleep': return n > 1 ? ngettext('Put {n} device to sleep?', 'Put {n} devices to sleep?', n) : _('Put {name} to sleep?', { name });
  }
}

function verb(kind: Kind): string {
  switch (kind) {
    case 'restart': return _('Restart');
    case 'off': return _('Switch off');
    case 'sleep': return _('Sleep');
  }
}

export function PowerDialog({ kind, targets, onClose }: { kind: Kind; targets: Targets; onClose: () => void }) {
  const submit = async () => {
    await change({ action: 'poweraction', nodeids: targets.ready.map((d) => d.id), actiontype: TYPES[kind] });
    const n = targets.ready.length;
    showDone(n > 1 ? ngettext('{n} device has been told.', '{n} devices have been told.', n) : _('{name} has been told.', { name: targets.ready[0]!.name }));
  };
  const users = [...new Set(targets.ready.flatMap((d) => d.users))];
  const sessions = targets.ready.reduce((n, d) => n + Object.values(d.sessions).reduce((a, b) => a + b, 0), 0);
  return (
    <FormDialog danger title={title(kind, targets)} action={verb(kind)} problem={targetProblem(targets)} onSubmit={submit} onClose={onClose}>
      {users.length > 0 && <p>{_('Signed in there: {users}. Unsaved work may be lost.', { users: users.join(', ') })}</p>}
      {sessions > 0 && <p>{ngettext('{n} session is open and will end.', '{n} sessions are open and will end.', sessions)}</p>}
      {kind !== 'restart' && targets.ready.length > 0 && <p className="bl-soft">{_('To come back it must be switched on there, or woken over the network.')}</p>}
      <TargetNote targets={targets} />
    </FormDialog>
  );
}
