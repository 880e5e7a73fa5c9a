/** As much of a cell's shared model as a repair uses. */
export interface ISource {
  getSource(): string;
  updateSource(start: number, end: number, value?: string): void;
  clearUndoHistory(): void;
}

/**
 * Make `source` of a cell, if what was run still stands in it, and tell
 * whether that is what it is now. What was there can't be undone into.
 */
export function repair(cell: ISource, executed: string, source: string): boolean {
  if (cell.getSource() !== executed) {
    return false;
  }
  const [start, end] = difference(executed, source);
  // The cursor stays where it is in the rest.
  cell.updateSource(start, end, source.slice(start, source.length - (executed.length - end)));
  cell.clearUndoHistory();
  return cell.getSource() === source;
}

/** How many characters that are no blanks have to be around a value, for its cell to be known by them. */
const FEWEST = 4;

/**
 * Make `source` of a cell of which it is not known here what was run: another
 * tab ran it, or it was deleted and brought back. It is recognised by `kept`,
 * the parts of what was run around the values.
 */
export function follow(cell: ISource, kept: readonly string[], source: string): boolean {
  const text = cell.getSource();
  if (text === source) {
    cell.clearUndoHistory();
    return true;
  }
  return isMadeOf(text, kept) && repair(cell, text, source);
}

function isMadeOf(text: string, kept: readonly string[]): boolean {
  if (kept.length < 2 || kept.join('').replace(/\s/g, '').length < FEWEST) {
    return false;
  }
  const parts = kept.map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]+?')}$`).test(text);
}

/** From where to where in the first of two texts they differ; no character is split. */
function difference(before: string, after: string): readonly [start: number, end: number] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start += 1;
  }
  if (start > 0 && isFirstHalf(before, start - 1)) {
    start -= 1;
  }
  let same = 0;
  while (
    same < shorter - start &&
    before[before.length - 1 - same] === after[after.length - 1 - same]
  ) {
    same += 1;
  }
  if (same > 0 && isFirstHalf(before, before.length - same - 1)) {
    same -= 1;
  }
  return [start, before.length - same];
}

/** Whether a text has the first half of a character there that takes two. */
function isFirstHalf(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 0xd800 && code < 0xdc00;
}
