import { button } from './dom';
import { icon } from './icons';

/** What can be shown for a moment. */
interface IRevealable {
  revealed: boolean;
}

/** Make an eye that shows a sensitive text for as long as it is held, and no longer. */
export function peekButton(
  of: IRevealable,
  what: string,
  signal: AbortSignal
): HTMLButtonElement {
  const label = `Show ${what} while held`;
  const eye = button(
    { class: 'zs-tool zs-peek', 'aria-label': label, title: 'Hold to show' },
    icon('eye'),
    () => undefined
  );
  const show = (): void => {
    of.revealed = true;
  };
  const hide = (): void => {
    of.revealed = false;
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
  // A long touch is no wish for a menu here.
  eye.addEventListener('contextmenu', event => {
    event.preventDefault();
    hide();
  });
  document.addEventListener('visibilitychange', hide, { signal });
  window.addEventListener('blur', hide, { signal });
  return eye;
}
