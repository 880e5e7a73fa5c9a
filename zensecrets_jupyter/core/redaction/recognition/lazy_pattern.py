"""Regular expressions that are compiled at first use.

Compiling all of them at import would use a third of the time limit for ``%load_ext``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LazyPattern:
    """A regular expression with the most common methods of :class:`re.Pattern`.

    The methods are attributes that do not exist before the first use.
    """

    match: Callable[..., re.Match[str] | None]
    fullmatch: Callable[..., re.Match[str] | None]
    search: Callable[..., re.Match[str] | None]
    finditer: Callable[..., Iterator[re.Match[str]]]
    findall: Callable[..., list[Any]]

    def __init__(self, source: str, flags: int = 0) -> None:
        """Create a pattern that is not compiled yet.

        A syntax error is raised at first use.
        """
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Compile the expression, and set its methods as attributes.

        Python calls this method only for a missing attribute, so later uses do not call it.
        """
        # Copying and pickling look for special methods, which needs no compilation.
        if name.startswith("__"):
            raise AttributeError(name)
        pattern = re.compile(self._source, self._flags)
        for method in ("match", "fullmatch", "search", "finditer", "findall"):
            setattr(self, method, getattr(pattern, method))
        return getattr(pattern, name)
