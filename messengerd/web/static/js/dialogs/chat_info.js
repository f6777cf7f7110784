// What a chat is: name, description, picture, members, invite links, settings;
// leaving and deleting it.

import { api, errorText } from '../api.js';
import { chatAvatar } from '../avatar.js';
import { confirmDialog, openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { emit, membershipIn, on, peerOf, state, titleOf } from '../state.js';
import { keepChat, reloadChat } from '../sync.js';
import { openChatSettings } from './chat_settings.js';
import { textField } from './field.js';
import { openInvite } from './invite.js';
import { memberSection } from './members.js';
import { openPerson } from './person.js';
import { formDialog, pictureButton } from './profile.js';
import { openSearch } from './search.js';

const NAME_LENGTH = 64;
const DESCRIPTION_LENGTH = 500;

/** Shows a group or public chat; of a private one the other person. */
export function openChatInfo(chatId) {
  const known = state.chats.get(chatId);
  if (!known) return;
  const peer = peerOf(known);
  if (peer) {
    openPerson(peer.id);
    return;
  }
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const head = h('div', { class: 'profile-head' });
  const about = h('p', { class: 'dialog-text info-about' });
  const list = h('div', { class: 'action-list' });
  const guarded = async (work) => {
    showTrouble(trouble, null);
    try {
      await work();
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
  };
  const load = () => reloadChat(chatId);
  const members = memberSection(chatId, { guarded, load });

  const row = (action, name, label, onclick, danger = false) =>
    h('button', { class: danger ? 'action-row is-danger' : 'action-row', type: 'button', dataset: { action }, onclick: () => guarded(onclick) }, icon(name), h('span', {}, label));
  const rows = (chat) => {
    const own = membershipIn(chat);
    const admin = own?.role === 'admin';
    const { settings } = chat;
    return [
      row('search', 'search', t('chatInfo.search'), () => {
        dialog.close();
        openSearch({ chatId });
      }),
      admin ? row('edit', 'pencil', t('chatInfo.edit'), () => editChat(chat)) : null,
      own && (admin || settings?.allow_invites) ? row('invite', 'link', t('chatInfo.invite'), () => openInvite(chat)) : null,
      admin ? row('settings', 'settings', t('chatInfo.settings'), () => openChatSettings(chat)) : null,
      own ? row('leave', 'log-out', t('chatInfo.leave'), () => leaveChat(chat, dialog), true) : null,
      chat.created_by === state.me.id ? row('delete', 'trash-2', t('chatInfo.delete'), () => deleteChat(chat, dialog), true) : null,
    ].filter(Boolean);
  };
  const paint = () => {
    const chat = state.chats.get(chatId);
    if (!chat) {
      dialog.close();
      return;
    }
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    dialog.setTitle(t(`chatInfo.${chat.type}`));
    clear(head);
    head.append(
      membershipIn(chat)?.role === 'admin'
        ? pictureButton(chatAvatar(chat, { size: 'xl' }), (file) => guarded(() => changePicture(chatId, file, load)), t('chatInfo.picture'))
        : chatAvatar(chat, { size: 'xl' }),
      h(
        'div',
        { class: 'profile-lines' },
        h('p', { class: 'profile-name' }, h('bdi', {}, titleOf(chat))),
        h('p', { class: 'profile-line' }, t('chatInfo.members', { n: (chat.members ?? []).filter((member) => member.is_active).length })),
      ),
    );
    about.textContent = chat.description;
    about.hidden = !chat.description;
    clear(list);
    list.append(...rows(chat));
    if (focused) list.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
    members.paint();
  };
  const stops = [
    on('chats', paint),
    on('chat', (detail) => {
      if (detail?.chatId === chatId) paint();
    }),
    on('users', members.paint),
  ];
  const dialog = openDialog({
    title: t(`chatInfo.${known.type}`),
    body: h('div', { class: 'stack' }, head, about, trouble, list, members.element),
    className: 'dialog-chat-info',
    onClose: () => stops.forEach((stop) => stop()),
  });
  paint();
  list.querySelector('button')?.focus();
  guarded(load);
}

/** Takes in a chat as the daemon sent it, and tells the page. */
export function learnChat(chat) {
  keepChat(chat);
  emit('chats', { chatId: chat.id });
  emit('chat', { chatId: chat.id });
}

async function changePicture(chatId, file, load) {
  await api.uploadChatAvatar(chatId, file);
  await load();
}

function editChat(chat) {
  const name = textField({ label: t('newChat.name'), name: 'name', value: chat.name, maxLength: NAME_LENGTH });
  const description = textField({ label: t('newChat.description'), name: 'description', value: chat.description, maxLength: DESCRIPTION_LENGTH, multiline: true });
  formDialog({
    title: t('chatInfo.edit'),
    fields: [name, description],
    onSubmit: async () => {
      if (!name.value) {
        name.fail(t('newChat.nameMissing'));
        name.input.focus();
        return false;
      }
      const { chat: changed } = await api.updateChat(chat.id, { name: name.value, description: description.value });
      learnChat(changed);
      return true;
    },
  });
}

function forget(chatId, dialog) {
  dialog.close();
  state.chats.delete(chatId);
  emit('chat-gone', { chatId });
  emit('chats', {});
}

async function leaveChat(chat, dialog) {
  const sure = await confirmDialog({
    title: t('chatInfo.leaveTitle', { name: titleOf(chat) }),
    text: t(chat.type === 'public' ? 'chatInfo.leavePublicText' : 'chatInfo.leaveText'),
    action: t('chatInfo.leave'),
    danger: true,
  });
  if (!sure) return;
  const own = membershipIn(chat);
  // From here on nothing is marked as read: that would join a public chat again.
  Object.assign(chat, { joined: false });
  if (own) own.is_active = false;
  try {
    await api.removeMember(chat.id, state.me.id);
  } catch (error) {
    Object.assign(chat, { joined: true });
    if (own) own.is_active = true;
    throw error;
  }
  // A public one can still be read.
  if (chat.type === 'public') await reloadChat(chat.id);
  else forget(chat.id, dialog);
}

async function deleteChat(chat, dialog) {
  const sure = await confirmDialog({ title: t('chatInfo.deleteTitle', { name: titleOf(chat) }), text: t('chatInfo.deleteText'), action: t('chatInfo.delete'), danger: true });
  if (!sure) return;
  await api.deleteChat(chat.id);
  forget(chat.id, dialog);
}
