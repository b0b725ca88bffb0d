// SPDX-License-Identifier: Apache-2.0
// What can be done with the picture, above it.
import { useState, type KeyboardEvent, type ReactNode, type Ref } from 'react';
import { StateLine } from '../device/StateLine';
import { formatBytes } from '../lib/format';
import { _, ngettext } from '../lib/i18n';
import { ClipboardIcon, EyeIcon, FitIcon, FullScreenIcon, GaugeIcon, KebabIcon, KeyboardIcon } from '../lib/icons';
import { Button, Divider, Dropdown, DropdownItem, DropdownList, MenuToggle, type MenuToggleElement } from '../lib/pf';
import { VK } from './keys';
import { ALL_DISPLAYS } from './packets';
import type { Preset } from './quality';
import type { Screens } from './session';
import type { Zoom } from './Stage';
import type { View } from './useDesktop';

export type Action = 'cad' | 'refresh' | 'lock' | 'unlock' | 'lock-screen' | 'picture' | 'disconnect' | 'paste' | 'clipboard' | 'fullscreen';

interface Props {
  view: View;
  bar: Ref<HTMLDivElement>;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
  preset: Preset;
  onPreset: (preset: Preset) => void;
  viewOnly: boolean;
  /** Null when the account may only watch. */
  onViewOnly: ((on: boolean) => void) | null;
  panel: string | null;
  onDisplay: (id: number) => void;
  onKeys: (...codes: number[]) => void;
  onAction: (action: Action) => void;
}

export function Toolbar(props: Props) {
  const { view, zoom, onZoom, viewOnly, onAction } = props;
  const open = view.link.state === 'open';
  // With the focus on the bar, one key is enough.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || (event.target as HTMLElement).closest('select, input, [role=menu]')) return;
    if (event.key === '0') onZoom('fit');
    else if (event.key === '1') onZoom('real');
    else if (event.key === 'f') onAction('fullscreen');
    else return;
    event.preventDefault();
  };
  return (
    <div ref={props.bar} className="bl-desk-bar" role="toolbar" aria-label={_('Desktop')} onKeyDown={onKeyDown}>
      <StateLine link={view.link} delay={view.delay} recorded={view.recorded}>
        <span className="bl-soft bl-figures">{ngettext('{n} frame/s', '{n} frames/s', view.frames)}{view.bytes > 0 ? ` · ${formatBytes(view.bytes)}/s` : ''}</span>
        {view.capsLock && <span className="bl-tag">{_('Caps Lock is on')}</span>}
        {view.viewers.length > 1 && <span className="bl-tag bl-tag-live" title={view.viewers.join(', ')}>{ngettext('{n} viewer', '{n} viewers', view.viewers.length)}</span>}
        {props.onViewOnly === null && <span className="bl-tag">{_('view only')}</span>}
      </StateLine>
      <span className="bl-grow" />
      {view.screens.ids.length > 1 && <DisplayChoice screens={view.screens} onChange={props.onDisplay} />}
      <Toggle wide on={zoom === 'fit'} label={_('Fit the picture into the page (0)')} onClick={() => onZoom('fit')}><FitIcon /></Toggle>
      <Toggle wide on={zoom === 'real'} label={_('Real size (1)')} onClick={() => onZoom('real')}><span className="bl-ratio" aria-hidden="true">1:1</span></Toggle>
      <Toggle wide label={_('Full screen (F)')} onClick={() => onAction('fullscreen')}><FullScreenIcon /></Toggle>
      <span className="bl-desk-gap bl-desk-wide" aria-hidden="true" />
      {props.onViewOnly && <Toggle wide on={viewOnly} label={_('View only')} onClick={() => props.onViewOnly!(!viewOnly)}><EyeIcon /></Toggle>}
      <Toggle wide on={props.panel === 'clipboard'} label={_('Text and clipboard')} onClick={() => onAction('clipboard')}><ClipboardIcon /></Toggle>
      <KeyMenu disabled={!open || viewOnly} onKeys={props.onKeys} onAction={onAction} />
      <QualityMenu preset={props.preset} onPreset={props.onPreset} />
      <MoreMenu view={view} viewOnly={viewOnly} onAction={onAction} />
    </div>
  );
}

function Toggle({ label, on, wide, onClick, children }: { label: string; on?: boolean; wide?: boolean; onClick: () => void; children: ReactNode }) {
  return <Button variant="plain" className={wide ? 'bl-desk-wide' : undefined} aria-label={label} title={label} aria-pressed={on} icon={children} onClick={onClick} />;
}

function Menu({ label, icon, disabled, className, children }: { label: string; icon: ReactNode; disabled?: boolean; className?: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <Dropdown isOpen={open} onOpenChange={setOpen} onSelect={() => setOpen(false)} popperProps={{ position: 'end', appendTo: () => (document.fullscreenElement ?? document.body) as HTMLElement }}
      toggle={(ref: Ref<MenuToggleElement>) => (
        <MenuToggle ref={ref} variant="plain" className={className} isExpanded={open} isDisabled={disabled} aria-label={label} title={label} icon={icon} onClick={() => setOpen(!open)} />
      )}>
      {children}
    </Dropdown>
  );
}

function KeyMenu({ disabled, onKeys, onAction }: { disabled: boolean; onKeys: Props['onKeys']; onAction: Props['onAction'] }) {
  const keys: [string, number[]][] = [
    [_('Super'), [VK.super]], ['Alt-Tab', [VK.alt, VK.tab]], ['Alt-F4', [VK.alt, VK.f4]], [_('Super-L'), [VK.super, VK.l]],
    [_('Ctrl-Shift-Esc'), [VK.control, VK.shift, VK.escape]], [_('Esc'), [VK.escape]], [_('Print Screen'), [VK.printScreen]], [_('Caps Lock'), [VK.capsLock]],
  ];
  return (
    <Menu label={_('Keys')} icon={<KeyboardIcon />} disabled={disabled}>
      <DropdownList>
        <DropdownItem onClick={() => onAction('cad')}>{_('Ctrl-Alt-Del')}</DropdownItem>
        {keys.map(([label, codes]) => <DropdownItem key={label} onClick={() => onKeys(...codes)}>{label}</DropdownItem>)}
      </DropdownList>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => onAction('paste')}>{_('Type my clipboard')}</DropdownItem>
        <DropdownItem onClick={() => onAction('clipboard')}>{_('Type a text…')}</DropdownItem>
      </DropdownList>
    </Menu>
  );
}

function QualityMenu({ preset, onPreset }: { preset: Preset; onPreset: (preset: Preset) => void }) {
  const choices: [Preset, string, string][] = [
    ['best', _('Best'), _('Sharp text, for fast networks')], ['balanced', _('Balanced'), _('Fits most networks')],
    ['low', _('Low'), _('For slow networks')], ['custom', _('Custom…'), _('Your own choice')],
  ];
  return (
    <Menu label={_('Quality of the picture')} icon={<GaugeIcon />}>
      <DropdownList>
        {choices.map(([value, label, description]) => (
          <DropdownItem key={value} isSelected={value === preset} description={description} onClick={() => onPreset(value)}>{label}</DropdownItem>
        ))}
      </DropdownList>
    </Menu>
  );
}

function MoreMenu({ view, viewOnly, onAction }: { view: View; viewOnly: boolean; onAction: Props['onAction'] }) {
  const open = view.link.state === 'open';
  return (
    <Menu label={_('More about the picture')} icon={<KebabIcon />}>
      <DropdownList>
        <DropdownItem isDisabled={!open} onClick={() => onAction('refresh')}>{_('Draw the picture anew')}</DropdownItem>
        <DropdownItem isDisabled={view.width === 0} onClick={() => onAction('picture')}>{_('Save the picture')}</DropdownItem>
        <DropdownItem onClick={() => onAction('fullscreen')}>{_('Full screen')}</DropdownItem>
        {view.inputLocked !== null && (
          <DropdownItem isDisabled={!open || viewOnly} onClick={() => onAction(view.inputLocked ? 'unlock' : 'lock')}>
            {view.inputLocked ? _('Unlock mouse and keyboard of the device') : _('Lock mouse and keyboard of the device')}
          </DropdownItem>
        )}
        {view.lockable && <DropdownItem isDisabled={!open || viewOnly} onClick={() => onAction('lock-screen')}>{_('Lock the screen of the device')}</DropdownItem>}
        <DropdownItem isDisabled={!open} onClick={() => onAction('disconnect')}>{_('Disconnect')}</DropdownItem>
      </DropdownList>
    </Menu>
  );
}

function DisplayChoice({ screens, onChange }: { screens: Screens; onChange: (id: number) => void }) {
  const name = (id: number, i: number) => {
    if (id === ALL_DISPLAYS) return _('All screens');
    const info = screens.info.find((d) => d.id === id);
    return info ? `${_('Screen {n}', { n: i + 1 })} (${info.width}×${info.height})` : _('Screen {n}', { n: i + 1 });
  };
  return (
    <select className="bl-select bl-select-small" aria-label={_('Screen of the device')} value={screens.selected} onChange={(e) => onChange(Number(e.target.value))}>
      {screens.ids.map((id, i) => <option key={id} value={id}>{name(id, i)}</option>)}
    </select>
  );
}
