// SPDX-License-Identifier: Apache-2.0
// Inbox: things that arrive, and those who wait for one of them. Nothing is lost between
// two waits, so that a test needs no sleeps.

export class Inbox {
  #items = [];
  #waiters = [];

  put(item) {
    const index = this.#waiters.findIndex((waiter) => waiter.accepts(item));
    if (index < 0) this.#items.push(item);
    else this.#waiters.splice(index, 1)[0].resolve(item);
  }

  // The first item that ACCEPTS takes, present or future.
  take(accepts = () => true, what = 'message', timeout = 20000) {
    const index = this.#items.findIndex(accepts);
    if (index >= 0) return Promise.resolve(this.#items.splice(index, 1)[0]);
    return new Promise((resolve, reject) => {
      const waiter = { accepts };
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        const seen = this.#items.slice(-5).map((item) => JSON.stringify(item).slice(0, 200));
        reject(new Error(`no ${what} within ${timeout} ms; waiting unread: ${seen.join(' | ') || 'nothing'}`));
      }, timeout);
      waiter.resolve = (item) => { clearTimeout(timer); resolve(item); };
      this.#waiters.push(waiter);
    });
  }

  // Everything unread that ACCEPTS takes, without waiting.
  drain(accepts = () => true) {
    const taken = this.#items.filter(accepts);
    this.#items = this.#items.filter((item) => !accepts(item));
    return taken;
  }
}
