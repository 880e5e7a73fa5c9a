import { h } from './dom';

/** The delay in milliseconds after which the form explains why it waits. */
const EXPLANATION_DELAY = 1000;

const PROGRESS_TEXTS = new Map([
  ['Register', 'Registering…'],
  ['Update', 'Updating…'],
  ['Import', 'Importing…'],
  ['Cancel', 'Cancelling…']
]);

/** The status line of a form that waits for the kernel. */
export class Status {
  readonly element = h('div', { class: 'zs-status', role: 'status' });

  /** Show that the form waits for the kernel; `verb` is the label of the clicked button. */
  wait(verb: string): void {
    this.element.textContent = PROGRESS_TEXTS.get(verb) ?? 'Sending…';
    this._timer = setTimeout(() => {
      this.element.textContent = 'Waiting for the kernel, which is busy with another cell.';
    }, EXPLANATION_DELAY);
  }

  /** Stop the timer of the explanation. */
  stop(): void {
    clearTimeout(this._timer);
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
}
