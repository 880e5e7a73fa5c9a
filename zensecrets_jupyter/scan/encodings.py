"""The text of a file, in whichever encoding its program wrote it, and back to bytes in the same one."""

from __future__ import annotations

import codecs
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks (The Unicode Standard, 23.8); that of UTF-32-LE begins as that of UTF-16-LE does."""
_SAMPLE = 4096
_MOST = 0.4
"""Share of a sample's bytes that are NUL, in every second place, of which a text without a mark is taken for UTF-16."""
_PLAIN = str.maketrans("‹›", "<>")
"""What our own marks have in an encoding that lacks a character of them."""


class FileText(NamedTuple):
    """The text of a file, with the byte order mark that stands before it and the encoding."""

    text: str
    encoding: str
    mark: bytes = b""

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes of the file are those of the text in UTF-8."""
        return self.encoding == "utf-8" and not self.mark

    def encoded(self, text: str) -> bytes:
        """Return another text as this file would hold it."""
        try:
            data = text.encode(self.encoding, "surrogatepass" if self.encoding.startswith("utf") else "strict")
        except UnicodeEncodeError:
            data = text.translate(_PLAIN).encode(self.encoding, "backslashreplace")
        return self.mark + data


def text_of(data: bytes) -> FileText | None:
    """Return the text of a file; ``None`` if it holds none.

    What is neither UTF-8 nor UTF-16 nor UTF-32 and holds no NUL is taken for Windows' code page 1252, or for Latin-1: whatever it is, all
    its bytes come back.
    """
    if data.isascii() and b"\0" not in data:
        return FileText(data.decode("ascii"), "utf-8")
    candidates = [(encoding, mark) for mark, encoding in _MARKS if data.startswith(mark)][:1]
    candidates += [(encoding, b"") for encoding in (_unmarked(data) if b"\0" in data else ("utf-8", "cp1252", "latin-1"))]
    return next((found for encoding, mark in candidates if (found := _decoded(data, encoding, mark))), None)


def _decoded(data: bytes, encoding: str, mark: bytes) -> FileText | None:
    try:
        return FileText(data[len(mark) :].decode(encoding), encoding, mark)
    except UnicodeDecodeError:
        return None


def _unmarked(data: bytes) -> list[str]:
    """Return the encoding that a text with NULs and without a mark has, or nothing if it looks like none."""
    sample = data[:_SAMPLE]
    found = []
    for encoding, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        nuls = sample[place::2].count(0)
        if len(data) % 2 == 0 and nuls >= _MOST * len(sample) and nuls == sample.count(0):
            found.append(encoding)
    return found
