// Modal dialogs and menus, on what the browser has of its own: <dialog> keeps the
// focus inside and gives it back, popovers close on Escape and outside clicks.

import { clear, h, icon } from './dom.js';
import { t } from './i18n.js';
import './lang/dialogs.js';

let counter = 0;

/**
 * Opens a modal dialog.
 *
 * @param {object} options
 * @param {string} options.title shown at the top and read as the dialog's name
 * @param {Node|Node[]} options.body
 * @param {Array<{label: string, kind?: 'primary'|'danger', form?: string,
 *     onClick?: function, name?: string}>} [options.actions] buttons at the bottom; one with `form` submits
 *     the form of that id, one without `onClick` and `form` closes
 * @param {string} [options.className]
 * @param {Element} [options.focus] what has the focus first
 * @param {boolean} [options.alert] a question that must be answered
 * @param {function} [options.onClose]
 * @returns {{close: function(): void, element: HTMLDialogElement, body: HTMLElement, setTitle: function(string): void}}
 */
export function openDialog({ title, body, actions = [], className = '', focus, alert = false, onClose }) {
  counter += 1;
  const titleId = `dialog-title-${counter}`;
  const bodyId = `dialog-body-${counter}`;
  const heading = h('h2', { class: 'dialog-title', id: titleId }, title);
  const closer = h(
    'button',
    { class: 'icon-button dialog-close', type: 'button', 'aria-label': t('dialog.close'), title: t('dialog.close') },
    icon('x'),
  );
  const content = h('div', { class: 'dialog-body', id: bodyId }, body);
  const buttons = actions.map((action) => actionButton(action, () => handle));
  const element = h(
    'dialog',
    { class: `dialog ${className}`.trim(), 'aria-labelledby': titleId },
    h('header', { class: 'dialog-head' }, heading, closer),
    content,
    buttons.length > 0 ? h('footer', { class: 'dialog-foot' }, buttons) : null,
  );
  if (alert) {
    element.setAttribute('role', 'alertdialog');
    element.setAttribute('aria-describedby', bodyId);
  }
  const returnTo = document.activeElement;
  const handle = {
    element,
    body: content,
    close: () => element.close(),
    setTitle: (text) => {
      heading.textContent = text;
    },
  };
  closer.addEventListener('click', handle.close);
  // A press that begins inside and ends outside (marking text) closes nothing.
  let pressed = false;
  element.addEventListener('pointerdown', (event) => {
    pressed = event.target === element;
  });
  element.addEventListener('click', (event) => {
    if (pressed && event.target === element) handle.close();
  });
  element.addEventListener('close', () => {
    element.remove();
    if (document.activeElement === document.body && returnTo?.isConnected) returnTo.focus();
    onClose?.();
  });
  document.body.append(element);
  element.showModal();
  (focus ?? content.querySelector('[autofocus], input:not([type=hidden]), textarea') ?? buttons.at(-1) ?? closer).focus();
  return handle;
}

function actionButton({ label, kind = '', form, onClick, name }, handle) {
  const button = h(
    'button',
    { class: `button ${kind}`, type: form ? 'submit' : 'button', dataset: name ? { action: name } : {} },
    label,
  );
  if (form) button.setAttribute('form', form);
  else button.addEventListener('click', () => (onClick ? onClick(handle()) : handle().close()));
  return button;
}

/**
 * Asks before something that cannot be undone.
 *
 * @param {{title: string, text: string, action: string, danger?: boolean}} options
 * @returns {Promise<boolean>} whether the action was chosen
 */
export function confirmDialog({ title, text, action, danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const { element } = openDialog({
      title,
      body: h('p', { class: 'dialog-text' }, text),
      className: 'dialog-small',
      alert: true,
      actions: [
        { label: t('dialog.cancel'), name: 'cancel' },
        {
          label: action,
          kind: danger ? 'danger' : 'primary',
          name: 'confirm',
          onClick: (dialog) => {
            answer = true;
            dialog.close();
          },
        },
      ],
      onClose: () => resolve(answer),
    });
    // What cannot be undone is not one Enter away.
    if (danger) element.querySelector('[data-action=cancel]').focus();
  });
}

/**
 * Opens a menu at an element or a point.
 *
 * @param {Element|{x: number, y: number}} anchor
 * @param {Array<null|{label: string, icon?: string, danger?: boolean, checked?: boolean,
 *     disabled?: boolean, onSelect: function(): void}>} items null draws a line; `checked` makes a choice of one
 * @param {{label?: string}} [options]
 * @returns {{close: function(): void, element: HTMLElement}}
 */
export function menu(anchor, items, { label = t('dialog.menu') } = {}) {
  const returnTo = document.activeElement;
  const element = h('div', { class: 'menu', role: 'menu', 'aria-label': label, tabindex: '-1', popover: 'auto' });
  const button = anchor instanceof HTMLButtonElement ? anchor : null;
  const close = () => element.hidePopover();
  for (const item of items) {
    element.append(item ? menuItem(item, close) : h('div', { class: 'menu-line', role: 'separator' }));
  }
  const buttons = [...element.querySelectorAll('.menu-item:not(:disabled)')];
  element.addEventListener('keydown', (event) => moveInMenu(event, buttons, close));
  element.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return;
    const had = element.contains(document.activeElement) || document.activeElement === document.body;
    element.remove();
    if (button) button.setAttribute('aria-expanded', 'false');
    if (had && returnTo?.isConnected) returnTo.focus();
  });
  // What stands outside a modal dialog cannot be used while it is open.
  const home = anchor instanceof Element ? anchor.closest('dialog') : document.querySelector('dialog[open]:last-of-type');
  (home ?? document.body).append(element);
  element.showPopover();
  place(element, anchor instanceof Element ? anchor.getBoundingClientRect() : pointRect(anchor));
  if (button) {
    button.setAttribute('aria-haspopup', 'menu');
    button.setAttribute('aria-expanded', 'true');
  }
  buttons[0]?.focus();
  return { close, element };
}

function menuItem({ label, icon: name, danger, checked, disabled, onSelect }, close) {
  const radio = checked !== undefined;
  const button = h(
    'button',
    {
      class: danger ? 'menu-item menu-danger' : 'menu-item',
      type: 'button',
      role: radio ? 'menuitemradio' : 'menuitem',
      tabindex: '-1',
    },
    radio ? h('span', { class: 'menu-mark' }, checked ? icon('check') : null) : name ? icon(name) : null,
    h('span', { class: 'menu-label' }, label),
  );
  if (radio) button.setAttribute('aria-checked', String(checked));
  button.disabled = Boolean(disabled);
  button.addEventListener('click', () => {
    close();
    onSelect();
  });
  return button;
}

function moveInMenu(event, buttons, close) {
  const at = buttons.indexOf(document.activeElement);
  let next;
  if (event.key === 'ArrowDown') next = (at + 1) % buttons.length;
  else if (event.key === 'ArrowUp') next = (at <= 0 ? buttons.length : at) - 1;
  else if (event.key === 'Home') next = 0;
  else if (event.key === 'End') next = buttons.length - 1;
  else if (event.key === 'Tab') {
    event.preventDefault();
    close();
    return;
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== ' ') {
    const letter = event.key.toLocaleLowerCase();
    const order = [...buttons.slice(at + 1), ...buttons.slice(0, at + 1)];
    order.find((button) => button.textContent.toLocaleLowerCase().startsWith(letter))?.focus();
    return;
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  buttons[next]?.focus();
}

function pointRect({ x, y }) {
  return { left: x, right: x, top: y, bottom: y };
}

// Below the anchor and along its start where there is room, else the other way.
function place(element, rect) {
  const gap = 4;
  const { offsetWidth: width, offsetHeight: height } = element;
  const left = rect.left + width + gap <= innerWidth ? rect.left : rect.right - width;
  const top = rect.bottom + gap + height <= innerHeight ? rect.bottom + gap : rect.top - gap - height;
  element.style.left = `${Math.max(gap, Math.min(left, innerWidth - width - gap))}px`;
  element.style.top = `${Math.max(gap, top)}px`;
}

/** Puts a sentence about what went wrong into a place that screen readers follow. */
export function showTrouble(place, text) {
  clear(place);
  if (text) place.append(icon('circle-alert'), h('span', {}, text));
  place.hidden = !text;
}
