import type { CodeConsole } from '@jupyterlab/console';

/**
 * Put `after` in the place of `before` in what the arrow keys of a console
 * bring back, and tell whether that could be done.
 *
 * A console keeps it in lists that its interface does not show; asking the
 * kernel for all of it again would need more of what is not shown.
 */
export function replaceInHistory(console: CodeConsole, before: string, after: string): boolean {
  const history: unknown = Reflect.get(console, '_history');
  if (typeof history !== 'object' || history === null) {
    return false;
  }
  const entries: unknown = Reflect.get(history, '_history');
  const shown: unknown = Reflect.get(history, '_filtered');
  for (const list of [entries, shown]) {
    if (Array.isArray(list)) {
      list.forEach((entry: unknown, place) => {
        if (entry === before) {
          list[place] = after;
        }
      });
    }
  }
  return Array.isArray(entries);
}
