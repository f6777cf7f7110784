// The chat page: puts the list, the header, the timeline and the composer
// together, and decides what is open.

import { ApiError, about, api, errorText, probablySignedIn, rememberSignedIn } from './api.js';
import { userAvatar } from './avatar.js';
import { Composer } from './compose/composer.js';
import { append, clear, h, icon, iconButton } from './dom.js';
import { openContacts, openJoin, openNewChat, openProfile, openQuickSwitch, openSearch } from './doors.js';
import { onLanguage, t } from './i18n.js';
import './lang/core.js';
import { ChatList } from './list.js';
import { Header } from './header.js';
import { watchIdle } from './idle.js';
import { badgeTitle, toast } from './notifications.js';
import { learnUser, on, state, statusOf } from './state.js';
import { follow, load, reloadChat } from './sync.js';
import { Timeline } from './timeline/view.js';
import { socket } from './websocket.js';

const shell = document.getElementById('shell');
const narrow = matchMedia('(max-width: 759px)');
let list;
let header;
let timeline;
let composer;
let banner;
let said;
let panes;

async function start() {
  if (!probablySignedIn() && !(await signedIn())) return;
  // First the line, then the state: what happens between is not lost.
  socket.start();
  await socket.ready(1000);
  const early = socket.state === 'online';
  for (;;) {
    try {
      await load();
      break;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return;
      await failed(error);
    }
  }
  build();
  follow(timeline, early);
  on('open-chat', (wish) => openChat(wish));
  on('chat-gone', ({ chatId }) => chatId === state.open && closeChat(true));
  on('chat', ({ chatId }) => {
    if (chatId !== state.open) return;
    composer.permit();
    timeline.redraw();
  });
  on('connection', connection);
  connection({ online: socket.state === 'online' });
  on('said', ({ text }) => (said.textContent = text));
  onLanguage(() => location.reload());
  badgeTitle();
  watchIdle();
  state.about = await about();
  addEventListener('hashchange', () => followAddress());
  followAddress();
  state.emit('chats', {});
}

// Asked before the socket is opened, which would only be refused.
async function signedIn() {
  try {
    await api.me();
    rememberSignedIn(true);
  } catch (error) {
    // Where there is no line, loading says so and tries again.
    return error.status !== 401;
  }
  return true;
}

// Nothing could be loaded: says why and waits for the reader.
function failed(error) {
  return new Promise((resolve) => {
    const again = h('button', { type: 'button', class: 'button primary', onclick: resolve }, t('again'));
    const way = setTimeout(resolve, (error.retryAfter ?? 10) * 1000);
    again.addEventListener('click', () => clearTimeout(way));
    clear(shell).append(h('div', { class: 'blank', role: 'alert' }, icon('wifi-off'), h('p', null, errorText(error)), again));
  });
}

function build() {
  list = new ChatList();
  composer = new Composer();
  timeline = new Timeline(composer);
  composer.lastOwn = () => timeline.lastOwn();
  header = new Header(() => closeChat());
  said = h('div', { class: 'quiet', role: 'log', aria: { live: 'polite', label: t('timeline.news') } });
  banner = h('div', { class: 'banner', role: 'status', hidden: true });
  const me = h('button', { type: 'button', class: 'me', title: t('profile.open'), aria: { label: t('profile.open') }, onclick: () => openProfile() });
  const drawMe = () => clear(me).append(userAvatar(state.me, { size: 'm' }), h('span', { class: 'dot', dataset: { status: statusOf(state.me.id) } }));
  drawMe();
  on('users', ({ userId } = {}) => (!userId || userId === state.me.id) && drawMe());
  on('me', () => {
    learnUser(state.me);
    drawMe();
  });
  panes = {
    side: h(
      'aside',
      { class: 'side', aria: { label: t('list.title') } },
      h(
        'header',
        { class: 'side-header' },
        me,
        h('h1', { class: 'side-title' }, t('list.title')),
        iconButton('users', t('contacts.open'), () => openContacts()),
        iconButton('plus', t('chat.new'), () => openNewChat()),
      ),
      banner,
      list.element,
    ),
    main: h('main', { class: 'main', aria: { label: t('chat.open') } }),
  };
  clear(shell);
  append(shell, panes.side, panes.main, said);
  shell.dataset.view = 'list';
  blank();
  document.addEventListener('keydown', keys);
}

function blank() {
  clear(panes.main).append(h('div', { class: 'blank' }, icon('message-circle'), h('p', null, t('chat.choose')), h('p', { class: 'small muted keys' }, t('chat.choose_keys'))));
}

async function openChat({ chatId, seq = null, messageId = null, keyboard = false, fromHash = false }) {
  let chat = state.chats.get(chatId);
  if (!chat) {
    try {
      chat = await reloadChat(chatId);
    } catch (error) {
      toast(errorText(error));
      return;
    }
    if (!chat) {
      toast(t('chat.none'));
      return;
    }
  }
  const again = state.open === chatId;
  shell.dataset.view = 'chat';
  if (!again) {
    state.open = chatId;
    clear(panes.main).append(header.element, timeline.element, composer.element);
    header.open(chat);
    composer.open(chat);
    state.emit('opened', { chatId });
  }
  if (!fromHash) {
    const address = `#chat=${chatId}`;
    if (location.hash !== address) history[narrow.matches && !location.hash.startsWith('#chat=') ? 'pushState' : 'replaceState'](null, '', address);
  }
  if (again && (seq !== null || messageId)) await timeline.show({ seq, id: messageId });
  else if (!again) timeline.open(chat, { seq, id: messageId });
  if (!document.querySelector('dialog[open]') && (!narrow.matches || keyboard)) composer.focus();
}

function closeChat(gone = false) {
  if (!state.open) return;
  if (gone) toast(t('chat.gone'));
  const from = state.open;
  state.open = null;
  shell.dataset.view = 'list';
  timeline.close();
  blank();
  history.replaceState(null, '', location.pathname);
  state.emit('opened', { chatId: null, from });
  list.focus();
}

// The address says what is open, so that back, reload and links work.
function followAddress() {
  const hash = new URLSearchParams(location.hash.slice(1));
  if (hash.has('invite')) {
    openJoin(hash.get('invite'));
    return;
  }
  const chatId = hash.get('chat');
  if (chatId && chatId !== state.open) openChat({ chatId, fromHash: true });
  else if (!chatId && state.open) closeChat();
}

function connection({ online }) {
  const show = () => {
    const offline = socket.state !== 'online';
    banner.hidden = !offline;
    if (!offline || banner.firstChild) return;
    banner.append(icon('wifi-off', 'small'), h('span', null, t('offline.text')), h('button', { type: 'button', class: 'link', onclick: () => socket.retry() }, t('offline.retry')));
  };
  // A blink is not worth a word.
  if (online) show();
  else setTimeout(show, 800);
}

function keys(event) {
  const inDialog = document.querySelector('dialog[open], [popover]:popover-open:not(.toasts)');
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.code === 'KeyK') {
    event.preventDefault();
    if (!inDialog) openQuickSwitch();
    return;
  }
  if (inDialog) return;
  if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.code === 'KeyF') {
    event.preventDefault();
    openSearch(state.open ? { chatId: state.open } : {});
  } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
    const chat = list.neighbour(event.key === 'ArrowUp' ? -1 : 1);
    if (!chat) return;
    event.preventDefault();
    openChat({ chatId: chat.id, keyboard: true });
  } else if (event.key === 'Escape' && state.open && !event.defaultPrevented) {
    if (composer.cancel()) return;
    if (timeline.element.contains(document.activeElement)) composer.focus();
    else closeChat();
  } else if (event.key === '/' && !event.target.closest('input, textarea')) {
    event.preventDefault();
    list.focusFilter();
  }
}

start();
