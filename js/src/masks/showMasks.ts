/** The mark that stands for a value in an output. */
const MARK = /‹secret:([^‹›]+)›/g;

/** On what a mark is shown with. */
const CLASS = 'zs-mask';

/** Have every mark below a node say what it is, on the screen only. */
export function showMasks(root: Node): void {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (texts.nextNode() !== null) {
    const text = texts.currentNode as Text;
    if (text.data.includes('‹secret:') && !isShown(text)) {
      found.push(text);
    }
  }
  for (const text of found) {
    text.replaceWith(...partsOf(text.data));
  }
}

/** Have them be plain text again. */
export function hideMasks(root: ParentNode): void {
  for (const shown of root.querySelectorAll(`.${CLASS}`)) {
    const { parentNode } = shown;
    shown.replaceWith(...shown.childNodes);
    parentNode?.normalize();
  }
}

function isShown(text: Text): boolean {
  return text.parentElement?.classList.contains(CLASS) === true;
}

function partsOf(text: string): readonly (Node | string)[] {
  const parts: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    parts.push(text.slice(end, match.index), shown(match[0], match[1] ?? ''));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts.filter(part => part !== '');
}

function shown(mark: string, name: string): HTMLElement {
  const element = document.createElement('span');
  element.className = CLASS;
  element.title = `the value of ${name}, masked by zensecrets`;
  element.textContent = mark;
  return element;
}
