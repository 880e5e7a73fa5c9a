import type { IRepairer } from './guardConnection';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** A document of the page: its repairer, and the identifier of its kernel. */
export interface IDocumentEntry {
  readonly repairer: IRepairer;
  kernel(): string | undefined;
}

/**
 * The repairers of all documents of a page. JupyterLab delivers a comm message
 * to one document only, which forwards it to all documents of the same kernel.
 */
export class PageRepairers {
  add(entry: IDocumentEntry): void {
    this._entries.add(entry);
  }

  remove(entry: IDocumentEntry): void {
    this._entries.delete(entry);
  }

  /** Return a repairer of all documents that use the kernel of `entry`. */
  forKernelOf(entry: IDocumentEntry): IRepairer {
    return {
      repair: (message: IRepairMessage | IOfferMessage): boolean =>
        // Each document is repaired, even after one has succeeded.
        this._withSameKernel(entry).map(({ repairer }) => repairer.repair(message)).includes(true),
      ask: (message: IOfferMessage, onAgree: () => void): void => {
        for (const { repairer } of this._withSameKernel(entry)) {
          repairer.ask(message, onAgree);
        }
      },
      takeOutputs: (): readonly ICellOutput[] =>
        this._withSameKernel(entry).flatMap(({ repairer }) => repairer.takeOutputs()),
      replaceOutputs: (outputs: readonly ICellOutput[]): boolean =>
        // Each document replaces its own outputs.
        !this._withSameKernel(entry)
          .map(({ repairer }) => repairer.replaceOutputs(outputs))
          .includes(false)
    };
  }

  private _withSameKernel(entry: IDocumentEntry): readonly IDocumentEntry[] {
    const kernel = entry.kernel();
    return [...this._entries].filter(one => one === entry || one.kernel() === kernel);
  }

  private readonly _entries = new Set<IDocumentEntry>();
}
