import { button, h } from './dom';
import { Messages, NO_PROBLEM, problemResult } from './messages';
import type { IContext, IPart } from './part';
import { ValueInput } from './valueInput';
import type { IFormField } from '../contract/form';

/** The problem of an empty field that needs a value. */
export const VALUE_NEEDED = 'A value is required.';

/** The field of one key: its label, its value, and messages about the value. */
export class Field implements IPart {
  constructor(
    private readonly _field: IFormField,
    private readonly _context: IContext
  ) {
    const { key, sensitive } = _field;
    const id = _context.newId();
    this._messages = new Messages(id);
    this._input = new ValueInput(
      {
        id,
        subject: key,
        describedBy: `${id}-about ${this._messages.describedBy}`,
        required: this._requiresInput,
        placeholder: this._keptValueLabel === '' ? '' : 'leave empty to keep',
        sensitive,
        hasManyLines: _field.media_type !== '',
        onChange: () => {
          this._showResult(NO_PROBLEM);
        },
        onLeave: () => {
          if (!this._messages.hasProblem) {
            this.check();
          }
        },
        onRefuse: text => {
          this._showResult(problemResult(text));
        }
      },
      _context
    );
    this._badge = h('span', { class: 'zs-badge' });
    this._removeToggle = button({ class: 'zs-link' }, '', () => {
      this._isRemoved = !this._isRemoved;
      this._input.clear();
      this._showResult(NO_PROBLEM);
      this._updateRemovedState();
    });
    this._label = h('label', { class: 'zs-label', for: id }, key);
    this.element = h('div', { class: 'zs-field' }, this._createHead(), this._createDescription(`${id}-about`));
    this.element.append(this._input.element, ...this._messages.elements);
    this._updateRemovedState();
    this._showResult(problemResult(_field.problem));
  }

  readonly element: HTMLElement;

  get key(): string {
    return this._field.key;
  }

  /** The typed value, or the content of a file; empty if the user keeps or removes the stored value. */
  get text(): string {
    return this._isRemoved ? '' : this._input.text;
  }

  /** Whether the user has chosen to remove the stored value. */
  get isRemoved(): boolean {
    return this._isRemoved;
  }

  get hasProblem(): boolean {
    return this._messages.hasProblem;
  }

  check(): boolean {
    const { sensitive, media_type: mediaType } = this._field;
    const { text } = this;
    if (text !== '') {
      const { isTyped } = this._input;
      this._showResult(this._context.checks.checkValue({ text, sensitive, isTyped, mediaType }));
    } else {
      this._showResult(this._requiresInput && !this._isRemoved ? problemResult(VALUE_NEEDED) : NO_PROBLEM);
    }
    return !this._messages.hasProblem;
  }

  focus(): void {
    if (this._isRemoved) {
      this._removeToggle.focus();
    } else {
      this._input.focus();
    }
  }

  clear(): void {
    this._input.clear();
  }

  /** The label of the value that the kernel keeps if the field is left empty; an empty text if the kernel has no value. */
  private get _keptValueLabel(): string {
    const { has_earlier_input: hasEarlierInput, current_value_label: storedValueLabel } = this._field;
    return hasEarlierInput ? 'already typed' : storedValueLabel;
  }

  /** Whether an empty field is a problem: the key is required, and the kernel has no value to keep. */
  private get _requiresInput(): boolean {
    return this._field.required && this._keptValueLabel === '';
  }

  private _createHead(): HTMLElement {
    const head = h('div', { class: 'zs-head' }, this._label);
    if (!this._field.required) {
      head.append(h('span', { class: 'zs-optional' }, 'optional'));
    }
    if (this._keptValueLabel !== '') {
      head.append(this._badge);
      if (this._field.removable) {
        head.append(this._removeToggle);
      }
    }
    return head;
  }

  private _createDescription(id: string): HTMLElement {
    const { description, needed_by: references } = this._field;
    const about = h('div', { class: 'zs-about', id });
    // A screen reader reads this hidden text with the control, because it does not read the badge beside the label.
    about.append(h('span', { class: 'zs-hidden' }, this._keptValueLabel));
    if (description !== '') {
      about.append(h('div', {}, description));
    }
    about.append(...references.map(reference => h('div', {}, `needed by ${reference}`)));
    return about;
  }

  private _updateRemovedState(): void {
    const isRemoved = this._isRemoved;
    this.element.classList.toggle('zs-removed', isRemoved);
    this._badge.textContent = isRemoved ? 'will be removed' : this._keptValueLabel;
    this._removeToggle.textContent = isRemoved ? 'Undo' : 'Remove';
    const label = isRemoved ? `Undo: keep ${this.key}` : `Remove ${this.key}`;
    this._removeToggle.setAttribute('aria-label', label);
    this._input.element.hidden = isRemoved;
  }

  private _showResult(result: Parameters<Messages['show']>[0]): void {
    this._messages.show(result);
    this._input.isInvalid = this._messages.hasProblem;
  }

  private readonly _input: ValueInput;
  private readonly _label: HTMLElement;
  private readonly _messages: Messages;
  private readonly _badge: HTMLElement;
  private readonly _removeToggle: HTMLButtonElement;
  private _isRemoved = false;
}
