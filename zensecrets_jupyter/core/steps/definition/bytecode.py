"""Bytecode inspection: the lengths of returned tuples, and the names of an unpacking assignment.

The bytecode is used because a function of a notebook cell or of ``exec`` may have no source text.
"""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_NO_TUPLE = -1
"""The result of :func:`_returned_lengths` for a value other than ``None`` and a known tuple."""

_LOW_BYTE_BITS = 8
"""Number of bits in a byte, for the argument of UNPACK_EX, the instruction for an unpacking assignment with a star.

The low byte of the argument is the number of names before the star. The higher bits are the number of names after the star.
"""


def returns_value(code: CodeType) -> bool:
    """Return whether any ``return`` of the code has a value other than the constant ``None``."""
    return any(length is not None for length in _returned_lengths(code))


def returned_tuple_length(code: CodeType) -> int:
    """Return the length of the tuples that the ``return`` statements build.

    The result is 0 if a statement builds no tuple, or if the lengths differ.
    """
    lengths = set(_returned_lengths(code))
    length = lengths.pop() if len(lengths) == 1 else None
    return length if length is not None and length > 0 else 0


class UnpackedNames(NamedTuple):
    """The names on the left side of an unpacking assignment.

    Attributes:
        required_count: The number of names without a star.
        has_star: Whether there is also a name with a star, which gets the remaining values.
    """

    required_count: int
    has_star: bool

    def accepts(self, value_count: int) -> bool:
        """Return whether this number of values can be unpacked into the names."""
        return value_count >= self.required_count if self.has_star else value_count == self.required_count

    def __str__(self) -> str:
        """Return the number and a verb for errors, such as ``at least 2 are``."""
        return f"{'at least ' if self.has_star else ''}{self.required_count} {'are' if self.required_count > 1 else 'is'}"


def unpacked_names(code: CodeType, offset: int) -> UnpackedNames | None:
    """Return the names of the unpacking instruction at the byte ``offset``; ``None`` for another instruction."""
    # In Python 3.10, ``offset`` may be that of EXTENDED_ARG, the prefix of an instruction with a large argument. The prefix is skipped.
    instructions = (item for item in dis.get_instructions(code) if item.offset >= offset and item.opname != "EXTENDED_ARG")
    instruction = next(instructions, None)
    if instruction is None or instruction.arg is None or instruction.opname not in {"UNPACK_SEQUENCE", "UNPACK_EX"}:
        return None
    if instruction.opname == "UNPACK_SEQUENCE":
        return UnpackedNames(instruction.arg, has_star=False)
    return UnpackedNames((instruction.arg & 0xFF) + (instruction.arg >> _LOW_BYTE_BITS), has_star=True)


def _returned_lengths(code: CodeType) -> Iterator[int | None]:
    """Yield for each ``return`` the length of its tuple.

    It is ``None`` if the statement returns ``None``, and ``_NO_TUPLE`` for a value that is not known to be a tuple.
    """
    previous: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RETURN_CONST":
            yield _constant_length(instruction.argval)
        elif instruction.opname == "RETURN_VALUE":
            # The previous instruction builds the value. A jump target has several predecessors, such as the two branches of a conditional
            # expression, so the instruction that builds its value is not known.
            builder = None if instruction.is_jump_target else previous
            if builder is not None and builder.opname == "BUILD_TUPLE":
                yield builder.arg or 0
            elif builder is not None and builder.opname == "LOAD_CONST":
                yield _constant_length(builder.argval)
            else:
                yield _NO_TUPLE
        if instruction.opname not in {"NOP", "EXTENDED_ARG", "CACHE"}:
            previous = instruction


def _constant_length(value: object) -> int | None:
    """Return the number that :func:`_returned_lengths` yields for a returned constant."""
    if value is None:
        return None
    return len(value) if isinstance(value, tuple) else _NO_TUPLE
