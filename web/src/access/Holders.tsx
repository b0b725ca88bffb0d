// SPDX-License-Identifier: Apache-2.0
// The list of those who have rights on a device or a group, with what they may do in words.
import { useState } from 'react';
import { Alert } from '../lib/Alert';
import { ActionMenu } from '../lib/ActionMenu';
import { SelectField, TextField } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { _ } from '../lib/i18n';
import { PlusIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import { deviceBits, mayOnSite, rightsWords, roles, SITE } from '../lib/rights';
import { RightsFields } from '../lib/RightsFields';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { FULL_RIGHTS, type Group } from '../store/model';
import { useStore } from '../store/store';
import { askUserGroups, askUserNames, setRights, takeRights, userId } from './grants';
import { listHolders, type Holder } from './list';

interface Props {
  /** Id of the device or device group. */
  object: string;
  links: Group['links'];
  /** Rights of the signed-in account on it: nobody gives what he does not have. */
  held: number;
  mayChange: boolean;
  empty: string;
}

export function Holders({ object, links, held, mayChange, empty }: Props) {
  const self = useStore((s) => s.user);
  const ofDevice = object.startsWith('node/');
  const groups = useLoad(askUserGroups, []);
  const [editing, setEditing] = useState<Holder | 'new' | null>(null);
  const [removing, setRemoving] = useState<Holder | null>(null);
  const list = listHolders(links, groups.data ?? new Map());
  return (
    <div className="bl-stack">
      {list.length === 0 ? <p className="bl-soft">{empty}</p> : (
        <ul className="bl-lines">
          {list.map((h) => (
            <li key={h.id}>
              <div className="bl-line-main">
                <span><b>{h.name}</b> {h.isGroup && <span className="bl-tag">{_('user group')}</span>}{h.id === self?._id && <span className="bl-tag">{_('you')}</span>}</span>
                <span className="bl-soft">{rightsWords(h.rights, deviceBits(), _('Everything'))}</span>
              </div>
              {mayChange && h.id !== self?._id && (
                <ActionMenu label={_('More about {name}', { name: h.name })} sections={[[
                  { label: _('Change the rights'), onClick: () => setEditing(h) },
                  { label: _('Take all rights away'), danger: true, onClick: () => setRemoving(h) },
                ]]} />
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && <div><Button variant="secondary" icon={<PlusIcon />} onClick={() => setEditing('new')}>{_('Add somebody')}</Button></div>}
      {groups.error && <Alert isInline isPlain variant="warning" title={groups.error} />}
      {editing && (
        <HolderDialog object={object} ofDevice={ofDevice} held={held} holder={editing === 'new' ? null : editing} groups={groups.data ?? new Map()}
          taken={new Set(list.map((h) => h.id))} onClose={() => setEditing(null)} />
      )}
      {removing && <RemoveHolder object={object} holder={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}

function RemoveHolder({ object, holder, onClose }: { object: string; holder: Holder; onClose: () => void }) {
  return (
    <FormDialog danger title={_('Take all rights of {name} away?', { name: holder.name })} action={_('Take away')} problem={null} onClose={onClose} onSubmit={() => takeRights(object, holder.id)}>
      <p>{_('Open sessions end at once. Rights that come by other ways, such as a user group, stay.')}</p>
    </FormDialog>
  );
}

interface DialogProps {
  object: string;
  ofDevice: boolean;
  held: number;
  holder: Holder | null;
  groups: ReadonlyMap<string, string>;
  taken: ReadonlySet<string>;
  onClose: () => void;
}

function fixedBits(held: number): number {
  if (held === FULL_RIGHTS) return 0;
  return deviceBits().reduce((mask, b) => ((held & b.bit) !== 0) === Boolean(b.limits) ? mask | b.bit : mask, 0);
}

function HolderDialog({ object, ofDevice, held, holder, groups, taken, onClose }: DialogProps) {
  const manager = useStore((s) => mayOnSite(s.user?.siteadmin, SITE.users));
  const names = useLoad(() => askUserNames(manager), [manager]);
  const [kind, setKind] = useState<'user' | 'group'>('user');
  const [name, setName] = useState('');
  const free = [...groups].filter(([id]) => !taken.has(id)).sort((a, b) => a[1].localeCompare(b[1]));
  const [group, setGroup] = useState(free[0]?.[0] ?? '');
  const choices = roles(ofDevice).filter((r) => held === FULL_RIGHTS || (r.rights & fixedBits(held)) === 0);
  const [role, setRole] = useState(holder ? choices.find((r) => r.rights === holder.rights)?.key ?? 'own' : choices.find((r) => r.key === 'help')?.key ?? 'own');
  const [rights, setRightsValue] = useState(holder && holder.rights !== FULL_RIGHTS ? holder.rights : 0);
  const chosen = choices.find((r) => r.key === role)?.rights ?? rights;
  const target = holder ? holder.id : kind === 'group' ? group : userId(name);
  const problem = !holder && kind === 'user' && !name.trim() ? _('Enter the name of an account.')
    : !target ? _('There is no user group to choose.') : chosen === 0 ? _('Choose at least one right.') : null;
  return (
    <FormDialog wide title={holder ? _('Rights of {name}', { name: holder.name }) : _('Add somebody')} action={holder ? _('Save') : _('Add')} problem={problem}
      onSubmit={() => setRights(object, target, chosen)} onClose={onClose}>
      {!holder && free.length > 0 && (
        <SelectField<'user' | 'group'> id="holder-kind" label={_('Who')} value={kind} onChange={(k) => { setKind(k); if (!group) setGroup(free[0]?.[0] ?? ''); }} options={[['user', _('an account')], ['group', _('a user group')]]} />
      )}
      {!holder && kind === 'user' && (
        <>
          <TextField id="holder-name" label={_('Account')} value={name} onChange={setName} required autoFocus maxLength={64} list="holder-names" />
          <datalist id="holder-names">{(names.data ?? []).map((n) => <option key={n} value={n} />)}</datalist>
        </>
      )}
      {!holder && kind === 'group' && <SelectField id="holder-group" label={_('User group')} value={group} onChange={setGroup} options={free} />}
      <SelectField id="holder-role" label={_('May')} value={role} onChange={(key) => { setRole(key); if (key === 'own' && chosen !== FULL_RIGHTS) setRightsValue(chosen); }}
        options={[...choices.map((r) => [r.key, r.label] as const), ['own', _('Own choice')] as const]} />
      {role === 'own' && <RightsFields bits={deviceBits().filter((b) => !ofDevice || !b.groupOnly)} value={rights} onChange={setRightsValue} fixed={fixedBits(held)} />}
      {names.error && <p className="bl-soft">{errorText(names.error)}</p>}
    </FormDialog>
  );
}
