// A new conversation: with one person, a group, or a public chat.

import { api, errorText } from '../api.js';
import { openDialog, showTrouble } from '../dialog.js';
import { clear, h } from '../dom.js';
import { t } from '../i18n.js';
import { emit } from '../state.js';
import { learnChat } from './chat_info.js';
import { choices, textField } from './field.js';
import { peoplePicker } from './people.js';

const NAME_LENGTH = 64;
const DESCRIPTION_LENGTH = 500;

/** Asks what kind of chat and with whom, makes it and shows it. */
export function openNewChat({ type = 'private' } = {}) {
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const form = h('form', { class: 'stack', id: 'new-chat' });
  const place = h('div', { class: 'stack' });
  const kinds = choices({
    legend: t('newChat.kind'),
    name: 'type',
    value: type,
    options: ['private', 'group', 'public'].map((value) => ({
      value,
      label: t(`newChat.${value}`),
      hint: t(`newChat.${value}Hint`),
      icon: { private: 'user', group: 'users', public: 'globe' }[value],
    })),
    onChange: (value) => show(value),
  });
  kinds.classList.add('choices-row');
  form.append(kinds, place, trouble);
  const dialog = openDialog({
    title: t('newChat.title'),
    body: form,
    className: 'dialog-new-chat',
    actions: [
      { label: t('dialog.cancel'), name: 'cancel' },
      { label: t('newChat.create'), kind: 'primary', form: form.id, name: 'create' },
    ],
  });
  const submit = dialog.element.querySelector('[data-action=create]');
  let current;

  const create = async (body) => {
    submit.disabled = true;
    showTrouble(trouble, null);
    try {
      const { chat } = await api.createChat(body);
      learnChat(chat);
      dialog.close();
      emit('open-chat', { chatId: chat.id });
    } catch (error) {
      showTrouble(trouble, errorText(error));
      submit.disabled = false;
    }
  };

  function show(kind) {
    current = { kind };
    clear(place);
    submit.hidden = kind === 'private';
    if (kind === 'private') {
      const picker = peoplePicker({
        multiple: false,
        label: t('people.search'),
        onPick: (user) => create({ type: 'private', name: '', member_ids: [user.id] }),
      });
      place.append(picker.element);
      if (dialog.element.open) picker.input.focus();
      return;
    }
    current.name = textField({ label: t('newChat.name'), name: 'name', required: true, maxLength: NAME_LENGTH });
    current.description = textField({ label: t('newChat.description'), name: 'description', maxLength: DESCRIPTION_LENGTH, multiline: true });
    current.picker = peoplePicker({ multiple: true, label: t('people.add') });
    form.noValidate = true;
    place.append(
      current.name.element,
      current.description.element,
      h('div', { class: 'field' }, h('p', { class: 'label' }, t('newChat.people')), current.picker.element),
    );
    current.name.input.focus();
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (current.kind === 'private') return;
    if (!current.name.value) {
      current.name.fail(t('newChat.nameMissing'));
      current.name.input.focus();
      return;
    }
    create({
      type: current.kind,
      name: current.name.value,
      description: current.description.value,
      member_ids: current.picker.chosen.map((user) => user.id),
    });
  });
  show(type);
}
