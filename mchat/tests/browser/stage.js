// The browser, the people in it, the terminal beside them, and the daemon.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { Person } from './person.js';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
const PASSWORD = 'correct horse';
const LONG_MS = 15_000;

export { DESKTOP, PASSWORD, PHONE };

/** Waits until `check` gives something true, and gives that. */
export async function until(check, what) {
  const end = Date.now() + LONG_MS;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Stage {
  /** What went wrong without failing a step: console errors, foreign requests, violations. */
  faults = [];
  /** Where the daemon's pages are. */
  url = process.env.MESSENGER_URL;
  #name;
  #browser = null;
  #people = [];
  #answers = null;

  constructor(name) {
    this.#name = name;
  }

  /** Starts the browser. */
  async raise() {
    const args = ['--disable-gpu', '--disable-dev-shm-usage'];
    if (process.getuid?.() === 0) args.push('--no-sandbox');
    this.#browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
    this.#answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  }

  /** Ends the browser. */
  async lower() {
    await this.#browser?.close();
  }

  /** A browser of somebody's own, with nothing open yet; `known` where they signed in there before. */
  async person(name, { locale = 'en-GB', scheme = 'light', viewport = DESKTOP, touch = false, permissions = [], known = false } = {}) {
    const noted = [{ origin: this.url, localStorage: [{ name: 'messenger.signed-in', value: 'yes' }] }];
    const context = await this.#browser.newContext({
      baseURL: this.url,
      locale,
      timezoneId: 'Europe/Berlin',
      colorScheme: scheme,
      viewport,
      hasTouch: touch,
      isMobile: touch,
      permissions,
      reducedMotion: 'reduce',
      storageState: { cookies: [], origins: known ? noted : [] },
    });
    context.setDefaultTimeout(LONG_MS);
    const person = new Person(name, context, this);
    await person.begin();
    this.#people.push(person);
    return person;
  }

  /** The same, with an account that was made just now, before the chat page. */
  async member(name, options = {}) {
    const person = await this.person(name, { known: true, ...options });
    await person.enrol(options);
    if (options.open !== false) await person.enter();
    return person;
  }

  /** The terminal client of somebody with an account of their own. */
  async terminal(name) {
    const run = (args, input) =>
      new Promise((resolve, reject) => {
        const child = execFile(
          process.env.MCHAT,
          args,
          { env: { HOME: path.join(process.env.MESSENGER_HOME, name), MCHAT_SERVER: process.env.MCHAT_SERVER }, timeout: 2 * LONG_MS },
          (error, stdout, stderr) => (error ? reject(new Error(`mchat ${args.join(' ')}: ${error.message} ${stderr}`)) : resolve(stdout)),
        );
        child.stdin.end(input ?? '');
      });
    mkdirSync(path.join(process.env.MESSENGER_HOME, name), { recursive: true });
    await run(['register', '--user', name, '--password-file', '-'], `${PASSWORD}\n`);
    return { name, run, json: async (args) => (await run(['--json', ...args])).trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
  }

  /** Stops the daemon; its data stays. */
  async stopDaemon() {
    await this.#ask('@stop');
  }

  /** Starts it again, on the same ports. */
  async startDaemon() {
    await this.#ask('@start');
  }

  async #ask(words) {
    console.log(words);
    const { value } = await this.#answers.next();
    if (value !== 'done') throw new Error(`${words}: ${value}`);
  }

  /** Fails for what went wrong without failing a step. */
  check() {
    for (const person of this.#people) person.close();
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
  }

  /** A picture of each page, to see what failed. */
  async failed() {
    for (const person of this.#people) {
      try {
        await person.shot(`failed-${this.#name}-${person.name}`);
        console.error(`${person.name} is at ${person.page.url()}`);
      } catch (error) {
        console.error(`no picture of ${person.name}: ${error.message}`);
      }
    }
  }
}

/** The source of axe-core, to run in a page. */
export const axeSource = axe.source;
