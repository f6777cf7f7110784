// From the sign-in form to a sent, edited and deleted message without a pointer.

import assert from 'node:assert/strict';
import { PASSWORD } from '../stage.js';

export default async function keyboard(stage) {
  const bob = await stage.member('bob', { first: 'Bob' });
  const maker = await stage.member('anna', { first: 'Anna', open: false });
  const chat = await maker.makeChat('private', '', [bob]);
  await maker.makeChat('group', 'Lower', [bob]);
  await bob.post(chat, 'are you there?');

  const anna = await stage.person('anna-keys');
  anna.expects(/status of 401/);
  const { page } = anna;
  const keys = (...all) => all.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  await page.goto('/');
  await anna.until(() => document.activeElement.name === 'username');
  await page.keyboard.type('anna');
  await keys('Tab');
  await page.keyboard.type(PASSWORD);
  await keys('Enter');
  await page.waitForURL('**/chat.html');
  await anna.sees(anna.row('Bob'));

  // Focus is seen wherever it is.
  for (let n = 0; n < 6; n += 1) {
    await keys('Tab');
    await anna.until(() => {
      const style = getComputedStyle(document.activeElement);
      const frame = document.activeElement.closest('.filter-line, .composer-line') ?? document.activeElement;
      return style.outlineStyle !== 'none' || getComputedStyle(frame).outlineStyle !== 'none' || style.boxShadow !== 'none' || Boolean(document.activeElement.querySelector('.active')) || document.activeElement === document.body;
    });
  }

  // Quick switch, arrows, Enter.
  await keys('Control+k');
  await anna.sees(anna.dialog.getByRole('combobox'));
  await page.keyboard.type('bob');
  await anna.sees(anna.dialog.locator('.quick-option.is-active', { hasText: 'Bob' }));
  await keys('Enter');
  await anna.sees(anna.bubble('are you there?'));
  await anna.until(() => document.activeElement.id === 'composer');
  await page.keyboard.type('yes, by keys alone');
  await keys('Enter');
  await bob.open('Anna');
  await bob.sees(bob.bubble('yes, by keys alone'));
  await anna.sees(anna.bubble('yes, by keys alone').locator('.tick.sent, .tick.delivered, .tick.read'));

  // Up edits the last own message, Escape gives up.
  await keys('ArrowUp');
  await anna.sees(page.locator('.composer-bar', { hasText: 'Edit message' }));
  await keys('Escape');
  await anna.misses(page.locator('.composer-bar'));
  await keys('ArrowUp', 'End');
  await page.keyboard.type(', truly');
  await keys('Enter');
  await bob.sees(bob.bubble('yes, by keys alone, truly'));

  // From message to message; a menu by Enter; a reply by its letter.
  await page.locator('.timeline').focus();
  await keys('ArrowUp', 'ArrowUp');
  await anna.until(() => document.activeElement.matches('.row') && document.activeElement.textContent.includes('are you there?'));
  await keys('r');
  await anna.sees(page.locator('.composer-bar', { hasText: 'Reply to Bob' }));
  await keys('Escape');
  await page.locator('.timeline').focus();
  await keys('ArrowUp', 'Enter');
  await anna.sees(page.getByRole('menu'));
  await keys('End', 'Enter');
  await anna.sees(anna.dialog.getByText('Delete this message'));
  await anna.until(() => document.activeElement.textContent === 'Cancel');
  await keys('Tab', 'Enter');
  await bob.sees(bob.page.locator('.text.gone'));

  // A menu by arrows, closed by Escape, with the keyboard back where it was.
  await page.locator('.chat-about').focus();
  await keys('Enter');
  await anna.sees(anna.dialog.locator('[data-action=message]'));
  await keys('Escape');
  await anna.misses(page.locator('dialog[open]'));
  assert.ok(await page.evaluate(() => document.activeElement.closest('.chat-header') !== null));

  // The list, by arrows.
  await page.locator('#chats').focus();
  await keys('Home', 'ArrowDown', 'Enter');
  await anna.until(() => /Lower|Bob/.test(document.querySelector('.chat-name')?.textContent));
  await keys('Escape');
  await anna.misses(page.locator('.composer'));

  // A new chat, all of it by keys.
  await page.getByRole('button', { name: 'New chat' }).first().focus();
  await keys('Enter');
  await anna.sees(anna.dialog.getByRole('combobox'));
  await page.keyboard.type('bob');
  await anna.sees(anna.dialog.locator('.people-option.is-active', { hasText: '@bob' }));
  await keys('Enter');
  await anna.sees(page.locator('.chat-name', { hasText: 'Bob' }));
}
