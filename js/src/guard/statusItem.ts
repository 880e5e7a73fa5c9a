import { Widget } from '@lumino/widgets';

import type { IStatus } from './wire';

/** Says in the status bar how the guard of the notebook in front does; says nothing where there is none. */
export class StatusItem extends Widget {
  constructor() {
    super();
    this.addClass('zs-guard-status');
    this.show_(null);
  }

  show_(status: IStatus | null): void {
    this.node.textContent = status === null ? '' : textOf(status);
    this.node.title = status === null ? '' : captionOf(status);
    this.node.classList.toggle('zs-mod-off', status?.on === false);
  }
}

/** The few words in the bar. */
export function textOf({ on, values }: IStatus): string {
  return on ? `Guard: ${count(values, 'value')}` : 'Guard: off';
}

/** What a person who points at them reads. */
export function captionOf({ on, values, masked }: IStatus): string {
  const times = masked === 0 ? 'none was masked yet' : `masked ${count(masked, 'time')}`;
  return on
    ? `zensecrets keeps ${count(values, 'value')} out of what this kernel shows: ${times} in this session`
    : 'zensecrets masks nothing in this kernel: %secret guard on';
}

function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
}
