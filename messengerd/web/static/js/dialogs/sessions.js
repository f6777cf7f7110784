// Where one is signed in, and ending that.

import { api, errorText, leave } from '../api.js';
import { confirmDialog, openDialog, showTrouble } from '../dialog.js';
import { clear, h, icon } from '../dom.js';
import { relative, t } from '../i18n.js';

/** Lists the own sessions; others can be ended one by one or all at once. */
export function openSessions() {
  const list = h('ul', { class: 'session-list', 'aria-label': t('sessions.title'), 'aria-busy': 'true' });
  const trouble = h('p', { class: 'notice bad', role: 'alert' });
  showTrouble(trouble, null);
  const all = h('button', { class: 'button danger-text', type: 'button', dataset: { action: 'end-others' }, hidden: true }, t('sessions.endOthers'));
  let sessions = [];

  const guarded = async (work) => {
    showTrouble(trouble, null);
    try {
      await work();
    } catch (error) {
      showTrouble(trouble, errorText(error));
    }
  };
  const load = async () => {
    ({ sessions } = await api.sessions());
    sessions.sort((one, other) => Number(other.current) - Number(one.current));
    clear(list);
    list.append(...sessions.map(item));
    list.setAttribute('aria-busy', 'false');
    all.hidden = sessions.filter((session) => !session.current).length < 2;
  };
  const item = (session) => {
    const name = session.device || t('sessions.unknown');
    return h(
      'li',
      { class: 'session', dataset: { session: session.id } },
      h('span', { class: 'session-icon' }, icon(/mchat|term|cli/i.test(name) ? 'terminal' : 'globe')),
      h(
        'span',
        { class: 'person-text' },
        h('span', { class: 'person-name' }, h('bdi', {}, name)),
        h('span', { class: 'person-detail' }, session.current ? t('sessions.current') : t('sessions.used', { when: relative(session.last_used ?? session.created_at) })),
      ),
      session.current
        ? null
        : h('button', { class: 'button compact', type: 'button', 'aria-label': t('sessions.endName', { name }), onclick: () => guarded(() => end(session)) }, t('sessions.end')),
    );
  };
  const end = async (session) => {
    await api.endSession(session.id);
    if (session.current) leave();
    await load();
  };
  all.addEventListener('click', () =>
    guarded(async () => {
      const sure = await confirmDialog({ title: t('sessions.endOthersTitle'), text: t('sessions.endOthersText'), action: t('sessions.endOthers'), danger: true });
      if (!sure) return;
      for (const session of sessions.filter((other) => !other.current)) await api.endSession(session.id);
      await load();
    }),
  );
  openDialog({ title: t('sessions.title'), body: h('div', { class: 'stack' }, h('p', { class: 'dialog-text' }, t('sessions.text')), trouble, list, all), className: 'dialog-sessions' });
  guarded(load);
}
