// Keeps what the page knows equal to what the daemon has: loads it, applies
// events, and after a gap fetches what was missed.

import { api } from './api.js';
import { plain } from './markup.js';
import { t } from './i18n.js';
import { tellOf } from './notifications.js';
import { outbox } from './outbox.js';
import { emit, learnUser, membershipIn, nameOf, on, state } from './state.js';
import { forgetCursors, moveCursor } from './timeline/receipts.js';
import { socket } from './websocket.js';

const FORGOTTEN = 60_000;

let timeline = null;
let current = false;
const fetching = new Map();

/** Loads all that the first screen needs. */
export async function load() {
  const { user } = await api.me();
  state.me = learnUser(user);
  outbox.restore();
  background(loadContacts()); // Names by which one calls people may come later.
  await loadChats();
}

/**
 * Starts listening; `view` is the timeline. `early` says that the line was there
 * before anything was loaded, so that nothing fell between.
 */
export function follow(view, early) {
  timeline = view;
  current = early;
  for (const [type, listener] of Object.entries(EVENTS)) {
    socket.listen(type, (data, envelope) => {
      if (data.log_seq) advance(data.chat_id, data.log_seq);
      listener(data, envelope);
    });
  }
  on('connection', ({ online }) => online && caughtUp());
  on('outbox', sent);
  on('message', ({ chatId, message }) => {
    timeline.logOf(chatId)?.accept(message);
    showInList(state.chats.get(chatId), message, true);
  });
  socket.release();
  if (socket.state === 'online') caughtUp();
}

async function loadChats() {
  const { chats } = await api.chats();
  const gone = new Set(state.chats.keys());
  for (const chat of chats) {
    gone.delete(chat.id);
    keepChat(chat);
  }
  for (const id of gone) dropChat(id);
  emit('chats', {});
}

async function loadContacts() {
  const { contacts } = await api.contacts();
  state.contacts.clear();
  for (const contact of contacts) {
    learnUser(contact.contact);
    state.contacts.set(contact.contact_id, contact);
  }
  emit('contacts', {});
}

/** Takes in a Chat; gives back the one kept. */
export function keepChat(chat) {
  const { messages, ...fields } = chat;
  for (const member of chat.members ?? []) learnUser(member.user);
  if (chat.creator) learnUser(chat.creator);
  const kept = state.chats.get(chat.id) ?? {};
  const before = membershipIn(kept)?.read_seq ?? 0;
  const head = kept.seq ?? 0;
  const unread = kept.unread_count ?? 0;
  Object.assign(kept, fields, { own: undefined, latest: messages?.at(-1) ?? kept.latest ?? null });
  const own = membershipIn(kept);
  if (own) own.read_seq = Math.max(own.read_seq ?? 0, kept.read_seq ?? 0, before); // Ours may be on its way.
  // All that this answer knows of was read here meanwhile.
  if (own && fields.seq && before >= fields.seq) kept.unread_count = Math.min(unread, kept.unread_count ?? 0);
  kept.seq = Math.max(kept.seq ?? 0, head);
  forgetCursors(kept);
  state.chats.set(chat.id, kept);
  return kept;
}

function dropChat(id) {
  if (!state.chats.delete(id)) return;
  state.typing.delete(id);
  emit('chat-gone', { chatId: id });
}

/** Loads one chat anew; once at a time for each. */
export function reloadChat(id) {
  const running = fetching.get(id);
  if (running) return running;
  const started = api
    .chat(id)
    .then(({ chat }) => {
      const kept = keepChat(chat);
      emit('chats', { chatId: id });
      emit('chat', { chatId: id });
      return kept;
    })
    .catch((error) => {
      if (error.status === 403 || error.status === 404) {
        dropChat(id);
        emit('chats', {});
        return null;
      }
      throw error;
    })
    .finally(() => fetching.delete(id));
  fetching.set(id, started);
  return started;
}

// The line is there. What was loaded behind it is fresh; after a break it is not.
async function caughtUp() {
  outbox.flush();
  if (current) {
    current = false;
    return;
  }
  try {
    await Promise.all([loadChats(), loadContacts(), ...timeline.logs.map((log) => log.catchUp())]);
    state.typing.clear();
    emit('typing', {});
    emit('chat', { chatId: state.open });
  } catch (error) {
    // No line again, which brings us back here; anything else is worth knowing.
    if (error.status !== 0) reportError(error);
  }
}

/** Shows a message as the chat's latest in the list. */
function showInList(chat, message, changed = false) {
  if (!chat) return;
  if (changed ? chat.latest?.id === message.id : !chat.latest || message.seq >= chat.latest.seq) {
    chat.latest = message;
    chat.last_message = message.content;
    if (!changed) chat.last_message_time = message.created_at;
    emit('chats', { chatId: chat.id });
  }
}

function sent({ standing, message }) {
  if (standing !== 'sent') return;
  const chat = state.chats.get(message.chat_id);
  if (chat && !membershipIn(chat)) background(reloadChat(message.chat_id)); // Writing joined it.
  showInList(chat, message);
}

function background(promise) {
  promise.catch((error) => error.status !== 0 && reportError(error));
}

/** What a message says, on one line. */
export function gist(message) {
  if (!message) return '';
  if (message.deleted) return t('message.deleted');
  return plain(message.content ?? '') || (message.type === 'text' ? '' : t(`type.${message.type}`));
}

// Takes note of an entry of a chat's log. Numbers have no holes: where one is
// skipped, something was missed and is fetched.
function advance(chatId, seq) {
  const chat = state.chats.get(chatId);
  if (!chat || !seq) return;
  const gap = chat.seq && seq > chat.seq + 1;
  chat.seq = Math.max(chat.seq ?? 0, seq);
  if (!gap) return;
  background(reloadChat(chatId));
  const log = timeline.logOf(chatId);
  if (log) background(log.catchUp());
}

async function arrived(message) {
  const id = message.chat_id;
  learnUser(message.sender, { shared: true });
  stopTyping(id, message.sender_id);
  const known = state.chats.get(id);
  const chat = known ?? (await reloadChat(id));
  if (!chat) return;
  const log = timeline.logOf(id);
  const fresh = log?.loaded ? log.accept(message) : !known || message.seq > (chat.latest?.seq ?? 0);
  const own = message.sender_id === state.me.id;
  // A chat that was asked for before this was written does not count it.
  const counted = !known && (chat.latest?.seq ?? 0) >= message.seq;
  if (fresh && !counted && !own && message.seq > (membershipIn(chat)?.read_seq ?? 0) && message.type !== 'system') {
    chat.unread_count = (chat.unread_count ?? 0) + 1;
  }
  showInList(chat, message);
  if (state.open === id) timeline.redraw();
  if (!fresh || own || message.type === 'system') return;
  const watching = document.visibilityState === 'visible' && document.hasFocus();
  if (state.open === id && watching) emit('said', { text: `${nameOf(message.sender) || message.sender_name}: ${gist(message)}` });
  else tellOf(message, chat, gist(message));
}

function changed(message) {
  learnUser(message.sender, { shared: true });
  const log = timeline.logOf(message.chat_id);
  if (log?.find(message.id)) log.accept(message);
  showInList(state.chats.get(message.chat_id), message, true);
}

function stopTyping(chatId, userId) {
  const who = state.typing.get(chatId);
  const entry = who?.get(userId);
  if (!entry) return;
  clearTimeout(entry.timer);
  who.delete(userId);
  emit('typing', { chatId });
}

const EVENTS = {
  new_message: (data) => background(arrived(data)),

  // Posted by this session: by another tab, or just now by this one.
  message_posted: (data) => background(arrived(data)),

  message_updated: (data) => changed(data),

  message_deleted(data) {
    const id = data.message_id ?? data.id;
    const chat = state.chats.get(data.chat_id);
    const wipe = (message) => Object.assign(message, { deleted: true, content: '', reactions: [], files: [] });
    timeline.logOf(data.chat_id)?.patch(id, wipe);
    for (const log of timeline.logs) {
      for (const entry of log.entries) {
        if (entry.message.reply_to_id !== id || !entry.message.reply_to) continue;
        wipe(entry.message.reply_to);
        entry.version += 1;
      }
    }
    if (chat?.latest?.id === id) showInList(chat, wipe({ ...chat.latest }), true);
    if (state.open === data.chat_id) timeline.redraw();
  },

  reaction(data) {
    const log = timeline.logOf(data.chat_id);
    log?.patch(data.message_id, (message) => {
      if (Array.isArray(data.reactions)) {
        message.reactions = data.reactions;
        return;
      }
      const rest = (message.reactions ?? []).filter((item) => item.user_id !== data.user_id || item.emoji !== data.emoji);
      const removed = data.removed === true || data.added === false || data.action === 'removed';
      message.reactions = removed ? rest : [...rest, { ...data, user: data.user ?? state.users.get(data.user_id) ?? null }];
    });
  },

  typing(data) {
    if (data.user_id === state.me.id) return;
    stopTyping(data.chat_id, data.user_id);
    if (!data.is_typing) return;
    let who = state.typing.get(data.chat_id);
    if (!who) state.typing.set(data.chat_id, (who = new Map()));
    // The daemon says when it is over; this is for a word that got lost.
    const timer = setTimeout(() => stopTyping(data.chat_id, data.user_id), FORGOTTEN);
    who.set(data.user_id, { name: nameOf(state.users.get(data.user_id)) || data.user_name, timer });
    emit('typing', { chatId: data.chat_id });
  },

  user_status(data) {
    state.presence.set(data.user_id, { status: data.status, last_seen: data.last_seen ?? null });
    const user = state.users.get(data.user_id);
    if (user) Object.assign(user, { status: data.status, last_seen: data.last_seen ?? user.last_seen });
    emit('users', { userId: data.user_id });
  },

  message_read(data, envelope) {
    const chat = state.chats.get(data.chat_id);
    if (!chat) return;
    const reader = data.user_id ?? envelope.user_id;
    const seq = data.seq ?? timeline.logOf(data.chat_id)?.find(data.message_id)?.message.seq ?? 0;
    const moved = moveCursor(chat, reader, { read: seq });
    if (reader === state.me.id) {
      if (moved) background(reloadChat(chat.id)); // Read on another device.
    } else if (moved) {
      if (state.open === chat.id) timeline.redraw();
      emit('chats', { chatId: chat.id });
    }
  },

  message_delivered(data) {
    const chat = state.chats.get(data.chat_id);
    if (!chat || !moveCursor(chat, data.user_id, { delivered: data.seq ?? 0 })) return;
    if (state.open === chat.id) timeline.redraw();
    emit('chats', { chatId: chat.id });
  },

  user_joined: (data) => background(reloadChat(data.chat_id)),

  user_left(data) {
    if (data.user_id === state.me.id && state.chats.get(data.chat_id)?.type !== 'public') {
      dropChat(data.chat_id);
      emit('chats', {});
    } else {
      background(reloadChat(data.chat_id));
    }
  },

  chat_created: (data) => background(reloadChat(data.chat_id ?? data.id ?? data.chat?.id)),

  chat_updated: (data) => background(reloadChat(data.chat_id ?? data.id ?? data.chat?.id)),

  chat_deleted(data) {
    dropChat(data.chat_id ?? data.id);
    emit('chats', {});
  },

  new_contact: () => background(loadContacts()),

  contacts_changed: () => background(loadContacts()),

  user_updated(data) {
    learnUser(data.user, { shared: true });
    emit('users', { userId: data.user_id });
    emit('chats', {});
    timeline.redraw();
  },

  profile_changed(data) {
    if (data.user) state.me = learnUser(data.user);
    emit('me', {});
  },

  sessions_changed: (data) => emit('sessions', data),

  resync(data) {
    if (!data.chat_id) {
      background(loadChats());
      for (const log of timeline.logs) background(log.catchUp());
      return;
    }
    background(reloadChat(data.chat_id));
    const log = timeline.logOf(data.chat_id);
    if (log) background(log.catchUp());
  },
};

/** Who types in a chat, in words; empty for nobody. */
export function typingText(chat) {
  const who = [...(state.typing.get(chat.id)?.values() ?? [])].map((entry) => entry.name);
  if (!who.length) return '';
  if (chat.type === 'private') return t('typing.private');
  if (who.length === 1) return t('typing.one', { name: who[0] });
  if (who.length === 2) return t('typing.two', { a: who[0], b: who[1] });
  return t('typing.many', { n: who.length });
}
