import { h } from './dom';
import { icon } from './icons';
import type { ICheckResult } from './checks';

/** The messages below a control: a problem, and notes. */
export class Messages {
  constructor(id: string) {
    this._problem = h('div', { class: 'zs-problem', id: `${id}-problem`, role: 'alert' });
    this._notes = h('div', { class: 'zs-notes', id: `${id}-notes` });
    this.elements = [this._problem, this._notes];
    this.describedBy = `${this._problem.id} ${this._notes.id}`;
  }

  readonly elements: readonly HTMLElement[];
  /** The value of the attribute `aria-describedby` of the control. */
  readonly describedBy: string;

  get hasProblem(): boolean {
    return this._problem.hasChildNodes();
  }

  show({ problem, notes }: ICheckResult): void {
    this._problem.replaceChildren(
      ...(problem === '' ? [] : [icon('problem'), h('span', {}, problem)])
    );
    this._notes.replaceChildren(
      ...notes.map(note => h('div', {}, icon('note'), h('span', {}, note)))
    );
  }

  private readonly _problem: HTMLElement;
  private readonly _notes: HTMLElement;
}

/** The result of a check without a problem and without notes. */
export const NO_PROBLEM: ICheckResult = { problem: '', notes: [] };

/** Return the result of a check with a problem and without notes. */
export function problemResult(text: string): ICheckResult {
  return { problem: text, notes: [] };
}
