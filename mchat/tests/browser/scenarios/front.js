// Registration and signing in, with all that can go wrong on the way.

import assert from 'node:assert/strict';
import { PASSWORD } from '../stage.js';

export default async function front(stage) {
  const anna = await stage.person('anna');
  const { page } = anna;
  anna.expects(/status of 401/); // Nobody is signed in, which is what leads to the form.
  await page.goto('/chat.html');
  await anna.outside();

  await page.getByRole('button', { name: 'Create account' }).click();
  const submit = page.getByRole('button', { name: 'Create account' });
  const name = page.getByLabel('Username', { exact: true });
  const email = page.getByLabel('E-mail', { exact: true });
  const password = page.getByLabel('Password', { exact: true });

  // Each field says what is wrong with it, and the first wrong one has the keyboard.
  await submit.click();
  await anna.sees(page.locator('#field-username-problem', { hasText: 'Fill this in.' }));
  await anna.until(() => document.activeElement.name === 'username');
  await name.fill('-anna');
  await email.fill('nowhere');
  await password.fill('short');
  await submit.click();
  await anna.sees(page.locator('#field-username-problem', { hasText: 'begin with a letter' }));
  await anna.sees(page.locator('#field-email-problem', { hasText: 'name@example.org' }));
  await anna.sees(page.locator('#field-password-problem', { hasText: '8 characters' }));
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  await anna.accessible('registration with errors');

  await name.fill('anna');
  await email.fill('anna@example.org');
  await page.getByLabel('First name').fill('Anna');
  await password.fill(PASSWORD);
  await submit.click();
  await page.waitForURL('**/chat.html');
  await anna.sees(page.locator('.side-header'));

  // The session is where no script can read it.
  assert.equal(await page.evaluate(() => document.cookie), '');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(kept, /eyJ[\w-]+\.[\w-]+\.[\w-]+/);
  const cookies = await anna.context.cookies();
  assert.equal(cookies.length, 1);
  assert.ok(cookies[0].httpOnly);
  assert.equal(cookies[0].sameSite, 'Strict');
  for (const part of Object.values(JSON.parse(kept)).map(JSON.stringify)) assert.ok(!part.includes(cookies[0].value));

  // A page is no place for a taken name.
  const bob = await stage.person('bob');
  bob.expects(/status of 40[01]/);
  await bob.page.goto('/');
  await bob.page.getByRole('button', { name: 'Create account' }).click();
  await bob.page.getByLabel('Username', { exact: true }).fill('ANNA');
  await bob.page.getByLabel('E-mail', { exact: true }).fill('bob@example.org');
  await bob.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await bob.page.getByRole('button', { name: 'Create account' }).click();
  await bob.sees(bob.page.getByRole('alert').filter({ hasText: 'taken' }));
  await bob.until(() => document.activeElement.name === 'username');
  await bob.page.getByLabel('Username', { exact: true }).fill('bob');
  await bob.page.getByRole('button', { name: 'Create account' }).click();
  await bob.sees(bob.page.locator('.side-header'));

  // Signing out ends it here; the way back is the form.
  await bob.page.getByRole('button', { name: 'Your profile and settings' }).click();
  await bob.dialog.locator('[data-action=sign-out]').click();
  await bob.press('Sign out');
  await bob.outside();
  await bob.page.goto('/chat.html');
  await bob.outside();

  // One sentence for a wrong name and for a wrong password.
  const sign = async (login, secret) => {
    await bob.page.getByLabel('Username or e-mail').fill(login);
    await bob.page.getByLabel('Password', { exact: true }).fill(secret);
    await bob.page.getByRole('button', { name: 'Sign in' }).click();
  };
  const said = [];
  for (const [login, secret] of [['bob', 'wrong horse'], ['nobody', PASSWORD]]) {
    await sign(login, secret);
    const alert = await bob.sees(bob.page.getByRole('alert'));
    said.push(await alert.textContent());
    await bob.until(() => document.activeElement.name === 'password');
  }
  assert.equal(said[0], said[1]);
  await bob.accessible('sign-in with an error');
  await sign('bob@example.org', PASSWORD);
  await bob.page.waitForURL('**/chat.html');

  // Whoever is signed in already goes on at once.
  await bob.page.goto('/');
  await bob.page.waitForURL('**/chat.html');

  // Both languages; the choice stays.
  const vera = await stage.person('vera', { locale: 'ru-RU' });
  vera.expects(/status of 401/);
  await vera.page.goto('/');
  await vera.sees('Войти');
  assert.equal(await vera.page.getAttribute('html', 'lang'), 'ru');
  await vera.page.getByLabel('Язык').selectOption('en');
  await vera.sees('Sign in to Messenger');
  await vera.page.reload();
  await vera.sees('Sign in to Messenger');
  assert.equal(await vera.page.getAttribute('html', 'lang'), 'en');
}
