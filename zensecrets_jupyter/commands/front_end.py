"""What passes between a face and the command tree: who is asked, what the face can do, and what came of a command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zensecrets_jupyter.commands.asking.form_request import Asker
    from zensecrets_jupyter.core.redaction import Redactor


class Guard(Protocol):
    """What keeps known values in a session, as a command sees it.

    Attributes:
        is_on: Whether it masks now.
        redactor: What finds and masks values.
    """

    is_on: bool
    redactor: Redactor

    def turn_on(self) -> None:
        """Mask from now on."""

    def turn_off(self) -> None:
        """Mask nothing from now on."""


class Probe(NamedTuple):
    """The result of testing one channel with canaries.

    Attributes:
        channel: What a person calls the channel.
        masked: The encodings that were masked.
        out: The encodings that came out.
    """

    channel: str
    masked: list[str]
    out: list[str]


@dataclass(frozen=True)
class Abilities:
    """What the face that runs a command can do; the default is a session, such as a notebook's kernel.

    Attributes:
        program: How a person calls the tree there.
        keeps_environment: Whether variables that a command sets are still there for what the person does next.
        may_reveal: Whether a value may be shown when a person asks for exactly that; an output that is saved is no place for it.
        in_notebook: Whether what a terminal's program writes becomes an output of a notebook, as that of `!zensecrets` does.
        piped: What is piped in, where something is.
        progress_on: The terminal on which a bar may say how far something is, where a person is watching one.
        show_line: Shows a line in place of the one that it showed before, where a notebook has a place for such a line.
        run_program: Runs a program with further environment variables and returns its exit code, where that is what a face does.
        guard: What keeps known values in the session, where it is a session that has one.
        selftest: Lets canaries out by every channel of the session and returns what became of them, where the face has such channels.
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
    selftest: Callable[[], Sequence[Probe]] | None = None


SESSION = Abilities()


@dataclass(frozen=True)
class Call:
    """What a command is called with, besides its arguments: who is asked, and what the face can do."""

    asker: Asker
    abilities: Abilities = SESSION
