import { Widget } from '@lumino/widgets';

import type { IStatusMessage } from '../contract/guard';

/** The item of the status bar for the guard of the active notebook; it is empty if the kernel has no guard. */
export class StatusItem extends Widget {
  constructor() {
    super();
    this.addClass('zs-guard-status');
    this.showStatus(null);
  }

  /** Show the status of the guard, and whether saved files are checked. `null` means that the status or the check is unknown. */
  showStatus(status: IStatusMessage | null, checksSavedFiles: boolean | null = null): void {
    this.node.textContent = status === null ? '' : textOf(status, checksSavedFiles);
    this.node.title = status === null ? '' : captionOf(status, checksSavedFiles);
    this.node.classList.toggle('zs-mod-off', status?.on === false);
  }
}

/** Return the text of the item. */
export function textOf({ on, values }: IStatusMessage, checksSavedFiles: boolean | null): string {
  if (!on) {
    return 'Guard: off';
  }
  const text = `Guard: ${count(values, 'value')}`;
  return checksSavedFiles === false ? `${text}, saved files not checked` : text;
}

/** Return the tooltip of the item. */
export function captionOf(
  { on, values, masked }: IStatusMessage,
  checksSavedFiles: boolean | null
): string {
  const masks = masked === 0 ? 'no mask yet' : count(masked, 'mask');
  return on
    ? `zensecrets masks ${count(values, 'value')} in the output of this kernel: ${masks} in this session${savedFilesText(checksSavedFiles)}`
    : 'zensecrets masks nothing in this kernel. Run %secret guard on to mask values';
}

function savedFilesText(areChecked: boolean | null): string {
  if (areChecked === null) {
    return '';
  }
  return areChecked
    ? '. Saved files are checked: a protected value in a cell is masked in the file, even if the cell was not run'
    : '. Saved files are not checked: a value in a cell is saved unmasked. Install and enable zensecrets-jupyter where Jupyter Server runs';
}

function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
}
