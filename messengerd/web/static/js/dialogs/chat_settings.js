// What members of a chat may do, and how long messages are kept.

import { api, errorText } from '../api.js';
import { openDialog, showTrouble } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { state } from '../state.js';
import { learnChat } from './chat_info.js';
import { selectField, switchField } from './field.js';

const SWITCHES = ['allow_invites', 'allow_members_add', 'allow_file_sharing', 'allow_voice_calls', 'allow_video_calls'];
const RETENTION_DAYS = [0, 1, 7, 30, 90, 365];

/** Shows the settings; each change is saved at once. */
export function openChatSettings(chat) {
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const { settings } = chat;
  const save = async (change, undo) => {
    showTrouble(trouble, null);
    try {
      const { chat: changed } = await api.updateChat(chat.id, { settings: change });
      learnChat(changed);
    } catch (error) {
      undo();
      showTrouble(trouble, errorText(error));
    }
  };
  const days = RETENTION_DAYS.includes(settings.message_retention) ? RETENTION_DAYS : [...RETENTION_DAYS, settings.message_retention];
  const body = h(
    'div',
    { class: 'stack' },
    h(
      'div',
      { class: 'settings' },
      SWITCHES.map(
        (name) =>
          switchField({
            label: t(`chatSettings.${name}`),
            checked: settings[name],
            onChange: (checked, input) =>
              save({ [name]: checked }, () => {
                input.checked = !checked;
              }),
          }).element,
      ),
      selectField({
        label: t('chatSettings.retention'),
        name: 'message_retention',
        value: String(settings.message_retention),
        options: days.map((n) => ({ value: String(n), label: n === 0 ? t('chatSettings.forever') : t('chatSettings.days', { n }) })),
        onChange: (value, input) =>
          save({ message_retention: Number(value) }, () => {
            input.value = String(state.chats.get(chat.id)?.settings.message_retention);
          }),
      }).element,
      selectField({
        label: t('chatSettings.history'),
        name: 'history_for_new_members',
        value: settings.history_for_new_members,
        options: ['all', 'since_join'].map((value) => ({ value, label: t(`chatSettings.history_${value}`) })),
        onChange: (value, input) =>
          save({ history_for_new_members: value }, () => {
            input.value = state.chats.get(chat.id)?.settings.history_for_new_members;
          }),
      }).element,
    ),
    trouble,
  );
  openDialog({ title: t('chatInfo.settings'), body, className: 'dialog-settings' });
}
