import { sealAnswer } from './submission';
import { Checks } from './checks';
import { button, h, identifiers } from './dom';
import css from './form.css?inline';
import { icon } from './icons';
import type { IPart } from './part';
import { Passphrase } from './passphrase';
import { Section } from './section';
import { Status } from './status';
import type { IOpenForm, FormMessage } from '../contract/form';

/** Events of which the notebook around the form is to see nothing. */
const OWN_EVENTS = ['keydown', 'keyup', 'keypress', 'copy', 'cut', 'paste', 'drop'];

/** A form that waits for a person, and then for the kernel. */
export class OpenForm {
  /** `names` are those of the keys that a person had added before, section by section. */
  constructor(
    private readonly _form: IOpenForm,
    private readonly _send: (message: FormMessage) => void,
    names: readonly (readonly string[])[]
  ) {
    const { passphrase, problem, sections, title, verb } = _form;
    const id = identifiers();
    const context = { checks: new Checks(_form), signal: this._ended.signal, id };
    this._sections = sections.map(
      (section, index) => new Section(section, context, names[index] ?? [])
    );
    this._passphrase = passphrase === null ? null : new Passphrase(passphrase, context);
    this._submit = button({ class: 'zs-button zs-accept' }, verb, () => {
      this.submit();
    });
    const cancel = button({ class: 'zs-button zs-reject' }, 'Cancel', () => {
      this.cancel();
    });
    const heading = h('div', { class: 'zs-title', id: id() }, `${verb} ${title}`);
    this.element = h(
      'div',
      {
        class: 'zs-form',
        role: 'form',
        'aria-labelledby': heading.id,
        tabindex: '-1',
        // JupyterLab's own shortcuts and its own menu in place of the browser's, which can paste.
        'data-lm-suppress-shortcuts': 'true',
        'data-jp-suppress-context-menu': 'true'
      },
      h('style', {}, css),
      heading,
      ...this._sections.map(section => section.element),
      ...(this._passphrase === null ? [] : [this._passphrase.element]),
      h(
        'div',
        { class: 'zs-problem zs-whole', role: 'alert' },
        ...(problem === '' ? [] : [icon('problem'), h('span', {}, problem)])
      ),
      h('div', { class: 'zs-foot' }, this._status.element, cancel, this._submit)
    );
    this._listen();
  }

  readonly element: HTMLElement;

  /** The names of the keys that a person has added, section by section. */
  get addedNames(): readonly (readonly string[])[] {
    return this._sections.map(section => section.addedNames);
  }

  /** Put the focus where a person starts. */
  focus(): void {
    (this._parts[0] ?? this._submit).focus();
  }

  /** Put the focus where the kernel found a problem. */
  focusProblem(): void {
    const troubled = this._sections.map(section => section.troubled);
    const part = troubled.find(found => found !== undefined);
    (part ?? (this._passphrase?.hasProblem === true ? this._passphrase : this._submit)).focus();
  }

  submit(): void {
    if (this._waits) {
      return;
    }
    const wrong = this._parts.filter(part => !part.check());
    if (wrong[0] !== undefined) {
      wrong[0].focus();
      return;
    }
    const { attempt, id, key, verb } = this._form;
    const sealed = sealAnswer(
      {
        form: id,
        attempt,
        sections: this._sections.map(section => section.answer),
        passphrase: this._passphrase?.text ?? null
      },
      key
    );
    this._wait(verb);
    this._send({ kind: 'submit', sealed });
  }

  cancel(): void {
    if (!this._waits) {
      this._wait('Cancel');
      this._send({ kind: 'cancel' });
    }
  }

  /** Let go of every value and every listener. */
  dispose(): void {
    this._ended.abort();
    this._status.stop();
    this._empty();
  }

  private get _parts(): readonly IPart[] {
    const parts = this._sections.flatMap(section => section.parts);
    return this._passphrase === null ? parts : [...parts, this._passphrase];
  }

  private _empty(): void {
    for (const part of this._parts) {
      part.empty();
    }
  }

  private _wait(verb: string): void {
    this._waits = true;
    this._empty();
    // A control that is disabled loses the focus, and the notebook would get the next key.
    if (this.element.contains(document.activeElement)) {
      this.element.focus();
    }
    for (const control of this.element.querySelectorAll<
      HTMLInputElement | HTMLTextAreaElement | HTMLButtonElement
    >('input, textarea, button')) {
      control.disabled = true;
    }
    this._status.wait(verb);
  }

  private _listen(): void {
    // A field that is emptied and then left has nothing to complain about.
    this.element.addEventListener(
      'focusout',
      event => {
        if (this._waits) {
          event.stopPropagation();
        }
      },
      { capture: true }
    );
    for (const name of OWN_EVENTS) {
      this.element.addEventListener(name, event => {
        event.stopPropagation();
      });
    }
    this.element.addEventListener('keydown', event => {
      const { ctrlKey, isComposing, key, metaKey, target } = event;
      if (isComposing || event.defaultPrevented) {
        return;
      }
      const line = target instanceof HTMLInputElement;
      const area = target instanceof HTMLTextAreaElement && (ctrlKey || metaKey);
      if (key === 'Escape') {
        event.preventDefault();
        this.cancel();
      } else if (key === 'Enter' && (line || area)) {
        event.preventDefault();
        this.submit();
      }
    });
  }

  private readonly _ended = new AbortController();
  private readonly _passphrase: Passphrase | null;
  private readonly _sections: readonly Section[];
  private readonly _status = new Status();
  private readonly _submit: HTMLButtonElement;
  private _waits = false;
}
