import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { commandsPlugin } from './commands';
import { outputsPlugin } from './outputs';

const plugins: JupyterFrontEndPlugin<unknown>[] = [commandsPlugin, outputsPlugin];

export default plugins;
