import { Notification } from '@jupyterlab/apputils';
import type { ICellModel } from '@jupyterlab/cells';

import type { IOfferMessage } from '../contract/guard';

/** Asks a person whether the values in a cell are to be replaced: one question a cell. */
export class Questions {
  ask(cell: ICellModel, { names }: IOfferMessage, agreed: () => void): void {
    const before = this._asked.get(cell);
    if (before !== undefined) {
      Notification.dismiss(before);
    }
    const values = `the value${names.length > 1 ? 's' : ''} of ${names.join(', ')}`;
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

  private readonly _asked = new WeakMap<ICellModel, string>();
}
