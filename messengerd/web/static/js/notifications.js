// What calls for attention: toasts, the number in the title, and the browser's
// notifications, which are only ever asked for when the reader wants them.

import { h, iconButton } from './dom.js';
import { t } from './i18n.js';
import { on, state, titleOf } from './state.js';

const KEY = 'messenger.notifications';
let holder = null;

/** Says something at the edge of the page. `action` is `{label, run}`. */
export function toast(text, { action = null, seconds = 5 } = {}) {
  holder ??= document.body.appendChild(h('div', { class: 'toasts', role: 'status', aria: { live: 'polite' } }));
  // Above an open dialog too: only the top layer is.
  if ('popover' in holder && !holder.popover) holder.popover = 'manual';
  const element = h('div', { class: 'toast' }, h('p', null, text));
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    element.remove();
    if (!holder.childElementCount) holder.hidePopover?.();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(close, seconds * 1000);
  };
  if (action) {
    const run = () => {
      close();
      action.run();
    };
    element.append(h('button', { type: 'button', class: 'button', onclick: run }, action.label));
  }
  element.append(iconButton('x', t('close'), close));
  element.addEventListener('pointerenter', () => clearTimeout(timer));
  element.addEventListener('pointerleave', wait);
  element.addEventListener('focusin', () => clearTimeout(timer));
  element.addEventListener('focusout', wait);
  holder.append(element);
  while (holder.childElementCount > 3) holder.firstElementChild.remove();
  if (holder.popover) {
    if (holder.matches(':popover-open')) holder.hidePopover();
    holder.showPopover();
  }
  wait();
  return close;
}

/** Notifications of the browser. */
export const notifications = {
  /** Whether this browser has them. */
  get supported() {
    return 'Notification' in window;
  },

  /** `default`, `granted` or `denied`. */
  get permission() {
    return this.supported ? Notification.permission : 'denied';
  },

  /** Whether they are shown: allowed, and wanted here. */
  get enabled() {
    return this.permission === 'granted' && kept() === 'on';
  },

  /** Asks for them; call from a click. Gives whether they are on now. */
  async enable() {
    if (!this.supported) return false;
    const answer = this.permission === 'default' ? await Notification.requestPermission() : this.permission;
    if (answer === 'granted') keep('on');
    return this.enabled;
  },

  /** Shows none from now on. */
  disable() {
    keep('off');
  },
};

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // Not kept: off at the next visit.
  }
}

/** Tells of a message that is not before the reader's eyes. Muted chats are silent. */
export function tellOf(message, chat, text) {
  if (!notifications.enabled || chat?.muted || state.me?.status === 'busy') return;
  const title = chat?.type === 'private' ? titleOf(chat) : `${message.sender_name} · ${titleOf(chat)}`;
  let shown;
  try {
    shown = new Notification(title, { body: text, tag: chat.id, icon: '/static/images/icon.svg' });
  } catch {
    return; // Some browsers only allow it from a worker.
  }
  shown.addEventListener('click', () => {
    window.focus();
    state.emit('open-chat', { chatId: chat.id });
    shown.close();
  });
}

/** Unread messages in all chats that are not muted. */
export function unreadTotal() {
  let total = 0;
  for (const chat of state.chats.values()) if (!chat.muted) total += chat.unread_count ?? 0;
  return total;
}

/** Keeps the number of unread messages in the page's title. */
export function badgeTitle() {
  const show = () => {
    const total = unreadTotal();
    const open = state.open ? titleOf(state.chats.get(state.open)) : '';
    const title = [open, 'Messenger'].filter(Boolean).join(' · ');
    document.title = total ? `(${total > 999 ? '999+' : total}) ${title}` : title;
  };
  on('chats', show);
  on('opened', show);
  show();
}
