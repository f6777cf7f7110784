// Round pictures of people and chats; initials where there is none.

import { h } from './dom.js';
import { nameOf, peerOf, statusOf, titleOf } from './state.js';

const TINTS = 8;

/** One of the eight colours, the same for an id on every device. */
export function tintOf(id) {
  let hash = 0x811c9dc5;
  for (const char of String(id)) hash = Math.imul(hash ^ char.codePointAt(0), 0x01000193);
  // Ids made after one another differ little: every bit has to count.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash ^= hash >>> 16;
  return (hash >>> 0) % TINTS;
}

/** At most two letters of a name. */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.slice(0, 2).map((word) => [...word].find((char) => /[\p{L}\p{N}]/u.test(char)));
  return letters.join('').toUpperCase() || '#';
}

/**
 * An avatar. `size` is `s`, `m`, '' or `xl`; `status` shows a presence dot.
 * It says nothing aloud: the name always stands beside it.
 */
export function avatar({ id, name, image, size = '', status = null }) {
  const element = h(
    'span',
    // The letters are drawn by the style sheet: they are a picture, not a text.
    { class: ['avatar', size], dataset: { tint: String(tintOf(id)), initials: initials(name ?? '') }, aria: { hidden: true } },
  );
  if (isOwn(image)) {
    const picture = h('img', { src: image, alt: '', loading: 'lazy', decoding: 'async' });
    picture.addEventListener('error', () => picture.remove());
    element.append(picture);
  }
  if (status) element.append(h('span', { class: 'dot', dataset: { status } }));
  return element;
}

// Pictures come from this daemon only; anything else is never asked for.
function isOwn(image) {
  if (!image) return false;
  try {
    return new URL(image, location.origin).origin === location.origin;
  } catch {
    return false;
  }
}

/** A user's avatar. */
export function userAvatar(user, { size = '', presence = false } = {}) {
  return avatar({
    id: user?.id ?? '',
    name: nameOf(user),
    image: user?.avatar,
    size,
    status: presence ? statusOf(user.id) : null,
  });
}

/** A chat's avatar; a private one shows the other person. */
export function chatAvatar(chat, { size = '', presence = false } = {}) {
  const peer = peerOf(chat);
  if (peer) return userAvatar(peer, { size, presence });
  return avatar({ id: chat.id, name: titleOf(chat), image: chat.avatar, size });
}
