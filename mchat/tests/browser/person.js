// Somebody in front of a browser.

import assert from 'node:assert/strict';
import path from 'node:path';
import { axeSource, PASSWORD, until } from './stage.js';

export class Person {
  /** The page before them. */
  page = null;
  /** Their account, once there is one. */
  user = null;
  #context;
  #stage;
  #expected = [];

  constructor(name, context, stage) {
    this.name = name;
    this.#context = context;
    this.#stage = stage;
  }

  /** The browser's context. */
  get context() {
    return this.#context;
  }

  /** Opens a page that is watched from its first line on. */
  async begin() {
    const home = new URL(this.#stage.url);
    await this.#context.addInitScript(() => {
      window.hurt = 0;
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    this.#context.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.host !== home.host) this.#fault(`asked another host: ${request.url()}`);
    });
    this.#context.on('page', (page) => this.#watch(page, home));
    this.page = await this.#context.newPage();
  }

  #watch(page, home) {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = `${message.text()} ${message.location().url}`;
      if (!this.#expected.some((pattern) => pattern.test(text))) this.#fault(text);
    });
    page.on('pageerror', (error) => this.#fault(error.stack));
    page.on('dialog', (dialog) => {
      this.#fault(`a script called ${dialog.type()}: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== home.host) this.#fault(`a socket to another host: ${socket.url()}`);
    });
  }

  #fault(text) {
    this.#stage.faults.push(`${this.name}: ${text}`);
  }

  /** From now on the browser may complain like this, as of an answer that is asked for. */
  expects(pattern) {
    this.#expected.push(pattern);
  }

  /** Nothing that comes from now on counts: the page is on its way out. */
  close() {
    this.#expected.push(/^/);
  }

  /** Makes an account without the page; the session is in the browser. */
  async enrol({ first = '', last = '' } = {}) {
    const fields = { username: this.name, email: `${this.name}@example.org`, password: PASSWORD, first_name: first, last_name: last, cookie: true };
    this.user = (await this.call('POST', '/auth/register', fields)).user;
  }

  /** Signs in with an account that is there. */
  async signIn(username = this.name) {
    this.user = (await this.call('POST', '/auth/login', { username, password: PASSWORD, cookie: true })).user;
    // As the sign-in page would have noted.
    if (this.page.url().startsWith(this.#stage.url)) await this.page.evaluate(() => localStorage.setItem('messenger.signed-in', 'yes'));
  }

  /** Opens the chat page and waits for it. */
  async enter(hash = '') {
    await this.page.goto(`/chat.html${hash}`);
    await this.page.locator('.side-header').waitFor();
  }

  /** Waits for the sign-in page. */
  async outside() {
    await this.page.waitForURL((url) => url.pathname === '/');
  }

  /** Asks the daemon directly, with this browser's session. */
  async call(method, route, data, { status } = {}) {
    const answer = await this.#context.request.fetch(`/api/v1${route}`, { method, data, headers: { Origin: this.#stage.url } });
    const body = await answer.json();
    if (status) assert.equal(answer.status(), status, JSON.stringify(body));
    else assert.ok(answer.ok(), `${method} ${route}: ${answer.status()} ${JSON.stringify(body)}`);
    return body;
  }

  /** A chat, made without the page. */
  async makeChat(type, name, people, more = {}) {
    return (await this.call('POST', '/chats', { type, name, member_ids: people.map((person) => person.user?.id ?? person), ...more })).chat;
  }

  /** A message, sent without the page. */
  async post(chat, content, more = {}) {
    return (await this.call('POST', '/messages', { chat_id: chat.id, content, ...more })).message;
  }

  /** The row of a chat in the list. */
  row(title) {
    return this.page.locator('.chat-row').filter({ has: this.page.locator('.chat-title', { hasText: title }) });
  }

  /** Opens a chat by a click in the list. */
  async open(title) {
    await this.row(title).click();
    await this.page.locator('.chat-name', { hasText: title }).waitFor();
  }

  /** The composer's field. */
  get composer() {
    return this.page.locator('#composer');
  }

  /** Writes into the composer and sends. */
  async write(text) {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await this.bubble(text).waitFor();
  }

  /** The message with this text. */
  bubble(text) {
    return this.page.locator('.timeline .row').filter({ has: this.page.locator('.text', { hasText: text }) });
  }

  /** Waits until something is on the screen. */
  async sees(locator) {
    const target = typeof locator === 'string' ? this.page.getByText(locator).first() : locator.first();
    await target.waitFor({ state: 'visible' });
    return target;
  }

  /** Waits until something is on the screen no longer. */
  async misses(locator) {
    await (typeof locator === 'string' ? this.page.getByText(locator).first() : locator.first()).waitFor({ state: 'hidden' });
  }

  /** The dialog on top. */
  get dialog() {
    return this.page.locator('dialog[open]').last();
  }

  /** Presses a button of the dialog on top. */
  async press(name) {
    await this.dialog.getByRole('button', { name, exact: true }).click();
  }

  /** A picture of the page, in the target directory. */
  async shot(name) {
    await this.page.evaluate(() => document.fonts.ready);
    await this.page.screenshot({ path: path.join(process.env.MESSENGER_SHOTS, `${name}.png`), animations: 'disabled', caret: 'initial' });
  }

  /** Fails where axe-core finds something serious or critical. */
  async accessible(where) {
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 4).map((node) => `${node.target.join(' ')} (${node.failureSummary.split('\n')[1]?.trim()})`).join('; ')}`);
    });
    assert.deepEqual(found, [], `${where}: ${this.name}`);
  }

  /** Nothing may be wider than the window. */
  async fits(where) {
    const [inner, wanted] = await this.page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
    assert.ok(wanted <= inner, `${where}: ${wanted} px in a window of ${inner}`);
  }

  /** Waits for something in the page to be true. */
  async until(check, argument, what = check.toString()) {
    return until(() => this.page.evaluate(check, argument), what);
  }
}
