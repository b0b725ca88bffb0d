// SPDX-License-Identifier: Apache-2.0
// How the list is grouped and sorted, as a text for the address and the next visit.
import type { GroupBy, SortKey } from '../store/rows';

export interface View {
  by: GroupBy;
  key: SortKey;
  descending: boolean;
}

const GROUPINGS: readonly GroupBy[] = ['group', 'tag', 'os', 'state', 'none'];
const SORTS: readonly SortKey[] = ['name', 'os', 'address', 'user', 'seen'];

/** "GROUPING SORT", the sort with a "-" before it when it is descending. null for anything else. */
export function parseView(text: string | null): View | null {
  const match = /^(\w+)[ +](-?)(\w+)$/.exec(text ?? '');
  if (!match) return null;
  const by = GROUPINGS.find((g) => g === match[1]);
  const key = SORTS.find((s) => s === match[3]);
  return by && key ? { by, key, descending: match[2] === '-' } : null;
}

export function formatView(view: View): string {
  return `${view.by} ${view.descending ? '-' : ''}${view.key}`;
}
