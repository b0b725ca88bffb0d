// SPDX-License-Identifier: Apache-2.0
// Codes that somebody types at /invite to get the group's installer: good for a sheet of paper or a telephone.
import { useState } from 'react';
import { change, onMessage } from '../app/session';
import { showDone } from '../app/Toasts';
import { Alert } from '../lib/Alert';
import { CopyField } from '../lib/CopyField';
import { SelectField, TextField } from '../lib/Fields';
import { _ } from '../lib/i18n';
import { Button } from '../lib/pf';
import { errorText } from '../lib/words';
import type { Group } from '../store/model';
import { codesProblem, parseCodes } from './codes';

/** The server says with a notice, not with an answer, that a code belongs to another group. */
function takenByOthers(): { refused: Promise<never>; stop: () => void } {
  let stop = () => {};
  const refused = new Promise<never>((_resolve, reject) => {
    stop = onMessage((message) => {
      if (message.action === 'msg' && message['type'] === 'notify' && message['title'] === 'Invite Codes') reject(new Error(_('Another group has one of these codes already.')));
    });
  });
  refused.catch(() => undefined);
  return { refused, stop };
}

export function InviteCodes({ group }: { group: Group }) {
  const [typed, setTyped] = useState(group.inviteCodes.join(', '));
  const [kind, setKind] = useState(String(group.inviteKind));
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const codes = parseCodes(typed);
  const changed = codes.join('\n') !== group.inviteCodes.join('\n') || (codes.length > 0 && Number(kind) !== group.inviteKind);
  const save = async () => {
    const problem = codesProblem(codes);
    setError(problem);
    if (problem) return;
    setBusy(true);
    const { refused, stop } = takenByOthers();
    try {
      await Promise.race([refused, change({ action: 'editmesh', meshid: group.id, invite: codes.length > 0 ? { codes, flags: Number(kind) } : '*' })]);
      showDone(_('Saved.'));
    } catch (e) {
      setError(errorText(e));
    }
    stop();
    setBusy(false);
  };
  return (
    <div className="bl-stack">
      <TextField id="invite-codes" label={_('Invitation codes')} value={typed} onChange={(v) => { setTyped(v); setError(null); }} maxLength={2048}
        help={_('Separated by commas. Whoever knows one of them can add machines to this group.')} />
      {codes.length > 0 && (
        <SelectField id="invite-kind" label={_('The agent runs')} value={kind} onChange={setKind} options={[
          ['0', _('as they choose')], ['2', _('in the background only')], ['1', _('while somebody has it open only')]]} />
      )}
      {error && <Alert isInline isPlain variant="danger" title={error} />}
      {changed && <div><Button variant="primary" size="sm" isLoading={busy} isDisabled={busy} onClick={() => void save()}>{_('Save')}</Button></div>}
      {!changed && codes.length > 0 && <CopyField label={_('Where the code is entered')} text={`${location.origin}/invite`} />}
    </div>
  );
}
