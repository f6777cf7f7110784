// Every page and dialog, in both colour schemes and on a phone: axe-core finds
// nothing serious, nothing is wider than the window, and there is a picture.

import { DESKTOP, PHONE } from '../stage.js';

export default async function looks(stage) {
  const bob = await stage.member('bob', { first: 'Bob', last: 'Marlow', open: false });
  const cleo = await stage.member('cleo', { first: 'Cleo', open: false });
  const anna = await stage.member('anna', { first: 'Anna', last: 'Kern', open: false });
  const group = await anna.makeChat('group', 'Release crew', [bob, cleo], { description: 'What we ship, and when.' });
  const direct = await bob.makeChat('private', '', [anna]);
  await cleo.makeChat('public', 'Town square', []);
  await anna.call('POST', '/contacts', { contact_id: bob.user.id });
  const first = await cleo.post(group, 'The checklist is in the wiki: build, verify, announce.');
  await anna.post(group, 'Thank you! I will go through it **tonight** and write down what is missing.', { reply_to_id: first.id });
  await bob.call('PUT', `/messages/${first.id}/reactions/${encodeURIComponent('👍')}`);
  await bob.post(group, 'Here is how to start it:\n```\nmessengerd serve\n```\nSee https://example.org/release for the rest.');
  await bob.post(direct, 'Lunch at one?');

  const front = async (person, name) => {
    person.expects(/status of 401/);
    await person.page.goto('/');
    await person.sees(person.page.locator('form'));
    await person.shot(`sign-in-${name}`);
    await person.accessible(`sign-in ${name}`);
    await person.page.locator('.auth-other button').click();
    await person.sees(person.page.getByLabel('First name'));
    await person.shot(`register-${name}`);
    await person.accessible(`registration ${name}`);
    await person.fits(`registration ${name}`);
  };
  const screens = {
    light: { viewport: DESKTOP, scheme: 'light' },
    dark: { viewport: DESKTOP, scheme: 'dark' },
    phone: { viewport: PHONE, scheme: 'light', touch: true },
    'phone-dark': { viewport: PHONE, scheme: 'dark', touch: true },
  };
  await Promise.all(
    Object.entries(screens).map(async ([name, screen]) => {
      const person = await stage.person(`screen-${name}`, screen);
      await front(person, name);
      await person.signIn('anna');
      await person.enter();
      await person.sees(person.row('Release crew'));
      const look = async (what) => {
        await person.shot(`${what}-${name}`);
        // Phones differ in measures, not in what axe-core looks at.
        if (!screen.touch) await person.accessible(`${what} ${name}`);
        await person.fits(`${what} ${name}`);
      };
      const { page } = person;
      await look('list');
      const shut = async () => {
        await page.keyboard.press('Escape');
        await person.misses(page.locator('dialog[open]'));
      };
      await page.getByRole('button', { name: 'New chat' }).first().click();
      await person.sees(person.dialog.getByRole('option'));
      await look('new-private');
      await person.dialog.getByText('Group', { exact: true }).click();
      await person.dialog.getByRole('combobox').fill('cle');
      await person.dialog.getByRole('option').filter({ hasText: '@cleo' }).click();
      await person.sees(person.dialog.locator('.chip'));
      await look('new-group');
      await shut();
      await page.getByRole('button', { name: 'Contacts' }).click();
      await person.dialog.getByRole('searchbox').fill('c');
      await person.sees(person.dialog.getByText('Other people'));
      await look('contacts');
      await shut();
      await page.getByRole('button', { name: 'Your profile and settings' }).click();
      await person.sees(person.dialog.locator('.action-list'));
      await look('profile');
      for (const [action, ready] of [['edit', 'form'], ['password', 'form'], ['sessions', '.session'], ['delete', 'form']]) {
        await person.dialog.locator(`[data-action=${action}]`).click();
        await person.sees(person.dialog.locator(ready));
        await look(`profile-${action}`);
        await page.keyboard.press('Escape');
      }
      await shut();
      await person.row('Release crew').click();
      await person.sees(person.bubble('Thank you'));
      await look('chat');
      await person.bubble('The checklist').locator('.bubble').click({ button: 'right' });
      await person.sees(page.getByRole('menu'));
      await look('menu');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'About this chat' }).click();
      await person.sees(person.dialog.locator('.person').nth(2));
      await look('chat-info');
      for (const [action, ready] of [['edit', 'form'], ['settings', '.switch'], ['invite', '.select']]) {
        await person.dialog.locator(`[data-action=${action}]`).click();
        await person.sees(person.dialog.locator(ready));
        await look(`chat-${action}`);
        await page.keyboard.press('Escape');
      }
      await person.dialog.locator('[data-action=delete]').click();
      await person.sees(person.dialog.getByRole('button', { name: 'Cancel' }));
      await look('confirm');
      await page.keyboard.press('Escape');
      await person.dialog.locator('.person', { hasText: 'Bob' }).locator('.person-main').click();
      await person.sees(person.dialog.getByText('@bob'));
      await look('person');
      await page.keyboard.press('Escape');
      await shut();
      await page.getByRole('button', { name: 'Search in this chat' }).click();
      await person.dialog.getByRole('searchbox').fill('checklist');
      await person.sees(person.dialog.locator('.result'));
      await look('search');
      await shut();
      await page.keyboard.press('Control+k');
      await person.sees(person.dialog.getByRole('option'));
      await look('quick');
      await shut();
      await page.evaluate(() => {
        location.hash = 'invite=nothing';
      });
      await person.sees(person.dialog.getByRole('button', { name: 'Join' }));
      await look('join');
      await shut();
    }),
  );
}
