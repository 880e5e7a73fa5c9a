import { h } from './dom';

/** How long the kernel may take before the form says why it waits, in milliseconds. */
const PATIENCE = 1000;

const DOING = new Map([
  ['Register', 'Registering…'],
  ['Update', 'Updating…'],
  ['Import', 'Importing…'],
  ['Cancel', 'Cancelling…']
]);

/** What the form says while it waits for the kernel. */
export class Status {
  readonly element = h('div', { class: 'zs-status', role: 'status' });

  /** Say that the kernel has been asked to do something. */
  wait(verb: string): void {
    this.element.textContent = DOING.get(verb) ?? 'Sending…';
    this._timer = setTimeout(() => {
      this.element.textContent = 'Waiting for the kernel, which is busy with another cell.';
    }, PATIENCE);
  }

  stop(): void {
    clearTimeout(this._timer);
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
}
