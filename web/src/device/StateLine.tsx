// SPDX-License-Identifier: Apache-2.0
// How a session is doing, in words.
import { useEffect, useState, type ReactNode } from 'react';
import { _ } from '../lib/i18n';
import { linkText, type Link } from './connect';

/** A state that passes at once is not worth a line. */
const PATIENCE_MS = 100;

/** @children: shown while the session is open. */
export function StateLine({ link, delay, recorded, children }: { link: Link; delay: number | null; recorded: boolean; children?: ReactNode }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [link.state]);
  const final = link.state === 'open' || link.state === 'closed';
  return (
    <span className="bl-link-state">
      <span className={link.state === 'open' ? 'bl-dot bl-on' : 'bl-dot'} aria-hidden="true" />
      <span role="status">{final || late ? linkText(link) : ''}</span>
      {link.state === 'open' && delay !== null && <span className="bl-soft" title={_('Time to the device and back')}>{_('{n} ms', { n: delay })}</span>}
      {link.state === 'open' && children}
      {link.state === 'open' && recorded && <span className="bl-tag bl-tag-live">{_('recorded')}</span>}
    </span>
  );
}
