"""The result of a scan: the findings, and the files that were skipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """The location of a value in a file.

    A finding never contains the value.

    Attributes:
        path: The path of the file, with values in it masked.
        location: The location in the file: ``cell 3, output 1, text/html``, ``line 12``, ``table history, row 5``, ``byte 4711``.
        name: The name of the value, ``secret.key``. In a finding of the heuristic scan: the kind of secret that the text looks like.
        encoding: How the value is written: ``plain``, ``base64``, …, or :data:`UNKNOWN`.
        line: The line in the file; 0 if the file has no lines.
        is_whole: Whether the whole value was found, not only a part of it.
    """

    path: str
    location: str
    name: str
    encoding: str
    line: int = 0
    is_whole: bool = True

    @property
    def is_known(self) -> bool:
        """Whether this is a value of a secret, not a finding of the heuristic scan."""
        return self.encoding != UNKNOWN


UNKNOWN = "unknown"
"""The encoding in findings of the heuristic scan."""


class SkippedFile(NamedTuple):
    """A file that was not searched, and the reason.

    Attributes:
        path: The path.
        reason: The reason, as the end of a sentence.
    """

    path: str
    reason: str


@dataclass
class ScanReport:
    """The result of a scan.

    Attributes:
        findings: All findings, file by file.
        skipped: The files that were not searched.
        files: The number of files that were searched.
        size: The size of these files in bytes.
    """

    findings: list[Finding] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def include(self, other: ScanReport) -> None:
        """Add the result of another scan."""
        self.findings += other.findings
        self.skipped += other.skipped
        self.files += other.files
        self.size += other.size

    @property
    def names(self) -> list[str]:
        """The names of the values that were found, sorted."""
        return sorted({finding.name for finding in self.findings if finding.is_known})
