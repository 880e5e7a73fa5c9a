import type { ICellModel } from '@jupyterlab/cells';
import type { CodeConsole } from '@jupyterlab/console';

import type { IRepairer } from './guardConnection';
import { Questions } from './questions';
import { repairByContext } from './repair';
import { replaceInHistory } from './replaceInHistory';
import { ShownOutputs } from './shownOutputs';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** Replaces values in the cells and the history of a code console. */
export class ConsoleRepairer implements IRepairer {
  constructor(private readonly _console: CodeConsole) {}

  repair({ cell_id, unchanged, source }: IRepairMessage | IOfferMessage): boolean {
    const cell = this._findCell(cell_id);
    if (cell === null) {
      return false;
    }
    // A cell of a console cannot be edited after its execution, so its source is the executed one.
    const executedSource = cell.sharedModel.getSource();
    return repairByContext(cell.sharedModel, unchanged, source) && replaceInHistory(this._console, executedSource, source);
  }

  ask(offer: IOfferMessage, onAgree: () => void): void {
    const cell = this._findCell(offer.cell_id);
    if (cell !== null) {
      this._questions.ask(cell, offer, onAgree);
    }
  }

  takeOutputs(): readonly ICellOutput[] {
    return this._outputs.take();
  }

  replaceOutputs(outputs: readonly ICellOutput[]): boolean {
    return this._outputs.replace(outputs);
  }

  private _findCell(id: string): ICellModel | null {
    for (const { model } of this._console.cells) {
      if (model.id === id) {
        return model;
      }
    }
    return null;
  }

  private readonly _questions = new Questions();
  private readonly _outputs = new ShownOutputs(() => [...this._console.cells].map(({ model }) => model));
}
