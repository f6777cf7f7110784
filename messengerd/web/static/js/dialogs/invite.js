// An invite link into a chat: made here, passed on by whoever has it.

import { api, errorText } from '../api.js';
import { openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { formatDateTime, t } from '../i18n.js';
import { selectField } from './field.js';

const HOURS = ['1', '24', '168', '720', ''];
const USES = ['1', '10', '100', ''];

/** The address that accepts an invite in this page. */
export function inviteLink(token) {
  return `${location.origin}/chat.html#invite=${encodeURIComponent(token)}`;
}

/** Asks how long and how often it is good, makes it and offers to copy it. */
export function openInvite(chat) {
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  let hours = '168';
  let uses = '';
  const result = h('div', { class: 'stack', role: 'status' });
  const body = h(
    'div',
    { class: 'stack' },
    h('p', { class: 'dialog-text' }, t('invite.text')),
    h(
      'div',
      { class: 'settings' },
      selectField({
        label: t('invite.expires'),
        name: 'expires',
        value: hours,
        options: HOURS.map((value) => ({ value, label: value ? t(`invite.hours${value}`) : t('invite.never') })),
        onChange: (value) => {
          hours = value;
        },
      }).element,
      selectField({
        label: t('invite.uses'),
        name: 'uses',
        value: uses,
        options: USES.map((value) => ({ value, label: value ? t('invite.times', { n: Number(value) }) : t('invite.unlimited') })),
        onChange: (value) => {
          uses = value;
        },
      }).element,
    ),
    trouble,
    result,
  );
  const dialog = openDialog({
    title: t('chatInfo.invite'),
    body,
    className: 'dialog-invite',
    actions: [
      { label: t('dialog.close'), name: 'close' },
      { label: t('invite.make'), kind: 'primary', name: 'make', onClick: () => make() },
    ],
  });
  const button = dialog.element.querySelector('[data-action=make]');

  async function make() {
    button.disabled = true;
    showTrouble(trouble, null);
    try {
      const { invite } = await api.createInvite(chat.id, {
        expires_at: hours ? new Date(Date.now() + Number(hours) * 3_600_000).toISOString() : undefined,
        max_uses: uses ? Number(uses) : undefined,
      });
      show(invite);
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
    button.disabled = false;
  }

  function show(invite) {
    const link = inviteLink(invite.token);
    const field = h('input', { class: 'input', readOnly: true, 'aria-label': t('invite.link') });
    field.value = link;
    field.addEventListener('focus', () => field.select());
    const copied = h('span', {}, t('invite.copy'));
    const copy = h('button', { class: 'button primary', type: 'button', dataset: { action: 'copy' } }, icon('copy'), copied);
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(link);
        copied.textContent = t('invite.copied');
      } catch {
        // No clipboard for this page: what is marked can be copied by hand.
        field.focus();
      }
    });
    clear(result);
    result.append(
      h('div', { class: 'copy-row' }, field, copy),
      h('p', { class: 'hint' }, invite.expires_at ? t('invite.until', { when: formatDateTime(invite.expires_at) }) : t('invite.noEnd')),
    );
    copy.focus();
  }
}
