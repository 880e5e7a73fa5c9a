import type { IRepairer } from './guardConnection';
import type { IOfferMessage, ICellOutput, IRepairMessage } from '../contract/guard';

/** One document of the page: what repairs it, and which kernel it uses now. */
export interface IMember {
  readonly repairer: IRepairer;
  kernel(): string | undefined;
}

/**
 * All documents of a page. JupyterLab hands the messages of a kernel to one of
 * them only, which passes them on to all that use the same kernel.
 */
export class PageRepairers {
  add(member: IMember): void {
    this._members.add(member);
  }

  remove(member: IMember): void {
    this._members.delete(member);
  }

  /** What repairs all documents that use the kernel of `member`. */
  of(member: IMember): IRepairer {
    return {
      repair: (message: IRepairMessage | IOfferMessage): boolean =>
        // Each of them, also where one has done it already.
        this._besides(member).map(({ repairer }) => repairer.repair(message)).includes(true),
      ask: (message: IOfferMessage, agreed: () => void): void => {
        for (const { repairer } of this._besides(member)) {
          repairer.ask(message, agreed);
        }
      },
      takeOutputs: (): readonly ICellOutput[] =>
        this._besides(member).flatMap(({ repairer }) => repairer.takeOutputs()),
      replaceOutputs: (outputs: readonly ICellOutput[]): boolean =>
        // Each of them: none knows the cells of the others.
        !this._besides(member)
          .map(({ repairer }) => repairer.replaceOutputs(outputs))
          .includes(false)
    };
  }

  private _besides(member: IMember): readonly IMember[] {
    const kernel = member.kernel();
    return [...this._members].filter(one => one === member || one.kernel() === kernel);
  }

  private readonly _members = new Set<IMember>();
}
