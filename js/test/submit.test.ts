import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { press, show, write, type Shown } from './page';
import { field, form, section } from './states';

const SECRET = 'hunter2-correct-horse';

function filled(): Shown {
  const shown = show(form());
  shown.type('user', 'someone');
  shown.type('token', SECRET);
  return shown;
}

describe('submitting', () => {
  test('encrypts the typed values for this form and this attempt', () => {
    const shown = show(form({ attempt: 3 }));
    shown.type('user', 'someone');
    shown.type('token', SECRET);
    shown.button('Register').click();
    expect(shown.model.answers[0]).toMatchObject({
      form: 'f1',
      attempt: 3,
      sections: [
        {
          values: [
            ['user', 'someone'],
            ['token', SECRET]
          ],
          removed: []
        }
      ],
      passphrase: null
    });
  });

  test('leaves no value in the page', () => {
    const shown = filled();
    shown.button('Register').click();
    expect(document.documentElement.outerHTML).not.toContain(SECRET);
    for (const input of shown.inputs) {
      expect(input.value).toBe('');
      expect(input.disabled).toBe(true);
    }
  });

  test('stores no value elsewhere in the browser', () => {
    const before = Object.keys(window).length;
    const log = ['log', 'info', 'warn', 'error', 'debug'] as const;
    const spies = log.map(name => vi.spyOn(console, name));
    const shown = filled();
    expect(document.documentElement.outerHTML).not.toContain(SECRET);
    shown.button('Register').click();
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    expect(Object.keys(window).length).toBe(before);
    for (const storage of [localStorage, sessionStorage]) {
      expect(Object.values(storage).join()).not.toContain(SECRET);
    }
    expect(JSON.stringify([shown.model.sent, shown.model.get()])).not.toContain(SECRET);
    expect(document.title).not.toContain(SECRET);
  });

  test('sends one message, even after several clicks', () => {
    const shown = filled();
    const submit = shown.button('Register');
    submit.click();
    submit.click();
    press(shown.root, 'Enter');
    press(shown.input('user'), 'Enter');
    press(shown.root, 'Escape');
    expect(shown.model.sent.map(({ kind }) => kind)).toEqual(['shown', 'submit']);
  });

  test('sends nothing while a field has a problem, and focuses that field', () => {
    const shown = show(form());
    shown.type('user', 'someone');
    shown.button('Register').click();
    expect(shown.model.answers).toEqual([]);
    expect(document.activeElement).toBe(shown.input('token'));
    expect(shown.problems).toEqual(['A value is required.']);
  });

  test('includes each section, even a completed one', () => {
    const shown = show(
      form({
        sections: [
          section([field('a')], { title: 'one', completed_label: 'registered' }),
          section([field('b')], { title: 'two', note: 'schema aws' })
        ]
      })
    );
    expect(shown.all('fieldset').map(({ innerText }) => innerText)).toEqual([
      expect.stringMatching(/^one\s+registered$/),
      expect.stringMatching(/^two\s+schema aws\s+b$/)
    ]);
    shown.type('b', 'x');
    shown.button('Register').click();
    expect(shown.model.answers[0]?.sections).toEqual([
      { values: [], removed: [] },
      { values: [['b', 'x']], removed: [] }
    ]);
  });
});

describe('a key', () => {
  test('Enter submits from a line', () => {
    const shown = filled();
    expect(press(shown.input('token'), 'Enter').defaultPrevented).toBe(true);
    expect(shown.model.answers).toHaveLength(1);
  });

  test('Enter is a line break in a text area, where Ctrl+Enter and Cmd+Enter submit', () => {
    for (const more of [{ ctrlKey: true }, { metaKey: true }]) {
      const shown = show(
        form({ sections: [section([field('pem', { media_type: 'text/plain' })])] })
      );
      shown.type('pem', 'x');
      expect(press(shown.input('pem'), 'Enter').defaultPrevented).toBe(false);
      expect(shown.model.answers).toHaveLength(0);
      press(shown.input('pem'), 'Enter', more);
      expect(shown.model.answers).toHaveLength(1);
    }
  });

  test('Enter that ends an input method does not submit', () => {
    const shown = filled();
    press(shown.input('token'), 'Enter', { isComposing: true });
    press(shown.input('token'), 'Escape', { isComposing: true });
    expect(shown.model.sent).toHaveLength(1);
  });

  test('Escape cancels, and clears the typed values', () => {
    const shown = filled();
    press(shown.input('user'), 'Escape');
    expect(shown.model.sent.at(-1)).toEqual({ kind: 'cancel' });
    expect(shown.input('token').value).toBe('');
    expect(shown.status).toBe('Cancelling…');
  });

  test('Escape reports no problem', () => {
    const shown = show(form());
    press(shown.input('user'), 'Escape');
    expect(shown.problems).toEqual([]);
  });

  test('does not reach the notebook', () => {
    const shown = filled();
    const heard = vi.fn();
    for (const name of ['keydown', 'keyup', 'keypress', 'paste']) {
      document.body.addEventListener(name, heard, { once: true });
      shown.input('user').dispatchEvent(new Event(name, { bubbles: true }));
    }
    expect(heard).not.toHaveBeenCalled();
    expect(shown.root.dataset['lmSuppressShortcuts']).toBe('true');
  });
});

describe('waiting for the kernel', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    ['Register', 'Registering…'],
    ['Update', 'Updating…'],
    ['Import', 'Importing…'],
    ['Check', 'Sending…']
  ])('shows the progress of %s, and after a second the reason for the delay', (verb, doing) => {
    const shown = show(form({ verb, sections: [section([field('a', { has_earlier_input: true })])] }));
    shown.button(verb).click();
    expect(shown.status).toBe(doing);
    vi.advanceTimersByTime(999);
    expect(shown.status).toBe(doing);
    vi.advanceTimersByTime(1);
    expect(shown.status).toBe('Waiting for the kernel, which is busy with another cell.');
  });

  test('keeps the focus in the form', () => {
    const shown = filled();
    shown.input('token').focus();
    press(shown.input('token'), 'Enter');
    expect(document.activeElement).toBe(shown.root);
    expect(shown.problems).toEqual([]);
  });

  test('ends with a new state, which shows the problems', () => {
    const shown = filled();
    shown.input('token').focus();
    press(shown.input('token'), 'Enter');
    shown.model.change({
      attempt: 1,
      problem: 'Not registered.',
      sections: [
        section([
          field('user', { sensitive: false, has_earlier_input: true }),
          field('token', { has_earlier_input: true, problem: 'Too short.' })
        ])
      ]
    });
    expect(shown.problems).toEqual(['Too short.', 'Not registered.']);
    expect(shown.status).toBe('');
    expect(document.activeElement).toBe(shown.input('token'));
    expect(shown.input('token').disabled).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(shown.status).toBe('');
    shown.button('Register').click();
    expect(shown.model.answers.map(({ attempt }) => attempt)).toEqual([0, 1]);
  });

  test('focuses the submit button afterwards if no field has a problem', () => {
    const shown = filled();
    shown.input('token').focus();
    press(shown.input('token'), 'Enter');
    shown.model.change({ attempt: 1, problem: 'The store is locked.' });
    expect(document.activeElement).toBe(shown.button('Register'));
  });
});

describe('a passphrase', () => {
  const label = 'Passphrase of local';
  const none = [section([field('a', { has_earlier_input: true })])];

  test('is typed once if it exists', () => {
    const shown = show(
      form({ sections: none, passphrase: { label, is_new: false, problem: '' } })
    );
    shown.button('Register').click();
    expect(shown.problems).toEqual(['This field needs the passphrase.']);
    expect(document.activeElement).toBe(shown.input(label));
    shown.type(label, SECRET);
    expect(shown.problems).toEqual([]);
    shown.button('Register').click();
    expect(shown.model.answers[0]?.passphrase).toBe(SECRET);
    expect(shown.input(label).value).toBe('');
  });

  test('that is new is typed twice', () => {
    const shown = show(form({ sections: none, passphrase: { label, is_new: true, problem: '' } }));
    shown.type(label, SECRET);
    shown.type(`${label}, again`, 'other');
    shown.button('Register').click();
    expect(shown.problems).toEqual(['The two passphrases differ.']);
    expect(document.activeElement).toBe(shown.input(`${label}, again`));
    write(shown.input(`${label}, again`), SECRET);
    shown.button('Register').click();
    expect(shown.model.answers[0]?.passphrase).toBe(SECRET);
  });

  test('that is new may be empty, which the form explains', () => {
    const shown = show(form({ sections: none, passphrase: { label, is_new: true, problem: '' } }));
    expect(shown.root.innerText).toContain('a file that only you can read');
    shown.button('Register').click();
    expect(shown.model.answers[0]?.passphrase).toBe('');
  });

  test('that the kernel refuses gets the focus', () => {
    const passphrase = { label, is_new: false, problem: '' };
    const shown = show(form({ sections: none, passphrase }));
    shown.type(label, SECRET);
    shown.input(label).focus();
    press(shown.input(label), 'Enter');
    shown.model.change({ attempt: 1, passphrase: { ...passphrase, problem: 'Wrong.' } });
    expect(shown.problems).toEqual(['Wrong.']);
    expect(document.activeElement).toBe(shown.input(label));
  });
});
