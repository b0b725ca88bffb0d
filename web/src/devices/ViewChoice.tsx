// SPDX-License-Identifier: Apache-2.0
// How the list is grouped and sorted. The choice is kept for the next visit and stands in the address.
import { useEffect, useState } from 'react';
import { navigate } from '../app/router';
import { _ } from '../lib/i18n';
import type { GroupBy, SortKey } from '../store/rows';
import { formatView, parseView, type View } from './view';

const KEY = 'bowline.view';
const USUAL: View = { by: 'group', key: 'name', descending: false };

function stored(): View | null {
  try {
    return parseView(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState<View>(() => parseView(new URLSearchParams(location.search).get('view')) ?? stored() ?? USUAL);
  useEffect(() => {
    const onPop = () => setView(parseView(new URLSearchParams(location.search).get('view')) ?? stored() ?? USUAL);
    window.addEventListener('popstate', onPop);
    return () => window.removeEventListener('popstate', onPop);
  }, []);
  return [view, (next) => {
    setView(next);
    const text = formatView(next);
    try {
      localStorage.setItem(KEY, text);
    } catch {
      // Then the choice lasts as long as the page.
    }
    const query = new URLSearchParams(location.search);
    query.set('view', text);
    navigate(`/?${query}`, { replace: true });
  }];
}

export function ViewChoice({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  return (
    <span className="bl-view-choice">
      <select className="bl-select bl-select-small" aria-label={_('Group by')} value={view.by} onChange={(e) => onChange({ ...view, by: e.target.value as GroupBy })}>
        <option value="group">{_('By group')}</option>
        <option value="tag">{_('By tag')}</option>
        <option value="os">{_('By system')}</option>
        <option value="state">{_('By state')}</option>
        <option value="none">{_('Ungrouped')}</option>
      </select>
      <select className="bl-select bl-select-small bl-phone-only" aria-label={_('Sort by')} value={view.key} onChange={(e) => onChange({ ...view, key: e.target.value as SortKey, descending: false })}>
        <option value="name">{_('Name')}</option>
        <option value="os">{_('System')}</option>
        <option value="user">{_('User')}</option>
        <option value="address">{_('Address')}</option>
        <option value="seen">{_('Last seen')}</option>
      </select>
    </span>
  );
}
