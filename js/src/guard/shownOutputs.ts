import { type ICellModel, isCodeCellModel } from '@jupyterlab/cells';
import type { IOutputModel } from '@jupyterlab/rendermime';

import type { ICellOutput } from '../contract/guard';

/** An output as a notebook file has it. */
type Output = ReturnType<IOutputModel['toJSON']>;

/** How long the JSON of an output may be that is looked at again; and of all together. */
const LONGEST = 200_000;
const LONGEST_TOGETHER = 2_000_000;

/** The outputs of a document, which may hold a value that became known after they were shown. */
export class ShownOutputs {
  constructor(private readonly _cells: () => Iterable<ICellModel>) {}

  /** All outputs, for the kernel to look at; large ones are left out. */
  take(): readonly ICellOutput[] {
    this._taken.clear();
    const outputs: ICellOutput[] = [];
    let left = LONGEST_TOGETHER;
    for (const cell of this._cells()) {
      if (!isCodeCellModel(cell)) {
        continue;
      }
      for (let index = 0; index < cell.outputs.length; index += 1) {
        const output = cell.outputs.get(index).toJSON();
        const text = JSON.stringify(output);
        if (text.length <= Math.min(LONGEST, left)) {
          left -= text.length;
          this._taken.set(keyOf(cell.id, index), text);
          outputs.push({ cell_id: cell.id, index, output });
        }
      }
    }
    return outputs;
  }

  /** Show these in the place of those that were taken, and tell whether all were still there: a stream may have grown meanwhile. */
  replace(outputs: readonly ICellOutput[]): boolean {
    let areAllThere = true;
    const cells = new Map([...this._cells()].map(cell => [cell.id, cell]));
    for (const { cell_id, index, output } of outputs) {
      const cell = cells.get(cell_id);
      const taken = this._taken.get(keyOf(cell_id, index));
      if (cell === undefined || !isCodeCellModel(cell) || index >= cell.outputs.length) {
        continue;
      }
      if (JSON.stringify(cell.outputs.get(index).toJSON()) === taken) {
        // The kernel returns the output that was sent to it, with masked texts.
        cell.outputs.set(index, output as unknown as Output);
      } else {
        areAllThere &&= taken === undefined;
      }
    }
    return areAllThere;
  }

  private readonly _taken = new Map<string, string>();
}

function keyOf(cell: string, index: number): string {
  return `${cell} ${index.toString()}`;
}
