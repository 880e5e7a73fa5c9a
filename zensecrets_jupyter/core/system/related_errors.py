"""The errors that belong to an error: its causes, contexts and, for a group, its members.

:func:`raise_without_context` raises an error without any related error.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


def related_errors(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes and contexts, and the members of exception groups.

    Each error is yielded once, the nearest ones first. Python 3.10 has no class of exception groups, so any error with members in the
    attribute ``exceptions`` is a group.
    """
    seen: set[int] = set()
    queue = deque([error])
    while queue:
        current = queue.popleft()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        members: object = ()
        with suppress(Exception):
            # A property of the user's own class may raise anything.
            members = getattr(current, "exceptions", ())
        nested = (current.__cause__, current.__context__, *(members if isinstance(members, tuple | list) else ()))
        queue.extend(item for item in nested if isinstance(item, BaseException))


def raise_without_context(error: BaseException) -> NoReturn:
    """Raise ``error`` without a reference to the error that Python is handling.

    Python handles the error of a ``with`` block until the end of ``__exit__``. So an error that a context manager raises has that error
    as its ``__context__``, even if the context manager raises outside of its own ``except`` block. ``raise … from None`` only hides this
    reference.
    """
    try:
        raise error
    finally:
        error.__context__ = None
