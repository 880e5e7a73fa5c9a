"""Canaries: values that are planted, and then looked for where no value may be.

A canary is found by its mark, whichever canary it is, and in the forms in which a value usually hides.
"""

from __future__ import annotations

import base64
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import os

MARK = "zsCanary"
"""What every canary begins with."""

_Place: TypeAlias = "str | bytes | os.PathLike[str]"


def canary(label: str = "") -> str:
    """Return a value that is nowhere else: the mark, the letters and digits of ``label``, and 96 random bits."""
    told = "".join(letter for letter in label if letter.isascii() and letter.isalnum())
    return f"{MARK}{told}x{secrets.token_hex(12)}"


def find_canary(place: _Place, *wanted: str) -> list[str]:
    """Return where canaries are, each as ``form at place:offset``; an empty list is what a test hopes for.

    Args:
        place: Bytes, a text, a file, or a folder, which is searched with everything in it.
        wanted: Other texts to look for, such as the keys of a secret; without any, every canary is looked for by its mark.
    """
    if isinstance(place, bytes):
        return _found("bytes", place, wanted)
    if isinstance(place, str):
        return _found("text", place.encode("utf-8", "surrogatepass"), wanted)
    path = Path(place)
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    findings = []
    for file in files:
        # A file that is gone by now, such as a database's journal, holds nothing.
        with suppress(FileNotFoundError):
            findings += _found(str(file), file.read_bytes(), wanted)
    return findings


def forms(text: str) -> dict[str, bytes]:
    """Return the forms that are looked for, by name: plain, UTF-16, hexadecimal, reversed, and base64 at its three alignments."""
    plain = text.encode()
    found = {
        "plain": plain,
        "UTF-16": text.encode("utf-16-le"),
        "hexadecimal": plain.hex().encode(),
        "upper hexadecimal": plain.hex().upper().encode(),
        "reversed": plain[::-1],
    }
    for shift in range(3):
        # The first and the last digits depend on the neighbours too; those between are the value's own.
        whole = base64.b64encode(b"\0" * shift + plain)
        first, last = (shift * 8 + 5) // 6, (shift + len(plain)) * 8 // 6
        found[f"base64 shifted by {shift}"] = whole[first:last]
    return found


def _found(where: str, data: bytes, wanted: tuple[str, ...]) -> list[str]:
    return [
        f"{form} at {where}:{data.index(sought)}" for text in wanted or (MARK,) for form, sought in forms(text).items() if sought in data
    ]
