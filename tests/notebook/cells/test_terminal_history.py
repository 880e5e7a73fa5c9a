"""What is typed at the prompt of IPython in a terminal: real keys, a real screen, and the history that the arrow keys go through."""

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

_BLANK = re.compile(r"\x1b\[C")
"""Where a blank is on the screen already, the cursor only moves on."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
UP = "\x1b[A"
ALL = "\x15"
"""Takes back what stands on the line."""


@contextmanager
def ipython(home: Path) -> Iterator[pexpect.spawn[str]]:
    """Start IPython at a terminal with its state under ``home``, with the extension loaded."""
    own = {"IPYTHONDIR": str(home / "ipython"), "ZENSECRETS_HOME": str(home / "zensecrets"), "ZENSECRETS_PASSPHRASE": canary("passphrase")}
    options = ["-m", "IPython", "--no-banner", "--no-confirm-exit"]
    environment = {**own, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    process = spawn_in_terminal(sys.executable, options, environment, size=(50, 200))
    try:
        until(process, "In [1]:")
        typed(process, "%load_ext zensecrets_jupyter", 2)
        yield process
    finally:
        process.close(force=True)


def until(process: pexpect.spawn[str], text: str) -> str:
    """Return what is written on the screen until it shows a text, without what moves the cursor and colours.

    What came in the same piece behind the text is returned too: it is not there for a second call.
    """
    shown = ""
    while text not in (plain := _CONTROL.sub("", _BLANK.sub(" ", shown))):
        shown += process.read_nonblocking(size=10_000, timeout=60)
    return plain


def typed(process: pexpect.spawn[str], line: str, then: int) -> str:
    """Type a line, and return what the screen shows until the next prompt, which has the number ``then``."""
    process.send(line)
    process.send("\r")
    return until(process, f"In [{then}]:")


def test_a_literal_at_the_prompt_is_in_no_history(tmp_path: Path) -> None:
    """It is gone from what the arrow keys bring, from In and from the file; a warning says that the screen may still show it."""
    value = canary("typed")
    with ipython(tmp_path) as process:
        shown = typed(process, f"%secret register x --key={value}", 3)
        assert "Registered secret 'x'" in shown
        assert "Warning: the value of x.key was typed in plain text." in shown
        shown = typed(process, f"token = '{value}'", 4)
        assert "Warning: this cell holds the value of x.key" in shown
        process.send(UP)
        assert not find_canary(until(process, "token = '‹secret:x.key›'"))
        process.send(UP)
        assert not find_canary(until(process, "secret register x --key"))
        process.send(ALL)
        typed(process, "%secret guard off", 5)
        shown = typed(process, "print(In, _ih, [value for name, value in list(globals().items()) if name.startswith('_i')])", 6)
        assert "‹secret:x.key›" in shown
        assert not find_canary(shown)
        process.send("exit\r")
        process.expect(pexpect.EOF)
    assert not find_canary(tmp_path)


def test_a_line_that_is_no_python_is_in_no_history(tmp_path: Path) -> None:
    """A forgotten sign, where a variable has the magic's name, and calls that fail: no error, history or file shows the value."""
    value = canary("forgotten")
    others = [secrets.token_hex(14), secrets.token_hex(14)]
    with ipython(tmp_path) as process:
        typed(process, "secret = 1", 3)
        shown = typed(process, f"secret register x --key={value}", 4)
        assert "SyntaxError" in shown
        assert "Warning: the value of x.key was typed in plain text." in shown
        typed(process, f"from zensecrets_jupyter import Client; Client().registr_secret('x', '{others[0]}')", 5)
        typed(process, f"Client().create_secret('x', dict(k='{others[1]}')]", 6)
        typed(process, "%secret guard off", 7)
        shown = typed(process, "print(In, _ih, list(get_ipython().history_manager.get_range(raw=False)))", 8)
        assert "secret register x --key'" in shown
        assert not find_canary(shown)
        assert not find_canary(shown, *others)
        process.send("exit\r")
        process.expect(pexpect.EOF)
    assert not find_canary(tmp_path)
    assert not find_canary(tmp_path, *others)


def test_what_becomes_known_later_is_gone_from_the_arrow_keys(tmp_path: Path) -> None:
    """A line that was typed before anything knew its value is masked when the arrow keys bring it back."""
    with ipython(tmp_path) as process:
        typed(process, f"token = '{canary('early')}'", 3)
        register = (
            "from zensecrets_jupyter import ArbitrarySecretSchema as S, Client; "
            "Client().active_stack.secrets_manager.register_secret(S(name='late', key=token))"
        )
        shown = typed(process, register, 4)
        assert "Warning: cell [2] holds the value of late.key" in shown
        process.send(UP)
        until(process, "register_secret")
        process.send(UP)
        until(process, "‹secret:late.key›")
        process.send(ALL)
        process.send("exit\r")
        process.expect(pexpect.EOF)
    assert not find_canary(tmp_path)
