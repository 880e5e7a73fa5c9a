import { afterEach } from 'vitest';

import widget from '../src/form/index';
import type { FormState } from '../src/contract/form';

import { FakeModel } from './kernel';

/** A displayed form, and the queries for its elements. */
export class Shown {
  constructor(
    readonly model: FakeModel,
    readonly el = document.createElement('div')
  ) {
    document.body.append(el);
    this.cleanup = widget.render({ model, el });
    shown.push(this);
  }

  readonly cleanup: () => void;

  get root(): HTMLElement {
    return this.one('.zs-form');
  }

  get problems(): readonly string[] {
    return this._texts('.zs-problem');
  }

  get notes(): readonly string[] {
    return this._texts('.zs-notes > div');
  }

  get status(): string {
    return this.one('[role=status]').textContent;
  }

  one(selector: string): HTMLElement {
    const element = this.el.querySelector<HTMLElement>(selector);
    if (element === null) {
      throw new Error(`There is no ${selector}.`);
    }
    return element;
  }

  all(selector: string): readonly HTMLElement[] {
    return [...this.el.querySelectorAll<HTMLElement>(selector)];
  }

  /** The whole field with this label. */
  field(label: string): HTMLElement {
    const found = this.all('.zs-field').find(
      field => field.querySelector('label')?.textContent === label
    );
    if (found === undefined) {
      throw new Error(`There is no field ${label}.`);
    }
    return found;
  }

  get inputs(): readonly HTMLInputElement[] {
    return [...this.el.querySelectorAll<HTMLInputElement>('input, textarea')];
  }

  /** The line or the text area with this label. */
  input(label: string): HTMLInputElement | HTMLTextAreaElement {
    const id = this.field(label).querySelector('label')?.htmlFor;
    const found = this.inputs.find(input => input.id === id);
    if (found === undefined) {
      throw new Error(`There is no input ${label}.`);
    }
    return found;
  }

  /** The button with this text or label. */
  button(label: string): HTMLButtonElement {
    const found = [...this.el.querySelectorAll('button')].find(
      button => (button.getAttribute('aria-label') ?? button.textContent) === label
    );
    if (found === undefined) {
      throw new Error(`There is no button ${label}.`);
    }
    return found;
  }

  type(label: string, text: string): void {
    write(this.input(label), text);
  }

  private _texts(selector: string): readonly string[] {
    return this.all(selector)
      .map(element => element.textContent)
      .filter(text => text !== '');
  }
}

/** Show a form in the page, as anywidget does. */
export function show(form: FormState): Shown {
  return new Shown(new FakeModel(form));
}

/** Set the text of a control, with the event of typed text. */
export function write(control: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  control.value = text;
  control.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

export function paste(control: HTMLElement, text: string): boolean {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  return control.dispatchEvent(
    new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
  );
}

export function press(target: Element, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}

const shown: Shown[] = [];

afterEach(() => {
  for (const { cleanup, el } of shown.splice(0)) {
    cleanup();
    el.remove();
  }
});
