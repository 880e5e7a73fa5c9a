import { hideMasks, showMasks } from './showMasks';

/** What of a notebook holds outputs, and nothing else. */
const OUTPUTS = '.jp-OutputArea-output';

/** How long an output may change before it is looked at again, in milliseconds. */
const PAUSE = 200;

/** Shows what was masked in the outputs below a node, while that is wanted. */
export class MaskedOutputs {
  constructor(private readonly _node: HTMLElement) {}

  /** Show what was masked from now on, or no more. */
  turn(on: boolean): void {
    this._observer.disconnect();
    clearTimeout(this._timer);
    this._timer = undefined;
    if (on) {
      this._observer.observe(this._node, { characterData: true, childList: true, subtree: true });
      this._look();
    } else {
      hideMasks(this._node);
    }
  }

  /** Look once an output has come to rest: a stream is drawn over and over while it grows. */
  private _lookSoon(): void {
    this._timer ??= setTimeout(() => {
      this._timer = undefined;
      this._look();
    }, PAUSE);
  }

  private _look(): void {
    for (const output of this._node.querySelectorAll(OUTPUTS)) {
      showMasks(output);
    }
    // What was changed just now is our own doing.
    this._observer.takeRecords();
  }

  private readonly _observer = new MutationObserver(() => {
    this._lookSoon();
  });
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
