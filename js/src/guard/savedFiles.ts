import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { CHECKS_PATH, isKernelCheck } from '../contract/server';

/** Return whether a kernel checks the files that the server saves. A server without our extension responds with 404. */
export async function areSavedFilesChecked(kernel: string): Promise<boolean> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, CHECKS_PATH, encodeURIComponent(kernel));
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    return false;
  }
  const body: unknown = await response.json();
  return isKernelCheck(body) && body.checked;
}
