"""File format of keyed fingerprints, by which values are recognized without storing them.

The first line is a header with a random hash key. Each further line belongs to one value. For the value, and for each text that the value
decodes to, the line contains the hash of the whole text and the hashes of its windows, which are short parts of the text (see
:mod:`~zensecrets_jupyter.scan.fingerprints.windows`). All hashes are keyed BLAKE2b (RFC 7693).

A person who has the file has its hash key too. The file then reveals

* whether a text is one of the values, or contains one: this is the purpose of the file;
* the names and keys of the secrets;
* how many letters (letters and digits) each value has, and where in the value its windows begin.

The file reveals nothing else. In particular it contains no hashes of parts of only a few letters. They would make a scan faster, but a
person could guess these parts one by one, and join them to the value. A person who has the file can check guesses as fast as a machine
computes hashes. Therefore a value that is easy to guess gets no fingerprint, and each window must be as hard to guess as a value.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction.skeleton import letters_of
from zensecrets_jupyter.scan.fingerprints.strength import why_weak
from zensecrets_jupyter.scan.fingerprints.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT_KEY = "zensecrets_fingerprints"
"""The key in the header by which a file is recognized; its value is the version of the format."""
VERSION = 2
ABOUT = (
    "Keyed fingerprints of secrets. A reader of this file can find out whether a text contains one of the secrets, the names of the "
    "secrets, and the number of letters of each value, and nothing else."
)
_DIGEST_SIZE = 16
_KEY_SIZE = 32


class FingerprintEntry(NamedTuple):
    """The data of one window of a text, besides the hash of the window.

    Attributes:
        name: The name of the value.
        offset: The offset of the window in the letters of the whole text.
        text_length: The number of letters of the whole text.
        text_hash: The hash of the whole text.
        is_value: Whether the whole text is the value, not a text that the value decodes to.
    """

    name: str
    offset: int
    text_length: int
    text_hash: bytes
    is_value: bool


class StoredWindow(NamedTuple):
    """A window in a line of the file.

    Attributes:
        size: The number of letters of the window.
        kind: The kind of the window; see :mod:`~zensecrets_jupyter.scan.fingerprints.windows`.
        window_hash: The hash of the window.
        entry: The other data of the window.
    """

    size: int
    kind: int
    window_hash: bytes
    entry: FingerprintEntry


class FingerprintHashes:
    """The two keyed hash functions of a file: one for windows, one for whole texts."""

    def __init__(self, key: bytes) -> None:
        """Create both hash functions with the hash key ``key``."""
        # The texts in `person` make the two functions differ. They have no other meaning, and must never change: with other texts, the
        # hashes in existing files no longer match.
        self._window_hash = hashlib.blake2b(key=key, digest_size=_DIGEST_SIZE, person=b"zensecrets-wndw")
        self._text_hash = hashlib.blake2b(key=key, digest_size=_DIGEST_SIZE, person=b"zensecrets-form")

    def hash_window(self, data: bytes) -> bytes:
        """Return the hash of a window."""
        copy = self._window_hash.copy()
        copy.update(data)
        return copy.digest()

    def hash_text(self, data: bytes) -> bytes:
        """Return the hash of a whole text."""
        copy = self._text_hash.copy()
        copy.update(data)
        return copy.digest()

    def find_windows(self, data: bytes, size: int, table: dict[bytes, list[FingerprintEntry]]) -> list[tuple[int, list[FingerprintEntry]]]:
        """Return the windows in ``data`` whose hash is in a table.

        Args:
            data: The letters to search.
            size: The number of letters of a window.
            table: The entries by the hash of their window.

        Returns:
            The offset of each window in ``data``, and its entries.
        """
        hits = []
        # The loop hashes every part of a text. Local names make it faster.
        new_hash, get = self._window_hash.copy, table.get
        for position in range(len(data) - size + 1):
            window_hash = new_hash()
            window_hash.update(data[position : position + size])
            entries = get(window_hash.digest())
            if entries is not None:
                hits.append((position, entries))
        return hits


def new_header() -> str:
    """Return the first line of a new file, with a random hash key."""
    return json.dumps({FORMAT_KEY: VERSION, "about": ABOUT, "key": _to_base64(secrets.token_bytes(_KEY_SIZE))}) + "\n"


def is_header(line: str) -> bool:
    """Return whether a line is a header of this version of the format, with a hash key."""
    try:
        key_of(line, "")
    except UnreadableFileError:
        return False
    return True


def version_of(header: str) -> int:
    """Return the version that a header declares; 0 if it declares none."""
    try:
        return int(json.loads(header)[FORMAT_KEY])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0


def key_of(header: str, label: str) -> bytes:
    """Return the hash key in a header.

    Args:
        header: The first line of a file.
        label: The name of the file for the error message.

    Raises:
        UnreadableFileError: If the line is no header of this version.
    """
    try:
        document: Any = json.loads(header)
        key = _from_base64(document["key"])
        if document[FORMAT_KEY] == VERSION and len(key) == _KEY_SIZE:
            return key
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    message = f"The file {label!r} has no fingerprints that this version can read."
    raise UnreadableFileError(message, hint="Create it with: zensecrets fingerprints export FILE")


def is_intact_line(line: str) -> bool:
    """Return whether a line after the header can be read."""
    return windows_of_line(line) is not None


def name_of_line(line: str) -> str:
    """Return the name of a line's value; empty if the line is damaged."""
    stored_windows = windows_of_line(line)
    return stored_windows[0].entry.name if stored_windows else ""


def windows_of_line(line: str) -> list[StoredWindow] | None:
    """Return the windows in a line; ``None`` if the line is damaged."""
    try:
        document = json.loads(line)
        name = str(document["name"])
        return [
            StoredWindow(
                int(size),
                int(kind),
                _from_base64(window_hash),
                FingerprintEntry(name, int(offset), int(text_length), _from_base64(text_hash), bool(is_value)),
            )
            for size, kind, window_hash, offset, text_length, text_hash, is_value in document["windows"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def why_no_fingerprint(value: str) -> str:
    """Return why ``value`` gets no fingerprint, as the end of a sentence; empty otherwise."""
    data = value.encode("utf-8", "surrogatepass")
    # At least one window must belong to the value itself. A window of a text that the value decodes to does not recognize the value.
    # A window of the kind RAW_BYTES has the bytes of the value, and any other window of the value its letters.
    own_letters = {data, letters_of(data)}
    has_window = any(window.letters in own_letters for window in windows(value))
    return "" if has_window else why_weak(value) or "it is too short or easy to guess"


def line_of(header: str, value: str, name: str) -> str:
    """Return a value's line in the file with ``header``; empty if the value gets no fingerprint."""
    hashes = _hashes_of(header)
    entries = [
        [
            window.size,
            window.kind,
            _to_base64(hashes.hash_window(window.letters[window.offset : window.offset + window.size])),
            window.offset,
            len(window.letters),
            _to_base64(hashes.hash_text(window.letters)),
            int(window.is_value),
        ]
        for window in windows(value)
    ]
    if not entries:
        return ""
    return json.dumps({"name": name, "id": identity_of(header, value), "windows": entries}, separators=(",", ":")) + "\n"


def identity_of(header: str, value: str) -> str:
    """Return the ``id`` of the line of ``value`` in the file with ``header``.

    The prefix makes it differ from the hash of the value's text in the windows.
    """
    return _to_base64(_hashes_of(header).hash_text(b"value:" + value.encode("utf-8", "surrogatepass")))


def export(values: Iterable[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """Return the text of a new file of fingerprints, and the values without a fingerprint.

    Args:
        values: Each value with its name.

    Returns:
        First, the text of the file. Second, the reason for each value that gets no fingerprint, as the end of a sentence, by the name of
            the value.
    """
    header = new_header()
    lines, reasons = [header], {}
    for value, name in values:
        reason = why_no_fingerprint(value)
        if reason:
            reasons[name] = reason
        else:
            lines.append(line_of(header, value, name))
    return "".join(lines), reasons


@lru_cache(maxsize=1)
def _hashes_of(header: str) -> FingerprintHashes:
    return FingerprintHashes(key_of(header, ""))


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
