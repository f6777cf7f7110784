// People in dialogs: a row for one, and a search that picks some.

import { api, errorText } from '../api.js';
import { userAvatar } from '../avatar.js';
import { clear, h, icon } from '../dom.js';
import { relative, t } from '../i18n.js';
import { learnUser, nameOf, state, statusOf } from '../state.js';

const SEARCH_DELAY_MS = 180;

/** "online", "away", or when they were last seen. */
export function statusText(user) {
  const status = statusOf(user.id);
  const lastSeen = state.presence.get(user.id)?.last_seen ?? user.last_seen;
  if (status === 'offline' || status === 'invisible') {
    return lastSeen ? t('person.lastSeen', { when: relative(lastSeen) }) : t('status.offline');
  }
  return t(`status.${status}`);
}

/**
 * A row with picture, name and a line below.
 *
 * @param {object} user
 * @param {{detail?: string, trailing?: Node|null, onClick?: function}} [options] with `onClick` the row's
 *     name is a button; what is trailing stays apart from it
 */
export function personRow(user, { detail = `@${user.username}`, trailing = null, onClick } = {}) {
  const text = h(
    'span',
    { class: 'person-text' },
    h('span', { class: 'person-name' }, h('bdi', {}, nameOf(user))),
    detail ? h('span', { class: 'person-detail' }, detail) : null,
  );
  const main = onClick
    ? h('button', { class: 'person-main', type: 'button', onclick: onClick }, userAvatar(user, { size: 'm', presence: true }), text)
    : h('div', { class: 'person-main' }, userAvatar(user, { size: 'm', presence: true }), text);
  return h('div', { class: 'person', dataset: { user: user.id } }, main, trailing);
}

/** Calls after a pause in calling; a later call replaces an earlier one. */
export function delayed(run, pause = SEARCH_DELAY_MS) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), pause);
  };
}

/**
 * A search field over a list of people. While nothing is typed it offers the contacts.
 *
 * @param {{multiple: boolean, exclude?: Set<string>, label?: string,
 *     onChange?: function(object[]): void, onPick?: function(object): void}} options with `multiple` people
 *     are collected above the field and `onChange` gets them, else a choice calls `onPick`
 * @returns {{element: HTMLElement, input: HTMLInputElement, chosen: object[]}}
 */
export function peoplePicker({ multiple, exclude = new Set(), label = t('people.search'), onChange, onPick }) {
  const chosen = [];
  let shown = [];
  let active = -1;
  let asked = 0;
  const listId = `people-${crypto.randomUUID()}`;
  const input = h('input', { class: 'input', type: 'text', enterKeyHint: 'search', placeholder: label, 'aria-label': label, role: 'combobox' });
  input.autocomplete = 'off';
  input.spellcheck = false;
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-expanded', 'true');
  input.setAttribute('aria-controls', listId);
  const list = h('div', { class: 'people-list', id: listId, role: 'listbox', 'aria-label': t('people.found') });
  if (multiple) list.setAttribute('aria-multiselectable', 'true');
  const note = h('p', { class: 'people-note', role: 'status' });
  const chips = h('div', { class: 'chips', role: 'list', 'aria-label': t('people.chosen') });
  chips.hidden = true;

  const isChosen = (user) => chosen.some((other) => other.id === user.id);
  const mark = (index) => {
    active = index;
    [...list.children].forEach((row, at) => row.classList.toggle('is-active', at === index));
    const row = list.children[index];
    if (row) {
      input.setAttribute('aria-activedescendant', row.id);
      row.scrollIntoView({ block: 'nearest' });
    } else {
      input.removeAttribute('aria-activedescendant');
    }
  };
  const paintChips = () => {
    clear(chips);
    for (const user of chosen) {
      const name = nameOf(user);
      chips.append(
        h(
          'span',
          { class: 'chip', role: 'listitem' },
          h('bdi', { class: 'chip-name' }, name),
          h('button', { class: 'chip-remove', type: 'button', 'aria-label': t('people.remove', { name }), onclick: () => toggle(user) }, icon('x')),
        ),
      );
    }
    chips.hidden = chosen.length === 0;
  };
  const toggle = (user) => {
    if (!multiple) {
      onPick?.(user);
      return;
    }
    const at = chosen.findIndex((other) => other.id === user.id);
    if (at >= 0) chosen.splice(at, 1);
    else chosen.push(user);
    paintChips();
    paint(shown);
    input.focus();
    onChange?.(chosen);
  };
  const paint = (users) => {
    shown = users;
    clear(list);
    users.forEach((user, at) => {
      const selected = multiple && isChosen(user);
      const row = h(
        'div',
        { class: 'people-option', role: 'option', id: `${listId}-${at}`, dataset: { user: user.id }, onclick: () => toggle(user) },
        personRow(user, { trailing: multiple ? h('span', { class: 'people-mark' }, selected ? icon('check') : null) : null }),
      );
      row.setAttribute('aria-selected', String(selected));
      row.addEventListener('pointermove', () => {
        if (active !== at) mark(at);
      });
      list.append(row);
    });
    mark(users.length > 0 ? Math.min(Math.max(active, 0), users.length - 1) : -1);
  };
  const search = async () => {
    asked += 1;
    const mine = asked;
    const text = input.value.trim().replace(/^@/, '');
    try {
      const users = text
        ? (await api.users({ search: text, limit: 50 })).users.map(learnUser)
        : [...state.contacts.values()].filter((contact) => !contact.is_blocked).map((contact) => contact.contact);
      if (mine !== asked) return;
      active = 0;
      const rest = users.filter((user) => user.id !== state.me?.id && !exclude.has(user.id));
      paint(rest);
      note.textContent = rest.length > 0 ? '' : text ? t('people.none') : t('people.type');
    } catch (error) {
      if (mine === asked) note.textContent = errorText(error);
    }
    note.hidden = !note.textContent;
  };
  const searchSoon = delayed(search);
  input.addEventListener('input', searchSoon);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (shown.length > 0) mark((active + step + shown.length) % shown.length);
    } else if (event.key === 'Enter' && shown[active]) {
      event.preventDefault();
      toggle(shown[active]);
    } else if (event.key === 'Backspace' && input.value === '' && chosen.length > 0) {
      toggle(chosen.at(-1));
    }
  });
  search();
  return { element: h('div', { class: 'people' }, chips, input, note, list), input, chosen };
}
