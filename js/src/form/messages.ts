import { h } from './dom';
import { icon } from './icons';
import type { IFinding } from './checks';

/** What is said below a control: a problem, and notes. */
export class Messages {
  constructor(id: string) {
    this._problem = h('div', { class: 'zs-problem', id: `${id}-problem`, role: 'alert' });
    this._notes = h('div', { class: 'zs-notes', id: `${id}-notes` });
    this.elements = [this._problem, this._notes];
    this.describedBy = `${this._problem.id} ${this._notes.id}`;
  }

  readonly elements: readonly HTMLElement[];
  /** For the control's `aria-describedby`. */
  readonly describedBy: string;

  get hasProblem(): boolean {
    return this._problem.hasChildNodes();
  }

  show({ problem, notes }: IFinding): void {
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

/** What is found where there is nothing to say. */
export const FINE: IFinding = { problem: '', notes: [] };

/** A problem alone. */
export function problem(text: string): IFinding {
  return { problem: text, notes: [] };
}
