import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { insertMagic } from './insert';
import { MAGICS } from './magics';
import { CATEGORY, NAMESPACE } from './tokens';

/** Adds commands to the palette that insert magics into the active notebook. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:commands`,
  description: 'Adds commands that insert magics into the active notebook.',
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
    // Menus and the palette query `isEnabled` again only after this notification.
    tracker.currentChanged.connect(() => {
      for (const magic of MAGICS) {
        commands.notifyCommandChanged(`${NAMESPACE}:${magic.id}`);
      }
    });
  }
};
