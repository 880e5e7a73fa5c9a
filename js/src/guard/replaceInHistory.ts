import type { CodeConsole } from '@jupyterlab/console';

/**
 * Replace the entry `before` by `after` in the history of a console, and return
 * whether the history was accessible.
 *
 * The history is in private lists of the console. Loading the history from the
 * kernel again would need even more private members.
 */
export function replaceInHistory(console: CodeConsole, before: string, after: string): boolean {
  const history: unknown = Reflect.get(console, '_history');
  if (typeof history !== 'object' || history === null) {
    return false;
  }
  const entries: unknown = Reflect.get(history, '_history');
  const filteredEntries: unknown = Reflect.get(history, '_filtered');
  for (const sources of [entries, filteredEntries]) {
    if (Array.isArray(sources)) {
      sources.forEach((source: unknown, index) => {
        if (source === before) {
          sources[index] = after;
        }
      });
    }
  }
  return Array.isArray(entries);
}
