// Labelled form controls: each with its hint and its error tied to it.

import { h, icon } from '../dom.js';

let counter = 0;

/**
 * A text field.
 *
 * @returns {{element: HTMLElement, input: HTMLInputElement|HTMLTextAreaElement, value: string,
 *     fail: function(string|null): void}} `fail` shows an error and marks the field, null takes it back
 */
export function textField({ label, name, type = 'text', value = '', hint, autocomplete = 'off', required, maxLength, multiline, placeholder }) {
  counter += 1;
  const id = `field-${counter}`;
  const input = h(multiline ? 'textarea' : 'input', { class: 'input', id, name });
  if (multiline) input.rows = 3;
  else input.type = type;
  input.value = value;
  input.autocomplete = autocomplete;
  if (required) input.required = true;
  if (maxLength) input.maxLength = maxLength;
  if (placeholder) input.placeholder = placeholder;
  const hintElement = hint ? h('p', { class: 'hint', id: `${id}-hint` }, hint) : null;
  const error = h('p', { class: 'problem', id: `${id}-error` });
  error.setAttribute('aria-live', 'polite');
  const describe = (failed) => {
    const ids = [failed ? error.id : null, hintElement?.id].filter(Boolean);
    if (ids.length > 0) input.setAttribute('aria-describedby', ids.join(' '));
    else input.removeAttribute('aria-describedby');
  };
  const fail = (text) => {
    error.textContent = text ?? '';
    error.hidden = !text;
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    describe(Boolean(text));
  };
  fail(null);
  input.addEventListener('input', () => fail(null));
  const labelElement = h('label', {}, label);
  labelElement.htmlFor = id;
  return {
    element: h('div', { class: 'field' }, labelElement, input, error, hintElement),
    input,
    fail,
    get value() {
      return input.value.trim();
    },
  };
}

/**
 * One of a few, each with a sentence about it.
 *
 * @param {{legend: string, name: string, value: string, onChange: function(string): void,
 *     options: Array<{value: string, label: string, hint?: string, icon?: string}>}} options
 */
export function choices({ legend, name, value, options, onChange }) {
  counter += 1;
  const group = `${name}-${counter}`;
  const element = h('fieldset', { class: 'choices' }, h('legend', { class: 'field-label' }, legend));
  for (const option of options) {
    const input = h('input', { class: 'choice-input', type: 'radio', name: group });
    input.value = option.value;
    input.checked = option.value === value;
    input.addEventListener('change', () => onChange(option.value));
    element.append(
      h(
        'label',
        { class: 'choice', dataset: { value: option.value } },
        input,
        option.icon ? icon(option.icon) : null,
        h('span', { class: 'choice-text' }, h('span', { class: 'choice-label' }, option.label), option.hint ? h('span', { class: 'choice-hint' }, option.hint) : null),
      ),
    );
  }
  return element;
}

/** A drop-down list in a row of its own, its name on the left. */
export function selectField({ label, name, value, options, onChange }) {
  counter += 1;
  const id = `select-${counter}`;
  const input = h('select', { class: 'input select', id, name });
  for (const option of options) {
    const element = h('option', {}, option.label);
    element.value = option.value;
    input.append(element);
  }
  input.value = value;
  input.addEventListener('change', () => onChange(input.value, input));
  const labelElement = h('label', { class: 'setting-label' }, label);
  labelElement.htmlFor = id;
  return { element: h('div', { class: 'setting' }, labelElement, input), input };
}

/** A switch in a row of its own, its name and a sentence about it on the left. */
export function switchField({ label, hint, checked, disabled, onChange }) {
  counter += 1;
  const id = `switch-${counter}`;
  const input = h('input', { class: 'switch', type: 'checkbox', role: 'switch', id });
  input.checked = checked;
  input.disabled = Boolean(disabled);
  input.addEventListener('change', () => onChange(input.checked, input));
  const labelElement = h('label', { class: 'setting-label' }, label, hint ? h('span', { class: 'setting-hint' }, hint) : null);
  labelElement.htmlFor = id;
  return { element: h('div', { class: 'setting' }, labelElement, input), input };
}
