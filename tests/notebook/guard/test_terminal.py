"""Tests of the guard in IPython in a real terminal.

The screen shows no value, and programs that need a terminal work.
"""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.support.redaction.values import longest_visible
from tests.support.terminal import spawn_in_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30
"""Timeout of each expected output."""
PROMPT = r"In \[\d+\]:.*\x1b\[\?25h"
"""Pattern of a drawn prompt. It ends with the control sequence that shows the cursor again."""


class Terminal:
    """IPython in a terminal.

    Attributes:
        token: A value that the guard masks. In IPython it is in the environment variable ``SOME_API_TOKEN`` and the variable ``token``.
        child: The process of IPython.
    """

    def __init__(self, folder: Path, token: str) -> None:
        """Start IPython with ``token`` in its environment, and load the extension."""
        self.token = token
        # Without NO_CPR, IPython would ask the terminal for the position of the cursor, and this terminal does not answer.
        environment = {
            "HOME": str(folder),
            "IPYTHONDIR": str(folder / "ipython"),
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "SOME_API_TOKEN": token,
        }
        self._output_file = folder / "screen"
        self._open_output_file = self._output_file.open("w", encoding="utf-8")
        ipython = str(Path(sys.executable).parent / "ipython")
        options = ["--no-banner", "--colors=NoColor", "--no-confirm-exit"]
        self.child = spawn_in_terminal(ipython, options, environment, seconds=SECONDS, size=(40, 150))
        self.child.logfile_read = self._open_output_file
        self._number_of_last_prompt = 0
        self.cell("%load_ext zensecrets_jupyter")
        self.cell("import curses, os, subprocess, sys, threading, time; token = os.environ['SOME_API_TOKEN']")

    def cell(self, code: str) -> None:
        """Type a line at the next prompt.

        IPython draws a prompt several times, so this method waits for a prompt with a new number.
        """
        number = self._number_of_last_prompt
        while number <= self._number_of_last_prompt:
            self.child.expect(PROMPT)
            number = int(re.findall(r"In \[(\d+)\]:", str(self.child.after))[-1])
        self._number_of_last_prompt = number
        self.child.send(f"{code}\r")

    def end(self) -> str:
        """End IPython, and return the output on the screen without control sequences."""
        self.cell("exit")
        self.child.expect(pexpect.EOF)
        self.close()
        output = self._output_file.read_text(encoding="utf-8")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)

    def close(self) -> None:
        """Kill the process."""
        self.child.close(force=True)
        self._open_output_file.close()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Return IPython in a terminal with the extension."""
    terminal = Terminal(tmp_path, secrets.token_urlsafe(24))
    yield terminal
    terminal.close()


CELLS = [
    "print('<1>', token)",
    "print('<2>', token, file=sys.stderr)",
    "'<3>' + token",
    "raise ValueError('<4>' + token)",
    "_ = os.system('echo \"<5>\" $SOME_API_TOKEN')",
    "!echo '<6>' $SOME_API_TOKEN",
    "_ = subprocess.run('echo \"<7>\" $SOME_API_TOKEN >&2', shell=True)",
    "_ = os.write(1, ('<8>' + token + '\\n').encode())",
    "print('<9>', token[:7], end='', flush=True); time.sleep(0.02); print(token[7:])",
    "import warnings; warnings.warn('<10>' + token)",
    "import logging; logging.warning('<11> %s', token)",
    # The thread prints above the next prompt.
    "threading.Timer(0.5, print, ('<12>', token)).start()",
    "time.sleep(1)",
]
"""Cells that write the value in twelve ways. A number in brackets before the value identifies the way."""


def test_the_screen_shows_no_value(terminal: Terminal) -> None:
    """Each way to write the value shows a mask, also above a prompt."""
    for code in CELLS:
        terminal.cell(code)
    output = terminal.end()
    # Twelve consecutive characters of a value are a leak.
    assert longest_visible(terminal.token, output) < 12
    numbers_of_masked_lines = re.findall(r"<(\d+)>[^\n]{0,20}‹secret:env\.SOME_API_TOKEN›", output)
    assert {int(number) for number in numbers_of_masked_lines} == set(range(1, 13))


def test_programs_find_a_terminal(terminal: Terminal) -> None:
    """The output of programs is a terminal of the right size, and shows no value.

    The programs are a Python prompt, a curses program, a pager and the debugger. Ctrl-C interrupts a cell.
    """
    child = terminal.child
    # With `<&1`, `tty` and `stty` examine descriptor 1, which the guard replaces.
    terminal.cell("!tty -s <&1 && stty size <&1")
    child.expect("40 150")
    terminal.cell("!python3 -q")
    child.expect(">>> ")
    child.send("import os; print('inside', os.environ['SOME_API_TOKEN'])\r")
    child.expect("inside ‹secret:env.SOME_API_TOKEN›")
    child.expect(">>> ")
    child.send("exit()\r")
    # The words of an expected output are split in the code, because the terminal also echoes the code.
    terminal.cell("curses.wrapper(lambda window: (window.addstr('press' + ' a key'), window.refresh(), window.getkey())[2])")
    child.expect("press a key")
    child.send("k")
    child.expect("'k'")
    terminal.cell("help(str.join)")
    child.expect("Concatenate")
    child.send("q")
    terminal.cell("1 / (0 if token else 1)")
    terminal.cell("%debug")
    child.expect("ipdb>")
    child.send("p token\r")
    child.expect("‹secret:env.SOME_API_TOKEN›")
    child.expect("ipdb>")
    child.send("q\r")
    terminal.cell("print('now' + ' wait'); time.sleep(30)")
    child.expect("now wait")
    child.sendintr()
    child.expect("KeyboardInterrupt")
    assert terminal.token not in terminal.end()


def test_unloading_restores_the_terminal(terminal: Terminal) -> None:
    """After ``%unload_ext`` the descriptors lead to the terminal, and the streams are Python's own.

    After another ``%load_ext``, the guard masks again.
    """
    print_state = "print([os.ttyname(1) == os.ttyname(2) == os.ttyname(0), sys.stdout is sys.__stdout__, threading.active_count()])"
    terminal.cell(print_state)
    # With the guard on, descriptor 2 is a pipe, so `ttyname` fails.
    terminal.child.expect(r"\[(True|False), True, (\d+)\]|not a tty|Inappropriate ioctl")
    terminal.cell("%unload_ext zensecrets_jupyter")
    terminal.cell(print_state)
    terminal.child.expect(r"\[True, True, \d+\]")
    terminal.cell("%load_ext zensecrets_jupyter")
    terminal.cell("print('<again>', token)")
    terminal.child.expect("<again> ‹secret:env.SOME_API_TOKEN›")
    terminal.end()
