// The messages of one chat that are here: a stretch of its log without holes,
// and behind it what is on its way out.
//
// Every message is held in an entry `{id, message, pending, height, version}`
// that stays the same object for as long as the message is here; `version`
// rises with each change, `height` belongs to the scroller.

import { api } from '../api.js';
import { learnUser } from '../state.js';

const PAGE = 60;

/** What an entry is made of: a Message of the daemon, or one of our own on its way. */
function entryOf(message) {
  return { id: message.id, message, pending: null, height: 0, version: 0 };
}

export class Log {
  /** Entries, oldest first; those on their way last. */
  entries = [];
  /** Whether the first message of the chat is here. */
  atStart = false;
  /** Whether the newest message is here. */
  atHead = false;
  /** Whether anything was loaded. */
  loaded = false;
  #byId = new Map();
  #loading = new Map();
  #onchange;

  /** `onchange` is called after each change of `entries` or of what is in them. */
  constructor(chatId, onchange) {
    this.chatId = chatId;
    this.#onchange = onchange;
  }

  /** The entry of a message, if it is here. */
  find(id) {
    return this.#byId.get(id) ?? null;
  }

  /** Sequence number of the newest message here, 0 for none. */
  get newest() {
    for (let at = this.entries.length - 1; at >= 0; at--) {
      if (!this.entries[at].pending) return this.entries[at].message.seq;
    }
    return 0;
  }

  /** Sequence number of the oldest message here, 0 for none. */
  get oldest() {
    const first = this.entries[0];
    return first && !first.pending ? first.message.seq : 0;
  }

  /** The latest page, in place of whatever is here. */
  latest() {
    return this.#once('latest', async () => {
      const { messages } = await api.messages(this.chatId, { limit: PAGE });
      this.#replace(messages);
      this.atHead = true;
      this.atStart = messages.length < PAGE;
      this.#changed('reset');
    });
  }

  /** A stretch around a sequence number, in place of whatever is here. */
  around(seq) {
    return this.#once(`around ${seq}`, async () => {
      const [before, after] = await Promise.all([
        api.messages(this.chatId, { before_seq: seq + 1, limit: PAGE / 2 }),
        api.messages(this.chatId, { after_seq: seq, limit: PAGE }),
      ]);
      this.#replace([...before.messages, ...after.messages]);
      this.atStart = before.messages.length < PAGE / 2;
      this.atHead = after.messages.length < PAGE;
      this.#changed('reset');
    });
  }

  /** One more page of the past. */
  older() {
    if (this.atStart || !this.oldest) return Promise.resolve();
    return this.#once('older', async () => {
      const before = this.oldest;
      const { messages } = await api.messages(this.chatId, { before_seq: before, limit: PAGE });
      if (before !== this.oldest) return; // Replaced meanwhile.
      this.#insert(messages);
      this.atStart = messages.length < PAGE;
      this.#changed('older');
    });
  }

  /** One more page towards the newest. */
  newer() {
    if (this.atHead) return Promise.resolve();
    return this.#once('newer', async () => {
      const after = this.newest;
      const { messages } = await api.messages(this.chatId, { after_seq: after, limit: PAGE });
      if (after !== this.newest) return;
      this.#insert(messages);
      this.atHead = messages.length < PAGE;
      this.#changed('newer');
    });
  }

  /** All that came since, after the line was gone; starts anew where that is too much. */
  catchUp() {
    if (!this.loaded || !this.atHead) return Promise.resolve();
    return this.#once('catch up', async () => {
      for (let pages = 0; pages < 5; pages++) {
        const { messages } = await api.messages(this.chatId, { after_seq: this.newest, limit: 100 });
        this.#insert(messages);
        this.#changed('newer');
        if (messages.length < 100) {
          await this.#refresh();
          return;
        }
      }
      await this.latest();
    });
  }

  // Edits, reactions and deletions of what is here may have been missed as well.
  async #refresh() {
    const { messages } = await api.messages(this.chatId, { limit: PAGE });
    let changed = false;
    for (const message of messages) {
      const entry = this.#byId.get(message.id);
      if (entry && !same(entry.message, message)) {
        this.#take(entry, message);
        changed = true;
      }
    }
    if (changed) this.#changed('update');
  }

  /** A message that was told of or that an answer gave. Gives whether it is new here. */
  accept(message) {
    const entry = this.#byId.get(message.id);
    if (entry && !entry.pending) {
      this.#take(entry, message);
      this.#changed('update');
      return false;
    }
    if (!entry && !this.atHead && message.seq > this.newest) return true; // It will be loaded when the reader gets there.
    this.#insert([message]);
    this.#changed('live');
    return !entry;
  }

  /** Shows a message of our own that is on its way. */
  addPending(message) {
    if (this.#byId.has(message.id)) return;
    const entry = entryOf(message);
    entry.pending = message.state ?? 'sending';
    this.#byId.set(entry.id, entry);
    this.entries.push(entry);
    this.#changed('live');
  }

  /** Changes how a message on its way stands: `sending`, `waiting`, `failed`. */
  setPending(id, standing) {
    const entry = this.#byId.get(id);
    if (!entry?.pending || entry.pending === standing) return;
    entry.pending = standing;
    entry.version += 1;
    this.#changed('update');
  }

  /** Takes away a message that was on its way. */
  dropPending(id) {
    const entry = this.#byId.get(id);
    if (!entry?.pending) return;
    this.#byId.delete(id);
    this.entries.splice(this.entries.indexOf(entry), 1);
    this.#changed('update');
  }

  /** Changes fields of a message that is here. */
  patch(id, change) {
    const entry = this.#byId.get(id);
    if (!entry) return;
    change(entry.message);
    entry.version += 1;
    this.#changed('update');
  }

  /** Draws anew what `wanted` says, e.g. messages whose receipts moved. */
  touch(wanted) {
    for (const entry of this.entries) if (wanted(entry)) entry.version += 1;
    this.#changed('update');
  }

  #take(entry, message) {
    learnUser(message.sender, { shared: true });
    entry.message = message;
    entry.version += 1;
  }

  #replace(messages) {
    const pending = this.entries.filter((entry) => entry.pending);
    this.#byId = new Map(pending.map((entry) => [entry.id, entry]));
    this.entries = pending;
    this.#insert(messages);
    this.loaded = true;
  }

  // Puts messages where their numbers say. Those that come in order at either
  // end, which is nearly all, cost nothing to place.
  #insert(messages) {
    const fresh = [];
    for (const message of messages) {
      learnUser(message.sender, { shared: true });
      const entry = this.#byId.get(message.id);
      if (entry && !entry.pending) {
        if (!same(entry.message, message)) this.#take(entry, message);
        continue;
      }
      if (entry) {
        // It arrived: the same entry moves to its place.
        this.entries.splice(this.entries.indexOf(entry), 1);
        entry.pending = null;
        this.#take(entry, message);
        fresh.push(entry);
      } else {
        const made = entryOf(message);
        this.#byId.set(made.id, made);
        fresh.push(made);
      }
    }
    if (!fresh.length) return;
    fresh.sort((a, b) => a.message.seq - b.message.seq);
    const first = this.entries.findIndex((entry) => entry.pending);
    const settled = first < 0 ? this.entries.length : first;
    const last = settled ? this.entries[settled - 1].message.seq : 0;
    if (fresh[0].message.seq > last) {
      this.entries.splice(settled, 0, ...fresh);
      return;
    }
    const head = this.entries[0];
    if (!head.pending && fresh.at(-1).message.seq < head.message.seq) {
      this.entries = fresh.concat(this.entries);
      return;
    }
    const all = this.entries.slice(0, settled).concat(fresh);
    all.sort((a, b) => a.message.seq - b.message.seq);
    this.entries = all.concat(this.entries.slice(settled));
  }

  #once(name, work) {
    const running = this.#loading.get(name);
    if (running) return running;
    const started = work().finally(() => this.#loading.delete(name));
    this.#loading.set(name, started);
    return started;
  }

  #changed(kind) {
    this.#onchange(kind);
  }
}

function same(a, b) {
  return (
    a.content === b.content &&
    a.status === b.status &&
    a.is_edited === b.is_edited &&
    a.deleted === b.deleted &&
    a.reactions?.length === b.reactions?.length &&
    JSON.stringify(a.reactions) === JSON.stringify(b.reactions)
  );
}
