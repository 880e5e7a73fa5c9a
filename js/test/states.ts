import type { IClosedForm, IFormField, IOpenForm, IInputRule, IFormSection } from '../src/contract/form';

import { PUBLIC_KEY } from './kernel';

/** Return a field: required, sensitive, on one line. */
export function field(key: string, overrides: Partial<IFormField> = {}): IFormField {
  return {
    key,
    description: '',
    required: true,
    sensitive: true,
    current_value_label: '',
    has_earlier_input: false,
    removable: false,
    needed_by: [],
    media_type: '',
    problem: '',
    ...overrides
  };
}

/** Return a section with these fields. */
export function section(fields: readonly IFormField[], overrides: Partial<IFormSection> = {}): IFormSection {
  return { title: '', note: '', completed_label: '', any_key: false, fields, ...overrides };
}

/** Return a rule that refuses each violation: in every field, and in typed text and files. */
export function rule(pattern: string, text: string, overrides: Partial<IInputRule> = {}): IInputRule {
  return { pattern, text, is_error: true, sensitive_only: false, typed_only: false, ...overrides };
}

/** Return the state of an open form with two fields that was not displayed yet. */
export function form(overrides: Partial<IOpenForm> = {}): IOpenForm {
  return {
    id: 'f1',
    phase: 'open',
    verb: 'Register',
    title: 'aws_prod → default (local)',
    public_key: PUBLIC_KEY,
    attempt: 0,
    is_displayed: false,
    problem: '',
    sections: [section([field('user', { sensitive: false }), field('token')])],
    passphrase: null,
    rules: [],
    key_rules: [],
    max_bytes: 100,
    ...overrides
  };
}

/** Return the state of a form that has ended. */
export function closedForm(overrides: Partial<IClosedForm> = {}): IClosedForm {
  return { id: 'f1', phase: 'submitted', line: '✔ done', details: [], ...overrides };
}
