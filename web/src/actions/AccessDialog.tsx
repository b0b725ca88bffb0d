// SPDX-License-Identifier: Apache-2.0
// Who may use one device: by rights on it alone, and by those on its group.
import { useId } from 'react';
import { Holders } from '../access/Holders';
import { groupPath, Link } from '../app/router';
import { _ } from '../lib/i18n';
import { Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '../lib/pf';
import { allows, RIGHT, type Device } from '../store/model';
import { deviceRights } from '../store/reduce';
import { store, useStore } from '../store/store';

export function AccessDialog({ device: { id: deviceId, ...first }, onClose }: { device: Device; onClose: () => void }) {
  const id = useId();
  const device = useStore((s) => s.devices.get(deviceId));
  const group = useStore((s) => s.groups.get(first.groupId));
  const rights = device ? deviceRights(store.state, device) : 0;
  return (
    <Modal isOpen variant={ModalVariant.medium} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="6vh">
      <ModalHeader title={_('Who may use {name}', { name: first.name })} labelId={`${id}-title`} />
      <ModalBody>
        <div className="bl-stack">
          <section>
            <h2>{_('On this device alone')}</h2>
            <Holders object={deviceId} links={device?.links ?? {}} held={rights} mayChange={allows(rights, RIGHT.manageUsers)} empty={_('Nobody has rights on this device alone.')} />
          </section>
          {group && (
            <section>
              <h2>{_('By the group {name}', { name: group.name })}</h2>
              <Holders object={group.id} links={group.links} held={0} mayChange={false} empty={_('Nobody has rights on the group.')} />
              <p><Link to={groupPath(group.id)} onClick={onClose}>{_('Change the rights on the group')}</Link></p>
            </section>
          )}
        </div>
      </ModalBody>
      <ModalFooter><Button variant="secondary" onClick={onClose}>{_('Close')}</Button></ModalFooter>
    </Modal>
  );
}
