import { OpenForm } from './openForm';
import { quietLine } from './quietLine';
import type { IOpenForm, FormMessage } from '../contract/form';
import type { IModel, IRenderContext } from './model';

/** ipywidgets' mark on the element of a view that it makes while the model has no kernel. */
const DISCONNECTED = 'jupyter-widgets-disconnected';

/** The kernel has replaced the form's state. */
const CHANGED = 'change:form';

/**
 * The model has lost its kernel. ipywidgets says by the same event that it has
 * one, but only once, before there is a view. That it sets its mark then is not
 * to be relied upon: anywidget takes the view's own listeners away.
 */
const LOST = 'comm_live_update';

/** One place in which a front end shows the model: the open form, or what is left of it. */
export class View {
  constructor({ model, el }: IRenderContext) {
    this._model = model;
    this._el = el;
    this._lost = el.classList.contains(DISCONNECTED);
    model.on(CHANGED, this._update);
    model.on(LOST, this._lose);
    this._update();
  }

  dispose(): void {
    this._model.off(CHANGED, this._update);
    this._model.off(LOST, this._lose);
    this._close();
    this._el.replaceChildren();
  }

  private readonly _update = (): void => {
    const form = this._model.get('form');
    if (form.phase !== 'open') {
      this._showLine(form.line, form.details);
    } else if (this._lost) {
      this._showLine(goneLine(form), []);
    } else {
      this._showForm(form);
    }
  };

  private readonly _lose = (): void => {
    this._lost = true;
    this._update();
  };

  private _showForm(form: IOpenForm): void {
    // Whether it was shown says nothing about the form: what a person typed by now stays.
    const shape = JSON.stringify({ ...form, shown: true });
    if (this._open !== null && shape === this._shape) {
      return;
    }
    this._shape = shape;
    const names = this._open?.addedNames ?? [];
    const isFirst = this._open === null;
    const focused = this._focused;
    this._close();
    const open = new OpenForm(form, this._send, names);
    this._open = open;
    this._el.replaceChildren(open.element);
    if (focused) {
      open.focusProblem();
    } else if (isFirst && !form.shown) {
      this._send({ kind: 'shown' });
      this._focusOnceAttached(open);
    }
  }

  private _showLine(line: string, details: readonly string[]): void {
    const focused = this._focused;
    this._close();
    const element = quietLine(line, details);
    this._el.replaceChildren(element);
    if (focused) {
      element.focus();
    }
  }

  private get _focused(): boolean {
    return this._el.contains(document.activeElement);
  }

  /** anywidget renders a view before the notebook puts it into the page. */
  private _focusOnceAttached(open: OpenForm): void {
    const look = (): void => {
      if (this._open !== open) {
        return;
      }
      if (!this._el.isConnected) {
        requestAnimationFrame(look);
      } else if (document.activeElement?.closest('.zs-form') == null) {
        open.focus();
      }
    };
    look();
  }

  private readonly _send = (message: FormMessage): void => {
    try {
      this._model.send(message);
    } catch {
      // Jupyter refuses to send to a kernel that was shut down, of which ipywidgets tells nothing.
      this._lose();
    }
  };

  private _close(): void {
    this._open?.dispose();
    this._open = null;
  }

  private readonly _el: HTMLElement;
  private readonly _model: IModel;
  private _lost: boolean;
  private _open: OpenForm | null = null;
  private _shape = '';
}

function goneLine({ title, verb }: IOpenForm): string {
  return `This form's kernel is gone; run the cell again to ${verb.toLowerCase()} ${title}.`;
}
