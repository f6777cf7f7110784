// The sign-in page: signing in, making an account, and how to connect from a
// terminal.

import { ApiError, about, api, errorText, probablySignedIn, rememberSignedIn } from './api.js';
import { append, clear, h, icon, iconButton } from './dom.js';
import { language, languages, onLanguage, setLanguage, t } from './i18n.js';
import './lang/core.js';

const root = document.getElementById('auth');
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
let server = null;
let mode = 'login';

// An invite in the address stays through signing in: it is either for an
// account here or, afterwards, for a chat.
function inviteInAddress() {
  return new URLSearchParams(location.hash.slice(1)).get('invite') ?? '';
}

function next() {
  location.replace(`/chat.html${location.hash}`);
}

async function start() {
  onLanguage(() => draw());
  // A session that is still good needs no form.
  const [session, said] = await Promise.all([probablySignedIn() ? api.me({ stay: true }).catch((error) => error) : {}, about()]);
  server = said;
  if (session.user) {
    next();
    return;
  }
  if (session.status === 401) rememberSignedIn(false);
  if (inviteInAddress() && server?.registration !== 'closed') mode = 'register';
  draw();
  addEventListener('hashchange', () => draw());
}

function draw() {
  document.title = t(mode === 'login' ? 'auth.title_login' : 'auth.title_register');
  clear(root);
  append(
    root,
    h(
      'div',
      { class: 'auth-card' },
      h('div', { class: 'auth-mark', aria: { hidden: true } }, icon('message-circle')),
      h('h1', null, t(mode === 'login' ? 'auth.welcome' : 'auth.create')),
      mode === 'login' ? loginForm() : registerForm(),
      other(),
    ),
    terminal(),
    foot(),
  );
  root.querySelector('input:not([type=checkbox])')?.focus();
}

function field({ name, label, type = 'text', hint = '', check, ...props }) {
  const id = `field-${name}`;
  const said = hint ? h('p', { class: 'hint', id: `${id}-hint` }, hint) : null;
  const problem = h('p', { class: 'problem', id: `${id}-problem`, hidden: true });
  const input = h('input', {
    class: 'input',
    id,
    name,
    type,
    aria: { describedby: hint ? `${id}-hint ${id}-problem` : `${id}-problem` },
    ...props,
  });
  let touched = false;
  const tell = (text) => {
    problem.hidden = !text;
    problem.textContent = text ?? '';
    if (said) said.hidden = Boolean(text);
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  };
  const validate = () => {
    touched = true;
    const text = check?.(input.value) ?? null;
    tell(text);
    return !text;
  };
  input.addEventListener('blur', () => input.value && validate());
  input.addEventListener('input', () => touched && validate());
  return {
    input,
    tell,
    validate,
    get value() {
      return input.value;
    },
    element: h(
      'div',
      { class: 'field' },
      h('label', { for: id }, label),
      type === 'password' ? h('div', { class: 'secret' }, input, reveal(input)) : input,
      said,
      problem,
    ),
  };
}

function reveal(input) {
  const button = iconButton('eye', t('auth.show_password'), () => {
    const hidden = input.type === 'password';
    input.type = hidden ? 'text' : 'password';
    button.replaceChildren(icon(hidden ? 'eye-off' : 'eye'));
    button.setAttribute('aria-label', t(hidden ? 'auth.hide_password' : 'auth.show_password'));
    button.title = button.getAttribute('aria-label');
    input.focus();
  });
  return button;
}

const required = (value) => (value.trim() ? null : t('auth.required'));

function form(fields, label, submit) {
  const trouble = h('div', { class: 'notice bad', role: 'alert', hidden: true });
  const button = h('button', { type: 'submit', class: 'button primary wide' }, label);
  const element = h('form', { class: 'auth-form', noValidate: true }, trouble, fields.map((item) => item.element), button);
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    const wrong = fields.filter((item) => !item.validate());
    if (wrong.length) {
      wrong[0].input.focus();
      return;
    }
    button.disabled = true;
    button.setAttribute('aria-busy', 'true');
    try {
      await submit();
      rememberSignedIn(true);
      next();
    } catch (error) {
      clear(trouble).append(icon('circle-alert'), h('p', null, errorText(error)));
      trouble.hidden = false;
      blame(error, fields);
    } finally {
      button.disabled = false;
      button.removeAttribute('aria-busy');
    }
  });
  return element;
}

// Puts the keyboard where the error can be mended.
function blame(error, fields) {
  const named = (name) => fields.find((item) => item.input.name === name);
  const code = error instanceof ApiError ? error.code : '';
  const target =
    (/name/.test(code) && named('username')) ||
    (/mail/.test(code) && named('email')) ||
    (/password|credential|unauth/.test(code) && named('password')) ||
    (/invite|registration/.test(code) && named('invite'));
  target?.input.focus();
}

function loginForm() {
  const name = field({ name: 'username', label: t('auth.login_name'), autocomplete: 'username', autocapitalize: 'none', spellcheck: false, check: required });
  const password = field({ name: 'password', type: 'password', label: t('auth.password'), autocomplete: 'current-password', check: (value) => (value ? null : t('auth.required')) });
  return form([name, password], t('auth.sign_in'), () => api.login(name.value.trim(), password.value));
}

function registerForm() {
  const name = field({
    name: 'username',
    label: t('auth.username'),
    hint: t('auth.username_hint'),
    autocomplete: 'username',
    autocapitalize: 'none',
    spellcheck: false,
    maxLength: 64,
    check: (value) => required(value) ?? (NAME.test(value.trim()) ? null : t('auth.username_bad')),
  });
  const email = field({
    name: 'email',
    type: 'email',
    label: t('auth.email'),
    autocomplete: 'email',
    check: (value) => required(value) ?? (/^[^\s@]+@[^\s@]+$/.test(value.trim()) ? null : t('auth.email_bad')),
  });
  const first = field({ name: 'first_name', label: t('auth.first_name'), autocomplete: 'given-name', maxLength: 64 });
  const last = field({ name: 'last_name', label: t('auth.last_name'), autocomplete: 'family-name', maxLength: 64 });
  const password = field({
    name: 'password',
    type: 'password',
    label: t('auth.password'),
    hint: t('auth.password_hint'),
    autocomplete: 'new-password',
    check: (value) => ([...value].length >= 8 ? null : t('auth.password_short')),
  });
  const needed = server?.registration === 'invite';
  const invite = field({
    name: 'invite',
    label: t(needed ? 'auth.invite' : 'auth.invite_optional'),
    hint: needed ? t('auth.invite_hint') : '',
    value: inviteInAddress(),
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: false,
    check: needed ? required : null,
  });
  const names = { input: first.input, validate: () => true, element: h('div', { class: 'pair' }, first.element, last.element) };
  return form([name, email, names, password, invite], t('auth.sign_up'), () => {
    const fields = { username: name.value.trim(), email: email.value.trim(), password: password.value };
    if (first.value.trim()) fields.first_name = first.value.trim();
    if (last.value.trim()) fields.last_name = last.value.trim();
    const token = tokenOf(invite.value);
    if (token) fields.invite = token;
    return api.register(fields).then((answer) => {
      // It was used up here and is for no chat.
      if (token && token === inviteInAddress()) history.replaceState(null, '', location.pathname);
      return answer;
    });
  });
}

// People paste the whole link as well.
function tokenOf(text) {
  const trimmed = text.trim();
  return /[?#&]invite=([^&#\s]+)/.exec(trimmed)?.[1] ?? trimmed;
}

function other() {
  if (mode === 'register') return swap(t('auth.have_account'), t('auth.sign_in'), 'login');
  if (server?.registration === 'closed') return h('p', { class: 'auth-other muted' }, t('auth.closed'));
  return swap(t('auth.no_account'), t('auth.sign_up'), 'register');
}

function swap(text, label, to) {
  const go = () => {
    mode = to;
    draw();
  };
  return h('p', { class: 'auth-other' }, h('span', { class: 'muted' }, `${text} `), h('button', { type: 'button', class: 'link', onclick: go }, label));
}

function terminal() {
  if (!server?.fingerprint) return null;
  const host = location.hostname.includes(':') && !location.hostname.startsWith('[') ? `[${location.hostname}]` : location.hostname;
  const command = `mchat --server mchat://${host}:${server.port}`;
  return h(
    'details',
    { class: 'auth-terminal' },
    h('summary', null, icon('terminal', 'small'), t('auth.terminal')),
    h('p', null, t('auth.terminal_text')),
    copyable(command),
    h('p', null, t('auth.fingerprint_text')),
    copyable(server.fingerprint),
  );
}

function copyable(text) {
  const button = iconButton('copy', t('copy'), async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.replaceChildren(icon('check'));
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
  const code = h('code', null, text);
  return h('div', { class: 'copyable' }, code, button);
}

function foot() {
  const select = h(
    'select',
    { class: 'auth-language', aria: { label: t('language') }, onchange: () => setLanguage(select.value) },
    Object.entries(languages).map(([code, name]) => h('option', { value: code, selected: code === language(), lang: code }, name)),
  );
  return h('footer', { class: 'auth-foot' }, h('span', null, server?.version ? `Messenger ${server.version}` : 'Messenger'), select);
}

start();
