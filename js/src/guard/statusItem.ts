import { Widget } from '@lumino/widgets';

import type { IStatusMessage } from '../contract/guard';

/** Says in the status bar how the guard of the notebook in front does; says nothing where there is none. */
export class StatusItem extends Widget {
  constructor() {
    super();
    this.addClass('zs-guard-status');
    this.show_(null);
  }

  /** Show how the guard does, and whether saved files are checked, if that is known. */
  show_(status: IStatusMessage | null, checksSavedFiles: boolean | null = null): void {
    this.node.textContent = status === null ? '' : textOf(status, checksSavedFiles);
    this.node.title = status === null ? '' : captionOf(status, checksSavedFiles);
    this.node.classList.toggle('zs-mod-off', status?.on === false);
  }
}

/** The few words in the bar. */
export function textOf({ on, values }: IStatusMessage, checksSavedFiles: boolean | null): string {
  if (!on) {
    return 'Guard: off';
  }
  const text = `Guard: ${count(values, 'value')}`;
  return checksSavedFiles === false ? `${text}, saved files not checked` : text;
}

/** What a person who points at them reads. */
export function captionOf(
  { on, values, masked }: IStatusMessage,
  checksSavedFiles: boolean | null
): string {
  const times = masked === 0 ? 'none was masked yet' : `masked ${count(masked, 'time')}`;
  return on
    ? `zensecrets keeps ${count(values, 'value')} out of what this kernel shows: ${times} in this session${savedFiles(checksSavedFiles)}`
    : 'zensecrets masks nothing in this kernel: %secret guard on';
}

function savedFiles(checked: boolean | null): string {
  if (checked === null) {
    return '';
  }
  return checked
    ? '. Saved files are checked: a value that is typed in a cell, and not run, is masked in the file'
    : '. Saved files are not checked: a value that is typed in a cell is saved as it is. Install and enable zensecrets-jupyter where Jupyter Server runs';
}

function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
}
