"""Keyed fingerprints: a file that recognises values without holding them.

The file has a random key and, for each value and what it decodes to, hashes of stretches (see :mod:`~zensecrets_jupyter.scan.windows`)
and of the whole. A text is searched as it stands and in decoded views of itself, as by the redactor.
All hashes are keyed BLAKE2b (RFC 7693). To whoever has the file, and so its key, it tells

* whether a text is one of the values, or holds one: that is its purpose;
* the names and keys of the secrets;
* how many letters each has, and where in it a stretch without blanks begins.

Nothing else: in particular no cheap hash by which a search could be quicker, since several together would give the value away. But
whoever can guess a value can check the guess as fast as a machine hashes. So a value that could be guessed has no fingerprint, and a
stretch is always as hard to guess as a whole value has to be.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction.decoding import Decoding
from zensecrets_jupyter.core.redaction.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.skeleton import SkeletonMap, kept_bytes
from zensecrets_jupyter.scan.known import Known, Spot, apart
from zensecrets_jupyter.scan.strength import SHORTEST, why_weak
from zensecrets_jupyter.scan.windows import LITERAL, stretches, windows

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "zensecrets_fingerprints"
VERSION = 2
ABOUT = (
    "Keyed fingerprints of secrets. They tell whoever has this file whether a text holds one of the secrets, the secrets' names, and how "
    "many letters each value has; nothing else."
)
_DIGEST = 16
_KEY = 32


class _Entry(NamedTuple):
    """What is known of a stretch: whose it is, where it begins in the letters of the whole, how many those are, and their hash."""

    name: str
    lead: int
    length: int
    whole: bytes
    is_value: bool


def new_header() -> str:
    """Return the first line of a new file of fingerprints, with a key of its own."""
    return json.dumps({MARK: VERSION, "about": ABOUT, "key": _text(secrets.token_bytes(_KEY))}) + "\n"


def is_whole_line(line: str) -> bool:
    """Tell whether a line of a file of fingerprints is one as :func:`line_of` returns it."""
    return _entries_of(line) is not None


def name_of_line(line: str) -> str:
    """Return whose the line of a file of fingerprints is; nothing if it is damaged."""
    entries = _entries_of(line)
    return entries[0][-1].name if entries else ""


def version_of(header: str) -> int:
    """Return the version of a file with that first line; 0 if it says none."""
    try:
        return int(json.loads(header)[MARK])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0


def is_header(line: str) -> bool:
    """Tell whether a file's first line is one that :func:`new_header` returned in this version."""
    try:
        _key_of(line, "")
    except UnreadableFileError:
        return False
    return True


def why_unprinted(value: str) -> str:
    """Return why ``value`` can have no fingerprint, as the end of a sentence, or nothing if it can."""
    own = value.encode("utf-8", "surrogatepass")
    # Of a value of few letters another form may have enough of them, and the value as it stands would not be recognised.
    plain = {own, kept_bytes(own)}
    found = any(window.letters in plain for window in windows(value))
    return "" if found else why_weak(value) or "its own part is too short or could be guessed"


def line_of(header: str, value: str, name: str) -> str:
    """Return the line that a file with that header has for a value; nothing if the value can have no fingerprint."""
    hashes = _hashes_of(header)
    found = [
        [
            window.size,
            window.kind,
            _text(hashes.window(window.letters[window.lead : window.lead + window.size])),
            window.lead,
            len(window.letters),
            _text(hashes.whole(window.letters)),
            int(window.is_value),
        ]
        for window in windows(value)
    ]
    if not found:
        return ""
    own = _text(hashes.whole(b"value:" + value.encode("utf-8", "surrogatepass")))
    return json.dumps({"name": name, "id": own, "windows": found}, separators=(",", ":")) + "\n"


def identity_of(header: str, value: str) -> str:
    """Return what the line of ``value`` has as its ``id``."""
    return _text(_hashes_of(header).whole(b"value:" + value.encode("utf-8", "surrogatepass")))


def export(values: Iterable[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """Return the text of a file of fingerprints, and the names of those that could be guessed, each with the reason.

    Args:
        values: Each value with its name.
    """
    header = new_header()
    lines, refused = [header], {}
    for value, name in values:
        reason = why_unprinted(value)
        if reason:
            refused[name] = reason
        else:
            lines.append(line_of(header, value, name))
    return "".join(lines), refused


class Fingerprints(Known):
    """Values that are known by their fingerprints only.

    A search takes about a second for each megabyte without blanks, and next to none for ordinary text.
    """

    def __init__(self, text: str, where: str, *, pass_over_damage: bool = False) -> None:
        """Read the text of a file of fingerprints.

        Args:
            text: The text.
            where: What an error calls it.
            pass_over_damage: Whether damaged lines are counted, as :attr:`damaged`, and are no error.

        Raises:
            UnreadableFileError: If it is none.
        """
        header, *lines = text.splitlines() or [""]
        self.damaged = 0
        self._hashes = _Hashes(_key_of(header, where))
        self._tables: dict[tuple[int, int], dict[bytes, list[_Entry]]] = {}
        self._names: set[str] = set()
        self.reach = 0
        for number, line in enumerate(lines, 2):
            if self._read(line):
                continue
            if not pass_over_damage:
                raise UnreadableFileError(f"Line {number} of the fingerprints {where!r} is damaged.", hint="Export them again.")
            self.damaged += 1

    def _read(self, line: str) -> bool:
        """Read a line, and return whether it is whole; of one that is not nothing is taken."""
        entries = _entries_of(line)
        for size, kind, window, entry in entries or ():
            self._tables.setdefault((size, kind), {}).setdefault(window, []).append(entry)
            self.reach = max(self.reach, 10 * entry.length)
            self._names.add(entry.name)
        return entries is not None

    @property
    def names(self) -> list[str]:
        """See :attr:`Known.names`."""
        return sorted(self._names)

    def may_touch(self, data: bytes) -> bool:
        """See :meth:`Known.may_touch`; here it can't be told without looking."""
        del data
        return bool(self._tables)

    def find(self, data: bytes) -> list[Spot]:
        """See :meth:`Known.find`."""
        spots: list[Spot] = []
        if self._tables:
            for view, match in Decoding(SHORTEST).search(data, self._find):
                encoding = view.encoding or match.encoding
                spots += [Spot(start, end, match.name, encoding, match.is_whole) for start, end in view.spans(match.start, match.end)]
        return apart(spots)

    def _find(self, data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        texts = _Texts(data)
        return [
            self._match(texts, kind, start + position, size, entry)
            for (size, kind), table in self._tables.items()
            for start, end in stretches(data, kind, size)
            for position, entries in self._hashes.hits(texts.of(kind)[start:end], size, table)
            for entry in entries
        ]

    def _match(self, texts: _Texts, kind: int, position: int, size: int, entry: _Entry) -> PatternMatch:
        start = position - entry.lead
        end = start + entry.length
        is_whole = start >= 0 and self._hashes.whole(texts.of(kind)[start:end]) == entry.whole
        if not is_whole:
            start, end = position, position + size
        first, last = texts.position(kind, start), texts.position(kind, end - 1)
        return PatternMatch(first, last + 1, entry.name, is_whole=is_whole and entry.is_value)


class _Texts:
    """The bytes of a view and its letters."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._letters: bytes | None = None
        self._map: SkeletonMap | None = None

    def of(self, kind: int) -> bytes:
        if kind == LITERAL:
            return self._data
        if self._letters is None:
            self._letters = kept_bytes(self._data)
        return self._letters

    def position(self, kind: int, index: int) -> int:
        """Return where in the bytes a letter stands."""
        if kind == LITERAL:
            return index
        self._map = self._map or SkeletonMap(self._data)
        return self._map.position(index)


class _Hashes:
    """The two keyed hashes of a file: of stretches, and of whole forms."""

    def __init__(self, key: bytes) -> None:
        self._window = hashlib.blake2b(key=key, digest_size=_DIGEST, person=b"zensecrets-wndw")
        self._whole = hashlib.blake2b(key=key, digest_size=_DIGEST, person=b"zensecrets-form")

    def window(self, data: bytes) -> bytes:
        copy = self._window.copy()
        copy.update(data)
        return copy.digest()

    def whole(self, data: bytes) -> bytes:
        copy = self._whole.copy()
        copy.update(data)
        return copy.digest()

    def hits(self, data: bytes, size: int, table: dict[bytes, list[_Entry]]) -> list[tuple[int, list[_Entry]]]:
        found = []
        copy, get = self._window.copy, table.get
        for position in range(len(data) - size + 1):
            hashed = copy()
            hashed.update(data[position : position + size])
            entries = get(hashed.digest())
            if entries is not None:
                found.append((position, entries))
        return found


@lru_cache(maxsize=1)
def _hashes_of(header: str) -> _Hashes:
    return _Hashes(_key_of(header, ""))


def _entries_of(line: str) -> list[tuple[int, int, bytes, _Entry]] | None:
    """Return the size, kind and hash of each stretch in a line, with what is known of it; ``None`` if the line is damaged."""
    try:
        document = json.loads(line)
        name = str(document["name"])
        return [
            (int(size), int(kind), _bytes(window), _Entry(name, int(lead), int(length), _bytes(whole), bool(is_value)))
            for size, kind, window, lead, length, whole, is_value in document["windows"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _key_of(header: str, where: str) -> bytes:
    try:
        document: Any = json.loads(header)
        key = _bytes(document["key"])
        if document[MARK] == VERSION and len(key) == _KEY:
            return key
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    message = f"The file {where!r} holds no fingerprints that this version can read."
    raise UnreadableFileError(message, hint="Make it by: zensecrets fingerprints export FILE")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
