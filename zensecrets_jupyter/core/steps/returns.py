"""What a function without annotations returns, as its bytecode shows: code of a cell or of ``exec`` has no source text to read."""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_ANYTHING = -1
"""The length for what is no tuple that the code itself puts together."""


def returns_something(code: CodeType) -> bool:
    """Tell whether any ``return`` of the code has a value that is not plainly ``None``."""
    return any(length is not None for length in _lengths(code))


def returned_tuple(code: CodeType) -> int:
    """Return how many values each ``return a, b`` of the code gives; 0 if they differ, or one is no such tuple."""
    lengths = set(_lengths(code))
    length = lengths.pop() if len(lengths) == 1 else None
    return length if length is not None and length > 0 else 0


def _lengths(code: CodeType) -> Iterator[int | None]:
    """Yield for each ``return`` the length of the tuple that it puts together, ``None`` for ``None``, else ``_ANYTHING``."""
    previous: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RETURN_CONST":
            yield _of_constant(instruction.argval)
        elif instruction.opname == "RETURN_VALUE":
            # The value of a conditional expression comes from elsewhere too.
            direct = None if instruction.is_jump_target else previous
            if direct is not None and direct.opname == "BUILD_TUPLE":
                yield direct.arg or 0
            elif direct is not None and direct.opname == "LOAD_CONST":
                yield _of_constant(direct.argval)
            else:
                yield _ANYTHING
        if instruction.opname not in {"NOP", "EXTENDED_ARG", "CACHE"}:
            previous = instruction


def _of_constant(value: object) -> int | None:
    return None if value is None else len(value) if isinstance(value, tuple) else _ANYTHING
