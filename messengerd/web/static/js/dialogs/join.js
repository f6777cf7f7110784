// Joining a chat by an invite link: /chat.html#invite=TOKEN.

import { api, errorText } from '../api.js';
import { openDialog, showTrouble } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { emit } from '../state.js';
import { learnChat } from './chat_info.js';

/** The token in this address, null where there is none. */
export function inviteInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get('invite');
}

/** Asks before it joins: following a link alone changes nothing. */
export function openJoin(token = inviteInAddress()) {
  if (!token) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const dialog = openDialog({
    title: t('join.title'),
    body: h('div', { class: 'stack' }, h('p', { class: 'dialog-text' }, t('join.text')), trouble),
    className: 'dialog-small dialog-join',
    actions: [
      { label: t('dialog.cancel'), name: 'cancel' },
      { label: t('join.action'), kind: 'primary', name: 'join', onClick: () => join() },
    ],
  });
  const button = dialog.element.querySelector('[data-action=join]');
  button.focus();

  async function join() {
    button.disabled = true;
    showTrouble(trouble, null);
    try {
      const { chat } = await api.acceptInvite(token);
      learnChat(chat);
      dialog.close();
      emit('open-chat', { chatId: chat.id });
    } catch (error) {
      showTrouble(trouble, errorText(error));
      button.disabled = false;
    }
  }
}
