import type { ICellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';

import type { ExecutedSources } from './executedSources';
import type { IRepairer } from './guardConnection';
import { Questions } from './questions';
import { repairUnedited, repairByContext } from './repair';
import { ShownOutputs } from './shownOutputs';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** The maximum number of remembered repair messages. A repair is repeated if undo restores a deleted cell. */
const MAX_REPAIRS = 1000;

/** Replaces values in the cells of a notebook. */
export class CellRepairer implements IRepairer {
  constructor(
    private readonly _notebook: Notebook,
    private readonly _executedSources: ExecutedSources<ICellModel>
  ) {
    _notebook.modelChanged.connect(() => {
      this._watchCells();
    });
    this._watchCells();
  }

  repair(message: IRepairMessage | IOfferMessage): boolean {
    this._rememberMessage(message);
    const cell = this._findCell(message.cell_id);
    return cell !== null && this._repairCell(cell, message);
  }

  ask(offer: IOfferMessage, onAgree: () => void): void {
    const cell = this._findCell(offer.cell_id);
    // The notebook may be open in several browser tabs. Only the tab that ran the cell asks.
    if (cell !== null && this._executedSources.get(cell) !== undefined) {
      this._questions.ask(cell, offer, onAgree);
    }
  }

  takeOutputs(): readonly ICellOutput[] {
    return this._outputs.take();
  }

  replaceOutputs(outputs: readonly ICellOutput[]): boolean {
    return this._outputs.replace(outputs);
  }

  private _repairCell(cell: ICellModel, { source, unchanged }: IRepairMessage | IOfferMessage): boolean {
    const executedSource = this._executedSources.get(cell);
    const isReplaced =
      (executedSource !== undefined && repairUnedited(cell.sharedModel, executedSource, source)) ||
      repairByContext(cell.sharedModel, unchanged, source);
    if (isReplaced && executedSource !== undefined) {
      this._executedSources.remember(cell, source);
    }
    return isReplaced;
  }

  private _rememberMessage(message: IRepairMessage | IOfferMessage): void {
    this._repairMessages.delete(message.cell_id);
    this._repairMessages.set(message.cell_id, message);
    // A map iterates in the order of insertion, so the oldest messages are deleted first.
    for (const id of this._repairMessages.keys()) {
      if (this._repairMessages.size <= MAX_REPAIRS) {
        break;
      }
      this._repairMessages.delete(id);
    }
  }

  private _watchCells(): void {
    // A disposed model drops its listeners, so the listener need not be removed here.
    this._notebook.model?.cells.changed.connect((_, { type }) => {
      if (type !== 'remove' && this._repairMessages.size > 0) {
        // The listener runs in the middle of undo, which must end before a restored cell is changed.
        queueMicrotask(() => {
          this._repairRestoredCells();
        });
      }
    });
  }

  /** Repair cells that undo has restored with an old source, which contains the values. */
  private _repairRestoredCells(): void {
    for (const cell of this._notebook.model?.cells ?? []) {
      const message = this._repairMessages.get(cell.id);
      if (message !== undefined && cell.sharedModel.getSource() !== message.source) {
        this._repairCell(cell, message);
      }
    }
  }

  private _findCell(id: string): ICellModel | null {
    for (const cell of this._notebook.model?.cells ?? []) {
      if (cell.id === id) {
        return cell;
      }
    }
    return null;
  }

  private readonly _repairMessages = new Map<string, IRepairMessage | IOfferMessage>();
  private readonly _questions = new Questions();
  private readonly _outputs = new ShownOutputs(() => this._notebook.model?.cells ?? []);
}
