import { Control } from './control';
import { h } from './dom';
import { Messages, problemResult } from './messages';
import type { IContext, IPart } from './part';
import { peekButton } from './peek';
import type { IPassphraseField } from '../contract/form';

/** The inputs of a passphrase. A new passphrase is typed twice. */
export class Passphrase implements IPart {
  constructor(
    passphrase: IPassphraseField,
    private readonly _context: IContext
  ) {
    const { is_new: isNew, label } = passphrase;
    this._messages = new Messages(_context.newId());
    this.element = h('div', { class: 'zs-section zs-passphrase' });
    if (isNew) {
      const explanation = h(
        'div',
        { class: 'zs-about', id: _context.newId() },
        'It encrypts everything in this store. Leave both fields empty to keep the key in a file that only you can read.'
      );
      this._control = this._addControl(label, false, explanation);
      this._repetition = this._addControl(`${label}, again`, false, null);
    } else {
      this._control = this._addControl(label, true, null);
    }
    this.element.lastElementChild?.append(...this._messages.elements);
    this.element.addEventListener('focusout', event => {
      const staysInside = event.relatedTarget instanceof Node && this.element.contains(event.relatedTarget);
      if (!staysInside && document.hasFocus() && !this.hasProblem) {
        this.check();
      }
    });
    this._showResult(passphrase.problem);
  }

  readonly element: HTMLElement;

  get text(): string {
    return this._control.text;
  }

  get hasProblem(): boolean {
    return this._messages.hasProblem;
  }

  check(): boolean {
    if (this._repetition !== null) {
      this._showResult(this._areEqual ? '' : 'The two passphrases differ.');
    } else {
      this._showResult(this.text === '' ? 'This field needs the passphrase.' : '');
    }
    return !this.hasProblem;
  }

  focus(): void {
    if (this._repetition === null || this._areEqual) {
      this._control.focus();
    } else {
      this._repetition.focus();
    }
  }

  clear(): void {
    for (const control of this._controls) {
      control.text = '';
      control.isRevealed = false;
    }
  }

  private get _areEqual(): boolean {
    return this._controls.every(control => control.text === this.text);
  }

  private get _controls(): readonly Control[] {
    return this._repetition === null ? [this._control] : [this._control, this._repetition];
  }

  /** Append a labelled control to the element, and return the control. */
  private _addControl(label: string, required: boolean, explanation: HTMLElement | null): Control {
    const id = this._context.newId();
    const explanationId = explanation === null ? '' : `${explanation.id} `;
    const control = new Control({
      id,
      describedBy: explanationId + this._messages.describedBy,
      required,
      placeholder: '',
      sensitive: true,
      lines: 'one',
      onChange: () => {
        this._showResult('');
      }
    });
    const head = h('div', { class: 'zs-head' }, h('label', { class: 'zs-label', for: id }, label));
    const showButton = peekButton(control, label, this._context.signal);
    const row = h('div', { class: 'zs-input-row' }, control.element, showButton);
    const field = h('div', { class: 'zs-field' }, head, ...(explanation === null ? [] : [explanation]), row);
    this.element.append(field);
    return control;
  }

  private _showResult(text: string): void {
    this._messages.show(problemResult(text));
    for (const control of this._controls) {
      control.isInvalid = this.hasProblem;
    }
  }

  private readonly _messages: Messages;
  private readonly _control: Control;
  /** The second control of a new passphrase; `null` for an existing passphrase. */
  private readonly _repetition: Control | null = null;
}
