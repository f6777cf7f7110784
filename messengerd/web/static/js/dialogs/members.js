// The members of a chat: roles, adding and removing.

import { api, errorText } from '../api.js';
import { confirmDialog, menu, openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { membershipIn, nameOf, state } from '../state.js';
import { peoplePicker, personRow, statusText } from './people.js';
import { openPerson } from './person.js';

/** So many are drawn at first, and with each "show more". */
const STEP = 100;
const FILTER_FROM = 12;
const RANK = { admin: 0, moderator: 1, member: 2 };

/**
 * The section of the chat's dialog.
 *
 * @param {string} chatId
 * @param {{guarded: function, load: function(): Promise}} options `guarded` runs work and shows what went wrong,
 *     `load` fetches the chat anew
 */
export function memberSection(chatId, { guarded, load }) {
  let limit = STEP;
  const filter = h('input', { class: 'input', type: 'text', role: 'searchbox', enterKeyHint: 'search', placeholder: t('members.filter'), 'aria-label': t('members.filter') });
  filter.autocomplete = 'off';
  filter.addEventListener('input', () => {
    limit = STEP;
    paint();
  });
  const list = h('div', { class: 'people-list', role: 'list', 'aria-label': t('members.title') });
  const more = h('button', { class: 'button', type: 'button', onclick: () => grow() }, t('members.more'));
  const add = h('button', { class: 'button compact', type: 'button', dataset: { action: 'add-member' } }, icon('user-plus'), t('members.add'));
  add.addEventListener('click', () => openAdd(chatId, load));

  const grow = () => {
    limit += STEP;
    paint();
  };
  const paint = () => {
    const chat = state.chats.get(chatId);
    if (!chat) return;
    const own = membershipIn(chat);
    const all = (chat.members ?? []).filter((member) => member.is_active);
    const text = filter.value.trim().toLocaleLowerCase();
    const shown = all
      .filter((member) => !text || `${nameOf(member.user)} ${member.user?.username}`.toLocaleLowerCase().includes(text))
      .sort((one, other) => RANK[one.role] - RANK[other.role] || nameOf(one.user).localeCompare(nameOf(other.user)));
    filter.hidden = all.length < FILTER_FROM && !text;
    add.hidden = !own || !(own.role === 'admin' || own.role === 'moderator' || chat.settings?.allow_members_add);
    const focused = list.contains(document.activeElement) ? document.activeElement.closest('.person')?.dataset.user : null;
    clear(list);
    for (const member of shown.slice(0, limit)) {
      list.append(h('div', { class: 'person-item', role: 'listitem' }, memberRow(chat, member, own, { guarded, load })));
    }
    more.hidden = shown.length <= limit;
    if (focused) list.querySelector(`[data-user="${CSS.escape(focused)}"] button`)?.focus();
  };
  const element = h(
    'section',
    { class: 'people-section stack', 'aria-label': t('members.title') },
    h('div', { class: 'section-head' }, h('h3', { class: 'section-title' }, t('members.title')), add),
    filter,
    list,
    more,
  );
  return { element, paint };
}

function memberRow(chat, member, own, { guarded, load }) {
  const user = state.users.get(member.user_id) ?? member.user;
  const mine = member.user_id === state.me.id;
  const name = nameOf(user);
  const badge = member.role === 'member' ? null : h('span', { class: 'role' }, t(`role.${member.role}`));
  const above = own?.role === 'admin' || (own?.role === 'moderator' && member.role === 'member');
  let actions = null;
  if (!mine && above) {
    actions = h(
      'button',
      { class: 'icon-button', type: 'button', 'aria-label': t('members.actions', { name }), 'aria-haspopup': 'menu', title: t('dialog.menu') },
      icon('ellipsis'),
    );
    const roles = own.role === 'admin' ? ['admin', 'moderator', 'member'] : [];
    actions.addEventListener('click', () =>
      menu(actions, [
        ...roles.map((role) => ({
          label: t(`role.${role}`),
          checked: role === member.role,
          onSelect: () =>
            guarded(async () => {
              await api.setRole(chat.id, member.user_id, role);
              await load();
            }),
        })),
        roles.length > 0 ? null : undefined,
        {
          label: t('members.remove'),
          icon: 'user-minus',
          danger: true,
          onSelect: () =>
            guarded(async () => {
              const sure = await confirmDialog({ title: t('members.removeTitle', { name }), text: t('members.removeText'), action: t('members.remove'), danger: true });
              if (!sure) return;
              await api.removeMember(chat.id, member.user_id);
              await load();
            }),
        },
      ].filter((item) => item !== undefined)),
    );
  }
  return personRow(user, {
    detail: mine ? t('members.you') : statusText(user),
    trailing: h('span', { class: 'person-actions' }, badge, actions),
    onClick: mine ? undefined : () => openPerson(member.user_id),
  });
}

function openAdd(chatId, load) {
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const chat = state.chats.get(chatId);
  const present = new Set((chat.members ?? []).filter((member) => member.is_active).map((member) => member.user_id));
  const picker = peoplePicker({
    multiple: true,
    exclude: present,
    onChange: (users) => {
      button.disabled = users.length === 0;
    },
  });
  const dialog = openDialog({
    title: t('members.add'),
    body: h('div', { class: 'stack' }, picker.element, trouble),
    className: 'dialog-people',
    focus: picker.input,
    actions: [
      { label: t('dialog.cancel'), name: 'cancel' },
      { label: t('members.addAction'), kind: 'primary', name: 'add', onClick: () => addAll() },
    ],
  });
  const button = dialog.element.querySelector('[data-action=add]');
  button.disabled = true;

  async function addAll() {
    button.disabled = true;
    showTrouble(trouble, null);
    try {
      for (const user of picker.chosen) await api.addMember(chatId, { user_id: user.id });
      dialog.close();
    } catch (error) {
      showTrouble(trouble, errorText(error));
      button.disabled = false;
    }
    await load();
  }
}
