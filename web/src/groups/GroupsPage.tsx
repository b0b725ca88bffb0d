// SPDX-License-Identifier: Apache-2.0
// All device groups: create, change, delete, add devices.
import { useMemo, useState } from 'react';
import { groupPath, Link } from '../app/router';
import { useTitle } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { EditIcon, PlusIcon, TrashIcon } from '../lib/icons';
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Spinner } from '../lib/pf';
import { allows, FULL_RIGHTS, isOnline, RIGHT, type Group } from '../store/model';
import { groupRights } from '../store/reduce';
import { compareNames } from '../store/rows';
import { store, useStore } from '../store/store';
import { AddDeviceDialog } from './AddDeviceDialog';
import { DeleteGroupDialog } from './DeleteGroupDialog';
import { GroupDialog } from './GroupDialog';

type Open = { kind: 'create' } | { kind: 'edit' | 'delete' | 'add'; group: Group } | null;

const SITE_ADMIN = 0xffffffff;
const NO_NEW_GROUPS = 0x40;

export function GroupsPage() {
  useTitle(_('Device groups'));
  const groups = useStore((s) => s.groups);
  const devices = useStore((s) => s.devices);
  const user = useStore((s) => s.user);
  const ready = useStore((s) => s.loaded.groups);
  const [open, setOpen] = useState<Open>(null);
  const counts = useMemo(() => {
    const map = new Map<string, { total: number; online: number }>();
    for (const d of devices.values()) {
      const c = map.get(d.groupId) ?? { total: 0, online: 0 };
      map.set(d.groupId, { total: c.total + 1, online: c.online + Number(isOnline(d)) });
    }
    return map;
  }, [devices]);
  const site = (user?.siteadmin ?? 0) >>> 0;
  const mayCreate = site === SITE_ADMIN || (site & NO_NEW_GROUPS) === 0;
  const list = [...groups.values()].sort((a, b) => compareNames(a.name, b.name));
  const create = mayCreate && <Button variant="primary" icon={<PlusIcon />} onClick={() => setOpen({ kind: 'create' })}>{_('Create group')}</Button>;
  return (
    <div className="bl-view bl-scroll">
      <div className="bl-toolbar"><h1>{_('Device groups')}</h1><span className="bl-grow" />{list.length > 0 && create}</div>
      {!ready ? <div className="bl-center"><Spinner aria-label={_('Loading the groups')} /></div>
        : list.length === 0 ? (
          <EmptyState headingLevel="h2" titleText={_('No device group yet')} className="bl-empty">
            <EmptyStateBody>{_('Devices live in groups. Create the first group, then add a device to it.')}</EmptyStateBody>
            <EmptyStateFooter><EmptyStateActions>{create}</EmptyStateActions></EmptyStateFooter>
          </EmptyState>
        ) : (
          <ul className="bl-cards">
            {list.map((g) => <GroupCard key={g.id} group={g} count={counts.get(g.id) ?? { total: 0, online: 0 }} onOpen={setOpen} />)}
          </ul>
        )}
      {open?.kind === 'create' && <GroupDialog onClose={() => setOpen(null)} />}
      {open?.kind === 'edit' && <GroupDialog group={open.group} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && <DeleteGroupDialog group={open.group} devices={counts.get(open.group.id)?.total ?? 0} onClose={() => setOpen(null)} />}
      {open?.kind === 'add' && <AddDeviceDialog groupId={open.group.id} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface CardProps {
  group: Group;
  count: { total: number; online: number };
  onOpen: (open: Open) => void;
}

function GroupCard({ group, count, onOpen }: CardProps) {
  const rights = groupRights(store.state, group);
  const users = Object.keys(group.links).filter((id) => id.startsWith('user/')).length;
  const to = `/?${new URLSearchParams({ q: `group:"${group.name}"` })}`;
  return (
    <li className="bl-card">
      <h2><Link to={to}>{group.name}</Link></h2>
      {group.description && <p>{group.description}</p>}
      <p className="bl-soft">
        {ngettext('{n} device', '{n} devices', count.total)} · {ngettext('{n} online', '{n} online', count.online)} · {ngettext('{n} user', '{n} users', users)}
      </p>
      <div className="bl-card-actions">
        {allows(rights, RIGHT.manageDevices) && <Button variant="secondary" size="sm" icon={<PlusIcon />} onClick={() => onOpen({ kind: 'add', group })}>{_('Add device')}</Button>}
        <Link to={groupPath(group.id)} className="bl-card-link">{_('Members and settings')}</Link>
        <span className="bl-grow" />
        {allows(rights, RIGHT.editGroup) && <Button variant="plain" icon={<EditIcon />} aria-label={_('Change {name}', { name: group.name })} title={_('Change')} onClick={() => onOpen({ kind: 'edit', group })} />}
        {rights === FULL_RIGHTS && <Button variant="plain" icon={<TrashIcon />} aria-label={_('Delete {name}', { name: group.name })} title={_('Delete')} onClick={() => onOpen({ kind: 'delete', group })} />}
      </div>
    </li>
  );
}
