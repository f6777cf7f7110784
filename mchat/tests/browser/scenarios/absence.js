// The daemon goes and comes back: the page says so, keeps what one writes,
// and fetches what it missed.

import assert from 'node:assert/strict';

export default async function absence(stage) {
  const [anna, bob] = await Promise.all([stage.member('anna', { first: 'Anna' }), stage.member('bob', { first: 'Bob' })]);
  const chat = await anna.makeChat('group', 'Shelter', [bob]);
  await anna.open('Shelter');
  await anna.write('before the storm');
  await bob.open('Shelter');
  await bob.sees(bob.bubble('before the storm'));
  for (const person of [anna, bob]) person.expects(/WebSocket|ERR_|Failed to load|status of 50[0-9]/);

  await stage.stopDaemon();
  await anna.sees(anna.page.locator('.banner', { hasText: 'No connection' }));
  await anna.accessible('without a connection');
  // What one writes waits, in order, and is there after a look elsewhere.
  for (const text of ['first into the wind', 'second into the wind']) await anna.write(text);
  await anna.sees(anna.bubble('second into the wind').locator('.tick.waiting, .tick.sending'));

  await stage.startDaemon();
  await anna.page.getByRole('button', { name: 'Connect now' }).click({ timeout: 2000 }).catch(() => {}); // Where it has not come back by itself.
  await anna.misses(anna.page.locator('.banner'));
  await anna.sees(anna.bubble('second into the wind').locator('.tick.sent, .tick.delivered, .tick.read'));
  await bob.sees(bob.bubble('second into the wind'));
  const texts = await bob.page.locator('.timeline .text').allTextContents();
  assert.deepEqual(texts.slice(-2).map((text) => text.trim()), ['first into the wind', 'second into the wind']);
  assert.equal(texts.filter((text) => text.includes('first into the wind')).length, 1);

  // What others wrote while one had no line is fetched after it.
  await bob.context.setOffline(true);
  await bob.page.evaluate(() => dispatchEvent(new Event('offline')));
  await stage.stopDaemon();
  await bob.sees(bob.page.locator('.banner'));
  await stage.startDaemon();
  for (let n = 1; n <= 75; n += 1) await anna.post(chat, `missed ${n} of 75`);
  const side = await anna.makeChat('private', '', [bob]);
  await anna.post(side, 'and here');
  await bob.context.setOffline(false);
  await bob.sees(bob.bubble('missed 75 of 75').or(bob.page.locator('.jump .badge')));
  await bob.page.locator('.timeline').press('End');
  await bob.sees(bob.bubble('missed 75 of 75'));
  await bob.sees(bob.row('Anna').locator('.badge', { hasText: '1' }));
  // None is missing, none is there twice.
  await bob.until(
    () => {
      window.missed ??= new Set();
      for (const text of document.querySelectorAll('.timeline .text')) {
        const found = /^missed (\d+) of/.exec(text.textContent);
        if (found) window.missed.add(Number(found[1]));
      }
      document.querySelector('.timeline').scrollTop -= 300;
      return window.missed.size === 75;
    },
    undefined,
    'all 75 that were missed',
  );
}
