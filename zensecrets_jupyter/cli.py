"""The terminal front end: ``zensecrets WORDS…``.

It passes its words to the command tree, and prompts only at an interactive terminal. The exit code is 0, or 1 with one line on stderr, or
130 after Ctrl-C.
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
from zensecrets_jupyter.commands.asking.noninteractive import PREFIX as VALUE_VARIABLES
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
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
INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 plus the number of SIGINT, as in shells."""

_MAGIC = re.compile(rf"(?<![\w%])%({LINE_MAGICS})\b")
_IN_TERMINAL = {name: " ".join([PROGRAM, *group]) for name, group in GROUPS.items()}

root = tree.make_root(
    quickstart=LazyCommand(
        "zensecrets_jupyter.commands.quickstart", "quickstart", "Copy the example notebooks and open JupyterLab on them."
    )
)


def main() -> NoReturn:
    """Run the command in the process's arguments, and exit."""
    _prepare_streams()
    instruction = os.environ.get(COMPLETION_VARIABLE)
    try:
        code = _complete(instruction) if instruction else run([decode_system_text(word) for word in sys.argv[1:]])
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        _print_error(f"\n{interrupt if isinstance(interrupt, InterruptedWork) else 'Interrupted.'}")
        code = INTERRUPTED
    except OSError as error:
        if not _is_of_stdout(error):
            raise
        code = 1
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """Run a command, print its outcome, and return the exit code."""
    asker = _asker()
    set_passphrase_source(asker.ask_passphrase)
    try:
        outcome = tree.run(words, asker, _capabilities(), within=root)
    except ZenSecretsError as error:
        _print_error(f"Error: {in_terminal(str(error))}")
        return 1
    finally:
        _store_fingerprints()
    return _show(outcome)


def _store_fingerprints() -> None:
    active = sys.modules.get("zensecrets_jupyter.commands.framework.active_manager")
    notes = active.take_notes() if active is not None else ""
    if notes:
        _print_error(notes)
    # A running server masks the values of this process when it saves notebooks.
    redaction = sys.modules.get("zensecrets_jupyter.core.redaction")
    if redaction is not None and redaction.the_redactor().size:
        from zensecrets_jupyter.commands.files.fingerprint_sync import sync_fingerprints

        note = sync_fingerprints()
        if note:
            _print_error(in_terminal(note))


def _prepare_streams() -> None:
    # Python has no stream if a process is started with a closed output.
    null = os.devnull
    sys.stdout = sys.stdout or open(null, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the stream stays open until the process ends
    sys.stderr = sys.stderr or open(null, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the stream stays open until the process ends
    for stream in (sys.stdout, sys.stderr):
        # A terminal's encoding may lack a character of a name, which must not be an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERROR_HANDLER)


_ERROR_HANDLER = f"{PROGRAM}.plain"
"""The name of the codec error handler :func:`_replaced`."""

_ASCII_SUBSTITUTES = {"‹": "<", "›": ">", "…": "...", "→": "->", "✔": "OK", "—": "-"}
"""Substitutes for the non-ASCII characters of our texts."""


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that the stream's encoding lacks by ASCII, or by their Python escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_ASCII_SUBSTITUTES.get(one) or one.encode("ascii", "backslashreplace").decode() for one in lacking), error.end


codecs.register_error(_ERROR_HANDLER, _replaced)


def _is_of_stdout(error: OSError) -> bool:
    """Return whether stdout can't be written, and if so redirect it to null, since Python flushes it again at exit."""
    if isinstance(error, ZenSecretsError) or error.filename is not None:
        return False
    if not isinstance(error, BrokenPipeError):
        # A reader such as `head` may close the pipe. All other errors are reported.
        _print_error(f"Error: The output can't be written ({error.strerror}).")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - Click's signature
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        raise HelpRequested(f"{PROGRAM} {version('zensecrets-jupyter')}")


root.params.append(
    click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version and exit.")
)


def in_terminal(text: str) -> str:
    """Replace magics in a text by terminal commands: ``%secret list`` by ``zensecrets secret list``."""
    return _MAGIC.sub(lambda match: _IN_TERMINAL[match[1]], text)


def _show(outcome: Outcome) -> int:
    if outcome.message:
        print(in_terminal(outcome.message))  # noqa: T201 - a command's output
    if isinstance(outcome.view, str):
        if isinstance(outcome.value, str) and outcome.view == str.__str__(outcome.value):
            return _write_value(outcome.view) or outcome.exit_code
        print(outcome.view if isinstance(outcome.value, str) else in_terminal(outcome.view))  # noqa: T201 - a command's output
    elif outcome.view is not None:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else None
        print(in_terminal(outcome.view.plain(width)))  # noqa: T201 - a command's output
    return outcome.exit_code


KERNEL_VARIABLES = (CHILD_VARIABLE, "JPY_PARENT_PID", "JPY_SESSION_NAME")
"""Environment variables of programs started from a notebook's kernel: ours, jupyter_client's and jupyter_server's."""


def _write_value(value: str) -> int:
    """Write a value unchanged with a line end, and return the exit code.

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
    print(text, file=sys.stderr)  # noqa: T201 - messages for the person at the terminal


def _asker() -> Asker:
    # A value must never be read from a pipe by accident.
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return NonInteractiveAsker()
    return PromptAsker(read_hidden, _print_error, visible=_visible)


def _visible(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    # A person may type ahead short answers. A longer text followed by lines was pasted.
    if len(answer.strip()) > len("yes") and drop_lines():
        message = "Several lines came where one was asked for; nothing was taken."
        raise InvalidSecretError(message, hint="Answer in one line; a value of several lines is given as a file: --KEY=@FILE.")
    if answer:
        return answer.rstrip("\r\n")
    raise unanswered_error(prompt, "the input ended")


def _capabilities() -> FrontEndCapabilities:
    # At a terminal, `@-` would read a value with echo.
    piped = sys.stdin is not None and not sys.stdin.closed and not sys.stdin.isatty()
    return FrontEndCapabilities(
        program=PROGRAM,
        keeps_environment=False,
        may_reveal=True,
        in_notebook=any(os.environ.get(variable) for variable in KERNEL_VARIABLES),
        piped=sys.stdin.buffer if piped else None,
        progress_on=sys.stderr if sys.stderr.isatty() else None,
        run_program=_run_program,
    )


def _run_program(program: Sequence[str], variables: Mapping[str, str]) -> int:
    # A program must get neither the passphrase of the store, nor values that are meant for registration.
    ours = (PASSPHRASE_VARIABLE, NEW_PASSPHRASE_VARIABLE, VALUE_VARIABLES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(variables)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            # The program replaces this process, so that it receives signals and sets the exit code.
            os.execvpe(encode_system_text(program[0]), [encode_system_text(word) for word in program], environment)  # noqa: S606 - the person's own program, no shell
        return subprocess.run(program, env=environment, check=False).returncode
    except FileNotFoundError:
        problem = "There is no such program"
    except PermissionError:
        problem = "This user may not run it"
    except OSError as error:
        problem = f"It can't be run ({type(error).__name__})"
    raise UsageProblem(f"{problem}: {program[0]!r}.", hint="Check its name and PATH.")


def _complete(instruction: str) -> int:
    """Print the shell's completion script, or the completions of a line; ``instruction`` is such as ``bash_source``."""
    from click.shell_completion import get_completion_class

    shell, _, what = instruction.partition("_")
    base = get_completion_class(shell)
    if base is None:
        _print_error(f"Error: There is no completion for {shell!r}. Set {COMPLETION_VARIABLE} to bash_source, zsh_source or fish_source.")
        return 1
    completer = _completer_of(base)(root, {}, PROGRAM, COMPLETION_VARIABLE)
    click.echo(completer.source() if what == "source" else completer.complete())
    return 0


def _completer_of(base: type[ShellComplete]) -> type[ShellComplete]:
    from click.shell_completion import CompletionItem

    class Completer(base):  # type: ignore[valid-type,misc] # the base class depends on the shell
        def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
            # Bash splits words at '=', and replaces only the text after it.
            words = [word for word in args if word != "="] if self.name == "bash" else args
            started = "" if incomplete == "=" and self.name == "bash" else incomplete
            found = [CompletionItem(text, help=about) for text, about in tree.complete(words, started, within=root)]
            if found:
                return found
            # The shell completes file names itself.
            with suppress(ZenSecretsError):
                return [item for item in super().get_completions(args, incomplete) if item.type != "plain"]
            return []

    return Completer
