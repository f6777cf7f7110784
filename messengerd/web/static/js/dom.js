// Builds elements. Text always becomes text nodes: nothing here or elsewhere in
// the pages parses markup, so what people write can never become elements.

const SVG = 'http://www.w3.org/2000/svg';
const SPRITE = '/static/images/icons.svg';

/**
 * An element.
 *
 * Props: `class` (string, or list with falsy entries left out), `dataset` and
 * `aria` (objects), `on` (object of listeners) or `onclick`-like functions,
 * `style` (object, set from script), DOM properties where the element has
 * them (`value`, `disabled`, …), attributes otherwise. `null`, `undefined`
 * and `false` leave a prop out. `ref` is called with the element.
 *
 * Children: nodes, texts, numbers, lists of these; `null`, `undefined` and
 * booleans are left out.
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    setProp(element, name, value);
  }
  append(element, children);
  return element;
}

function setProp(element, name, value) {
  if (name === 'class') {
    element.className = Array.isArray(value) ? value.filter(Boolean).join(' ') : value;
  } else if (name === 'dataset') {
    for (const [key, item] of Object.entries(value)) if (item !== null && item !== undefined) element.dataset[key] = item;
  } else if (name === 'aria') {
    for (const [key, item] of Object.entries(value)) {
      if (item !== null && item !== undefined) element.setAttribute(`aria-${key}`, String(item));
    }
  } else if (name === 'on') {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (name === 'style') {
    for (const [key, item] of Object.entries(value)) {
      if (key.startsWith('--')) element.style.setProperty(key, item);
      else element.style[key] = item;
    }
  } else if (name === 'ref') {
    value(element);
  } else if (name.startsWith('on') && typeof value === 'function') {
    element.addEventListener(name.slice(2), value);
  } else if (name === 'for') {
    element.htmlFor = value;
  } else if (name in element && typeof element[name] !== 'object' && name !== 'list' && name !== 'form') {
    element[name] = value;
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Appends children as `h` does. */
export function append(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || typeof child === 'boolean') continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** Takes all children out. */
export function clear(element) {
  element.replaceChildren();
  return element;
}

/** A symbol of the sprite; for the eye only, so give its button a label. */
export function icon(name, className = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', className ? `icon ${className}` : 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows an icon alone; `label` is read aloud and shown on hover. */
export function iconButton(name, label, onclick, props = {}) {
  const { class: extra, aria, ...rest } = props;
  return h(
    'button',
    {
      type: 'button',
      class: ['icon-button', extra],
      title: label,
      aria: { label, ...aria },
      onclick,
      ...rest,
    },
    icon(name),
  );
}
