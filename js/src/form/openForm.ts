import { sealSubmission } from './submission';
import { Checks } from './checks';
import { button, h, identifierGenerator } from './dom';
import { STYLE } from './style';
import { icon } from './icons';
import type { IPart } from './part';
import { Passphrase } from './passphrase';
import { Section } from './section';
import { Status } from './status';
import type { FormMessage, IOpenForm } from '../contract/form';

/** Events that are stopped at the form, so that the notebook around it does not handle them. */
const STOPPED_EVENTS = ['keydown', 'keyup', 'keypress', 'copy', 'cut', 'paste', 'drop'];

/** A form that waits for the user. After a submission, it waits for the kernel. */
export class OpenForm {
  /** `addedNames` are the names of the keys that the user had added to each section before the kernel changed the form. */
  constructor(
    private readonly _form: IOpenForm,
    private readonly _send: (message: FormMessage) => void,
    addedNames: readonly (readonly string[])[]
  ) {
    const { passphrase, problem, sections, title, verb } = _form;
    const newId = identifierGenerator();
    const context = { checks: new Checks(_form), signal: this._abortController.signal, newId };
    this._sections = sections.map(
      (section, index) => new Section(section, context, addedNames[index] ?? [])
    );
    this._passphrase = passphrase === null ? null : new Passphrase(passphrase, context);
    this._submit = button({ class: 'zs-button zs-accept' }, verb, () => {
      this.submit();
    });
    const cancel = button({ class: 'zs-button zs-reject' }, 'Cancel', () => {
      this.cancel();
    });
    const heading = h('div', { class: 'zs-title', id: newId() }, `${verb} ${title}`);
    this.element = h(
      'div',
      {
        class: 'zs-form',
        role: 'form',
        'aria-labelledby': heading.id,
        tabindex: '-1',
        // Without these attributes, JupyterLab handles shortcuts and replaces the browser's context menu, which can paste.
        'data-lm-suppress-shortcuts': 'true',
        'data-jp-suppress-context-menu': 'true'
      },
      h('style', {}, STYLE),
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

  /** The names of the keys that the user has added to each section. */
  get addedNames(): readonly (readonly string[])[] {
    return this._sections.map(section => section.addedNames);
  }

  /** Focus the first control. */
  focus(): void {
    (this._parts[0] ?? this._submit).focus();
  }

  /** Focus the first control with a problem that the kernel found, or the submit button if the problem belongs to no control. */
  focusProblem(): void {
    const invalidFields = this._sections.map(section => section.invalidField);
    const part = invalidFields.find(field => field !== undefined);
    (part ?? (this._passphrase?.hasProblem === true ? this._passphrase : this._submit)).focus();
  }

  /** Send the values to the kernel if all are valid; otherwise focus the first input with a problem. */
  submit(): void {
    if (this._isWaiting) {
      return;
    }
    // `filter` checks every part, so that each shows its problems; `find` would stop at the first invalid part.
    const [firstInvalid] = this._parts.filter(part => !part.check());
    if (firstInvalid !== undefined) {
      firstInvalid.focus();
      return;
    }
    const { attempt, id, public_key: publicKey, verb } = this._form;
    const sealed = sealSubmission(
      {
        form_id: id,
        attempt,
        sections: this._sections.map(section => section.answer),
        passphrase: this._passphrase?.text ?? null
      },
      publicKey
    );
    this._wait(verb);
    this._send({ kind: 'submit', sealed });
  }

  cancel(): void {
    if (!this._isWaiting) {
      this._wait('Cancel');
      this._send({ kind: 'cancel' });
    }
  }

  /** Clear every value, and remove every listener. */
  dispose(): void {
    this._abortController.abort();
    this._status.stop();
    this._clear();
  }

  private get _parts(): readonly IPart[] {
    const parts = this._sections.flatMap(section => section.parts);
    return this._passphrase === null ? parts : [...parts, this._passphrase];
  }

  private _clear(): void {
    for (const part of this._parts) {
      part.clear();
    }
  }

  /** Clear and disable every control, and show that the form waits for the kernel. */
  private _wait(verb: string): void {
    this._isWaiting = true;
    this._clear();
    // A disabled control loses the focus, and the notebook would receive the next key.
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
    // A field that was cleared by the submission must not report a missing value when it loses the focus.
    this.element.addEventListener(
      'focusout',
      event => {
        if (this._isWaiting) {
          event.stopPropagation();
        }
      },
      { capture: true }
    );
    for (const name of STOPPED_EVENTS) {
      this.element.addEventListener(name, event => {
        event.stopPropagation();
      });
    }
    this.element.addEventListener('keydown', event => {
      const { ctrlKey, isComposing, key, metaKey, target } = event;
      if (isComposing || event.defaultPrevented) {
        return;
      }
      // In a text area, Enter alone begins a new line.
      const isInInput = target instanceof HTMLInputElement;
      const isShortcutInTextArea = target instanceof HTMLTextAreaElement && (ctrlKey || metaKey);
      if (key === 'Escape') {
        event.preventDefault();
        this.cancel();
      } else if (key === 'Enter' && (isInInput || isShortcutInTextArea)) {
        event.preventDefault();
        this.submit();
      }
    });
  }

  private readonly _abortController = new AbortController();
  private readonly _passphrase: Passphrase | null;
  private readonly _sections: readonly Section[];
  private readonly _status = new Status();
  private readonly _submit: HTMLButtonElement;
  private _isWaiting = false;
}
