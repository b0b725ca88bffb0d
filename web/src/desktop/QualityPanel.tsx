// SPDX-License-Identifier: Apache-2.0
// The picture's quality as the user wants it.
import { useState } from 'react';
import { _ } from '../lib/i18n';
import { CloseIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import type { Quality } from './packets';

export function QualityPanel({ value, onChange, onClose }: { value: Quality; onChange: (value: Quality) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(value);
  const set = (part: Partial<Quality>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    onChange(next);
  };
  const frames = Math.round(1000 / draft.interval);
  const percent = Math.round((draft.scaling * 100) / 1024);
  return (
    <div className="bl-desk-panel" role="group" aria-label={_('Quality of the picture')} onKeyDown={(e) => { if (e.key === 'Escape') onClose(); }}>
      <div className="bl-desk-row">
        <label>{_('Quality')} <input type="range" min={5} max={100} step={5} value={draft.quality} onChange={(e) => set({ quality: Number(e.target.value) })} />{draft.quality} %</label>
        <label>{_('Size')} <input type="range" min={25} max={100} step={5} value={percent} onChange={(e) => set({ scaling: Math.round((Number(e.target.value) * 1024) / 100) })} />{percent} %</label>
        <label>{_('Frames per second, at most')} <input type="range" min={1} max={40} value={frames} onChange={(e) => set({ interval: Math.round(1000 / Number(e.target.value)) })} />{frames}</label>
        <label>{_('Format')}
          <select className="bl-select bl-select-small" value={draft.format} onChange={(e) => set({ format: Number(e.target.value) })}>
            <option value={1}>JPEG</option><option value={4}>WebP</option><option value={2}>PNG</option>
          </select>
        </label>
        <span className="bl-grow" />
        <Button variant="plain" aria-label={_('Close')} icon={<CloseIcon />} onClick={onClose} />
      </div>
      <p className="bl-soft">{_('Some devices offer less: a MeshAgent on Linux always sends JPEG in full size.')}</p>
    </div>
  );
}
