// Messages on their way. They are kept until the daemon took them, also over a
// reload, and go out in order, one after the other in each chat. Each has the
// id it will keep, so sending again after a broken line stores nothing twice.

import { api } from './api.js';
import { emit, state } from './state.js';
import { uuidv7 } from './uuid.js';

const LIMIT = 500;

class Outbox {
  #queue = []; // {id, chat_id, content, reply_to_id, created_at, failed}
  #busy = new Set(); // chats with one under way
  #timer = new Map();

  // One entry of its own for each, as several tabs share the storage.
  #key(id = '') {
    return `messenger.outbox.${state.me.id}.${id}`;
  }

  /** Takes up what an earlier visit left. */
  restore() {
    const start = this.#key();
    try {
      for (const name of Object.keys(localStorage)) {
        if (!name.startsWith(start)) continue;
        const item = JSON.parse(localStorage.getItem(name));
        if (item?.id && item.chat_id && typeof item.content === 'string') this.#queue.push(item);
      }
    } catch {
      // Unreadable, so nothing to send.
    }
    this.#queue.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** What waits for a chat, in order. */
  of(chatId) {
    return this.#queue.filter((item) => item.chat_id === chatId);
  }

  /** Whether there is room for one more. */
  get full() {
    return this.#queue.length >= LIMIT;
  }

  /** Sends a text; shows at once, arrives when it can. Gives the item. */
  send(chatId, content, replyTo = null) {
    const item = {
      id: uuidv7(),
      chat_id: chatId,
      content,
      reply_to_id: replyTo?.id ?? null,
      reply_to: replyTo && { id: replyTo.id, content: replyTo.content.slice(0, 300), sender_id: replyTo.sender_id, sender_name: replyTo.sender_name, type: replyTo.type },
      created_at: new Date().toISOString(),
      failed: null,
    };
    this.#queue.push(item);
    this.#keep(item);
    emit('outbox', { item, standing: 'sending' });
    this.#next(chatId);
    return item;
  }

  /** Sends one again that was refused. */
  retry(id) {
    const item = this.#queue.find((other) => other.id === id);
    if (!item) return;
    item.failed = null;
    this.#keep(item);
    emit('outbox', { item, standing: 'sending' });
    this.#next(item.chat_id);
  }

  /** Gives one up; it was never taken. */
  drop(id) {
    const item = this.#remove(id);
    if (item) emit('outbox', { item, standing: 'dropped' });
  }

  /** The line is back: all that waits goes out. */
  flush() {
    for (const chatId of new Set(this.#queue.map((item) => item.chat_id))) {
      clearTimeout(this.#timer.get(chatId));
      this.#next(chatId);
    }
  }

  #next(chatId) {
    if (this.#busy.has(chatId)) return;
    const item = this.#queue.find((other) => other.chat_id === chatId && !other.failed);
    if (!item) return;
    this.#busy.add(chatId);
    this.#post(item).then((again) => {
      this.#busy.delete(chatId);
      if (again === null) this.#next(chatId);
      else this.#timer.set(chatId, setTimeout(() => this.#next(chatId), again));
    });
  }

  // Gives null when the next may go, else milliseconds to wait.
  async #post(item) {
    try {
      const { message } = await api.sendMessage({
        id: item.id,
        chat_id: item.chat_id,
        content: item.content,
        ...(item.reply_to_id ? { reply_to_id: item.reply_to_id } : {}),
      });
      this.#remove(item.id);
      emit('outbox', { item, standing: 'sent', message });
      return null;
    } catch (error) {
      if (error.retryable || error.status >= 500 || error.status === 401) {
        emit('outbox', { item, standing: 'waiting', error });
        return (error.retryAfter ?? 3) * 1000 * (1 + Math.random() / 4);
      }
      item.failed = error.code ?? 'failed';
      this.#keep(item);
      emit('outbox', { item, standing: 'failed', error });
      return null;
    }
  }

  #remove(id) {
    const at = this.#queue.findIndex((item) => item.id === id);
    if (at < 0) return null;
    const [item] = this.#queue.splice(at, 1);
    try {
      localStorage.removeItem(this.#key(id));
    } catch {
      // Nothing is kept here.
    }
    return item;
  }

  #keep(item) {
    try {
      localStorage.setItem(this.#key(item.id), JSON.stringify(item));
    } catch {
      // No room to keep it: it still goes out while the page is open.
    }
  }
}

export const outbox = new Outbox();

/** An item of the outbox as a Message, to be drawn. */
export function asMessage(item) {
  return {
    ...item,
    seq: Number.MAX_SAFE_INTEGER,
    sender_id: state.me.id,
    sender: state.me,
    sender_name: '',
    type: 'text',
    status: 'sent',
    is_edited: false,
    reactions: [],
    files: [],
    state: item.failed ? 'failed' : 'sending',
  };
}
