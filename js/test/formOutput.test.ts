import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { FORM_MIME, type IFormOutput, WIDGET_MIME } from '../src/contract/form';
import { FormOutput, LineRenderer } from '../src/formOutput';

const LINE = 'The form was open; run the cell again.';
const OUTPUT: IFormOutput = { version_major: 2, version_minor: 1, model_id: 'm', line: LINE };

/** A fake of the renderer of ipywidgets. */
class WidgetRenderer extends Widget implements IRenderMime.IRenderer {
  renderCount = 0;

  renderModel(): Promise<void> {
    this.renderCount += 1;
    this.node.textContent = 'Loading widget...';
    return Promise.resolve();
  }

  showError(text = 'Error displaying widget: model not found'): void {
    this.node.textContent = text;
  }

  showWidget(): void {
    this.node.textContent = '';
    this.node.append(document.createElement('button'));
  }
}

function model(trusted = true): IRenderMime.IMimeModel {
  return {
    trusted,
    data: { [FORM_MIME]: { ...OUTPUT }, [WIDGET_MIME]: { model_id: 'm' } },
    metadata: {},
    setData: () => undefined
  };
}

let renderer: WidgetRenderer & IRenderMime.IRenderer;
let output: FormOutput;

/** Return the text of the output after the mutation observer has run. */
async function outputText(): Promise<string> {
  await Promise.resolve();
  return renderer.node.querySelector('[role=status]')?.textContent ?? renderer.node.textContent;
}

beforeEach(() => {
  vi.useFakeTimers();
  renderer = new WidgetRenderer();
  output = new FormOutput(renderer);
});

afterEach(() => {
  renderer.dispose();
  vi.useRealTimers();
});

describe('a form in an output', () => {
  test('is rendered by ipywidgets', async () => {
    await renderer.renderModel(model());
    renderer.showWidget();
    expect(await outputText()).toBe('');
    vi.advanceTimersByTime(9999);
    expect(renderer.node.querySelector('button')).not.toBeNull();
  });

  test.each(['Error displaying widget: model not found', 'Error displaying widget'])(
    'shows its line if ipywidgets shows %j',
    async failure => {
      await renderer.renderModel(model());
      renderer.showError(failure);
      expect(await outputText()).toBe(LINE);
    }
  );

  test('shows its line after ipywidgets has waited in vain for a kernel', async () => {
    await renderer.renderModel(model());
    expect(await outputText()).toBe('Loading widget...');
    vi.advanceTimersByTime(3000);
    expect(await outputText()).toBe(LINE);
  });

  test('shows the form if ipywidgets finds it later', async () => {
    await renderer.renderModel(model());
    await outputText();
    vi.advanceTimersByTime(3000);
    renderer.showWidget();
    expect(await outputText()).toBe('');
    vi.advanceTimersByTime(9999);
    expect(renderer.node.querySelector('button')).not.toBeNull();
  });

  test('is rendered again when the kernel is back, and shows its line meanwhile', async () => {
    await renderer.renderModel(model());
    renderer.showError();
    expect(await outputText()).toBe(LINE);
    await output.retry();
    expect(renderer.renderCount).toBe(2);
    await outputText();
    vi.advanceTimersByTime(0);
    expect(await outputText()).toBe(LINE);
    renderer.showWidget();
    expect(await outputText()).toBe('');
  });

  test('is not rendered twice at the same time', async () => {
    await renderer.renderModel(model());
    await output.retry();
    expect(renderer.renderCount).toBe(1);
  });

  test('shows its line in an untrusted notebook, whose widgets must not run code', async () => {
    await renderer.renderModel(model(false));
    await output.retry();
    expect(renderer.renderCount).toBe(0);
    expect(await outputText()).toBe(LINE);
  });

  test('shows its line in a front end without ipywidgets', async () => {
    const lines = new LineRenderer();
    await lines.renderModel(model());
    expect(lines.node.querySelector('[role=status]')?.textContent).toBe(LINE);
    lines.dispose();
  });
});
