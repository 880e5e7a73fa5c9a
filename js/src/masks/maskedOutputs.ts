import { removeHighlights, highlightMasks } from './showMasks';

/** The selector of outputs in a notebook. */
const OUTPUT_SELECTOR = '.jp-OutputArea-output';

/** The delay in milliseconds between a change of an output and the highlighting of its masks. */
const HIGHLIGHT_DELAY = 200;

/** Highlights masks in the outputs below a node, while it is enabled. */
export class MaskedOutputs {
  constructor(private readonly _node: HTMLElement) {}

  /** Start or stop highlighting. */
  setEnabled(isEnabled: boolean): void {
    this._observer.disconnect();
    clearTimeout(this._timer);
    this._timer = undefined;
    if (isEnabled) {
      this._observer.observe(this._node, { characterData: true, childList: true, subtree: true });
      this._update();
    } else {
      removeHighlights(this._node);
    }
  }

  /** Highlight masks after a delay, because a stream is drawn repeatedly while it grows. */
  private _scheduleUpdate(): void {
    this._timer ??= setTimeout(() => {
      this._timer = undefined;
      this._update();
    }, HIGHLIGHT_DELAY);
  }

  private _update(): void {
    for (const output of this._node.querySelectorAll(OUTPUT_SELECTOR)) {
      highlightMasks(output);
    }
    // Drop the records of our own changes.
    this._observer.takeRecords();
  }

  private readonly _observer = new MutationObserver(() => {
    this._scheduleUpdate();
  });
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
