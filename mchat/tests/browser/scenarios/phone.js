// A phone of 360 px: the list and the chat are two screens.

import { PHONE } from '../stage.js';

export default async function phone(stage) {
  const [anna, bob] = await Promise.all([
    stage.member('anna', { first: 'Anna', viewport: PHONE, touch: true, locale: 'ru-RU' }),
    stage.member('bob', { first: 'Bob', last: 'With a rather long family name', open: false }),
  ]);
  const { page } = anna;
  const chat = await bob.makeChat('private', '', [anna]);
  await bob.makeChat('group', 'A group whose name is longer than a phone is wide', [anna]);
  await bob.post(chat, 'a word that does not end: '.concat('x'.repeat(300)));
  await anna.sees(anna.row('Bob').locator('.badge'));
  await anna.fits('list');
  await anna.accessible('list on a phone');

  await anna.row('Bob').tap();
  await anna.sees(page.locator('.composer'));
  await anna.misses(page.locator('.side'));
  await anna.fits('chat');
  await anna.composer.tap();
  await anna.composer.fill('с телефона');
  await page.getByRole('button', { name: 'Отправить' }).tap();
  await anna.sees(anna.bubble('с телефона'));

  // A tap on a message gives its menu.
  await anna.bubble('a word that').locator('.bubble').tap();
  await anna.sees(page.getByRole('menu'));
  await anna.fits('menu');
  await page.getByRole('menuitem', { name: 'Ответить' }).tap();
  await anna.sees(page.locator('.composer-bar'));

  // Back by the button, and by the browser's own.
  await page.getByRole('button', { name: 'Назад' }).tap();
  await anna.sees(page.locator('.side'));
  await anna.row('Bob').tap();
  await anna.sees(page.locator('.composer'));
  await page.goBack();
  await anna.sees(page.locator('.side'));

  // Dialogs fill the screen and fit.
  await page.getByRole('button', { name: 'Новый чат' }).first().tap();
  await anna.sees(anna.dialog.getByRole('combobox'));
  await anna.fits('new chat');
  await anna.press('Отмена');
  await anna.row('A group').tap();
  await page.getByRole('button', { name: 'Об этом чате' }).tap();
  await anna.sees(anna.dialog.locator('.profile-head'));
  await anna.fits('about a chat');
  await anna.accessible('about a chat on a phone');
}
