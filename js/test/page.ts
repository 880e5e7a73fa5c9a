import { afterEach } from 'vitest';

import widget from '../src/form/index';
import type { FormState } from '../src/contract/form';

import { FakeModel } from './kernel';

/** A displayed form, with queries for its elements. */
export class FormPage {
  constructor(
    readonly model: FakeModel,
    readonly el = document.createElement('div')
  ) {
    document.body.append(el);
    this.cleanup = widget.render({ model, el });
    displayedPages.push(this);
  }

  readonly cleanup: () => void;

  get root(): HTMLElement {
    return this.query('.zs-form');
  }

  get problems(): readonly string[] {
    return this._texts('.zs-problem');
  }

  get notes(): readonly string[] {
    return this._texts('.zs-notes > div');
  }

  get status(): string {
    return this.query('[role=status]').textContent;
  }

  query(selector: string): HTMLElement {
    const element = this.el.querySelector<HTMLElement>(selector);
    if (element === null) {
      throw new Error(`There is no ${selector}.`);
    }
    return element;
  }

  queryAll(selector: string): readonly HTMLElement[] {
    return [...this.el.querySelectorAll<HTMLElement>(selector)];
  }

  /** The whole field with this label. */
  field(label: string): HTMLElement {
    const found = this.queryAll('.zs-field').find(
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

  /** The input or the text area with this label. */
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
    setText(this.input(label), text);
  }

  private _texts(selector: string): readonly string[] {
    return this.queryAll(selector)
      .map(element => element.textContent)
      .filter(text => text !== '');
  }
}

/** Show a form in the page, as anywidget does. */
export function showForm(form: FormState): FormPage {
  return new FormPage(new FakeModel(form));
}

/** Set the text of a control, with the event of typed text. */
export function setText(control: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  control.value = text;
  control.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** Dispatch a paste event, and return whether the browser would paste the text itself. */
export function paste(control: HTMLElement, text: string): boolean {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  return control.dispatchEvent(
    new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
  );
}

/** Dispatch the event of a pressed key, and return the event. */
export function press(target: Element, key: string, modifiers: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...modifiers });
  target.dispatchEvent(event);
  return event;
}

const displayedPages: FormPage[] = [];

afterEach(() => {
  for (const { cleanup, el } of displayedPages.splice(0)) {
    cleanup();
    el.remove();
  }
});
