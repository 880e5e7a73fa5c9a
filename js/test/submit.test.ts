import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { press, showForm, setText, type FormPage } from './page';
import { field, form, section } from './states';

const SECRET = 'hunter2-correct-horse';

/** Show a form with a text in each field. */
function showFilledForm(): FormPage {
  const page = showForm(form());
  page.type('user', 'someone');
  page.type('token', SECRET);
  return page;
}

describe('submitting', () => {
  test('encrypts the typed values for this form and this attempt', () => {
    const page = showForm(form({ attempt: 3 }));
    page.type('user', 'someone');
    page.type('token', SECRET);
    page.button('Register').click();
    expect(page.model.submissions[0]).toMatchObject({
      form_id: 'f1',
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
    const page = showFilledForm();
    page.button('Register').click();
    expect(document.documentElement.outerHTML).not.toContain(SECRET);
    for (const input of page.inputs) {
      expect(input.value).toBe('');
      expect(input.disabled).toBe(true);
    }
  });

  test('stores no value elsewhere in the browser', () => {
    const before = Object.keys(window).length;
    const log = ['log', 'info', 'warn', 'error', 'debug'] as const;
    const spies = log.map(name => vi.spyOn(console, name));
    const page = showFilledForm();
    expect(document.documentElement.outerHTML).not.toContain(SECRET);
    page.button('Register').click();
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    expect(Object.keys(window).length).toBe(before);
    for (const storage of [localStorage, sessionStorage]) {
      expect(Object.values(storage).join()).not.toContain(SECRET);
    }
    expect(JSON.stringify([page.model.sent, page.model.get()])).not.toContain(SECRET);
    expect(document.title).not.toContain(SECRET);
  });

  test('sends one message, even after several clicks', () => {
    const page = showFilledForm();
    const submit = page.button('Register');
    submit.click();
    submit.click();
    press(page.root, 'Enter');
    press(page.input('user'), 'Enter');
    press(page.root, 'Escape');
    expect(page.model.sent.map(({ kind }) => kind)).toEqual(['shown', 'submit']);
  });

  test('sends nothing while a field has a problem, and focuses that field', () => {
    const page = showForm(form());
    page.type('user', 'someone');
    page.button('Register').click();
    expect(page.model.submissions).toEqual([]);
    expect(document.activeElement).toBe(page.input('token'));
    expect(page.problems).toEqual(['A value is required.']);
  });

  test('includes each section, even a completed one', () => {
    const page = showForm(
      form({
        sections: [
          section([field('a')], { title: 'one', completed_label: 'registered' }),
          section([field('b')], { title: 'two', note: 'schema aws' })
        ]
      })
    );
    expect(page.queryAll('fieldset').map(({ innerText }) => innerText)).toEqual([
      expect.stringMatching(/^one\s+registered$/),
      expect.stringMatching(/^two\s+schema aws\s+b$/)
    ]);
    page.type('b', 'x');
    page.button('Register').click();
    expect(page.model.submissions[0]?.sections).toEqual([
      { values: [], removed: [] },
      { values: [['b', 'x']], removed: [] }
    ]);
  });
});

describe('a pressed key', () => {
  test('Enter submits from an input of one line', () => {
    const page = showFilledForm();
    expect(press(page.input('token'), 'Enter').defaultPrevented).toBe(true);
    expect(page.model.submissions).toHaveLength(1);
  });

  test('Enter is a line break in a text area, where Ctrl+Enter and Cmd+Enter submit', () => {
    for (const modifier of [{ ctrlKey: true }, { metaKey: true }]) {
      const page = showForm(
        form({ sections: [section([field('pem', { media_type: 'text/plain' })])] })
      );
      page.type('pem', 'x');
      expect(press(page.input('pem'), 'Enter').defaultPrevented).toBe(false);
      expect(page.model.submissions).toHaveLength(0);
      press(page.input('pem'), 'Enter', modifier);
      expect(page.model.submissions).toHaveLength(1);
    }
  });

  test('Enter and Escape that end the composition of a character do not submit or cancel', () => {
    const page = showFilledForm();
    press(page.input('token'), 'Enter', { isComposing: true });
    press(page.input('token'), 'Escape', { isComposing: true });
    expect(page.model.sent).toEqual([{ kind: 'shown' }]);
  });

  test('Escape cancels, and clears the typed values', () => {
    const page = showFilledForm();
    press(page.input('user'), 'Escape');
    expect(page.model.sent.at(-1)).toEqual({ kind: 'cancel' });
    expect(page.input('token').value).toBe('');
    expect(page.status).toBe('Cancelling…');
  });

  test('Escape reports no problem', () => {
    const page = showForm(form());
    press(page.input('user'), 'Escape');
    expect(page.problems).toEqual([]);
  });

  test('does not reach the notebook', () => {
    const page = showFilledForm();
    const listener = vi.fn();
    for (const name of ['keydown', 'keyup', 'keypress', 'paste']) {
      document.body.addEventListener(name, listener, { once: true });
      page.input('user').dispatchEvent(new Event(name, { bubbles: true }));
    }
    expect(listener).not.toHaveBeenCalled();
    expect(page.root.dataset['lmSuppressShortcuts']).toBe('true');
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
  ])('shows the progress of %s, and after a second the reason for the delay', (verb, progress) => {
    const page = showForm(form({ verb, sections: [section([field('a', { has_earlier_input: true })])] }));
    page.button(verb).click();
    expect(page.status).toBe(progress);
    vi.advanceTimersByTime(999);
    expect(page.status).toBe(progress);
    vi.advanceTimersByTime(1);
    expect(page.status).toBe('Waiting for the kernel, which is busy with another cell.');
  });

  test('keeps the focus in the form', () => {
    const page = showFilledForm();
    page.input('token').focus();
    press(page.input('token'), 'Enter');
    expect(document.activeElement).toBe(page.root);
    expect(page.problems).toEqual([]);
  });

  test('ends with a new state, which shows the problems', () => {
    const page = showFilledForm();
    page.input('token').focus();
    press(page.input('token'), 'Enter');
    page.model.change({
      attempt: 1,
      problem: 'Not registered.',
      sections: [
        section([
          field('user', { sensitive: false, has_earlier_input: true }),
          field('token', { has_earlier_input: true, problem: 'Too short.' })
        ])
      ]
    });
    expect(page.problems).toEqual(['Too short.', 'Not registered.']);
    expect(page.status).toBe('');
    expect(document.activeElement).toBe(page.input('token'));
    expect(page.input('token').disabled).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(page.status).toBe('');
    page.button('Register').click();
    expect(page.model.submissions.map(({ attempt }) => attempt)).toEqual([0, 1]);
  });

  test('focuses the submit button afterwards if no field has a problem', () => {
    const page = showFilledForm();
    page.input('token').focus();
    press(page.input('token'), 'Enter');
    page.model.change({ attempt: 1, problem: 'The store is locked.' });
    expect(document.activeElement).toBe(page.button('Register'));
  });
});

describe('a passphrase', () => {
  const LABEL = 'Passphrase of local';
  /** The sections of a form in which only the passphrase is missing. */
  const completeSections = [section([field('a', { has_earlier_input: true })])];

  test('is typed once if it exists', () => {
    const page = showForm(
      form({ sections: completeSections, passphrase: { label: LABEL, is_new: false, problem: '' } })
    );
    page.button('Register').click();
    expect(page.problems).toEqual(['This field needs the passphrase.']);
    expect(document.activeElement).toBe(page.input(LABEL));
    page.type(LABEL, SECRET);
    expect(page.problems).toEqual([]);
    page.button('Register').click();
    expect(page.model.submissions[0]?.passphrase).toBe(SECRET);
    expect(page.input(LABEL).value).toBe('');
  });

  test('that is new is typed twice', () => {
    const page = showForm(form({ sections: completeSections, passphrase: { label: LABEL, is_new: true, problem: '' } }));
    page.type(LABEL, SECRET);
    page.type(`${LABEL}, again`, 'other');
    page.button('Register').click();
    expect(page.problems).toEqual(['The two passphrases differ.']);
    expect(document.activeElement).toBe(page.input(`${LABEL}, again`));
    setText(page.input(`${LABEL}, again`), SECRET);
    page.button('Register').click();
    expect(page.model.submissions[0]?.passphrase).toBe(SECRET);
  });

  test('that is new may be empty, which the form explains', () => {
    const page = showForm(form({ sections: completeSections, passphrase: { label: LABEL, is_new: true, problem: '' } }));
    expect(page.root.innerText).toContain('a file that only you can read');
    page.button('Register').click();
    expect(page.model.submissions[0]?.passphrase).toBe('');
  });

  test('that the kernel refuses gets the focus', () => {
    const passphrase = { label: LABEL, is_new: false, problem: '' };
    const page = showForm(form({ sections: completeSections, passphrase }));
    page.type(LABEL, SECRET);
    page.input(LABEL).focus();
    press(page.input(LABEL), 'Enter');
    page.model.change({ attempt: 1, passphrase: { ...passphrase, problem: 'Wrong.' } });
    expect(page.problems).toEqual(['Wrong.']);
    expect(document.activeElement).toBe(page.input(LABEL));
  });
});
