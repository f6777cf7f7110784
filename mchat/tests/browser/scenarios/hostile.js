// Scripts and tricks in every text field of every model: they stay texts.

import assert from 'node:assert/strict';

const ATTEMPTS = [
  '<img src=x onerror=hurt=1>',
  '<script>hurt=1</script>',
  '"><svg onload=hurt=1>',
  "';hurt=1;//",
  'javascript:hurt=1',
  '[click](javascript:hurt=1)',
  '<a href="javascript:hurt=1">click</a>',
  '{{constructor.constructor("hurt=1")()}}',
  '\u202egnp.exe\u202c \u200b\u2066hidden\u2069',
  '<iframe srcdoc="<script>parent.hurt=1</script>">',
  '`${hurt=1}`',
  '<style>*{display:none}</style>',
];
const SHORT = ATTEMPTS.filter((text) => [...text].length <= 64);

export default async function hostile(stage) {
  const [eve, anna] = await Promise.all([stage.member('eve', { open: false }), stage.member('anna', { open: false })]);
  // Some the daemon refuses, which is as good; what it takes is shown below.
  const tries = async (method, route, body) => {
    const answer = await eve.context.request.fetch(`/api/v1${route}`, { method, data: body, headers: { Origin: stage.url } });
    assert.ok(answer.status() < 500, `${route}: ${answer.status()}`);
    return answer.ok() ? answer.json() : null;
  };
  const direct = await eve.makeChat('private', '', [anna]);
  const group = await eve.makeChat('group', 'Ground', [anna]);
  const square = await eve.makeChat('public', 'Square', []);
  let first = null;
  for (const text of ATTEMPTS) {
    const { message } = await tries('POST', '/messages', { chat_id: group.id, content: text });
    first ??= message;
    await tries('POST', '/messages', { chat_id: direct.id, content: `${text}\n\n**${text}** \`${text}\` ~~${text}~~\n> ${text}\n\`\`\`\n${text}\n\`\`\`` });
    await tries('POST', '/messages', { chat_id: group.id, content: `reply ${text}`, reply_to_id: message.id });
    await tries('PUT', `/messages/${message.id}/reactions/${encodeURIComponent(text)}`);
  }
  await tries('PUT', `/messages/${first.id}`, { content: `edited ${ATTEMPTS[0]}` });
  for (const text of SHORT) {
    await tries('POST', '/chats', { type: 'group', name: text, description: text.repeat(3), member_ids: [anna.user.id] });
    await tries('POST', '/auth/register', { username: text, email: `${text}@example.org`, password: 'correct horse', first_name: text });
    await anna.context.request.fetch('/api/v1/contacts', { method: 'POST', data: { contact_id: eve.user.id, nickname: text }, headers: { Origin: stage.url } });
    await tries('PUT', '/users/me', { first_name: text, last_name: text, avatar: text });
    await tries('PUT', `/chats/${square.id}`, { name: text, description: text, avatar: text });
    await tries('PUT', '/users/status', { status: text });
  }
  await tries('PUT', '/users/me', { avatar: 'https://example.org/tracker.png' });
  await tries('PUT', `/chats/${square.id}`, { avatar: 'https://example.org/tracker.png' });
  await eve.enter();
  await anna.enter();

  // The page shows all of it as it was written.
  const { page } = anna;
  const unhurt = async (where) => {
    assert.equal(await page.evaluate(() => window.hurt), 0, where);
    const strange = await page.evaluate(() => document.querySelectorAll('body script, body iframe, body style, body object, body embed, [onerror], [onload], a[href^="javascript" i], img[src="x"]').length);
    assert.equal(strange, 0, where);
  };
  await unhurt('list');
  for (let at = 0; at < (await page.locator('.chat-row').count()); at += 1) {
    await page.locator(`.chat-row[aria-posinset="${at + 1}"]`).click();
    await page.locator('.composer').waitFor();
    await page.getByRole('button', { name: /About this/ }).last().click();
    await anna.sees(anna.dialog.locator('.profile-head'));
    await unhurt(`chat ${at}`);
    await page.keyboard.press('Escape');
    await anna.misses(page.locator('dialog[open]'));
  }
  await anna.enter(`#chat=${group.id}`);
  await anna.sees(anna.page.locator('.timeline .text'));
  await anna.until(() => {
    document.querySelector('.timeline').scrollTop -= 2000;
    return [...document.querySelectorAll('.timeline .text')].some((text) => text.textContent.includes('edited <img'));
  });
  await unhurt('group');
  for (const link of await page.locator('.timeline a').all()) assert.match(await link.getAttribute('href'), /^(https?|mailto):/);
  // What it says is what was written, in the order written.
  const shown = await page.locator('.timeline .text').allTextContents();
  for (const text of ['<script>hurt=1</script>', '"><svg onload=hurt=1>']) assert.ok(shown.some((content) => content.includes(text)), text);

  await page.getByRole('button', { name: 'Contacts' }).click();
  await anna.sees(anna.dialog.locator('.person'));
  await anna.dialog.getByRole('searchbox').fill('e');
  await anna.sees(anna.dialog.getByText('Other people'));
  await unhurt('contacts');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await anna.dialog.getByRole('combobox').fill('<');
  await anna.sees(anna.dialog.getByRole('option'));
  await unhurt('quick switch');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Search in this chat' }).click();
  await anna.dialog.getByRole('searchbox').fill('hurt');
  await anna.sees(anna.dialog.locator('.result'));
  await unhurt('search');
  await page.keyboard.press('Escape');

  // Live, too: messages, typing, names.
  await page.locator('.timeline').press('End');
  for (const text of ATTEMPTS.slice(0, 4)) await tries('POST', '/messages', { chat_id: group.id, content: `live ${text}` });
  await anna.sees(anna.bubble(`live ${ATTEMPTS[3]}`));
  await unhurt('live');
  // In the address.
  for (const hash of ['#chat=<img src=x onerror=hurt=1>', '#invite="><svg onload=hurt=1>', '#chat=javascript:hurt=1']) {
    anna.expects(/status of 40[04]/);
    await page.goto('about:blank');
    await anna.enter(hash);
    await unhurt(hash);
  }
}
