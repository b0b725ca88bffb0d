// SPDX-License-Identifier: Apache-2.0
// Where we are: steps to click on, and a field to type into.
import { useEffect, useRef, useState } from 'react';
import { _ } from '../lib/i18n';
import { ArrowUpIcon, EditIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import { fromParts, normalizePath, parentPath, pathParts } from './protocol';

interface Props {
  path: string;
  windows: boolean;
  active: boolean;
  onGo: (path: string) => void;
}

export function PathBar({ path, windows, active, onGo }: Props) {
  const [text, setText] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const parts = pathParts(path);
  const start = () => {
    setText(path);
    requestAnimationFrame(() => input.current?.select());
  };
  useEffect(() => {
    if (!active) return undefined;
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest('input, textarea, select');
      const wanted = (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey) || (event.key === 'l' && event.ctrlKey);
      if (!wanted || typing) return;
      event.preventDefault();
      start();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
  const finish = (go: boolean) => {
    if (go && text !== null) onGo(normalizePath(text, windows));
    setText(null);
  };
  return (
    <div className="bl-path">
      <Button variant="plain" aria-label={_('Parent folder')} title={_('Parent folder')} icon={<ArrowUpIcon />} isDisabled={parts.length === 0} onClick={() => onGo(parentPath(path, windows))} />
      {text !== null ? (
        <input ref={input} autoFocus className="bl-path-input" aria-label={_('Path')} value={text} spellCheck={false} autoComplete="off" autoCapitalize="none"
          onChange={(e) => setText(e.target.value)} onBlur={() => finish(false)}
          onKeyDown={(e) => { if (e.key === 'Enter') finish(true); else if (e.key === 'Escape') finish(false); }} />
      ) : (
        <nav aria-label={_('Path')} className="bl-crumbs" onClick={(e) => { if (e.target === e.currentTarget) start(); }}>
          <button type="button" onClick={() => onGo(windows ? '' : '/')} aria-current={parts.length === 0 ? 'location' : undefined}>{windows ? _('Drives') : '/'}</button>
          {parts.map((part, i) => (
            <button key={`${i} ${part}`} type="button" aria-current={i === parts.length - 1 ? 'location' : undefined} onClick={() => onGo(fromParts(parts.slice(0, i + 1), windows))}>{part}</button>
          ))}
        </nav>
      )}
      <Button variant="plain" aria-label={_('Type a path')} title={_('Type a path (/)')} icon={<EditIcon />} onClick={start} />
    </div>
  );
}
