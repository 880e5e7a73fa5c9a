import { describe, expect, test, vi } from 'vitest';

import line from '../src/form/line';
import widget from '../src/form/index';
import { FakeModel } from './kernel';
import { Shown, show } from './page';
import { closedForm, form } from './states';

const DISCONNECTED = 'jupyter-widgets-disconnected';
const GONE =
  "The kernel of this form has ended. Run the cell again to register aws_prod → default (local).";

describe('an open form', () => {
  test('has its action as heading and accessible name', () => {
    const shown = show(form());
    const title = shown.one('.zs-title');
    expect(title.textContent).toBe('Register aws_prod → default (local)');
    expect(shown.root.getAttribute('role')).toBe('form');
    expect(shown.root.getAttribute('aria-labelledby')).toBe(title.id);
  });

  test('tells the kernel once that it was displayed, and takes the focus', () => {
    const shown = show(form());
    expect(shown.model.sent).toEqual([{ kind: 'shown' }]);
    expect(document.activeElement).toBe(shown.input('user'));
    shown.model.change({ is_displayed: true });
    shown.model.change({ attempt: 1, is_displayed: false });
    expect(shown.model.sent).toEqual([{ kind: 'shown' }]);
  });

  test('that was displayed before does not take the focus', () => {
    const shown = show(form({ is_displayed: true }));
    expect(shown.model.sent).toEqual([]);
    expect(document.activeElement).toBe(document.body);
  });

  test('leaves the focus in another form', () => {
    const first = show(form());
    show(form({ id: 'f2' }));
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
    const shown = show(form());
    shown.type('token', 'half');
    shown.model.change({ is_displayed: true });
    expect(shown.input('token').value).toBe('half');
  });

  test('shows the new state after a submission in another tab', () => {
    const shown = show(form());
    shown.type('token', 'half');
    shown.model.change({ attempt: 1, problem: 'Not registered.' });
    expect(shown.input('token').value).toBe('');
    expect(shown.problems).toEqual(['Not registered.']);
  });
});

describe('the end of a form', () => {
  test.each(['submitted', 'cancelled', 'dismissed'] as const)('%s leaves one line', phase => {
    const shown = show(form());
    shown.type('token', 'hunter2');
    const input = shown.input('token');
    shown.model.replace(
      closedForm({ phase, line: '✔ registered aws_prod', details: ['A warning.'] })
    );
    expect(shown.one('.zs-line > [role=status]').textContent).toBe('✔ registered aws_prod');
    expect(shown.one('.zs-detail').textContent).toBe('A warning.');
    expect(shown.all('input, button, .zs-form')).toEqual([]);
    expect(input.value).toBe('');
    expect(document.activeElement).toBe(shown.one('.zs-line'));
  });

  test('is displayed in a later view too', () => {
    const shown = show(closedForm());
    expect(shown.el.innerText).toBe('✔ done');
    expect(shown.model.sent).toEqual([]);
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
    const shown = show(form());
    shown.type('token', 'hunter2');
    const input = shown.input('token');
    shown.model.trigger('comm_live_update');
    expect(shown.one('[role=status]').textContent).toBe(GONE);
    expect(input.value).toBe('');
  });

  test('from a saved notebook shows its line at once', () => {
    const el = document.createElement('div');
    el.classList.add(DISCONNECTED);
    const shown = new Shown(new FakeModel(form()), el);
    expect(shown.one('[role=status]').textContent).toBe(GONE);
    expect(shown.model.sent).toEqual([]);
  });

  test('shows its line when a message cannot be sent', () => {
    const shown = show(form());
    shown.type('user', 'u');
    shown.type('token', 'hunter2');
    shown.model.failure = new Error('Cannot send');
    shown.button('Register').click();
    expect(shown.one('[role=status]').textContent).toBe(GONE);
    expect(document.documentElement.outerHTML).not.toContain('hunter2');
  });

  test('shows its line if it has ended', () => {
    const shown = show(closedForm());
    shown.model.trigger('comm_live_update');
    expect(shown.one('[role=status]').textContent).toBe('✔ done');
  });
});

describe('a view', () => {
  test('clears values and listeners when it is disposed', () => {
    const removed = vi.spyOn(AbortController.prototype, 'abort');
    const shown = show(form());
    shown.type('token', 'hunter2');
    const input = shown.input('token');
    shown.cleanup();
    expect(input.value).toBe('');
    expect(shown.model.listeners).toBe(0);
    expect(shown.el.childElementCount).toBe(0);
    expect(removed).toHaveBeenCalledOnce();
    removed.mockRestore();
  });

  test('is independent of other views of the same model', () => {
    const first = show(form());
    const second = new Shown(first.model);
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
