import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { CHECKS_PATH, isKernelCheck } from '../contract/server';

/** Return whether a kernel checks the files that the server saves. A server without our extension responds with 404. */
export async function areSavedFilesChecked(kernelId: string): Promise<boolean> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, CHECKS_PATH, encodeURIComponent(kernelId));
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    return false;
  }
  const check: unknown = await response.json();
  return isKernelCheck(check) && check.checks_saved_files;
}
