// Two browsers and a terminal in one conversation.

import assert from 'node:assert/strict';
import { until } from '../stage.js';

export default async function talk(stage) {
  const [anna, bob, cleo] = await Promise.all([stage.member('anna', { first: 'Anna' }), stage.member('bob', { first: 'Bob' }), stage.terminal('cleo')]);

  // A group, with people found by name.
  await anna.page.getByRole('button', { name: 'New chat' }).first().click();
  await anna.dialog.getByText('Group', { exact: true }).click();
  await anna.dialog.getByLabel('Name', { exact: true }).fill('Crew');
  const people = anna.dialog.getByRole('combobox');
  for (const name of ['bob', 'cleo']) {
    await people.fill(name);
    await anna.dialog.getByRole('option').filter({ hasText: `@${name}` }).click();
    await people.fill('');
  }
  assert.equal(await anna.dialog.locator('.chip').count(), 2);
  await anna.press('Create');
  await anna.sees(anna.page.locator('.chat-name', { hasText: 'Crew' }));

  // The others have it without asking.
  await bob.open('Crew');

  // Each hears the other, and the terminal both.
  await anna.write('hello from the page');
  await bob.sees(bob.bubble('hello from the page'));
  await cleo.run(['sync']);
  const heard = await cleo.json(['history', 'Crew']);
  assert.ok(heard.some((row) => row.text === 'hello from the page'), JSON.stringify(heard));
  await cleo.run(['send', 'Crew', 'hello from the terminal']);
  await Promise.all([anna, bob].map((person) => person.sees(person.bubble('hello from the terminal'))));
  const row = anna.bubble('hello from the terminal');
  await anna.sees(row.locator('.author', { hasText: 'cleo' }));

  // Marks: delivered and read by all the others, the terminal too.
  await bob.write('who has read this?');
  await cleo.run(['sync']);
  await cleo.run(['read', 'Crew']);
  await bob.sees(bob.bubble('who has read this?').locator('.tick.read'));

  // Typing is shown, and goes when it ends.
  await bob.composer.pressSequentially('hm');
  await anna.sees(anna.page.locator('.chat-subtitle', { hasText: 'Bob is typing' }));
  await anna.sees(anna.row('Crew').locator('.preview.typing'));
  await bob.composer.fill('');
  await anna.misses(anna.page.locator('.chat-subtitle', { hasText: 'typing' }));

  // A reply, with the quote leading back.
  await anna.bubble('who has read this?').hover();
  await anna.page.getByRole('toolbar').getByRole('button', { name: 'Reply' }).click();
  await anna.sees(anna.page.locator('.composer-bar', { hasText: 'Reply to Bob' }));
  await anna.write('I have');
  const quote = bob.bubble('I have').locator('.quote');
  await bob.sees(quote.filter({ hasText: 'who has read this?' }));
  await quote.click();
  await bob.sees(bob.bubble('who has read this?'));
  await cleo.run(['sync']);
  const [reply] = (await cleo.json(['history', 'Crew'])).slice(-1);
  assert.equal(reply.reply_to?.text ?? reply.reply_to?.body, 'who has read this?', JSON.stringify(reply));

  // An edit, by the arrow key in an empty composer.
  await anna.composer.press('ArrowUp');
  await anna.sees(anna.page.locator('.composer-bar', { hasText: 'Edit message' }));
  assert.equal(await anna.composer.inputValue(), 'I have');
  await anna.composer.fill('I have, twice');
  await anna.composer.press('Enter');
  await bob.sees(bob.bubble('I have, twice').getByText('edited'));
  await cleo.run(['sync']);
  await cleo.run(['edit', 'Crew', 'mine', 'hello from the terminal, corrected']);
  await anna.sees(anna.bubble('hello from the terminal, corrected'));

  // Reactions add up, and are taken back by a second click.
  await anna.bubble('corrected').hover();
  await anna.page.getByRole('toolbar').getByRole('button', { name: 'React' }).click();
  await anna.page.locator('.emoji-panel').getByRole('button', { name: '👍' }).click();
  await bob.bubble('corrected').locator('.reaction', { hasText: '👍' }).click();
  await anna.sees(anna.bubble('corrected').locator('.reaction', { hasText: '2' }));
  await cleo.run(['react', 'Crew', 'mine', '🎉']);
  await bob.sees(bob.bubble('corrected').locator('.reaction', { hasText: '🎉' }));
  await bob.bubble('corrected').locator('.reaction', { hasText: '👍' }).click();
  await anna.sees(anna.bubble('corrected').locator('.reaction', { hasText: '👍1' }));

  // A deletion, asked for twice; what is left says so.
  await anna.bubble('hello from the page').click({ button: 'right' });
  await anna.page.getByRole('menuitem', { name: 'Delete' }).click();
  await anna.press('Cancel');
  await anna.sees(anna.bubble('hello from the page'));
  await anna.bubble('hello from the page').click({ button: 'right' });
  await anna.page.getByRole('menuitem', { name: 'Delete' }).click();
  await anna.press('Delete');
  await bob.sees(bob.page.locator('.timeline .text.gone'));
  await bob.misses(bob.bubble('hello from the page'));
  const log = await until(async () => {
    await cleo.run(['sync']);
    const rows = await cleo.json(['history', 'Crew']);
    return rows.some((entry) => entry.deleted) && rows;
  }, 'the terminal learns of the deletion');
  assert.ok(!log.some((entry) => entry.text === 'hello from the page'));

  // The list: last message, unread number, title, presence.
  const direct = await anna.makeChat('private', '', [bob]);
  await anna.post(direct, 'psst');
  await bob.sees(bob.row('Anna').locator('.badge', { hasText: '1' }));
  await bob.sees(bob.row('Anna').locator('.preview', { hasText: 'psst' }));
  await bob.sees(bob.row('Anna').locator('.dot[data-status=online]'));
  await bob.until(() => document.title.startsWith('(1)'));
  assert.equal(await bob.page.locator('.chat-row[aria-posinset="1"] .chat-title').textContent(), 'Anna');
  await bob.open('Anna');
  await bob.misses(bob.row('Anna').locator('.badge'));
  await bob.until(() => !document.title.startsWith('('));

  // A draft stays with its chat.
  await bob.composer.fill('not yet');
  await bob.open('Crew');
  await bob.sees(bob.row('Anna').locator('.draft'));
  assert.equal(await bob.composer.inputValue(), '');
  await bob.page.reload();
  await bob.open('Anna');
  assert.equal(await bob.composer.inputValue(), 'not yet');

  // Gone is seen as gone.
  await anna.page.close();
  await bob.misses(bob.row('Anna').locator('.dot[data-status=online]'));
}
