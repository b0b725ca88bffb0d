// SPDX-License-Identifier: Apache-2.0
// Wake-up packets, sent by devices of the same group.
import { client } from '../app/session';
import { showDone } from '../app/Toasts';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import { serverWords } from '../lib/words';
import { helpersOf } from './parse';
import { TargetNote, targetProblem } from './TargetNote';
import type { Targets } from './targets';

export function WakeDialog({ targets, onClose }: { targets: Targets; onClose: () => void }) {
  const n = targets.ready.length;
  const submit = async () => {
    const { result = '' } = await client.request({ action: 'wakedevices', nodeids: targets.ready.map((d) => d.id) });
    const helpers = helpersOf(result);
    if (helpers === 0) throw new Error(_('No device of its group is connected that could send the packet.'));
    if (helpers === null && result.toLowerCase() !== 'ok') throw new Error(serverWords(result));
    showDone(helpers !== null ? ngettext('{n} device sends the wake-up packet.', '{n} devices send the wake-up packet.', helpers) : _('Wake-up packets are being sent.'));
  };
  return (
    <FormDialog title={n > 1 ? ngettext('Wake {n} device?', 'Wake {n} devices?', n) : _('Wake {name}?', { name: targets.ready[0]?.name ?? '' })} action={_('Wake')}
      problem={targetProblem(targets)} onSubmit={submit} onClose={onClose}>
      <p>{_('Connected devices of the same group send a packet that switches it on, if its network card is set up for that.')}</p>
      <TargetNote targets={targets} />
    </FormDialog>
  );
}
