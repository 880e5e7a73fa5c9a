import { describe, expect, test } from 'vitest';

import { Checks, type IValue } from '../src/form/checks';

import { form, rule } from './states';

const value: IValue = { text: 'abc', sensitive: true, isTyped: true, mediaType: '' };
const NO_PROBLEM = { problem: '', notes: [] };

describe('a value', () => {
  test('may have the maximum number of bytes, and no byte more', () => {
    const checks = new Checks(form({ max_bytes: 4 }));
    expect(checks.checkValue({ ...value, text: 'üü' })).toEqual(NO_PROBLEM);
    expect(checks.checkValue({ ...value, text: 'üüx' }).problem).toBe(
      'This is too large: the limit is 4 bytes.'
    );
  });

  test('is refused if it violates a rule that is an error', () => {
    const checks = new Checks(form({ rules: [rule('^\\s', 'It starts with a blank.')] }));
    expect(checks.checkValue({ ...value, text: ' abc' }).problem).toBe('It starts with a blank.');
    expect(checks.checkValue(value)).toEqual(NO_PROBLEM);
  });

  test('gets a note from each violated rule that is no error', () => {
    const rules = ['a', 'b', 'z'].map(letter => rule(letter, `Has ${letter}.`, { is_error: false }));
    const checks = new Checks(form({ rules }));
    expect(checks.checkValue(value)).toEqual({ problem: '', notes: ['Has a.', 'Has b.'] });
  });

  test('that is not sensitive skips the rules for sensitive fields', () => {
    const checks = new Checks(form({ rules: [rule('a', 'No.', { sensitive_only: true })] }));
    expect(checks.checkValue({ ...value, sensitive: false })).toEqual(NO_PROBLEM);
    expect(checks.checkValue(value).problem).toBe('No.');
  });

  test('from a file skips the rules for typed text', () => {
    const checks = new Checks(form({ rules: [rule('a', 'No.', { typed_only: true })] }));
    expect(checks.checkValue({ ...value, isTyped: false })).toEqual(NO_PROBLEM);
    expect(checks.checkValue(value).problem).toBe('No.');
  });

  test('is matched by characters, and not by UTF-16 code units', () => {
    const checks = new Checks(form({ rules: [rule('^.$', 'One character.')] }));
    expect(checks.checkValue({ ...value, text: '🔑' }).problem).toBe('One character.');
  });

  test('of media type JSON has to be valid JSON, and the problem does not quote it', () => {
    const checks = new Checks(form());
    const mediaType = 'application/json';
    expect(checks.checkValue({ ...value, text: '{"a": [1]}', mediaType })).toEqual(NO_PROBLEM);
    expect(checks.checkValue({ ...value, text: 'hunter2', mediaType }).problem).toBe('The value is not valid JSON.');
    expect(checks.checkValue({ ...value, text: 'hunter2', mediaType: 'text/plain' })).toEqual(NO_PROBLEM);
  });
});

describe('the name of a key', () => {
  test('is checked by its own rules', () => {
    const checks = new Checks(
      form({ rules: [rule('a', 'No.')], key_rules: [rule('\\W', 'Only letters.')] })
    );
    expect(checks.checkKeyName('abc')).toEqual(NO_PROBLEM);
    expect(checks.checkKeyName('a b').problem).toBe('Only letters.');
  });
});
