// The line above the timeline: whose chat it is, and what can be done with it.

import { chatAvatar } from './avatar.js';
import { clear, h, iconButton } from './dom.js';
import { openChatInfo, openPerson, openSearch } from './doors.js';
import { plural, relative, t } from './i18n.js';
import { on, peerOf, state, statusOf, titleOf } from './state.js';
import { typingText } from './sync.js';

export class Header {
  /** The element. */
  element = h('header', { class: 'chat-header' });
  #chat = null;
  #subtitle = null;
  #face = null;
  #back;
  #look = '';

  /** `back` leaves the chat on narrow screens. */
  constructor(back) {
    this.#back = back;
    const mine = (news) => !news?.chatId || news.chatId === this.#chat?.id;
    on('chat', (news) => mine(news) && this.#draw());
    on('chats', (news) => mine(news) && this.#refresh());
    on('typing', (news) => mine(news) && this.#refresh());
    on('users', () => this.#refresh());
    on('contacts', () => this.#chat && this.#draw());
    on('connection', () => this.#refresh());
    setInterval(() => this.#refresh(), 60_000);
  }

  /** Shows another chat. */
  open(chat) {
    this.#chat = chat;
    this.#look = '';
    this.#draw();
  }

  #draw() {
    const chat = this.#chat;
    if (!chat) {
      clear(this.element);
      return;
    }
    const peer = peerOf(chat);
    // A button that is drawn anew between press and release is not clicked.
    const look = [chat.id, titleOf(chat), peer?.id].join('\u0001');
    if (look === this.#look) {
      this.#refresh();
      return;
    }
    this.#look = look;
    clear(this.element);
    this.#subtitle = h('span', { class: 'chat-subtitle' });
    this.#face = h('span', { class: 'face-slot' });
    this.element.append(
      iconButton('arrow-left', t('back'), this.#back, { class: 'back' }),
      h(
        'button',
        { type: 'button', class: 'chat-about', title: t(peer ? 'chat.about_person' : 'chat.about'), onclick: () => (peer ? openPerson(peer.id) : openChatInfo(chat.id)) },
        this.#face,
        h('span', { class: 'chat-name-lines' }, h('strong', { class: 'chat-name', dir: 'auto' }, titleOf(chat) || t('chat.nameless')), this.#subtitle),
      ),
      iconButton('search', t('chat.search'), () => openSearch({ chatId: chat.id })),
      iconButton('info', t('chat.about'), () => openChatInfo(chat.id)),
    );
    this.#refresh();
  }

  #refresh() {
    const chat = this.#chat;
    if (!chat || !this.#subtitle) return;
    const typing = typingText(chat);
    const words = typing || aboutLine(chat);
    if (this.#subtitle.textContent !== words) this.#subtitle.textContent = words;
    this.#subtitle.classList.toggle('typing', Boolean(typing));
    const peer = peerOf(chat);
    const look = `${chat.avatar}|${peer?.avatar}|${peer && statusOf(peer.id)}|${titleOf(chat)}`;
    if (this.#face.dataset.look !== look) {
      this.#face.dataset.look = look;
      this.#face.replaceChildren(chatAvatar(chat, { size: 'm', presence: true }));
    }
  }
}

function aboutLine(chat) {
  const peer = peerOf(chat);
  if (peer) {
    const status = statusOf(peer.id);
    if (status !== 'offline') return t(`presence.${status}`);
    const seen = state.presence.get(peer.id)?.last_seen ?? peer.last_seen;
    return seen ? t('presence.seen', { when: relative(seen) }) : t('presence.offline');
  }
  const members = (chat.members ?? []).filter((entry) => entry.is_active !== false);
  if (chat.type === 'private') return '';
  const online = members.filter((entry) => entry.user_id !== state.me.id && statusOf(entry.user_id) !== 'offline').length;
  const count = plural('chat.members', chat.member_count ?? members.length);
  return online ? `${count}, ${plural('chat.online', online)}` : count;
}
