import { AddedKey, type IAddedKeyOwner } from './addedKey';
import { button, h } from './dom';
import { Field } from './field';
import { icon } from './icons';
import type { IContext, IPart } from './part';
import type { IFormSection, ISectionAnswer } from '../contract/form';

/** The part of a form for one secret or component: the requested keys, and the keys that the user adds. */
export class Section implements IAddedKeyOwner {
  /** `addedNames` are the names of the keys that the user had added before the kernel changed the form. */
  constructor(
    private readonly _section: IFormSection,
    private readonly _context: IContext,
    addedNames: readonly string[]
  ) {
    this._fields = this._isOpen ? _section.fields.map(field => new Field(field, _context)) : [];
    this._addButton = button({ class: 'zs-link zs-add' }, 'Add key', () => {
      this._addKey('').focus();
    });
    this._addButton.prepend(icon('plus'));
    this.element = this._createElement();
    if (!this._acceptsKeys) {
      return;
    }
    const requestedKeys = new Set(_section.fields.map(field => field.key));
    for (const name of addedNames.filter(name => !requestedKeys.has(name))) {
      this._addKey(name);
    }
    if (this._fields.length + this._addedKeys.length === 0) {
      this._addKey('');
    }
  }

  readonly element: HTMLElement;

  get parts(): readonly IPart[] {
    return [...this._fields, ...this._addedKeys];
  }

  /** The first field with a problem; `undefined` if there is none. */
  get invalidField(): IPart | undefined {
    return this._fields.find(field => field.hasProblem);
  }

  /** The names of the keys that the user has added. */
  get addedNames(): readonly string[] {
    return this._addedKeys.map(key => key.name).filter(name => name !== '');
  }

  get answer(): ISectionAnswer {
    const fieldValues = this._fields.map(field => [field.key, field.text] as const);
    const addedValues = this._addedKeys.map(key => [key.name, key.text] as const);
    return {
      values: [...fieldValues, ...addedValues].filter(([, text]) => text !== ''),
      removed: this._fields.filter(field => field.isRemoved).map(field => field.key)
    };
  }

  isNameTaken(key: AddedKey): boolean {
    return (
      this._fields.some(field => field.key === key.name) ||
      this._addedKeys.some(other => other !== key && other.name === key.name)
    );
  }

  mustBeFilled(key: AddedKey): boolean {
    return (
      this._fields.length === 0 &&
      key === this._addedKeys[0] &&
      this._addedKeys.every(added => added.isEmpty)
    );
  }

  remove(key: AddedKey): void {
    this._addedKeys.splice(this._addedKeys.indexOf(key), 1);
    key.element.remove();
    this._updateKeys();
    this._addButton.focus();
  }

  private get _isOpen(): boolean {
    return this._section.completed_label === '';
  }

  private get _acceptsKeys(): boolean {
    return this._isOpen && this._section.any_key;
  }

  private _addKey(name: string): AddedKey {
    const key = new AddedKey(name, this, this._context);
    this._addedKeys.push(key);
    this._rows.append(key.element);
    this._updateKeys();
    return key;
  }

  /** Show the column headings if there is an added key, and a remove button unless the key is the only one. */
  private _updateKeys(): void {
    this._headings.hidden = this._addedKeys.length === 0;
    const isOnlyKey = this._fields.length + this._addedKeys.length === 1;
    for (const key of this._addedKeys) {
      key.isRemovable = !isOnlyKey;
    }
  }

  private _createElement(): HTMLElement {
    const { completed_label: completedLabel, note, title } = this._section;
    const element =
      title === ''
        ? h('div', { class: 'zs-section' })
        : h('fieldset', { class: 'zs-section' }, h('legend', {}, title));
    if (note !== '') {
      element.append(h('div', { class: 'zs-about' }, note));
    }
    if (!this._isOpen) {
      element.append(h('div', { class: 'zs-completed' }, icon('check'), completedLabel));
    }
    element.append(...this._fields.map(field => field.element));
    if (this._acceptsKeys) {
      element.append(h('div', { class: 'zs-keys' }, this._headings, this._rows, this._addButton));
    }
    return element;
  }

  private readonly _fields: readonly Field[];
  private readonly _addedKeys: AddedKey[] = [];
  private readonly _addButton: HTMLButtonElement;
  private readonly _rows = h('div', { class: 'zs-rows' });
  /** Column headings; hidden from screen readers, because each control has its own label. */
  private readonly _headings = h(
    'div',
    { class: 'zs-added zs-heads', 'aria-hidden': 'true', hidden: true },
    h('span', { class: 'zs-added-name' }, 'Key'),
    h('span', { class: 'zs-added-value' }, 'Value')
  );
}
