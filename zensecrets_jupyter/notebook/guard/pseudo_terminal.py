"""A pseudo-terminal that replaces a real terminal, with the same size and settings.

Programs behave as without the guard, because they still write to a terminal. This module needs ``termios``, which Windows lacks.
"""

from __future__ import annotations

import fcntl
import os
import termios
from contextlib import suppress

_INPUT, _OUTPUT, _LOCAL, _CONTROL_CHARACTERS = 0, 1, 3, 6
"""Indexes in the list that ``termios.tcgetattr`` returns."""


class PseudoTerminal:
    """A pseudo-terminal that replaces a real terminal.

    Attributes:
        read_descriptor: The descriptor from which the guard reads the output of programs.
        write_descriptor: The descriptor to which programs write.
    """

    def __init__(self, real: int) -> None:
        """Open a pseudo-terminal for the terminal with the descriptor ``real``.

        It has the same size and settings, but no output processing, because the real terminal processes the output.
        """
        self._real = real
        self.read_descriptor, self.write_descriptor = os.openpty()
        fcntl.ioctl(self.write_descriptor, termios.TIOCSWINSZ, _size(real))
        settings = termios.tcgetattr(real)
        settings[_OUTPUT] &= ~termios.OPOST
        termios.tcsetattr(self.write_descriptor, termios.TCSANOW, settings)
        self._settings = _input_settings(termios.tcgetattr(self.write_descriptor))

    def synchronize(self) -> None:
        """Copy the size from the real terminal, and copy changed settings to the real terminal.

        A full-screen program such as an editor changes the settings of the terminal to which it writes, but reads the keyboard from
        the real terminal.
        """
        with suppress(termios.error, OSError):
            size = _size(self._real)
            if size != _size(self.read_descriptor):
                fcntl.ioctl(self.read_descriptor, termios.TIOCSWINSZ, size)
            current = termios.tcgetattr(self.read_descriptor)
            if _input_settings(current) != self._settings:
                settings = termios.tcgetattr(self._real)
                for index in (_INPUT, _LOCAL, _CONTROL_CHARACTERS):
                    settings[index] = current[index]
                termios.tcsetattr(self._real, termios.TCSANOW, settings)
            self._settings = _input_settings(current)


def _size(terminal: int) -> bytes:
    # The size is a `struct winsize` of 8 bytes.
    return fcntl.ioctl(terminal, termios.TIOCGWINSZ, b"\0" * 8)


def _input_settings(settings: list[object]) -> list[object]:
    """Return the settings that apply to the keyboard, from a list of ``termios.tcgetattr``."""
    return [settings[index] for index in (_INPUT, _LOCAL, _CONTROL_CHARACTERS)]
