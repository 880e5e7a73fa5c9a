"""The interface between a front end and the commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.core.redaction import Redactor


class GuardControl(Protocol):
    """Control of a session's guard.

    The guard masks values on the channels by which output leaves the session.

    Attributes:
        is_on: Whether the guard masks values now.
        redactor: The redactor that finds and masks values.
    """

    is_on: bool
    redactor: Redactor

    def turn_on(self) -> None:
        """Start masking."""

    def turn_off(self) -> None:
        """Stop masking."""


class ChannelResult(NamedTuple):
    """The result of the selftest for one channel of output.

    The test sends canaries through the channel: one in each encoding. A canary is a random value that the guard has to mask.

    Attributes:
        channel: The display name of the channel.
        masked_encodings: The encodings whose canary was masked.
        leaked_encodings: The encodings whose canary was not masked.
    """

    channel: str
    masked_encodings: list[str]
    leaked_encodings: list[str]


@dataclass(frozen=True)
class FrontEndCapabilities:
    """Capabilities of a front end that commands use.

    A session is a kernel of a notebook, or IPython in a terminal. The defaults describe a session. The program ``zensecrets`` in a terminal
    is no session: it ends after one command.

    Attributes:
        program: The name of the command tree in hints, such as ``%zen`` or ``zensecrets``.
        keeps_environment: Whether environment variables that a command sets remain after the command.
        may_reveal: Whether a command may print a value on request. A notebook may not, because its output is saved.
        in_notebook: Whether the output of the program ``zensecrets`` goes to a notebook, as with `!zensecrets`. False in a session.
        piped_input: Standard input, if it is a pipe.
        progress_terminal: The terminal for a progress bar; ``None`` without one.
        show_line: Shows a progress line in the cell in place of the previous one; ``None`` outside notebooks.
        run_program: Runs a program with additional environment variables, and returns its exit code; ``None`` in a session.
        guard: The guard of the session; ``None`` outside a session.
        selftest: Sends canaries through every channel of the session, and returns the results; ``None`` without channels.
    """

    program: str = "%zen"
    keeps_environment: bool = True
    may_reveal: bool = False
    in_notebook: bool = False
    piped_input: BinaryIO | None = None
    progress_terminal: TextIO | None = None
    show_line: Callable[[str], None] | None = None
    run_program: Callable[[Sequence[str], Mapping[str, str]], int] | None = None
    guard: GuardControl | None = None
    selftest: Callable[[], Sequence[ChannelResult]] | None = None


SESSION = FrontEndCapabilities()
"""The capabilities of a session without a guard or a progress display."""


@dataclass(frozen=True)
class Call:
    """The context of a command: the asker and the capabilities of the front end."""

    asker: Asker
    capabilities: FrontEndCapabilities = SESSION
