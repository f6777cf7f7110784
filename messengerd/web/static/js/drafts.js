// What was begun and not sent, per chat, on this device.

import { state } from './state.js';

const key = (chatId) => `messenger.draft.${state.me.id}.${chatId}`;

/** The draft of a chat: `{text, replyTo}`; empty where there is none. */
export function draftOf(chatId) {
  try {
    const kept = JSON.parse(localStorage.getItem(key(chatId)) ?? 'null');
    if (kept && typeof kept.text === 'string') return { text: kept.text, replyTo: kept.replyTo ?? null };
  } catch {
    // Unreadable: as good as none.
  }
  return { text: '', replyTo: null };
}

/** Keeps a draft; an empty one is forgotten. */
export function keepDraft(chatId, text, replyTo = null) {
  try {
    if (text.trim() || replyTo) localStorage.setItem(key(chatId), JSON.stringify({ text, replyTo }));
    else localStorage.removeItem(key(chatId));
  } catch {
    // No room: it stays in the composer only.
  }
}

/** Forgets what this account left on this device: drafts and messages on their way. */
export function forgetDevice() {
  try {
    const own = [`messenger.draft.${state.me.id}.`, `messenger.outbox.${state.me.id}.`];
    for (const name of Object.keys(localStorage)) {
      if (own.some((start) => name.startsWith(start))) localStorage.removeItem(name);
    }
  } catch {
    // Nothing is kept here.
  }
}
