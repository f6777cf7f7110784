// Chats of each kind: made, changed, joined by a link, left, deleted.

import assert from 'node:assert/strict';

export default async function chats(stage) {
  const [anna, bob, cleo] = await Promise.all([
    stage.member('anna', { first: 'Anna', permissions: ['clipboard-read', 'clipboard-write'] }),
    stage.member('bob', { first: 'Bob' }),
    stage.member('cleo', { first: 'Cleo' }),
  ]);
  const { page } = anna;
  const start = () => page.getByRole('button', { name: 'New chat' }).first().click();

  // Private: the person is the whole question.
  await start();
  await anna.dialog.getByRole('combobox').fill('bob');
  await anna.dialog.getByRole('option').filter({ hasText: '@bob' }).click();
  await anna.sees(page.locator('.chat-name', { hasText: 'Bob' }));

  // A group needs a name.
  await start();
  await anna.dialog.getByText('Group', { exact: true }).click();
  await anna.press('Create');
  await anna.sees(anna.dialog.getByText('Give it a name.'));
  await anna.dialog.getByLabel('Name', { exact: true }).fill('Kitchen');
  await anna.dialog.getByLabel('Description (optional)').fill('What is for dinner');
  await anna.press('Create');
  await anna.sees(page.locator('.chat-name', { hasText: 'Kitchen' }));

  // Its name can be changed; the members are told.
  await page.getByRole('button', { name: 'About this chat' }).click();
  await anna.sees(anna.dialog.getByText('What is for dinner'));
  await anna.sees(anna.dialog.getByText('1 member'));
  await anna.dialog.locator('[data-action=add-member]').click();
  await anna.dialog.getByRole('combobox').fill('bob');
  await anna.dialog.getByRole('option').filter({ hasText: '@bob' }).click();
  await anna.press('Add');
  await anna.sees(anna.dialog.getByText('2 members'));
  await bob.open('Kitchen');
  await anna.dialog.locator('[data-action=edit]').click();
  await anna.dialog.getByLabel('Name', { exact: true }).fill('Canteen');
  await anna.press('Save');
  await anna.sees(anna.dialog.locator('.profile-name', { hasText: 'Canteen' }));
  await bob.sees(bob.page.locator('.chat-name', { hasText: 'Canteen' }));

  // Roles.
  await anna.dialog.getByRole('button', { name: 'More for Bob' }).click();
  await page.getByRole('menuitemradio', { name: 'Moderator' }).click();
  await anna.sees(anna.dialog.locator('.role', { hasText: 'Moderator' }));

  // Settings are saved at once and stay.
  await anna.dialog.locator('[data-action=settings]').click();
  await anna.dialog.getByLabel('Voice calls').click();
  await anna.dialog.getByLabel('Keep messages').selectOption('30');
  await anna.until(async (id) => {
    const { chat } = await (await fetch(`/api/v1/chats/${id}`)).json();
    return chat.settings.allow_voice_calls === false && chat.settings.message_retention === 30;
  }, new URLSearchParams(new URL(page.url()).hash.slice(1)).get('chat'));
  await page.keyboard.press('Escape');

  // An invite link, copied, followed, joined.
  await anna.dialog.locator('[data-action=invite]').click();
  await anna.press('Make a link');
  const link = await anna.dialog.getByLabel('Invite link').last().inputValue();
  await anna.dialog.locator('[data-action=copy]').click();
  await anna.sees(anna.dialog.getByText('Copied'));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  assert.equal(await cleo.row('Canteen').count(), 0);
  await cleo.page.goto(link);
  await cleo.press('Join');
  await cleo.sees(cleo.page.locator('.chat-name', { hasText: 'Canteen' }));
  await cleo.write('I am in');
  await bob.sees(bob.bubble('I am in'));

  // One that does not exist says so.
  cleo.expects(/status of 40[034]/);
  await cleo.page.evaluate(() => {
    location.hash = 'invite=nosuchinvite';
  });
  await cleo.press('Join');
  await cleo.sees(cleo.dialog.getByRole('alert'));
  await cleo.press('Cancel');

  // Removed by the admin.
  await page.getByRole('button', { name: 'About this chat' }).click();
  await anna.dialog.getByRole('button', { name: 'More for Cleo' }).click();
  await page.getByRole('menuitem', { name: 'Remove from chat' }).click();
  await anna.press('Remove from chat');
  await cleo.misses(cleo.row('Canteen'));
  await anna.sees(anna.dialog.getByText('2 members'));
  await page.keyboard.press('Escape');

  // Public: seen by all, joined by writing, left again.
  await start();
  await anna.dialog.getByText('Public', { exact: true }).click();
  await anna.dialog.getByLabel('Name', { exact: true }).fill('Square');
  await anna.press('Create');
  await anna.sees(page.locator('.chat-name', { hasText: 'Square' }));
  await anna.write('all are welcome');
  await cleo.page.reload();
  await cleo.open('Square');
  await cleo.sees(cleo.bubble('all are welcome'));
  await cleo.write('here I am');
  await anna.sees(anna.bubble('here I am'));
  await cleo.page.getByRole('button', { name: 'About this chat' }).click();
  await cleo.dialog.locator('[data-action=leave]').click();
  await cleo.press('Leave');
  await cleo.misses(cleo.dialog.locator('[data-action=leave]'));
  await cleo.page.keyboard.press('Escape');

  // Bob leaves, Anna deletes.
  await bob.page.getByRole('button', { name: 'About this chat' }).click();
  await bob.dialog.locator('[data-action=leave]').click();
  await bob.press('Leave');
  await bob.misses(bob.row('Canteen'));
  await anna.open('Canteen');
  await page.getByRole('button', { name: 'About this chat' }).click();
  await anna.dialog.locator('[data-action=delete]').click();
  await anna.press('Delete for everyone');
  await anna.misses(anna.row('Canteen'));
}
