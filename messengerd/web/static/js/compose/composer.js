// Where messages are written: the text, what it answers or corrects, drafts,
// and telling the others that somebody types.

import { api, errorText } from '../api.js';
import { h, icon, iconButton } from '../dom.js';
import { pickEmoji } from '../emoji.js';
import { draftOf, keepDraft } from '../drafts.js';
import { t } from '../i18n.js';
import { plain } from '../markup.js';
import { toast } from '../notifications.js';
import { outbox } from '../outbox.js';
import { emit, membershipIn, nameOf, state } from '../state.js';
import { Typing } from './typing.js';

const LONGEST = 65_536; // bytes, as the daemon counts
const TALLEST = 200;
const encoder = new TextEncoder();

export class Composer {
  /** The element with everything. */
  element;
  /** Gives the own message to edit with the arrow key, null for none. */
  lastOwn = () => null;
  #text;
  #bar;
  #send;
  #chat = null;
  #replyTo = null;
  #editing = null;
  #typing = new Typing();
  #keep = 0;

  constructor() {
    this.#text = h('textarea', {
      class: 'composer-text',
      rows: 1,
      id: 'composer',
      placeholder: t('compose.placeholder'),
      aria: { label: t('compose.label') },
      enterKeyHint: 'send',
      autocomplete: 'off',
      dir: 'auto',
      on: { input: () => this.#changed(), keydown: (event) => this.#key(event) },
    });
    this.#bar = h('div', { class: 'composer-bar', hidden: true });
    this.#send = h('button', { type: 'submit', class: 'icon-button primary send', title: t('compose.send'), aria: { label: t('compose.send') } }, icon('send'));
    this.element = h(
      'form',
      { class: 'composer', aria: { label: t('compose.form') } },
      this.#bar,
      h(
        'div',
        { class: 'composer-line' },
        iconButton('smile', t('emoji.title'), (event) => pickEmoji(event.currentTarget, (emoji) => this.#insert(emoji))),
        this.#text,
        this.#send,
      ),
    );
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Writes to this chat from now on; what was begun there is back. */
  open(chat) {
    this.#store();
    this.#typing.stop();
    this.#chat = chat;
    this.#editing = null;
    const draft = draftOf(chat.id);
    this.#replyTo = draft.replyTo;
    this.#set(draft.text);
    this.#showBar();
    this.permit();
  }

  /** Whether one may write here; may change while the chat is open. */
  permit() {
    const chat = this.#chat;
    const may = chat && (membershipIn(chat) || chat.type === 'public');
    this.#text.disabled = !may;
    this.#send.disabled = !may;
    this.#text.placeholder = !may ? t('compose.not_member') : chat.type === 'public' && !membershipIn(chat) ? t('compose.joins') : t('compose.placeholder');
  }

  /** The keyboard goes to the text. */
  focus() {
    if (!matchMedia('(pointer: coarse)').matches) this.#text.focus({ preventScroll: true });
  }

  /** Begins an answer. */
  reply(message) {
    if (this.#editing) this.#cancel();
    this.#replyTo = { id: message.id, seq: message.seq, content: message.content.slice(0, 300), sender_id: message.sender_id, sender_name: message.sender_name, type: message.type };
    this.#showBar();
    this.#text.focus();
    this.#later();
  }

  /** Begins a correction; the draft comes back afterwards. */
  edit(message) {
    this.#store();
    this.#editing = message;
    this.#replyTo = null;
    this.#set(message.content);
    this.#showBar();
    this.#text.focus();
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
  }

  /** Gives up an answer or a correction; false where there was none. */
  cancel() {
    if (!this.#editing && !this.#replyTo) return false;
    this.#cancel();
    this.#text.focus();
    return true;
  }

  #cancel() {
    if (this.#editing) {
      this.#editing = null;
      const draft = draftOf(this.#chat.id);
      this.#replyTo = draft.replyTo;
      this.#set(draft.text);
    } else {
      this.#replyTo = null;
      this.#later();
    }
    this.#showBar();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !matchMedia('(pointer: coarse)').matches) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Escape' && this.cancel()) {
      event.stopPropagation();
    } else if (event.key === 'ArrowUp' && !this.#text.value && !this.#editing) {
      const message = this.lastOwn();
      if (!message) return;
      event.preventDefault();
      this.edit(message);
    }
  }

  #changed() {
    this.#grow();
    if (this.#editing) return;
    if (this.#text.value.trim()) this.#typing.typed(this.#chat.id);
    else this.#typing.stop();
    this.#later();
  }

  async #submit() {
    const content = this.#text.value.trim();
    if (!this.#chat || this.#text.disabled) return;
    if (encoder.encode(content).length > LONGEST) {
      toast(t('error.too_long'));
      return;
    }
    if (this.#editing) {
      await this.#correct(this.#editing, content);
      return;
    }
    if (!content) return;
    if (outbox.full) {
      toast(t('compose.full'));
      return;
    }
    this.#typing.stop();
    const replyTo = this.#replyTo;
    this.#replyTo = null;
    this.#set('');
    this.#showBar();
    keepDraft(this.#chat.id, '');
    outbox.send(this.#chat.id, content, replyTo);
    emit('chats', { chatId: this.#chat.id });
  }

  async #correct(message, content) {
    if (!content) {
      toast(t('compose.edit_empty'));
      return;
    }
    if (content === message.content) {
      this.cancel();
      return;
    }
    this.#send.disabled = true;
    try {
      const { message: fresh } = await api.editMessage(message.id, content);
      emit('message', { chatId: message.chat_id, message: fresh });
      if (this.#editing === message) this.cancel();
    } catch (error) {
      toast(errorText(error));
    } finally {
      this.permit();
    }
  }

  #showBar() {
    const about = this.#editing ?? this.#replyTo;
    this.#bar.hidden = !about;
    this.#bar.replaceChildren();
    if (!about) return;
    const who = about.sender_id === state.me.id ? t('you') : nameOf(state.users.get(about.sender_id)) || about.sender_name;
    this.#bar.append(
      icon(this.#editing ? 'pencil' : 'reply'),
      h(
        'div',
        null,
        h('strong', null, this.#editing ? t('compose.editing') : t('compose.replying', { name: who })),
        h('span', { dir: 'auto' }, plain(about.content ?? '') || t(`type.${about.type}`)),
      ),
      iconButton('x', this.#editing ? t('compose.cancel_edit') : t('compose.cancel_reply'), () => this.cancel()),
    );
  }

  #insert(emoji) {
    if (this.#text.disabled) return;
    const { selectionStart: start, selectionEnd: end } = this.#text;
    this.#text.setRangeText(emoji, start, end, 'end');
    this.#text.focus();
    this.#changed();
  }

  #set(text) {
    this.#text.value = text;
    this.#grow();
  }

  #grow() {
    this.#text.style.height = 'auto';
    const height = Math.min(this.#text.scrollHeight, TALLEST);
    this.#text.style.height = `${height}px`;
    this.#text.style.overflowY = this.#text.scrollHeight > TALLEST ? 'auto' : 'hidden';
  }

  #later() {
    clearTimeout(this.#keep);
    this.#keep = setTimeout(() => this.#store(), 300);
  }

  #store() {
    clearTimeout(this.#keep);
    if (!this.#chat || this.#editing) return;
    keepDraft(this.#chat.id, this.#text.value, this.#replyTo);
    emit('chats', { chatId: this.#chat.id });
  }
}
