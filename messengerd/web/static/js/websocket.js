// The socket: events as they happen, and the news whether there is a line.
//
// It comes back by itself, later each time and never at the same moment as
// everybody else. What was missed is fetched by who hears `connection`.

import { api } from './api.js';
import { emit, on } from './state.js';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const ASLEEP = 45_000;

class Socket {
  #listeners = new Map();
  #link = null;
  #timer = 0;
  #failures = 0;
  #wanted = false;
  #tick = Date.now();
  #held = [];
  /** `connecting`, `online` or `offline`. */
  state = 'connecting';
  /** When the next attempt is due, null where none is waiting. */
  retryAt = null;

  /** Opens the line and keeps it open. */
  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    addEventListener('online', () => this.retry());
    addEventListener('offline', () => this.#lost());
    addEventListener('pagehide', () => this.#link?.close());
    addEventListener('pageshow', (event) => event.persisted && this.retry());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.#woken());
    setInterval(() => this.#woken(), 10_000);
    this.#open();
  }

  /** Ends it, for signing out. */
  stop() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#link?.close();
  }

  /** Tries at once in place of waiting. */
  retry() {
    if (!this.#wanted || this.#link) return;
    clearTimeout(this.#timer);
    this.#open();
  }

  /** Sends a frame; false where there is no line. */
  send(type, data) {
    if (this.state !== 'online') return false;
    this.#link.send(JSON.stringify({ type, data }));
    return true;
  }

  /** Calls `listener(data, envelope)` at each frame of this type. */
  listen(type, listener) {
    let set = this.#listeners.get(type);
    if (!set) this.#listeners.set(type, (set = new Set()));
    set.add(listener);
    return () => set.delete(listener);
  }

  /** Hands on what came until now, and from now on at once. */
  release() {
    const held = this.#held;
    this.#held = null;
    for (const envelope of held ?? []) this.deliver(envelope);
  }

  /** Waits until the line is there, but not longer than so many milliseconds. */
  ready(most) {
    if (this.state === 'online') return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, most);
      const end = on('connection', () => {
        clearTimeout(timer);
        end();
        resolve();
      });
    });
  }

  /** Hands a frame to who listens. */
  deliver(envelope) {
    if (this.#held) {
      this.#held.push(envelope);
      return;
    }
    for (const listener of this.#listeners.get(envelope.type) ?? []) {
      try {
        listener(envelope.data ?? {}, envelope);
      } catch (error) {
        reportError(error);
      }
    }
  }

  #open() {
    this.retryAt = null;
    const link = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    this.#link = link;
    link.addEventListener('open', () => {
      this.#failures = 0;
      this.#tick = Date.now();
      this.#become('online');
    });
    link.addEventListener('message', (event) => {
      let envelope;
      try {
        envelope = JSON.parse(event.data);
      } catch {
        return; // Nothing of ours.
      }
      if (envelope && typeof envelope.type === 'string') this.deliver(envelope);
    });
    link.addEventListener('close', () => {
      if (this.#link === link) this.#lost();
    });
  }

  #lost() {
    const link = this.#link;
    this.#link = null;
    link?.close();
    if (!this.#wanted) return;
    const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    const delay = most * (0.5 + Math.random() / 2);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.retryAt = Date.now() + delay;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), delay);
    this.#become('offline');
  }

  // A refused socket does not say why: an ended session shows by the REST door.
  async #again() {
    try {
      await api.me();
    } catch (error) {
      if (error.status === 401) return; // On the way to the sign-in page.
      if (error.status === 0) {
        this.#lost();
        return;
      }
    }
    if (this.#wanted && !this.#link) this.#open();
  }

  // A machine that slept has a line that looks open and is not.
  #woken() {
    const slept = Date.now() - this.#tick > ASLEEP && document.visibilityState === 'visible';
    this.#tick = Date.now();
    if (!this.#wanted) return;
    if (slept && this.#link) {
      this.#failures = 0;
      this.#lost();
    }
    if (slept) this.retry();
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    emit('connection', { online: state === 'online' });
  }
}

export const socket = new Socket();
