"""The face in a terminal: ``zensecrets WORDS…``.

It hands its words to the command tree, asks by hidden prompts where a person sits at a terminal and by nothing else, and ends with 0, with
1 and one line on stderr, or with 130 after Ctrl-C.
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
from zensecrets_jupyter.commands.asking.hidden_input import drop_lines, read_hidden
from zensecrets_jupyter.commands.asking.noninteractive import PREFIX as VALUE_VARIABLES
from zensecrets_jupyter.commands.asking.noninteractive import NonInteractiveAsker
from zensecrets_jupyter.commands.asking.prompts import PromptAsker
from zensecrets_jupyter.commands.framework.click_extensions import HelpRequested, LazyCommand
from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.commands.front_end import FrontEndCapabilities
from zensecrets_jupyter.commands.magic_names import GROUPS, LINE_MAGICS
from zensecrets_jupyter.core.errors import InteractionUnavailableError, InvalidSecretError, ZenSecretsError
from zensecrets_jupyter.core.interaction import InterruptedWork, set_passphrase_source
from zensecrets_jupyter.core.settings import CHILD_VARIABLE, NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.core.system_text import for_system, from_system

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from click.shell_completion import CompletionItem, ShellComplete

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.commands.framework.outcome import Outcome

PROGRAM = "zensecrets"
COMPLETION_VARIABLE = "_ZENSECRETS_COMPLETE"
INTERRUPTED = 130
"""What a process that Ctrl-C ended exits with: 128 and the number of SIGINT, as shells have it."""

_MAGIC = re.compile(rf"(?<![\w%])%({LINE_MAGICS})\b")
_IN_TERMINAL = {name: " ".join([PROGRAM, *group]) for name, group in GROUPS.items()}

root = tree.make_root(
    quickstart=LazyCommand(
        "zensecrets_jupyter.commands.quickstart", "quickstart", "Copy the example notebooks and open JupyterLab on them."
    )
)


def main() -> NoReturn:
    """Run the command that the process's arguments name, and end the process."""
    _prepare_streams()
    instruction = os.environ.get(COMPLETION_VARIABLE)
    try:
        code = _complete(instruction) if instruction else run([from_system(word) for word in sys.argv[1:]])
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        _say(f"\n{interrupt if isinstance(interrupt, InterruptedWork) else 'Interrupted.'}")
        code = INTERRUPTED
    except OSError as error:
        if not _is_of_stdout(error):
            raise
        code = 1
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """Run a command, write what came of it, and return the exit code."""
    asker = _asker()
    set_passphrase_source(asker.ask_passphrase)
    try:
        outcome = tree.run(words, asker, _capabilities(), within=root)
    except ZenSecretsError as error:
        _say(f"Error: {in_terminal(str(error))}")
        return 1
    finally:
        _remember()
    return _show(outcome)


def _remember() -> None:
    active = sys.modules.get("zensecrets_jupyter.commands.framework.active_manager")
    notes = active.take_notes() if active is not None else ""
    if notes:
        _say(notes)
    # Whoever registers a secret here may have a server running that saves notebooks.
    redaction = sys.modules.get("zensecrets_jupyter.core.redaction")
    if redaction is not None and redaction.the_redactor().size:
        from zensecrets_jupyter.commands.files.fingerprint_sync import remember_values  # noqa: PLC0415 - not needed where no value is known

        note = remember_values()
        if note:
            _say(in_terminal(note))


def _prepare_streams() -> None:
    # A process may be started with its output closed; Python then has no stream there.
    null = os.devnull
    sys.stdout = sys.stdout or open(null, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open as long as the process
    sys.stderr = sys.stderr or open(null, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - likewise
    for stream in (sys.stdout, sys.stderr):
        # A terminal's encoding may lack a character of a name; that is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_REPLACING)


_REPLACING = f"{PROGRAM}.plain"
"""The name under which codecs know :func:`_replaced`."""

_PLAIN = {"‹": "<", "›": ">", "…": "...", "→": "->", "✔": "OK", "—": "-"}
"""What our own texts have for characters that an encoding lacks."""


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """Return what is written for characters that the encoding of a stream lacks: a plain sign, or the escape that Python has for it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(one) or one.encode("ascii", "backslashreplace").decode() for one in lacking), error.end


codecs.register_error(_REPLACING, _replaced)


def _is_of_stdout(error: OSError) -> bool:
    """Tell whether an error comes from writing our output, and if so give up on it: Python would complain again at the end."""
    if isinstance(error, ZenSecretsError) or error.filename is not None:
        return False
    if not isinstance(error, BrokenPipeError):
        # Whoever read our output may go, as `head` does; anything else a person should know.
        _say(f"Error: The output can't be written ({error.strerror}).")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _tell_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - Click's signature
    if wanted and not context.resilient_parsing:
        # Reading a package's metadata is only worth its time here.
        from importlib.metadata import version  # noqa: PLC0415 - only for --version

        raise HelpRequested(f"{PROGRAM} {version('zensecrets-jupyter')}")


root.params.append(
    click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_tell_version, help="Show the version and exit.")
)


def in_terminal(text: str) -> str:
    """Return ``text`` with the commands in it written as for a terminal: ``%secret list`` as ``zensecrets secret list``."""
    return _MAGIC.sub(lambda match: _IN_TERMINAL[match[1]], text)


def _show(outcome: Outcome) -> int:
    if outcome.message:
        print(in_terminal(outcome.message))  # noqa: T201 - a command's output
    if isinstance(outcome.view, str):
        if isinstance(outcome.value, str) and outcome.view == str.__str__(outcome.value):
            return _write_value(outcome.view) or outcome.exit_code
        print(outcome.view if isinstance(outcome.value, str) else in_terminal(outcome.view))  # noqa: T201 - likewise
    elif outcome.view is not None:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else None
        print(in_terminal(outcome.view.plain(width)))  # noqa: T201 - likewise
    return outcome.exit_code


KERNEL_VARIABLES = (CHILD_VARIABLE, "JPY_PARENT_PID", "JPY_SESSION_NAME")
"""What a program finds in its environment that a notebook's kernel has started: ours, jupyter_client's and jupyter_server's."""


def _write_value(value: str) -> int:
    """Write a value exactly as it is, with a line end behind it, and return the exit code.

    A file or a program gets its bytes in UTF-8, which is what ``--KEY=@FILE`` reads. A terminal gets its own encoding.
    """
    encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
    try:
        data = f"{value}\n".encode(encoding)
    except UnicodeEncodeError:
        problem = f"The value has a character that the encoding {encoding} lacks."
        _say(f"Error: {problem} Set PYTHONIOENCODING=utf-8, or send the output to a file or a program, which get UTF-8.")
        return 1
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - what a person at the terminal is told


def _asker() -> Asker:
    # A value must never be read from a pipe by accident.
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return NonInteractiveAsker()
    return PromptAsker(read_hidden, _say, visible=_visible)


def _visible(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    # Letters may be typed ahead for the questions that come; a longer text with lines behind it was pasted.
    if len(answer.strip()) > len("yes") and drop_lines():
        message = "Several lines came where one was asked for; nothing was taken."
        raise InvalidSecretError(message, hint="Answer in one line; a value of several lines is given as a file: --KEY=@FILE.")
    if answer:
        return answer.rstrip("\r\n")
    raise InteractionUnavailableError(f"There was something to ask ({prompt.strip().rstrip(':')}), and the input ended.")


def _capabilities() -> FrontEndCapabilities:
    # At a terminal `@-` would have a person type a value that everybody sees.
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
    # With a passphrase everything of the store could be opened, and a value that is to be registered is none that was named.
    ours = (PASSPHRASE_VARIABLE, NEW_PASSPHRASE_VARIABLE, VALUE_VARIABLES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(variables)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            # The program takes the place of this process: its exit code and the signals are its own.
            os.execvpe(for_system(program[0]), [for_system(word) for word in program], environment)  # noqa: S606 - the person's own program, no shell
        return subprocess.run(program, env=environment, check=False).returncode
    except FileNotFoundError:
        problem = "There is no such program"
    except PermissionError:
        problem = "This user may not run it"
    except OSError as error:
        problem = f"It can't be run ({type(error).__name__})"
    raise UsageProblem(f"{problem}: {program[0]!r}.", hint="Check its name and PATH.")


def _complete(instruction: str) -> int:
    """Write the shell's script for completion, or what completes a line; ``instruction`` is such as ``bash_source``."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only where somebody pressed Tab

    shell, _, what = instruction.partition("_")
    base = get_completion_class(shell)
    if base is None:
        _say(f"Error: There is no completion for {shell!r}. Set {COMPLETION_VARIABLE} to bash_source, zsh_source or fish_source.")
        return 1
    completer = _ours(base)(root, {}, PROGRAM, COMPLETION_VARIABLE)
    click.echo(completer.source() if what == "source" else completer.complete())
    return 0


def _ours(base: type[ShellComplete]) -> type[ShellComplete]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only where somebody pressed Tab

    class Completer(base):  # type: ignore[valid-type,misc] # the shell's own class is only known now
        def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
            # Bash breaks words at '=', and puts what is offered in place of what comes after it.
            words = [word for word in args if word != "="] if self.name == "bash" else args
            started = "" if incomplete == "=" and self.name == "bash" else incomplete
            found = [CompletionItem(text, help=about) for text, about in tree.complete(words, started, within=root)]
            if found:
                return found
            # What is no word of ours, such as the name of a file, the shell completes itself.
            with suppress(ZenSecretsError):
                return [item for item in super().get_completions(args, incomplete) if item.type != "plain"]
            return []

    return Completer
