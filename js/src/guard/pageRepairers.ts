import type { IRepairer } from './guardConnection';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** The repairer of a document, and the identifier of the kernel that the document uses now. */
export interface IDocumentEntry {
  readonly repairer: IRepairer;
  kernelId(): string | undefined;
}

/**
 * The repairers of all documents of a page. JupyterLab delivers a comm message
 * to only one document, which forwards it to all documents of the same kernel.
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
        // Each document has to be repaired, so `some` cannot be used: it would stop after the first success.
        this._withSameKernel(entry).map(({ repairer }) => repairer.repair(message)).includes(true),
      ask: (message: IOfferMessage, onAgree: () => void): void => {
        for (const { repairer } of this._withSameKernel(entry)) {
          repairer.ask(message, onAgree);
        }
      },
      takeOutputs: (): readonly ICellOutput[] =>
        this._withSameKernel(entry).flatMap(({ repairer }) => repairer.takeOutputs()),
      replaceOutputs: (outputs: readonly ICellOutput[]): boolean =>
        // Each document has to replace its outputs, so `every` cannot be used: it would stop after the first failure.
        !this._withSameKernel(entry)
          .map(({ repairer }) => repairer.replaceOutputs(outputs))
          .includes(false)
    };
  }

  private _withSameKernel(entry: IDocumentEntry): readonly IDocumentEntry[] {
    const kernelId = entry.kernelId();
    return [...this._entries].filter(other => other === entry || other.kernelId() === kernelId);
  }

  private readonly _entries = new Set<IDocumentEntry>();
}
