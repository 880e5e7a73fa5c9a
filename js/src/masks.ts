import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { MaskedOutputs } from './masks/maskedOutputs';
import { NAMESPACE } from './tokens';

/** The name of the setting in `schema/masks.json`. */
const SETTING = 'showMasked';

/** Highlights masks in outputs, if the setting is on; the saved notebook does not change. */
export const masksPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:masks`,
  description: 'Highlights masked values in outputs.',
  autoStart: true,
  requires: [INotebookTracker, ISettingRegistry],
  activate: async (
    _app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry
  ): Promise<void> => {
    const settings = await registry.load(masksPlugin.id);
    const outputsByPanel = new WeakMap<NotebookPanel, MaskedOutputs>();
    const isEnabled = (): boolean => settings.composite[SETTING] === true;
    const addPanel = (panel: NotebookPanel): void => {
      const maskedOutputs = new MaskedOutputs(panel.content.node);
      outputsByPanel.set(panel, maskedOutputs);
      if (isEnabled()) {
        maskedOutputs.setEnabled(true);
      }
      panel.disposed.connect(() => {
        maskedOutputs.setEnabled(false);
      });
    };
    tracker.forEach(addPanel);
    tracker.widgetAdded.connect((_, panel) => {
      addPanel(panel);
    });
    settings.changed.connect(() => {
      tracker.forEach(panel => {
        outputsByPanel.get(panel)?.setEnabled(isEnabled());
      });
    });
  }
};
