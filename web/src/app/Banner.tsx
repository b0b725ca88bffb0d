// SPDX-License-Identifier: Apache-2.0
// Says that the connection to the server is lost, and what happens about it.
import { useEffect, useState } from 'react';
import { _, ngettext } from '../lib/i18n';
import { Alert } from '../lib/Alert';
import { Button } from '../lib/pf';
import { client, useChannel, type Channel } from './session';

export function Banner() {
  const channel = useChannel();
  const seconds = useSecondsUntil(channel.retryAt);
  const text = bannerText(channel, seconds);
  return (
    <div role="status" aria-live="polite" className="bl-banner">
      {text && (
        <Alert isInline variant={channel.state === 'refused' ? 'danger' : 'warning'} title={text}
          actionLinks={channel.state === 'refused'
            ? <Button variant="link" isInline onClick={() => location.reload()}>{_('Load the page again')}</Button>
            : <Button variant="link" isInline onClick={() => client.retryNow()}>{_('Try now')}</Button>} />
      )}
    </div>
  );
}

function bannerText(channel: Channel, seconds: number): string | null {
  if (channel.state === 'refused') return refusal(channel.cause ?? '');
  if (channel.failures === 0) return null;
  if (channel.state === 'waiting' && seconds > 1)
    return ngettext('The connection to the server is lost. Next attempt in {n} second.', 'The connection to the server is lost. Next attempt in {n} seconds.', seconds);
  return _('The connection to the server is lost. Trying again…');
}

function refusal(cause: string): string {
  switch (cause) {
    case 'banned': return _('The server refuses this address after too many failed sign-ins.');
    case 'invalidorigin': return _('The server does not accept pages from this address. Open it by its own name.');
    case 'expired': return _('This session has expired. Open the window again from where it came.');
    case 'Session count exceed': return _('This account has too many sessions open.');
    default: return _('The server ended the session: {cause}', { cause });
  }
}

function useSecondsUntil(time: number | undefined): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!time) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [time]);
  return time ? Math.max(0, Math.ceil((time - now) / 1000)) : 0;
}
