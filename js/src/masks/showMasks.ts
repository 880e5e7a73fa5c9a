/** The mask that replaces a value in an output. */
const MASK = /‹secret:([^‹›]+)›/g;

/** The class of a highlighted mask. */
const HIGHLIGHT_CLASS = 'zs-mask';

/** Highlight every mask below a node. This changes the page, but not the notebook. */
export function highlightMasks(root: Node): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const textsWithMasks: Text[] = [];
  while (walker.nextNode() !== null) {
    const text = walker.currentNode as Text;
    if (text.data.includes('‹secret:') && !isHighlighted(text)) {
      textsWithMasks.push(text);
    }
  }
  for (const text of textsWithMasks) {
    text.replaceWith(...splitAtMasks(text.data));
  }
}

/** Remove the highlighting of masks below a node. */
export function removeHighlights(root: ParentNode): void {
  for (const highlighted of root.querySelectorAll(`.${HIGHLIGHT_CLASS}`)) {
    const { parentNode } = highlighted;
    highlighted.replaceWith(...highlighted.childNodes);
    parentNode?.normalize();
  }
}

function isHighlighted(text: Text): boolean {
  return text.parentElement?.classList.contains(HIGHLIGHT_CLASS) === true;
}

function splitAtMasks(text: string): readonly (Node | string)[] {
  const parts: (Node | string)[] = [];
  let lastMatchEnd = 0;
  for (const match of text.matchAll(MASK)) {
    parts.push(text.slice(lastMatchEnd, match.index), highlight(match[0], match[1] ?? ''));
    lastMatchEnd = match.index + match[0].length;
  }
  parts.push(text.slice(lastMatchEnd));
  return parts.filter(part => part !== '');
}

/** Create an element with a highlighted mask. */
function highlight(mask: string, name: string): HTMLElement {
  const element = document.createElement('span');
  element.className = HIGHLIGHT_CLASS;
  element.title = `the value of ${name}, masked by zensecrets`;
  element.textContent = mask;
  return element;
}
