"""Tests of the history of IPython in a real terminal, including its arrow keys."""

from __future__ import annotations

import re
import secrets
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pexpect

from tests.support.terminal import spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CURSOR_RIGHT = re.compile(r"\x1b\[C")
"""Control sequence that moves the cursor to the right.

IPython writes it instead of a space where the screen already shows a space.
"""
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
UP = "\x1b[A"
CTRL_U = "\x15"
"""Key that deletes the text of the line."""


@contextmanager
def ipython(home: Path) -> Iterator[pexpect.spawn[str]]:
    """Start IPython in a terminal with its files below ``home``, and load the extension."""
    folders = {"IPYTHONDIR": str(home / "ipython"), "ZENSECRETS_HOME": str(home / "zensecrets")}
    options = ["-m", "IPython", "--no-banner", "--no-confirm-exit"]
    # Without NO_CPR, IPython would ask the terminal for the position of the cursor, and this terminal does not answer.
    environment = {**folders, "ZENSECRETS_PASSPHRASE": canary("passphrase"), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = spawn_in_terminal(sys.executable, options, environment, size=(50, 200))
    try:
        read_until(process, "In [1]:")
        enter(process, "%load_ext zensecrets_jupyter", 2)
        yield process
    finally:
        process.close(force=True)


def read_until(process: pexpect.spawn[str], text: str) -> str:
    """Read output until it contains ``text``, and return it without control sequences.

    The result may contain output after the text, which the next call does not return again.
    """
    raw_output = ""
    while text not in (plain_output := _CONTROL_SEQUENCE.sub("", _CURSOR_RIGHT.sub(" ", raw_output))):
        raw_output += process.read_nonblocking(size=10_000, timeout=60)
    return plain_output


def enter(process: pexpect.spawn[str], line: str, next_number: int) -> str:
    """Enter a line, and return the output until the prompt with ``next_number``."""
    process.send(line)
    process.send("\r")
    return read_until(process, f"In [{next_number}]:")


def test_the_terminal_history_contains_no_inline_secret(tmp_path: Path) -> None:
    """The arrow keys, ``In`` and the history file contain no value.

    A warning says that the screen may show the value.
    """
    value = canary("typed")
    with ipython(tmp_path) as process:
        output = enter(process, f"%secret register x --key={value}", 3)
        assert "Registered secret 'x'" in output
        assert "Warning: the value of x.key was typed in plain text." in output
        output = enter(process, f"token = '{value}'", 4)
        assert "Warning: this cell holds the value of x.key" in output
        process.send(UP)
        assert not find_canary(read_until(process, "token = '‹secret:x.key›'"))
        process.send(UP)
        assert not find_canary(read_until(process, "secret register x --key"))
        process.send(CTRL_U)
        # With the guard on, the output would be masked, and would not show whether the history contains the value.
        enter(process, "%secret guard off", 5)
        output = enter(process, "print(In, _ih, [value for name, value in list(globals().items()) if name.startswith('_i')])", 6)
        assert "‹secret:x.key›" in output
        assert not find_canary(output)
        process.send("exit\r")
        process.expect(pexpect.EOF)
    assert not find_canary(tmp_path)


def test_the_terminal_history_contains_no_value_of_a_malformed_line(tmp_path: Path) -> None:
    """No error, history or file contains the value of a malformed line.

    The lines are a magic without ``%``, and two failed calls that contain the values ``others``.
    """
    value = canary("malformed")
    others = [secrets.token_hex(14), secrets.token_hex(14)]
    with ipython(tmp_path) as process:
        # A variable with the name of a magic turns off automagic for this name.
        enter(process, "secret = 1", 3)
        output = enter(process, f"secret register x --key={value}", 4)
        assert "SyntaxError" in output
        assert "Warning: the value of x.key was typed in plain text." in output
        enter(process, f"from zensecrets_jupyter import Client; Client().registr_secret('x', '{others[0]}')", 5)
        enter(process, f"Client().create_secret('x', dict(k='{others[1]}')]", 6)
        enter(process, "%secret guard off", 7)
        output = enter(process, "print(In, _ih, list(get_ipython().history_manager.get_range(raw=False)))", 8)
        assert "secret register x --key'" in output
        assert not find_canary(output)
        # With further arguments, `find_canary` searches for these texts instead of canaries.
        assert not find_canary(output, *others)
        process.send("exit\r")
        process.expect(pexpect.EOF)
    assert not find_canary(tmp_path)
    assert not find_canary(tmp_path, *others)


def test_the_arrow_keys_show_the_mask_of_a_value_that_is_protected_later(tmp_path: Path) -> None:
    """If the value of an earlier line is registered, that line is recalled with a mask."""
    with ipython(tmp_path) as process:
        enter(process, f"token = '{canary('early')}'", 3)
        register = (
            "from zensecrets_jupyter import ArbitrarySecretSchema as S, Client; "
            "Client().active_stack.secrets_manager.register_secret(S(name='late', key=token))"
        )
        output = enter(process, register, 4)
        assert "Warning: cell [2] holds the value of late.key" in output
        process.send(UP)
        read_until(process, "register_secret")
        process.send(UP)
        read_until(process, "‹secret:late.key›")
        process.send(CTRL_U)
        process.send("exit\r")
        process.expect(pexpect.EOF)
    assert not find_canary(tmp_path)
