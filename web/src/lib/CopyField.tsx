// SPDX-License-Identifier: Apache-2.0
// A text to be copied, with a button that says when it is done.
import { useEffect, useRef, useState } from 'react';
import { _ } from './i18n';
import { CheckIcon, CopyIcon } from './icons';
import { Button } from './pf';

const FEEDBACK_MS = 2500;

/** Copies by the clipboard interface, or by the selection where that is refused. */
export async function copyText(text: string, fallback: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (!fallback) return false;
    getSelection()?.selectAllChildren(fallback);
    return document.execCommand('copy');
  }
}

export function CopyField({ label, text }: { label: string; text: string }) {
  const code = useRef<HTMLElement>(null);
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return undefined;
    const timer = setTimeout(() => setState('idle'), FEEDBACK_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => setState((await copyText(text, code.current)) ? 'done' : 'failed');
  return (
    <div className="bl-copy">
      <code ref={code} tabIndex={0} aria-label={label}>{text}</code>
      <Button variant="secondary" size="sm" icon={state === 'done' ? <CheckIcon /> : <CopyIcon />} onClick={() => void copy()}
        aria-label={_('Copy: {what}', { what: label })}>
        {state === 'done' ? _('Copied') : _('Copy')}
      </Button>
      <span className="bl-sr" role="status">{state === 'done' ? _('Copied') : state === 'failed' ? _('Copying is not allowed here; the text is selected.') : ''}</span>
    </div>
  );
}
