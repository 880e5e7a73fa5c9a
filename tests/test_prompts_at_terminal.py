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
    """Return a text like a private key, in which each line contains a canary."""
    key_lines = "\n".join(canary() + "A" * 20 for _ in range(lines))
    return f"-----BEGIN PRIVATE KEY-----\n{key_lines}\n-----END PRIVATE KEY-----"


def paste_at_once(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text without bracketed paste, and press Enter. The program can't distinguish it from typed text."""
    process.send(text.replace("\n", "\r") + "\r")


def paste_slowly(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text like a slow connection, and press Enter. Each line takes 20 ms."""
    for line in text.split("\n"):
        process.send(f"{line}\r")
        time.sleep(0.02)


def paste_with_line_feeds(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text with the line ends of Windows, and press Enter."""
    process.send(text.replace("\n", "\r\n") + "\r")


def paste_bracketed(process: pexpect.spawn[str], text: str) -> None:
    """Paste a text with bracketed paste, and press Enter. The terminal sends a sequence before and after the text."""
    process.send(f"\x1b[200~{text}\x1b[201~")
    process.send("\r")


# CI runs the slow tests with the marker `one_python` with only one version of Python.
SHELLS = ["bash", "IPython", pytest.param("jupyter console", marks=pytest.mark.one_python)]
PASTES = [paste_at_once, paste_slowly, paste_with_line_feeds, paste_bracketed]


def environment_of_shell(folder: Path) -> dict[str, str]:
    """Return environment variables that make a shell or a kernel use only files in ``folder``."""
    return {
        "HISTFILE": str(folder / "history"),
        "PS1": "test> ",
        "TERM": "xterm",
        "IPYTHONDIR": str(folder / "ipython"),
        # IPython does not ask the terminal for the position of the cursor. No terminal would answer here.
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "ZENSECRETS_HOME": str(folder / "home"),
        "ZENSECRETS_PASSPHRASE": "a passphrase of the tests",
        "PATH": f"{ZENSECRETS.parent}{os.pathsep}{os.environ['PATH']}",
    }


class Shell:
    """A shell at a pseudo-terminal that runs our commands.

    Args:
        folder: The working directory, which also has the files of the shell.
        program: The path of the shell.
        options: The arguments of the shell.
        prompt: A regular expression that matches the prompt of the shell.
        command_prefix: The text before a command: ``%`` in IPython, and the name of the script in bash.
    """

    def __init__(self, folder: Path, program: str, options: list[str], prompt: str, command_prefix: str) -> None:
        self.folder = folder
        self._command_prefix, self._prompt = command_prefix, prompt
        self._environment = environment_of_shell(folder)
        self.process = spawn_in_terminal(program, options, self._environment, folder=folder)
        self.process.logfile_read = self._output = io.StringIO()
        self.wait_for_prompt()

    def wait_for_prompt(self) -> None:
        """Wait for the prompt of the shell."""
        self.process.expect(self._prompt)

    def start_command(self) -> pexpect.spawn[str]:
        """Start :data:`REGISTER`, and return the process at the prompt for the value."""
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
        return self._output.getvalue()

    def end_and_find_leaks(self) -> list[str]:
        """End the shell, and return the canaries in its output, in its files and in those of the workspace."""
        return [*find_canary(self.end()), *find_canary(self.folder)]


# The sequence by which IPython and Jupyter Console show the cursor when they are ready for input.
SHOW_CURSOR = r"\x1b\[\?25h"


@contextmanager
def running_shell(shell_name: str, folder: Path) -> Iterator[Shell]:
    """Start a shell, and close it at the end.

    Args:
        shell_name: ``bash``, ``IPython``, ``jupyter console``, or ``attached console``, which is a console that uses a running kernel.
            All but ``bash`` load the extension.
        folder: The folder of the shell.
    """
    with ExitStack() as undo:
        if shell_name == "bash":
            shell = Shell(folder, "bash", ["--norc", "-i"], "test> ", "zensecrets ")
        elif shell_name == "IPython":
            options = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=NoColor", "--ext=zensecrets_jupyter"]
            shell = Shell(folder, sys.executable, options, rf"In \[\d+\]:.*{SHOW_CURSOR}", "%")
        else:
            # The kernel uses sockets in the folder instead of TCP ports. The option `ip` is the beginning of their paths.
            options = ["--KernelManager.transport=ipc", f"--KernelManager.ip={folder}/kernel"]
            if shell_name == "attached console":
                file = folder / "kernel.json"
                undo.enter_context(running_kernel(folder, environment_of_shell(folder), connection_file=file))
                options = ["--existing", str(file)]
            options = ["-m", "jupyter_console", "--no-confirm-exit", *options]
            shell = Shell(folder, sys.executable, options, rf"In \x1b?\[.*\]: .*{SHOW_CURSOR}", "%")
            shell.process.send("%load_ext zensecrets_jupyter\r")
            shell.wait_for_prompt()
        undo.callback(shell.process.close, force=True)
        yield shell


@pytest.mark.one_python
@pytest.mark.parametrize("paste", [paste_at_once, paste_with_line_feeds, paste_bracketed])
def test_an_attached_console_discards_the_other_lines_of_a_pasted_key(paste: Paste, tmp_path: Path) -> None:
    """``jupyter console --existing`` can read only the first line of a paste at a hidden prompt.

    The prompt refuses this line, and the console neither runs nor shows the other lines.
    """
    with running_shell("attached console", tmp_path) as shell:
        process = shell.start_command()
        paste(process, private_key())
        process.expect("Press Enter when the paste has ended")
        # A user presses Enter when all lines have arrived.
        time.sleep(0.5)
        process.send("\r")
        process.expect("The prompt got only the first line of a text with several lines; the answer was not used")
        shell.wait_for_prompt()
        assert shell.end_and_find_leaks() == []


@pytest.mark.parametrize("shell_name", SHELLS)
@pytest.mark.parametrize("paste", PASTES)
def test_a_pasted_key_is_registered_completely(paste: Paste, shell_name: str, tmp_path: Path) -> None:
    """The prompt prints the number of lines of the key. The shell does not show, run or store these lines."""
    value = private_key()
    with running_shell(shell_name, tmp_path) as shell:
        process = shell.start_command()
        paste(process, value)
        # The key has 26 lines between its first and last line.
        process.expect(r"\(28 lines\)")
        process.expect("Registered")
        shell.wait_for_prompt()
        assert shell.registered_value() == value
        assert shell.end_and_find_leaks() == []


@pytest.mark.parametrize("shell_name", SHELLS)
def test_a_long_line_is_registered_completely(shell_name: str, tmp_path: Path) -> None:
    """A line of 6,000 characters is registered, although a terminal in its normal mode truncates lines after 4,095 bytes."""
    value = canary() + "x" * 6000
    with running_shell(shell_name, tmp_path) as shell:
        shell.start_command().send(f"{value}\r")
        shell.process.expect("Registered")
        shell.wait_for_prompt()
        assert shell.registered_value() == value
        assert shell.end_and_find_leaks() == []


def test_an_incomplete_key_is_refused(tmp_path: Path) -> None:
    """If the end of a key does not arrive, nothing is registered, and the lines are discarded."""
    value = private_key(4)
    key_without_end = value[: value.index("-----END")].rstrip("\n")
    with running_shell("bash", tmp_path) as shell:
        paste_at_once(shell.start_command(), key_without_end)
        shell.process.expect(r"The end of a private key did not arrive\. The input was ignored\..*--KEY=@FILE")
        shell.wait_for_prompt()
        assert "pasted" not in run_zensecrets("secret", "list", environment={"ZENSECRETS_HOME": str(tmp_path / "home")}).stdout
        assert shell.end_and_find_leaks() == []


def test_prompts_for_one_line_refuse_a_paste_of_several_lines(tmp_path: Path) -> None:
    """A prompt for the name of a key and one for a confirmation refuse several lines, and the shell does not run them."""
    with running_shell("bash", tmp_path) as shell:
        process = shell.start_command()
        process.send("value-of-it\r")
        for line, prompt in (("delete pasted", r"\[y/N\]: "), ("register other -i", "Key of other: ")):
            shell.wait_for_prompt()
            process.send(f"zensecrets secret {line}\r")
            process.expect(prompt)
            paste_slowly(process, "-----BEGIN PRIVATE KEY-----\ntouch ran\ntouch ran too")
            process.expect("The prompt got several lines instead of one; the answer was not used.")
        shell.wait_for_prompt()
        # The shell runs commands again, so it would have run the pasted lines before.
        process.send("echo last\r")
        process.expect("last\r\n")
        shell.wait_for_prompt()
        assert shell.registered_value() == "value-of-it"
        shell.end()
        assert not (tmp_path / "ran").exists()
        assert "touch" not in (tmp_path / "history").read_text()


def test_typed_text_can_be_corrected(tmp_path: Path) -> None:
    """At a hidden prompt, Backspace removes a character, Ctrl-U removes all, and Left does nothing.

    Text that was typed before the prompt is discarded, and the shell does not run it.
    """
    with running_shell("bash", tmp_path) as shell:
        value = canary()
        shell.process.send(f"zensecrets {REGISTER}\r")
        # After this pause the command is running, but has not printed its prompt.
        time.sleep(0.1)
        shell.process.send("touch early\rtouch early")
        shell.process.expect(VALUE_PROMPT)
        shell.process.send(f"wrong{CTRL_U}{value[:9]}xy{BACKSPACE}{BACKSPACE}{LEFT}{value[9:]}\r")
        shell.process.expect("Registered")
        shell.wait_for_prompt()
        assert shell.registered_value() == value
        assert shell.end_and_find_leaks() == []
        assert not (tmp_path / "early").exists()
        assert "touch" not in (tmp_path / "history").read_text()


@pytest.mark.parametrize("shell_name", SHELLS)
def test_ctrl_c_registers_nothing(shell_name: str, tmp_path: Path) -> None:
    """Ctrl-C at a hidden prompt registers nothing. Afterwards, the terminal shows typed text again."""
    with running_shell(shell_name, tmp_path) as shell:
        shell.start_command().send(canary())
        shell.process.send(CTRL_C)
        shell.wait_for_prompt()
        shell.process.send("echo seen\r" if shell_name == "bash" else "print('seen')\r")
        # The first match is the echo of the typed command, and the second one its output.
        shell.process.expect("seen.*seen")
        shell.wait_for_prompt()
        assert "pasted" not in run_zensecrets("secret", "list", environment={"ZENSECRETS_HOME": str(tmp_path / "home")}).stdout
        assert shell.end_and_find_leaks() == []


def test_a_resized_terminal_loses_no_text(tmp_path: Path) -> None:
    """If the terminal is resized at a hidden prompt, the typed text is neither lost nor shown."""
    value = canary()
    with running_shell("bash", tmp_path) as shell:
        process = shell.start_command()
        process.send(value[:10])
        process.setwinsize(20, 50)
        time.sleep(0.1)
        process.send(f"{value[10:]}\r")
        process.expect("Registered")
        shell.wait_for_prompt()
        assert shell.registered_value() == value
        assert shell.end_and_find_leaks() == []


def test_white_space_and_line_ends_of_a_paste_are_stored(tmp_path: Path) -> None:
    """The prompt says that the value starts or ends with white space.

    The final Enter is not part of the value.
    """
    value = f"  {canary()}\n\n{canary()}\n"
    with running_shell("bash", tmp_path) as shell:
        paste_bracketed(shell.start_command(), value)
        shell.process.expect("starts or ends with white space, which is stored too")
        shell.wait_for_prompt()
        assert shell.registered_value() == value
        assert shell.end_and_find_leaks() == []
