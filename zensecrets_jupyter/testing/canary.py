"""Canaries: unique values that a test stores as secrets. Outputs must not contain them.

The test searches the outputs for canaries. Every canary has the same prefix, so one search finds all of them. The search includes common
encodings of the prefix.
"""

from __future__ import annotations

import base64
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import os

PREFIX = "zsCanary"
"""The prefix of every canary."""

_SearchedData: TypeAlias = "str | bytes | os.PathLike[str]"


def canary(label: str = "") -> str:
    """Return a unique value.

    It consists of the prefix, the ASCII letters and digits of ``label``, an ``x``, and 96 random bits as 24 hexadecimal digits.
    """
    letters = "".join(letter for letter in label if letter.isascii() and letter.isalnum())
    return f"{PREFIX}{letters}x{secrets.token_hex(12)}"


def find_canary(data: _SearchedData, *texts: str) -> list[str]:
    """Return the locations of canaries in ``data``, such as ``plain at out.txt:17``.

    The result has only the first location of each encoding in a file.

    Args:
        data: Bytes, a text, or the path of a file or a folder. A folder is searched recursively.
        texts: Texts to search for instead of canaries. By default, the prefix of the canaries is searched for.
    """
    if isinstance(data, bytes):
        return _locations_in("bytes", data, texts)
    if isinstance(data, str):
        return _locations_in("text", data.encode("utf-8", "surrogatepass"), texts)
    path = Path(data)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    findings = []
    for file in files:
        # A file may be deleted during the search, such as the journal of a database.
        with suppress(FileNotFoundError):
            findings += _locations_in(str(file), file.read_bytes(), texts)
    return findings


def encodings_of(text: str) -> dict[str, bytes]:
    """Return a text in several encodings, by the name of the encoding."""
    plain = text.encode()
    encoded = {
        "plain": plain,
        "UTF-16": text.encode("utf-16-le"),
        "hexadecimal": plain.hex().encode(),
        "upper hexadecimal": plain.hex().upper().encode(),
        "reversed": plain[::-1],
    }
    for shift in range(3):
        # base64 encodes three bytes at a time, so a text has three encodings, which depend on its position in the data. The first and the
        # last digits also depend on the neighboring bytes, so they are cut off.
        # A digit has six bits. ``start`` is the first digit that begins in the text, and ``end`` is after the last digit that ends in it.
        digits = base64.b64encode(b"\0" * shift + plain)
        start, end = (shift * 8 + 5) // 6, (shift + len(plain)) * 8 // 6
        encoded[f"base64 shifted by {shift}"] = digits[start:end]
    return encoded


def _locations_in(location: str, data: bytes, texts: tuple[str, ...]) -> list[str]:
    """Return the first location of each encoding of canaries, or of ``texts``, in bytes."""
    return [
        f"{encoding} at {location}:{data.index(pattern)}"
        for text in texts or (PREFIX,)
        for encoding, pattern in encodings_of(text).items()
        if pattern in data
    ]
