/** The executed source of each cell. A deleted cell can be garbage-collected. */
export class ExecutedSources<Cell extends object> {
  remember(cell: Cell, source: string): void {
    this._sources.set(cell, source);
  }

  get(cell: Cell): string | undefined {
    return this._sources.get(cell);
  }

  private readonly _sources = new WeakMap<Cell, string>();
}
