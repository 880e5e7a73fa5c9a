"""Hidden prompts at a terminal: what is typed or pasted is registered whole or refused, and is echoed and remembered nowhere."""

from __future__ import annotations

import io
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGISTER = "secret register pasted --key"
ASKED = r"Value of pasted\.key: "
CTRL_C, CTRL_U, BACKSPACE, LEFT = "\x03", "\x15", "\x7f", "\x1b[D"


def private_key(lines: int = 26) -> str:
    """Return a text like a private key, every line of which is a canary."""
    body = "\n".join(canary() + "A" * 20 for _ in range(lines))
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"


def at_once(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text as a terminal without bracketed paste does."""
    process.send(text.replace("\n", "\r") + "\r")


def slowly(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text over a slow connection: 20 ms a line."""
    for line in text.split("\n"):
        process.send(f"{line}\r")
        time.sleep(0.02)


def with_line_feeds(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text with the line ends of Windows."""
    process.send(text.replace("\n", "\r\n") + "\r")


def bracketed(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text as today's terminals do, and press Enter."""
    process.send(f"\x1b[200~{text}\x1b[201~")
    process.send("\r")


PASTES = [at_once, slowly, with_line_feeds, bracketed]


class Shell:
    """A shell at a terminal, in which zensecrets is called."""

    def __init__(self, folder: Path, program: str, options: list[str], prompt: str, call: str) -> None:
        self.folder = folder
        environment = {
            "HISTFILE": str(folder / "history"),
            "PS1": "ready> ",
            "TERM": "xterm",
            "IPYTHONDIR": str(folder / "ipython"),
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "ZENSECRETS_HOME": str(folder / "home"),
            "ZENSECRETS_PASSPHRASE": "a passphrase of the tests",
            "PATH": f"{ZENSECRETS.parent}{os.pathsep}{os.environ['PATH']}",
        }
        self._call, self._prompt = call, prompt
        self._environment = environment
        self.process = spawn_in_terminal(program, options, environment, folder=folder)
        self.process.logfile_read = self._shown = io.StringIO()
        self.ready()

    def ready(self) -> None:
        """Wait for the shell's prompt."""
        self.process.expect(self._prompt)

    def ask(self) -> pexpect.spawn[str]:
        """Start the command, and return the process when it asks for the value."""
        self.process.send(f"{self._call}{REGISTER}\r")
        self.process.expect(ASKED)
        return self.process

    def registered(self) -> str:
        """Return what is registered in the end."""
        done = run_zensecrets("secret", "get", "pasted", "--key=key", "--reveal", environment=self._environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")

    def end(self) -> str:
        """End the shell, and return all that it has shown."""
        self.process.send("exit\r")
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self._shown.getvalue()

    def leaks(self) -> list[str]:
        """Return where canaries are: on the screen, or in a file of the shell or of ours."""
        return [*find_canary(self.end()), *find_canary(self.folder)]


@contextmanager
def shell(kind: str, folder: Path) -> Iterator[Shell]:
    """Start bash, or IPython or ``jupyter console`` with the extension."""
    if kind == "bash":
        started = Shell(folder, "bash", ["--norc", "-i"], "ready> ", "zensecrets ")
    elif kind == "jupyter console":
        (folder / "runtime").mkdir(exist_ok=True)
        options = ["-m", "jupyter_console", "--no-confirm-exit", "--KernelManager.transport=ipc", f"--KernelManager.ip={folder}/kernel"]
        started = Shell(folder, sys.executable, options, r"In \x1b?\[.*\]: .*\x1b\[\?25h", "%")
        started.process.send("%load_ext zensecrets_jupyter\r")
        started.ready()
    else:
        options = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=NoColor", "--ext=zensecrets_jupyter"]
        started = Shell(folder, sys.executable, options, r"In \[\d+\]:.*\x1b\[\?25h", "%")
    try:
        yield started
    finally:
        started.process.close(force=True)


@pytest.mark.once
def test_a_console_hands_on_no_line_of_a_key(tmp_path: Path) -> None:
    """``jupyter console`` reads one line itself: the others are swallowed, not run, not shown, and nothing is registered."""
    with shell("jupyter console", tmp_path) as running:
        for paste in PASTES:
            process = running.ask()
            paste(process, private_key())
            process.expect("Press Enter when the paste has ended")
            time.sleep(0.5)
            process.send("\r")
            process.expect("The prompt got only the first line of a text with several lines; the answer was not used")
            running.ready()
        assert running.leaks() == []


@pytest.mark.parametrize("kind", ["bash", "IPython"])
@pytest.mark.parametrize("paste", PASTES)
def test_a_pasted_key_is_taken_whole(paste: object, kind: str, tmp_path: Path) -> None:
    """Every line of it is registered, the person is told how many came, and none is echoed, run or remembered by the shell."""
    value = private_key()
    with shell(kind, tmp_path) as started:
        process = started.ask()
        assert callable(paste)
        paste(process, value)
        process.expect(r"\(28 lines\)")
        process.expect("Registered")
        started.ready()
        assert started.registered() == value
        assert started.leaks() == []


@pytest.mark.parametrize("kind", ["bash", "IPython"])
def test_a_long_line_is_taken_whole(kind: str, tmp_path: Path) -> None:
    """A terminal hands over 4,095 bytes of a line; a token may be longer."""
    value = canary() + "x" * 6000
    with shell(kind, tmp_path) as started:
        started.ask().send(f"{value}\r")
        started.process.expect("Registered")
        started.ready()
        assert started.registered() == value
        assert started.leaks() == []


def test_half_a_key_is_refused(tmp_path: Path) -> None:
    """Where the end of a private key does not arrive nothing is registered, and what comes too late is dropped."""
    value = private_key(4)
    begin = value[: value.index("-----END")]
    with shell("bash", tmp_path) as started:
        at_once(started.ask(), begin.rstrip("\n"))
        started.process.expect(r"The end of a private key did not arrive\. The input was ignored\..*--KEY=@FILE")
        started.ready()
        assert "pasted" not in run_zensecrets("secret", "list", environment={"ZENSECRETS_HOME": str(tmp_path / "home")}).stdout
        assert started.leaks() == []


def test_a_paste_into_another_question_is_not_run(tmp_path: Path) -> None:
    """What was pasted where a key's name or a yes was asked for is refused; the shell runs no line of it, and remembers none."""
    with shell("bash", tmp_path) as started:
        process = started.ask()
        process.send("value-of-it\r")
        for line, asked in (("delete pasted", r"\[y/N\]: "), ("register other -i", "Key of other: ")):
            started.ready()
            process.send(f"zensecrets secret {line}\r")
            process.expect(asked)
            slowly(process, "-----BEGIN PRIVATE KEY-----\ntouch ran\ntouch ran too")
            process.expect("The prompt got several lines instead of one; the answer was not used.")
        started.ready()
        process.send("echo last\r")
        process.expect("last\r\n")
        started.ready()
        assert started.registered() == "value-of-it"
        started.end()
        assert not (tmp_path / "ran").exists()
        assert "touch" not in (tmp_path / "history").read_text()


def test_what_is_typed_can_be_mended(tmp_path: Path) -> None:
    """Backspace takes a character back, Ctrl-U all; the arrow keys and other keys without a character do nothing.

    What was typed ahead of the question is swallowed: it is no part of the value, and the shell does not run it afterwards.
    """
    with shell("bash", tmp_path) as started:
        value = canary()
        started.process.send(f"zensecrets {REGISTER}\r")
        # By then the shell has started the command, which has not asked yet.
        time.sleep(0.1)
        started.process.send("touch ahead\rtouch ahead")
        started.process.expect(ASKED)
        started.process.send(f"wrong{CTRL_U}{value[:9]}xy{BACKSPACE}{BACKSPACE}{LEFT}{value[9:]}\r")
        started.process.expect("Registered")
        started.ready()
        assert started.registered() == value
        assert started.leaks() == []
        assert not (tmp_path / "ahead").exists()
        assert "touch" not in (tmp_path / "history").read_text()


@pytest.mark.parametrize("kind", ["bash", "IPython"])
def test_ctrl_c_in_the_middle(kind: str, tmp_path: Path) -> None:
    """Nothing is registered, and the terminal echoes again what is typed to the shell."""
    with shell(kind, tmp_path) as started:
        started.ask().send(canary())
        started.process.send(CTRL_C)
        started.ready()
        started.process.send("echo seen\r" if kind == "bash" else "print('seen')\r")
        started.process.expect("seen.*seen")
        started.ready()
        assert "pasted" not in run_zensecrets("secret", "list", environment={"ZENSECRETS_HOME": str(tmp_path / "home")}).stdout
        assert started.leaks() == []


def test_the_terminal_is_resized(tmp_path: Path) -> None:
    """A window that changes its size while a value is typed loses nothing of it, and shows nothing."""
    value = canary()
    with shell("bash", tmp_path) as started:
        process = started.ask()
        process.send(value[:10])
        process.setwinsize(20, 50)
        time.sleep(0.1)
        process.send(f"{value[10:]}\r")
        process.expect("Registered")
        started.ready()
        assert started.registered() == value
        assert started.leaks() == []


def test_white_space_and_line_ends_of_a_paste_are_kept(tmp_path: Path) -> None:
    """A bracketed paste is taken as it is, and the person is told of white space at its ends; Enter alone is no part of a value."""
    value = f"  {canary()}\n\n{canary()}\n"
    with shell("bash", tmp_path) as started:
        bracketed(started.ask(), value)
        started.process.expect("starts or ends with white space, which is stored too")
        started.ready()
        assert started.registered() == value
        assert started.leaks() == []
