import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';

import { FORM_MIME, isFormOutput } from './contract/form';
import { quietLine } from './form/quietLine';

/** What ipywidgets' renderer shows in place of a widget. */
const LOADING = 'Loading widget...';
const FAILED = 'Error displaying widget';

/**
 * How long ipywidgets may look for a model, in milliseconds. Itself it gives
 * up after two seconds, and without a kernel never.
 */
const PATIENCE = 3000;

/**
 * A form in a notebook's output: ipywidgets' own renderer, with the form's
 * quiet line where that finds no form.
 *
 * ipywidgets hands its manager only to renderers that stand in the output
 * themselves. So this wraps none of them, and changes what one does instead.
 */
export class FormOutput {
  constructor(private readonly _renderer: IRenderMime.IRenderer) {
    const render = _renderer.renderModel.bind(_renderer);
    _renderer.renderModel = async (model): Promise<void> => {
      this._line = lineOf(model);
      // A widget's state may bring code with it, which only a trusted notebook may run.
      if (model.trusted) {
        this._retry = () => render(model);
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

  /** Look for the form again, if there was none: a kernel may have brought it meanwhile. */
  async retry(): Promise<void> {
    if (this._failed && !this._renderer.isDisposed) {
      this._failed = false;
      await this._retry();
    }
  }

  private _look(): void {
    clearTimeout(this._timer);
    const text = this._renderer.node.textContent;
    if (text.startsWith(FAILED)) {
      this._failed = true;
      this._showLine();
    } else if (text === LOADING) {
      this._timer = setTimeout(
        () => {
          this._showLine();
        },
        this._shown ? 0 : PATIENCE
      );
    }
  }

  private _showLine(): void {
    this._shown = true;
    this._renderer.node.replaceChildren(quietLine(this._line, []));
  }

  private _failed = false;
  private _line = '';
  private readonly _observer = new MutationObserver(() => {
    this._look();
  });
  private _retry: () => Promise<void> = () => Promise.resolve();
  private _shown = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Shows the line alone, in a front end without ipywidgets. */
export class LineRenderer extends Widget implements IRenderMime.IRenderer {
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.node.replaceChildren(quietLine(lineOf(model), []));
    return Promise.resolve();
  }
}

function lineOf({ data }: IRenderMime.IMimeModel): string {
  const form = data[FORM_MIME];
  return isFormOutput(form) ? form.line : '';
}
