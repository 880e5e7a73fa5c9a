import { type ICellModel, isCodeCellModel } from '@jupyterlab/cells';
import type { IOutputModel } from '@jupyterlab/rendermime';

import type { ICellOutput } from '../contract/guard';

/** An output as it is in a notebook file. */
type Output = ReturnType<IOutputModel['toJSON']>;

/** The maximum length of the JSON of one output that is sent to the guard. */
const MAX_LENGTH = 200_000;

/** The maximum length of the JSON of all outputs that are sent together. */
const MAX_TOTAL_LENGTH = 2_000_000;

/** The displayed outputs of a document. They may contain a value that was registered later. */
export class ShownOutputs {
  constructor(private readonly _cells: () => Iterable<ICellModel>) {}

  /** Return all outputs that are not too large, and remember them for `replace`. */
  take(): readonly ICellOutput[] {
    this._takenTexts.clear();
    const outputs: ICellOutput[] = [];
    let remainingLength = MAX_TOTAL_LENGTH;
    for (const cell of this._cells()) {
      if (!isCodeCellModel(cell)) {
        continue;
      }
      for (let index = 0; index < cell.outputs.length; index += 1) {
        const output = cell.outputs.get(index).toJSON();
        const text = JSON.stringify(output);
        if (text.length <= Math.min(MAX_LENGTH, remainingLength)) {
          remainingLength -= text.length;
          this._takenTexts.set(keyOf(cell.id, index), text);
          outputs.push({ cell_id: cell.id, index, output });
        }
      }
    }
    return outputs;
  }

  /**
   * Replace the outputs that `take` has returned, except outputs that
   * have changed since then. Return `false` if an output has changed: a stream may have grown.
   */
  replace(outputs: readonly ICellOutput[]): boolean {
    let areUnchanged = true;
    const cells = new Map([...this._cells()].map(cell => [cell.id, cell]));
    for (const { cell_id, index, output } of outputs) {
      const cell = cells.get(cell_id);
      const takenText = this._takenTexts.get(keyOf(cell_id, index));
      if (cell === undefined || !isCodeCellModel(cell) || index >= cell.outputs.length) {
        continue;
      }
      if (JSON.stringify(cell.outputs.get(index).toJSON()) === takenText) {
        // The kernel returns the output that was sent to it, with masked texts.
        cell.outputs.set(index, output as unknown as Output);
      } else {
        // An output that `take` did not return belongs to another document with the same kernel.
        areUnchanged &&= takenText === undefined;
      }
    }
    return areUnchanged;
  }

  /** The JSON text of each output that `take` has returned, by cell and index. */
  private readonly _takenTexts = new Map<string, string>();
}

function keyOf(cell: string, index: number): string {
  return `${cell} ${index.toString()}`;
}
