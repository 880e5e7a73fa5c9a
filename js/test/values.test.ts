import { describe, expect, test, vi } from 'vitest';
import { userEvent } from 'vitest/browser';

import { paste, press, showForm, setText, type FormPage } from './page';
import { field, form, rule, section } from './states';

/** Select a file for a field, and wait until the form shows the file's name or a problem. */
async function pickFile(page: FormPage, label: string, content: BlobPart, name = 'key.pem'): Promise<void> {
  const picker = page.field(label).querySelector<HTMLInputElement>('input[type=file]');
  const files = new DataTransfer();
  files.items.add(new File([content], name));
  if (picker === null) {
    throw new Error('There is no picker.');
  }
  picker.files = files.files;
  picker.dispatchEvent(new Event('change', { bubbles: true }));
  await vi.waitFor(() => {
    expect(page.queryAll('.zs-chip').length + page.problems.length).toBeGreaterThan(0);
  });
}

describe('a field', () => {
  test('has its key as label and its description below', () => {
    const page = showForm(
      form({
        sections: [
          section([
            field('token', {
              description: 'Of the account.',
              required: false,
              needed_by: ["annotator 'labels'.authentication_secret"]
            })
          ])
        ]
      })
    );
    const text = page.field('token').innerText;
    expect(text).toContain('optional');
    expect(text).toContain('Of the account.');
    expect(text).toContain("needed by annotator 'labels'.authentication_secret");
    expect(page.input('token').hasAttribute('aria-required')).toBe(false);
  });

  test('shows its value as dots if it is sensitive, and not otherwise', () => {
    const page = showForm(
      form({
        sections: [
          section([
            field('user', { sensitive: false }),
            field('token'),
            field('pem', { media_type: 'application/x-pem-file' })
          ])
        ]
      })
    );
    expect(page.input('user')).toHaveProperty('type', 'text');
    expect(page.input('token')).toHaveProperty('type', 'password');
    const pem = page.input('pem');
    expect(pem).toBeInstanceOf(HTMLTextAreaElement);
    setText(pem, 'x');
    expect(getComputedStyle(pem).getPropertyValue('-webkit-text-security')).toBe('disc');
  });

  test('is not stored by browsers and password managers', () => {
    const input = showForm(form()).input('token');
    expect(input.autocomplete).toBe('new-password');
    expect(input.hasAttribute('name')).toBe(false);
    expect(input.spellcheck).toBe(false);
    expect(input.dataset).toMatchObject({ '1pIgnore': '', lpignore: 'true', bwignore: '' });
  });

  test('that is shown as dots cannot be copied', () => {
    const page = showForm(
      form({ sections: [section([field('pem', { media_type: 'text/plain' }), field('token')])] })
    );
    for (const label of ['pem', 'token']) {
      for (const way of ['copy', 'cut', 'dragstart']) {
        const event = new Event(way, { bubbles: true, cancelable: true });
        page.input(label).dispatchEvent(event);
        expect(event.defaultPrevented, way).toBe(true);
      }
    }
  });

  test('with a stored value may be left empty', () => {
    const page = showForm(
      form({
        sections: [section([field('a', { current_value_label: 'set' }), field('b', { has_earlier_input: true })])]
      })
    );
    expect(page.queryAll('.zs-badge').map(badge => badge.textContent)).toEqual([
      'set',
      'already typed'
    ]);
    expect(page.input('a').placeholder).toBe('leave empty to keep');
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections).toEqual([{ values: [], removed: [] }]);
  });

  test('with a removable value has buttons to remove it and to undo this', () => {
    const page = showForm(
      form({
        sections: [section([field('a', { current_value_label: 'set', removable: true }), field('b')])]
      })
    );
    page.type('a', 'new');
    page.type('b', 'x');
    page.button('Remove a').click();
    expect(page.field('a').innerText).toContain('will be removed');
    page.button('Undo: keep a').click();
    expect(page.input('a').value).toBe('');
    page.button('Remove a').click();
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections).toEqual([{ values: [['b', 'x']], removed: ['a'] }]);
  });
});

describe('leaving a field', () => {
  test('shows that a value is needed, until the user types', async () => {
    const page = showForm(form());
    page.type('token', 'x');
    page.input('user').focus();
    // The first Tab leads to the file button of the field, and the second one leaves the field.
    await userEvent.keyboard('{Tab}{Tab}');
    expect(page.problems).toEqual(['A value is required.']);
    const input = page.input('user');
    expect(input.getAttribute('aria-invalid')).toBe('true');
    const described = (input.getAttribute('aria-describedby') ?? '').split(' ');
    const problem = page.query('.zs-problem:not(:empty)');
    expect(described).toContain(problem.id);
    expect(problem.getAttribute('role')).toBe('alert');
    input.focus();
    await userEvent.keyboard('x');
    expect(page.problems).toEqual([]);
    expect(input.hasAttribute('aria-invalid')).toBe(false);
  });

  test('shows the messages of the rules, and allows a submission with notes', async () => {
    const rules = [rule('x', 'No x.'), rule('y', 'A y?', { is_error: false })];
    const page = showForm(form({ rules }));
    page.type('user', 'y');
    page.input('user').focus();
    // The first Tab leads to the file button of the field, and the second one leaves the field.
    await userEvent.keyboard('{Tab}{Tab}');
    expect(page.notes).toEqual(['A y?']);
    expect(page.problems).toEqual([]);
    page.type('token', 'x');
    page.button('Register').click();
    expect(page.problems).toEqual(['No x.']);
    expect(page.model.submissions).toEqual([]);
    page.type('token', 'z');
    page.button('Register').click();
    expect(page.model.submissions).toHaveLength(1);
  });

  test('keeps the problem from the kernel, until the user types', async () => {
    const page = showForm(
      form({ sections: [section([field('a', { has_earlier_input: true, problem: 'Taken.' })])] })
    );
    page.input('a').focus();
    // Two Tabs lead to the buttons of the field, and the third one leaves the field.
    await userEvent.keyboard('{Tab}{Tab}{Tab}');
    expect(page.problems).toEqual(['Taken.']);
    page.type('a', 'x');
    expect(page.problems).toEqual([]);
  });
});

describe('pasting', () => {
  test('text with line breaks replaces the input by a text area with every character', () => {
    const page = showForm(form());
    const input = page.input('token');
    input.focus();
    setText(input, 'ABCD');
    input.setSelectionRange(1, 3);
    expect(paste(input, '1\n2\n')).toBe(false);
    const textArea = page.input('token');
    expect(textArea).toBeInstanceOf(HTMLTextAreaElement);
    expect(textArea.value).toBe('A1\n2\nD');
    expect(textArea.selectionStart).toBe(5);
    expect(document.activeElement).toBe(textArea);
    expect(getComputedStyle(textArea).getPropertyValue('-webkit-text-security')).toBe('disc');
    expect(input.value).toBe('');
    page.type('user', 'u');
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections[0]?.values).toContainEqual(['token', 'A1\n2\nD']);
  });

  test('other text is handled by the browser', () => {
    const page = showForm(form());
    expect(paste(page.input('token'), 'abc')).toBe(true);
    expect(page.input('token')).toBeInstanceOf(HTMLInputElement);
  });

  test('removes a problem', async () => {
    const page = showForm(form());
    page.button('Register').click();
    expect(page.problems).toHaveLength(2);
    page.input('token').focus();
    paste(page.input('token'), 'a\nb');
    await Promise.resolve();
    expect(page.problems).toHaveLength(1);
  });
});

describe('a file', () => {
  test('is submitted without any change, and only its name is displayed', async () => {
    const page = showForm(form());
    page.type('user', 'u');
    await pickFile(page, 'token', '\ufeffline\r\nhunter2\n', 'my key.pem');
    expect(page.query('.zs-chip').innerText).toContain('from my key.pem');
    expect(page.input('token').checkVisibility()).toBe(false);
    expect(document.documentElement.outerHTML).not.toContain('hunter2');
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections[0]?.values).toContainEqual([
      'token',
      '\ufeffline\r\nhunter2\n'
    ]);
    expect(page.queryAll('.zs-chip')).toEqual([]);
  });

  test('can be removed again', async () => {
    const page = showForm(form());
    await pickFile(page, 'token', 'hunter2');
    page.button("Remove key.pem as the value of token").click();
    expect(page.queryAll('.zs-chip')).toEqual([]);
    expect(document.activeElement).toBe(page.input('token'));
    page.button('Register').click();
    expect(page.problems).toHaveLength(2);
  });

  test.each([
    ['too large', 'x'.repeat(101), 'This is too large: the limit is 100 bytes.'],
    ['empty', '', 'This file is empty.'],
    ['binary', new Uint8Array([0x80, 0xff]), 'This file is not a text file.'],
    ['text with a NUL', 'a\0b', 'This file is not a text file.']
  ])('that is %s is refused at the field', async (_, content, problem) => {
    const page = showForm(form());
    await pickFile(page, 'token', content);
    expect(page.problems).toEqual([problem]);
    expect(page.input('token').getAttribute('aria-invalid')).toBe('true');
    expect(page.queryAll('.zs-chip')).toEqual([]);
  });

  test('skips the rules for typed text, and is checked at once', async () => {
    const rules = [rule('x', 'No x.', { typed_only: true }), rule('y', 'No y.')];
    const page = showForm(form({ rules, sections: [section([field('token')])] }));
    await pickFile(page, 'token', 'x');
    expect(page.problems).toEqual([]);
    await pickFile(page, 'token', 'y');
    await vi.waitFor(() => {
      expect(page.problems).toEqual(['No y.']);
    });
  });

  test('that is read too late for a submission is dropped', async () => {
    const page = showForm(form({ sections: [section([field('token', { required: false })])] }));
    const reading = pickFile(page, 'token', 'hunter2');
    page.button('Register').click();
    expect(page.model.submissions).toHaveLength(1);
    await expect(reading).rejects.toThrow();
    expect(page.queryAll('.zs-chip')).toEqual([]);
  });
});

describe('the button that reveals a value', () => {
  const pointer = (type: string): PointerEvent => new PointerEvent(type, { bubbles: true });

  test.each(['pointerup', 'pointerleave', 'pointercancel', 'blur'])(
    'shows a value while the pointer is down, until %s',
    end => {
      const page = showForm(form());
      const eye = page.button('Show token while held');
      eye.dispatchEvent(pointer('pointerdown'));
      expect(page.input('token')).toHaveProperty('type', 'text');
      eye.dispatchEvent(pointer(end));
      expect(page.input('token')).toHaveProperty('type', 'password');
    }
  );

  test.each([' ', 'Enter'])('shows a value while %j is held on it, and submits nothing', key => {
    const page = showForm(form({ sections: [section([field('token')])] }));
    page.type('token', 'x');
    const eye = page.button('Show token while held');
    press(eye, key);
    press(eye, key, { repeat: true });
    expect(page.input('token')).toHaveProperty('type', 'text');
    eye.dispatchEvent(new KeyboardEvent('keyup', { key, bubbles: true }));
    expect(page.input('token')).toHaveProperty('type', 'password');
    expect(page.model.submissions).toEqual([]);
  });

  test('hides a value when the page is hidden', () => {
    const page = showForm(form());
    page.button('Show token while held').dispatchEvent(pointer('pointerdown'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(page.input('token')).toHaveProperty('type', 'password');
  });

  test('does not stay open after a click', async () => {
    const page = showForm(form());
    await userEvent.click(page.button('Show token while held'));
    expect(page.input('token')).toHaveProperty('type', 'password');
  });

  test('shows the text of a text area as well', () => {
    const page = showForm(
      form({ sections: [section([field('pem', { media_type: 'application/x-pem-file' })])] })
    );
    const eye = page.button('Show pem while held');
    expect(page.input('pem').classList).toContain('zs-masked');
    eye.dispatchEvent(pointer('pointerdown'));
    expect(page.input('pem').classList).not.toContain('zs-masked');
    eye.dispatchEvent(pointer('pointerup'));
    expect(page.input('pem').classList).toContain('zs-masked');
  });
});
