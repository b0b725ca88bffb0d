// SPDX-License-Identifier: Apache-2.0
// How a machine comes into a group: one line to copy. The dialog says when the
// machine has arrived.
import { useId, useState } from 'react';
import { devicePath, Link } from '../app/router';
import { CopyField } from '../lib/CopyField';
import { _ } from '../lib/i18n';
import { DownloadIcon } from '../lib/icons';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '../lib/pf';
import { RIGHT, allows, hasAgent } from '../store/model';
import { groupRights } from '../store/reduce';
import { compareNames } from '../store/rows';
import { store, useStore } from '../store/store';
import { enrollLines } from './enroll';
import { InviteForm } from './InviteForm';

export function AddDeviceDialog({ groupId: initial, onClose }: { groupId: string; onClose: () => void }) {
  const id = useId();
  const [groupId, setGroupId] = useState(initial);
  const groups = useStore((s) => s.groups);
  const server = useStore((s) => s.server);
  const lines = enrollLines(groupId, location.origin, server);
  const choices = [...groups.values()].filter((g) => allows(groupRights(store.state, g), RIGHT.manageDevices) || g.id === groupId)
    .sort((a, b) => compareNames(a.name, b.name));
  return (
    <Modal isOpen variant={ModalVariant.medium} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="10vh">
      <ModalHeader title={_('Add a device')} labelId={`${id}-title`} />
      <ModalBody>
        <div className="bl-add">
          <div className="bl-field">
            <label htmlFor={`${id}-group`}>{_('Device group')}</label>
            <select id={`${id}-group`} className="bl-select" value={groupId} onChange={(e) => setGroupId(e.target.value)}>
              {choices.map((g) => <option key={g.id} value={g.id}>{g.name}</option>)}
            </select>
          </div>
          <section>
            <h2>{_('With the bowline-agent package installed')}</h2>
            <CopyField label={_('Enrol command')} text={lines.enroll} />
          </section>
          <section>
            <h2>{_('On any other Linux machine')}</h2>
            <CopyField label={_('Install command')} text={lines.script} />
          </section>
          <section>
            <h2>{_('For somebody else')}</h2>
            <InviteForm key={groupId} groupId={groupId} />
          </section>
          <p className="bl-soft">
            {_('Or give an agent the settings of this group:')}{' '}
            <a href={lines.settings} download="meshagent.msh" className="bl-inline-icon"><DownloadIcon />{_('settings file (.msh)')}</a>
          </p>
          <Arrivals groupId={groupId} />
        </div>
      </ModalBody>
      <ModalFooter><Button variant="secondary" onClick={onClose}>{_('Close')}</Button></ModalFooter>
    </Modal>
  );
}

/** Devices that came online since the dialog was opened. */
function Arrivals({ groupId }: { groupId: string }) {
  const devices = useStore((s) => s.devices);
  const [known] = useState(() => new Set([...store.state.devices.values()].filter(hasAgent).map((d) => d.id)));
  const arrived = [...devices.values()].filter((d) => d.groupId === groupId && hasAgent(d) && !known.has(d.id));
  return (
    <div role="status" className="bl-arrivals">
      {arrived.length === 0 ? <span className="bl-soft bl-waiting">{_('Waiting for the device to connect…')}</span>
        : arrived.map((d) => <span key={d.id}><span className="bl-dot bl-on" /> {_('Connected:')} <Link to={devicePath(d.id)}>{d.name}</Link></span>)}
    </div>
  );
}
