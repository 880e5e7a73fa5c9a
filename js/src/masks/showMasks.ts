/** The mask that replaces a value in an output. */
const MASK = /‹secret:([^‹›]+)›/g;

/** The class of a highlighted mask. */
const CLASS = 'zs-mask';

/** Highlight every mask below a node. This changes the page, but not the notebook. */
export function showMasks(root: Node): void {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const textsWithMasks: Text[] = [];
  while (texts.nextNode() !== null) {
    const text = texts.currentNode as Text;
    if (text.data.includes('‹secret:') && !isHighlighted(text)) {
      textsWithMasks.push(text);
    }
  }
  for (const text of textsWithMasks) {
    text.replaceWith(...splitAtMasks(text.data));
  }
}

/** Remove the highlighting below a node. */
export function hideMasks(root: ParentNode): void {
  for (const highlighted of root.querySelectorAll(`.${CLASS}`)) {
    const { parentNode } = highlighted;
    highlighted.replaceWith(...highlighted.childNodes);
    parentNode?.normalize();
  }
}

function isHighlighted(text: Text): boolean {
  return text.parentElement?.classList.contains(CLASS) === true;
}

function splitAtMasks(text: string): readonly (Node | string)[] {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(MASK)) {
    parts.push(text.slice(end, match.index), highlight(match[0], match[1] ?? ''));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts.filter(part => part !== '');
}

/** Create an element with a highlighted mask. */
function highlight(mask: string, name: string): HTMLElement {
  const element = document.createElement('span');
  element.className = CLASS;
  element.title = `the value of ${name}, masked by zensecrets`;
  element.textContent = mask;
  return element;
}
