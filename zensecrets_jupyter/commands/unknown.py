"""What only looks like a secret: the detectors of detect-secrets, on what cells say rather than on a notebook's JSON.

On raw JSON most of what they find is a piece of a picture, and a password in an escaped string is missed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.errors import UsageProblem
from zensecrets_jupyter.core.scan import notebooks
from zensecrets_jupyter.core.scan.findings import UNKNOWN, Finding
from zensecrets_jupyter.core.scan.scanner import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zensecrets_jupyter.core.scan.known import Known

LONGEST_LINE = 5_000
"""Characters of a line that is looked at: a longer one was not written by a person, and the detectors' time grows with it."""


class Detectors:
    """Finds what looks like a secret and is none of the known values."""

    def __init__(self, known: Known) -> None:
        """Leave out what is ``known``.

        Raises:
            UsageProblem: If detect-secrets is not installed.
        """
        if find_spec("detect_secrets") is None:
            message = "--unknown looks with the detectors of detect-secrets, which is not installed."
            raise UsageProblem(message, hint="Install it: pip install 'zensecrets-jupyter[scan]'")
        self._known = known

    def find(self, path: Path, data: bytes) -> Iterator[Finding]:
        """Yield what looks like a secret in a notebook's cells or in a text."""
        try:
            raw = data.decode("utf-8")
        except UnicodeDecodeError:
            return
        if "\0" in raw:
            return
        shown = self._known.mask(str(path))
        if path.suffix in NOTEBOOKS and notebooks.is_notebook(raw):
            yield from self._in_notebook(shown, raw)
            return
        for number, line in enumerate(raw.splitlines(), 1):
            yield from (Finding(shown, f"line {number}", kind, UNKNOWN, number) for kind in self._in_line(line))

    def _in_notebook(self, shown: str, raw: str) -> Iterator[Finding]:
        for text in notebooks.texts(raw):
            if text.is_base64 or text.pieces[0].is_key or not (text.is_source or "outputs" in text.path):
                continue
            for number, line in enumerate(text.value(raw).splitlines(), 1):
                for kind in self._in_line(line):
                    piece = text.pieces[min(number, len(text.pieces)) - 1]
                    yield Finding(shown, self._known.mask(text.place(number)), kind, UNKNOWN, raw.count("\n", 0, piece.start) + 1)

    def _in_line(self, line: str) -> list[str]:
        from detect_secrets.core.scan import scan_line  # noqa: PLC0415 - only for --unknown
        from detect_secrets.settings import default_settings  # noqa: PLC0415 - likewise

        if not line.strip() or len(line) > LONGEST_LINE:
            return []
        with default_settings():
            found = {one.type for one in scan_line(line) if not self._known.find((one.secret_value or "").encode("utf-8", "surrogatepass"))}
        return sorted(found)
