// What can be done to a message: by the tools beside it, its menu, or keys.

import { api, errorText } from '../api.js';
import { h, iconButton } from '../dom.js';
import { confirmDialog, menu, openPerson } from '../doors.js';
import { pickEmoji } from '../emoji.js';
import { t } from '../i18n.js';
import { plain } from '../markup.js';
import { toast } from '../notifications.js';
import { outbox } from '../outbox.js';
import { membershipIn, state } from '../state.js';

export class Actions {
  #view;
  #viewport;
  #tools = null;
  #row = null;

  /** `view` is `{entry(id), chat(), refresh(), compose, show(id, seq)}`. */
  constructor(viewport, view) {
    this.#viewport = viewport;
    this.#view = view;
    viewport.addEventListener('pointerover', (event) => event.pointerType === 'mouse' && this.#over(event.target));
    viewport.addEventListener('focusin', (event) => this.#over(event.target));
    viewport.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.close());
    viewport.addEventListener('contextmenu', (event) => this.#context(event));
  }

  /** Takes the tools away. */
  close() {
    this.#tools?.remove();
    this.#tools = null;
    this.#row = null;
  }

  /** A tap on a touch screen shows the menu: there is no hovering. */
  tapped(event, entry, row) {
    if (event.pointerType === 'mouse' || event.target.closest('a, button, [role=button], audio, video')) return;
    if (event.pointerType !== 'touch' && event.pointerType !== 'pen') return;
    if (!getSelection().isCollapsed) return;
    this.#open(row.querySelector('.bubble'), entry);
  }

  /** Adds or takes back the own reaction, shown at once. */
  async react(entry, emoji) {
    const { message } = entry;
    if (entry.pending || message.deleted) return;
    const mine = (item) => item.user_id === state.me.id && item.emoji === emoji;
    const before = message.reactions ?? [];
    const had = before.some(mine);
    const own = { id: '', message_id: message.id, user_id: state.me.id, emoji, created_at: new Date().toISOString(), user: state.me };
    message.reactions = had ? before.filter((item) => !mine(item)) : [...before, own];
    entry.version += 1;
    this.#view.refresh();
    try {
      await (had ? api.unreact(message.id, emoji) : api.react(message.id, emoji));
    } catch (error) {
      message.reactions = before;
      entry.version += 1;
      this.#view.refresh();
      toast(errorText(error));
    }
  }

  /** A key on a message in focus. */
  key(event, entry, row) {
    const run = {
      r: () => this.#reply(entry),
      к: () => this.#reply(entry),
      e: () => this.#edit(entry),
      у: () => this.#edit(entry),
      c: () => this.#copy(entry),
      с: () => this.#copy(entry),
      Delete: () => this.#remove(entry),
      Enter: () => this.#open(row.querySelector('.bubble') ?? row, entry),
      '+': () => pickEmoji(row.querySelector('.bubble') ?? row, (emoji) => this.react(entry, emoji)),
    }[event.key];
    if (!run || entry.message.type === 'system') return;
    event.preventDefault();
    run();
  }

  #over(target) {
    const row = target.closest?.('.row');
    if (row === this.#row && this.#tools?.isConnected) return;
    const entry = row && this.#view.entry(row.dataset.id);
    if (!entry || entry.pending || entry.message.deleted || entry.message.type === 'system') {
      if (row !== this.#row) this.close();
      return;
    }
    this.close();
    this.#row = row;
    this.#tools = h(
      'div',
      { class: 'tools', role: 'toolbar', aria: { label: t('message.actions') } },
      iconButton('smile', t('message.react'), (click) => pickEmoji(click.currentTarget, (emoji) => this.react(entry, emoji))),
      this.#mayWrite() && iconButton('reply', t('message.reply'), () => this.#reply(entry)),
      iconButton('ellipsis', t('message.more'), (click) => this.#open(click.currentTarget, entry), { aria: { haspopup: 'menu' } }),
    );
    row.querySelector('.line')?.append(this.#tools);
  }

  #mayWrite() {
    const chat = this.#view.chat();
    return Boolean(membershipIn(chat)) || chat?.type === 'public';
  }

  #mayEdit({ message, pending }) {
    return !pending && !message.deleted && message.type === 'text' && message.sender_id === state.me.id;
  }

  #mayRemove({ message, pending }) {
    if (pending || message.deleted) return false;
    return message.sender_id === state.me.id || membershipIn(this.#view.chat())?.role === 'admin';
  }

  #context(event) {
    const row = event.target.closest('.row');
    if (!row || event.target.closest('a, img, audio, video') || !getSelection().isCollapsed) return;
    const entry = this.#view.entry(row.dataset.id);
    if (!entry || entry.message.type === 'system') return;
    event.preventDefault();
    this.#open(row.querySelector('.bubble'), entry);
  }

  #open(anchor, entry) {
    if (entry.message.type === 'system') return;
    menu(anchor, this.#items(anchor, entry));
  }

  #items(anchor, entry) {
    const { message } = entry;
    if (entry.pending) {
      return [
        { icon: 'rotate-ccw', label: t('message.retry'), onSelect: () => outbox.retry(entry.id) },
        { icon: 'copy', label: t('message.copy'), onSelect: () => this.#copy(entry) },
        { icon: 'trash-2', label: t('message.discard'), danger: true, onSelect: () => outbox.drop(entry.id) },
      ];
    }
    return [
      ...(message.deleted ? [] : [{ icon: 'smile', label: t('message.react'), onSelect: () => pickEmoji(anchor.isConnected ? anchor : this.#viewport, (emoji) => this.react(entry, emoji)) }]),
      ...(message.deleted || !this.#mayWrite() ? [] : [{ icon: 'reply', label: t('message.reply'), onSelect: () => this.#reply(entry) }]),
      ...(message.deleted || !message.content ? [] : [{ icon: 'copy', label: t('message.copy'), onSelect: () => this.#copy(entry) }]),
      ...(this.#mayEdit(entry) ? [{ icon: 'pencil', label: t('message.edit'), onSelect: () => this.#edit(entry) }] : []),
      ...(message.sender_id === state.me.id ? [] : [{ icon: 'user-round', label: t('message.author'), onSelect: () => openPerson(message.sender_id) }]),
      ...(this.#mayRemove(entry) ? [{ icon: 'trash-2', label: t('message.delete'), danger: true, onSelect: () => this.#remove(entry) }] : []),
    ];
  }

  #reply(entry) {
    if (entry.pending || entry.message.deleted || !this.#mayWrite()) return;
    this.#view.compose.reply(entry.message);
  }

  #edit(entry) {
    if (this.#mayEdit(entry)) this.#view.compose.edit(entry.message);
  }

  async #copy(entry) {
    try {
      await navigator.clipboard.writeText(entry.message.content);
      toast(t('message.copied'), { seconds: 2 });
    } catch {
      toast(t('message.not_copied'));
    }
  }

  async #remove(entry) {
    if (!this.#mayRemove(entry)) return;
    const { message } = entry;
    const sure = await confirmDialog({
      title: t('message.delete_title'),
      text: message.content ? `“${plain(message.content).slice(0, 160)}”` : t('message.delete_text'),
      danger: true,
      action: t('message.delete'),
    });
    if (!sure) return;
    try {
      await api.deleteMessage(message.id);
      message.deleted = true;
      message.content = '';
      message.reactions = [];
      entry.version += 1;
      this.#view.refresh();
      state.emit('message', { chatId: message.chat_id, message });
    } catch (error) {
      toast(errorText(error));
    }
  }
}
