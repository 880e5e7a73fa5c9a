"""The terminal front end: the program ``zensecrets``.

It passes its arguments to the command tree, and prompts only at an interactive terminal. The exit code is that of the command. An error
prints one line on stderr and gives the exit code 1, and Ctrl-C gives 130.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import click

from zensecrets_jupyter.commands import tree
from zensecrets_jupyter.commands.asking.hidden_input import drop_lines, read_hidden, unanswered_error
from zensecrets_jupyter.commands.asking.noninteractive import VARIABLE_PREFIX, NonInteractiveAsker
from zensecrets_jupyter.commands.asking.prompts import PromptAsker
from zensecrets_jupyter.commands.framework.click_extensions import HelpRequested
from zensecrets_jupyter.commands.framework.command_groups import LazyCommand
from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.commands.front_end import FrontEndCapabilities
from zensecrets_jupyter.commands.magic_lines import GROUPS, LINE_MAGICS
from zensecrets_jupyter.core.errors import InvalidSecretError, ZenSecretsError
from zensecrets_jupyter.core.interaction import InterruptedWork, set_passphrase_source
from zensecrets_jupyter.core.settings import CHILD_VARIABLE, NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.system.text_encoding import decode_system_text, encode_system_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from click.shell_completion import CompletionItem, ShellComplete

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.commands.framework.outcome import Outcome

PROGRAM = "zensecrets"
COMPLETION_VARIABLE = "_ZENSECRETS_COMPLETE"
"""The environment variable by which a shell requests completions; see :func:`_complete` for its value."""
INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 plus the number of SIGINT, as in shells."""

_MAGIC = re.compile(rf"(?<![\w%])%({LINE_MAGICS})\b")
"""A line magic in a text, such as ``%secret``. A cell magic (``%%secret``) does not match."""
_TERMINAL_COMMANDS = {name: " ".join([PROGRAM, *group]) for name, group in GROUPS.items()}
"""The terminal command for each line magic, such as ``zensecrets secret`` for ``%secret``."""

root = tree.make_root(
    quickstart=LazyCommand(
        "zensecrets_jupyter.commands.quickstart", "quickstart", "Copy the example notebooks and open JupyterLab on them."
    )
)
"""The command tree, with the command ``quickstart`` that only the terminal has."""


def main() -> NoReturn:
    """Run the command that the arguments of the process name, and exit."""
    _prepare_streams()
    # A shell sets this variable when it starts the program for completion.
    instruction = os.environ.get(COMPLETION_VARIABLE)
    try:
        code = _complete(instruction) if instruction else run([decode_system_text(word) for word in sys.argv[1:]])
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        _print_error(f"\n{interrupt if isinstance(interrupt, InterruptedWork) else 'Interrupted.'}")
        code = INTERRUPTED
    except OSError as error:
        if not _handle_stdout_error(error):
            raise
        code = 1
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """Run a command, print its outcome, and return the exit code.

    Args:
        words: The arguments of the program.
    """
    asker = _make_asker()
    set_passphrase_source(asker.ask_passphrase)
    try:
        outcome = tree.run(words, asker, _make_capabilities(), root_group=root)
    except ZenSecretsError as error:
        _print_error(f"Error: {replace_magics(str(error))}")
        return 1
    finally:
        _print_notes_and_store_fingerprints()
    return _show(outcome)


def _print_notes_and_store_fingerprints() -> None:
    """Print the notes about opened secrets managers, and store the fingerprints of this process's values."""
    # A module that is not imported yet has no notes or values. An import here would make each command slower.
    active_manager_module = sys.modules.get("zensecrets_jupyter.commands.framework.active_manager")
    notes = active_manager_module.take_notes() if active_manager_module is not None else ""
    if notes:
        _print_error(notes)
    # With these fingerprints, a running Jupyter Server recognizes the values of this process in notebooks, and masks them.
    redaction = sys.modules.get("zensecrets_jupyter.core.redaction")
    if redaction is not None and redaction.the_redactor().size:
        from zensecrets_jupyter.commands.files.fingerprint_sync import sync_fingerprints

        note = sync_fingerprints()
        if note:
            _print_error(replace_magics(note))


def _prepare_streams() -> None:
    # Python sets a stream to None if the process starts with a closed file descriptor.
    null = os.devnull
    sys.stdout = sys.stdout or open(null, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the stream stays open until the process exits
    sys.stderr = sys.stderr or open(null, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the stream stays open until the process exits
    for stream in (sys.stdout, sys.stderr):
        # If the encoding of the terminal lacks a character of a name, the character is replaced.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERROR_HANDLER)


_ERROR_HANDLER = f"{PROGRAM}.plain"
"""The name of the codec error handler :func:`_substitute`."""

_ASCII_SUBSTITUTES = {"‹": "<", "›": ">", "…": "...", "→": "->", "✔": "OK", "—": "-"}
"""ASCII substitutes for the non-ASCII characters in the messages of this package."""


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Substitute an ASCII text or a Python escape for each character that the encoding of the stream lacks.

    Returns:
        The substitutes as one text, and the position at which the encoder continues.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing_characters = error.object[error.start : error.end]
    return "".join(
        _ASCII_SUBSTITUTES.get(character) or character.encode("ascii", "backslashreplace").decode() for character in missing_characters
    ), error.end


codecs.register_error(_ERROR_HANDLER, _substitute)


def _handle_stdout_error(error: OSError) -> bool:
    """Redirect stdout to the null device if ``error`` comes from a write to stdout.

    Without the redirection, Python raises the error again when it flushes stdout at exit.

    Returns:
        Whether the error comes from a write to stdout.
    """
    # An error with a file name comes from a file, and not from stdout. Some subclasses of ZenSecretsError are also an OSError.
    if isinstance(error, ZenSecretsError) or error.filename is not None:
        return False
    if not isinstance(error, BrokenPipeError):
        # A broken pipe is not reported, because a reader such as `head` may close the pipe early.
        _print_error(f"Error: The output can't be written ({error.strerror}).")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _show_version(context: click.Context, _option: click.Parameter, is_set: bool) -> None:  # noqa: FBT001 - Click calls it with a positional flag
    if is_set and not context.resilient_parsing:
        from importlib.metadata import version

        raise HelpRequested(f"{PROGRAM} {version('zensecrets-jupyter')}")


root.params.append(
    click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version and exit.")
)


def replace_magics(text: str) -> str:
    """Return a text with terminal commands instead of magics.

    For example, ``zensecrets secret list`` replaces ``%secret list``.
    """
    return _MAGIC.sub(lambda match: _TERMINAL_COMMANDS[match[1]], text)


def _show(outcome: Outcome) -> int:
    """Print an outcome, and return the exit code."""
    if outcome.message:
        print(replace_magics(outcome.message))  # noqa: T201 - the output of the command
    if isinstance(outcome.view, str):
        # If the view is the value itself, it is written unchanged: the value of `secret get --reveal`, or a JSON report. The value may be
        # an instance of a subclass of str, whose own __str__ may return a mask.
        if isinstance(outcome.value, str) and outcome.view == str.__str__(outcome.value):
            return _write_value(outcome.view) or outcome.exit_code
        # If the value is a str, the view is its masked text, which is printed unchanged.
        print(outcome.view if isinstance(outcome.value, str) else replace_magics(outcome.view))  # noqa: T201 - the output of the command
    elif outcome.view is not None:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else None
        print(replace_magics(outcome.view.plain(width)))  # noqa: T201 - the output of the command
    return outcome.exit_code


KERNEL_VARIABLES = (CHILD_VARIABLE, "JPY_PARENT_PID", "JPY_SESSION_NAME")
"""Environment variables that this package, jupyter_client and jupyter_server set for programs in a kernel."""


def _write_value(value: str) -> int:
    """Write an unchanged value and a line end to stdout, and return the exit code.

    Files and pipes get UTF-8, which ``--KEY=@FILE`` reads. A terminal gets its own encoding.
    """
    encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
    try:
        data = f"{value}\n".encode(encoding)
    except UnicodeEncodeError:
        problem = f"The value has a character that the encoding {encoding} lacks."
        _print_error(f"Error: {problem} Set PYTHONIOENCODING=utf-8, or send the output to a file or a program, which get UTF-8.")
        return 1
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0


def _print_error(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - messages for the user of the terminal


def _make_asker() -> Asker:
    # If standard input is not a terminal, a prompt must not read a value from it: the input may be meant for another purpose.
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return NonInteractiveAsker()
    return PromptAsker(read_hidden, _print_error, prompt_visible=_ask_visible)


def _ask_visible(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    # A user may type short answers ("yes") to several prompts in advance. If lines follow a longer text, the text was pasted.
    if len(answer.strip()) > len("yes") and drop_lines():
        message = "The prompt got several lines instead of one; the answer was not used."
        raise InvalidSecretError(message, hint="Answer in one line, and pass a value with several lines as a file: --KEY=@FILE.")
    if answer:
        return answer.rstrip("\r\n")
    raise unanswered_error(prompt, "the input ended")


def _make_capabilities() -> FrontEndCapabilities:
    # `--KEY=@-` reads only a pipe or a redirected file, because a terminal would show the typed value.
    is_piped = sys.stdin is not None and not sys.stdin.closed and not sys.stdin.isatty()
    return FrontEndCapabilities(
        program=PROGRAM,
        keeps_environment=False,
        may_reveal=True,
        in_notebook=any(os.environ.get(variable) for variable in KERNEL_VARIABLES),
        piped_input=sys.stdin.buffer if is_piped else None,
        progress_terminal=sys.stderr if sys.stderr.isatty() else None,
        run_program=_run_program,
    )


def _run_program(program: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a program with additional environment variables, and return its exit code.

    Raises:
        UsageProblem: If the program can't be run.
    """
    # The program must not get the passphrase of the store, or values that are meant for `secret register`.
    removed_prefixes = (PASSPHRASE_VARIABLE, NEW_PASSPHRASE_VARIABLE, VARIABLE_PREFIX)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(removed_prefixes)} | dict(variables)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            # The program replaces this process, so that it receives the signals and sets the exit code.
            os.execvpe(encode_system_text(program[0]), [encode_system_text(word) for word in program], environment)  # noqa: S606 - the user has chosen the program, and no shell runs it
        return subprocess.run(program, env=environment, check=False).returncode
    except FileNotFoundError:
        problem = "There is no such program"
    except PermissionError:
        problem = "This user may not run it"
    except OSError as error:
        problem = f"It can't be run ({type(error).__name__})"
    raise UsageProblem(f"{problem}: {program[0]!r}.", hint="Check its name and PATH.")


def _complete(instruction: str) -> int:
    """Print a shell's completion script or completions, and return the exit code.

    Args:
        instruction: The name of the shell and ``source`` or ``complete``, such as ``bash_source``.
    """
    from click.shell_completion import get_completion_class

    shell, _, action = instruction.partition("_")
    base_class = get_completion_class(shell)
    if base_class is None:
        _print_error(
            f"Error: Completion does not support the shell {shell!r}. Set {COMPLETION_VARIABLE} to bash_source, zsh_source or fish_source."
        )
        return 1
    completer = _make_completer_class(base_class)(root, {}, PROGRAM, COMPLETION_VARIABLE)
    click.echo(completer.source() if action == "source" else completer.complete())
    return 0


def _make_completer_class(base_class: type[ShellComplete]) -> type[ShellComplete]:
    from click.shell_completion import CompletionItem

    class Completer(base_class):  # type: ignore[valid-type,misc] # the base class depends on the shell
        def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
            # Bash splits a word at '=' into several words, and a completion replaces only the text after '='.
            words = [word for word in args if word != "="] if self.name == "bash" else args
            prefix = "" if incomplete == "=" and self.name == "bash" else incomplete
            items = [CompletionItem(text, help=description) for text, description in tree.complete(words, prefix, root_group=root)]
            if items:
                return items
            # If this package has no completions, Click's items tell the shell to complete file names (type "file" or "dir").
            with suppress(ZenSecretsError):
                return [item for item in super().get_completions(args, incomplete) if item.type != "plain"]
            return []

    return Completer
