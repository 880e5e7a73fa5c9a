/** An attribute's text; `true` for one without, `false` for one that is not there. */
type Attribute = string | boolean;

/** Make an element. Values never come this way: they are no attributes and no text of the page. */
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

/** Make a button that leaves the focus where it is when it is clicked. */
export function button(
  attributes: Readonly<Record<string, Attribute>>,
  content: Node | string,
  act: () => void
): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, content);
  // A field that loses the focus may show a problem, which would move the button away from under the pointer.
  element.addEventListener('mousedown', event => {
    event.preventDefault();
  });
  element.addEventListener('click', act);
  return element;
}

/**
 * Make identifiers for the elements of one view.
 *
 * They are random because each model evaluates this module anew, and all of
 * them share the page.
 */
export function identifiers(): () => string {
  const [prefix = 0] = crypto.getRandomValues(new Uint32Array(1));
  let count = 0;
  return () => `zs-${prefix.toString(36)}-${String(++count)}`;
}
