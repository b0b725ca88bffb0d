// SPDX-License-Identifier: Apache-2.0
// Windowing for a list of rows of one height: only what can be seen is in the document.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';

const OVERSCAN = 6;

export interface Window {
  first: number;
  last: number;
  /** Moves row @index into view. */
  show: (index: number) => void;
}

export function visibleRange(scrollTop: number, height: number, rowHeight: number, count: number): [number, number] {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return [Math.min(first, Math.max(0, count - 1)), last];
}

/** @scroller: the element that scrolls. @saved: where to begin, as kept by the caller. */
export function useVirtual(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number, saved: { top: number }): Window {
  const [range, setRange] = useState<[number, number]>([0, 30]);
  const frame = useRef(0);
  const update = useCallback(() => {
    frame.current = 0;
    const element = scroller.current;
    if (!element) return;
    const next = visibleRange(element.scrollTop, element.clientHeight, rowHeight, count);
    setRange((old) => (old[0] === next[0] && old[1] === next[1] ? old : next));
  }, [scroller, count, rowHeight]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && saved.top > 0 && count > 0 && element.scrollTop === 0) element.scrollTop = saved.top;
    update();
  }, [scroller, saved, count, update]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const onScroll = () => {
      saved.top = element.scrollTop;
      frame.current ||= requestAnimationFrame(update);
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    const observer = new ResizeObserver(update);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', onScroll);
      observer.disconnect();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [scroller, saved, update]);

  const show = useCallback((index: number) => {
    const element = scroller.current;
    if (!element) return;
    const top = index * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    // The heading sticks to the upper edge and covers that much of the rows.
    const head = (element.firstElementChild as HTMLElement | null)?.offsetHeight ?? 0;
    const bottom = head + top + rowHeight;
    if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    update();
  }, [scroller, rowHeight, update]);

  return { first: range[0], last: Math.min(range[1], count), show };
}
