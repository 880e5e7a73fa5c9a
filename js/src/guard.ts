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

/** Takes values out of cells for a kernel's guard, and says in the status bar how that guard does. */
export const guardPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:guard`,
  description: 'Takes values out of cells, and shows how the guard of the kernel does.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IStatusBar, IConsoleTracker],
  activate: (
    _app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    bar: IStatusBar | null,
    consoles: IConsoleTracker | null
  ): void => {
    const executed = new ExecutedSources<ICellModel>();
    NotebookActions.executionScheduled.connect((_, { cell: { model } }) => {
      executed.remember(model, model.sharedModel.getSource());
    });
    const repairers = new PageRepairers();
    const connections = new WeakMap<NotebookPanel, GuardConnection>();
    const changed = new Signal<object, void>({});
    each(notebooks, panel => {
      const repairer = new CellRepairer(panel.content, executed);
      const connection = connect(panel, repairer, repairers);
      connections.set(panel, connection);
      connection.statusChanged.connect(() => {
        changed.emit();
      });
    });
    if (consoles !== null) {
      each(consoles, panel => {
        connect(panel, new ConsoleRepairer(panel.console), repairers);
      });
    }
    const inFront = (): GuardConnection | undefined =>
      notebooks.currentWidget === null ? undefined : connections.get(notebooks.currentWidget);
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
    notebooks.currentChanged.connect(() => {
      changed.emit();
    });
  }
};

/** What is done to each document that there is, or will be. */
function each<Panel extends Widget>(
  tracker: IWidgetTracker<Panel>,
  action: (panel: Panel) => void
): void {
  tracker.forEach(action);
  tracker.widgetAdded.connect((_, panel) => {
    action(panel);
  });
}

/** Connect a document to the guard of its kernel. */
function connect(
  panel: Widget & { readonly sessionContext: ISessionContext },
  repairer: IRepairer,
  repairers: PageRepairers
): GuardConnection {
  const { sessionContext } = panel;
  const member = { repairer, kernel: () => sessionContext.session?.kernel?.id };
  repairers.add(member);
  panel.disposed.connect(() => {
    repairers.remove(member);
  });
  const connection = new GuardConnection(repairers.of(member), areSavedFilesChecked);
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
