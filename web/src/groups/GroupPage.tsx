// SPDX-License-Identifier: Apache-2.0
// One device group: who may use it, how its devices behave, how machines come in, notes and links of guests.
import { useEffect, useState } from 'react';
import { whatWords } from '../actions/ShareDialog';
import { readShares } from '../actions/share';
import { Holders } from '../access/Holders';
import { devicePath, Link } from '../app/router';
import { change, client, onMessage } from '../app/session';
import { showDone } from '../app/Toasts';
import { ConsentFields } from '../actions/ChangeDialogs';
import { Notes } from '../device/NotesCard';
import { Alert } from '../lib/Alert';
import { CheckField } from '../lib/Fields';
import { useTitle } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { LoadState, Busy } from '../lib/Loading';
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { allows, isDoc, RIGHT, shortId, text, type Group } from '../store/model';
import { groupRights } from '../store/reduce';
import { store, useStore } from '../store/store';
import { AddDeviceDialog } from './AddDeviceDialog';
import { GroupDialog } from './GroupDialog';
import { InviteCodes } from './InviteCodes';
import { InviteForm } from './InviteForm';

export default function GroupPage({ id }: { id: string }) {
  const group = useStore((s) => s.groups.get(`mesh/${String(s.server?.['domain'] ?? '')}/${shortId(id)}`));
  const loaded = useStore((s) => s.loaded.groups);
  if (group) return <GroupView group={group} />;
  return loaded ? <Gone /> : <Busy label={_('Loading the group')} />;
}

function Gone() {
  useTitle(_('Group not found'));
  return (
    <EmptyState headingLevel="h1" titleText={_('This group does not exist')} className="bl-empty">
      <EmptyStateBody>{_('It may have been deleted, or you may not see it.')}</EmptyStateBody>
      <EmptyStateFooter><EmptyStateActions><Link to="/groups">{_('Go to the groups')}</Link></EmptyStateActions></EmptyStateFooter>
    </EmptyState>
  );
}

function GroupView({ group }: { group: Group }) {
  useTitle(group.name);
  const rights = groupRights(store.state, group);
  const [open, setOpen] = useState<'edit' | 'add' | null>(null);
  const devices = useStore((s) => s.devices);
  const count = [...devices.values()].filter((d) => d.groupId === group.id).length;
  const mayEdit = allows(rights, RIGHT.editGroup);
  const mayAdd = allows(rights, RIGHT.manageDevices);
  return (
    <div className="bl-view bl-scroll">
      <div className="bl-toolbar">
        <h1>{group.name}</h1>
        <span className="bl-count"><Link to={`/?${new URLSearchParams({ q: `group:"${group.name}"` })}`}>{ngettext('{n} device', '{n} devices', count)}</Link></span>
        {mayEdit && <Button variant="secondary" onClick={() => setOpen('edit')}>{_('Change name and description')}</Button>}
        {mayAdd && <Button variant="primary" onClick={() => setOpen('add')}>{_('Add device')}</Button>}
      </div>
      {group.description && <p className="bl-pad-side bl-soft">{group.description}</p>}
      <div className="bl-sections">
        <section className="bl-card"><h2>{_('Who may use it')}</h2>
          <Holders object={group.id} links={group.links} held={rights} mayChange={allows(rights, RIGHT.manageUsers)} empty={_('Nobody has rights on the group.')} />
        </section>
        {mayAdd && <section className="bl-card"><h2>{_('Invite somebody to add a machine')}</h2><InviteForm groupId={group.id} />
          {mayEdit && <InviteCodes key={group.inviteCodes.join('\n') + group.inviteKind} group={group} />}</section>}
        <section className="bl-card"><h2>{_('Guest links')}</h2><Shares group={group} /></section>
        {mayEdit && <section className="bl-card"><h2>{_('Sessions')}</h2><Policy key={`${group.consent} ${group.flags}`} group={group} /></section>}
        {mayEdit && <section className="bl-card"><h2>{_('Notes')}</h2><Notes id={group.id} /></section>}
      </div>
      {open === 'edit' && <GroupDialog group={group} onClose={() => setOpen(null)} />}
      {open === 'add' && <AddDeviceDialog groupId={group.id} onClose={() => setOpen(null)} />}
    </div>
  );
}

const REMOVE_GONE = 1;
const SYNC_NAME = 2;

function Policy({ group }: { group: Group }) {
  const [consent, setConsent] = useState(group.consent);
  const [flags, setFlags] = useState(group.flags);
  const [error, setError] = useState<string | null>(null);
  const changed = consent !== group.consent || flags !== group.flags;
  const flag = (bit: number) => (on: boolean) => setFlags(on ? flags | bit : flags & ~bit);
  const save = () => {
    setError(null);
    change({ action: 'editmesh', meshid: group.id, consent, flags }).then(() => showDone(_('Saved.')), (e: unknown) => setError(errorText(e)));
  };
  return (
    <div className="bl-stack">
      <ConsentFields id="group-consent" value={consent} onChange={setConsent} />
      <div className="bl-checks">
        <CheckField id="group-sync" label={_('Devices are called as they call themselves')} checked={(flags & SYNC_NAME) !== 0} onChange={flag(SYNC_NAME)} />
        <CheckField id="group-remove" label={_('Devices are removed when they disconnect')} checked={(flags & REMOVE_GONE) !== 0} onChange={flag(REMOVE_GONE)} />
      </div>
      {error && <Alert isInline isPlain variant="danger" title={error} />}
      {changed && <div><Button variant="primary" size="sm" onClick={save}>{_('Save')}</Button></div>}
    </div>
  );
}

function Shares({ group }: { group: Group }) {
  const load = useLoad(async () => {
    const answer = await client.request({ action: 'deviceMeshShares', meshid: group.id }, { accept: () => false });
    const list: unknown[] = Array.isArray(answer['deviceShares']) ? answer['deviceShares'] : [];
    return list.flatMap((value) => readShares([value]).map((share) => ({ share, nodeId: isDoc(value) ? text(value['nodeid']) : '' })));
  }, [group.id]);
  const { reload } = load;
  useEffect(() => onMessage(({ event }) => { if (isDoc(event) && event['action'] === 'deviceShareUpdate') reload(); }), [reload]);
  return (
    <LoadState load={load} what={_('Loading the links')}>
      {(list) => (list.length === 0 ? <p className="bl-soft">{_('There is no link to a device of this group.')}</p> : (
        <ul className="bl-lines">
          {list.map(({ share, nodeId }) => (
            <li key={share.publicId}>
              <div className="bl-line-main">
                <span><b>{share.guest}</b> → <Link to={devicePath(nodeId)}>{store.state.devices.get(nodeId)?.name ?? shortId(nodeId).slice(0, 8)}</Link></span>
                <span className="bl-soft">{whatWords(share)}</span>
              </div>
            </li>
          ))}
        </ul>
      ))}
    </LoadState>
  );
}
