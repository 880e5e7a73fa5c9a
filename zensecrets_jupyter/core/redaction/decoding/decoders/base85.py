"""Base85 as Python, Ascii85 and ZeroMQ write it; RFC 1924, ZeroMQ RFC 32."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.budget import Budget
from zensecrets_jupyter.core.redaction.decoding.runs import Run, is_printable, runs_in
from zensecrets_jupyter.core.redaction.decoding.views import DecodedPiece, Groups, PiecedView, TextView

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALPHABETS = {
    "base85": (string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~").encode(),
    "Ascii85": bytes(range(0x21, 0x76)),
    "Z85": (string.digits + string.ascii_lowercase + string.ascii_uppercase + ".-:+=^!/*?&<>()[]{}@%$#").encode(),
}
_TABLES = {name: bytes(alphabet.index(byte) if byte in alphabet else 0xFF for byte in range(256)) for name, alphabet in _ALPHABETS.items()}
_RUNS = {name: re.compile(b"[" + re.escape(alphabet) + b"]{7,}") for name, alphabet in _ALPHABETS.items()}
_VISIBLE = bytes(0x61 if 0x21 <= byte <= 0x7E else 0x20 for byte in range(256))  # noqa: PLR2004 - ASCII's first and last letter
_LETTERS_AND_DIGITS = (string.ascii_letters + string.digits).encode()
_PUNCTUATION = string.punctuation.encode()
_LONGEST = 1 << 17
"""Bytes of a text in which base85 is looked for, from its start."""
_LEAST_PUNCTUATION = 12
"""One character of so many is punctuation at least: of a text in base85 it is one of four."""
_UNLIKELY = 256
"""Bytes of a text that are decoded though they have less punctuation: one text in base85 of a hundred has, of 25 characters."""
_NO_WORD = 20
"""Characters from which on a text in base85 has capitals, but once in a thousand."""
_ALPHABETS_OF_BASE64 = (b"+/", b"-_")
_GROUP = 5
_MOSTLY = 4
# Of five digits the first one counts 85 to the power of four; a byte below a blank is a control character.
_FIRST_OF_CONTROLS = bytes(set(range((0x20 << 24) // 85**4)) - {(byte << 24) // 85**4 for byte in b"\t\n\r"})


def base85_views(view: TextView, shortest: int, budget: Budget) -> list[TextView]:
    """Return views of the base85 in ``view``.

    Args:
        view: The view to look through.
        shortest: Characters from which on a run is decoded.
        budget: What may be decoded: it takes fifteen attempts, three alphabets at five offsets.
    """
    pieces: list[DecodedPiece] = []
    unlikely = Budget(_UNLIKELY)
    # HTML says the same again and again: each cell of a table has the same style.
    fruitless: set[bytes] = set()
    for run in runs_in(view.data[:_LONGEST], _VISIBLE, shortest):
        if budget.is_spent:
            break
        text = view.data[run.start : run.end]
        if text in fruitless:
            continue
        if (_is_likely(text) or (_is_possible(text) and unlikely.spend(len(text)))) and budget.spend(len(text)):
            found = [piece for name in _ALPHABETS for piece in _base85(view.data, run, name)] + list(_quoted_base85(view.data, run))
            pieces += found
            if not found:
                fruitless.add(text)
    return [PiecedView(view, pieces, "base85")] if pieces else []


def _is_likely(run: bytes) -> bool:
    """Tell whether a run has as much punctuation as base85 has, and more kinds of it than base64."""
    if len(run) >= _NO_WORD and run.islower():
        return False
    own = run.rstrip(b"=").translate(None, _LETTERS_AND_DIGITS)
    return len(run) // _LEAST_PUNCTUATION <= len(own) < len(run) and all(own.translate(None, signs) for signs in _ALPHABETS_OF_BASE64)


def _is_possible(run: bytes) -> bool:
    """Tell whether a run has letters in both cases, as base85 has, and is none of words alone."""
    letters = run.translate(None, _PUNCTUATION)
    return not (letters.isalpha() or letters.isdigit() or letters.islower() or letters.isupper())


def _base85(data: bytes, run: Run, name: str) -> Iterator[DecodedPiece]:
    for match in _RUNS[name].finditer(data, run.start, run.end):
        values = match[0].translate(_TABLES[name])
        for shift in range(_GROUP):
            if not _may_be_text(values[shift::_GROUP]):
                continue
            padding = -(len(values) - shift) % _GROUP
            decoded = _decoded(values[shift:] + b"\x54" * padding)
            decoded = decoded[: len(decoded) - padding]
            if is_printable(decoded):
                yield DecodedPiece(decoded, Groups(match.start() + shift, match.end(), size=4, digits=5))


def _may_be_text(firsts: bytes) -> bool:
    """Tell whether groups with these first digits may be text: the first digit tells roughly which byte a group begins with."""
    return _MOSTLY * (len(firsts) - len(firsts.translate(None, _FIRST_OF_CONTROLS))) <= len(firsts)


def _quoted_base85(data: bytes, run: Run) -> Iterator[DecodedPiece]:
    """Yield the decoded bytes of a run whose punctuation is doubled or escaped."""
    text = data[run.start : run.end]
    for expression in _QUOTED:
        plain = expression.sub(rb"\1", text)
        if plain != text:
            for name in _ALPHABETS:
                for piece in _base85(plain, Run(0, len(plain)), name):
                    yield DecodedPiece(piece.data, lambda _start, _end: [(run.start, run.end)])


_QUOTED = (re.compile(rb"([$%{}`\"'])\1"), re.compile(rb"[`^\\]([!-/:-@\[-`{-~])"))


def _decoded(values: bytes) -> bytes:
    groups = zip(values[0::5], values[1::5], values[2::5], values[3::5], values[4::5], strict=True)
    numbers = [(((one * 85 + two) * 85 + three) * 85 + four) * 85 + five for one, two, three, four, five in groups]
    return b"".join([(number & 0xFFFFFFFF).to_bytes(4, "big") for number in numbers])
