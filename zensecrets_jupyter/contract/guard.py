"""Messages between the guard of a kernel and its front ends, such as JupyterLab.

The messages are typed dictionaries and not pydantic models. The guard sends the first message while ``%load_ext`` runs, and importing
pydantic would make ``%load_ext`` slow. Therefore pydantic is imported later, when the first message of a front end arrives.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypedDict  # pydantic needs it on Python before 3.12

if TYPE_CHECKING:
    from pydantic import TypeAdapter

GUARD_TARGET = "zensecrets.guard"
"""Name of the Jupyter comm target over which the messages are sent."""


class StatusMessage(TypedDict):
    """State of the guard for the status bar, without values and their names.

    Attributes:
        kind: The discriminator of the message.
        is_on: Whether the guard masks values.
        value_count: The number of protected values.
        mask_count: The number of masks that the guard has written in this session.
    """

    kind: Literal["status"]
    is_on: bool
    value_count: int
    mask_count: int


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
    # A front end that did not run the cell itself recognizes the cell by these parts.
    unchanged: list[str]


class OfferMessage(TypedDict):
    """Request to ask the user whether to replace the source of an executed cell.

    Attributes:
        kind: The discriminator of the message.
        cell_id: The identifier of the cell.
        source: The new source.
        unchanged: The parts of the executed source before, between and after the values.
        names: The names of the values in the cell, such as `db.password`.
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
    """Outputs that a front end sends for redaction, or that the guard returns redacted.

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
    """Answer of a front end that was asked to replace the source of a cell.

    Attributes:
        kind: The discriminator of the message.
        cell_id: The identifier of the cell.
        is_repaired: Whether the source was replaced.
    """

    kind: Literal["repaired"]
    cell_id: str
    is_repaired: bool


GuardMessage = StatusMessage | RepairMessage | OfferMessage | OutputsMessage
"""A message of the guard to the front ends."""

FrontEndMessage = HelloMessage | OutputsMessage | RepairedMessage
"""A message of a front end to the guard."""


def read_message(data: object) -> FrontEndMessage | None:
    """Validate the data of a front end's message; return ``None`` if it is invalid."""
    from pydantic import ValidationError

    try:
        return _message_adapter().validate_python(data, strict=True)
    except ValidationError:
        return None


@cache
def _message_adapter() -> TypeAdapter[FrontEndMessage]:
    from pydantic import TypeAdapter

    return TypeAdapter(FrontEndMessage)
