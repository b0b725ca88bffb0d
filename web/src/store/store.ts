// SPDX-License-Identifier: Apache-2.0
// Holds the state, takes messages in batches and tells React what changed.
import { useSyncExternalStore } from 'react';
import type { Message } from '../control/types';
import { EMPTY, reduce, type State } from './reduce';

export class Store {
  private current: State = EMPTY;
  private queue: Message[] = [];
  private scheduled = false;
  private readonly listeners = new Set<() => void>();

  get state(): State {
    return this.current;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Thousands of agents may come online at once: their events become one change. */
  push(message: Message): void {
    this.queue.push(message);
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => this.flush(), 16);
  }

  flush(): void {
    this.scheduled = false;
    const messages = this.queue;
    this.queue = [];
    const next = reduce(this.current, messages);
    if (next === this.current) return;
    this.current = next;
    for (const listener of this.listeners) listener();
  }

  reset(): void {
    this.queue = [];
    this.current = EMPTY;
    for (const listener of this.listeners) listener();
  }
}

export const store = new Store();

/** A part of the state; the component is drawn again when that part is another object. */
export function useStore<T>(select: (state: State) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}
