// Marks chats as read: only what was on the screen of a visible page that has
// the keyboard, and not more often than needed.

import { api } from '../api.js';
import { emit, membershipIn, state } from '../state.js';

const PAUSE = 400;

export class Reading {
  #wanted = new Map(); // chat id → sequence number
  #timer = 0;

  /** The reader saw all up to this number. */
  saw(chat, log, seq) {
    if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const member = membershipIn(chat);
    if (!member || seq <= (member.read_seq ?? 0)) return;
    const before = member.read_seq ?? 0;
    member.read_seq = seq;
    chat.read_seq = Math.max(chat.read_seq ?? 0, seq);
    const atHead = log.atHead && seq >= log.newest;
    chat.unread_count = atHead ? 0 : remaining(chat, log, before, seq);
    emit('chats', { chatId: chat.id });
    this.#wanted.set(chat.id, seq);
    if (!this.#timer) this.#timer = setTimeout(() => this.#send(), PAUSE);
  }

  async #send() {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    this.#timer = 0;
    for (const [chatId, seq] of wanted) {
      // Marking a public chat would join it again.
      if (!membershipIn(state.chats.get(chatId))) continue;
      try {
        await api.markRead(chatId, seq);
      } catch (error) {
        if (error.status !== 0 && error.status !== 429 && error.status < 500) continue; // The chat is gone.
        this.#wanted.set(chatId, Math.max(seq, this.#wanted.get(chatId) ?? 0));
      }
    }
    if (this.#wanted.size && !this.#timer) this.#timer = setTimeout(() => this.#send(), 5000);
  }
}

// Exact where the log reaches the newest message; else one less for each one passed.
function remaining(chat, log, before, seq) {
  let behind = 0;
  let passed = 0;
  for (let at = log.entries.length - 1; at >= 0; at--) {
    const { message, pending } = log.entries[at];
    if (pending || message.sender_id === state.me.id) continue;
    if (message.seq <= before) break;
    if (message.seq > seq) behind += 1;
    else passed += 1;
  }
  return log.atHead ? behind : Math.max(behind, (chat.unread_count ?? 0) - passed);
}
