"""The sentences of a documentation page, and the tests that play them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_Test = TypeVar("_Test", bound="Callable[..., None]")

_CODE = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"\n[ \t]*\n|\n(?=- )")
_RULER = re.compile(r"\|(?: *:?-+:? *\|)+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?]\*\*)\s+")


def normalized(text: str) -> str:
    """Return ``text`` with every run of white space as one blank."""
    return " ".join(text.split())


def claims_of(page: str) -> Iterator[str]:
    """Yield each sentence of the paragraphs and bullets of a Markdown page, and each row of its tables but their headings."""
    for block in _BLOCK.split(_CODE.sub("", page)):
        text = block.strip()
        if text.startswith("|"):
            rows = [line.strip() for line in text.splitlines()]
            ruler = next(number for number, row in enumerate(rows) if _RULER.fullmatch(row))
            yield from (normalized(row.strip("|")) for row in rows[ruler + 1 :])
        elif text and not text.startswith("#"):
            yield from _SENTENCE_END.split(normalized(text.removeprefix("- ")))


class Page:
    """A page of the documentation and the tests of its sentences.

    Attributes:
        text: The page's Markdown.
    """

    def __init__(self, path: Path) -> None:
        """Read the page at ``path``."""
        self.text = path.read_text(encoding="utf-8")
        self._tests: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def claims(self) -> list[str]:
        """Every sentence and every row of a table, in order."""
        return list(claims_of(self.text))

    @property
    def played(self) -> dict[str, list[str]]:
        """The sentences that are played, each with the names of its tests."""
        return dict(self._tests)

    def plays(self, sentence: str) -> Callable[[_Test], _Test]:
        """Record that the decorated test plays ``sentence``, which is the page's text but for its line breaks."""

        def record(test: _Test) -> _Test:
            self._tests[normalized(sentence)].append(test.__name__)
            return test

        return record
