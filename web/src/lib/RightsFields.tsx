// SPDX-License-Identifier: Apache-2.0
// Rights as boxes to tick: first what may be done, then what is taken away.
import { useId } from 'react';
import { CheckField, FieldSet } from './Fields';
import { _ } from './i18n';
import type { Bit } from './rights';

interface Props {
  bits: readonly Bit[];
  value: number;
  onChange: (value: number) => void;
  /** Bits that whoever edits may not give: shown, but not to be changed. */
  fixed?: number;
  gains?: string;
  limits?: string;
}

export function RightsFields({ bits, value, onChange, fixed = 0, gains, limits }: Props) {
  const id = useId();
  const box = (b: Bit) => (
    <CheckField key={b.bit} id={`${id}-${b.bit}`} label={b.label} checked={(value & b.bit) !== 0} disabled={(fixed & b.bit) !== 0}
      onChange={(on) => onChange((on ? value | b.bit : value & ~b.bit) >>> 0)} />
  );
  const first = bits.filter((b) => !b.limits);
  const second = bits.filter((b) => b.limits);
  return (
    <>
      {first.length > 0 && <FieldSet label={gains ?? _('Rights')}><div className="bl-checks">{first.map(box)}</div></FieldSet>}
      {second.length > 0 && <FieldSet label={limits ?? _('Restrictions')}><div className="bl-checks">{second.map(box)}</div></FieldSet>}
    </>
  );
}
