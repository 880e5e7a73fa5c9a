import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { commandsPlugin } from './commands';

const plugins: JupyterFrontEndPlugin<unknown>[] = [commandsPlugin];

export default plugins;
