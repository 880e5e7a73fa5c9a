import { describe, expect, test, vi } from 'vitest';
import { userEvent } from 'vitest/browser';

import { paste, press, show, write, type Shown } from './page';
import { field, form, rule, section } from './states';

async function pick(shown: Shown, label: string, content: BlobPart, name = 'key.pem'): Promise<void> {
  const picker = shown.field(label).querySelector<HTMLInputElement>('input[type=file]');
  const files = new DataTransfer();
  files.items.add(new File([content], name));
  if (picker === null) {
    throw new Error('There is no picker.');
  }
  picker.files = files.files;
  picker.dispatchEvent(new Event('change', { bubbles: true }));
  await vi.waitFor(() => {
    expect(shown.all('.zs-chip').length + shown.problems.length).toBeGreaterThan(0);
  });
}

describe('a field', () => {
  test('has its key as label and its description below', () => {
    const shown = show(
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
    const text = shown.field('token').innerText;
    expect(text).toContain('optional');
    expect(text).toContain('Of the account.');
    expect(text).toContain("needed by annotator 'labels'.authentication_secret");
    expect(shown.input('token').hasAttribute('aria-required')).toBe(false);
  });

  test('is masked if it is sensitive, and not otherwise', () => {
    const shown = show(
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
    expect(shown.input('user')).toHaveProperty('type', 'text');
    expect(shown.input('token')).toHaveProperty('type', 'password');
    const pem = shown.input('pem');
    expect(pem).toBeInstanceOf(HTMLTextAreaElement);
    write(pem, 'x');
    expect(getComputedStyle(pem).getPropertyValue('-webkit-text-security')).toBe('disc');
  });

  test('is not stored by browsers and password managers', () => {
    const input = show(form()).input('token');
    expect(input.autocomplete).toBe('new-password');
    expect(input.hasAttribute('name')).toBe(false);
    expect(input.spellcheck).toBe(false);
    expect(input.dataset).toMatchObject({ '1pIgnore': '', lpignore: 'true', bwignore: '' });
  });

  test('that is masked cannot be copied', () => {
    const shown = show(
      form({ sections: [section([field('pem', { media_type: 'text/plain' }), field('token')])] })
    );
    for (const label of ['pem', 'token']) {
      for (const way of ['copy', 'cut', 'dragstart']) {
        const event = new Event(way, { bubbles: true, cancelable: true });
        shown.input(label).dispatchEvent(event);
        expect(event.defaultPrevented, way).toBe(true);
      }
    }
  });

  test('with a stored value may be left empty', () => {
    const shown = show(
      form({
        sections: [section([field('a', { current_value_label: 'set' }), field('b', { has_earlier_input: true })])]
      })
    );
    expect(shown.all('.zs-badge').map(badge => badge.textContent)).toEqual([
      'set',
      'already typed'
    ]);
    expect(shown.input('a').placeholder).toBe('leave empty to keep');
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections).toEqual([{ values: [], removed: [] }]);
  });

  test('with a removable value has buttons to remove it and to undo this', () => {
    const shown = show(
      form({
        sections: [section([field('a', { current_value_label: 'set', removable: true }), field('b')])]
      })
    );
    shown.type('a', 'new');
    shown.type('b', 'x');
    shown.button('Remove a').click();
    expect(shown.field('a').innerText).toContain('will be removed');
    shown.button('Undo: keep a').click();
    expect(shown.input('a').value).toBe('');
    shown.button('Remove a').click();
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections).toEqual([{ values: [['b', 'x']], removed: ['a'] }]);
  });
});

describe('leaving a field', () => {
  test('shows that a value is needed, until the user types', async () => {
    const shown = show(form());
    shown.type('token', 'x');
    shown.input('user').focus();
    await userEvent.keyboard('{Tab}{Tab}');
    expect(shown.problems).toEqual(['A value is required.']);
    const input = shown.input('user');
    expect(input.getAttribute('aria-invalid')).toBe('true');
    const described = (input.getAttribute('aria-describedby') ?? '').split(' ');
    const problem = shown.one('.zs-problem:not(:empty)');
    expect(described).toContain(problem.id);
    expect(problem.getAttribute('role')).toBe('alert');
    input.focus();
    await userEvent.keyboard('x');
    expect(shown.problems).toEqual([]);
    expect(input.hasAttribute('aria-invalid')).toBe(false);
  });

  test('shows the messages of the rules, and allows a submission with notes', async () => {
    const rules = [rule('x', 'No x.'), rule('y', 'A y?', { is_error: false })];
    const shown = show(form({ rules }));
    shown.type('user', 'y');
    shown.input('user').focus();
    await userEvent.keyboard('{Tab}{Tab}');
    expect(shown.notes).toEqual(['A y?']);
    expect(shown.problems).toEqual([]);
    shown.type('token', 'x');
    shown.button('Register').click();
    expect(shown.problems).toEqual(['No x.']);
    expect(shown.model.answers).toEqual([]);
    shown.type('token', 'z');
    shown.button('Register').click();
    expect(shown.model.answers).toHaveLength(1);
  });

  test('keeps the problem from the kernel, until the user types', async () => {
    const shown = show(
      form({ sections: [section([field('a', { has_earlier_input: true, problem: 'Taken.' })])] })
    );
    shown.input('a').focus();
    await userEvent.keyboard('{Tab}{Tab}{Tab}');
    expect(shown.problems).toEqual(['Taken.']);
    shown.type('a', 'x');
    expect(shown.problems).toEqual([]);
  });
});

describe('pasting', () => {
  test('text with line breaks replaces the input by a text area with every character', () => {
    const shown = show(form());
    const line = shown.input('token');
    line.focus();
    write(line, 'ABCD');
    line.setSelectionRange(1, 3);
    expect(paste(line, '1\n2\n')).toBe(false);
    const area = shown.input('token');
    expect(area).toBeInstanceOf(HTMLTextAreaElement);
    expect(area.value).toBe('A1\n2\nD');
    expect(area.selectionStart).toBe(5);
    expect(document.activeElement).toBe(area);
    expect(getComputedStyle(area).getPropertyValue('-webkit-text-security')).toBe('disc');
    expect(line.value).toBe('');
    shown.type('user', 'u');
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections[0]?.values).toContainEqual(['token', 'A1\n2\nD']);
  });

  test('other text is handled by the browser', () => {
    const shown = show(form());
    expect(paste(shown.input('token'), 'abc')).toBe(true);
    expect(shown.input('token')).toBeInstanceOf(HTMLInputElement);
  });

  test('removes a problem', async () => {
    const shown = show(form());
    shown.button('Register').click();
    expect(shown.problems).toHaveLength(2);
    shown.input('token').focus();
    paste(shown.input('token'), 'a\nb');
    await Promise.resolve();
    expect(shown.problems).toHaveLength(1);
  });
});

describe('a file', () => {
  test('is submitted without any change, and only its name is displayed', async () => {
    const shown = show(form());
    shown.type('user', 'u');
    await pick(shown, 'token', '\ufeffline\r\nhunter2\n', 'my key.pem');
    expect(shown.one('.zs-chip').innerText).toContain('from my key.pem');
    expect(shown.input('token').checkVisibility()).toBe(false);
    expect(document.documentElement.outerHTML).not.toContain('hunter2');
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections[0]?.values).toContainEqual([
      'token',
      '\ufeffline\r\nhunter2\n'
    ]);
    expect(shown.all('.zs-chip')).toEqual([]);
  });

  test('can be removed again', async () => {
    const shown = show(form());
    await pick(shown, 'token', 'hunter2');
    shown.button("Remove key.pem as the value of token").click();
    expect(shown.all('.zs-chip')).toEqual([]);
    expect(document.activeElement).toBe(shown.input('token'));
    shown.button('Register').click();
    expect(shown.problems).toHaveLength(2);
  });

  test.each([
    ['too large', 'x'.repeat(101), 'This is too large: the limit is 100 bytes.'],
    ['empty', '', 'This file is empty.'],
    ['binary', new Uint8Array([0x80, 0xff]), 'This file is not a text file.'],
    ['text with a NUL', 'a\0b', 'This file is not a text file.']
  ])('that is %s is refused at the field', async (_, content, problem) => {
    const shown = show(form());
    await pick(shown, 'token', content);
    expect(shown.problems).toEqual([problem]);
    expect(shown.input('token').getAttribute('aria-invalid')).toBe('true');
    expect(shown.all('.zs-chip')).toEqual([]);
  });

  test('skips the rules for typed text, and is checked at once', async () => {
    const rules = [rule('x', 'No x.', { typed_only: true }), rule('y', 'No y.')];
    const shown = show(form({ rules, sections: [section([field('token')])] }));
    await pick(shown, 'token', 'x');
    expect(shown.problems).toEqual([]);
    await pick(shown, 'token', 'y');
    await vi.waitFor(() => {
      expect(shown.problems).toEqual(['No y.']);
    });
  });

  test('that is read too late for a submission is dropped', async () => {
    const shown = show(form({ sections: [section([field('token', { required: false })])] }));
    const reading = pick(shown, 'token', 'hunter2');
    shown.button('Register').click();
    expect(shown.model.answers).toHaveLength(1);
    await expect(reading).rejects.toThrow();
    expect(shown.all('.zs-chip')).toEqual([]);
  });
});

describe('the button that reveals a value', () => {
  const pointer = (type: string): PointerEvent => new PointerEvent(type, { bubbles: true });

  test.each(['pointerup', 'pointerleave', 'pointercancel', 'blur'])(
    'shows a value while the pointer is down, until %s',
    end => {
      const shown = show(form());
      const eye = shown.button('Show token while held');
      eye.dispatchEvent(pointer('pointerdown'));
      expect(shown.input('token')).toHaveProperty('type', 'text');
      eye.dispatchEvent(pointer(end));
      expect(shown.input('token')).toHaveProperty('type', 'password');
    }
  );

  test.each([' ', 'Enter'])('shows a value while %j is held on it, and submits nothing', key => {
    const shown = show(form({ sections: [section([field('token')])] }));
    shown.type('token', 'x');
    const eye = shown.button('Show token while held');
    press(eye, key);
    press(eye, key, { repeat: true });
    expect(shown.input('token')).toHaveProperty('type', 'text');
    eye.dispatchEvent(new KeyboardEvent('keyup', { key, bubbles: true }));
    expect(shown.input('token')).toHaveProperty('type', 'password');
    expect(shown.model.answers).toEqual([]);
  });

  test('hides a value when the page is hidden', () => {
    const shown = show(form());
    shown.button('Show token while held').dispatchEvent(pointer('pointerdown'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(shown.input('token')).toHaveProperty('type', 'password');
  });

  test('does not stay open after a click', async () => {
    const shown = show(form());
    await userEvent.click(shown.button('Show token while held'));
    expect(shown.input('token')).toHaveProperty('type', 'password');
  });

  test('unmasks a text area as well', () => {
    const shown = show(
      form({ sections: [section([field('pem', { media_type: 'application/x-pem-file' })])] })
    );
    const eye = shown.button('Show pem while held');
    expect(shown.input('pem').classList).toContain('zs-masked');
    eye.dispatchEvent(pointer('pointerdown'));
    expect(shown.input('pem').classList).not.toContain('zs-masked');
    eye.dispatchEvent(pointer('pointerup'));
    expect(shown.input('pem').classList).toContain('zs-masked');
  });
});
