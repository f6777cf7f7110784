// The own profile: name, picture, status, language, notifications, password,
// sessions, signing out, deleting the account.

import { api, errorText, leave } from '../api.js';
import { forgetDevice } from '../drafts.js';
import { userAvatar } from '../avatar.js';
import { confirmDialog, openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { language, languages, setLanguage, t } from '../i18n.js';
import { notifications, toast } from '../notifications.js';
import { emit, learnUser, nameOf, on, state } from '../state.js';
import { selectField, switchField, textField } from './field.js';
import { openSessions } from './sessions.js';

const NAME_LENGTH = 64;
const PASSWORD_LENGTH = 8;
const STATUSES = ['online', 'away', 'busy', 'invisible'];

/** Shows the own profile and the settings. */
export function openProfile() {
  const place = h('div', { class: 'stack' });
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const guarded = async (work) => {
    showTrouble(trouble, null);
    try {
      await work();
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
  };
  const head = h('div', { class: 'profile-head' });
  const paintHead = () => {
    clear(head);
    head.append(
      pictureButton(userAvatar(state.me, { size: 'xl' }), (file) => guarded(() => changePicture(file))),
      h(
        'div',
        { class: 'profile-lines' },
        h('p', { class: 'profile-name' }, h('bdi', {}, nameOf(state.me))),
        h('p', { class: 'profile-line' }, h('bdi', {}, `@${state.me.username}`)),
        state.me.email ? h('p', { class: 'profile-line' }, state.me.email) : null,
      ),
    );
  };
  const row = (action, name, label, onclick, danger = false) =>
    h('button', { class: danger ? 'action-row is-danger' : 'action-row', type: 'button', dataset: { action }, onclick: () => guarded(onclick) }, icon(name), h('span', {}, label));

  const settings = () =>
    h(
      'div',
      { class: 'settings' },
      selectField({
        label: t('profile.status'),
        name: 'status',
        value: STATUSES.includes(state.me.status) ? state.me.status : 'online',
        options: STATUSES.map((value) => ({ value, label: capital(t(`status.${value}`)) })),
        onChange: (value) => guarded(() => changeStatus(value)),
      }).element,
      selectField({
        label: t('profile.language'),
        name: 'language',
        value: language(),
        options: Object.entries(languages).map(([value, label]) => ({ value, label })),
        onChange: (value) => setLanguage(value),
      }).element,
      notificationSwitch(),
    );
  const paint = () => {
    paintHead();
    clear(place);
    place.append(
      head,
      settings(),
      h(
        'div',
        { class: 'action-list' },
        row('edit', 'pencil', t('profile.edit'), () => editProfile()),
        row('password', 'key-round', t('profile.password'), () => changePassword()),
        row('sessions', 'monitor', t('profile.sessions'), () => openSessions()),
        row('sign-out', 'log-out', t('profile.signOut'), () => signOut()),
        row('delete', 'trash-2', t('profile.delete'), () => deleteAccount(), true),
      ),
    );
  };
  const stop = on('me', paintHead);
  openDialog({ title: t('profile.title'), body: [place, trouble], className: 'dialog-profile', onClose: stop });
  paint();
  place.querySelector('button, select')?.focus();
}

const capital = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1);

function keepMe(user) {
  state.me = learnUser(user);
  emit('me');
  emit('users', { userId: user.id });
}

async function changeStatus(status) {
  const answer = await api.setStatus(status);
  keepMe(answer?.user ?? { ...state.me, status });
}

async function changePicture(file) {
  await api.uploadMyAvatar(file);
  keepMe((await api.me()).user);
}

/** A picture that is changed by a click on it. */
export function pictureButton(face, onFile, label = t('profile.picture')) {
  const input = h('input', { type: 'file', accept: 'image/png,image/jpeg,image/webp,image/gif', hidden: true, tabindex: '-1', 'aria-label': label });
  input.addEventListener('change', () => {
    if (input.files[0]) onFile(input.files[0]);
    input.value = '';
  });
  return h(
    'div',
    { class: 'picture' },
    face,
    h('button', { class: 'picture-button', type: 'button', title: label, 'aria-label': label, onclick: () => input.click() }, h('span', { class: 'picture-mark' }, icon('camera'))),
    input,
  );
}

function notificationSwitch() {
  const hint = () => (notifications.permission === 'denied' ? t('profile.notificationsDenied') : t('profile.notificationsHint'));
  const field = switchField({
    label: t('profile.notifications'),
    hint: hint(),
    checked: notifications.enabled,
    disabled: notifications.permission === 'denied',
    onChange: async (wanted, input) => {
      if (wanted) await notifications.enable();
      else notifications.disable();
      input.checked = notifications.enabled;
      input.disabled = notifications.permission === 'denied';
      field.element.querySelector('.setting-hint').textContent = hint();
    },
  });
  return field.element;
}

/** A dialog with fields and a button that saves them. */
export function formDialog({ title, fields, intro, action = t('dialog.save'), danger = false, onSubmit }) {
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const form = h('form', { id: `form-${crypto.randomUUID()}`, class: 'stack', noValidate: true }, intro ? h('p', { class: 'dialog-text' }, intro) : null, fields.map((field) => field.element), trouble);
  const dialog = openDialog({
    title,
    body: form,
    className: 'dialog-small',
    actions: [
      { label: t('dialog.cancel'), name: 'cancel' },
      { label: action, kind: danger ? 'danger' : 'primary', form: form.id, name: 'submit' },
    ],
  });
  const button = dialog.element.querySelector('[data-action=submit]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    showTrouble(trouble, null);
    button.disabled = true;
    try {
      if ((await onSubmit()) !== false) dialog.close();
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
    button.disabled = false;
  });
  return dialog;
}

function editProfile() {
  const { me } = state;
  const first = textField({ label: t('profile.firstName'), name: 'first_name', value: me.first_name, maxLength: NAME_LENGTH, autocomplete: 'given-name' });
  const last = textField({ label: t('profile.lastName'), name: 'last_name', value: me.last_name, maxLength: NAME_LENGTH, autocomplete: 'family-name' });
  const email = textField({ label: t('profile.email'), name: 'email', type: 'email', value: me.email, autocomplete: 'email' });
  formDialog({
    title: t('profile.edit'),
    fields: [first, last, email],
    onSubmit: async () => {
      if (email.value && !email.input.validity.valid) {
        email.fail(t('profile.emailBad'));
        email.input.focus();
        return false;
      }
      const { user } = await api.updateMe({ first_name: first.value, last_name: last.value, email: email.value });
      keepMe(user);
      return true;
    },
  });
}

function changePassword() {
  const old = textField({ label: t('profile.oldPassword'), name: 'old', type: 'password', autocomplete: 'current-password' });
  const fresh = textField({ label: t('profile.newPassword'), name: 'new', type: 'password', autocomplete: 'new-password', hint: t('profile.passwordHint') });
  const again = textField({ label: t('profile.againPassword'), name: 'again', type: 'password', autocomplete: 'new-password' });
  formDialog({
    title: t('profile.password'),
    intro: t('profile.passwordText'),
    fields: [old, fresh, again],
    onSubmit: async () => {
      const wrong = [
        [old, !old.input.value, 'profile.oldMissing'],
        [fresh, [...fresh.input.value].length < PASSWORD_LENGTH, 'profile.passwordShort'],
        [again, again.input.value !== fresh.input.value, 'profile.passwordDiffers'],
      ].find(([, bad]) => bad);
      if (wrong) {
        wrong[0].fail(t(wrong[2]));
        wrong[0].input.focus();
        return false;
      }
      await api.changePassword(old.input.value, fresh.input.value);
      toast(t('profile.passwordChanged'));
      return true;
    },
  });
}

async function signOut() {
  const sure = await confirmDialog({ title: t('profile.signOutTitle'), text: t('profile.signOutText'), action: t('profile.signOut') });
  if (!sure) return;
  await api.logout();
  forgetDevice();
  leave();
}

function deleteAccount() {
  const password = textField({ label: t('profile.oldPassword'), name: 'password', type: 'password', autocomplete: 'current-password' });
  formDialog({
    title: t('profile.deleteTitle'),
    intro: t('profile.deleteText'),
    fields: [password],
    action: t('profile.deleteAction'),
    danger: true,
    onSubmit: async () => {
      if (!password.input.value) {
        password.fail(t('profile.oldMissing'));
        return false;
      }
      await api.deleteMe(password.input.value);
      forgetDevice();
      leave();
      return true;
    },
  });
}
