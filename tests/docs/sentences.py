"""The sentences of a documentation page, and the tests that cover them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_Test = TypeVar("_Test", bound="Callable[..., None]")

_CODE_BLOCK = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n|\n(?=- )")
"""An empty line, or the line end before an item of a list."""
_TABLE_SEPARATOR = re.compile(r"\|(?: *:?-+:? *\|)+")
"""The row between the heading and the other rows of a table, such as ``| --- | :-: |``."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?]\*\*)\s+")
"""The white space after a sentence, which may end with the ``**`` of bold text."""


def normalized(text: str) -> str:
    """Return ``text`` with each run of white space replaced by one space."""
    return " ".join(text.split())


def sentences_of(page: str) -> Iterator[str]:
    """Yield each sentence and each table row of a Markdown page.

    The heading rows of tables, headings and code are left out.
    """
    for block in _PARAGRAPH_END.split(_CODE_BLOCK.sub("", page)):
        text = block.strip()
        if text.startswith("|"):
            rows = [line.strip() for line in text.splitlines()]
            separator_index = next(index for index, row in enumerate(rows) if _TABLE_SEPARATOR.fullmatch(row))
            yield from (normalized(row.strip("|")) for row in rows[separator_index + 1 :])
        elif text and not text.startswith("#"):
            yield from _SENTENCE_END.split(normalized(text.removeprefix("- ")))


class Page:
    """A page of the documentation, with the tests that cover its sentences.

    Attributes:
        text: The page's Markdown.
    """

    def __init__(self, path: Path) -> None:
        """Read the page at ``path``."""
        self.text = path.read_text(encoding="utf-8")
        self._tests: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def sentences(self) -> list[str]:
        """Every sentence and every table row, in order."""
        return list(sentences_of(self.text))

    @property
    def tests_by_sentence(self) -> dict[str, list[str]]:
        """The sentences that have tests, each with the names of its tests."""
        return dict(self._tests)

    def covers(self, sentence: str) -> Callable[[_Test], _Test]:
        """Return a decorator of a test that covers a sentence. White space in the sentence does not matter."""

        def decorator(test: _Test) -> _Test:
            self._tests[normalized(sentence)].append(test.__name__)
            return test

        return decorator
