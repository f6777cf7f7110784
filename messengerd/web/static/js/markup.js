// The little markup of messages, as the terminal client reads it: **bold**,
// *italics*, _italics_, ~~strike~~, ||spoilers||, `code`, fenced code,
// > quotes, [links](https://…), bare links and @names.
//
// `parse` gives a tree, `render` makes nodes of it. Markup that does not close
// is plain text. Only http and https lead anywhere.

import { h } from './dom.js';

const PAIRS = [
  ['**', 'strong'],
  ['~~', 's'],
  ['||', 'spoiler'],
  ['*', 'em'],
  ['_', 'em'],
];
const SPECIAL = /[`*_~|[@:]/g;
const OPENERS = '([{"\'«“„>*_~|-—–:';
const LABEL = 300;
const LONGEST = 2048;
const letterOrDigit = (char) => char !== undefined && /[\p{L}\p{N}]/u.test(char);
const space = (char) => /\s/u.test(char);
// Characters that hide or turn what stands around them.
// eslint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** A text as a tree: strings and `{tag, children, …}`. */
export function parse(text) {
  const out = [];
  const lines = text.split('\n');
  let fences = true;
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    if (fences && line.startsWith('```')) {
      let close = at + 1;
      while (close < lines.length && lines[close].trimEnd() !== '```') close += 1;
      if (close < lines.length) {
        out.push({ tag: 'pre', children: [lines.slice(at + 1, close).join('\n')] });
        at = close + 1;
        continue;
      }
      fences = false;
    }
    if (line.startsWith('>')) {
      const children = [];
      for (; at < lines.length && lines[at].startsWith('>'); at++) {
        if (children.length) children.push('\n');
        children.push(...inline(lines[at].replace(/^> ?/, '')));
      }
      out.push({ tag: 'blockquote', children });
      continue;
    }
    out.push(...inline(line));
    at += 1;
    if (at < lines.length) out.push('\n');
  }
  return out;
}

function inline(text, inside = new Set()) {
  const out = [];
  const dead = new Set(); // Marks that were looked for in vain from here on.
  let plain = 0;
  let at = 0;
  const take = (start, end, node) => {
    if (start > plain) out.push(text.slice(plain, start));
    out.push(node);
    plain = end;
    at = end;
  };
  for (;;) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    if (!found) break;
    at = found.index;
    const char = found[0];
    let piece = null;
    if (char === '`') piece = code(text, at, dead);
    else if (char === '[') piece = inside.has('a') ? null : labelled(text, at, inside);
    else if (char === ':') piece = inside.has('a') ? null : bare(text, plain, at);
    else if (char === '@') piece = inside.has('a') ? null : mention(text, at);
    else piece = pair(text, at, inside, dead);
    if (piece) take(piece.start ?? at, piece.end, piece.node);
    else at += char === '`' ? runLength(text, at) : 1;
  }
  if (plain < text.length) out.push(text.slice(plain));
  return out;
}

function runLength(text, at) {
  let end = at;
  while (text[end] === '`') end += 1;
  return end - at;
}

function pair(text, at, inside, dead) {
  const found = PAIRS.find(([mark]) => text.startsWith(mark, at));
  if (!found) return null;
  const [mark, tag] = found;
  if (dead.has(mark) || inside.has(tag)) return null;
  const before = text[at - 1];
  const first = text[at + mark.length];
  if (before !== undefined && !space(before) && !OPENERS.includes(before)) return null;
  if (first === undefined || space(first) || mark.startsWith(first)) return null;
  const body = at + mark.length;
  for (let from = body; ; ) {
    const close = text.indexOf(mark, from);
    if (close < 0) {
      dead.add(mark);
      return null;
    }
    const end = close + mark.length;
    const last = text[close - 1];
    const next = text[end];
    const doubled = mark.length === 1 && (next === mark || last === mark);
    if (close > body && !space(last) && !letterOrDigit(next) && !doubled) {
      const children = inline(text.slice(body, close), new Set([...inside, tag]));
      return { end, node: { tag, children } };
    }
    from = end;
  }
}

function code(text, at, dead) {
  const run = runLength(text, at);
  const key = `\`${run}`;
  if (run > 3 || dead.has(key)) return null;
  for (let from = at + run; ; ) {
    const close = text.indexOf('`', from);
    if (close < 0) {
      dead.add(key);
      return null;
    }
    const other = runLength(text, close);
    if (other === run) {
      return { end: close + run, node: { tag: 'code', children: [text.slice(at + run, close)] } };
    }
    from = close + other;
  }
}

function labelled(text, at, inside) {
  const near = text.slice(at, at + LABEL);
  const middle = near.indexOf('](');
  if (middle < 2) return null;
  const rest = text.slice(at + middle + 2, at + middle + 3 + LONGEST);
  const length = rest.search(/[)\s]/u);
  if (length < 0 || rest[length] !== ')') return null;
  const href = safeAddress(rest.slice(0, length));
  if (!href) return null;
  const label = near.slice(1, middle);
  const children = inline(label, new Set([...inside, 'a']));
  const { host } = new URL(href);
  const told = label.trim().replace(/\/$/, '');
  // A label may not pass for another address.
  const honest = told === host || told === href.replace(/\/$/, '');
  return { end: at + middle + 3 + length, node: { tag: 'a', href, children, host: honest ? null : host } };
}

function bare(text, plain, at) {
  const scheme = /(^|[^\p{L}\p{N}])(https?)$/iu.exec(text.slice(Math.max(plain, at - 6), at))?.[2];
  if (!scheme || !text.startsWith('//', at + 1)) return null;
  const start = at - scheme.length;
  const near = text.slice(start, start + LONGEST + 1);
  let end = near.search(/[\s<>"«»“”`|]/u);
  if (end < 0) end = near.length;
  end = trimmed(near.slice(0, end));
  const href = safeAddress(near.slice(0, end));
  if (!href) return null;
  const shown = near.slice(0, end);
  const { host, username } = new URL(href);
  return { start, end: start + end, node: { tag: 'a', href, children: [shown], host: username ? host : null } };
}

// Marks of the sentence do not belong to the address.
function trimmed(address) {
  const count = (char) => address.split(char).length - 1;
  let round = Math.max(0, count(')') - count('('));
  let square = Math.max(0, count(']') - count('['));
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1];
    if ('.,;:!?\'*_~…'.includes(last)) continue;
    if (last === ')' && round-- > 0) continue;
    if (last === ']' && square-- > 0) continue;
    break;
  }
  return end;
}

/** The address if it is a whole http or https one that hides nothing, else null. */
export function safeAddress(text) {
  if (text.length > LONGEST || /\s/u.test(text) || STEERING.test(text) || !/^https?:\/\//i.test(text)) return null;
  let url;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname ? url.href : null;
}

function mention(text, at) {
  const before = text[at - 1];
  if (before !== undefined && (letterOrDigit(before) || '@._-/'.includes(before))) return null;
  const name = /^[\p{L}\p{N}][\p{L}\p{N}._-]*/u.exec(text.slice(at + 1, at + 66))?.[0].replace(/[._-]+$/, '');
  if (!name) return null;
  return { end: at + 1 + name.length, node: { tag: 'mention', name, children: [`@${name}`] } };
}

/** Nodes of a text. `me` is the reader's username, whose mentions stand out. */
export function render(text, me = '') {
  return parse(text).map((piece) => node(piece, me.toLowerCase()));
}

function node(piece, me) {
  if (typeof piece === 'string') return document.createTextNode(piece);
  const children = piece.children.map((child) => node(child, me));
  switch (piece.tag) {
    case 'pre':
      return h('pre', null, h('code', null, children));
    case 'a': {
      const link = h('a', { href: piece.href, target: '_blank', rel: 'noopener noreferrer' }, children);
      return piece.host ? h('span', null, link, ` (${piece.host})`) : link;
    }
    case 'mention':
      return h('span', { class: ['mention', piece.name.toLowerCase() === me && 'me'] }, children);
    case 'spoiler':
      return spoiler(children);
    default:
      return h(piece.tag, null, children);
  }
}

function spoiler(children) {
  const element = h('span', { class: 'spoiler', role: 'button', tabIndex: 0, aria: { expanded: false } }, children);
  const reveal = (event) => {
    if (element.classList.contains('open')) return;
    event.preventDefault();
    event.stopPropagation();
    element.classList.add('open');
    element.removeAttribute('role');
    element.removeAttribute('tabindex');
    element.removeAttribute('aria-expanded');
  };
  element.addEventListener('click', reveal);
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') reveal(event);
  });
  return element;
}

/** A text on one line without its markup, for lists and quotes. */
export function plain(text) {
  const flat = (piece) =>
    typeof piece === 'string' ? piece : piece.tag === 'spoiler' ? '▒▒▒' : piece.children.map(flat).join('');
  return parse(text.slice(0, 600)).map(flat).join('').replace(/\s+/gu, ' ').trim();
}
