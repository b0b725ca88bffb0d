// SPDX-License-Identifier: Apache-2.0
// The link as state: asked for again when a session ends, when a time is reached,
// and before its ticket grows too old.
import { useEffect, useState } from 'react';
import { setAccess } from '../device/connect';
import { readGuest, type Guest } from './model';

const EARLY_MS = 60_000;
const OFFLINE_POLL_MS = 15_000;
/** Timers of browsers hold no more than 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

async function ask(): Promise<Guest> {
  const response = await fetch(location.pathname + location.search, { headers: { Accept: 'application/json' }, cache: 'no-store' });
  if (response.status !== 200 && response.status !== 404) throw new Error(`status ${response.status}`);
  return readGuest(await response.json());
}

export function useGuest(first: Guest): Guest {
  const [guest, setGuest] = useState(first);

  useEffect(() => {
    let latest = first;
    const renew = async () => {
      latest = await ask();
      setGuest(latest);
      return latest;
    };
    setAccess({
      cookies: async () => {
        if (latest.cookieExpire && latest.cookieExpire - Date.now() < EARLY_MS) await renew();
        return { cookie: latest.cookie, rcookie: '' };
      },
      // The relay has the device come by itself.
      request: null,
      onClosed: () => { renew().catch(() => undefined); },
    });
  }, [first]);

  useEffect(() => {
    const again = () => { ask().then(setGuest, () => undefined); };
    const timers: ReturnType<typeof setTimeout>[] = [];
    const at = (time: number) => { if (time > Date.now()) timers.push(setTimeout(again, Math.min(LONGEST_MS, time - Date.now() + 500))); };
    if (guest.state === 'early') at(guest.start);
    if (guest.state === 'open') at(guest.expire);
    const poll = guest.state === 'open' && !guest.online ? setInterval(again, OFFLINE_POLL_MS) : undefined;
    return () => {
      timers.forEach(clearTimeout);
      clearInterval(poll);
    };
  }, [guest]);
  return guest;
}
