// SPDX-License-Identifier: Apache-2.0
// The desktop of a device. It connects as soon as it is shown.
import { useCallback, useRef, useState } from 'react';
import { showError } from '../app/Toasts';
import { linkText } from '../device/connect';
import { isWindows } from '../device/platform';
import { useNow } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { Alert } from '../lib/Alert';
import { ClipboardIcon, FitIcon, KeyboardIcon, MouseIcon, RefreshIcon } from '../lib/icons';
import { AlertActionCloseButton, Button, EmptyState, EmptyStateBody } from '../lib/pf';
import { can, CAP, hasAgent, mayControl, type Device } from '../store/model';
import { readLocal } from './clipboard';
import { ClipboardPanel } from './ClipboardPanel';
import { loadChoice, saveChoice, type QualityChoice } from './quality';
import { QualityPanel } from './QualityPanel';
import { Stage, type Zoom } from './Stage';
import { Toolbar, type Action } from './Toolbar';
import { useClipboardStep } from './useClipboardStep';
import { useDesktop, type DesktopHandle } from './useDesktop';
import './desktop.css';

/** @guest: there is no control channel, and so no clipboard. */
interface Props { device: Device; rights: number; shown: boolean; guest?: boolean }

export default function DesktopTab(props: Props) {
  if (hasAgent(props.device) && !can(props.device, CAP.desktop)) return <NoDesktop />;
  return <DesktopView {...props} />;
}

function NoDesktop() {
  return (
    <EmptyState headingLevel="h2" titleText={_('This agent does not show a desktop')} className="bl-empty">
      <EmptyStateBody>
        {_('It offers no desktop to the server: the machine has no graphical session, or the part of the agent for it is not installed. Terminal and files do not need it.')}
      </EmptyStateBody>
    </EmptyState>
  );
}

function DesktopView({ device, rights, shown, guest = false }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const [zoom, setZoom] = useState<Zoom>('fit');
  const [choice, setChoice] = useState<QualityChoice>(loadChoice);
  const [panel, setPanel] = useState<'clipboard' | 'quality' | null>(null);
  const [watching, setWatching] = useState(false);
  const [rightClick, setRightClick] = useState(false);
  const controls = mayControl(rights);
  const viewOnly = !controls || watching;
  const desk = useDesktop(canvas, device, shown, viewOnly, choice);
  const { view, session } = desk;
  const problem = useCallback((text: string) => showError(text), []);
  const clipboard = useClipboardStep(device.id, problem);

  const choose = (next: QualityChoice) => {
    setChoice(next);
    saveChoice(next);
  };
  const fullScreen = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else root.current?.requestFullscreen().then(lockKeys).catch(() => showError(_('The browser does not allow full screen here.')));
    field.current?.focus();
  };
  const focus = () => field.current?.focus({ preventScroll: true });
  const act = (action: Action) => {
    switch (action) {
      case 'cad': session.current?.ctrlAltDel(isWindows(device.agentId)); focus(); break;
      case 'refresh': session.current?.refresh(); break;
      case 'lock': session.current?.lockInput(true); break;
      case 'unlock': session.current?.lockInput(false); break;
      case 'lock-screen': session.current?.lockScreen(); break;
      case 'picture': void savePicture(desk, device.name); break;
      case 'disconnect': desk.disconnect(); break;
      case 'clipboard': setPanel(panel === 'clipboard' ? null : 'clipboard'); break;
      case 'fullscreen': fullScreen(); break;
      case 'paste':
        readLocal().then((text) => session.current?.type(text)).catch(() => setPanel('clipboard'));
        focus();
        break;
    }
  };
  const localKey = (code: string): boolean => {
    switch (code) {
      case 'KeyF': fullScreen(); return true;
      case 'Digit0': setZoom('fit'); return true;
      case 'Digit1': setZoom('real'); return true;
      case 'KeyM': bar.current?.querySelector<HTMLElement>('button:not(:disabled)')?.focus(); return true;
      default: return false;
    }
  };
  return (
    <div ref={root} className="bl-desktop">
      <Toolbar view={view} bar={bar} zoom={zoom} onZoom={setZoom} preset={choice.preset} viewOnly={viewOnly} onViewOnly={controls ? setWatching : null} panel={panel}
        onPreset={(preset) => { choose({ ...choice, preset }); setPanel(preset === 'custom' ? 'quality' : null); }}
        onDisplay={(id) => session.current?.setDisplay(id)} onKeys={(...codes) => { session.current?.keyboard.chord(...codes); focus(); }} onAction={act} />
      {panel === 'quality' && <QualityPanel value={choice.custom} onChange={(custom) => choose({ preset: 'custom', custom })} onClose={() => setPanel(null)} />}
      {panel === 'clipboard' && (
        <ClipboardPanel nodeId={guest ? null : device.id} viewOnly={viewOnly} inStep={clipboard.inStep} onInStep={clipboard.setInStep}
          onType={async (text) => { await session.current?.type(text); }} onClose={() => { setPanel(null); focus(); }} />
      )}
      <Stage canvas={canvas} field={field} session={session} name={device.name} width={view.width} height={view.height} zoom={zoom} onZoom={setZoom} cursor={view.cursor}
        viewOnly={viewOnly} onLocalKey={localKey} takeRightClick={() => { setRightClick(false); return rightClick; }}
        onFocus={(inside) => { if (clipboard.inStep && !guest && !viewOnly && view.link.state === 'open') clipboard.focusChanged(inside); }}>
        {view.error && <ErrorNote text={view.error} onClose={desk.clearError} />}
        {(view.link.state !== 'open' || view.width === 0) && !view.error && <Waiting desk={desk} />}
      </Stage>
      <div className="bl-desk-touch" role="toolbar" aria-label={_('Touch')}>
        <TouchButton label={_('Keyboard')} icon={<KeyboardIcon />} onClick={focus} />
        <TouchButton label={_('Right click')} icon={<MouseIcon />} on={rightClick} onClick={() => setRightClick(!rightClick)} />
        <TouchButton label={_('Text')} icon={<ClipboardIcon />} on={panel === 'clipboard'} onClick={() => act('clipboard')} />
        <TouchButton label={zoom === 'fit' ? _('Real size') : _('Fit')} icon={<FitIcon />} onClick={() => setZoom(zoom === 'fit' ? 'real' : 'fit')} />
      </div>
    </div>
  );
}

/** In full screen even Alt-Tab and Esc may go to the device, where the browser can do that. */
function lockKeys(): void {
  const { keyboard } = navigator as { keyboard?: { lock?: () => Promise<void> } };
  keyboard?.lock?.().catch(() => undefined);
}

async function savePicture({ session }: DesktopHandle, name: string): Promise<void> {
  const blob = await session.current?.painter.picture();
  if (!blob) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${name} ${new Date().toISOString().slice(0, 19).replace(/:/g, '-')}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function ErrorNote({ text, onClose }: { text: string; onClose: () => void }) {
  return (
    <div className="bl-desk-alert">
      <Alert variant="warning" isInline title={_('The device says: {text}', { text })} actionClose={<AlertActionCloseButton aria-label={_('Close')} onClose={onClose} />} />
    </div>
  );
}

/** Says what is awaited, or what can be done. */
function Waiting({ desk }: { desk: DesktopHandle }) {
  const { view } = desk;
  const now = useNow(500);
  if (view.link.state !== 'closed') {
    return (
      <div className="bl-desk-over bl-desk-late">
        <div className="bl-desk-card"><p>{view.link.state === 'open' ? _('Waiting for the first picture…') : linkText(view.link)}</p></div>
      </div>
    );
  }
  const seconds = view.retryAt ? Math.max(0, Math.ceil((view.retryAt - now) / 1000)) : null;
  return (
    <div className="bl-desk-over">
      <div className="bl-desk-card">
        <h2>{linkText(view.link)}</h2>
        {seconds !== null && <p className="bl-soft">{ngettext('Next attempt in {n} second', 'Next attempt in {n} seconds', seconds)}</p>}
        {view.link.reason === 'offline' && <p className="bl-soft">{_('The picture appears as soon as the device is back.')}</p>}
        <Button variant="primary" icon={<RefreshIcon />} onClick={desk.reconnect}>{_('Reconnect')}</Button>
      </div>
    </div>
  );
}

function TouchButton({ label, icon, on, onClick }: { label: string; icon: React.ReactNode; on?: boolean; onClick: () => void }) {
  return <button type="button" aria-pressed={on} onClick={onClick}>{icon}<span>{label}</span></button>;
}
