"""Messages between the guard of a kernel and the front ends that display its notebooks and consoles.

They are typed dictionaries and not models, because the first message is sent while ``%load_ext`` runs, and importing pydantic would make
``%load_ext`` slow.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypedDict  # pydantic needs it on Python before 3.12

if TYPE_CHECKING:
    from pydantic import TypeAdapter

GUARD_TARGET = "zensecrets.guard"
"""Name of the comm target."""


class StatusMessage(TypedDict):
    """State of the guard, for the status bar; numbers only.

    Attributes:
        kind: The discriminator of the message.
        on: Whether the guard masks values.
        values: The number of protected values.
        masked: The number of masked occurrences in this session.
    """

    kind: Literal["status"]
    on: bool
    values: int
    masked: int


class RepairMessage(TypedDict):
    """Request to replace the source of an executed cell by one without values.

    Attributes:
        kind: The discriminator of the message.
        cell_id: The identifier of the cell.
        source: The new source.
        unchanged: The parts of the executed source before, between and after the values.
    """

    kind: Literal["repair"]
    cell_id: str
    source: str
    unchanged: list[str]


class OfferMessage(TypedDict):
    """Request to ask the user whether to replace the source of an executed cell.

    Attributes:
        kind: The discriminator of the message.
        cell_id: The identifier of the cell.
        source: The new source.
        unchanged: The parts of the executed source before, between and after the values.
        names: The names of the values in the cell.
    """

    kind: Literal["offer"]
    cell_id: str
    source: str
    unchanged: list[str]
    names: list[str]


class CellOutput(TypedDict):
    """One output of a cell.

    Attributes:
        cell_id: The identifier of the cell.
        index: The index of the output in the cell.
        output: The output, as a notebook file stores it.
    """

    cell_id: str
    index: int
    output: dict[str, Any]


class OutputsMessage(TypedDict):
    """Displayed outputs for redaction, or the redacted outputs that replace them.

    Attributes:
        kind: The discriminator of the message.
        outputs: The outputs.
    """

    kind: Literal["outputs"]
    outputs: list[CellOutput]


class HelloMessage(TypedDict):
    """Request of a front end for the status of the guard.

    Attributes:
        kind: The discriminator of the message.
    """

    kind: Literal["hello"]


class RepairedMessage(TypedDict):
    """Answer of a front end to a request to replace a source.

    Attributes:
        kind: The discriminator of the message.
        cell_id: The identifier of the cell.
        done: Whether the source was replaced.
    """

    kind: Literal["repaired"]
    cell_id: str
    done: bool


GuardMessage = StatusMessage | RepairMessage | OfferMessage | OutputsMessage
"""A message of the guard to the front ends."""

FrontEndMessage = HelloMessage | OutputsMessage | RepairedMessage
"""A message of a front end to the guard."""


def read_message(data: object) -> FrontEndMessage | None:
    """Return the message with this data, or ``None`` if it is invalid."""
    from pydantic import ValidationError

    try:
        return _messages().validate_python(data, strict=True)
    except ValidationError:
        return None


@cache
def _messages() -> TypeAdapter[FrontEndMessage]:
    from pydantic import TypeAdapter

    return TypeAdapter(FrontEndMessage)
