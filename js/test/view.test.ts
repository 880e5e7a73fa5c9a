import { describe, expect, test, vi } from 'vitest';

import line from '../src/form/line';
import widget from '../src/form/index';
import { FakeModel } from './kernel';
import { FormPage, showForm } from './page';
import { closedForm, form } from './states';

const DISCONNECTED = 'jupyter-widgets-disconnected';
const KERNEL_ENDED =
  "The kernel of this form has ended. Run the cell again to register aws_prod → default (local).";

describe('an open form', () => {
  test('has its action as heading and accessible name', () => {
    const page = showForm(form());
    const title = page.query('.zs-title');
    expect(title.textContent).toBe('Register aws_prod → default (local)');
    expect(page.root.getAttribute('role')).toBe('form');
    expect(page.root.getAttribute('aria-labelledby')).toBe(title.id);
  });

  test('tells the kernel once that it was displayed, and takes the focus', () => {
    const page = showForm(form());
    expect(page.model.sent).toEqual([{ kind: 'shown' }]);
    expect(document.activeElement).toBe(page.input('user'));
    page.model.change({ is_displayed: true });
    page.model.change({ attempt: 1, is_displayed: false });
    expect(page.model.sent).toEqual([{ kind: 'shown' }]);
  });

  test('that was displayed before does not take the focus', () => {
    const page = showForm(form({ is_displayed: true }));
    expect(page.model.sent).toEqual([]);
    expect(document.activeElement).toBe(document.body);
  });

  test('leaves the focus in another form', () => {
    const first = showForm(form());
    showForm(form({ id: 'f2' }));
    expect(document.activeElement).toBe(first.input('user'));
  });

  test('takes the focus once it is in the page', async () => {
    const model = new FakeModel(form());
    const el = document.createElement('div');
    const cleanup = widget.render({ model, el });
    expect(document.activeElement).toBe(document.body);
    document.body.append(el);
    await vi.waitFor(() => {
      expect(el.contains(document.activeElement)).toBe(true);
    });
    cleanup();
    el.remove();
  });

  test('keeps typed text if the kernel changes nothing else', () => {
    const page = showForm(form());
    page.type('token', 'half');
    page.model.change({ is_displayed: true });
    expect(page.input('token').value).toBe('half');
  });

  test('shows the new state after a submission in another tab', () => {
    const page = showForm(form());
    page.type('token', 'half');
    page.model.change({ attempt: 1, problem: 'Not registered.' });
    expect(page.input('token').value).toBe('');
    expect(page.problems).toEqual(['Not registered.']);
  });
});

describe('the end of a form', () => {
  test.each(['submitted', 'cancelled', 'dismissed'] as const)('%s leaves one line', phase => {
    const page = showForm(form());
    page.type('token', 'hunter2');
    const input = page.input('token');
    page.model.replace(
      closedForm({ phase, line: '✔ registered aws_prod', details: ['A warning.'] })
    );
    expect(page.query('.zs-line > [role=status]').textContent).toBe('✔ registered aws_prod');
    expect(page.query('.zs-detail').textContent).toBe('A warning.');
    expect(page.queryAll('input, button, .zs-form')).toEqual([]);
    expect(input.value).toBe('');
    expect(document.activeElement).toBe(page.query('.zs-line'));
  });

  test('is displayed in a later view too', () => {
    const page = showForm(closedForm());
    expect(page.el.innerText).toBe('✔ done');
    expect(page.model.sent).toEqual([]);
    expect(document.activeElement).toBe(document.body);
  });

  test('has its own module, which displays the same line', () => {
    const model = new FakeModel(closedForm({ details: ['More.'] }));
    const el = document.createElement('div');
    document.body.append(el);
    const cleanup = line.render({ model, el });
    expect(el.innerText).toBe('✔ done\nMore.');
    model.replace(closedForm({ line: 'Changed.', details: ['More.'] }));
    expect(el.innerText).toBe('Changed.\nMore.');
    cleanup();
    expect(model.listeners).toBe(0);
    el.remove();
  });
});

describe('a form without its kernel', () => {
  test('clears typed values and explains what to do', () => {
    const page = showForm(form());
    page.type('token', 'hunter2');
    const input = page.input('token');
    page.model.trigger('comm_live_update');
    expect(page.query('[role=status]').textContent).toBe(KERNEL_ENDED);
    expect(input.value).toBe('');
  });

  test('from a saved notebook shows its line at once', () => {
    const el = document.createElement('div');
    el.classList.add(DISCONNECTED);
    const page = new FormPage(new FakeModel(form()), el);
    expect(page.query('[role=status]').textContent).toBe(KERNEL_ENDED);
    expect(page.model.sent).toEqual([]);
  });

  test('shows its line when a message cannot be sent', () => {
    const page = showForm(form());
    page.type('user', 'u');
    page.type('token', 'hunter2');
    page.model.failure = new Error('Cannot send');
    page.button('Register').click();
    expect(page.query('[role=status]').textContent).toBe(KERNEL_ENDED);
    expect(document.documentElement.outerHTML).not.toContain('hunter2');
  });

  test('shows its line if it has ended', () => {
    const page = showForm(closedForm());
    page.model.trigger('comm_live_update');
    expect(page.query('[role=status]').textContent).toBe('✔ done');
  });
});

describe('a view', () => {
  test('clears values and listeners when it is disposed', () => {
    const abort = vi.spyOn(AbortController.prototype, 'abort');
    const page = showForm(form());
    page.type('token', 'hunter2');
    const input = page.input('token');
    page.cleanup();
    expect(input.value).toBe('');
    expect(page.model.listeners).toBe(0);
    expect(page.el.childElementCount).toBe(0);
    expect(abort).toHaveBeenCalledOnce();
    abort.mockRestore();
  });

  test('is independent of other views of the same model', () => {
    const first = showForm(form());
    const second = new FormPage(first.model);
    first.type('token', 'half');
    expect(second.input('token').value).toBe('');
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    first.type('user', 'u');
    first.button('Register').click();
    expect(second.input('token').disabled).toBe(false);
    first.model.replace(closedForm());
    expect([first, second].map(({ el }) => el.innerText)).toEqual(['✔ done', '✔ done']);
  });
});
