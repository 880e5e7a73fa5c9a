import type { ICheckResult } from './checks';
import { Control } from './control';
import { button, h } from './dom';
import { VALUE_NEEDED } from './field';
import { icon } from './icons';
import { Messages, NO_PROBLEM, problemResult } from './messages';
import type { IContext, IPart } from './part';
import { ValueInput } from './valueInput';

/** The section that contains an added key. */
export interface IAddedKeyOwner {
  /** Whether another key of the section has the same name. */
  isNameTaken(key: AddedKey): boolean;
  /** Whether the section needs at least one key, all its keys are empty, and this key is the first. */
  mustBeFilled(key: AddedKey): boolean;
  /** Remove the key from the section. */
  remove(key: AddedKey): void;
}

/** The inputs of a key that the user adds: its name and its value, which is sensitive. */
export class AddedKey implements IPart {
  constructor(
    name: string,
    private readonly _owner: IAddedKeyOwner,
    private readonly _context: IContext
  ) {
    this._nameMessages = new Messages(_context.newId());
    this._valueMessages = new Messages(_context.newId());
    this._name = new Control({
      id: _context.newId(),
      label: 'Name of the key',
      describedBy: this._nameMessages.describedBy,
      required: false,
      placeholder: '',
      sensitive: false,
      lines: 'one',
      onChange: () => {
        this._showNameResult(NO_PROBLEM);
      }
    });
    this._name.text = name;
    this._name.element.addEventListener('focusout', () => {
      if (this.name !== '' && document.hasFocus()) {
        this._checkName();
      }
    });
    this._input = new ValueInput(
      {
        id: _context.newId(),
        label: 'Value of the key',
        subject: 'the value',
        describedBy: this._valueMessages.describedBy,
        required: false,
        placeholder: '',
        sensitive: true,
        hasManyLines: false,
        onChange: () => {
          this._showValueResult(NO_PROBLEM);
        },
        onLeave: () => {
          if (this.text !== '' && !this._valueMessages.hasProblem) {
            this._checkValue();
          }
        },
        onRefuse: text => {
          this._showValueResult(problemResult(text));
        }
      },
      _context
    );
    this._removeButton = button(
      { class: 'zs-tool', 'aria-label': 'Remove this key', title: 'Remove' },
      icon('close'),
      () => {
        this.clear();
        _owner.remove(this);
      }
    );
    this.element = h(
      'fieldset',
      { class: 'zs-added' },
      h('legend', { class: 'zs-hidden' }, 'Added key'),
      h('div', { class: 'zs-added-name' }, this._name.element, ...this._nameMessages.elements),
      h('div', { class: 'zs-added-value' }, this._input.element, ...this._valueMessages.elements),
      this._removeButton
    );
  }

  readonly element: HTMLElement;

  get name(): string {
    return this._name.text;
  }

  get text(): string {
    return this._input.text;
  }

  get isEmpty(): boolean {
    return this.name === '' && this.text === '';
  }

  /** Show or hide the button that removes the key. */
  set isRemovable(isRemovable: boolean) {
    this._removeButton.hidden = !isRemovable;
  }

  check(): boolean {
    if (this.isEmpty && !this._owner.mustBeFilled(this)) {
      this._showNameResult(NO_PROBLEM);
      this._showValueResult(NO_PROBLEM);
      return true;
    }
    this._checkName();
    this._checkValue();
    return !this._nameMessages.hasProblem && !this._valueMessages.hasProblem;
  }

  focus(): void {
    if (this._valueMessages.hasProblem && !this._nameMessages.hasProblem) {
      this._input.focus();
    } else {
      this._name.focus();
    }
  }

  clear(): void {
    this._input.clear();
  }

  private _checkName(): void {
    if (this.isEmpty) {
      this._showNameResult(problemResult('At least one key is needed.'));
    } else if (this.name === '') {
      this._showNameResult(problemResult('The key needs a name.'));
    } else if (this._owner.isNameTaken(this)) {
      this._showNameResult(problemResult('Another key has this name.'));
    } else {
      this._showNameResult(this._context.checks.checkKeyName(this.name));
    }
  }

  private _checkValue(): void {
    const { isEmpty, text } = this;
    if (text !== '') {
      const { isTyped } = this._input;
      this._showValueResult(
        this._context.checks.checkValue({ text, sensitive: true, isTyped, mediaType: '' })
      );
    } else {
      this._showValueResult(isEmpty ? NO_PROBLEM : problemResult(VALUE_NEEDED));
    }
  }

  private _showNameResult(result: ICheckResult): void {
    this._nameMessages.show(result);
    this._name.isInvalid = this._nameMessages.hasProblem;
  }

  private _showValueResult(result: ICheckResult): void {
    this._valueMessages.show(result);
    this._input.isInvalid = this._valueMessages.hasProblem;
  }

  private readonly _name: Control;
  private readonly _nameMessages: Messages;
  private readonly _input: ValueInput;
  private readonly _valueMessages: Messages;
  private readonly _removeButton: HTMLButtonElement;
}
