import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';

import { FORM_MIME, isFormOutput } from './contract/form';
import { formLine } from './form/formLine';

/** The text that the renderer of ipywidgets shows before it has found a widget. */
const LOADING_TEXT = 'Loading widget...';

/** The beginning of the text that the renderer of ipywidgets shows after an error. */
const FAILURE_PREFIX = 'Error displaying widget';

/**
 * The time in milliseconds for ipywidgets to find a model. ipywidgets itself
 * stops after two seconds, but without a kernel it waits forever.
 */
const TIMEOUT = 3000;

/**
 * A form in an output. The renderer of ipywidgets renders it; if that renderer
 * finds no widget, the line of the form is displayed instead.
 *
 * ipywidgets passes its widget manager only to its own renderers in an output. It
 * would not find its renderer inside a renderer of ours. So this class does not wrap
 * the renderer of ipywidgets, but patches its method `renderModel`.
 */
export class FormOutput {
  constructor(private readonly _renderer: IRenderMime.IRenderer) {
    const render = _renderer.renderModel.bind(_renderer);
    _renderer.renderModel = async (model): Promise<void> => {
      this._line = lineOf(model);
      // The state of a widget may contain code, which only a trusted notebook may run.
      if (model.trusted) {
        this._renderAgain = () => render(model);
        await render(model);
      } else {
        this._showLine();
      }
    };
    this._observer.observe(_renderer.node, { childList: true });
    _renderer.disposed.connect(() => {
      this._observer.disconnect();
      clearTimeout(this._timer);
    });
  }

  /** Render the form again if the last rendering has failed. A new connection to the kernel may have restored the model. */
  async retry(): Promise<void> {
    if (this._hasFailed && !this._renderer.isDisposed) {
      this._hasFailed = false;
      await this._renderAgain();
    }
  }

  /** Show the line if the renderer shows an error, or loads for too long. */
  private _checkText(): void {
    clearTimeout(this._timer);
    const text = this._renderer.node.textContent;
    if (text.startsWith(FAILURE_PREFIX)) {
      this._hasFailed = true;
      this._showLine();
    } else if (text === LOADING_TEXT) {
      this._timer = setTimeout(
        () => {
          this._showLine();
        },
        // If the line was displayed before, it replaces the text of ipywidgets at once.
        this._hasShownLine ? 0 : TIMEOUT
      );
    }
  }

  private _showLine(): void {
    this._hasShownLine = true;
    this._renderer.node.replaceChildren(formLine(this._line, []));
  }

  private _hasFailed = false;
  private _line = '';
  private readonly _observer = new MutationObserver(() => {
    this._checkText();
  });
  private _renderAgain: () => Promise<void> = () => Promise.resolve();
  private _hasShownLine = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** A renderer that shows only the line of a form, for front ends without ipywidgets. */
export class LineRenderer extends Widget implements IRenderMime.IRenderer {
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.node.replaceChildren(formLine(lineOf(model), []));
    return Promise.resolve();
  }
}

function lineOf({ data }: IRenderMime.IMimeModel): string {
  const form = data[FORM_MIME];
  return isFormOutput(form) ? form.line : '';
}
