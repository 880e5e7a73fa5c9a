import type { ICellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';

import type { ExecutedSources } from './executedSources';
import type { IRepairer } from './guardConnection';
import { Questions } from './questions';
import { repair, repairByContext } from './repair';
import { ShownOutputs } from './shownOutputs';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** The maximum number of remembered repairs. They are repeated if undo restores a deleted cell. */
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
    this._remember(message);
    const cell = this._find(message.cell_id);
    return cell !== null && this._repair(cell, message);
  }

  ask(offer: IOfferMessage, onAgree: () => void): void {
    const cell = this._find(offer.cell_id);
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

  private _repair(cell: ICellModel, { source, unchanged }: IRepairMessage | IOfferMessage): boolean {
    const executed = this._executedSources.get(cell);
    const isReplaced =
      (executed !== undefined && repair(cell.sharedModel, executed, source)) ||
      repairByContext(cell.sharedModel, unchanged, source);
    if (isReplaced && executed !== undefined) {
      this._executedSources.remember(cell, source);
    }
    return isReplaced;
  }

  private _remember(message: IRepairMessage | IOfferMessage): void {
    this._repairs.delete(message.cell_id);
    this._repairs.set(message.cell_id, message);
    for (const id of this._repairs.keys()) {
      if (this._repairs.size <= MAX_REPAIRS) {
        break;
      }
      this._repairs.delete(id);
    }
  }

  private _watchCells(): void {
    // A disposed model drops its listeners, so the listener need not be removed here.
    this._notebook.model?.cells.changed.connect((_, { type }) => {
      if (type !== 'remove' && this._repairs.size > 0) {
        // A restored cell must not be changed before undo has ended.
        queueMicrotask(() => {
          this._repairRestored();
        });
      }
    });
  }

  /** Repair cells that undo has restored with an old source, which contains the values. */
  private _repairRestored(): void {
    for (const cell of this._notebook.model?.cells ?? []) {
      const message = this._repairs.get(cell.id);
      if (message !== undefined && cell.sharedModel.getSource() !== message.source) {
        this._repair(cell, message);
      }
    }
  }

  private _find(id: string): ICellModel | null {
    for (const cell of this._notebook.model?.cells ?? []) {
      if (cell.id === id) {
        return cell;
      }
    }
    return null;
  }

  private readonly _repairs = new Map<string, IRepairMessage | IOfferMessage>();
  private readonly _questions = new Questions();
  private readonly _outputs = new ShownOutputs(() => this._notebook.model?.cells ?? []);
}
