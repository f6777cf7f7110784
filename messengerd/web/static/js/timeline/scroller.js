// A long list of rows of unlike heights, of which only those near the viewport
// are in the document.
//
// Heights are guessed until a row was drawn once, then measured. Above and
// below the drawn rows stand two spacers. Whatever changes (history above, a
// guess that was wrong, a picture that loads), the row the reader looks at
// stays where it is; at the bottom the bottom stays. A pass changes the
// document first, then reads heights, then sets spacers and position once.

import { h } from '../dom.js';

const OVERSCAN = 600;
const NEAR = 1200;
const BOTTOM = 32;

export class Scroller {
  #viewport;
  #above = h('div', { class: 'spacer' });
  #rows = h('div', { class: 'rows', role: 'list' });
  #below = h('div', { class: 'spacer' });
  #options;
  #entries = [];
  #offsets = new Float64Array(1);
  #drawn = new Map(); // entry → {element, look}
  #from = 0;
  #to = 0;
  #height = 0;
  #width = 0;
  #frame = 0;
  #stick = true;
  #position = 0;
  #sizes;

  /**
   * `viewport` scrolls. `draw(entry, previous, next)` makes the row's element,
   * `look(entry, previous, next)` gives a text that differs when it has to be
   * drawn anew, `guess(entry, width)` a height. `onscroll` hears of moves,
   * `onnear('top'|'bottom')` of an end of the list coming near.
   */
  constructor(viewport, options) {
    this.#viewport = viewport;
    this.#options = options;
    viewport.append(h('div', { class: 'canvas' }, this.#above, this.#rows, this.#below));
    viewport.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#sizes = new ResizeObserver((changes) => this.#resized(changes));
    this.#sizes.observe(viewport);
  }

  /** Whether the reader is at the end of the list. */
  get atBottom() {
    return this.#stick;
  }

  /** The list's accessible name. */
  set label(text) {
    this.#rows.setAttribute('aria-label', text);
  }

  /** The entries in the viewport: `{first, last}` positions, last one only as far as seen in whole. */
  visible() {
    const top = this.#position;
    const bottom = top + this.#height;
    const first = this.#at(top);
    let last = this.#at(bottom);
    if (last > first && this.#offsets[last + 1] > bottom + 1) last -= 1;
    return { first, last };
  }

  /** The drawn element of an entry, null while it is away from the viewport. */
  element(entry) {
    return this.#drawn.get(entry)?.element ?? null;
  }

  /** Shows these entries; the old ones among them keep their places on the screen. */
  set(entries, { bottom = false } = {}) {
    const anchor = bottom || this.#stick ? null : this.#anchor();
    this.#entries = entries;
    this.#stick ||= bottom;
    this.#measureUp();
    if (anchor) {
      const at = entries.indexOf(anchor.entry);
      if (at >= 0) this.#position = this.#offsets[at] - anchor.above;
    }
    this.#pass(anchor);
  }

  /** Draws anew what looks different now. */
  refresh() {
    this.#pass(this.#stick ? null : this.#anchor());
  }

  /** Brings an entry before the eyes; `align` is `center` or `top`. */
  reveal(entry, align = 'center') {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return false;
    this.#stick = false;
    const room = this.#height;
    const place = () => {
      const size = this.#offsets[at + 1] - this.#offsets[at];
      const gap = align === 'top' ? 24 : Math.max(24, (room - size) / 2);
      return { entry, above: gap };
    };
    // Twice: the first pass measures what is around it.
    for (let round = 0; round < 2; round++) {
      const anchor = place();
      this.#position = this.#offsets[at] - anchor.above;
      this.#pass(anchor);
    }
    this.#stick = this.#remaining() <= 1;
    return true;
  }

  /** To the end of the list. */
  toBottom() {
    this.#stick = true;
    this.#pass(null);
  }

  /** Moves by so many pixels. */
  scrollBy(pixels) {
    this.#viewport.scrollTop += pixels;
  }

  #scrolled() {
    this.#position = this.#viewport.scrollTop;
    this.#stick = this.#remaining() <= BOTTOM;
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#pass(this.#stick ? null : this.#anchor());
      this.#options.onscroll?.();
    });
  }

  #remaining() {
    return this.#total() - this.#position - this.#height;
  }

  #total() {
    return this.#offsets[this.#entries.length];
  }

  // The position of the entry at a height of the list.
  #at(y) {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#offsets[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // What must stay put: the first row that is in view, and how far it is from the top.
  #anchor() {
    if (!this.#entries.length) return null;
    this.#position = this.#viewport.scrollTop;
    const at = this.#at(this.#position + 1);
    return { entry: this.#entries[at], above: this.#offsets[at] - this.#position };
  }

  #measureUp() {
    const entries = this.#entries;
    const count = entries.length;
    if (this.#offsets.length <= count) this.#offsets = new Float64Array(Math.ceil((count + 1) * 1.5));
    const offsets = this.#offsets;
    let sum = 0;
    for (let at = 0; at < count; at++) {
      offsets[at] = sum;
      const entry = entries[at];
      sum += entry.height || (entry.guess ||= this.#options.guess(entry, this.#width));
    }
    offsets[count] = sum;
  }

  #pass(anchor) {
    if (!this.#height) return; // Not shown yet; the first size starts it.
    for (let round = 0; round < 4; round++) {
      const bottom = this.#stick;
      if (bottom) this.#position = Math.max(0, this.#total() - this.#height);
      const fresh = this.#draw();
      const moved = this.#read(fresh);
      if (moved) this.#measureUp();
      if (bottom) this.#position = Math.max(0, this.#total() - this.#height);
      else if (anchor) {
        const at = this.#entries.indexOf(anchor.entry, Math.max(0, this.#from - 1));
        if (at >= 0) this.#position = this.#offsets[at] - anchor.above;
      }
      const most = Math.max(0, this.#total() - this.#height);
      this.#position = Math.min(Math.max(0, this.#position), most);
      if (!moved) break;
    }
    this.#place();
    this.#ends();
  }

  // Puts the rows around the position into the document and takes the others out.
  #draw() {
    const entries = this.#entries;
    const count = entries.length;
    const from = count ? this.#at(this.#position - OVERSCAN) : 0;
    const to = count ? Math.min(count, this.#at(this.#position + this.#height + OVERSCAN) + 1) : 0;
    const keep = new Set();
    for (let at = from; at < to; at++) keep.add(entries[at]);
    for (const [entry, row] of this.#drawn) {
      if (keep.has(entry)) continue;
      this.#sizes.unobserve(row.element);
      row.element.remove();
      this.#drawn.delete(entry);
    }
    const fresh = [];
    let place = this.#rows.firstElementChild;
    for (let at = from; at < to; at++) {
      const entry = entries[at];
      const previous = entries[at - 1] ?? null;
      const next = entries[at + 1] ?? null;
      const look = this.#options.look(entry, previous, next);
      let row = this.#drawn.get(entry);
      if (row && row.look === look) {
        if (row.element === place) place = place.nextElementSibling;
        else this.#rows.insertBefore(row.element, place);
        continue;
      }
      const element = this.#options.draw(entry, previous, next);
      if (row) {
        const focused = row.element.contains(document.activeElement);
        this.#sizes.unobserve(row.element);
        if (row.element === place) place = place.nextElementSibling;
        row.element.replaceWith(element);
        if (place !== element.nextElementSibling) this.#rows.insertBefore(element, place);
        if (focused) element.focus({ preventScroll: true });
      } else {
        this.#rows.insertBefore(element, place);
      }
      row = { element, look };
      this.#drawn.set(entry, row);
      this.#sizes.observe(element);
      fresh.push(entry);
    }
    this.#from = from;
    this.#to = to;
    return fresh;
  }

  #read(fresh) {
    let moved = false;
    for (const entry of fresh) {
      const height = this.#drawn.get(entry).element.getBoundingClientRect().height;
      if (height && Math.abs(height - (entry.height || entry.guess)) > 0.25) moved = true;
      if (height) entry.height = height;
    }
    return moved;
  }

  #place() {
    const above = `${this.#offsets[this.#from]}px`;
    const below = `${Math.max(0, this.#total() - this.#offsets[this.#to])}px`;
    if (this.#above.style.height !== above) this.#above.style.height = above;
    if (this.#below.style.height !== below) this.#below.style.height = below;
    if (Math.abs(this.#viewport.scrollTop - this.#position) >= 1) this.#viewport.scrollTop = this.#position;
  }

  #ends() {
    if (!this.#entries.length) return;
    if (this.#position < NEAR) this.#options.onnear?.('top');
    if (this.#remaining() < NEAR) this.#options.onnear?.('bottom');
  }

  #resized(changes) {
    const anchor = this.#height && !this.#stick ? this.#anchor() : null;
    let moved = false;
    for (const change of changes) {
      if (change.target === this.#viewport) {
        const { width, height } = change.contentRect;
        if (Math.abs(width - this.#width) > 0.5) {
          for (const entry of this.#entries) entry.height = entry.guess = 0;
          for (const [entry, row] of this.#drawn) entry.height = row.element.getBoundingClientRect().height;
        }
        this.#width = width;
        this.#height = height;
        moved = true;
      }
    }
    for (const [entry, row] of this.#drawn) {
      const change = changes.find((item) => item.target === row.element);
      if (!change) continue;
      const height = change.borderBoxSize[0].blockSize;
      if (!height || Math.abs(height - entry.height) <= 0.25) continue;
      entry.height = height;
      moved = true;
    }
    if (!moved) return;
    this.#measureUp();
    this.#pass(anchor);
    this.#options.onscroll?.();
  }
}
