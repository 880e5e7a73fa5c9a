"""The errors that belong to an error: its causes, contexts and, for a group, its members."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

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
