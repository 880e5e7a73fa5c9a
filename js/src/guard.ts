import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ICellModel } from '@jupyterlab/cells';
import { INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Signal } from '@lumino/signaling';

import { CellRepairer } from './guard/cellRepairer';
import { ExecutedSources } from './guard/executedSources';
import { GuardConnection } from './guard/guardConnection';
import { areSavedFilesChecked } from './guard/savedFiles';
import { StatusItem } from './guard/statusItem';
import { NAMESPACE } from './tokens';

/** Takes values out of cells for a kernel's guard, and says in the status bar how that guard does. */
export const guardPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:guard`,
  description: 'Takes values out of cells, and shows how the guard of the kernel does.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IStatusBar],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker, bar: IStatusBar | null): void => {
    const executed = new ExecutedSources<ICellModel>();
    NotebookActions.executionScheduled.connect((_, { cell: { model } }) => {
      executed.remember(model, model.sharedModel.getSource());
    });
    const connections = new WeakMap<NotebookPanel, GuardConnection>();
    const changed = new Signal<object, void>({});
    const connect = (panel: NotebookPanel): void => {
      const connection = connectionOf(panel, executed);
      connections.set(panel, connection);
      connection.statusChanged.connect(() => {
        changed.emit();
      });
    };
    tracker.forEach(connect);
    tracker.widgetAdded.connect((_, panel) => {
      connect(panel);
    });
    const inFront = (): GuardConnection | undefined =>
      tracker.currentWidget === null ? undefined : connections.get(tracker.currentWidget);
    const item = new StatusItem();
    bar?.registerStatusItem(guardPlugin.id, {
      item,
      align: 'left',
      rank: 4,
      isActive: () => inFront()?.status != null,
      activeStateChanged: changed
    });
    const show = (): void => {
      const connection = inFront();
      item.show_(connection?.status ?? null, connection?.checksSavedFiles);
    };
    changed.connect(show);
    tracker.currentChanged.connect(() => {
      changed.emit();
    });
  }
};

function connectionOf(panel: NotebookPanel, executed: ExecutedSources<ICellModel>): GuardConnection {
  const { content, sessionContext } = panel;
  const connection = new GuardConnection(
    new CellRepairer(content, executed),
    areSavedFilesChecked
  );
  const find = (): void => {
    // A kernel that dies meanwhile has nothing to say.
    connection.find().catch(() => undefined);
  };
  sessionContext.kernelChanged.connect((_, { newValue }) => {
    connection.listen(newValue);
    find();
  });
  sessionContext.statusChanged.connect((_, status) => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      connection.lose();
    }
  });
  sessionContext.connectionStatusChanged.connect((_, status) => {
    if (status === 'connected') {
      find();
    }
  });
  connection.listen(sessionContext.session?.kernel ?? null);
  find();
  return connection;
}
