// SPDX-License-Identifier: Apache-2.0
// Which devices of the list are ticked. Devices that are removed drop out; those that a search hides stay.
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Device } from '../store/model';
import type { Row } from '../store/rows';

export type SelectState = 'none' | 'some' | 'all';

export interface Selection {
  ids: ReadonlySet<string>;
  devices: Device[];
  /** The devices in the list now. */
  shown: readonly Device[];
  set: (devices: readonly Device[], on: boolean) => void;
  /** A tick in row @index; with @range also all rows from the last one. */
  pick: (index: number, on: boolean, range: boolean) => void;
  stateOf: (devices: readonly Device[]) => SelectState;
  clear: () => void;
}

export function useSelection(rows: readonly Row[], all: ReadonlyMap<string, Device>): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const last = useRef(-1);
  // Rows are drawn again only when they change themselves, so what they call must stay the same.
  const current = useRef(rows);
  current.current = rows;
  const shown = useMemo(() => rows.flatMap((r) => (r.kind === 'group' ? r.members : r.device)), [rows]);
  const devices = useMemo(() => [...ids].map((id) => all.get(id)).filter((d): d is Device => d !== undefined), [ids, all]);
  const set = useCallback((list: readonly Device[], on: boolean) => setIds((old) => {
    const next = new Set(old);
    for (const d of list) {
      if (on) next.add(d.id);
      else next.delete(d.id);
    }
    return next;
  }), []);
  const pick = useCallback((index: number, on: boolean, range: boolean) => {
    const [from, to] = range && last.current >= 0 ? [Math.min(index, last.current), Math.max(index, last.current)] : [index, index];
    last.current = index;
    set(current.current.slice(from, to + 1).flatMap((r) => (r.kind === 'device' ? r.device : [])), on);
  }, [set]);
  const stateOf = (list: readonly Device[]): SelectState => {
    if (ids.size === 0 || list.length === 0) return 'none';
    const n = list.reduce((sum, d) => sum + Number(ids.has(d.id)), 0);
    return n === 0 ? 'none' : n === list.length ? 'all' : 'some';
  };
  return { ids, devices, shown, set, pick, stateOf, clear: () => setIds(new Set()) };
}
