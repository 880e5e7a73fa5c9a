"""The interface between a front end and the commands: how to ask, and what the front end can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.core.redaction import Redactor


class Guard(Protocol):
    """The guard of a session: it masks values on the session's channels.

    Attributes:
        is_on: Whether it masks now.
        redactor: The redactor that finds and masks values.
    """

    is_on: bool
    redactor: Redactor

    def turn_on(self) -> None:
        """Mask from now on."""

    def turn_off(self) -> None:
        """Stop masking."""


class ChannelResult(NamedTuple):
    """The result of testing one channel with canaries.

    Attributes:
        channel: The name of the channel for a person.
        masked: The encodings that were masked.
        out: The encodings that came out unmasked.
    """

    channel: str
    masked: list[str]
    out: list[str]


@dataclass(frozen=True)
class FrontEndCapabilities:
    """What a front end can do for a command; the defaults are those of a session, such as a notebook's kernel.

    Attributes:
        program: The name under which a person calls the command tree.
        keeps_environment: Whether environment variables that a command sets outlive the command.
        may_reveal: Whether a value may be printed on request. A notebook's output is saved, so it may not.
        in_notebook: Whether a terminal program's output becomes an output of a notebook, as with `!zensecrets`.
        piped: Standard input, if something is piped in.
        progress_on: The terminal for a progress bar, if a person is watching one.
        show_line: Replaces the progress line of a notebook's cell, if there is a notebook.
        run_program: Runs a program with additional environment variables and returns its exit code.
        guard: The guard of the session, if it has one.
        selftest: Sends canaries through every channel of the session and returns the results, if it has channels.
    """

    program: str = "%zen"
    keeps_environment: bool = True
    may_reveal: bool = False
    in_notebook: bool = False
    piped: BinaryIO | None = None
    progress_on: TextIO | None = None
    show_line: Callable[[str], None] | None = None
    run_program: Callable[[Sequence[str], Mapping[str, str]], int] | None = None
    guard: Guard | None = None
    selftest: Callable[[], Sequence[ChannelResult]] | None = None


SESSION = FrontEndCapabilities()


@dataclass(frozen=True)
class Call:
    """The context of a command besides its arguments."""

    asker: Asker
    capabilities: FrontEndCapabilities = SESSION
