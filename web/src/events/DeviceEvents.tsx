// SPDX-License-Identifier: Apache-2.0
// What happened on one device: power of the last week, then its events.
import { useCallback, useState } from 'react';
import { change } from '../app/session';
import { FormDialog } from '../lib/FormDialog';
import { _ } from '../lib/i18n';
import { Button, FormGroup, TextArea } from '../lib/pf';
import type { Device } from '../store/model';
import { EventLog } from './EventLog';
import { PowerTimeline } from './PowerTimeline';

const REMARK_LIMIT = 1000;

export default function DeviceEvents({ device }: { device: Device }) {
  const { id } = device;
  const belongs = useCallback((event: Record<string, unknown>) => event['nodeid'] === id, [id]);
  const [writing, setWriting] = useState(false);
  return (
    <div className="bl-scroll bl-pad">
      <PowerTimeline device={device} />
      <div className="bl-section-head">
        <h2>{_('Events')}</h2><span className="bl-grow" />
        <Button variant="secondary" size="sm" onClick={() => setWriting(true)}>{_('Add a remark')}</Button>
      </div>
      <EventLog nodeId={id} belongs={belongs} showDevice={false} />
      {writing && <RemarkDialog device={device} onClose={() => setWriting(false)} />}
    </div>
  );
}

function RemarkDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const [remark, setRemark] = useState('');
  // The server decodes what it gets, as MeshCentral does.
  const submit = async () => { await change({ action: 'setDeviceEvent', nodeid: device.id, msg: encodeURIComponent(remark.trim()) }); };
  return (
    <FormDialog title={_('Remark about {name}', { name: device.name })} action={_('Add')} problem={remark.trim() ? null : _('Write the remark.')} onSubmit={submit} onClose={onClose}>
      <FormGroup label={_('Remark')} fieldId="remark"><TextArea id="remark" value={remark} onChange={(_event, v) => setRemark(v)} rows={3} maxLength={REMARK_LIMIT} autoFocus resizeOrientation="vertical" /></FormGroup>
    </FormDialog>
  );
}
