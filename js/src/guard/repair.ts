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
