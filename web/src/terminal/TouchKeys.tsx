// SPDX-License-Identifier: Apache-2.0
// Keys that on-screen keyboards lack. Shown on touch devices only (by the stylesheet).
import { _ } from '../lib/i18n';

const KEYS: readonly [label: string, data: string][] = [
  ['Esc', '\u001b'], ['Tab', '\t'], ['Ctrl-C', '\u0003'], ['Ctrl-D', '\u0004'], ['Ctrl-Z', '\u001a'], ['Ctrl-R', '\u0012'],
  ['←', '\u001b[D'], ['↑', '\u001b[A'], ['↓', '\u001b[B'], ['→', '\u001b[C'], ['/', '/'], ['|', '|'], ['-', '-'],
];

export function TouchKeys({ onInput }: { onInput: (data: string) => void }) {
  return (
    <div className="bl-touch-keys" role="toolbar" aria-label={_('Extra keys')}>
      {KEYS.map(([label, data]) => (
        <button key={label} type="button" onPointerDown={(e) => e.preventDefault()} onClick={() => onInput(data)}>{label}</button>
      ))}
    </div>
  );
}
