// SPDX-License-Identifier: Apache-2.0
// Keeps both clipboards in step: what was copied here goes to the device when the
// picture gets the focus, what was copied there comes back when it loses it.
import { useCallback, useRef, useState } from 'react';
import { errorText } from '../lib/words';
import { readDevice, readLocal, writeDevice } from './clipboard';

const KEY = 'bowline.desktop.clipboard';

export function useClipboardStep(nodeId: string, onProblem: (text: string) => void): { inStep: boolean; setInStep: (on: boolean) => void; focusChanged: (inside: boolean) => void } {
  const [inStep, set] = useState(() => {
    try { return localStorage.getItem(KEY) === '1'; } catch { return false; }
  });
  const last = useRef<string | null>(null);
  const setInStep = (on: boolean) => {
    set(on);
    try { localStorage.setItem(KEY, on ? '1' : '0'); } catch { /* Then it lasts as long as the page. */ }
  };
  const focusChanged = useCallback((inside: boolean) => {
    const work = async () => {
      if (inside) {
        const text = await readLocal();
        if (!text || text === last.current) return;
        last.current = text;
        await writeDevice(nodeId, text);
      } else {
        const text = await readDevice(nodeId).catch(() => '');
        if (!text || text === last.current || !document.hasFocus()) return;
        last.current = text;
        await navigator.clipboard.writeText(text);
      }
    };
    work().catch((error: unknown) => onProblem(errorText(error)));
  }, [nodeId, onProblem]);
  return { inStep, setInStep, focusChanged };
}
