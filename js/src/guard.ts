import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ISessionContext, IWidgetTracker } from '@jupyterlab/apputils';
import type { ICellModel } from '@jupyterlab/cells';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import { CellRepairer } from './guard/cellRepairer';
import { ConsoleRepairer } from './guard/consoleRepairer';
import { ExecutedSources } from './guard/executedSources';
import { GuardConnection, type IRepairer } from './guard/guardConnection';
import { PageRepairers } from './guard/pageRepairers';
import { areSavedFilesChecked } from './guard/savedFiles';
import { StatusItem } from './guard/statusItem';
import { NAMESPACE } from './tokens';

/** Replaces values in cells for the guard of a kernel, and shows its status in the status bar. */
export const guardPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:guard`,
  description: 'Replaces values in cells, and shows the status of the guard of the kernel.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IStatusBar, IConsoleTracker],
  activate: (
    _app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    statusBar: IStatusBar | null,
    consoles: IConsoleTracker | null
  ): void => {
    const executedSources = new ExecutedSources<ICellModel>();
    NotebookActions.executionScheduled.connect((_, { cell: { model } }) => {
      executedSources.remember(model, model.sharedModel.getSource());
    });
    const repairers = new PageRepairers();
    const connections = new WeakMap<NotebookPanel, GuardConnection>();
    const statusChanged = new Signal<object, void>({});
    forEachPanel(notebooks, panel => {
      const repairer = new CellRepairer(panel.content, executedSources);
      const connection = connect(panel, repairer, repairers);
      connections.set(panel, connection);
      connection.statusChanged.connect(() => {
        statusChanged.emit();
      });
    });
    if (consoles !== null) {
      forEachPanel(consoles, panel => {
        connect(panel, new ConsoleRepairer(panel.console), repairers);
      });
    }
    const currentConnection = (): GuardConnection | undefined =>
      notebooks.currentWidget === null ? undefined : connections.get(notebooks.currentWidget);
    const statusItem = new StatusItem();
    statusBar?.registerStatusItem(guardPlugin.id, {
      item: statusItem,
      align: 'left',
      rank: 4,
      isActive: () => currentConnection()?.status != null,
      activeStateChanged: statusChanged
    });
    const updateItem = (): void => {
      const connection = currentConnection();
      statusItem.showStatus(connection?.status ?? null, connection?.checksSavedFiles);
    };
    statusChanged.connect(updateItem);
    notebooks.currentChanged.connect(() => {
      statusChanged.emit();
    });
  }
};

/** Call `action` for each open document, and for each document that is opened later. */
function forEachPanel<Panel extends Widget>(
  tracker: IWidgetTracker<Panel>,
  action: (panel: Panel) => void
): void {
  tracker.forEach(action);
  tracker.widgetAdded.connect((_, panel) => {
    action(panel);
  });
}

/** Connect a document to the guard of its kernel, also after a change of the kernel. */
function connect(
  panel: Widget & { readonly sessionContext: ISessionContext },
  repairer: IRepairer,
  repairers: PageRepairers
): GuardConnection {
  const { sessionContext } = panel;
  const documentEntry = { repairer, kernelId: () => sessionContext.session?.kernel?.id };
  repairers.add(documentEntry);
  panel.disposed.connect(() => {
    repairers.remove(documentEntry);
  });
  const connection = new GuardConnection(repairers.forKernelOf(documentEntry), areSavedFilesChecked);
  const findGuard = (): void => {
    // The request fails if the kernel dies before it answers. A dead kernel has no guard, so the error is ignored.
    connection.findComm().catch(() => undefined);
  };
  sessionContext.kernelChanged.connect((_, { newValue }) => {
    connection.listen(newValue);
    findGuard();
  });
  sessionContext.statusChanged.connect((_, status) => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      connection.disconnect();
    }
  });
  sessionContext.connectionStatusChanged.connect((_, status) => {
    if (status === 'connected') {
      findGuard();
    }
  });
  connection.listen(sessionContext.session?.kernel ?? null);
  findGuard();
  return connection;
}
