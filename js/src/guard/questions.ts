import { Notification } from '@jupyterlab/apputils';
import type { ICellModel } from '@jupyterlab/cells';

import type { IOfferMessage } from '../contract/guard';

/** Notifications that offer to replace the values in a cell; at most one for each cell. */
export class Questions {
  ask(cell: ICellModel, { names }: IOfferMessage, onAgree: () => void): void {
    const previousId = this._notifications.get(cell);
    if (previousId !== undefined) {
      Notification.dismiss(previousId);
    }
    const values = `the value${names.length > 1 ? 's' : ''} of ${names.join(', ')}`;
    const id = Notification.warning(`A cell contains ${values}.`, {
      autoClose: false,
      actions: [
        {
          label: 'Replace',
          caption: 'Replace by a mask; this cannot be undone',
          displayType: 'warn',
          callback: onAgree
        }
      ]
    });
    this._notifications.set(cell, id);
  }

  private readonly _notifications = new WeakMap<ICellModel, string>();
}
