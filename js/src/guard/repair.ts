/** The part of the shared model of a cell that a repair uses. */
export interface ISource {
  getSource(): string;
  updateSource(start: number, end: number, value?: string): void;
  clearUndoHistory(): void;
}

/**
 * Replace the source of a cell by `source` if the cell was not edited since its
 * execution, and return whether that succeeded. Undo cannot restore the old source.
 */
export function repair(cell: ISource, executed: string, source: string): boolean {
  if (cell.getSource() !== executed) {
    return false;
  }
  const [start, end] = differingRange(executed, source);
  // Only the differing part is replaced, so that the cursor keeps its position in the rest.
  cell.updateSource(start, end, source.slice(start, source.length - (executed.length - end)));
  cell.clearUndoHistory();
  return cell.getSource() === source;
}

/** The minimum number of non-blank characters around the values by which a cell is recognised. */
const MIN_CONTEXT_LENGTH = 4;

/**
 * Replace the source of a cell whose executed source is unknown in this page, and
 * return whether that succeeded. Another tab may have run the cell, or undo may have
 * restored it. The cell is recognised by `unchanged`, the parts of the executed
 * source around the values.
 */
export function repairByContext(cell: ISource, unchanged: readonly string[], source: string): boolean {
  const text = cell.getSource();
  if (text === source) {
    cell.clearUndoHistory();
    return true;
  }
  return consistsOf(text, unchanged) && repair(cell, text, source);
}

/** Tell whether a text consists of the unchanged parts with any other text between them. */
function consistsOf(text: string, unchanged: readonly string[]): boolean {
  if (unchanged.length < 2 || unchanged.join('').replace(/\s/g, '').length < MIN_CONTEXT_LENGTH) {
    return false;
  }
  const parts = unchanged.map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]+?')}$`).test(text);
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
