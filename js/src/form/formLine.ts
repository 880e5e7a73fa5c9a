import { h } from './dom';

/** The style sheet of the line. The element contains it, because a saved output has no other style sheet of ours. */
const STYLE = `.zs-line{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);line-height:1.5;padding:2px 0;overflow-wrap:anywhere;color:var(--jp-ui-font-color1,inherit);outline:none}
.zs-detail{font-size:.923em;color:var(--jp-ui-font-color2,inherit)}
.jupyter-widgets-disconnected:has(>.zs-line)::before{content:none}`;

/** Create the line that replaces a form; the details are smaller lines below it. */
export function formLine(line: string, details: readonly string[]): HTMLElement {
  return h(
    'div',
    { class: 'zs-line', tabindex: '-1' },
    h('style', {}, STYLE),
    h('div', { role: 'status' }, line),
    ...details.map(detail => h('div', { class: 'zs-detail' }, detail))
  );
}
