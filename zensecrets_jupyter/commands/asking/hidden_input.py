"""Hidden input at a terminal, for values of any length and of several lines.

In its normal mode, a terminal delivers lines of at most 4,095 bytes, and a prompt reads one line. From a pasted private key, the prompt
would read only the first line, and the shell would run the other lines. This module keeps the terminal in raw mode, in which a program
receives each key press at once, until the whole value has arrived.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidSecretError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPress

_PAUSE = 0.15
"""The seconds without input after which an Enter ends the value.

In a terminal without bracketed paste, the line ends of a pasted text look like Enter, but more input follows within this time.
"""
_PAUSE_IN_PRIVATE_KEY = 3.0
"""The seconds without input after which a private key without its last line is refused."""
_TERMINAL = Path("/dev/tty")
_PRIVATE_KEY_BEGIN, _PRIVATE_KEY_END = "-----BEGIN ", "-----END "
FROM_FILE = "Read the value from a file: --KEY=@FILE."
"""The hint for a value that does not arrive completely in a terminal."""


def read_hidden(prompt: str, *, terminal: Path | None = None, screen: TextIO | None = None) -> str:
    """Show ``prompt``, and return the text that a person types or pastes.

    The text has no final line end.

    Args:
        prompt: The text before the input.
        terminal: The terminal to read from; by default the terminal of this process.
        screen: The stream that shows the prompt; by default the terminal.

    Raises:
        InteractionUnavailableError: If the input ends, or if the terminal can't hide typed text.
        InvalidSecretError: If the end of a private key did not arrive.
        KeyboardInterrupt: If the person presses Ctrl-C.
    """
    with ExitStack() as undo:
        terminal_output = undo.enter_context(_open_output(terminal))
        screen = screen or terminal_output
        try:
            keyboard = undo.enter_context(_open_keyboard(terminal))
            undo.enter_context(_raw_mode(keyboard, terminal_output))
        except OSError:
            raise unanswered_error(prompt, "this terminal can't hide typed text") from None
        _write(screen, prompt)
        undo.callback(_write, screen, "\n")
        try:
            text = _InputBuffer(keyboard).read()
        except EOFError:
            raise unanswered_error(prompt, "the input ended") from None
        line_count = text.count("\n") + 1
        if line_count > 1:
            _write(screen, f"({line_count} lines)")
        return text


def drop_lines() -> bool:
    """Discard the remaining lines of a pasted text on standard input.

    Otherwise the shell would run these lines when the program has ended.

    Returns:
        Whether there were lines.
    """
    if sys.platform == "win32":
        return False
    import termios

    descriptor = sys.stdin.fileno()
    has_lines = False
    while select.select([descriptor], [], [], _PAUSE)[0] and os.read(descriptor, 1 << 16):
        has_lines = True
    if has_lines:
        # A terminal does not deliver the text after the last line end yet, so this text is discarded in the terminal.
        with suppress(termios.error):
            termios.tcflush(descriptor, termios.TCIFLUSH)
    return has_lines


class _InputBuffer:
    """The input from a keyboard until Enter ends it."""

    def __init__(self, keyboard: Input) -> None:
        self._keyboard = keyboard
        self._characters: list[str] = []
        self._enter_count = 0
        """How often Enter was pressed since the last character. If more characters follow, each Enter is a line end of the text."""
        self._previous_key: Any = None

    def read(self) -> str:
        """Read until Enter ends the text, and return the text."""
        while True:
            is_in_private_key = self._is_in_private_key()
            pause = _PAUSE_IN_PRIVATE_KEY if is_in_private_key else _PAUSE
            # Without a timeout, the wait for the next key press has no limit. There is a timeout only after Enter.
            timeout = pause if self._enter_count else None
            if _is_ready(self._keyboard, timeout):
                for key_press in self._keyboard.read_keys():
                    self._handle_key(key_press)
                if self._keyboard.closed:
                    raise EOFError
            elif is_in_private_key:
                raise InvalidSecretError("The end of a private key did not arrive. The input was ignored.", hint=FROM_FILE)
            else:
                return "".join(self._characters)

    def _is_in_private_key(self) -> bool:
        """Return whether Enter was pressed inside a private key, after its first line and before its last one."""
        if not self._enter_count:
            return False
        text = "".join(self._characters)
        return text.lstrip().startswith(_PRIVATE_KEY_BEGIN) and _PRIVATE_KEY_END not in text

    def _handle_key(self, key_press: KeyPress) -> None:
        from prompt_toolkit.keys import Keys

        key = key_press.key
        if key is Keys.ControlC:
            raise KeyboardInterrupt
        if key is Keys.ControlD and not self._characters:
            raise EOFError
        if key is Keys.ControlM or (key is Keys.ControlJ and self._previous_key is not Keys.ControlM):
            # ControlM is a carriage return, and ControlJ a line feed. A line feed directly after a carriage return is no second line end.
            self._enter_count += 1
        elif key is Keys.ControlH:
            # ControlH is the backspace key.
            self._add_line_ends()
            del self._characters[-1:]
        elif key is Keys.ControlU:
            # Ctrl-U deletes the whole input.
            self._characters.clear()
            self._enter_count = 0
        elif key is Keys.BracketedPaste:
            self._add_line_ends()
            self._characters += key_press.data.replace("\r\n", "\n").replace("\r", "\n")
        elif key is Keys.ControlI or not isinstance(key, Keys):
            # ControlI is a tab. An ordinary character is no member of Keys. All other keys, such as arrow keys, are ignored.
            self._add_line_ends()
            self._characters += key_press.data
        self._previous_key = key

    def _add_line_ends(self) -> None:
        self._characters += "\n" * self._enter_count
        self._enter_count = 0


@contextmanager
def _open_output(terminal: Path | None) -> Iterator[TextIO]:
    """Open the terminal for output, even if stdout and stderr are redirected; without a terminal, yield stderr."""
    with ExitStack() as undo:
        output = sys.stderr
        if sys.platform != "win32":
            with suppress(OSError):
                file = (terminal or _TERMINAL).open("w", encoding=sys.stderr.encoding, errors="replace")
                output = undo.enter_context(file)
        yield output


@contextmanager
def _open_keyboard(terminal: Path | None) -> Iterator[Input]:
    from prompt_toolkit.input import create_input

    if terminal is None:
        yield create_input(always_prefer_tty=True)
        return
    with terminal.open(encoding="utf-8") as file:
        yield create_input(file)


@contextmanager
def _raw_mode(keyboard: Input, output: TextIO) -> Iterator[None]:
    """Context manager: raw mode without echo; input that is pending before or after it is discarded.

    Raises:
        OSError: If the terminal can't turn off its echo.
    """
    if sys.platform == "win32":
        with keyboard.raw_mode():
            yield
        return
    import termios

    descriptor = keyboard.fileno()
    has_bracketed_paste = os.environ.get("TERM", "dumb") != "dumb"
    with keyboard.raw_mode():
        try:
            # If the terminal still echoes, the typed value would be visible.
            _, _, _, local_modes, *_ = termios.tcgetattr(descriptor)
            if local_modes & termios.ECHO:
                raise OSError
        except termios.error as error:
            raise OSError from error
        termios.tcflush(descriptor, termios.TCIFLUSH)
        # Turn on bracketed paste (xterm): a pasted text arrives between two escape sequences, and prompt_toolkit reads it as one key.
        _write(output, "\x1b[?2004h" if has_bracketed_paste else "")
        try:
            yield
        finally:
            _write(output, "\x1b[?2004l" if has_bracketed_paste else "")
            termios.tcflush(descriptor, termios.TCIFLUSH)


def _is_ready(keyboard: Input, seconds: float | None) -> bool:
    """Wait for a key press, and return whether there was one in ``seconds``; ``None`` waits without a limit."""
    if sys.platform == "win32":
        from prompt_toolkit.eventloop.win32 import wait_for_handles

        return wait_for_handles([keyboard.handle], -1 if seconds is None else int(seconds * 1000)) is not None
    return bool(select.select([keyboard.fileno()], [], [], seconds)[0])


def _write(screen: TextIO, text: str) -> None:
    screen.write(text)
    screen.flush()


def unanswered_error(prompt: str, reason: str) -> InteractionUnavailableError:
    """Return the error for a prompt that can't be answered; ``reason`` follows "because" in its message."""
    return InteractionUnavailableError(f"The prompt ({prompt.strip().rstrip(':')}) can't be answered, because {reason}.")
