// How far a message got: sent, delivered, read. Members have one cursor each;
// a message is read when every other member's cursor is at or behind it.

import { state } from '../state.js';

const RANK = { sent: 0, delivered: 1, read: 2 };

// Lowest cursors of the others, by chat; thrown away when one moves.
const lowest = new WeakMap();

function cursors(chat) {
  let kept = lowest.get(chat);
  if (kept) return kept;
  const others = (chat.members ?? []).filter((entry) => entry.user_id !== state.me?.id && entry.is_active !== false);
  kept = { read: 0, delivered: 0 };
  // Where not all members are listed, only the daemon knows.
  if (others.length && (chat.member_count ?? 0) <= chat.members.length) {
    kept.read = Math.min(...others.map((entry) => entry.read_seq ?? 0));
    kept.delivered = Math.min(...others.map((entry) => Math.max(entry.delivered_seq ?? 0, entry.read_seq ?? 0)));
  }
  lowest.set(chat, kept);
  return kept;
}

/** `sent`, `delivered` or `read`: the better of what the daemon said and what the cursors say. */
export function receiptOf(message, chat) {
  const said = message.status in RANK ? message.status : 'sent';
  if (!chat) return said;
  const { read, delivered } = cursors(chat);
  const derived = message.seq <= read ? 'read' : message.seq <= delivered ? 'delivered' : 'sent';
  return RANK[derived] > RANK[said] ? derived : said;
}

/** Moves a member's cursor; gives whether it moved. */
export function moveCursor(chat, userId, { read = 0, delivered = 0 }) {
  const member = (chat.members ?? []).find((entry) => entry.user_id === userId);
  if (!member) return false;
  const before = [member.read_seq ?? 0, member.delivered_seq ?? 0];
  member.read_seq = Math.max(before[0], read);
  member.delivered_seq = Math.max(before[1], delivered, read);
  lowest.delete(chat);
  return member.read_seq !== before[0] || member.delivered_seq !== before[1];
}

/** Members came, left, or were read anew. */
export function forgetCursors(chat) {
  lowest.delete(chat);
}
