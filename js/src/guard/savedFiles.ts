import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Ask the server whether a kernel checks the files that it saves; a server without our extension does not know the address. */
export async function areSavedFilesChecked(kernel: string): Promise<boolean> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'zensecrets', 'checks', encodeURIComponent(kernel));
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    return false;
  }
  const answer: unknown = await response.json();
  return typeof answer === 'object' && answer !== null && 'checked' in answer && answer.checked === true;
}
