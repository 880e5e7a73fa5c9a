import { Control } from './control';
import { button, h } from './dom';
import { icon } from './icons';
import type { IContext } from './part';
import { peekButton } from './peek';
import { readText } from './textFile';

/** Settings of the input of a value. */
export interface IValueInputSettings {
  readonly id: string;
  /** The accessible name, for an input without a visible label. */
  readonly label?: string;
  /** The value's name for the labels of buttons. */
  readonly subject: string;
  /** The value of the attribute `aria-describedby`. */
  readonly describedBy: string;
  readonly required: boolean;
  readonly placeholder: string;
  readonly sensitive: boolean;
  readonly hasManyLines: boolean;
  readonly onChange: () => void;
  /** Called when the input loses the focus. */
  readonly onLeave: () => void;
  /** Called with the problem when a file is refused. */
  readonly onRefuse: (problem: string) => void;
}

/** The input of one value: typed text, or the content of a file. The content of a file is never shown. */
export class ValueInput {
  constructor(
    private readonly _settings: IValueInputSettings,
    private readonly _context: IContext
  ) {
    const { hasManyLines, sensitive, subject } = _settings;
    this._control = new Control({ ..._settings, lines: hasManyLines ? 'many' : 'as pasted' });
    this._picker = h('input', { type: 'file', hidden: true });
    this._picker.addEventListener('change', () => {
      void this._readFile(this._picker.files);
    });
    const pickButton = button(
      { class: 'zs-tool zs-pick', 'aria-label': `From a file… (${subject})`, title: 'From a file…' },
      icon('file'),
      () => {
        this._picker.click();
      }
    );
    const buttons = sensitive
      ? [peekButton(this._control, subject, _context.signal), pickButton]
      : [pickButton];
    this._inputRow = h('div', { class: 'zs-input-row' }, this._control.element, ...buttons);
    this.element = h('div', { class: 'zs-value' }, this._inputRow, this._picker);
    // By default, the browser opens a dropped file in place of the page.
    this.element.addEventListener('dragover', event => {
      if (event.dataTransfer?.types.includes('Files') === true) {
        event.preventDefault();
      }
    });
    this.element.addEventListener('drop', event => {
      const files = event.dataTransfer?.files;
      if (files !== undefined && files.length > 0) {
        event.preventDefault();
        void this._readFile(files);
      }
    });
    this.element.addEventListener('focusout', event => {
      const staysInside = event.relatedTarget instanceof Node && this.element.contains(event.relatedTarget);
      // If the whole window has lost the focus, the user probably copies the value from another program.
      if (!staysInside && document.hasFocus()) {
        _settings.onLeave();
      }
    });
  }

  readonly element: HTMLElement;

  get text(): string {
    return this.#content ?? this._control.text;
  }

  /** Whether the value was typed or pasted; otherwise it comes from a file. */
  get isTyped(): boolean {
    return this.#content === null;
  }

  set isInvalid(isInvalid: boolean) {
    this._control.isInvalid = isInvalid;
  }

  focus(): void {
    if (this._removeButton === null) {
      this._control.focus();
    } else {
      this._removeButton.focus();
    }
  }

  clear(): void {
    this._selectionCount += 1;
    this.#content = null;
    this._picker.value = '';
    this._control.text = '';
    this._control.isRevealed = false;
    this._chip?.remove();
    this._chip = null;
    this._removeButton = null;
    this._inputRow.hidden = false;
  }

  private async _readFile(files: FileList | null): Promise<void> {
    const file = files?.[0];
    if (file === undefined) {
      return;
    }
    this._selectionCount += 1;
    const selectionCount = this._selectionCount;
    const result = await readText(file, this._context.checks.maxBytes);
    // While the file was read, the form may have ended, or the user may have selected another file.
    if (selectionCount !== this._selectionCount) {
      return;
    }
    if ('problem' in result) {
      this._picker.value = '';
      this._settings.onRefuse(result.problem);
      return;
    }
    this.clear();
    this.#content = result.text;
    this._showChip(file.name);
    this._settings.onChange();
    this._settings.onLeave();
  }

  private _showChip(name: string): void {
    const { describedBy, subject } = this._settings;
    this._removeButton = button(
      {
        class: 'zs-tool',
        'aria-label': `Remove ${name} as the value of ${subject}`,
        'aria-describedby': describedBy,
        title: 'Remove the file'
      },
      icon('close'),
      () => {
        this.clear();
        this._settings.onChange();
        this.focus();
      }
    );
    const source = h('span', {}, 'from ', h('bdi', { class: 'zs-filename' }, name));
    this._chip = h('div', { class: 'zs-chip' }, icon('file'), source, this._removeButton);
    this._inputRow.after(this._chip);
    this._removeButton.focus();
    this._inputRow.hidden = true;
  }

  private readonly _control: Control;
  private readonly _picker: HTMLInputElement;
  private readonly _inputRow: HTMLElement;
  /** The row with the name of a selected file, in place of the text input; `null` without a file. */
  private _chip: HTMLElement | null = null;
  private _removeButton: HTMLElement | null = null;
  /** The number of selected files and of clearings; a change while a file is read means that its content is no longer wanted. */
  private _selectionCount = 0;
  /** The content of the selected file; `null` without a file. Unlike a `private` field, other code in the page cannot read it. */
  #content: string | null = null;
}
