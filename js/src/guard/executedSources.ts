/** Remembers what each cell's source was when it was run; a cell that is gone is forgotten. */
export class ExecutedSources<Cell extends object> {
  remember(cell: Cell, source: string): void {
    this._sources.set(cell, source);
  }

  of(cell: Cell): string | undefined {
    return this._sources.get(cell);
  }

  private readonly _sources = new WeakMap<Cell, string>();
}
