import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { MaskedOutputs } from './masks/maskedOutputs';
import { NAMESPACE } from './tokens';

/** The one setting, as `schema/masks.json` describes it. */
const SETTING = 'showMasked';

/** Shows in outputs what was masked and why, if that is wanted; what is saved is the same either way. */
export const masksPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:masks`,
  description: 'Shows in outputs what was masked, and why.',
  autoStart: true,
  requires: [INotebookTracker, ISettingRegistry],
  activate: async (
    _app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry
  ): Promise<void> => {
    const settings = await registry.load(masksPlugin.id);
    const outputs = new WeakMap<NotebookPanel, MaskedOutputs>();
    const isOn = (): boolean => settings.composite[SETTING] === true;
    const add = (panel: NotebookPanel): void => {
      const masked = new MaskedOutputs(panel.content.node);
      outputs.set(panel, masked);
      if (isOn()) {
        masked.turn(true);
      }
      panel.disposed.connect(() => {
        masked.turn(false);
      });
    };
    tracker.forEach(add);
    tracker.widgetAdded.connect((_, panel) => {
      add(panel);
    });
    settings.changed.connect(() => {
      tracker.forEach(panel => {
        outputs.get(panel)?.turn(isOn());
      });
    });
  }
};
