// Quick switch: a few letters, Enter, and the chat is open.

import { api } from '../api.js';
import { chatAvatar, userAvatar } from '../avatar.js';
import { openDialog } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { emit, learnUser, nameOf, peerOf, state, titleOf } from '../state.js';
import { delayed } from './people.js';
import { openPerson } from './person.js';
import { openSearch } from './search.js';

const SHOWN = 12;
const PEOPLE = 8;

let opened = null;

/** Opens the quick switch; a second call while it is open does nothing. */
export function openQuickSwitch() {
  if (opened) return;
  let people = [];
  let asked = 0;
  let active = 0;
  const listId = `quick-${crypto.randomUUID()}`;
  const input = h('input', { class: 'input', type: 'text', enterKeyHint: 'go', role: 'combobox', placeholder: t('quick.words'), 'aria-label': t('quick.words') });
  input.autocomplete = 'off';
  input.spellcheck = false;
  input.setAttribute('aria-controls', listId);
  input.setAttribute('aria-expanded', 'true');
  input.setAttribute('aria-autocomplete', 'list');
  const list = h('div', { class: 'quick-list', role: 'listbox', id: listId, 'aria-label': t('quick.found') });

  const choose = (entry) => {
    dialog.close();
    entry.run();
  };
  const paint = () => {
    const entries = entriesFor(input.value.trim(), people);
    active = Math.min(active, Math.max(entries.length - 1, 0));
    clear(list);
    entries.forEach((entry, at) => {
      const row = h(
        'div',
        { class: 'quick-option', role: 'option', id: `${listId}-${at}`, onclick: () => choose(entry) },
        entry.face,
        h('span', { class: 'person-text' }, h('span', { class: 'person-name' }, h('bdi', {}, entry.name)), entry.detail ? h('span', { class: 'person-detail' }, entry.detail) : null),
      );
      row.addEventListener('pointermove', () => {
        if (active !== at) mark(at);
      });
      list.append(row);
    });
    mark(active);
    list.entries = entries;
  };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((row, at) => {
      row.setAttribute('aria-selected', String(at === index));
      row.classList.toggle('is-active', at === index);
    });
    const row = list.children[index];
    if (row) {
      input.setAttribute('aria-activedescendant', row.id);
      row.scrollIntoView({ block: 'nearest' });
    } else {
      input.removeAttribute('aria-activedescendant');
    }
  };
  const findPeople = delayed(async () => {
    asked += 1;
    const mine = asked;
    const text = input.value.trim().replace(/^@/, '');
    if (!text) return;
    try {
      const { users } = await api.users({ search: text, limit: PEOPLE });
      if (mine !== asked) return;
      people = users.map(learnUser);
      paint();
    } catch {
      // The chats are there all the same; the shell tells when there is no connection.
    }
  });
  input.addEventListener('input', () => {
    active = 0;
    people = [];
    paint();
    findPeople();
  });
  input.addEventListener('keydown', (event) => {
    const { entries } = list;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (entries.length > 0) mark((active + (event.key === 'ArrowDown' ? 1 : -1) + entries.length) % entries.length);
    } else if (event.key === 'Enter' && entries[active]) {
      event.preventDefault();
      choose(entries[active]);
    }
  });
  const dialog = openDialog({
    title: t('quick.title'),
    body: h('div', { class: 'stack' }, h('div', { class: 'search-field' }, icon('search'), input), list),
    className: 'dialog-quick',
    focus: input,
    onClose: () => {
      opened = null;
    },
  });
  opened = dialog;
  paint();
}

function entriesFor(text, people) {
  const wanted = text.toLocaleLowerCase().replace(/^@/, '');
  const score = (chat) => {
    const name = titleOf(chat).toLocaleLowerCase();
    const username = peerOf(chat)?.username.toLocaleLowerCase() ?? '';
    if (name.startsWith(wanted) || username.startsWith(wanted)) return 0;
    if (name.split(/\s+/u).some((word) => word.startsWith(wanted))) return 1;
    return name.includes(wanted) || username.includes(wanted) ? 2 : 3;
  };
  const latest = (chat) => chat.last_message_time ?? chat.created_at;
  const chats = [...state.chats.values()]
    .map((chat) => ({ chat, rank: score(chat) }))
    .filter(({ rank }) => rank < 3)
    .sort((one, other) => one.rank - other.rank || latest(other.chat).localeCompare(latest(one.chat)))
    .slice(0, SHOWN)
    .map(({ chat }) => ({
      name: titleOf(chat),
      detail: peerOf(chat) ? `@${peerOf(chat).username}` : t(`chatInfo.${chat.type}`),
      face: chatAvatar(chat, { size: 's', presence: true }),
      run: () => emit('open-chat', { chatId: chat.id }),
    }));
  const peers = new Set([...state.chats.values()].map((chat) => peerOf(chat)?.id));
  const others = people
    .filter((user) => user.id !== state.me?.id && !peers.has(user.id))
    .map((user) => ({ name: nameOf(user), detail: `@${user.username}`, face: userAvatar(user, { size: 's', presence: true }), run: () => openPerson(user.id) }));
  const entries = [...chats, ...others];
  if (text) {
    entries.push({ name: t('quick.search', { text }), face: h('span', { class: 'quick-icon' }, icon('search')), run: () => openSearch({ words: text }) });
  }
  return entries;
}
