// Someone's profile, and what can be done about them.

import { api, errorText } from '../api.js';
import { userAvatar } from '../avatar.js';
import { openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { formatDay, t } from '../i18n.js';
import { emit, learnUser, nameOf, on, peerOf, state } from '../state.js';
import { learnChat } from './chat_info.js';
import { remember, removeContact, renameContact, setBlocked } from './contacts.js';
import { statusText } from './people.js';

/** Shows the private chat with someone; it is made where there is none. */
export async function writeTo(userId) {
  const known = [...state.chats.values()].find((chat) => peerOf(chat)?.id === userId);
  if (known) {
    emit('open-chat', { chatId: known.id });
    return;
  }
  const { chat } = await api.createChat({ type: 'private', name: '', member_ids: [userId] });
  learnChat(chat);
  emit('open-chat', { chatId: chat.id });
}

/** Shows the profile of another user. */
export function openPerson(userId) {
  const place = h('div', { class: 'stack' });
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const guarded = async (work) => {
    showTrouble(trouble, null);
    try {
      await work();
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
  };
  const paint = () => {
    const user = state.users.get(userId);
    if (!user) return;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    dialog.setTitle(nameOf(user));
    clear(place);
    place.append(head(user), actions(user));
    if (focused) place.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
  };

  const head = (user) =>
    h(
      'div',
      { class: 'profile-head' },
      userAvatar(user, { size: 'xl', presence: true }),
      h(
        'div',
        { class: 'profile-lines' },
        h('p', { class: 'profile-status' }, statusText(user)),
        h('p', { class: 'profile-line' }, h('span', { class: 'profile-term' }, t('person.username')), h('bdi', {}, `@${user.username}`)),
        state.contacts.get(user.id)?.nickname
          ? h('p', { class: 'profile-line' }, h('span', { class: 'profile-term' }, t('person.name')), h('bdi', {}, [user.first_name, user.last_name].filter(Boolean).join(' ') || user.username))
          : null,
        h('p', { class: 'profile-line' }, h('span', { class: 'profile-term' }, t('person.since')), formatDay(user.created_at)),
      ),
    );

  const row = (action, name, label, onclick, danger = false) =>
    h('button', { class: danger ? 'action-row is-danger' : 'action-row', type: 'button', dataset: { action }, onclick: () => guarded(onclick) }, icon(name), h('span', {}, label));

  const actions = (user) => {
    const contact = state.contacts.get(user.id);
    const rows = [];
    if (!contact?.is_blocked) {
      rows.push(
        row('message', 'message-circle', t('contacts.write'), async () => {
          await writeTo(user.id);
          for (const open of document.querySelectorAll('dialog[open]')) open.close();
        }),
      );
    }
    if (contact) {
      rows.push(row('rename', 'pencil', t('contacts.rename'), () => renameContact(contact)));
      rows.push(
        contact.is_blocked
          ? row('unblock', 'circle-check', t('contacts.unblock'), () => setBlocked(contact, false))
          : row('block', 'ban', t('contacts.block'), () => setBlocked(contact, true), true),
      );
      rows.push(row('remove', 'trash-2', t('contacts.remove'), () => removeContact(contact), true));
    } else {
      rows.push(
        row('add', 'user-plus', t('contacts.addLong'), async () => {
          const answer = await api.addContact({ contact_id: user.id });
          remember(answer.contact);
        }),
      );
    }
    return h('div', { class: 'action-list' }, rows);
  };

  const stops = [
    on('contacts', () => paint()),
    on('users', (detail) => {
      if (!detail?.userId || detail.userId === userId) paint();
    }),
  ];
  const dialog = openDialog({
    title: nameOf(state.users.get(userId)) || t('person.title'),
    body: [place, trouble],
    className: 'dialog-person',
    onClose: () => stops.forEach((stop) => stop()),
  });
  paint();
  guarded(async () => {
    const { user } = await api.user(userId);
    learnUser(user);
    paint();
    place.querySelector('button')?.focus();
  });
}
