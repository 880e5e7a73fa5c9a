import { describe, expect, test } from 'vitest';

import { repairByContext, type ISource, repairUnedited } from '../src/guard/repair';

/** A fake of the shared model of a cell. */
class FakeCell implements ISource {
  undoHistoryClears = 0;
  edits: [start: number, end: number, value: string][] = [];

  constructor(private _source: string) {}

  getSource(): string {
    return this._source;
  }

  updateSource(start: number, end: number, value = ''): void {
    this.edits.push([start, end, value]);
    this._source = this._source.slice(0, start) + value + this._source.slice(end);
  }

  clearUndoHistory(): void {
    this.undoHistoryClears += 1;
  }
}

describe('a repair', () => {
  test.each([
    ['%secret register x --key=value', '%secret register x --key'],
    ['a\n%secret register x --key=value\nb', 'a\n%secret register x --key\nb'],
    ['%secret register --key=v x', '%secret register x --key'],
    ['--a=1 --b=2\n--c=3', '--a --b\n--c'],
    ["t = '😀'", "t = '‹secret:x.key›'"],
    ["t = '😀'", "t = '😁'"],
    ['🔑', '🔒'],
    ['aaa', 'aa'],
    ['aa', 'aaa'],
    ['value', '']
  ])('replaces %j by the source from the kernel', (executed, source) => {
    const cell = new FakeCell(executed);
    expect(repairUnedited(cell, executed, source)).toBe(true);
    expect(cell.getSource()).toBe(source);
    expect(cell.undoHistoryClears).toBe(1);
    for (const [start, end, text] of cell.edits) {
      for (const part of [executed.slice(0, start), executed.slice(end), text]) {
        // JupyterLab's model must not get half a surrogate pair, for which `encodeURIComponent` throws an error.
        expect(() => encodeURIComponent(part)).not.toThrow();
      }
    }
  });

  test('does not touch the text around the value', () => {
    const cell = new FakeCell('before --key=value after');
    repairUnedited(cell, 'before --key=value after', 'before --key after');
    expect(cell.edits).toEqual([[12, 18, '']]);
  });

  test('does not change a cell that was edited after its execution', () => {
    const cell = new FakeCell('%secret register x --key=value2');
    expect(repairUnedited(cell, '%secret register x --key=value', '%secret register x --key')).toBe(false);
    expect(cell.getSource()).toBe('%secret register x --key=value2');
    expect(cell.edits).toEqual([]);
    expect(cell.undoHistoryClears).toBe(0);
  });
});

describe('a cell that another tab has executed', () => {
  test.each([
    ['%secret register x --key=value', ['%secret register x --key', ''], '%secret register x --key'],
    ['a = (1)\n%zen --k=v --l=w\nb', ['a = (1)\n%zen --k', ' --l', '\nb'], 'a = (1)\n%zen --k --l\nb'],
    ["token = 'v\nw'", ["token = '", "'"], "token = '‹secret:x.key›'"]
  ])('is recognised by the text around the values: %j', (text, unchanged, source) => {
    const cell = new FakeCell(text);
    expect(repairByContext(cell, unchanged, source)).toBe(true);
    expect(cell.getSource()).toBe(source);
    expect(cell.undoHistoryClears).toBe(1);
  });

  test('that is already repaired has no undo history', () => {
    const cell = new FakeCell('%secret register x --key');
    expect(repairByContext(cell, ['%secret register x --key', ''], '%secret register x --key')).toBe(true);
    expect(cell.edits).toEqual([]);
    expect(cell.undoHistoryClears).toBe(1);
  });

  test.each([
    ['something else', ['%secret register x --key', '']],
    ['# more\n%secret register x --key=value', ['%secret register x --key', '']],
    ['anything', ['', '']],
    ['anything', []]
  ])('is not changed if it has another text: %j', (text, unchanged) => {
    const cell = new FakeCell(text);
    expect(repairByContext(cell, unchanged, 'source')).toBe(false);
    expect(cell.getSource()).toBe(text);
  });
});
