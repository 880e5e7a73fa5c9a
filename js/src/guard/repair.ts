/** The part of the shared model of a cell that a repair uses. */
export interface ISource {
  getSource(): string;
  updateSource(start: number, end: number, value?: string): void;
  clearUndoHistory(): void;
}

/**
 * Replace the source of a cell by `newSource` if the cell was not edited since its
 * execution, and return whether that succeeded. Undo cannot restore the old source.
 */
export function repairUnedited(cell: ISource, executedSource: string, newSource: string): boolean {
  if (cell.getSource() !== executedSource) {
    return false;
  }
  const [start, end] = differingRange(executedSource, newSource);
  // Only the differing part is replaced, so that the cursor keeps its position in the rest.
  cell.updateSource(start, end, newSource.slice(start, newSource.length - (executedSource.length - end)));
  cell.clearUndoHistory();
  return cell.getSource() === newSource;
}

/** The minimum number of non-blank characters around the values. With fewer, another cell could be mistaken for this one. */
const MIN_CONTEXT_LENGTH = 4;

/**
 * Replace the source of a cell whose executed source is unknown in this page, because
 * another tab has run the cell or undo has restored it. Return whether that succeeded.
 * The cell is recognised by `unchanged`, the parts of the executed source around the values.
 */
export function repairByContext(cell: ISource, unchanged: readonly string[], newSource: string): boolean {
  const text = cell.getSource();
  if (text === newSource) {
    cell.clearUndoHistory();
    return true;
  }
  return consistsOf(text, unchanged) && repairUnedited(cell, text, newSource);
}

/** Tell whether a text consists of the unchanged parts, with any non-empty text between each two of them. */
function consistsOf(text: string, unchanged: readonly string[]): boolean {
  if (unchanged.length < 2 || unchanged.join('').replace(/\s/g, '').length < MIN_CONTEXT_LENGTH) {
    return false;
  }
  const escapedParts = unchanged.map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  // `[^]` matches every character, also a line break.
  return new RegExp(`^${escapedParts.join('[^]+?')}$`).test(text);
}

/** Return the range of the first text that differs from the second; surrogate pairs are not split. */
function differingRange(before: string, after: string): readonly [start: number, end: number] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) {
    start += 1;
  }
  if (start > 0 && isHighSurrogate(before, start - 1)) {
    start -= 1;
  }
  let suffixLength = 0;
  while (
    suffixLength < shorter - start &&
    before[before.length - 1 - suffixLength] === after[after.length - 1 - suffixLength]
  ) {
    suffixLength += 1;
  }
  if (suffixLength > 0 && isHighSurrogate(before, before.length - suffixLength - 1)) {
    suffixLength -= 1;
  }
  return [start, before.length - suffixLength];
}

/** Tell whether the code unit at an index is a high surrogate. */
function isHighSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0xd800 && code < 0xdc00;
}
