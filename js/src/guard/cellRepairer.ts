import { Notification } from '@jupyterlab/apputils';
import type { ICellModel } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';

import type { ExecutedSources } from './executedSources';
import type { IRepairer } from './guardConnection';
import { repair } from './repair';
import type { IOffer, IRepair } from './wire';

/** Takes values out of a notebook's cells. */
export class CellRepairer implements IRepairer {
  constructor(
    private readonly _notebook: Notebook,
    private readonly _executed: ExecutedSources<ICellModel>
  ) {}

  repair({ cell_id, source }: IRepair | IOffer): boolean {
    const cell = this._find(cell_id);
    const executed = cell === null ? undefined : this._executed.of(cell);
    // Another tab may have run it, which then has to repair it.
    if (cell === null || executed === undefined || !repair(cell.sharedModel, executed, source)) {
      return false;
    }
    this._executed.remember(cell, source);
    return true;
  }

  ask(offer: IOffer, agreed: () => void): void {
    const cell = this._find(offer.cell_id);
    if (cell === null || this._executed.of(cell) === undefined) {
      return;
    }
    const before = this._asked.get(cell);
    if (before !== undefined) {
      Notification.dismiss(before);
    }
    const values = `the value${offer.names.length > 1 ? 's' : ''} of ${offer.names.join(', ')}`;
    const id = Notification.warning(`A cell holds ${values}.`, {
      autoClose: false,
      actions: [
        {
          label: 'Replace',
          caption: 'Put a mark in its place, which cannot be undone',
          displayType: 'warn',
          callback: agreed
        }
      ]
    });
    this._asked.set(cell, id);
  }

  private _find(id: string): ICellModel | null {
    for (const cell of this._notebook.model?.cells ?? []) {
      if (cell.id === id) {
        return cell;
      }
    }
    return null;
  }

  private readonly _asked = new WeakMap<ICellModel, string>();
}
