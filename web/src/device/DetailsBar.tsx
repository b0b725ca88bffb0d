// SPDX-License-Identifier: Apache-2.0
// From when the details are; asks the device anew, and gives them as a file.
import { useEffect, useState } from 'react';
import { client } from '../app/session';
import { showError } from '../app/Toasts';
import { ActionMenu } from '../lib/ActionMenu';
import { formatAgo, formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { DownloadIcon, RefreshIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import { errorText } from '../lib/words';
import { hasAgent, type Device } from '../store/model';
import { toCsv, type Section } from './hardware';

const PATIENCE_MS = 15_000;

export function DetailsBar({ device, time, sections, raw }: { device: Device; time: number; sections: readonly Section[]; raw: unknown }) {
  const now = useNow(30_000);
  // The time of the details that were there when the device was asked.
  const [asked, setAsked] = useState<number | null>(null);
  const waiting = asked !== null && asked === time;
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setTimeout(() => { setAsked(null); showError(_('{name} has not answered yet. What it says will appear here by itself.', { name: device.name })); }, PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waiting, device.name]);
  const refresh = () => {
    setAsked(time);
    client.request({ action: 'getsysinfo', nodeid: device.id, nodeinfo: false, refresh: true }).then(
      (answer) => { if (answer['refreshing'] !== true) setAsked(null); },
      (error) => { setAsked(null); showError(errorText(error)); },
    );
  };
  return (
    <div className="bl-details-bar">
      <span className="bl-soft">{time > 0 ? _('Details from {time} ({ago})', { time: formatTime(time), ago: formatAgo(time, now) }) : _('No details are stored yet.')}</span>
      <span className="bl-grow" />
      {hasAgent(device) && <Button variant="link" size="sm" icon={<RefreshIcon />} isDisabled={waiting} isLoading={waiting} onClick={refresh}>{waiting ? _('Asking the device…') : _('Refresh')}</Button>}
      {time > 0 && <ActionMenu label={_('Save the details')} icon={<DownloadIcon />} sections={[[
        { label: _('Save as CSV'), onClick: () => save(device.name, 'csv', 'text/csv', toCsv(sections)) },
        { label: _('Save as JSON'), onClick: () => save(device.name, 'json', 'application/json', JSON.stringify(raw, null, 2)) },
      ]]} />}
    </div>
  );
}

function save(name: string, ending: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replace(/[^\p{L}\p{N}._ -]/gu, '_')}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
