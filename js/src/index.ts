import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { commandsPlugin } from './commands';
import { guardPlugin } from './guard';
import { masksPlugin } from './masks';
import { outputsPlugin } from './outputs';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  commandsPlugin,
  guardPlugin,
  masksPlugin,
  outputsPlugin
];

export default plugins;
