import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';

import { showForm, setText, type FormPage } from './page';
import { field, form, rule, section } from './states';

const WITHOUT_FIELDS = form({ sections: [section([], { any_key: true })] });
const WITH_ONE_FIELD = form({ sections: [section([field('token')], { any_key: true })] });

/** Return the inputs for the name and the value of an added key. */
function addedKeyInputs(page: FormPage, index: number): readonly [HTMLInputElement, HTMLInputElement] {
  const rows = page.queryAll('.zs-rows > .zs-added');
  const [name, value] = rows[index]?.querySelectorAll<HTMLInputElement>('.zs-input') ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(`There is no key ${String(index)}.`);
  }
  return [name, value];
}

function fillAddedKey(page: FormPage, index: number, name: string, value: string): void {
  const [first, second] = addedKeyInputs(page, index);
  setText(first, name);
  setText(second, value);
}

describe('a section without fields', () => {
  test('starts with one empty key, which is required', () => {
    const page = showForm(WITHOUT_FIELDS);
    expect(page.queryAll('.zs-rows > .zs-added')).toHaveLength(1);
    expect(page.button('Remove this key').checkVisibility()).toBe(false);
    page.button('Register').click();
    expect(page.problems).toEqual(['At least one key is needed.']);
    expect(document.activeElement).toBe(addedKeyInputs(page, 0)[0]);
    fillAddedKey(page, 0, 'a', '1');
    expect(page.problems).toEqual([]);
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections).toEqual([{ values: [['a', '1']], removed: [] }]);
  });

  test('submits the keys that the user adds, without an empty key', () => {
    const page = showForm(WITHOUT_FIELDS);
    fillAddedKey(page, 0, 'a', '1');
    page.button('Add key').click();
    expect(document.activeElement).toBe(addedKeyInputs(page, 1)[0]);
    fillAddedKey(page, 1, 'b', '2');
    page.button('Add key').click();
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections[0]?.values).toEqual([
      ['a', '1'],
      ['b', '2']
    ]);
  });

  test('has a remove button for each key, unless only one key is left', () => {
    const page = showForm(WITHOUT_FIELDS);
    fillAddedKey(page, 0, 'a', '1');
    page.button('Add key').click();
    fillAddedKey(page, 1, 'b', '2');
    page.button('Remove this key').click();
    expect(page.button('Remove this key').checkVisibility()).toBe(false);
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections[0]?.values).toEqual([['b', '2']]);
  });

  test('requires a name for a value, and a value for a name', () => {
    const page = showForm(WITHOUT_FIELDS);
    fillAddedKey(page, 0, '', '1');
    page.button('Add key').click();
    fillAddedKey(page, 1, 'b', '');
    page.button('Register').click();
    expect(page.problems).toEqual(['The key needs a name.', 'A value is required.']);
    expect(document.activeElement).toBe(addedKeyInputs(page, 0)[0]);
    expect(page.model.submissions).toEqual([]);
  });
});

describe('an added key', () => {
  test('is not required beside a field', () => {
    const page = showForm(WITH_ONE_FIELD);
    expect(page.queryAll('.zs-rows > .zs-added')).toHaveLength(0);
    expect(page.query('.zs-heads').checkVisibility()).toBe(false);
    page.button('Add key').click();
    page.type('token', 'x');
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections[0]?.values).toEqual([['token', 'x']]);
  });

  test('has a unique name', () => {
    const page = showForm(WITH_ONE_FIELD);
    page.type('token', 'x');
    page.button('Add key').click();
    fillAddedKey(page, 0, 'token', '1');
    page.button('Add key').click();
    fillAddedKey(page, 1, 'b', '2');
    page.button('Add key').click();
    fillAddedKey(page, 2, 'b', '3');
    page.button('Register').click();
    const taken = 'Another key has this name.';
    // The first added key repeats the name of the field, and the two others have the same name.
    expect(page.problems).toEqual([taken, taken, taken]);
  });

  test("has a name that the kernel's rules allow", async () => {
    const page = showForm({ ...WITHOUT_FIELDS, key_rules: [rule('\\W', 'Letters, digits and _.')] });
    const [name] = addedKeyInputs(page, 0);
    name.focus();
    await userEvent.keyboard('a b{Tab}');
    expect(page.problems).toEqual(['Letters, digits and _.']);
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });

  test('has a value that is shown as dots and checked by the rules for sensitive values', () => {
    const page = showForm({ ...WITHOUT_FIELDS, rules: [rule('x', 'No x.', { sensitive_only: true })] });
    expect(addedKeyInputs(page, 0)[1].type).toBe('password');
    fillAddedKey(page, 0, 'a', 'x');
    page.button('Register').click();
    expect(page.problems).toEqual(['No x.']);
    expect(document.activeElement).toBe(addedKeyInputs(page, 0)[1]);
  });
});

describe('after a failed submission', () => {
  test('an added key whose value the kernel keeps is displayed as a field', () => {
    const page = showForm(WITH_ONE_FIELD);
    page.type('token', 'x');
    page.button('Add key').click();
    fillAddedKey(page, 0, 'b', '2');
    page.button('Register').click();
    expect(addedKeyInputs(page, 0).map(({ value }) => value)).toEqual(['b', '']);
    const fields = [field('token', { has_earlier_input: true }), field('b', { has_earlier_input: true, removable: true })];
    page.model.change({ attempt: 1, sections: [section(fields, { any_key: true })] });
    expect(page.queryAll('.zs-rows > .zs-added')).toHaveLength(0);
    expect(page.field('b').innerText).toContain('already typed');
  });

  test('an added key whose value the kernel does not keep is displayed again with its name', () => {
    const page = showForm(WITH_ONE_FIELD);
    page.type('token', 'x');
    page.button('Add key').click();
    fillAddedKey(page, 0, 'b', '2');
    page.button('Register').click();
    page.model.change({ attempt: 1 });
    expect(addedKeyInputs(page, 0).map(({ value }) => value)).toEqual(['b', '']);
  });
});
