// SPDX-License-Identifier: Apache-2.0
// A link that shows somebody how to install an agent into a group.
import { Suspense, useState } from 'react';
import { QrCode } from '../app/lazy';
import { client } from '../app/session';
import { Alert } from '../lib/Alert';
import { CopyField } from '../lib/CopyField';
import { SelectField } from '../lib/Fields';
import { _, ngettext } from '../lib/i18n';
import { Button } from '../lib/pf';
import { errorText } from '../lib/words';

export function InviteForm({ groupId }: { groupId: string }) {
  const [hours, setHours] = useState('24');
  const [url, setUrl] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    setError(null);
    try {
      const answer = await client.request({ action: 'createInviteLink', meshid: groupId, expire: Number(hours), flags: 0 }, { accept: () => false });
      setUrl(String(answer['url'] ?? ''));
    } catch (e) {
      setError(errorText(e));
    }
    setBusy(false);
  };
  return (
    <div className="bl-stack">
      <div className="bl-fields bl-fields-end">
        <SelectField id="invite-hours" label={_('The link works for')} value={hours} onChange={(v) => { setHours(v); setUrl(''); }} options={[
          ['1', ngettext('{n} hour', '{n} hours', 1)], ['24', ngettext('{n} hour', '{n} hours', 24)], ['168', ngettext('{n} day', '{n} days', 7)],
          ['720', ngettext('{n} day', '{n} days', 30)], ['0', _('ever')]]} />
        <Button variant="secondary" isLoading={busy} isDisabled={busy} onClick={() => void make()}>{_('Make an invitation')}</Button>
      </div>
      {error && <Alert isInline isPlain variant="danger" title={error} />}
      {url && (
        <div className="bl-stack" role="status">
          <CopyField label={_('Invitation')} text={url} />
          <Suspense fallback={null}><QrCode text={url} label={_('Invitation as a QR code')} /></Suspense>
        </div>
      )}
    </div>
  );
}
