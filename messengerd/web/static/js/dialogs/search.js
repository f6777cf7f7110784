// Search in messages: of one chat or of all, with what was found marked.

import { api, errorText } from '../api.js';
import { chatAvatar } from '../avatar.js';
import { openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { formatShort, formatDateTime, t } from '../i18n.js';
import { emit, nameOf, state, titleOf } from '../state.js';
import { delayed } from './people.js';

const PAGE = 50;

/**
 * Opens the search.
 *
 * @param {{chatId?: string, words?: string}} [options] the chat to search in, none for all; what to begin with
 */
export function openSearch({ chatId, words: given = '' } = {}) {
  let scope = chatId ?? null;
  let asked = 0;
  let offset = 0;
  let abort = null;
  const input = h('input', { class: 'input', type: 'text', role: 'searchbox', enterKeyHint: 'search', placeholder: t('search.words'), 'aria-label': t('search.words') });
  input.autocomplete = 'off';
  input.spellcheck = false;
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const note = h('p', { class: 'people-note', role: 'status' }, t('search.hint'));
  const list = h('div', { class: 'result-list', role: 'list', 'aria-label': t('search.found') });
  const more = h('button', { class: 'button', type: 'button', hidden: true, onclick: () => run(true) }, t('search.more'));
  const scopeButtons = chatId ? scopeSwitch() : null;

  function scopeSwitch() {
    const make = (value, label) =>
      h('button', { class: 'segment', type: 'button', 'aria-pressed': String(scope === value), onclick: () => choose(value) }, label);
    const element = h('div', { class: 'segments', role: 'group', 'aria-label': t('search.where') }, make(chatId, t('search.here')), make(null, t('search.everywhere')));
    const choose = (value) => {
      scope = value;
      [...element.children].forEach((button, at) => button.setAttribute('aria-pressed', String((at === 0) === (value === chatId))));
      run(false);
    };
    return element;
  }

  async function run(further) {
    asked += 1;
    const mine = asked;
    abort?.abort();
    abort = new AbortController();
    const words = input.value.trim();
    if (!further) offset = 0;
    showTrouble(trouble, null);
    if (!words) {
      clear(list);
      more.hidden = true;
      say(t('search.hint'));
      return;
    }
    try {
      const { messages } = await api.searchMessages(words, scope, { limit: PAGE, offset }, { signal: abort.signal });
      if (mine !== asked) return;
      if (!further) clear(list);
      list.append(...messages.map(result));
      offset += messages.length;
      more.hidden = messages.length < PAGE;
      say(offset === 0 ? t('search.none') : '');
    } catch (error) {
      if (error.name !== 'AbortError' && mine === asked) showTrouble(trouble, errorText(error));
    }
  }

  function say(text) {
    note.textContent = text;
    note.hidden = !text;
  }

  function result(message) {
    const chat = state.chats.get(message.chat_id) ?? message.chat;
    const show = () => {
      dialog.close();
      emit('open-chat', { chatId: message.chat_id, seq: message.seq, messageId: message.id });
    };
    const time = h('time', { class: 'result-time', title: formatDateTime(message.created_at) }, formatShort(message.created_at));
    time.dateTime = message.created_at;
    return h(
      'div',
      { role: 'listitem' },
      h(
        'button',
        { class: 'result', type: 'button', dataset: { message: message.id }, onclick: show },
        chat ? chatAvatar(chat, { size: 'm' }) : null,
        h(
          'span',
          { class: 'result-text' },
          h(
            'span',
            { class: 'result-head' },
            h('bdi', { class: 'result-who' }, nameOf(state.users.get(message.sender_id) ?? message.sender) || message.sender_name),
            scope || !chat ? null : h('bdi', { class: 'result-where' }, titleOf(chat)),
            time,
          ),
          h('span', { class: 'result-content', dir: 'auto' }, marked(message)),
        ),
      ),
    );
  }

  const runSoon = delayed(() => run(false));
  input.addEventListener('input', runSoon);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      const first = list.querySelector('.result');
      if (first) first.focus();
      else run(false);
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      list.querySelector('.result')?.focus();
    }
  });
  list.addEventListener('keydown', (event) => moveInResults(event, list, input));
  const dialog = openDialog({
    title: chatId ? t('search.title') : t('search.titleAll'),
    body: h('div', { class: 'stack' }, h('div', { class: 'search-field' }, icon('search'), input), scopeButtons, trouble, note, list, more),
    className: 'dialog-search',
    focus: input,
    onClose: () => abort?.abort(),
  });
  if (given) {
    input.value = given;
    run(false);
  }
}

/** Up and down through buttons of a list; above the first one is the field. */
export function moveInResults(event, list, input) {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const all = [...list.querySelectorAll('.result')];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  if (event.key === 'ArrowUp' && at === 0) input.focus();
  else all[event.key === 'ArrowDown' ? Math.min(at + 1, all.length - 1) : at - 1].focus();
}

// The daemon puts `**` around what it found. A text may have such stars itself:
// those that the message has at this place are no marks.
function marked({ content, highlight }) {
  if (!highlight) return [content];
  const parts = [];
  let piece = '';
  let inside = false;
  let at = 0;
  const flush = () => {
    if (piece) parts.push(inside ? h('mark', {}, piece) : piece);
    piece = '';
  };
  for (let to = 0; to < highlight.length; ) {
    if (highlight.startsWith('**', to) && !content.startsWith('**', at)) {
      flush();
      inside = !inside;
      to += 2;
    } else {
      piece += highlight[to];
      to += 1;
      at += 1;
    }
  }
  flush();
  return parts;
}
