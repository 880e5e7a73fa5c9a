import type { ICellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';

import type { ExecutedSources } from './executedSources';
import type { IRepairer } from './guardConnection';
import { Questions } from './questions';
import { follow, repair } from './repair';
import { ShownOutputs } from './shownOutputs';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** How many repairs are remembered, for cells that are not there and may come back. */
const REMEMBERED = 1000;

/** Takes values out of a notebook's cells. */
export class CellRepairer implements IRepairer {
  constructor(
    private readonly _notebook: Notebook,
    private readonly _executed: ExecutedSources<ICellModel>
  ) {
    _notebook.modelChanged.connect(() => {
      this._watch();
    });
    this._watch();
  }

  repair(message: IRepairMessage | IOfferMessage): boolean {
    this._remember(message);
    const cell = this._find(message.cell_id);
    return cell !== null && this._repair(cell, message);
  }

  ask(offer: IOfferMessage, agreed: () => void): void {
    const cell = this._find(offer.cell_id);
    // The tab that ran it asks.
    if (cell !== null && this._executed.of(cell) !== undefined) {
      this._questions.ask(cell, offer, agreed);
    }
  }

  takeOutputs(): readonly ICellOutput[] {
    return this._outputs.take();
  }

  replaceOutputs(outputs: readonly ICellOutput[]): boolean {
    return this._outputs.replace(outputs);
  }

  private _repair(cell: ICellModel, { source, kept }: IRepairMessage | IOfferMessage): boolean {
    const executed = this._executed.of(cell);
    const done =
      (executed !== undefined && repair(cell.sharedModel, executed, source)) ||
      follow(cell.sharedModel, kept, source);
    if (done && executed !== undefined) {
      this._executed.remember(cell, source);
    }
    return done;
  }

  private _remember(message: IRepairMessage | IOfferMessage): void {
    this._repairs.delete(message.cell_id);
    this._repairs.set(message.cell_id, message);
    for (const id of this._repairs.keys()) {
      if (this._repairs.size <= REMEMBERED) {
        break;
      }
      this._repairs.delete(id);
    }
  }

  private _watch(): void {
    // A model that is disposed of forgets who listens to it.
    this._notebook.model?.cells.changed.connect((_, { type }) => {
      if (type !== 'remove' && this._repairs.size > 0) {
        // Undo is not at its end: what it has put back must not be changed before.
        queueMicrotask(() => {
          this._repairReturned();
        });
      }
    });
  }

  /** A cell that was deleted while it ran comes back, by undo, as it was before it ran. */
  private _repairReturned(): void {
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
