// What the page knows, in one place, and who wants to hear of changes.
//
// Events: `me`, `chats` (the list or any chat in it), `chat` {chatId},
// `users` {userId}, `contacts`, `typing` {chatId}, `connection`,
// `open-chat` {chatId, seq?, messageId?}, `reply` and such live with their views.

const listeners = new Map();

/** Calls `listener` at each event of this name; gives back what ends that. */
export function on(event, listener) {
  let set = listeners.get(event);
  if (!set) listeners.set(event, (set = new Set()));
  set.add(listener);
  return () => set.delete(listener);
}

/** Tells all who listen. One that fails does not keep it from the others. */
export function emit(event, detail) {
  for (const listener of [...(listeners.get(event) ?? [])]) {
    try {
      listener(detail);
    } catch (error) {
      reportError(error);
    }
  }
}

export const state = {
  /** The signed-in user (User), null until loaded. */
  me: null,
  /** Chats by id (Chat). */
  chats: new Map(),
  /** Users by id (User), as far as seen. */
  users: new Map(),
  /** Contact entries (Contact) by the other user's id. */
  contacts: new Map(),
  /** `{status, last_seen}` by user id; newer than what the users say. */
  presence: new Map(),
  /** Per chat id: Map of user id → name of who is typing. */
  typing: new Map(),
  /** Id of the open chat, null for none. */
  open: null,
  /** What `/about.json` says. */
  about: null,
  on,
  emit,
};

/**
 * Takes in a User and gives back the one kept. Those inside of messages and
 * events say nothing of presence and e-mail: `shared` keeps what is known.
 */
export function learnUser(user, { shared = false } = {}) {
  if (!user?.id) return user;
  let kept = state.users.get(user.id);
  if (!kept) state.users.set(user.id, (kept = {}));
  if (shared) {
    const { email, status, last_seen, ...rest } = user;
    Object.assign(kept, { email, status, last_seen }, kept, rest);
    return kept;
  }
  Object.assign(kept, user);
  if (user.status) {
    state.presence.set(user.id, { status: user.status, last_seen: user.last_seen ?? null });
  }
  return kept;
}

/** Full name, else the username. */
export function nameOf(user) {
  if (!user) return '';
  const nickname = state.contacts.get(user.id)?.nickname;
  if (nickname) return nickname;
  return [user.first_name, user.last_name].filter(Boolean).join(' ') || user.username || '';
}

/** `online`, `away`, `busy` or `offline`. */
export function statusOf(userId) {
  return state.presence.get(userId)?.status ?? state.users.get(userId)?.status ?? 'offline';
}

/** The other member of a private chat (User), null in other chats. */
export function peerOf(chat) {
  if (!chat || chat.type !== 'private') return null;
  const member = (chat.members ?? []).find((entry) => entry.user_id !== state.me?.id && entry.user_id);
  if (!member) return null;
  return state.users.get(member.user_id) ?? member.user ?? null;
}

/** What a chat is called for me: a private one as the other person. */
export function titleOf(chat) {
  if (!chat) return '';
  const peer = peerOf(chat);
  return (peer && nameOf(peer)) || chat.name || '';
}

/** The own membership in a chat, null where there is none. */
export function membershipIn(chat) {
  if (!chat) return null;
  const listed = (chat.members ?? []).find((entry) => entry.user_id === state.me?.id && entry.is_active !== false);
  if (listed || !chat.joined) return listed ?? null;
  // Of a large chat only some members are listed.
  chat.own ??= { chat_id: chat.id, user_id: state.me.id, role: 'member', is_active: true, read_seq: chat.read_seq ?? 0 };
  return chat.own;
}
