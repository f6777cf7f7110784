// The open chat's timeline: its log, the scroller that shows it, and what can
// be done to a message.

import { errorText } from '../api.js';
import { h, icon } from '../dom.js';
import { openPerson } from '../doors.js';
import { formatDay, formatNumber, plural, t } from '../i18n.js';
import { toast } from '../notifications.js';
import { asMessage, outbox } from '../outbox.js';
import { membershipIn, on, state } from '../state.js';
import { Actions } from './actions.js';
import { Log } from './log.js';
import { Reading } from './reading.js';
import { drawRow, guessHeight, lookOf } from './row.js';
import { Scroller } from './scroller.js';

const KEPT = 12;

export class Timeline {
  /** The element with everything. */
  element;
  #viewport;
  #scroller;
  #logs = new Map(); // chat id → Log, the latest used last
  #context = { chat: null, unreadId: null, epoch: 0 };
  #actions;
  #reading;
  #empty;
  #date;
  #dateTimer = 0;
  #down;
  #up;
  #opening = 0;
  #placing = false;
  #placed = 0;

  /** `compose` takes replies and edits. */
  constructor(compose) {
    this.#viewport = h('div', { class: 'timeline', tabIndex: 0, role: 'region', aria: { label: t('timeline.title') } });
    this.#date = h('div', { class: 'floating-date', aria: { hidden: true } }, h('span'));
    this.#empty = h('div', { class: 'timeline-state', hidden: true });
    this.#down = jump('arrow-down', t('timeline.latest'), () => this.latest());
    this.#up = jump('arrow-up', t('timeline.first_unread'), () => this.#toUnread());
    this.element = h('div', { class: 'timeline-frame' }, this.#viewport, this.#date, this.#empty, h('div', { class: 'jumps' }, this.#up, this.#down));
    this.#scroller = new Scroller(this.#viewport, {
      draw: (entry, previous, next) => drawRow(entry, previous, next, this.#context),
      look: (entry, previous, next) => lookOf(entry, previous, next, this.#context),
      guess: guessHeight,
      onscroll: () => this.#moved(),
      onnear: (end) => this.#near(end),
    });
    this.#scroller.label = t('timeline.messages');
    this.#reading = new Reading();
    this.#actions = new Actions(this.#viewport, {
      entry: (id) => this.#log?.find(id) ?? null,
      chat: () => this.#context.chat,
      refresh: () => this.#scroller.refresh(),
      compose,
      show: (id, seq) => this.show({ id, seq }),
    });
    this.#viewport.addEventListener('click', (event) => this.#clicked(event));
    this.#viewport.addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('visibilitychange', () => this.#seen());
    addEventListener('focus', () => this.#seen());
    on('outbox', (news) => this.#outbox(news));
    // Every so often what says "today" no longer is.
    setInterval(() => this.#newDay(), 60_000);
  }

  get #log() {
    return this.#logs.get(this.#context.chat?.id) ?? null;
  }

  /** The log of a chat that was open before, null for others. */
  logOf(chatId) {
    return this.#logs.get(chatId) ?? null;
  }

  /** All logs that are here. */
  get logs() {
    return [...this.#logs.values()];
  }

  /** Shows a chat: where reading stopped, or around `seq`. */
  async open(chat, { seq = null, id = null } = {}) {
    const opening = ++this.#opening;
    this.#actions.close();
    this.#context = { chat, unreadId: null, epoch: this.#context.epoch + 1 };
    this.#date.classList.remove('shown');
    this.#tell(null);
    const log = this.#use(chat.id);
    const read = membershipIn(chat)?.read_seq ?? 0;
    const unread = chat.unread_count ?? 0;
    this.#placing = true; // Nothing counts as seen before it stands where it will be read.
    this.#scroller.set(log.loaded ? log.entries : [], { bottom: true });
    this.#buttons();
    try {
      if (seq !== null || id !== null) {
        await this.show({ id, seq });
        if (opening === this.#opening) this.#placing = false;
        return;
      }
      if (!log.loaded || !log.atHead) {
        if (!log.loaded) this.#tell('loading');
        if (unread > 40) await log.around(read);
        else await log.latest();
      }
    } catch (error) {
      if (opening === this.#opening) {
        this.#placing = false;
        this.#tell('failed', error);
      }
      return;
    }
    if (opening !== this.#opening) return;
    this.#placing = false;
    this.#placed = performance.now();
    this.#tell(log.entries.length ? null : 'empty');
    const first = unread > 0 ? log.entries.find((entry) => entry.message.seq > read && entry.message.sender_id !== state.me.id) : null;
    this.#context.unreadId = first?.id ?? null;
    this.#scroller.set(log.entries, { bottom: !first });
    if (first) this.#scroller.reveal(first, 'top');
    this.#moved();
  }

  /** Shows no chat. */
  close() {
    this.#opening += 1;
    this.#actions.close();
    this.#context = { chat: null, unreadId: null, epoch: this.#context.epoch + 1 };
    this.#scroller.set([], { bottom: true });
  }

  /** Brings one message before the eyes and makes it glow for a moment. */
  async show({ id = null, seq = null }) {
    const log = this.#log;
    const opening = this.#opening;
    if (!log) return;
    const wanted = () => (id && log.find(id)) || log.entries.find((entry) => seq !== null && entry.message.seq === seq);
    if (!wanted() && seq === null) {
      toast(t('message.gone'));
      return;
    }
    if (!wanted()) {
      try {
        await log.around(seq);
      } catch (error) {
        toast(errorText(error));
        return;
      }
    }
    if (opening !== this.#opening) return;
    const entry = wanted();
    this.#tell(log.entries.length ? null : 'empty');
    this.#scroller.set(log.entries);
    if (!entry) {
      toast(t('message.gone'));
      return;
    }
    this.#placing = false;
    this.#placed = performance.now();
    this.#scroller.reveal(entry);
    const element = this.#scroller.element(entry);
    element?.classList.add('glow');
    element?.addEventListener('animationend', () => element.classList.remove('glow'), { once: true });
    this.#moved();
  }

  /** To the newest message, loading it where it is not here. */
  async latest() {
    const log = this.#log;
    const opening = this.#opening;
    if (!log) return;
    try {
      if (!log.atHead) await log.latest();
    } catch (error) {
      toast(errorText(error));
      return;
    }
    if (opening !== this.#opening) return;
    this.#scroller.set(log.entries);
    this.#scroller.toBottom();
    this.#moved();
  }

  /** Members, cursors or names changed. */
  redraw() {
    this.#scroller.refresh();
    this.#buttons();
  }

  /** The own message that can be edited last, null for none. */
  lastOwn() {
    const entries = this.#log?.entries ?? [];
    for (let at = entries.length - 1; at >= 0; at--) {
      const { message, pending } = entries[at];
      if (!pending && !message.deleted && message.type === 'text' && message.sender_id === state.me.id) return message;
    }
    return null;
  }

  /** The keyboard goes to the messages. */
  focus() {
    this.#viewport.focus();
  }

  #use(chatId) {
    let log = this.#logs.get(chatId);
    this.#logs.delete(chatId);
    if (!log) {
      log = new Log(chatId, (kind) => this.#changed(log, kind));
      for (const item of outbox.of(chatId)) log.addPending(asMessage(item));
    }
    this.#logs.set(chatId, log);
    for (const old of this.#logs.keys()) {
      if (this.#logs.size <= KEPT) break;
      this.#logs.delete(old);
    }
    return log;
  }

  #changed(log, kind) {
    if (log !== this.#log || !log.loaded || this.#placing) return;
    if (kind === 'update') {
      this.#scroller.refresh();
    } else {
      this.#scroller.set(log.entries);
      this.#tell(log.entries.length ? null : 'empty');
    }
    this.#moved();
  }

  #outbox({ item, standing, message }) {
    const log = this.#logs.get(item.chat_id);
    if (!log) return;
    if (standing === 'sending' && !log.find(item.id)) {
      log.addPending(asMessage(item));
      if (log === this.#log) this.latest();
    } else if (standing === 'sent') {
      log.accept(message);
    } else if (standing === 'dropped') {
      log.dropPending(item.id);
    } else {
      log.setPending(item.id, standing);
    }
  }

  #near(end) {
    const log = this.#log;
    if (!log?.loaded || this.#placing) return;
    const more = end === 'top' ? log.older() : log.newer();
    more.catch((error) => {
      if (error.status !== 0) toast(errorText(error));
    });
  }

  #moved() {
    this.#buttons();
    this.#seen();
    this.#floatDate();
  }

  #seen() {
    const log = this.#log;
    if (!log?.loaded || this.#placing || !log.entries.length || !this.element.isConnected) return;
    const { last } = this.#scroller.visible();
    for (let at = Math.min(last, log.entries.length - 1); at >= 0; at--) {
      if (log.entries[at].pending) continue;
      this.#reading.saw(this.#context.chat, log, log.entries[at].message.seq);
      break;
    }
  }

  #floatDate() {
    const log = this.#log;
    const entry = log?.entries[this.#scroller.visible().first];
    // It follows the reader's own moves and does not cover a line across.
    const moved = performance.now() - this.#placed > 500;
    if (!entry || !moved || this.#scroller.atBottom || entry.id === this.#context.unreadId) {
      this.#date.classList.remove('shown');
      return;
    }
    const text = formatDay(entry.message.created_at);
    if (this.#date.firstChild.textContent !== text) this.#date.firstChild.textContent = text;
    this.#date.classList.add('shown');
    clearTimeout(this.#dateTimer);
    this.#dateTimer = setTimeout(() => this.#date.classList.remove('shown'), 1200);
  }

  #buttons() {
    const log = this.#log;
    const unread = this.#context.chat?.unread_count ?? 0;
    const away = Boolean(log?.loaded && log.entries.length && !(this.#scroller.atBottom && log.atHead));
    this.#down.hidden = !away;
    count(this.#down, unread, unread ? plural('timeline.latest_unread', unread) : t('timeline.latest'));
    const first = this.#context.unreadId && log?.find(this.#context.unreadId);
    const hidden = !first || log.entries.indexOf(first) >= this.#scroller.visible().first;
    this.#up.hidden = hidden;
  }

  #toUnread() {
    const entry = this.#log?.find(this.#context.unreadId);
    if (entry) this.#scroller.reveal(entry, 'top');
    this.#moved();
  }

  #newDay() {
    const today = new Date().toDateString();
    if (this.#context.today && this.#context.today !== today) {
      this.#context.epoch += 1;
      this.#scroller.refresh();
    }
    this.#context.today = today;
  }

  #tell(what, error = null) {
    this.#empty.hidden = what === null;
    this.#empty.replaceChildren();
    if (what === 'loading') this.#empty.append(h('span', { class: 'spinner', role: 'status', aria: { label: t('loading') } }));
    if (what === 'empty') this.#empty.append(h('p', null, t('timeline.empty')));
    if (what === 'failed') {
      const again = () => this.open(this.#context.chat);
      this.#empty.append(
        h('p', null, errorText(error)),
        h('button', { type: 'button', class: 'button', onclick: again }, icon('refresh-cw', 'small'), t('again')),
      );
    }
  }

  #clicked(event) {
    const target = event.target.closest('[data-do]');
    if (!target || !this.#viewport.contains(target)) return;
    const row = target.closest('.row');
    const entry = row && this.#log?.find(row.dataset.id);
    if (!entry) return;
    switch (target.dataset.do) {
      case 'person':
        openPerson(target.dataset.user);
        break;
      case 'quote':
        this.show({ id: target.dataset.target, seq: entry.message.reply_to?.seq ?? null });
        break;
      case 'react':
        this.#actions.react(entry, target.dataset.emoji);
        break;
      case 'retry':
        outbox.retry(entry.id);
        break;
      case 'whole':
        entry.whole = true;
        this.#scroller.refresh();
        break;
      case 'bubble':
        this.#actions.tapped(event, entry, row);
        break;
      default:
        break;
    }
  }

  // Arrow keys walk from message to message; letters act on the one in focus.
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const log = this.#log;
    const row = event.target.closest('.row');
    if (!log?.entries.length) return;
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const { first, last } = this.#scroller.visible();
      const now = row ? log.entries.indexOf(log.find(row.dataset.id)) : -1;
      const start = event.key === 'ArrowUp' ? last : first;
      const to = now < 0 ? start : now + (event.key === 'ArrowUp' ? -1 : 1);
      if (to < 0 || to >= log.entries.length) return;
      event.preventDefault();
      const entry = log.entries[to];
      if (to < first || to > last) this.#scroller.reveal(entry);
      this.#scroller.element(entry)?.focus({ preventScroll: true });
    } else if (event.key === 'End') {
      event.preventDefault();
      this.latest();
    } else if (row && event.target === row) {
      this.#actions.key(event, log.find(row.dataset.id), row);
    }
  }
}

function jump(picture, label, onclick) {
  return h('button', { type: 'button', class: 'jump', title: label, aria: { label }, hidden: true, onclick }, icon(picture), h('span', { class: 'badge', hidden: true }));
}

function count(button, number, label) {
  const badge = button.lastElementChild;
  badge.hidden = !number;
  badge.textContent = formatNumber(Math.min(number, 9999));
  button.title = label;
  button.setAttribute('aria-label', label);
}
