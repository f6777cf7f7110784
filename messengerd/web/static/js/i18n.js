// Words and dates in the reader's language.

const KEY = 'messenger.language';

/** The languages, by code, as they call themselves. */
export const languages = { en: 'English', ru: 'Русский' };

const words = { en: Object.create(null), ru: Object.create(null) };
const listeners = new Set();
let current = chosen();
let formats = makeFormats(current);

function chosen() {
  const kept = read(KEY);
  if (kept && kept in languages) return kept;
  for (const tag of navigator.languages ?? []) {
    const code = tag.toLowerCase().split('-')[0];
    if (code in languages) return code;
  }
  return 'en';
}

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // A browser that keeps nothing.
  }
}

function makeFormats(code) {
  const format = (options) => new Intl.DateTimeFormat(code === 'en' ? englishTag() : code, options);
  return {
    plural: new Intl.PluralRules(code),
    relative: new Intl.RelativeTimeFormat(code, { numeric: 'auto' }),
    number: new Intl.NumberFormat(code),
    time: format({ timeStyle: 'short' }),
    day: format({ day: 'numeric', month: 'long' }),
    dayYear: format({ day: 'numeric', month: 'long', year: 'numeric' }),
    short: format({ day: 'numeric', month: 'short' }),
    shortYear: format({ day: '2-digit', month: '2-digit', year: '2-digit' }),
    weekday: format({ weekday: 'short' }),
    dateTime: format({ dateStyle: 'long', timeStyle: 'short' }),
  };
}

// English readers keep their own order of day and month, and their own clock.
function englishTag() {
  return (navigator.languages ?? []).find((tag) => tag.toLowerCase().startsWith('en')) ?? 'en';
}

/** Adds words: `{en: {key: text}, ru: {…}}`. A text may be an object of plural forms chosen by `n`. */
export function register(dictionaries) {
  for (const [code, entries] of Object.entries(dictionaries)) Object.assign(words[code], entries);
}

/** Whether there are words under this key. */
export function has(key) {
  return key in words[current] || key in words.en;
}

/** The text of `key` with `{name}` replaced from `params`; `n` in them chooses the plural form. */
export function t(key, params = {}) {
  let text = words[current][key] ?? words.en[key];
  if (text === undefined) return key;
  if (typeof text === 'object') text = text[formats.plural.select(Number(params.n))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? formats.number.format(value) : String(value);
  });
}

/** `t` of a text with plural forms. */
export function plural(key, n, params = {}) {
  return t(key, { ...params, n });
}

/** A number as written in the language. */
export function formatNumber(value) {
  return formats.number.format(value);
}

/** The code of the language. */
export function language() {
  return current;
}

/** Chooses a language and keeps the choice; what listens draws anew. */
export function setLanguage(code) {
  if (!(code in languages)) return;
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // Kept for this visit only.
  }
  current = code;
  formats = makeFormats(code);
  document.documentElement.lang = code;
  for (const listener of listeners) listener(code);
}

/** Calls back when the language was changed. */
export function onLanguage(listener) {
  listeners.add(listener);
}

const date = (value) => (value instanceof Date ? value : new Date(value));
const midnight = (value) => new Date(value.getFullYear(), value.getMonth(), value.getDate());

/** Whole days from the day of `value` to today, by the reader's calendar. */
function daysAgo(value) {
  return Math.round((midnight(new Date()) - midnight(value)) / 86_400_000);
}

/** 14:05 */
export function formatTime(value) {
  return formats.time.format(date(value));
}

/** Today, Yesterday, 12 March, 12 March 2024: for separators. */
export function formatDay(value) {
  const when = date(value);
  const ago = daysAgo(when);
  if (ago === 0) return t('day.today');
  if (ago === 1) return t('day.yesterday');
  return (when.getFullYear() === new Date().getFullYear() ? formats.day : formats.dayYear).format(when);
}

/** A day and a time in full. */
export function formatDateTime(value) {
  return formats.dateTime.format(date(value));
}

/** The shortest that tells when: 14:05, Tue, 12 Mar, 12.03.24. */
export function formatShort(value) {
  const when = date(value);
  const ago = daysAgo(when);
  if (ago <= 0) return formatTime(when);
  if (ago < 7) return formats.weekday.format(when);
  return (when.getFullYear() === new Date().getFullYear() ? formats.short : formats.shortYear).format(when);
}

/** "5 minutes ago", "yesterday". */
export function relative(value) {
  const seconds = Math.min(0, (date(value) - Date.now()) / 1000);
  const steps = [
    ['minute', 60, 60],
    ['hour', 3600, 24],
    ['day', 86_400, 30],
    ['month', 2_592_000, 12],
    ['year', 31_536_000, Infinity],
  ];
  if (seconds > -60) return t('time.now');
  for (const [unit, size, limit] of steps) {
    const amount = Math.trunc(seconds / size);
    if (-amount < limit) return formats.relative.format(amount, unit);
  }
  return formatDateTime(value);
}

document.documentElement.lang = current;
