import { button } from './dom';
import { icon } from './icons';

/** A control that can show its text in clear instead of dots. */
interface IRevealable {
  isRevealed: boolean;
}

/**
 * Create a button that shows a sensitive text while the user presses it. The
 * listeners outside of the button are removed when `signal` is aborted.
 */
export function peekButton(
  control: IRevealable,
  subject: string,
  signal: AbortSignal
): HTMLButtonElement {
  const label = `Show ${subject} while held`;
  const peek = button(
    { class: 'zs-tool zs-peek', 'aria-label': label, title: 'Hold to show' },
    icon('eye'),
    () => undefined
  );
  const show = (): void => {
    control.isRevealed = true;
  };
  const hide = (): void => {
    control.isRevealed = false;
  };
  peek.addEventListener('pointerdown', event => {
    if (event.button === 0) {
      show();
    }
  });
  peek.addEventListener('keydown', event => {
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      show();
    }
  });
  for (const end of ['pointerup', 'pointerleave', 'pointercancel', 'keyup', 'blur']) {
    peek.addEventListener(end, hide);
  }
  // A long touch would open the context menu.
  peek.addEventListener('contextmenu', event => {
    event.preventDefault();
    hide();
  });
  document.addEventListener('visibilitychange', hide, { signal });
  window.addEventListener('blur', hide, { signal });
  return peek;
}
