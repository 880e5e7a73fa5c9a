"""What a scan found, and what it could not look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """Where something was found; it never holds what was found.

    Attributes:
        path: The file, masked where its name holds a value.
        place: Where in it: ``cell 3, output 1, text/html``, ``line 12``, ``table history, row 5``, ``byte 4711``.
        name: ``secret.key``; for what is unknown, what kind of secret it looks like.
        form: The form: ``plain``, ``base64``, …, or ``unknown``.
        line: The line in the file, where it has lines; 0 where it has none.
        whole: Whether all of the value stands there, not a part of it.
    """

    path: str
    place: str
    name: str
    form: str
    line: int = 0
    whole: bool = True

    @property
    def is_known(self) -> bool:
        """Whether it is a value that was looked for."""
        return self.form != UNKNOWN


UNKNOWN = "unknown"
"""The form of what only looks like a secret."""


class Unread(NamedTuple):
    """A file that was not looked at, and why, as the end of a sentence."""

    path: str
    reason: str


@dataclass
class Report:
    """What came of a scan.

    Attributes:
        findings: What was found, file by file.
        unread: What could not be looked at.
        files: How many files were.
        size: Their size in bytes.
    """

    findings: list[Finding] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def include(self, other: Report) -> None:
        """Add what came of another scan."""
        self.findings += other.findings
        self.unread += other.unread
        self.files += other.files
        self.size += other.size

    @property
    def names(self) -> list[str]:
        """The names of the known values that were found, in order of their names."""
        return sorted({finding.name for finding in self.findings if finding.is_known})
