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
        name: The name of the value, ``secret.key``. In a finding of the heuristic scan: the type of the possible secret.
        encoding: How the value is written: ``plain``, ``base64``, …, or :data:`UNKNOWN`.
        line: The line in the file; 0 if the file has no lines.
        is_whole: Whether the file contains the whole value; otherwise it contains a part.
    """

    path: str
    location: str
    name: str
    encoding: str
    line: int = 0
    is_whole: bool = True

    @property
    def is_known(self) -> bool:
        """Whether the finding is a value that the matcher searches for, and no guess of the heuristic scan (``scan --unknown``)."""
        return self.encoding != UNKNOWN


UNKNOWN = "unknown"
"""The encoding in findings of the heuristic scan."""


class SkippedFile(NamedTuple):
    """A file or a folder that was not searched, and the reason.

    Attributes:
        path: The path.
        reason: The reason, as the end of a sentence, such as ``it shows the state of the system``.
    """

    path: str
    reason: str


@dataclass
class ScanReport:
    """The result of a scan.

    Attributes:
        findings: All findings, file by file.
        skipped_files: The files and folders that were not searched.
        file_count: The number of files that were searched.
        byte_count: The number of bytes in the searched files.
    """

    findings: list[Finding] = field(default_factory=list)
    skipped_files: list[SkippedFile] = field(default_factory=list)
    file_count: int = 0
    byte_count: int = 0

    def include(self, other: ScanReport) -> None:
        """Add the result of another scan."""
        self.findings += other.findings
        self.skipped_files += other.skipped_files
        self.file_count += other.file_count
        self.byte_count += other.byte_count

    @property
    def names(self) -> list[str]:
        """The names of the values that were found, sorted; findings of the heuristic scan are left out."""
        return sorted({finding.name for finding in self.findings if finding.is_known})
