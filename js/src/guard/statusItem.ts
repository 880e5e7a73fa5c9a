import { Widget } from '@lumino/widgets';

import type { IStatusMessage } from '../contract/guard';

/** The item of the status bar for the guard of the active notebook; it is empty if the kernel has no guard. */
export class StatusItem extends Widget {
  constructor() {
    super();
    this.addClass('zs-guard-status');
    this.showStatus(null);
  }

  /**
   * Show the status of the guard, and whether saved files are checked. A `status` of `null` means that the kernel has no
   * guard; `checksSavedFiles` is `null` while the answer is unknown.
   */
  showStatus(status: IStatusMessage | null, checksSavedFiles: boolean | null = null): void {
    this.node.textContent = status === null ? '' : textOf(status, checksSavedFiles);
    this.node.title = status === null ? '' : captionOf(status, checksSavedFiles);
    this.node.classList.toggle('zs-mod-off', status?.is_on === false);
  }
}

/** Return the text of the item. */
export function textOf({ is_on: isOn, value_count: valueCount }: IStatusMessage, checksSavedFiles: boolean | null): string {
  if (!isOn) {
    return 'Guard: off';
  }
  const text = `Guard: ${numbered(valueCount, 'value')}`;
  return checksSavedFiles === false ? `${text}, saved files not checked` : text;
}

/** Return the tooltip of the item. */
export function captionOf(
  { is_on: isOn, value_count: valueCount, mask_count: maskCount }: IStatusMessage,
  checksSavedFiles: boolean | null
): string {
  const masks = maskCount === 0 ? 'no mask yet' : numbered(maskCount, 'mask');
  return isOn
    ? `zensecrets masks ${numbered(valueCount, 'value')} in the output of this kernel: ${masks} in this session${savedFilesText(checksSavedFiles)}`
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

/** Return a number with a noun, in the singular or the plural. */
function numbered(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;
}
