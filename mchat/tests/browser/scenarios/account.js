// One's own profile, status, language, notifications, password and sessions.

import assert from 'node:assert/strict';
import { PASSWORD } from '../stage.js';

export default async function account(stage) {
  const [anna, bob] = await Promise.all([stage.member('anna'), stage.member('bob')]);
  const chat = await anna.makeChat('private', '', [bob]);
  await anna.post(chat, 'hello');
  const { page } = anna;
  const profile = async () => {
    await page.getByRole('button', { name: 'Your profile and settings' }).click();
    await anna.sees(anna.dialog.locator('.profile-head'));
  };

  // A name, seen by others after it was saved.
  await profile();
  await anna.dialog.locator('[data-action=edit]').click();
  await anna.dialog.getByLabel('E-mail').fill('nowhere');
  await anna.press('Save');
  await anna.sees(anna.dialog.getByText('not an e-mail address'));
  await anna.dialog.getByLabel('E-mail').fill('anna@example.net');
  await anna.dialog.getByLabel('First name').fill('Анна');
  await anna.dialog.getByLabel('Last name').fill('Øst');
  await anna.press('Save');
  await anna.sees(anna.dialog.locator('.profile-name', { hasText: 'Анна Øst' }));
  await anna.sees(anna.dialog.getByText('anna@example.net'));

  // A status, seen at once.
  await anna.dialog.getByLabel('Status').selectOption('busy');
  await bob.page.reload();
  await bob.sees(bob.row('Анна Øst').locator('.dot[data-status=busy]'));
  await anna.dialog.getByLabel('Status').selectOption('invisible');
  await bob.misses(bob.row('Анна Øst').locator('.dot[data-status=busy]'));
  await anna.dialog.getByLabel('Status').selectOption('online');
  await bob.sees(bob.row('Анна Øst').locator('.dot[data-status=online]'));

  // Notifications are asked for by a click, never before. A browser without a
  // window denies them, so its part is played here.
  await page.addInitScript(() => {
    window.asked = 0;
    window.shown = [];
    window.Notification = class extends EventTarget {
      static permission = 'default';
      static async requestPermission() {
        window.asked += 1;
        return (this.permission = 'granted');
      }
      constructor(title, options) {
        super();
        window.shown.push(`${title}: ${options.body}`);
      }
      close() {}
    };
  });
  await page.reload();
  await bob.post(chat, 'unasked');
  await anna.sees(anna.row('bob').locator('.preview', { hasText: 'unasked' }));
  assert.deepEqual(await page.evaluate(() => [window.asked, window.shown.length]), [0, 0]);
  await profile();
  await anna.dialog.getByLabel('Notifications').click();
  await anna.until(() => window.asked === 1 && document.querySelector('.dialog-profile .switch').checked);
  await page.keyboard.press('Escape');
  await bob.post(chat, 'and hello to you');
  await anna.until(() => window.shown.includes('bob: and hello to you'));

  // The other language, kept.
  await profile();
  await anna.dialog.getByLabel('Language').selectOption('ru');
  await anna.sees('Чаты');
  assert.equal(await page.getAttribute('html', 'lang'), 'ru');
  await page.getByRole('button', { name: 'Ваш профиль и настройки' }).click();
  await anna.dialog.getByLabel('Язык').selectOption('en');
  await anna.sees('Chats');

  // Sessions: one elsewhere is seen, ended, and over.
  const elsewhere = await stage.person('elsewhere', { known: true });
  await elsewhere.signIn('anna');
  await elsewhere.enter();
  elsewhere.expects(/status of 401|WebSocket/);
  await profile();
  await anna.dialog.locator('[data-action=sessions]').click();
  await anna.sees(anna.dialog.getByText('This device'));
  await anna.until(() => document.querySelectorAll('.session').length === 2);
  await anna.dialog.getByRole('button', { name: /^End / }).click();
  await elsewhere.outside();
  await anna.until(() => document.querySelectorAll('.session').length === 1);
  await page.keyboard.press('Escape');

  // A new password; all others are out, this one stays.
  await elsewhere.signIn('anna');
  await elsewhere.enter();
  anna.expects(/status of 40[013]/);
  await anna.dialog.locator('[data-action=password]').click();
  const fill = async (old, fresh, again) => {
    await anna.dialog.getByLabel('Current password').fill(old);
    await anna.dialog.getByLabel('New password', { exact: true }).fill(fresh);
    await anna.dialog.getByLabel('New password again').fill(again);
    await anna.press('Save');
  };
  await fill(PASSWORD, 'short', 'short');
  await anna.sees(anna.dialog.getByText('At least 8 characters are needed.'));
  await fill(PASSWORD, 'battery staple', 'battery maple');
  await anna.sees(anna.dialog.getByText('not the same'));
  await fill('wrong horse', 'battery staple', 'battery staple');
  await anna.sees(anna.dialog.getByRole('alert').filter({ hasText: /./ }));
  await fill(PASSWORD, 'battery staple', 'battery staple');
  await anna.sees(page.locator('.toast', { hasText: 'Password changed' }));
  await elsewhere.outside();
  await page.keyboard.press('Escape');
  await anna.open('bob');
  await anna.write('still here');

  // The account goes, the words stay.
  await profile();
  await anna.dialog.locator('[data-action=delete]').click();
  await anna.dialog.getByLabel('Current password').fill('battery staple');
  await anna.press('Delete for ever');
  await anna.outside();
  await bob.page.reload();
  await bob.page.locator('.chat-row').first().click();
  await bob.sees(bob.bubble('still here'));
}
