import type { IField, IForm, IRule, ISection } from '../src/form/wire';

import { PUBLIC_KEY } from './kernel';

/** A field as the kernel asks for one: required, sensitive, on one line. */
export function field(key: string, more: Partial<IField> = {}): IField {
  return {
    key,
    description: '',
    required: true,
    sensitive: true,
    present: '',
    kept: false,
    removable: false,
    needed_by: [],
    media_type: '',
    problem: '',
    ...more
  };
}

/** A section with these fields. */
export function section(fields: readonly IField[], more: Partial<ISection> = {}): ISection {
  return { title: '', note: '', done: '', any_key: false, fields, ...more };
}

/** A rule that refuses a value, however it came and wherever it goes. */
export function rule(pattern: string, text: string, more: Partial<IRule> = {}): IRule {
  return { pattern, text, refuses: true, sensitive: false, typed: false, ...more };
}

/** An open form, not shown yet, with two fields. */
export function form(more: Partial<IForm> = {}): IForm {
  return {
    id: 'f1',
    phase: 'open',
    line: '',
    details: [],
    verb: 'Register',
    title: 'aws_prod → default (local)',
    key: PUBLIC_KEY,
    attempt: 0,
    shown: false,
    problem: '',
    sections: [section([field('user', { sensitive: false }), field('token')])],
    passphrase: null,
    rules: [],
    keyRules: [],
    largest: 100,
    ...more
  };
}
