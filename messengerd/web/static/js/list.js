// The list of chats. All rows are alike in height, so only those in view are
// in the document, each at its place.

import { chatAvatar } from './avatar.js';
import { clear, h, icon } from './dom.js';
import { draftOf } from './drafts.js';
import { openNewChat } from './doors.js';
import { formatDateTime, formatNumber, formatShort, plural, t } from './i18n.js';
import { plain } from './markup.js';
import { outbox } from './outbox.js';
import { nameOf, on, peerOf, state, statusOf, titleOf } from './state.js';
import { gist, typingText } from './sync.js';
import { receiptOf } from './timeline/receipts.js';

const ROW = 72;
const OVERSCAN = 6;

export class ChatList {
  /** The element with everything. */
  element;
  #filter;
  #viewport;
  #canvas;
  #none;
  #shown = []; // chats in order
  #rows = new Map(); // chat id → {element, look, at}
  #active = null;
  #frame = 0;
  #sort = true;
  #dirty = new Set();
  #height = 0;

  constructor() {
    this.#filter = h('input', {
      type: 'search',
      class: 'input filter',
      placeholder: t('list.filter'),
      aria: { label: t('list.filter'), controls: 'chats' },
      autocomplete: 'off',
      spellcheck: false,
      on: { input: () => this.#again(), keydown: (event) => this.#filterKey(event) },
    });
    this.#canvas = h('div', { class: 'list-canvas', role: 'presentation' });
    this.#none = h('div', { class: 'list-none', hidden: true });
    this.#viewport = h(
      'div',
      { class: 'list', id: 'chats', role: 'listbox', tabIndex: 0, aria: { label: t('list.title') }, on: { keydown: (event) => this.#key(event) } },
      this.#canvas,
    );
    this.element = h('div', { class: 'list-frame' }, h('div', { class: 'filter-line' }, icon('search', 'small'), this.#filter), this.#viewport, this.#none);
    this.#viewport.addEventListener('scroll', () => this.#later(), { passive: true });
    this.#viewport.addEventListener('click', (event) => this.#clicked(event));
    this.#viewport.addEventListener('focus', () => this.#focused());
    new ResizeObserver(([change]) => {
      this.#height = change.contentRect.height;
      this.#later();
    }).observe(this.#viewport);
    on('chats', (news) => this.#news(news?.chatId));
    on('contacts', () => this.#again());
    on('typing', (news) => this.#touch(news.chatId));
    on('outbox', ({ item }) => this.#touch(item.chat_id));
    on('users', () => this.#later());
    on('opened', () => this.#opened());
    setInterval(() => this.#later(), 60_000);
  }

  /** The keyboard goes to the filter. */
  focusFilter() {
    this.#filter.focus();
    this.#filter.select();
  }

  /** The keyboard goes to the list. */
  focus() {
    this.#viewport.focus();
  }

  /** The chat above or below the open one. */
  neighbour(step) {
    const at = this.#shown.findIndex((chat) => chat.id === state.open);
    return this.#shown[at < 0 ? 0 : at + step] ?? null;
  }

  #again() {
    this.#sort = true;
    this.#later();
  }

  #news(chatId) {
    if (chatId) this.#dirty.add(chatId);
    this.#again();
  }

  #touch(chatId) {
    if (chatId) this.#dirty.add(chatId);
    this.#later();
  }

  #later() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#sort) this.#order();
      this.#draw();
    });
  }

  #order() {
    this.#sort = false;
    const words = fold(this.#filter.value.trim());
    const chats = [...state.chats.values()].filter((chat) => chat.is_active !== false && (!words || matches(chat, words)));
    const times = new Map(chats.map((chat) => [chat, timeOf(chat)]));
    chats.sort((a, b) => times.get(b) - times.get(a) || (a.id < b.id ? 1 : -1));
    this.#shown = chats;
    this.#canvas.style.height = `${chats.length * ROW}px`;
    this.#none.hidden = chats.length > 0;
    clear(this.#none);
    if (!chats.length) {
      this.#none.append(
        h('p', null, words ? t('list.nothing') : t('list.empty')),
        words ? '' : h('button', { type: 'button', class: 'button primary', onclick: () => openNewChat() }, icon('plus', 'small'), t('chat.new')),
      );
    }
    if (this.#active && !state.chats.has(this.#active)) this.#active = null;
  }

  #draw() {
    const top = this.#viewport.scrollTop;
    const from = Math.max(0, Math.floor(top / ROW) - OVERSCAN);
    const to = Math.min(this.#shown.length, Math.ceil((top + this.#height) / ROW) + OVERSCAN);
    const keep = new Set();
    for (let at = from; at < to; at++) keep.add(this.#shown[at].id);
    if (this.#active) keep.add(this.#active);
    for (const [id, row] of this.#rows) {
      if (keep.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const total = this.#shown.length;
    const place = (chat, at) => {
      const look = lookOf(chat);
      let row = this.#rows.get(chat.id);
      if (!row || row.look !== look || this.#dirty.has(chat.id)) {
        const element = drawRow(chat);
        if (row) row.element.replaceWith(element);
        else this.#canvas.append(element);
        row = { element, look, at: -1 };
        this.#rows.set(chat.id, row);
      }
      if (row.at !== at) {
        row.at = at;
        row.element.style.transform = `translateY(${at * ROW}px)`;
      }
      row.element.setAttribute('aria-posinset', String(at + 1));
      row.element.setAttribute('aria-setsize', String(total));
      row.element.setAttribute('aria-selected', String(chat.id === state.open));
      row.element.classList.toggle('active', chat.id === this.#active);
    };
    for (let at = from; at < to; at++) place(this.#shown[at], at);
    if (this.#active) {
      const at = this.#shown.findIndex((chat) => chat.id === this.#active);
      if (at >= 0 && (at < from || at >= to)) place(this.#shown[at], at);
      this.#viewport.setAttribute('aria-activedescendant', at >= 0 ? rowId(this.#active) : '');
    } else {
      this.#viewport.removeAttribute('aria-activedescendant');
    }
    this.#dirty.clear();
  }

  #clicked(event) {
    const row = event.target.closest('.chat-row');
    if (row) state.emit('open-chat', { chatId: row.dataset.id });
  }

  #opened() {
    this.#active = state.open;
    this.#later();
  }

  #focused() {
    this.#active ??= state.open ?? this.#shown[0]?.id ?? null;
    this.#later();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.#height / ROW) - 1);
    const now = this.#shown.findIndex((chat) => chat.id === this.#active);
    const last = this.#shown.length - 1;
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#go(Math.min(Math.max(0, to), last));
    } else if ((event.key === 'Enter' || event.key === ' ') && this.#active) {
      event.preventDefault();
      state.emit('open-chat', { chatId: this.#active, keyboard: true });
    } else if (event.key.length === 1 && /[\p{L}\p{N}]/u.test(event.key)) {
      this.#filter.focus();
    }
  }

  #filterKey(event) {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      this.#active = this.#shown[0]?.id ?? null;
      this.#viewport.scrollTop = 0;
      this.#viewport.focus();
    } else if (event.key === 'Enter' && this.#shown.length) {
      event.preventDefault();
      state.emit('open-chat', { chatId: this.#shown[0].id, keyboard: true });
    } else if (event.key === 'Escape' && this.#filter.value) {
      event.stopPropagation();
      this.#filter.value = '';
      this.#again();
    }
  }

  #go(at) {
    const chat = this.#shown[at];
    if (!chat) return;
    this.#active = chat.id;
    const top = at * ROW;
    if (top < this.#viewport.scrollTop) this.#viewport.scrollTop = top;
    else if (top + ROW > this.#viewport.scrollTop + this.#height) this.#viewport.scrollTop = top + ROW - this.#height;
    this.#later();
  }
}

const rowId = (id) => `chat-${id}`;
const fold = (text) => text.toLowerCase().replaceAll('ё', 'е');

function matches(chat, words) {
  const peer = peerOf(chat);
  return fold(`${titleOf(chat)} ${chat.name} ${peer?.username ?? ''}`).includes(words);
}

function timeOf(chat) {
  const waiting = outbox.of(chat.id).at(-1);
  return Date.parse(waiting?.created_at ?? chat.last_message_time ?? chat.created_at ?? 0) || 0;
}

// All that a row shows, so that it is only drawn anew when that is different.
function lookOf(chat) {
  const peer = peerOf(chat);
  return [
    titleOf(chat),
    chat.avatar,
    peer && `${statusOf(peer.id)} ${peer.avatar}`,
    chat.latest?.id,
    chat.latest && receiptOf(chat.latest, chat),
    chat.unread_count,
    chat.muted,
    chat.last_message,
    chat.last_message_time && formatShort(chat.last_message_time),
    typingText(chat),
  ].join('\u0001');
}

function drawRow(chat) {
  const title = titleOf(chat);
  const time = chat.last_message_time;
  const unread = chat.unread_count ?? 0;
  const waiting = outbox.of(chat.id).at(-1);
  const own = !waiting && chat.latest?.sender_id === state.me.id && !chat.latest.deleted && chat.latest.type !== 'system';
  const receipt = own && receiptOf(chat.latest, chat);
  return h(
    'div',
    { class: ['chat-row', unread && 'unread'], role: 'option', id: rowId(chat.id), dataset: { id: chat.id } },
    chatAvatar(chat, { presence: true }),
    h(
      'div',
      { class: 'chat-words' },
      h(
        'div',
        { class: 'chat-top' },
        chat.type === 'public' && icon('hash', 'tiny'),
        h('span', { class: 'chat-title', dir: 'auto' }, title || t('chat.nameless')),
        chat.muted && icon('bell-off', 'tiny'),
        waiting && icon(waiting.failed ? 'circle-alert' : 'clock', waiting.failed ? 'tiny bad' : 'tiny'),
        receipt && icon(receipt === 'sent' ? 'check' : 'check-check', `tiny ${receipt === 'read' ? 'read' : ''}`),
        time && h('time', { dateTime: time, title: formatDateTime(time) }, formatShort(time)),
      ),
      h(
        'div',
        { class: 'chat-bottom' },
        preview(chat, waiting),
        unread > 0 &&
          h('span', { class: ['badge', chat.muted && 'calm'] }, h('span', { aria: { hidden: true } }, unread > 999 ? '999+' : formatNumber(unread)), h('span', { class: 'quiet' }, plural('list.unread', unread))),
      ),
    ),
  );
}

function preview(chat, waiting) {
  const typing = typingText(chat);
  if (typing) return h('span', { class: 'preview typing' }, typing);
  const draft = state.open === chat.id ? '' : draftOf(chat.id).text.trim();
  if (draft) return h('span', { class: 'preview' }, h('span', { class: 'draft' }, `${t('list.draft')}: `), plain(draft));
  const message = waiting ?? chat.latest;
  if (!message) return h('span', { class: 'preview' }, chat.last_message ? plain(chat.last_message) : chat.description || t('list.quiet'));
  const words = waiting ? plain(waiting.content) : gist(message);
  const author = waiting || message.sender_id === state.me.id ? t('you') : nameOf(state.users.get(message.sender_id) ?? message.sender);
  const named = message.type !== 'system' && (chat.type !== 'private' || author === t('you'));
  return h('span', { class: ['preview', message.deleted && 'gone'], dir: 'auto' }, named && h('span', { class: 'who' }, `${author}: `), words);
}
