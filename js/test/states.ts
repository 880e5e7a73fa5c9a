import type { IClosedForm, IFormField, IOpenForm, IInputRule, IFormSection } from '../src/contract/form';

import { PUBLIC_KEY } from './kernel';

/** Return a field: required, sensitive, on one line. */
export function field(key: string, more: Partial<IFormField> = {}): IFormField {
  return {
    key,
    description: '',
    required: true,
    sensitive: true,
    present: '',
    held: false,
    removable: false,
    needed_by: [],
    media_type: '',
    problem: '',
    ...more
  };
}

/** Return a section with these fields. */
export function section(fields: readonly IFormField[], more: Partial<IFormSection> = {}): IFormSection {
  return { title: '', note: '', done: '', any_key: false, fields, ...more };
}

/** Return a rule that refuses a value in every field and from every source. */
export function rule(pattern: string, text: string, more: Partial<IInputRule> = {}): IInputRule {
  return { pattern, text, refuses: true, sensitive: false, typed: false, ...more };
}

/** Return the state of an open form with two fields that was not displayed yet. */
export function form(more: Partial<IOpenForm> = {}): IOpenForm {
  return {
    id: 'f1',
    phase: 'open',
    verb: 'Register',
    title: 'aws_prod → default (local)',
    key: PUBLIC_KEY,
    attempt: 0,
    shown: false,
    problem: '',
    sections: [section([field('user', { sensitive: false }), field('token')])],
    passphrase: null,
    rules: [],
    key_rules: [],
    largest: 100,
    ...more
  };
}

/** Return the state of a form that has ended. */
export function closedForm(more: Partial<IClosedForm> = {}): IClosedForm {
  return { id: 'f1', phase: 'done', line: '✔ done', details: [], ...more };
}
