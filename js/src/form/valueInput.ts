import { Control } from './control';
import { button, h } from './dom';
import { icon } from './icons';
import type { IContext } from './part';
import { peekButton } from './peek';
import { readText } from './textFile';

/** What a value's input is for, and whom it tells. */
export interface IValueInputSettings {
  readonly id: string;
  /** Where no label in sight says it. */
  readonly label?: string;
  /** For the buttons' labels. */
  readonly what: string;
  readonly describedBy: string;
  readonly required: boolean;
  readonly placeholder: string;
  readonly sensitive: boolean;
  readonly manyLines: boolean;
  readonly changed: () => void;
  /** The focus went elsewhere. */
  readonly left: () => void;
  /** A file was not taken. */
  readonly refused: (problem: string) => void;
}

/** One value: typed, or taken from a file, whose content is never shown. */
export class ValueInput {
  constructor(
    private readonly _settings: IValueInputSettings,
    private readonly _context: IContext
  ) {
    const { manyLines, sensitive, what } = _settings;
    this._control = new Control({ ..._settings, lines: manyLines ? 'many' : 'as pasted' });
    this._picker = h('input', { type: 'file', hidden: true });
    this._picker.addEventListener('change', () => {
      void this._take(this._picker.files);
    });
    const pick = button(
      { class: 'zs-tool zs-pick', 'aria-label': `From a file… (${what})`, title: 'From a file…' },
      icon('file'),
      () => {
        this._picker.click();
      }
    );
    const tools = sensitive
      ? [peekButton(this._control, what, _context.signal), pick]
      : [pick];
    this._typed = h('div', { class: 'zs-typed' }, this._control.element, ...tools);
    this.element = h('div', { class: 'zs-value' }, this._typed, this._picker);
    // The browser would leave the page for a file that is dropped on it.
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
      // When the whole window loses the focus, the person looks for the value elsewhere.
      if (!within && document.hasFocus()) {
        _settings.left();
      }
    });
  }

  readonly element: HTMLElement;

  get text(): string {
    return this.#content ?? this._control.text;
  }

  /** Typed or pasted, that is: not from a file. */
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

  empty(): void {
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
    // Someone may have submitted or cancelled the form by now, or picked another file.
    if (pick !== this._picks) {
      return;
    }
    if ('problem' in read) {
      this._picker.value = '';
      this._settings.refused(read.problem);
      return;
    }
    this.empty();
    this.#content = read.text;
    this._showChip(file.name);
    this._settings.changed();
    this._settings.left();
  }

  private _showChip(name: string): void {
    const { describedBy, what } = this._settings;
    this._release = button(
      {
        class: 'zs-tool',
        'aria-label': `Don't take ${what} from ${name}`,
        'aria-describedby': describedBy,
        title: "Don't take the file"
      },
      icon('close'),
      () => {
        this.empty();
        this._settings.changed();
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
