// SPDX-License-Identifier: Apache-2.0
// Login tokens: a name and a password of their own, for programs that sign in as this account.
import { useId, useState, type FormEvent } from 'react';
import { client } from '../app/session';
import { Alert } from '../lib/Alert';
import { CopyField } from '../lib/CopyField';
import { SelectField, TextField } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { formatTime } from '../lib/format';
import { _, ngettext } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { isDoc, number, text } from '../store/model';

interface Token {
  name: string;
  user: string;
  /** ms; 0 never */
  created: number;
  expire: number;
}

function readTokens(value: unknown): Token[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isDoc).map((t) => ({ name: text(t['name']), user: text(t['tokenUser']), created: number(t['created']), expire: number(t['expire']) }));
}

export function Tokens() {
  const load = useLoad(async () => readTokens((await client.request({ action: 'loginTokens' }, { accept: () => false }))['loginTokens']), []);
  const [creating, setCreating] = useState(false);
  const [removing, setRemoving] = useState<Token | null>(null);
  return (
    <section className="bl-card" aria-label={_('Login tokens')}>
      <h2>{_('Login tokens')}</h2>
      <p className="bl-soft">{_('Programs sign in with them instead of your password. They are not asked for a second factor.')}</p>
      <LoadState load={load} what={_('Loading the login tokens')}>
        {(tokens) => (tokens.length === 0 ? <p className="bl-soft">{_('There is no login token.')}</p> : (
          <ul className="bl-lines">
            {tokens.map((t) => (
              <li key={t.user}>
                <div className="bl-line-main">
                  <b>{t.name}</b>
                  <span className="bl-soft">{t.user} · {_('made {when}', { when: formatTime(t.created) })} · {t.expire ? _('until {end}', { end: formatTime(t.expire) }) : _('without an end')}</span>
                </div>
                <Button variant="secondary" size="sm" isDanger onClick={() => setRemoving(t)} aria-label={_('Remove {name}', { name: t.name })}>{_('Remove')}</Button>
              </li>
            ))}
          </ul>
        ))}
      </LoadState>
      <div className="bl-card-actions"><Button variant="secondary" onClick={() => setCreating(true)}>{_('Make a login token')}</Button></div>
      {creating && <CreateDialog onClose={() => { setCreating(false); load.reload(); }} />}
      {removing && <RemoveDialog token={removing} onClose={() => { setRemoving(null); load.reload(); }} />}
    </section>
  );
}

function RemoveDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const submit = async () => { await client.request({ action: 'loginTokens', remove: [token.user] }, { accept: () => false }); };
  return (
    <FormDialog danger title={_('Remove {name}?', { name: token.name })} action={_('Remove')} problem={null} onSubmit={submit} onClose={onClose}>
      <p>{_('Programs that use it can no longer sign in, and their sessions end.')}</p>
    </FormDialog>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const [name, setName] = useState('');
  const [minutes, setMinutes] = useState('43200');
  const [made, setMade] = useState<{ user: string; pass: string } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim()) { setError(_('Give the token a name.')); return; }
    setBusy(true);
    setError(null);
    try {
      const answer = await client.request({ action: 'createLoginToken', name: name.trim(), expire: Number(minutes) }, { accept: () => false });
      setMade({ user: text(answer['tokenUser']), pass: text(answer['tokenPass']) });
    } catch (e) {
      setError(errorText(e));
    }
    setBusy(false);
  };
  return (
    <Modal isOpen variant={ModalVariant.small} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="10vh">
      <ModalHeader title={made ? _('The login token') : _('Make a login token')} labelId={`${id}-title`} />
      <ModalBody>
        {made ? (
          <div className="bl-stack" role="status">
            <p>{_('Copy both now: the password is not shown again.')}</p>
            <CopyField label={_('User name')} text={made.user} />
            <CopyField label={_('Password')} text={made.pass} />
          </div>
        ) : (
          <Form id={`${id}-form`} onSubmit={(e) => void submit(e)} noValidate>
            <TextField id="token-name" label={_('What it is for')} value={name} onChange={setName} required autoFocus maxLength={100} />
            <SelectField id="token-expire" label={_('Works for')} value={minutes} onChange={setMinutes} options={[
              ['60', ngettext('{n} hour', '{n} hours', 1)], ['1440', ngettext('{n} day', '{n} days', 1)], ['43200', ngettext('{n} day', '{n} days', 30)],
              ['525600', ngettext('{n} day', '{n} days', 365)], ['0', _('ever')]]} />
            <div role="alert">{error && <Alert isInline isPlain variant="danger" title={error} />}</div>
          </Form>
        )}
      </ModalBody>
      <ModalFooter>
        {!made && <Button type="submit" form={`${id}-form`} variant="primary" isLoading={busy} isDisabled={busy}>{_('Make')}</Button>}
        <Button variant={made ? 'primary' : 'link'} onClick={onClose}>{made ? _('Close') : _('Cancel')}</Button>
      </ModalFooter>
    </Modal>
  );
}
