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
  /** The name of the value in the labels of buttons. */
  readonly subject: string;
  readonly describedBy: string;
  readonly required: boolean;
  readonly placeholder: string;
  readonly sensitive: boolean;
  readonly manyLines: boolean;
  readonly onChange: () => void;
  /** Called when the input loses the focus. */
  readonly onLeave: () => void;
  /** Called when a file is refused. */
  readonly onRefuse: (problem: string) => void;
}

/** The input of one value: typed text, or the content of a file, which is never shown. */
export class ValueInput {
  constructor(
    private readonly _settings: IValueInputSettings,
    private readonly _context: IContext
  ) {
    const { manyLines, sensitive, subject } = _settings;
    this._control = new Control({ ..._settings, lines: manyLines ? 'many' : 'as pasted' });
    this._picker = h('input', { type: 'file', hidden: true });
    this._picker.addEventListener('change', () => {
      void this._take(this._picker.files);
    });
    const pick = button(
      { class: 'zs-tool zs-pick', 'aria-label': `From a file… (${subject})`, title: 'From a file…' },
      icon('file'),
      () => {
        this._picker.click();
      }
    );
    const tools = sensitive
      ? [peekButton(this._control, subject, _context.signal), pick]
      : [pick];
    this._typed = h('div', { class: 'zs-typed' }, this._control.element, ...tools);
    this.element = h('div', { class: 'zs-value' }, this._typed, this._picker);
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
        void this._take(files);
      }
    });
    this.element.addEventListener('focusout', event => {
      const within = event.relatedTarget instanceof Node && this.element.contains(event.relatedTarget);
      // When the window loses the focus, the user probably copies the value from elsewhere.
      if (!within && document.hasFocus()) {
        _settings.onLeave();
      }
    });
  }

  readonly element: HTMLElement;

  get text(): string {
    return this.#content ?? this._control.text;
  }

  /** Whether the value was typed or pasted; otherwise it comes from a file. */
  get typed(): boolean {
    return this.#content === null;
  }

  set invalid(invalid: boolean) {
    this._control.invalid = invalid;
  }

  focus(): void {
    if (this._release === null) {
      this._control.focus();
    } else {
      this._release.focus();
    }
  }

  clear(): void {
    this._picks += 1;
    this.#content = null;
    this._picker.value = '';
    this._control.text = '';
    this._control.revealed = false;
    this._chip?.remove();
    this._chip = null;
    this._release = null;
    this._typed.hidden = false;
  }

  private async _take(files: FileList | null): Promise<void> {
    const file = files?.[0];
    if (file === undefined) {
      return;
    }
    const pick = ++this._picks;
    const read = await readText(file, this._context.checks.largest);
    // Meanwhile, the form may have been submitted or cancelled, or another file selected.
    if (pick !== this._picks) {
      return;
    }
    if ('problem' in read) {
      this._picker.value = '';
      this._settings.onRefuse(read.problem);
      return;
    }
    this.clear();
    this.#content = read.text;
    this._showChip(file.name);
    this._settings.onChange();
    this._settings.onLeave();
  }

  private _showChip(name: string): void {
    const { describedBy, subject } = this._settings;
    this._release = button(
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
    this._chip = h('div', { class: 'zs-chip' }, icon('file'), source, this._release);
    this._typed.after(this._chip);
    this._release.focus();
    this._typed.hidden = true;
  }

  private readonly _control: Control;
  private readonly _picker: HTMLInputElement;
  private readonly _typed: HTMLElement;
  private _chip: HTMLElement | null = null;
  private _release: HTMLElement | null = null;
  private _picks = 0;
  #content: string | null = null;
}
