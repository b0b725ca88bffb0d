// SPDX-License-Identifier: Apache-2.0
// A session as state of a component: connects when it is shown, pauses when it is
// not, and comes back after a broken connection.
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { Link } from '../device/connect';
import { hasAgent, type Device } from '../store/model';
import { qualityOf, type QualityChoice } from './quality';
import { Desktop, type Screens } from './session';

export interface View {
  link: Link;
  recorded: boolean;
  width: number;
  height: number;
  screens: Screens;
  cursor: number;
  /** null while the device has not said that it can. */
  inputLocked: boolean | null;
  /** Whether its screen can be locked. */
  lockable: boolean;
  capsLock: boolean;
  error: string | null;
  viewers: readonly string[];
  delay: number | null;
  /** Per second. */
  frames: number;
  bytes: number;
  /** When the next attempt is made, after a broken connection. */
  retryAt: number | null;
}

const START: View = {
  link: { state: 'asking' }, recorded: false, width: 0, height: 0, screens: { ids: [], selected: 0, info: [] }, cursor: 0, inputLocked: null, lockable: false,
  capsLock: false, error: null, viewers: [], delay: null, frames: 0, bytes: 0, retryAt: null,
};

const MOST_RETRIES = 6;
const LAST_WAIT_MS = 8000;
/** A session that lasted this long counts as a success. */
const SETTLED_MS = 10_000;
const FIGURES_MS = 1000;

export interface DesktopHandle {
  view: View;
  session: RefObject<Desktop | null>;
  reconnect: () => void;
  disconnect: () => void;
  clearError: () => void;
}

export function useDesktop(canvas: RefObject<HTMLCanvasElement | null>, device: Device, shown: boolean, viewOnly: boolean, choice: QualityChoice): DesktopHandle {
  const [view, setView] = useState<View>(START);
  const session = useRef<Desktop | null>(null);
  const online = hasAgent(device);
  const attempts = useRef(0);
  const wasOnline = useRef(online);
  const update = useCallback((part: Partial<View>) => setView((old) => ({ ...old, ...part })), []);
  const firstChoice = useRef(choice);

  const connect = useCallback(() => {
    update({ ...START });
    session.current?.connect(device.id);
  }, [device.id, update]);

  useEffect(() => {
    const desktop = new Desktop(canvas.current!, qualityOf(firstChoice.current), {
      onLink: (link) => update({ link }),
      onRecorded: (recorded) => update({ recorded }),
      onSize: (width, height) => update({ width, height }),
      onScreens: (screens) => update({ screens }),
      onCursor: (cursor) => update({ cursor }),
      onInputLock: (inputLocked) => update({ inputLocked }),
      onCapsLock: (capsLock) => update({ capsLock }),
      onError: (error) => update({ error }),
      onLockable: () => update({ lockable: true }),
      onViewers: (viewers) => update({ viewers }),
      onRoundTrip: (delay) => update({ delay }),
    });
    session.current = desktop;
    if (wasOnline.current) connect();
    else update({ link: { state: 'closed', reason: 'offline' } });
    return () => {
      session.current = null;
      desktop.dispose();
    };
  }, [canvas, connect, update]);

  useEffect(() => { if (session.current) session.current.viewOnly = viewOnly; }, [viewOnly]);
  useEffect(() => { session.current?.setQuality(qualityOf(choice)); }, [choice]);
  // A device that was offline is connected to when it comes.
  useEffect(() => {
    if (online && !wasOnline.current) {
      attempts.current = 0;
      connect();
    }
    wasOnline.current = online;
  }, [online, connect]);

  usePause(session, shown);
  useRetry(view.link, online, attempts, connect, update);
  useFigures(session, view.link.state === 'open' && shown, update);

  return {
    view, session,
    reconnect: () => { attempts.current = 0; connect(); },
    disconnect: () => { attempts.current = MOST_RETRIES; session.current?.end(); update({ link: { state: 'closed', reason: 'local' } }); },
    clearError: () => update({ error: null }),
  };
}

function usePause(session: RefObject<Desktop | null>, shown: boolean): void {
  useEffect(() => {
    const look = () => session.current?.setPaused(!shown || document.hidden);
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [session, shown]);
}

function useRetry(link: Link, online: boolean, attempts: RefObject<number>, connect: () => void, update: (part: Partial<View>) => void): void {
  useEffect(() => {
    if (link.state === 'open') {
      const timer = setTimeout(() => { attempts.current = 0; }, SETTLED_MS);
      return () => clearTimeout(timer);
    }
    // Whoever ended or refused the session on purpose is not asked again.
    const broken = link.state === 'closed' && (link.reason === 'ended' || link.reason === 'no-answer');
    if (!broken || !online || attempts.current >= MOST_RETRIES) return undefined;
    const wait = Math.min(LAST_WAIT_MS, 1000 * 2 ** attempts.current++);
    update({ retryAt: Date.now() + wait });
    const timer = setTimeout(connect, wait);
    return () => clearTimeout(timer);
  }, [link.state, link.reason, online, attempts, connect, update]);
}

function useFigures(session: RefObject<Desktop | null>, running: boolean, update: (part: Partial<View>) => void): void {
  useEffect(() => {
    if (!running) return undefined;
    let last = { ...session.current!.figures };
    let time = performance.now();
    const timer = setInterval(() => {
      if (!session.current) return;
      const next = { ...session.current.figures };
      const seconds = (performance.now() - time) / 1000;
      update({ frames: Math.round(Math.max(0, next.frames - last.frames) / seconds), bytes: Math.max(0, next.bytes - last.bytes) / seconds });
      last = next;
      time = performance.now();
    }, FIGURES_MS);
    return () => clearInterval(timer);
  }, [session, running, update]);
}
