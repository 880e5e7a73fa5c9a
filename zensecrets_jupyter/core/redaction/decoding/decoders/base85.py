"""Decoder of base85 in three alphabets.

They are those of Python (RFC 1924), Ascii85 and ZeroMQ (ZeroMQ RFC 32).
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.budget import Budget
from zensecrets_jupyter.core.redaction.decoding.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, GroupLocator, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALPHABETS = {
    "base85": (string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~").encode(),
    "Ascii85": bytes(range(0x21, 0x76)),
    "Z85": (string.digits + string.ascii_lowercase + string.ascii_uppercase + ".-:+=^!/*?&<>()[]{}@%$#").encode(),
}
# The tables that map each digit to its value, and other bytes to 0xFF.
_TABLES = {name: bytes(alphabet.index(byte) if byte in alphabet else 0xFF for byte in range(256)) for name, alphabet in _ALPHABETS.items()}
# At least seven digits of one alphabet. They are searched inside a run of visible characters.
_RUNS = {name: re.compile(b"[" + re.escape(alphabet) + b"]{7,}") for name, alphabet in _ALPHABETS.items()}
_VISIBLE = bytes(0x61 if 0x21 <= byte <= 0x7E else 0x20 for byte in range(256))  # noqa: PLR2004 - these are the first and the last visible character of ASCII
_LETTERS_AND_DIGITS = (string.ascii_letters + string.digits).encode()
_PUNCTUATION = string.punctuation.encode()
_LONGEST = 1 << 17
"""Maximum number of bytes at the start of a text that are searched for base85."""
_LEAST_PUNCTUATION = 12
"""A run is likely base85 if it has one punctuation character for every twelve characters. On average, base85 has one for every four."""
_MAX_UNLIKELY_BYTES = 256
"""Maximum number of bytes of possible, but unlikely runs that are decoded. One of 100 base85 texts of 25 characters is unlikely."""
_NO_CAPITALS = 20
"""A run without capitals is not base85 from this length on. Only one base85 text of 1,000 with this length has no capitals."""
_BASE64_PUNCTUATION = (b"+/", b"-_")
_GROUP = 5
"""The number of digits that encode four bytes."""
_HIGHEST_DIGIT = b"\x54"
"""The digit with the value 84, with which an incomplete group is padded."""
_CONTROL_RATIO = 4
"""Groups may encode text if at most one of four begins with a control character."""
# The values of first digits of groups that begin with a control character (a byte below 0x20), without those of a tab and a line end. The
# first of five digits is multiplied by 85**4, so it nearly determines the first byte.
_FIRST_OF_CONTROLS = bytes(set(range((0x20 << 24) // 85**4)) - {(byte << 24) // 85**4 for byte in b"\t\n\r"})


def base85_views(view: TextView, shortest: int, budget: Budget) -> list[TextView]:
    """Return views of the base85 in ``view``.

    Args:
        view: The view to decode.
        shortest: The minimum length of a run.
        budget: The number of bytes of runs that may be decoded. A run counts once, although it is decoded fifteen times: in three
            alphabets, from each of the first five digits on.
    """
    pieces: list[DecodedPiece] = []
    unlikely_budget = Budget(_MAX_UNLIKELY_BYTES)
    # A run that encodes no text is decoded only once, because HTML repeats runs: every cell of a table may have the same style.
    undecodable: set[bytes] = set()
    for run in runs_in(view.data[:_LONGEST], _VISIBLE, shortest):
        if budget.is_spent:
            break
        text = view.data[run.start : run.end]
        if text in undecodable:
            continue
        if (_is_likely(text) or (_is_possible(text) and unlikely_budget.spend(len(text)))) and budget.spend(len(text)):
            decoded_pieces = [piece for name in _ALPHABETS for piece in _decode_run(view.data, run, name)]
            decoded_pieces += _decode_quoted(view.data, run)
            pieces += decoded_pieces
            if not decoded_pieces:
                undecodable.add(text)
    return [PiecedView(view, pieces, "base85")] if pieces else []


def _is_likely(run: bytes) -> bool:
    """Return whether a run has the usual punctuation of base85.

    It has enough punctuation, and punctuation that base64 does not have, and punctuation that base64url does not have.
    """
    if len(run) >= _NO_CAPITALS and run.islower():
        return False
    punctuation = run.rstrip(b"=").translate(None, _LETTERS_AND_DIGITS)
    has_enough = len(run) // _LEAST_PUNCTUATION <= len(punctuation) < len(run)
    return has_enough and all(punctuation.translate(None, signs) for signs in _BASE64_PUNCTUATION)


def _is_possible(run: bytes) -> bool:
    """Return whether a run has capitals, small letters and digits, or only punctuation."""
    letters = run.translate(None, _PUNCTUATION)
    return not (letters.isalpha() or letters.isdigit() or letters.islower() or letters.isupper())


def _decode_run(data: bytes, run: Run, name: str) -> Iterator[DecodedPiece]:
    """Yield the text that a run encodes in the alphabet ``name``.

    The run is decoded from each of its first five digits on.
    """
    for match in _RUNS[name].finditer(data, run.start, run.end):
        values = match[0].translate(_TABLES[name])
        for shift in range(_GROUP):
            if not _may_be_text(values[shift::_GROUP]):
                continue
            padding = -(len(values) - shift) % _GROUP
            decoded = _decode(values[shift:] + _HIGHEST_DIGIT * padding)
            decoded = decoded[: len(decoded) - padding]
            if is_printable(decoded):
                yield DecodedPiece(decoded, GroupLocator(match.start() + shift, match.end(), size=4, digits=5))


def _may_be_text(first_digits: bytes) -> bool:
    """Return whether groups with these first digits may encode text."""
    return _CONTROL_RATIO * (len(first_digits) - len(first_digits.translate(None, _FIRST_OF_CONTROLS))) <= len(first_digits)


def _decode_quoted(data: bytes, run: Run) -> Iterator[DecodedPiece]:
    """Yield the text that a run encodes if its punctuation is doubled or escaped."""
    text = data[run.start : run.end]
    for expression in _QUOTED:
        unquoted = expression.sub(rb"\1", text)
        if unquoted != text:
            for name in _ALPHABETS:
                for piece in _decode_run(unquoted, Run(0, len(unquoted)), name):
                    # The offsets in the unquoted text differ from those in the data, so the whole run is located.
                    yield DecodedPiece(piece.data, lambda _start, _end: [(run.start, run.end)])


# Doubled punctuation, and escaped punctuation.
_QUOTED = (re.compile(rb"([$%{}`\"'])\1"), re.compile(rb"[`^\\]([!-/:-@\[-`{-~])"))


def _decode(values: bytes) -> bytes:
    """Return the bytes that groups of five digits encode. ``values`` are the values of the digits."""
    groups = zip(values[0::5], values[1::5], values[2::5], values[3::5], values[4::5], strict=True)
    numbers = [(((first * 85 + second) * 85 + third) * 85 + fourth) * 85 + fifth for first, second, third, fourth, fifth in groups]
    # Five digits that are no base85 may have a number of more than four bytes.
    return b"".join([(number & 0xFFFFFFFF).to_bytes(4, "big") for number in numbers])
