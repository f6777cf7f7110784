// People: found, added, renamed, written to, blocked.

import assert from 'node:assert/strict';

export default async function people(stage) {
  const [anna, bob] = await Promise.all([stage.member('anna', { first: 'Anna' }), stage.member('bob', { first: 'Robert', last: 'Smith' })]);
  const contacts = anna.page.getByRole('button', { name: 'Contacts' });

  // Found by a part of the name, added, and known to the list.
  await contacts.click();
  await anna.sees(anna.dialog.getByText('No contacts yet'));
  await anna.dialog.getByRole('searchbox').fill('SMI');
  await anna.dialog.getByRole('button', { name: 'Add Robert Smith to contacts' }).click();
  await anna.dialog.getByRole('searchbox').fill('');
  await anna.sees(anna.dialog.locator('.person', { hasText: 'Robert Smith' }));

  // The other one takes it up likewise; from then on each sees when the other is here.
  await bob.call('POST', '/contacts', { contact_id: anna.user.id });
  await anna.sees(anna.dialog.locator('.person-detail', { hasText: 'online' }));

  // A nickname is one's own.
  const more = anna.dialog.getByRole('button', { name: 'More for Robert Smith' });
  await more.click();
  await anna.page.getByRole('menuitem', { name: 'Change nickname' }).click();
  await anna.dialog.getByLabel('Nickname').fill('Bobby');
  await anna.press('Save');
  await anna.sees(anna.dialog.locator('.person', { hasText: 'Bobby' }));

  // Writing makes the chat, and leads to it.
  await anna.dialog.getByRole('button', { name: 'Write to Bobby' }).click();
  await anna.sees(anna.page.locator('.chat-name', { hasText: 'Bobby' }));
  await anna.write('hello Bobby');
  await bob.open('Anna');
  await bob.sees(bob.bubble('hello Bobby'));

  // Asking again gives the same chat.
  await contacts.click();
  await anna.dialog.getByRole('button', { name: 'Write to Bobby' }).click();
  assert.equal(await anna.page.locator('.chat-row').count(), 1);

  // The profile, from the head of the chat.
  await anna.page.locator('.chat-about').click();
  await anna.sees(anna.dialog.getByText('@bob'));
  await anna.sees(anna.dialog.getByText('Robert Smith'));
  await anna.dialog.locator('[data-action=block]').click();
  await anna.press('Block');
  await anna.sees(anna.dialog.locator('[data-action=unblock]'));
  await anna.page.keyboard.press('Escape');

  // Who is blocked cannot write, and is told so in words.
  bob.expects(/status of 403/);
  await bob.composer.fill('are you there?');
  await bob.composer.press('Enter');
  await bob.sees(bob.bubble('are you there?').locator('.retry').or(bob.page.locator('.toast')));
  assert.equal(await anna.bubble('are you there?').count(), 0);

  // And can again, once that is over.
  await contacts.click();
  await anna.dialog.getByRole('button', { name: 'More for Bobby' }).click();
  await anna.page.getByRole('menuitem', { name: 'Unblock' }).click();
  await anna.sees(anna.dialog.getByRole('button', { name: 'Write to Bobby' }));
  await anna.page.keyboard.press('Escape');
  await bob.write('back again');
  await anna.sees(anna.bubble('back again'));

  // Removed from the list; the chat stays.
  await contacts.click();
  await anna.dialog.getByRole('button', { name: 'More for Bobby' }).click();
  await anna.page.getByRole('menuitem', { name: 'Remove from contacts' }).click();
  await anna.press('Remove from contacts');
  await anna.sees(anna.dialog.getByText('No contacts yet'));
  await anna.page.keyboard.press('Escape');
  await anna.sees(anna.row('Robert Smith'));

  // By quick switch to somebody without a chat.
  const cleo = await stage.member('cleo', { first: 'Cleo' });
  await anna.page.keyboard.press('Control+k');
  await anna.dialog.getByRole('combobox').fill('cleo');
  await anna.dialog.getByRole('option').filter({ hasText: '@cleo' }).click();
  await anna.press('Write a message');
  await anna.sees(anna.page.locator('.chat-name', { hasText: 'Cleo' }));
  await anna.write('welcome');
  await cleo.sees(cleo.row('Anna'));
}
