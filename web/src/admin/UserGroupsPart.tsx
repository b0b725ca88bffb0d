// SPDX-License-Identifier: Apache-2.0
// User groups: rights that are given to a group go to all its members.
import { useState } from 'react';
import { awaitPush } from '../account/password';
import { groupPath, Link } from '../app/router';
import { change, client } from '../app/session';
import { showError } from '../app/Toasts';
import { ActionMenu } from '../lib/ActionMenu';
import { TextField } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import { CloseIcon, PlusIcon } from '../lib/icons';
import { LoadState } from '../lib/Loading';
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, FormGroup, TextArea } from '../lib/pf';
import { mayOnSite, SITE } from '../lib/rights';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { isDoc, shortId } from '../store/model';
import { store, useStore } from '../store/store';
import { askUserNames } from '../access/grants';
import { useUserGroups } from './useAccounts';
import type { UserGroup } from './users';

type Open = { kind: 'create' } | { kind: 'edit' | 'add' | 'delete'; group: UserGroup } | null;

export function UserGroupsPart() {
  const load = useUserGroups();
  const [open, setOpen] = useState<Open>(null);
  const close = () => { setOpen(null); load.reload(); };
  const create = <Button variant="primary" icon={<PlusIcon />} onClick={() => setOpen({ kind: 'create' })}>{_('Create user group')}</Button>;
  return (
    <>
      <div className="bl-toolbar"><span className="bl-count">{load.data ? ngettext('{n} user group', '{n} user groups', load.data.length) : ''}</span>{create}</div>
      <LoadState load={load} what={_('Loading the user groups')}>
        {(groups) => (groups.length === 0 ? (
          <EmptyState headingLevel="h2" titleText={_('No user group yet')} className="bl-empty">
            <EmptyStateBody>{_('Rights on devices can be given to a user group: all its members have them.')}</EmptyStateBody>
            <EmptyStateFooter><EmptyStateActions>{create}</EmptyStateActions></EmptyStateFooter>
          </EmptyState>
        ) : <ul className="bl-cards">{groups.map((g) => <GroupCard key={g.id} group={g} onOpen={setOpen} onChanged={load.reload} />)}</ul>)}
      </LoadState>
      {open?.kind === 'create' && <EditDialog group={null} onClose={close} />}
      {open?.kind === 'edit' && <EditDialog group={open.group} onClose={close} />}
      {open?.kind === 'add' && <AddDialog group={open.group} onClose={close} />}
      {open?.kind === 'delete' && <DeleteDialog group={open.group} onClose={close} />}
    </>
  );
}

function GroupCard({ group, onOpen, onChanged }: { group: UserGroup; onOpen: (open: Open) => void; onChanged: () => void }) {
  const remove = (id: string) => {
    change({ action: 'removeuserfromusergroup', ugrpid: group.id, userid: id }).then(onChanged, (e: unknown) => showError(errorText(e)));
  };
  return (
    <li className="bl-card">
      <div className="bl-card-head">
        <h2>{group.name}</h2>
        <ActionMenu label={_('More about {name}', { name: group.name })} sections={[
          [{ label: _('Change name and description'), onClick: () => onOpen({ kind: 'edit', group }) }],
          [{ label: _('Delete'), danger: true, onClick: () => onOpen({ kind: 'delete', group }) }],
        ]} />
      </div>
      {group.description && <p>{group.description}</p>}
      {group.managed && <p className="bl-soft">{_('The members come from a directory service.')}</p>}
      {group.members.length === 0 ? <p className="bl-soft">{_('Nobody is in it.')}</p> : (
        <ul className="bl-chips">
          {group.members.map((id) => (
            <li key={id} className="bl-chip">{shortId(id)}
              {!group.managed && <button type="button" onClick={() => remove(id)} aria-label={_('Take {name} out of {group}', { name: shortId(id), group: group.name })}><CloseIcon /></button>}
            </li>
          ))}
        </ul>
      )}
      <Objects group={group} />
      {!group.managed && <div className="bl-card-actions"><Button variant="secondary" size="sm" icon={<PlusIcon />} onClick={() => onOpen({ kind: 'add', group })}>{_('Add members')}</Button></div>}
    </li>
  );
}

function Objects({ group }: { group: UserGroup }) {
  const names = useStore((s) => s.groups);
  const known = group.objects.filter((id) => names.has(id));
  const devices = group.objects.filter((id) => id.startsWith('node/')).length;
  if (known.length === 0 && devices === 0) return <p className="bl-soft">{_('It has no rights on devices.')}</p>;
  return (
    <p className="bl-soft">
      {_('Has rights on:')}{' '}
      {known.map((id) => <Link key={id} to={groupPath(id)} className="bl-tag">{names.get(id)!.name}</Link>)}
      {devices > 0 && ngettext('{n} device', '{n} devices', devices)}
    </p>
  );
}

function EditDialog({ group, onClose }: { group: UserGroup | null; onClose: () => void }) {
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const submit = async () => {
    if (!group) {
      await change({ action: 'createusergroup', name: name.trim(), ...(description ? { desc: description } : {}) });
      return;
    }
    if (name.trim() === group.name && description === group.description) return;
    // The server answers by an event only.
    await awaitPush(() => client.send({ action: 'editusergroup', ugrpid: group.id, name: name.trim(), desc: description }),
      ({ event }) => (isDoc(event) && event['action'] === 'usergroupchange' && event['ugrpid'] === group.id ? true : null));
  };
  return (
    <FormDialog title={group ? _('Change the user group') : _('Create user group')} action={group ? _('Save') : _('Create')} problem={name.trim() ? null : _('Give the group a name.')} onSubmit={submit} onClose={onClose}>
      <TextField id="ugroup-name" label={_('Name')} value={name} onChange={setName} required autoFocus maxLength={64} />
      <FormGroup label={_('Description')} fieldId="ugroup-desc"><TextArea id="ugroup-desc" value={description} onChange={(_event, v) => setDescription(v)} rows={3} maxLength={1024} resizeOrientation="vertical" /></FormGroup>
    </FormDialog>
  );
}

function AddDialog({ group, onClose }: { group: UserGroup; onClose: () => void }) {
  const names = useLoad(() => askUserNames(mayOnSite(store.state.user?.siteadmin, SITE.users)), []);
  const [typed, setTyped] = useState('');
  const list = [...new Set(typed.split(',').map((n) => n.trim()).filter(Boolean))];
  const submit = async () => {
    const answer = await change({ action: 'addusertousergroup', ugrpid: group.id, usernames: list });
    const failed = Number(answer['failed'] ?? 0);
    if (failed > 0) throw new Error(ngettext('{n} name is no account.', '{n} names are no accounts.', failed));
  };
  return (
    <FormDialog title={_('Add members to {name}', { name: group.name })} action={_('Add')} problem={list.length > 0 ? null : _('Enter the name of an account.')} onSubmit={submit} onClose={onClose}>
      <TextField id="ugroup-add" label={_('Accounts')} value={typed} onChange={setTyped} required autoFocus help={_('Separated by commas')} list="ugroup-names" />
      <datalist id="ugroup-names">{(names.data ?? []).map((n) => <option key={n} value={n} />)}</datalist>
    </FormDialog>
  );
}

function DeleteDialog({ group, onClose }: { group: UserGroup; onClose: () => void }) {
  return (
    <FormDialog danger title={_('Delete the user group “{name}”?', { name: group.name })} action={_('Delete')} problem={null} onSubmit={async () => { await change({ action: 'deleteusergroup', ugrpid: group.id }); }} onClose={onClose}>
      <p>{_('Its members lose the rights that they have through it. The accounts stay.')}</p>
    </FormDialog>
  );
}
