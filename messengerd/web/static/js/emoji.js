// A small picker of emoji: for reactions and for the composer.

import { h } from './dom.js';
import { t } from './i18n.js';

const ALL = (
  '👍 👎 ❤️ 🔥 🎉 👏 🙏 🤝 😂 🤣 😊 😍 🥰 😘 😎 🤔 😅 😉 🙂 🙃 😏 😴 🥱 😢 😭 😡 🤯 😱 😮 🤗 🤫 🫡 ' +
  '👌 ✌️ 🤞 💪 👋 🙌 🤷 🤦 👀 💯 ✅ ❌ ⚡ ⭐ ✨ 🚀 ☕ 🍻 🍕 🎂 🌞 🌧️ ❄️ 🌈 🐱 🐶 🐛 💡 📌 📎 🕐 🎵'
).split(' ');
const COLUMNS = 8;

/** Opens the picker beside `anchor`; `pick(emoji)` is called once. */
export function pickEmoji(anchor, pick) {
  const panel = h('div', { class: 'emoji-panel', popover: 'auto', role: 'dialog', aria: { label: t('emoji.title') } });
  const buttons = ALL.map((emoji, at) =>
    h('button', { type: 'button', tabIndex: at ? -1 : 0, onclick: () => chosen(emoji) }, emoji),
  );
  panel.append(...buttons);
  const chosen = (emoji) => {
    panel.hidePopover();
    pick(emoji);
  };
  panel.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (!step) return;
    event.preventDefault();
    const to = buttons.indexOf(document.activeElement) + step;
    if (to < 0 || to >= buttons.length) return;
    document.activeElement.tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  });
  panel.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    panel.remove();
    if (document.activeElement === document.body && anchor.isConnected) anchor.focus();
  });
  (anchor.closest('dialog') ?? document.body).append(panel);
  panel.showPopover();
  beside(panel, anchor);
  buttons[0].focus();
}

/** Puts a popover beside its anchor, inside the window. */
export function beside(panel, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const left = Math.min(Math.max(8, at.left + at.width / 2 - width / 2), innerWidth - width - 8);
  const above = at.top - height - 8;
  const top = above >= 8 ? above : Math.min(at.bottom + 8, innerHeight - height - 8);
  panel.style.left = `${left}px`;
  panel.style.top = `${Math.max(8, top)}px`;
}
