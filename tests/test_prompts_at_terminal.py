"""Hidden prompts at a terminal.

A typed or pasted value is either registered completely or refused. It is never shown.
"""

from __future__ import annotations

import io
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.support.kernels import running_kernel
from tests.support.terminal import ZENSECRETS, run_zensecrets, spawn_in_terminal
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Paste = Callable[[pexpect.spawn[str], str], None]

REGISTER = "secret register pasted --key"
VALUE_PROMPT = r"Value of pasted\.key: "
CTRL_C, CTRL_U, BACKSPACE, LEFT = "\x03", "\x15", "\x7f", "\x1b[D"


def private_key(lines: int = 26) -> str:
    """Return a text like a private key, in which each line is a canary."""
    body = "\n".join(canary() + "A" * 20 for _ in range(lines))
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"


def paste_at_once(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text without bracketed paste."""
    process.send(text.replace("\n", "\r") + "\r")


def paste_slowly(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text over a slow connection, with 20 ms for each line."""
    for line in text.split("\n"):
        process.send(f"{line}\r")
        time.sleep(0.02)


def paste_with_line_feeds(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text with the line ends of Windows."""
    process.send(text.replace("\n", "\r\n") + "\r")


def paste_bracketed(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text with bracketed paste, and press Enter."""
    process.send(f"\x1b[200~{text}\x1b[201~")
    process.send("\r")


SHELLS = ["bash", "IPython", pytest.param("jupyter console", marks=pytest.mark.one_python)]
PASTES = [paste_at_once, paste_slowly, paste_with_line_feeds, paste_bracketed]


def environment_of_shell(folder: Path) -> dict[str, str]:
    """Return environment variables by which a shell or a kernel uses only files in ``folder``."""
    return {
        "HISTFILE": str(folder / "history"),
        "PS1": "test> ",
        "TERM": "xterm",
        "IPYTHONDIR": str(folder / "ipython"),
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "ZENSECRETS_HOME": str(folder / "home"),
        "ZENSECRETS_PASSPHRASE": "a passphrase of the tests",
        "PATH": f"{ZENSECRETS.parent}{os.pathsep}{os.environ['PATH']}",
    }


class Shell:
    """A shell at a pseudo-terminal that runs our commands."""

    def __init__(self, folder: Path, program: str, options: list[str], prompt: str, command_prefix: str) -> None:
        self.folder = folder
        self._command_prefix, self._prompt = command_prefix, prompt
        self._environment = environment_of_shell(folder)
        self.process = spawn_in_terminal(program, options, self._environment, folder=folder)
        self.process.logfile_read = self._shown = io.StringIO()
        self.wait_for_prompt()

    def wait_for_prompt(self) -> None:
        """Wait for the prompt of the shell."""
        self.process.expect(self._prompt)

    def start_command(self) -> pexpect.spawn[str]:
        """Start the command, and return the process at the prompt for the value."""
        self.process.send(f"{self._command_prefix}{REGISTER}\r")
        self.process.expect(VALUE_PROMPT)
        return self.process

    def registered_value(self) -> str:
        """Return the registered value."""
        process = run_zensecrets("secret", "get", "pasted", "--key=key", "--reveal", environment=self._environment)
        assert process.returncode == 0, process.stderr
        return process.stdout.removesuffix("\n")

    def end(self) -> str:
        """End the shell, and return all its output."""
        self.process.send("exit\r")
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self._shown.getvalue()

    def leaks(self) -> list[str]:
        """Return the canaries on the screen, in the files of the shell and in ours."""
        return [*find_canary(self.end()), *find_canary(self.folder)]


@contextmanager
def shell(kind: str, folder: Path) -> Iterator[Shell]:
    """Start bash, or IPython or ``jupyter console`` with the extension.

    ``attached console`` is a console that did not start its kernel.
    """
    with ExitStack() as undo:
        if kind == "bash":
            started = Shell(folder, "bash", ["--norc", "-i"], "test> ", "zensecrets ")
        elif kind == "IPython":
            options = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=NoColor", "--ext=zensecrets_jupyter"]
            started = Shell(folder, sys.executable, options, r"In \[\d+\]:.*\x1b\[\?25h", "%")
        else:
            options = ["--KernelManager.transport=ipc", f"--KernelManager.ip={folder}/kernel"]
            if kind == "attached console":
                file = folder / "kernel.json"
                undo.enter_context(running_kernel(folder, environment_of_shell(folder), connection_file=file))
                options = ["--existing", str(file)]
            options = ["-m", "jupyter_console", "--no-confirm-exit", *options]
            started = Shell(folder, sys.executable, options, r"In \x1b?\[.*\]: .*\x1b\[\?25h", "%")
            started.process.send("%load_ext zensecrets_jupyter\r")
            started.wait_for_prompt()
        undo.callback(started.process.close, force=True)
        yield started


@pytest.mark.one_python
@pytest.mark.parametrize("paste", [paste_at_once, paste_with_line_feeds, paste_bracketed])
def test_an_attached_console_discards_the_other_lines_of_a_pasted_key(paste: Paste, tmp_path: Path) -> None:
    """``jupyter console --existing`` reads only one line.

    It neither runs nor shows the other lines, and nothing is registered.
    """
    with shell("attached console", tmp_path) as running:
        process = running.start_command()
        paste(process, private_key())
        process.expect("Press Enter when the paste has ended")
        time.sleep(0.5)
        process.send("\r")
        process.expect("The prompt got only the first line of a text with several lines; the answer was not used")
        running.wait_for_prompt()
        assert running.leaks() == []


@pytest.mark.parametrize("kind", SHELLS)
@pytest.mark.parametrize("paste", PASTES)
def test_a_pasted_key_is_registered_completely(paste: Paste, kind: str, tmp_path: Path) -> None:
    """The prompt counts the lines of the key. The shell does not show, run or store these lines."""
    value = private_key()
    with shell(kind, tmp_path) as started:
        process = started.start_command()
        paste(process, value)
        process.expect(r"\(28 lines\)")
        process.expect("Registered")
        started.wait_for_prompt()
        assert started.registered_value() == value
        assert started.leaks() == []


@pytest.mark.parametrize("kind", SHELLS)
def test_a_long_line_is_registered_completely(kind: str, tmp_path: Path) -> None:
    """A line of 6,000 characters is registered, although a terminal in its normal mode truncates lines after 4,095 bytes."""
    value = canary() + "x" * 6000
    with shell(kind, tmp_path) as started:
        started.start_command().send(f"{value}\r")
        started.process.expect("Registered")
        started.wait_for_prompt()
        assert started.registered_value() == value
        assert started.leaks() == []


def test_an_incomplete_key_is_refused(tmp_path: Path) -> None:
    """If the end of a key does not arrive, nothing is registered, and the lines are discarded."""
    value = private_key(4)
    begin = value[: value.index("-----END")]
    with shell("bash", tmp_path) as started:
        paste_at_once(started.start_command(), begin.rstrip("\n"))
        started.process.expect(r"The end of a private key did not arrive\. The input was ignored\..*--KEY=@FILE")
        started.wait_for_prompt()
        assert "pasted" not in run_zensecrets("secret", "list", environment={"ZENSECRETS_HOME": str(tmp_path / "home")}).stdout
        assert started.leaks() == []


def test_prompts_for_one_line_refuse_a_paste_of_several_lines(tmp_path: Path) -> None:
    """A prompt for the name of a key and a confirmation refuse several lines, and the shell does not run them."""
    with shell("bash", tmp_path) as started:
        process = started.start_command()
        process.send("value-of-it\r")
        for line, prompt in (("delete pasted", r"\[y/N\]: "), ("register other -i", "Key of other: ")):
            started.wait_for_prompt()
            process.send(f"zensecrets secret {line}\r")
            process.expect(prompt)
            paste_slowly(process, "-----BEGIN PRIVATE KEY-----\ntouch ran\ntouch ran too")
            process.expect("The prompt got several lines instead of one; the answer was not used.")
        started.wait_for_prompt()
        process.send("echo last\r")
        process.expect("last\r\n")
        started.wait_for_prompt()
        assert started.registered_value() == "value-of-it"
        started.end()
        assert not (tmp_path / "ran").exists()
        assert "touch" not in (tmp_path / "history").read_text()


def test_typed_text_can_be_corrected(tmp_path: Path) -> None:
    """Backspace removes a character, Ctrl-U removes all, and other keys do nothing.

    Text that was typed before the prompt is discarded, and the shell does not run it.
    """
    with shell("bash", tmp_path) as started:
        value = canary()
        started.process.send(f"zensecrets {REGISTER}\r")
        # After this pause the command is running, but has not printed its prompt.
        time.sleep(0.1)
        started.process.send("touch ahead\rtouch ahead")
        started.process.expect(VALUE_PROMPT)
        started.process.send(f"wrong{CTRL_U}{value[:9]}xy{BACKSPACE}{BACKSPACE}{LEFT}{value[9:]}\r")
        started.process.expect("Registered")
        started.wait_for_prompt()
        assert started.registered_value() == value
        assert started.leaks() == []
        assert not (tmp_path / "ahead").exists()
        assert "touch" not in (tmp_path / "history").read_text()


@pytest.mark.parametrize("kind", SHELLS)
def test_ctrl_c_registers_nothing(kind: str, tmp_path: Path) -> None:
    """Ctrl-C at a hidden prompt registers nothing. Afterwards, the terminal shows typed text again."""
    with shell(kind, tmp_path) as started:
        started.start_command().send(canary())
        started.process.send(CTRL_C)
        started.wait_for_prompt()
        started.process.send("echo seen\r" if kind == "bash" else "print('seen')\r")
        started.process.expect("seen.*seen")
        started.wait_for_prompt()
        assert "pasted" not in run_zensecrets("secret", "list", environment={"ZENSECRETS_HOME": str(tmp_path / "home")}).stdout
        assert started.leaks() == []


def test_a_resized_terminal_loses_no_text(tmp_path: Path) -> None:
    """If the terminal is resized at a hidden prompt, no typed text is lost, and none is shown."""
    value = canary()
    with shell("bash", tmp_path) as started:
        process = started.start_command()
        process.send(value[:10])
        process.setwinsize(20, 50)
        time.sleep(0.1)
        process.send(f"{value[10:]}\r")
        process.expect("Registered")
        started.wait_for_prompt()
        assert started.registered_value() == value
        assert started.leaks() == []


def test_white_space_and_line_ends_of_a_paste_are_stored(tmp_path: Path) -> None:
    """The prompt notes white space at the ends.

    The final Enter is not part of the value.
    """
    value = f"  {canary()}\n\n{canary()}\n"
    with shell("bash", tmp_path) as started:
        paste_bracketed(started.start_command(), value)
        started.process.expect("starts or ends with white space, which is stored too")
        started.wait_for_prompt()
        assert started.registered_value() == value
        assert started.leaks() == []
