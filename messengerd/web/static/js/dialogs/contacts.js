// The contact list: find, add, write to, rename, block and remove.

import { api, errorText } from '../api.js';
import { confirmDialog, menu, openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { emit, learnUser, nameOf, on, state } from '../state.js';
import { textField } from './field.js';
import { delayed, personRow, statusText } from './people.js';
import { openPerson, writeTo } from './person.js';

/** Shows the contacts, and whom a search finds beside them. */
export function openContacts() {
  const search = h('input', { class: 'input', type: 'text', role: 'searchbox', enterKeyHint: 'search', placeholder: t('contacts.search'), 'aria-label': t('contacts.search') });
  search.autocomplete = 'off';
  search.spellcheck = false;
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const list = h('div', { class: 'people-list', role: 'list', 'aria-label': t('contacts.title') });
  const others = h('section', { class: 'people-section' });
  const note = h('p', { class: 'people-note', role: 'status' });
  let asked = 0;

  const guarded = async (work) => {
    showTrouble(trouble, null);
    try {
      await work();
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
  };
  const known = () => {
    const text = search.value.trim().toLocaleLowerCase();
    return [...state.contacts.values()]
      .filter((contact) => `${contact.nickname} ${contact.username} ${contact.first_name} ${contact.last_name}`.toLocaleLowerCase().includes(text))
      .sort((one, other) => nameOf(one.contact).localeCompare(nameOf(other.contact)));
  };
  const paint = () => {
    const shown = known();
    clear(list);
    for (const contact of shown) {
      list.append(h('div', { class: 'person-item', role: 'listitem' }, contactRow(contact, guarded, dialog)));
    }
    list.hidden = shown.length === 0;
    note.textContent = shown.length === 0 && !search.value.trim() ? t('contacts.empty') : '';
    note.hidden = !note.textContent;
  };
  const searchOthers = async () => {
    asked += 1;
    const mine = asked;
    const text = search.value.trim().replace(/^@/, '');
    if (!text) {
      clear(others);
      return;
    }
    await guarded(async () => {
      const { users } = await api.users({ search: text, limit: 20 });
      if (mine !== asked) return;
      clear(others);
      const strangers = users.filter((user) => user.id !== state.me?.id && !state.contacts.has(user.id));
      const found = h('div', { class: 'people-list', role: 'list', 'aria-label': t('contacts.others') });
      for (const user of strangers) {
        const add = h('button', { class: 'button compact', type: 'button', 'aria-label': t('contacts.addName', { name: nameOf(user) }) }, t('contacts.add'));
        add.addEventListener('click', () =>
          guarded(async () => {
            add.disabled = true;
            try {
              const { contact } = await api.addContact({ contact_id: user.id });
              remember(contact);
              add.closest('.person-item').remove();
            } finally {
              add.disabled = false;
            }
          }),
        );
        found.append(h('div', { class: 'person-item', role: 'listitem' }, personRow(user, { trailing: add, onClick: () => openPerson(user.id) })));
      }
      others.append(h('h3', { class: 'section-title' }, t('contacts.others')), strangers.length > 0 ? found : h('p', { class: 'people-note' }, t('people.none')));
    });
  };
  const searchSoon = delayed(searchOthers);
  search.addEventListener('input', () => {
    paint();
    searchSoon();
  });

  const stops = [on('contacts', paint), on('users', paint)];
  const dialog = openDialog({
    title: t('contacts.title'),
    body: h('div', { class: 'stack' }, search, trouble, note, list, others),
    className: 'dialog-contacts',
    focus: search,
    onClose: () => stops.forEach((stop) => stop()),
  });
  paint();
  guarded(async () => {
    const answer = await api.contacts();
    state.contacts.clear();
    for (const contact of answer.contacts) {
      learnUser(contact.contact);
      state.contacts.set(contact.contact_id, contact);
    }
    emit('contacts');
  });
}

function contactRow(contact, guarded, dialog) {
  const user = contact.contact;
  const more = h(
    'button',
    { class: 'icon-button', type: 'button', 'aria-label': t('contacts.more', { name: nameOf(user) }), 'aria-haspopup': 'menu', title: t('dialog.menu') },
    icon('ellipsis'),
  );
  const write = h(
    'button',
    { class: 'icon-button', type: 'button', 'aria-label': t('contacts.writeName', { name: nameOf(user) }), title: t('contacts.write') },
    icon('message-circle'),
  );
  write.addEventListener('click', () =>
    guarded(async () => {
      await writeTo(user.id);
      dialog.close();
    }),
  );
  more.addEventListener('click', () =>
    menu(more, [
      { label: t('contacts.profile'), icon: 'user', onSelect: () => openPerson(user.id) },
      { label: t('contacts.rename'), icon: 'pencil', onSelect: () => renameContact(contact) },
      contact.is_blocked
        ? { label: t('contacts.unblock'), icon: 'circle-check', onSelect: () => guarded(() => setBlocked(contact, false)) }
        : { label: t('contacts.block'), icon: 'ban', onSelect: () => guarded(() => setBlocked(contact, true)) },
      null,
      { label: t('contacts.remove'), icon: 'trash-2', danger: true, onSelect: () => guarded(() => removeContact(contact)) },
    ]),
  );
  return personRow(user, {
    detail: contact.is_blocked ? t('contacts.blocked') : `@${user.username} · ${statusText(user)}`,
    trailing: h('span', { class: 'person-actions' }, contact.is_blocked ? null : write, more),
    onClick: () => openPerson(user.id),
  });
}

/** Keeps a contact that the daemon told of, and tells the page. */
export function remember(contact) {
  learnUser(contact.contact);
  state.contacts.set(contact.contact_id, contact);
  emit('contacts');
}

/** Blocks or unblocks. */
export async function setBlocked(contact, blocked) {
  const name = nameOf(contact.contact);
  if (blocked) {
    const sure = await confirmDialog({ title: t('contacts.blockTitle', { name }), text: t('contacts.blockText'), action: t('contacts.block'), danger: true });
    if (!sure) return;
    await api.block(contact.id);
  } else {
    await api.unblock(contact.id);
  }
  remember({ ...contact, is_blocked: blocked });
}

/** Removes someone from the list, after a question. */
export async function removeContact(contact) {
  const name = nameOf(contact.contact);
  const sure = await confirmDialog({ title: t('contacts.removeTitle', { name }), text: t('contacts.removeText'), action: t('contacts.remove'), danger: true });
  if (!sure) return;
  await api.deleteContact(contact.id);
  state.contacts.delete(contact.contact_id);
  emit('contacts');
}

/** Asks for the name to show for a contact. */
export function renameContact(contact) {
  const field = textField({ label: t('contacts.nickname'), name: 'nickname', value: contact.nickname, maxLength: 64, hint: t('contacts.nicknameHint') });
  const form = h('form', { id: 'rename-contact', class: 'stack' }, field.element);
  const dialog = openDialog({
    title: t('contacts.rename'),
    body: form,
    className: 'dialog-small',
    actions: [
      { label: t('dialog.cancel'), name: 'cancel' },
      { label: t('dialog.save'), kind: 'primary', form: form.id, name: 'save' },
    ],
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await api.updateContact(contact.id, field.value);
      remember({ ...contact, nickname: field.value });
      dialog.close();
    } catch (error) {
      field.fail(errorText(error));
    }
  });
}
