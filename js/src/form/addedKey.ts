import type { IFinding } from './checks';
import { Control } from './control';
import { button, h } from './dom';
import { VALUE_NEEDED } from './field';
import { icon } from './icons';
import { FINE, Messages, problem } from './messages';
import type { IContext, IPart } from './part';
import { ValueInput } from './valueInput';

/** What a key that a person adds has to know of the section that it is in. */
export interface IAddedKeyOwner {
  /** There is another key of that name. */
  isTaken(key: AddedKey): boolean;
  /** A key is needed, and there is no other. */
  isNeeded(key: AddedKey): boolean;
  remove(key: AddedKey): void;
}

/** A key that a person adds: its name and its value, which counts as sensitive. */
export class AddedKey implements IPart {
  constructor(
    name: string,
    private readonly _owner: IAddedKeyOwner,
    private readonly _context: IContext
  ) {
    this._nameMessages = new Messages(_context.id());
    this._messages = new Messages(_context.id());
    this._name = new Control({
      id: _context.id(),
      label: 'Name of the key',
      describedBy: this._nameMessages.describedBy,
      required: false,
      placeholder: '',
      sensitive: false,
      lines: 'one',
      changed: () => {
        this._sayOfName(FINE);
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
        id: _context.id(),
        label: 'Value of the key',
        what: 'the value',
        describedBy: this._messages.describedBy,
        required: false,
        placeholder: '',
        sensitive: true,
        manyLines: false,
        changed: () => {
          this._sayOfValue(FINE);
        },
        left: () => {
          if (this.text !== '' && !this._messages.hasProblem) {
            this._checkValue();
          }
        },
        refused: text => {
          this._sayOfValue(problem(text));
        }
      },
      _context
    );
    this._remove = button(
      { class: 'zs-tool', 'aria-label': 'Remove this key', title: 'Remove' },
      icon('close'),
      () => {
        this.empty();
        _owner.remove(this);
      }
    );
    this.element = h(
      'fieldset',
      { class: 'zs-added' },
      h('legend', { class: 'zs-hidden' }, 'Added key'),
      h('div', { class: 'zs-added-name' }, this._name.element, ...this._nameMessages.elements),
      h('div', { class: 'zs-added-value' }, this._input.element, ...this._messages.elements),
      this._remove
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

  set removable(removable: boolean) {
    this._remove.hidden = !removable;
  }

  check(): boolean {
    if (this.isEmpty && !this._owner.isNeeded(this)) {
      this._sayOfName(FINE);
      this._sayOfValue(FINE);
      return true;
    }
    this._checkName();
    this._checkValue();
    return !this._nameMessages.hasProblem && !this._messages.hasProblem;
  }

  focus(): void {
    if (this._messages.hasProblem && !this._nameMessages.hasProblem) {
      this._input.focus();
    } else {
      this._name.focus();
    }
  }

  empty(): void {
    this._input.empty();
  }

  private _checkName(): void {
    if (this.isEmpty) {
      this._sayOfName(problem('At least one key is needed.'));
    } else if (this.name === '') {
      this._sayOfName(problem('A name is needed here.'));
    } else if (this._owner.isTaken(this)) {
      this._sayOfName(problem('There is a key of this name already.'));
    } else {
      this._sayOfName(this._context.checks.key(this.name));
    }
  }

  private _checkValue(): void {
    const { isEmpty, text } = this;
    if (text !== '') {
      const { typed } = this._input;
      this._sayOfValue(
        this._context.checks.value({ text, sensitive: true, typed, mediaType: '' })
      );
    } else {
      this._sayOfValue(isEmpty ? FINE : problem(VALUE_NEEDED));
    }
  }

  private _sayOfName(finding: IFinding): void {
    this._nameMessages.show(finding);
    this._name.invalid = this._nameMessages.hasProblem;
  }

  private _sayOfValue(finding: IFinding): void {
    this._messages.show(finding);
    this._input.invalid = this._messages.hasProblem;
  }

  private readonly _name: Control;
  private readonly _nameMessages: Messages;
  private readonly _input: ValueInput;
  private readonly _messages: Messages;
  private readonly _remove: HTMLButtonElement;
}
