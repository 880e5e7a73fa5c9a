import { h } from './dom';

/** Settings of a text control. */
export interface IControlSettings {
  readonly id: string;
  /** The accessible name, for a control without a visible label. */
  readonly label?: string;
  /** The value of the attribute `aria-describedby`. */
  readonly describedBy: string;
  readonly required: boolean;
  readonly placeholder: string;
  readonly sensitive: boolean;
  /** `one`: an input. `many`: a text area. `as pasted`: an input that becomes a text area for text with line breaks. */
  readonly lines: 'one' | 'many' | 'as pasted';
  readonly onChange: () => void;
}

/** A text input of one line, or a text area for several lines. Only its element stores the text. */
export class Control {
  constructor(private readonly _settings: IControlSettings) {
    this._showsDots = _settings.sensitive;
    this._input = this._createInput(_settings.lines === 'many' ? 'textarea' : 'input');
    this.element = h('span', { class: 'zs-control' }, this._input);
    this.element.addEventListener('input', _settings.onChange);
    this.element.addEventListener('paste', event => {
      this._insertLines(event, event.clipboardData);
    });
    this.element.addEventListener('drop', event => {
      this._insertLines(event, event.dataTransfer);
    });
    for (const type of ['copy', 'cut', 'dragstart']) {
      this.element.addEventListener(type, event => {
        if (this._showsDots) {
          event.preventDefault();
        }
      });
    }
  }

  readonly element: HTMLElement;

  get text(): string {
    return this._input.value;
  }

  set text(text: string) {
    this._input.value = text;
  }

  focus(): void {
    this._input.focus();
  }

  set isInvalid(isInvalid: boolean) {
    if (isInvalid) {
      this._input.setAttribute('aria-invalid', 'true');
    } else {
      this._input.removeAttribute('aria-invalid');
    }
  }

  /** Show a sensitive text in clear, or as dots. */
  set isRevealed(isRevealed: boolean) {
    this._showsDots = this._settings.sensitive && !isRevealed;
    this._updateDots();
  }

  private _updateDots(): void {
    if (this._input instanceof HTMLInputElement) {
      this._input.type = this._showsDots ? 'password' : 'text';
    } else {
      this._input.classList.toggle('zs-masked', this._showsDots);
    }
  }

  /** Replace the input by a text area if the text has line breaks, which an input would drop. */
  private _insertLines(event: Event, transfer: DataTransfer | null): void {
    const text = transfer?.getData('text/plain') ?? '';
    const input = this._input;
    if (
      this._settings.lines !== 'as pasted' ||
      input instanceof HTMLTextAreaElement ||
      !/[\r\n]/.test(text)
    ) {
      return;
    }
    event.preventDefault();
    const start = input.selectionStart ?? input.value.length;
    const end = input.selectionEnd ?? start;
    const textToCursor = input.value.slice(0, start) + text;
    const textAfterCursor = input.value.slice(end);
    // The text area gets the same identifier, and both are in the page for a moment.
    input.removeAttribute('id');
    const textArea = this._createInput('textarea');
    textArea.value = textToCursor + textAfterCursor;
    this._input = textArea;
    this._updateDots();
    // The input stays in the page until the text area has the focus. Otherwise the field would lose the focus and be checked.
    input.after(textArea);
    textArea.focus();
    input.value = '';
    input.remove();
    // A text area normalises line ends, which changes the offset of the cursor.
    const cursor = textArea.value.length - textAfterCursor.length;
    textArea.setSelectionRange(cursor, cursor);
    this._settings.onChange();
  }

  private _createInput<K extends 'input' | 'textarea'>(tag: K): HTMLElementTagNameMap[K] {
    const { id, label, describedBy, required, placeholder, sensitive } = this._settings;
    return h(tag, {
      id,
      class: `zs-input${tag === 'textarea' && sensitive ? ' zs-masked' : ''}`,
      ...(tag === 'input' ? { type: sensitive ? 'password' : 'text' } : { rows: '4' }),
      placeholder: placeholder === '' ? false : placeholder,
      'aria-label': label ?? false,
      'aria-describedby': describedBy,
      'aria-required': required ? 'true' : false,
      autocomplete: sensitive ? 'new-password' : 'off',
      autocapitalize: 'off',
      autocorrect: 'off',
      spellcheck: 'false',
      // 1Password, LastPass and Bitwarden would offer to fill in the field and to store its value.
      'data-1p-ignore': true,
      'data-lpignore': 'true',
      'data-bwignore': true
    });
  }

  private _input: HTMLInputElement | HTMLTextAreaElement;
  private _showsDots: boolean;
}
