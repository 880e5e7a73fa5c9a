import { button } from './dom';
import { icon } from './icons';

/** A control that shows its text, or dots instead. */
interface IRevealable {
  revealed: boolean;
}

/** Create a button that shows a sensitive text while the user presses it. */
export function peekButton(
  control: IRevealable,
  subject: string,
  signal: AbortSignal
): HTMLButtonElement {
  const label = `Show ${subject} while held`;
  const eye = button(
    { class: 'zs-tool zs-peek', 'aria-label': label, title: 'Hold to show' },
    icon('eye'),
    () => undefined
  );
  const show = (): void => {
    control.revealed = true;
  };
  const hide = (): void => {
    control.revealed = false;
  };
  eye.addEventListener('pointerdown', event => {
    if (event.button === 0) {
      show();
    }
  });
  eye.addEventListener('keydown', event => {
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      show();
    }
  });
  for (const end of ['pointerup', 'pointerleave', 'pointercancel', 'keyup', 'blur']) {
    eye.addEventListener(end, hide);
  }
  // A long touch would open the context menu.
  eye.addEventListener('contextmenu', event => {
    event.preventDefault();
    hide();
  });
  document.addEventListener('visibilitychange', hide, { signal });
  window.addEventListener('blur', hide, { signal });
  return eye;
}
