import type { Notebook } from '@jupyterlab/notebook';

import type { IMagic } from './magics';

/**
 * Insert a code cell with a magic below the active cell, and edit it with the
 * placeholder selected.
 */
export async function insertMagic(notebook: Notebook, magic: IMagic): Promise<void> {
  const { model } = notebook;
  if (model === null) {
    return;
  }
  // In a notebook without cells, the active index is -1, so the new cell gets index 0.
  const index = notebook.activeCellIndex + 1;
  // JupyterLab displays HTML output only in trusted cells. This cell can be trusted, because the user has inserted it.
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
  // A cell outside of the viewport has no editor before it is ready.
  await cell.ready;
  notebook.mode = 'edit';
  const { editor } = cell;
  if (editor === null) {
    return;
  }
  const { placeholder, source } = magic;
  const from = placeholder === undefined ? source.length : source.indexOf(placeholder);
  const to = placeholder === undefined ? source.length : from + placeholder.length;
  editor.focus();
  editor.setSelection({ start: { line: 0, column: from }, end: { line: 0, column: to } });
}
