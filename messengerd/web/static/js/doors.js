// The ways from the shell into dialogs. Each is loaded when it is first opened.

import { errorText } from './api.js';
import { t } from './i18n.js';
import { toast } from './notifications.js';

const door =
  (load, name) =>
  async (...args) => {
    let dialog;
    try {
      dialog = await load();
    } catch (error) {
      reportError(error);
      toast(t('error.offline'));
      return null;
    }
    try {
      return await dialog[name](...args);
    } catch (error) {
      toast(errorText(error));
      return null;
    }
  };

export const openNewChat = door(() => import('./dialogs/new_chat.js'), 'openNewChat');
export const openContacts = door(() => import('./dialogs/contacts.js'), 'openContacts');
export const openProfile = door(() => import('./dialogs/profile.js'), 'openProfile');
export const openPerson = door(() => import('./dialogs/person.js'), 'openPerson');
export const openChatInfo = door(() => import('./dialogs/chat_info.js'), 'openChatInfo');
export const openSearch = door(() => import('./dialogs/search.js'), 'openSearch');
export const openQuickSwitch = door(() => import('./dialogs/quick.js'), 'openQuickSwitch');
export const openJoin = door(() => import('./dialogs/join.js'), 'openJoin');
export const confirmDialog = door(() => import('./dialog.js'), 'confirmDialog');
export const menu = door(() => import('./dialog.js'), 'menu');
