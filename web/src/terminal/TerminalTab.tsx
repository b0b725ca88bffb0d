// SPDX-License-Identifier: Apache-2.0
// The terminal of a device. It connects as soon as it is shown.
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Link } from '../device/connect';
import { isWindows } from '../device/platform';
import { StateLine } from '../device/StateLine';
import { _ } from '../lib/i18n';
import { ChevronIcon, CloseIcon, RefreshIcon, SearchIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import { hasAgent, type Device } from '../store/model';
import { Shell } from './session';
import { TouchKeys } from './TouchKeys';
import './terminal.css';

export function shellChoices(agentId: number): [protocol: number, label: string][] {
  return isWindows(agentId)
    ? [[1, _('Command prompt')], [6, 'PowerShell'], [8, _('Command prompt as the user')], [9, _('PowerShell as the user')]]
    : [[1, _('Shell as root')], [8, _('Shell as the user')]];
}

export default function TerminalTab({ device, shown }: { device: Device; shown: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const shell = useRef<Shell | null>(null);
  const [link, setLink] = useState<Link>({ state: 'asking' });
  const [recorded, setRecorded] = useState(false);
  const [delay, setDelay] = useState<number | null>(null);
  const [finding, setFinding] = useState(false);
  const [protocol, setProtocol] = useState(1);
  const online = hasAgent(device);
  const startedOnline = useRef(online);

  useEffect(() => {
    const session = new Shell(host.current!, { onLink: setLink, onRecorded: setRecorded, onRoundTrip: setDelay, onFind: () => setFinding(true) });
    shell.current = session;
    if (startedOnline.current) session.connect(device.id, 1);
    else setLink({ state: 'closed', reason: 'offline' });
    session.focus();
    return () => {
      shell.current = null;
      session.dispose();
    };
  }, [device.id]);

  useEffect(() => {
    if (!shown) return;
    shell.current?.resize();
    shell.current?.focus();
  }, [shown]);

  const reconnect = (next: number) => {
    setDelay(null);
    shell.current?.connect(device.id, next);
    shell.current?.focus();
  };
  // A device that was offline when the tab was opened is connected to when it comes.
  useEffect(() => {
    if (online && !startedOnline.current) {
      startedOnline.current = true;
      shell.current?.connect(device.id, protocol);
    }
  }, [online, device.id, protocol]);

  return (
    <div className="bl-terminal">
      <div className="bl-session-bar">
        <StateLine link={link} delay={delay} recorded={recorded} />
        {link.state === 'closed' && <Button variant="primary" size="sm" icon={<RefreshIcon />} onClick={() => reconnect(protocol)}>{_('Reconnect')}</Button>}
        <span className="bl-grow" />
        <select className="bl-select bl-select-small" aria-label={_('Shell')} value={protocol}
          onChange={(e) => { const next = Number(e.target.value); setProtocol(next); shell.current?.reset(); reconnect(next); }}>
          {shellChoices(device.agentId).map(([p, label]) => <option key={p} value={p}>{label}</option>)}
        </select>
        <Button variant="plain" aria-label={_('Smaller text')} title={_('Smaller text')} onClick={() => shell.current?.changeFont(-1)}><span aria-hidden="true" className="bl-a-small">A</span></Button>
        <Button variant="plain" aria-label={_('Larger text')} title={_('Larger text')} onClick={() => shell.current?.changeFont(1)}><span aria-hidden="true" className="bl-a-large">A</span></Button>
        <Button variant="plain" aria-label={_('Search in the terminal')} title={_('Search (Ctrl-Shift-F)')} aria-expanded={finding} icon={<SearchIcon />} onClick={() => setFinding(!finding)} />
      </div>
      {finding && <FindBar shell={() => shell.current} onClose={() => { setFinding(false); shell.current?.focus(); }} />}
      <div className="bl-screen"><div ref={host} className="bl-xterm" role="region" aria-label={_('Terminal of {name}', { name: device.name })} /></div>
      <TouchKeys onInput={(text) => { shell.current?.input(text); shell.current?.focus(); }} />
    </div>
  );
}

function FindBar({ shell, onClose }: { shell: () => Shell | null; onClose: () => void }) {
  const [text, setText] = useState('');
  const [missing, setMissing] = useState(false);
  const find = (value: string, back: boolean, incremental: boolean) => {
    const search = shell()?.search;
    if (!search || !value) { setMissing(false); return; }
    setMissing(!(back ? search.findPrevious(value) : search.findNext(value, { incremental })));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') find(text, !event.shiftKey, false);
    else if (event.key === 'Escape') onClose();
  };
  return (
    <div className="bl-find" role="search">
      <input autoFocus type="text" value={text} aria-label={_('Search in the terminal')} placeholder={_('Search')} aria-invalid={missing}
        onChange={(e) => { setText(e.target.value); find(e.target.value, false, true); }} onKeyDown={onKeyDown} />
      <span role="status" className="bl-soft">{missing ? _('not found') : ''}</span>
      <Button variant="plain" className="bl-turn-up" aria-label={_('Previous match')} icon={<ChevronIcon />} onClick={() => find(text, true, false)} />
      <Button variant="plain" className="bl-turn-down" aria-label={_('Next match')} icon={<ChevronIcon />} onClick={() => find(text, false, false)} />
      <Button variant="plain" aria-label={_('Close the search')} icon={<CloseIcon />} onClick={onClose} />
    </div>
  );
}
