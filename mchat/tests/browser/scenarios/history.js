// A long history: days, scrolling back, unread messages, search.

import assert from 'node:assert/strict';

const OLD = 130;
const NEW = 60;

export default async function history(stage) {
  const [anna, bob] = await Promise.all([stage.member('anna', { first: 'Anna' }), stage.member('bob', { first: 'Bob', open: false })]);
  const chat = await anna.makeChat('group', 'Archive', [bob]);
  for (let n = 1; n <= OLD; n += 1) await anna.post(chat, n === 7 ? 'the needle in message 7' : `old message ${n} of many`);
  await bob.call('PUT', `/chats/${chat.id}/read`, { seq: (await bob.call('GET', `/chats/${chat.id}`)).chat.seq });
  for (let n = 1; n <= NEW; n += 1) await anna.post(chat, `new message ${n}`);

  // Opens where reading stopped, with a line between.
  await bob.enter();
  await bob.sees(bob.row('Archive').locator('.badge', { hasText: String(NEW) }));
  await bob.open('Archive');
  await bob.sees(bob.page.locator('.unread-line'));
  await bob.sees(bob.bubble('new message 1').first());
  await bob.sees(bob.page.locator('.day', { hasText: 'Today' }).or(bob.page.locator('.unread-line')));

  // To the end and back to the first unread one by the buttons.
  await bob.page.getByRole('button', { name: /To the latest message/ }).click();
  await bob.sees(bob.bubble(`new message ${NEW}`));
  await bob.page.getByRole('button', { name: 'To the first unread message' }).click();
  await bob.sees(bob.page.locator('.unread-line'));
  await bob.page.getByRole('button', { name: /To the latest message/ }).click();
  await bob.misses(bob.row('Archive').locator('.badge'));

  // Older pages come as one scrolls, only what is near is drawn.
  const timeline = bob.page.locator('.timeline');
  await bob.until(() => {
    document.querySelector('.timeline').scrollTop -= 4000;
    return [...document.querySelectorAll('.timeline .text')].some((text) => text.textContent === 'old message 1 of many');
  });
  assert.ok((await timeline.locator('.row').count()) < 120);

  // What was read stays in place while older ones are put above it.
  await bob.page.getByRole('button', { name: /To the latest message/ }).click();
  await bob.sees(bob.bubble(`new message ${NEW}`));

  // Search marks what it found and leads there.
  await bob.page.getByRole('button', { name: 'Search in this chat' }).click();
  await bob.dialog.getByRole('searchbox').fill('needle');
  const found = bob.dialog.locator('.result');
  await bob.sees(found.filter({ hasText: 'the needle in message 7' }));
  assert.equal(await found.locator('mark').first().textContent(), 'needle');
  await found.first().click();
  await bob.sees(bob.bubble('the needle in message 7'));
  await bob.page.getByRole('button', { name: 'Search in this chat' }).click();
  await bob.dialog.getByRole('searchbox').fill('haystack');
  await bob.sees(bob.dialog.getByText('Nothing found'));
  await bob.page.keyboard.press('Escape');

  // Tomorrow, today is yesterday.
  await anna.open('Archive');
  await anna.sees(anna.bubble(`new message ${NEW}`));
  const later = await stage.person('later', { known: true });
  await later.signIn('bob');
  await later.page.clock.install({ time: new Date(Date.now() + 86_400_000) });
  await later.enter();
  await later.open('Archive');
  await later.page.locator('.timeline').press('Home');
  await later.until(() => {
    document.querySelector('.timeline').scrollTop -= 8000;
    return [...document.querySelectorAll('.timeline .day')].some((day) => day.textContent === 'Yesterday');
  });
}
