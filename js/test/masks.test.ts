import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { MaskedOutputs } from '../src/masks/maskedOutputs';
import { removeHighlights, highlightMasks } from '../src/masks/showMasks';

let notebook: HTMLElement;

/** Add an output with a text to the notebook. */
function addOutput(text: string): HTMLElement {
  const element = document.createElement('pre');
  element.className = 'jp-OutputArea-output';
  element.textContent = text;
  notebook.append(element);
  return element;
}

/** Return the tooltips of the highlighted masks. */
function maskTitles(): readonly string[] {
  return [...notebook.querySelectorAll<HTMLElement>('.zs-mask')].map(({ title }) => title);
}

beforeEach(() => {
  notebook = document.createElement('div');
  document.body.append(notebook);
});

afterEach(() => {
  notebook.remove();
});

describe('a mask in an output', () => {
  test('has the name of its value in a tooltip, and the text stays the same', () => {
    const element = addOutput('a ‹secret:x.key›‹secret:y.other› b ‹secret:›');
    highlightMasks(notebook);
    // A second call does not highlight a mask again.
    highlightMasks(notebook);
    expect(maskTitles()).toEqual([
      'the value of x.key, masked by zensecrets',
      'the value of y.other, masked by zensecrets'
    ]);
    expect(element.textContent).toBe('a ‹secret:x.key›‹secret:y.other› b ‹secret:›');
  });

  test('is plain text again afterwards', () => {
    const element = addOutput('a ‹secret:x.key› b');
    const before = element.innerHTML;
    highlightMasks(notebook);
    removeHighlights(notebook);
    expect(element.innerHTML).toBe(before);
    expect(element.childNodes).toHaveLength(1);
  });
});

describe('the outputs of a notebook', () => {
  test('are highlighted while enabled, and nothing else is', async () => {
    vi.useFakeTimers();
    const maskedOutputs = new MaskedOutputs(notebook);
    addOutput('‹secret:x.key›');
    const source = document.createElement('div');
    source.textContent = '‹secret:x.key›';
    notebook.append(source);
    expect(maskTitles()).toHaveLength(0);
    maskedOutputs.setEnabled(true);
    expect(maskTitles()).toHaveLength(1);
    addOutput('‹secret:y.key›');
    await Promise.resolve();
    vi.advanceTimersByTime(200);
    expect(maskTitles()).toHaveLength(2);
    expect(source.children).toHaveLength(0);
    maskedOutputs.setEnabled(false);
    expect(maskTitles()).toHaveLength(0);
    addOutput('‹secret:z.key›');
    await Promise.resolve();
    vi.advanceTimersByTime(999);
    expect(maskTitles()).toHaveLength(0);
    vi.useRealTimers();
  });
});
