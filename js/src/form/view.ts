import { OpenForm } from './openForm';
import { formLine } from './formLine';
import type { IOpenForm, FormMessage } from '../contract/form';
import type { IModel, IRenderContext } from './model';

/** The class that ipywidgets adds to the element of a view while the model has no kernel. */
const DISCONNECTED = 'jupyter-widgets-disconnected';

/** The event of a new state from the kernel. */
const STATE_CHANGED = 'change:form';

/**
 * The event of a model that has lost its kernel. ipywidgets emits the same event
 * when the model gets a kernel, but only once and before a view exists. When the
 * kernel is lost, the class `DISCONNECTED` may be missing, because anywidget
 * removes the listeners of the view.
 */
const KERNEL_LOST = 'comm_live_update';

/** A view of a form: the open form, or the line that replaces it. */
export class View {
  constructor({ model, el }: IRenderContext) {
    this._model = model;
    this._el = el;
    this._isDisconnected = el.classList.contains(DISCONNECTED);
    model.on(STATE_CHANGED, this._update);
    model.on(KERNEL_LOST, this._disconnect);
    this._update();
  }

  dispose(): void {
    this._model.off(STATE_CHANGED, this._update);
    this._model.off(KERNEL_LOST, this._disconnect);
    this._disposeOpenForm();
    this._el.replaceChildren();
  }

  private readonly _update = (): void => {
    const form = this._model.get('form');
    if (form.phase !== 'open') {
      this._showLine(form.line, form.details);
    } else if (this._isDisconnected) {
      this._showLine(disconnectedLine(form), []);
    } else {
      this._showForm(form);
    }
  };

  private readonly _disconnect = (): void => {
    this._isDisconnected = true;
    this._update();
  };

  private _showForm(form: IOpenForm): void {
    // If only `is_displayed` has changed, the form must not be replaced, because the user may have typed in it.
    const json = JSON.stringify({ ...form, is_displayed: true });
    if (this._openForm !== null && json === this._openFormJson) {
      return;
    }
    this._openFormJson = json;
    const addedNames = this._openForm?.addedNames ?? [];
    const isFirstDisplay = this._openForm === null;
    const hadFocus = this._hasFocus;
    this._disposeOpenForm();
    const openForm = new OpenForm(form, this._send, addedNames);
    this._openForm = openForm;
    this._el.replaceChildren(openForm.element);
    if (hadFocus) {
      openForm.focusProblem();
    } else if (isFirstDisplay && !form.is_displayed) {
      this._send({ kind: 'shown' });
      this._focusOnceAttached(openForm);
    }
  }

  private _showLine(line: string, details: readonly string[]): void {
    const hadFocus = this._hasFocus;
    this._disposeOpenForm();
    const element = formLine(line, details);
    this._el.replaceChildren(element);
    if (hadFocus) {
      element.focus();
    }
  }

  private get _hasFocus(): boolean {
    return this._el.contains(document.activeElement);
  }

  /** Focus the form once it is in the page: anywidget renders a view before the notebook attaches it. */
  private _focusOnceAttached(openForm: OpenForm): void {
    const focus = (): void => {
      if (this._openForm !== openForm) {
        return;
      }
      if (!this._el.isConnected) {
        requestAnimationFrame(focus);
      } else if (document.activeElement?.closest('.zs-form') == null) {
        openForm.focus();
      }
    };
    focus();
  }

  private readonly _send = (message: FormMessage): void => {
    try {
      this._model.send(message);
    } catch {
      // Jupyter refuses to send to a kernel that was shut down. ipywidgets emits no event when that happens.
      this._disconnect();
    }
  };

  private _disposeOpenForm(): void {
    this._openForm?.dispose();
    this._openForm = null;
  }

  private readonly _el: HTMLElement;
  private readonly _model: IModel;
  private _isDisconnected: boolean;
  private _openForm: OpenForm | null = null;
  private _openFormJson = '';
}

function disconnectedLine({ title, verb }: IOpenForm): string {
  return `The kernel of this form has ended. Run the cell again to ${verb.toLowerCase()} ${title}.`;
}
