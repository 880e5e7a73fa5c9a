import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';

import { show, write, type Shown } from './page';
import { field, form, rule, section } from './states';

const FREE = form({ sections: [section([], { any_key: true })] });
const MIXED = form({ sections: [section([field('token')], { any_key: true })] });

/** The name and the value of one of the added keys. */
function row(shown: Shown, index: number): readonly [HTMLInputElement, HTMLInputElement] {
  const rows = shown.all('.zs-rows > .zs-added');
  const [name, value] = rows[index]?.querySelectorAll<HTMLInputElement>('.zs-input') ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(`There is no key ${String(index)}.`);
  }
  return [name, value];
}

function fill(shown: Shown, index: number, name: string, value: string): void {
  const [first, second] = row(shown, index);
  write(first, name);
  write(second, value);
}

describe('a section without fields', () => {
  test('starts with one empty key, which is required', () => {
    const shown = show(FREE);
    expect(shown.all('.zs-rows > .zs-added')).toHaveLength(1);
    expect(shown.button('Remove this key').checkVisibility()).toBe(false);
    shown.button('Register').click();
    expect(shown.problems).toEqual(['At least one key is needed.']);
    expect(document.activeElement).toBe(row(shown, 0)[0]);
    fill(shown, 0, 'a', '1');
    expect(shown.problems).toEqual([]);
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections).toEqual([{ values: [['a', '1']], removed: [] }]);
  });

  test('submits each key that the user adds, without empty ones', () => {
    const shown = show(FREE);
    fill(shown, 0, 'a', '1');
    shown.button('Add key').click();
    expect(document.activeElement).toBe(row(shown, 1)[0]);
    fill(shown, 1, 'b', '2');
    shown.button('Add key').click();
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections[0]?.values).toEqual([
      ['a', '1'],
      ['b', '2']
    ]);
  });

  test('allows to remove each key but the last one', () => {
    const shown = show(FREE);
    fill(shown, 0, 'a', '1');
    shown.button('Add key').click();
    fill(shown, 1, 'b', '2');
    shown.button('Remove this key').click();
    expect(shown.button('Remove this key').checkVisibility()).toBe(false);
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections[0]?.values).toEqual([['b', '2']]);
  });

  test('requires a name for a value, and a value for a name', () => {
    const shown = show(FREE);
    fill(shown, 0, '', '1');
    shown.button('Add key').click();
    fill(shown, 1, 'b', '');
    shown.button('Register').click();
    expect(shown.problems).toEqual(['The key needs a name.', 'A value is required.']);
    expect(document.activeElement).toBe(row(shown, 0)[0]);
    expect(shown.model.answers).toEqual([]);
  });
});

describe('an added key', () => {
  test('is not required beside a field', () => {
    const shown = show(MIXED);
    expect(shown.all('.zs-rows > .zs-added')).toHaveLength(0);
    expect(shown.one('.zs-heads').checkVisibility()).toBe(false);
    shown.button('Add key').click();
    shown.type('token', 'x');
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections[0]?.values).toEqual([['token', 'x']]);
  });

  test('has a unique name', () => {
    const shown = show(MIXED);
    shown.type('token', 'x');
    shown.button('Add key').click();
    fill(shown, 0, 'token', '1');
    shown.button('Add key').click();
    fill(shown, 1, 'b', '2');
    shown.button('Add key').click();
    fill(shown, 2, 'b', '3');
    shown.button('Register').click();
    const taken = 'Another key has this name.';
    expect(shown.problems).toEqual([taken, taken, taken]);
  });

  test("has a name that the kernel's rules allow", async () => {
    const shown = show({ ...FREE, key_rules: [rule('\\W', 'Letters, digits and _.')] });
    const [name] = row(shown, 0);
    name.focus();
    await userEvent.keyboard('a b{Tab}');
    expect(shown.problems).toEqual(['Letters, digits and _.']);
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });

  test('has a masked value that is checked by the rules for sensitive values', () => {
    const shown = show({ ...FREE, rules: [rule('x', 'No x.', { sensitive_only: true })] });
    expect(row(shown, 0)[1].type).toBe('password');
    fill(shown, 0, 'a', 'x');
    shown.button('Register').click();
    expect(shown.problems).toEqual(['No x.']);
    expect(document.activeElement).toBe(row(shown, 0)[1]);
  });
});

describe('after a failed submission', () => {
  test('an added key that the kernel holds is one of its fields', () => {
    const shown = show(MIXED);
    shown.type('token', 'x');
    shown.button('Add key').click();
    fill(shown, 0, 'b', '2');
    shown.button('Register').click();
    expect(row(shown, 0).map(({ value }) => value)).toEqual(['b', '']);
    const fields = [field('token', { has_earlier_input: true }), field('b', { has_earlier_input: true, removable: true })];
    shown.model.change({ attempt: 1, sections: [section(fields, { any_key: true })] });
    expect(shown.all('.zs-rows > .zs-added')).toHaveLength(0);
    expect(shown.field('b').innerText).toContain('already typed');
  });

  test('an added key that the kernel does not hold keeps its name', () => {
    const shown = show(MIXED);
    shown.type('token', 'x');
    shown.button('Add key').click();
    fill(shown, 0, 'b', '2');
    shown.button('Register').click();
    shown.model.change({ attempt: 1 });
    expect(row(shown, 0).map(({ value }) => value)).toEqual(['b', '']);
  });
});
