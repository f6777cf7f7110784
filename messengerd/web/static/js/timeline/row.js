// One message as it stands in the timeline.
//
// Rows have no listeners of their own: buttons carry `data-do`, the view
// listens once for all of them.

import { userAvatar } from '../avatar.js';
import { h, icon } from '../dom.js';
import { formatDateTime, formatDay, formatNumber, formatTime, plural, t } from '../i18n.js';
import { plain, render } from '../markup.js';
import { nameOf, state } from '../state.js';
import { attachments } from './attachments.js';
import { receiptOf } from './receipts.js';

const GROUP_GAP = 5 * 60_000;
const LONG = 4000;

const dayOf = (message) => {
  const when = new Date(message.created_at);
  return when.getFullYear() * 512 + when.getMonth() * 32 + when.getDate();
};

/** Times and flags of an entry beside its neighbours. */
function place(entry, previous, next, context) {
  const { message } = entry;
  const newDay = !previous || dayOf(previous.message) !== dayOf(message);
  const unread = context.unreadId === entry.id;
  const first = newDay || unread || !joins(previous, entry);
  const last = !next || context.unreadId === next.id || dayOf(next.message) !== dayOf(message) || !joins(entry, next);
  return { newDay, unread, first, last };
}

function joins(a, b) {
  return (
    a.message.sender_id === b.message.sender_id &&
    a.message.type !== 'system' &&
    b.message.type !== 'system' &&
    Date.parse(b.message.created_at) - Date.parse(a.message.created_at) < GROUP_GAP
  );
}

/** A text that differs when the row has to be drawn anew. */
export function lookOf(entry, previous, next, context) {
  const { newDay, unread, first, last } = place(entry, previous, next, context);
  const own = entry.message.sender_id === state.me.id;
  const receipt = own && !entry.pending ? receiptOf(entry.message, context.chat) : (entry.pending ?? '');
  return `${entry.version}|${newDay}|${unread}|${first}|${last}|${receipt}|${entry.whole ?? ''}|${context.epoch}`;
}

/** How high a row will be, roughly. */
export function guessHeight(entry, width) {
  const { message } = entry;
  const text = message.content ?? '';
  const columns = Math.max(16, (Math.min(width - 96, 544) - 72) / 7.2);
  let lines = 1;
  const seen = Math.min(text.length, LONG);
  if (seen > columns || text.includes('\n')) {
    lines = 0;
    for (const line of text.slice(0, seen).split('\n')) lines += Math.max(1, Math.ceil(line.length / columns));
  }
  let height = 20 + lines * 20;
  if (message.reactions?.length) height += 32;
  if (message.reply_to_id) height += 48;
  if (message.files?.length) height += message.files.length * 64;
  return height;
}

/** The element of an entry. */
export function drawRow(entry, previous, next, context) {
  const { message } = entry;
  const { newDay, unread, first, last } = place(entry, previous, next, context);
  const own = message.sender_id === state.me.id;
  const system = message.type === 'system';
  return h(
    'div',
    {
      class: ['row', own && 'own', system && 'system', first && 'first', last && 'last', entry.pending && 'pending'],
      role: 'listitem',
      tabIndex: -1,
      dataset: { id: entry.id },
    },
    newDay && h('div', { class: 'day' }, h('span', null, formatDay(message.created_at))),
    unread && h('div', { class: 'unread-line' }, h('span', null, t('timeline.unread'))),
    system ? systemLine(message) : line(entry, { own, first, last, context }),
  );
}

function systemLine(message) {
  return h('p', { class: 'note', title: formatDateTime(message.created_at) }, message.content);
}

function line(entry, { own, first, last, context }) {
  const { message } = entry;
  const showsPeople = context.chat?.type !== 'private' && !own;
  const author = state.users.get(message.sender_id) ?? message.sender;
  return h(
    'div',
    { class: 'line' },
    showsPeople &&
      h(
        'span',
        { class: 'face' },
        last && h('span', { class: 'face-button', dataset: { do: 'person', user: message.sender_id } }, userAvatar(author, { size: 's' })),
      ),
    h(
      'div',
      { class: 'bubble', dataset: { do: 'bubble' } },
      showsPeople && first
        ? h('button', { type: 'button', class: 'author', dataset: { do: 'person', user: message.sender_id } }, authorOf(message))
        : h('span', { class: 'quiet' }, `${own ? t('you') : authorOf(message)}: `),
      ...(message.deleted
        ? [h('p', { class: 'text gone' }, t('message.deleted'))]
        : [
            message.forwarded_from && h('p', { class: 'forwarded' }, icon('forward', 'small'), t('message.forwarded')),
            quote(message),
            attachments(message),
            message.content && text(entry),
          ]),
      reactions(message),
      meta(entry, own, context),
    ),
  );
}

/** The name a message's author goes by. */
export function authorOf(message) {
  const user = state.users.get(message.sender_id) ?? message.sender;
  return nameOf(user) || message.sender_name || t('someone');
}

function text(entry) {
  const { content } = entry.message;
  const cut = content.length > LONG + 500 && !entry.whole;
  const shown = cut ? `${content.slice(0, LONG).replace(/[\ud800-\udbff]$/, '')}…` : content;
  return [
    h('div', { class: 'text', dir: 'auto' }, render(shown, state.me.username)),
    cut && h('button', { type: 'button', class: 'link', dataset: { do: 'whole' } }, t('message.whole')),
  ];
}

function quote(message) {
  if (!message.reply_to_id) return null;
  const original = message.reply_to;
  const words = !original
    ? t('message.gone')
    : original.deleted
      ? t('message.deleted')
      : plain(original.content ?? '') || t(`type.${original.type}`);
  return h(
    'button',
    { type: 'button', class: 'quote', dataset: { do: 'quote', target: message.reply_to_id }, disabled: !original },
    original && h('strong', null, original.sender_id === state.me.id ? t('you') : authorOf(original)),
    h('span', { dir: 'auto' }, words),
  );
}

/** Reactions by emoji: `{emoji, count, mine, names}`, in the order they came. */
export function grouped(list) {
  const groups = new Map();
  for (const { emoji, user_id, user } of list ?? []) {
    let group = groups.get(emoji);
    if (!group) groups.set(emoji, (group = { emoji, count: 0, mine: false, names: [] }));
    group.count += 1;
    group.mine ||= user_id === state.me.id;
    group.names.push(user_id === state.me.id ? t('you') : nameOf(state.users.get(user_id) ?? user));
  }
  return [...groups.values()];
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h(
    'div',
    { class: 'reactions' },
    grouped(message.reactions).map(({ emoji, count, mine, names }) =>
      h(
        'button',
        {
          type: 'button',
          class: 'reaction',
          title: names.filter(Boolean).slice(0, 12).join(', '),
          aria: { pressed: mine, label: `${emoji} ${plural('reaction.count', count)}` },
          dataset: { do: 'react', emoji },
        },
        h('span', { class: 'emoji' }, emoji),
        formatNumber(count),
      ),
    ),
  );
}

function meta(entry, own, context) {
  const { message } = entry;
  return h(
    'span',
    { class: 'meta' },
    message.pinned && icon('pin', 'tiny'),
    message.is_edited && !message.deleted && h('span', { title: message.edited_at ? formatDateTime(message.edited_at) : '' }, t('message.edited')),
    h('time', { title: formatDateTime(message.created_at), dateTime: message.created_at }, formatTime(message.created_at)),
    own && !message.deleted && tick(entry, context),
  );
}

function tick(entry, context) {
  if (entry.pending === 'failed') {
    return h('button', { type: 'button', class: 'retry', dataset: { do: 'retry' } }, icon('circle-alert', 'tiny'), t('message.failed'));
  }
  const standing = entry.pending ?? receiptOf(entry.message, context.chat);
  const picture = { sending: 'clock', waiting: 'clock', sent: 'check', delivered: 'check-check', read: 'check-check' }[standing];
  return h('span', { class: ['tick', standing], title: t(`receipt.${standing}`) }, icon(picture, 'tiny'), h('span', { class: 'quiet' }, t(`receipt.${standing}`)));
}
