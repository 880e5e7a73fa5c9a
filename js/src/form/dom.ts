/** The text of an attribute; `true` for an empty attribute, `false` for none. */
type Attribute = string | boolean;

/** Create an element. Do not pass a secret's value: it would become an attribute or text of the page. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children);
  return element;
}

/** Create a button that does not take the focus when it is clicked. */
export function button(
  attributes: Readonly<Record<string, Attribute>>,
  content: Node | string,
  onClick: () => void
): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, content);
  // A field that loses the focus may show a problem, which would move the button away from the pointer.
  element.addEventListener('mousedown', event => {
    event.preventDefault();
  });
  element.addEventListener('click', onClick);
  return element;
}

/**
 * Return a function that creates unique identifiers for the elements of one view.
 *
 * The prefix is random: each model evaluates this module again, and the
 * identifiers must be unique in the page, which contains all views.
 */
export function identifierGenerator(): () => string {
  const [prefix = 0] = crypto.getRandomValues(new Uint32Array(1));
  let count = 0;
  return () => `zs-${prefix.toString(36)}-${String(++count)}`;
}
