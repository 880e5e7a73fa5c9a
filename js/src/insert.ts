import type { Notebook } from '@jupyterlab/notebook';

import type { IMagic } from './magics';

/**
 * Write a magic into a new code cell below the active one, and leave the
 * cursor in it, with the part to replace selected.
 */
export async function insertMagic(notebook: Notebook, magic: IMagic): Promise<void> {
  const { model } = notebook;
  if (model === null) {
    return;
  }
  // In a notebook without cells the active index is -1: the new cell is the first.
  const index = notebook.activeCellIndex + 1;
  // Without the mark, JupyterLab holds back the HTML of a cell that the user asked for.
  model.sharedModel.insertCell(index, {
    cell_type: 'code',
    source: magic.source,
    metadata: { trusted: true }
  });
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const cell = notebook.activeCell;
  if (cell === null) {
    return;
  }
  await notebook.scrollToCell(cell);
  // A cell off the screen has no editor before it is ready.
  await cell.ready;
  notebook.mode = 'edit';
  const { editor } = cell;
  if (editor === null) {
    return;
  }
  const { blank, source } = magic;
  const from = blank === undefined ? source.length : source.indexOf(blank);
  const to = blank === undefined ? source.length : from + blank.length;
  editor.focus();
  editor.setSelection({ start: { line: 0, column: from }, end: { line: 0, column: to } });
}
