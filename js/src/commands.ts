import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { insertMagic } from './insert';
import { MAGICS } from './magics';
import { CATEGORY, NAMESPACE } from './tokens';

/** Puts the magics into the command palette, for the notebook in front. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:commands`,
  description: 'Adds commands that write the magics into the active notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null
  ): void => {
    const { commands } = app;
    for (const magic of MAGICS) {
      const command = `${NAMESPACE}:${magic.id}`;
      commands.addCommand(command, {
        label: magic.label,
        caption: `Insert a cell with ${magic.source}`,
        isEnabled: () => tracker.currentWidget !== null,
        execute: async () => {
          const panel = tracker.currentWidget;
          if (panel !== null) {
            await insertMagic(panel.content, magic);
          }
        }
      });
      palette?.addItem({ command, category: CATEGORY });
    }
    // Commands don't look at the tracker by themselves: whoever shows one asks again when it is told to.
    tracker.currentChanged.connect(() => {
      for (const magic of MAGICS) {
        commands.notifyCommandChanged(`${NAMESPACE}:${magic.id}`);
      }
    });
  }
};
