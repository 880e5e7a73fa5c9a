import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { FORM_MIME, WIDGET_MIME } from './contract/form';
import { FormOutput, LineRenderer } from './formOutput';
import { NAMESPACE } from './tokens';

/** The rank of the renderer factory. The factory of ipywidgets has -10, and a lower rank is preferred. */
const RANK = -20;

/** Shows forms in outputs, and a line instead of a form whose kernel has ended. */
export const outputsPlugin: JupyterFrontEndPlugin<void> = {
  id: `${NAMESPACE}:outputs`,
  description: 'Shows forms in the outputs of notebooks.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker): void => {
    tracker.forEach(addFactory);
    tracker.widgetAdded.connect((_, panel) => {
      addFactory(panel);
    });
  }
};

function addFactory({ content: { rendermime }, sessionContext }: NotebookPanel): void {
  rendermime.addFactory(
    {
      safe: true,
      mimeTypes: [FORM_MIME],
      createRenderer: options => {
        const widgetFactory = rendermime.getFactory(WIDGET_MIME);
        if (widgetFactory === undefined) {
          return new LineRenderer();
        }
        const renderer = widgetFactory.createRenderer({ ...options, mimeType: WIDGET_MIME });
        const output = new FormOutput(renderer);
        const retry = (_: unknown, status: string): void => {
          if (status === 'connected') {
            void output.retry();
          }
        };
        sessionContext.connectionStatusChanged.connect(retry);
        renderer.disposed.connect(() => {
          sessionContext.connectionStatusChanged.disconnect(retry);
        });
        return renderer;
      }
    },
    RANK
  );
}
