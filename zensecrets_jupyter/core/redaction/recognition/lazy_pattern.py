"""Regular expressions that are compiled at first use: compiling all of them would take a third of the time that loading may take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LazyPattern:
    """A regular expression with the methods of :class:`re.Pattern` that are used here."""

    match: Callable[..., re.Match[str] | None]
    fullmatch: Callable[..., re.Match[str] | None]
    search: Callable[..., re.Match[str] | None]
    finditer: Callable[..., Iterator[re.Match[str]]]
    findall: Callable[..., list[Any]]

    def __init__(self, source: str, flags: int = 0) -> None:
        """Keep the source; a mistake in it shows at first use."""
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Compile, and keep the pattern's methods as attributes, so that this is called once."""
        if name.startswith("__"):
            raise AttributeError(name)
        pattern = re.compile(self._source, self._flags)
        for method in ("match", "fullmatch", "search", "finditer", "findall"):
            setattr(self, method, getattr(pattern, method))
        return getattr(pattern, name)
