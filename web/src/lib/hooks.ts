// SPDX-License-Identifier: Apache-2.0
// Small React hooks shared by the views.
import { useEffect, useState } from 'react';

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} – Bowline` : 'Bowline';
  }, [title]);
}

/** The time, renewed every @interval ms while the component is shown. */
export function useNow(interval: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}

export function useMediaQuery(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const update = () => setMatches(media.matches);
    update();
    media.addEventListener('change', update);
    return () => media.removeEventListener('change', update);
  }, [query]);
  return matches;
}
