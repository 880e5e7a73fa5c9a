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
    attribute ``exceptions`` counts as a group.
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
            # ``exceptions`` may be a property of the user's own exception class, which may raise any error.
            members = getattr(current, "exceptions", ())
        nested = (current.__cause__, current.__context__, *(members if isinstance(members, tuple | list) else ()))
        queue.extend(item for item in nested if isinstance(item, BaseException))


def raise_without_context(error: BaseException) -> NoReturn:
    """Raise ``error`` without a reference to the error that Python is handling.

    If a ``with`` block raises an error A, Python handles A until the end of ``__exit__``. If the context manager then raises an error B,
    A is the ``__context__`` of B, even if B is raised outside of an ``except`` block. ``raise … from None`` only hides A in the traceback,
    and B still refers to A.
    """
    try:
        raise error
    finally:
        # The ``raise`` statement has set the reference.
        error.__context__ = None
