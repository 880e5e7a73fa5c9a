/** The source of each cell at its last execution, held weakly. */
export class ExecutedSources<Cell extends object> {
  remember(cell: Cell, source: string): void {
    this._sources.set(cell, source);
  }

  get(cell: Cell): string | undefined {
    return this._sources.get(cell);
  }

  private readonly _sources = new WeakMap<Cell, string>();
}
